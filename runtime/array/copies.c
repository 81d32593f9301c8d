/* Copies of remote elements that stay behind the plan that brought them, each in a block of its
 * own, until their storage is written or dies (plan/copies.c says what they hold). They are state:
 * all ranks keep the same ones. Together they take no more than a bound; beyond it those go that no
 * plan has read for longest. Their sizes are counted as on the node with the most, so that all
 * nodes choose alike. */
#include "runtime.h"

#include <stdlib.h>
#include <string.h>

/* ---- readings ---- */

void rt_reading_set(Reading *reading, const int64_t *words, int count) {
  reading->references = 1, reading->count = count;
  reading->hash = ql_hash_bytes(7, words, (size_t)count * sizeof *words);
  memcpy(reading->words, words, (size_t)count * sizeof *words);
}

Reading *rt_reading_new(const Reading *other) {
  Reading *reading = malloc(sizeof *reading + (size_t)other->count * sizeof *other->words);
  if (reading) rt_reading_set(reading, other->words, other->count);
  return reading;
}

bool rt_reading_equal(const Reading *a, const Reading *b) {
  return a->hash == b->hash && a->count == b->count &&
         !memcmp(a->words, b->words, (size_t)a->count * sizeof *a->words);
}

void rt_reading_release(Reading *reading) {
  if (reading && --reading->references == 0) free(reading);
}

/* ---- by last use ---- */

static void unlink_copy(KeptCopies *all, KeptCopy *copy) {
  *(copy->older ? &copy->older->newer : &all->oldest) = copy->newer;
  *(copy->newer ? &copy->newer->older : &all->newest) = copy->older;
}

static void link_newest(KeptCopies *all, KeptCopy *copy) {
  copy->older = all->newest, copy->newer = NULL;
  *(all->newest ? &all->newest->newer : &all->oldest) = copy;
  all->newest = copy;
}

void rt_copy_used(QlContext *ctx, KeptCopy *copy) {
  unlink_copy(&ctx->copies, copy);
  link_newest(&ctx->copies, copy);
}

/* ---- beginning and end ---- */

KeptCopy *rt_copy_at(const Storage *storage, int number) {
  KeptCopy *copy = storage->copies;
  while (copy && number--) copy = copy->next;
  return copy;
}

static void drop(QlContext *ctx, KeptCopy *copy) {
  KeptCopy **link = &copy->of->copies;
  while (*link != copy) link = &(*link)->next;
  *link = copy->next;
  unlink_copy(&ctx->copies, copy);
  ctx->copies.bytes -= copy->bytes;
  rt_reading_release(copy->reading);
  if (ctx->closed) {
    free(copy->block), free(copy); /* the arena went with the context */
    return;
  }
  rt_block_release(ctx, copy->block);
  copy->next = ctx->copies.spare, ctx->copies.spare = copy;
}

void rt_copies_forget(Storage *storage) {
  while (storage->copies) drop(storage->context, storage->copies);
}

bool rt_copies_forget_all(QlContext *ctx) {
  bool any = ctx->copies.oldest != NULL;
  while (ctx->copies.oldest) drop(ctx, ctx->copies.oldest);
  return any;
}

QlStatus rt_copies_reserve(QlContext *ctx, int count, QlError *error) {
  for (const KeptCopy *spare = ctx->copies.spare; spare && count > 0; spare = spare->next) count--;
  for (; count > 0; count--) {
    KeptCopy *copy = malloc(sizeof *copy);
    if (!copy) return ql_fail(error, QL_ERR_MEMORY, "out of memory for a copy");
    copy->next = ctx->copies.spare, ctx->copies.spare = copy;
  }
  return QL_OK;
}

void rt_copy_keep(Storage *storage, Reading *reading, Block *block, int64_t bytes) {
  QlContext *ctx = storage->context;
  KeptCopy *copy = ctx->copies.spare, **link = &storage->copies;
  ctx->copies.spare = copy->next;
  *copy = (KeptCopy){.of = storage, .reading = reading, .block = block, .bytes = bytes};
  copy->stores = storage->stores;
  reading->references++;
  int count = 0;
  for (; *link; link = &(*link)->next) count++;
  *link = copy;
  link_newest(&ctx->copies, copy);
  ctx->copies.bytes += bytes;
  if (count == STORAGE_COPIES) drop(ctx, storage->copies);
}

void rt_copies_trim(QlContext *ctx) {
  while (ctx->copies.bytes > ctx->copies.most && ctx->copies.oldest) drop(ctx, ctx->copies.oldest);
}

void rt_copies_close(QlContext *ctx) {
  for (KeptCopy *copy = ctx->copies.spare, *next; copy; copy = next) next = copy->next, free(copy);
  ctx->copies.spare = NULL;
}
