/* What this rank has done that all ranks must have done alike (contract C1): statements recorded,
 * values of partitioned arrays looked at, snapshots taken, meetings asked for.
 *
 *     event    hash of what it does, hash of the arrays that it does it with
 *     chain    all events so far in one word, which is compared at each agreement
 *
 * What has been compared is forgotten, but for the chain: of the events since the last agreement
 * the latest are kept, with their lines, so that the first that differs can be named. */
#include "runtime.h"

#include <stdlib.h>
#include <string.h>

void rt_history_add(QlContext *ctx, const Event *event) {
  History *h = &ctx->history;
  Event *kept = &h->kept[h->count++ % HISTORY_KEPT];
  *kept = *event;
  h->chain = kept->chain = ql_mix(ql_mix(h->chain, event->hash), event->arrays);
}

void rt_history_look(QlContext *ctx, EventKind kind, const QlArray *array) {
  uint64_t hash = ql_mix((uint64_t)kind, (uint64_t)array->offset);
  hash = ql_hash_bytes(hash, array->shape, array->ndim * sizeof *array->shape);
  hash = ql_hash_bytes(hash, array->strides, array->ndim * sizeof *array->strides);
  rt_history_add(ctx, &(Event){.kind = kind,
                               .hash = hash,
                               .arrays = array->storage->id,
                               .statement = -1,
                               .source = rt_source(ctx),
                               .made = array->storage->made});
}

void rt_history_sync(QlContext *ctx) {
  rt_history_add(
      ctx,
      &(Event){.kind = EVENT_SYNC, .hash = EVENT_SYNC, .statement = -1, .source = rt_source(ctx)});
}

void rt_history_agreed(QlContext *ctx) {
  ctx->history.agreed = ctx->history.count;
  ctx->history.lacks = false;
}

QlStatus rt_history_lacks(QlContext *ctx, const char *what, QlError *error) {
  History *h = &ctx->history;
  if (!h->lacks) h->lacks = true, h->lacked = rt_source(ctx);
  return ql_fail(error, QL_ERR_MEMORY, "out of memory for %s", what);
}

int64_t rt_history_first(const QlContext *ctx) {
  return QL_MAX(ctx->history.agreed, ctx->history.count - HISTORY_KEPT);
}

const Event *rt_history_event(const QlContext *ctx, int64_t number) {
  bool kept = number >= rt_history_first(ctx) && number < ctx->history.count;
  return kept ? &ctx->history.kept[number % HISTORY_KEPT] : NULL;
}
