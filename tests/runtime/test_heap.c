/* The heap of a node: blocks never overlap, what is freed is found again, and the same calls give
 * the same places. */
#include "runtime.h"

#include "../check.h"

#include <stdlib.h>

enum { MEMORY = 8 << 20, LIVE = 40 };

static QlContext *open_small(void) {
  QlContext *ctx = NULL;
  QlError error = {0};
  setenv("QUELEA_MEMORY", "8m", 1), setenv("QUELEA_CACHE", "off", 1),
      setenv("QUELEA_THREADS", "1", 1);
  if (ql_open(NULL, &ctx, &error)) fprintf(stderr, "%s\n", error.text);
  return ctx;
}

typedef struct Piece {
  int64_t offset, bytes;
} Piece;

static int overlapping(const Piece *pieces, int except) {
  int found = 0;
  for (int k = 0; k < LIVE; k++) {
    if (k == except || !pieces[k].bytes) continue;
    found += pieces[k].offset < pieces[except].offset + pieces[except].bytes &&
             pieces[except].offset < pieces[k].offset + pieces[k].bytes;
  }
  return found;
}

/* A hash of all places that a fixed random sequence of calls was given. */
static uint64_t random_calls(QlContext *ctx) {
  Piece pieces[LIVE] = {{0, 0}};
  uint64_t state = 7, places = 0;
  int refused = 0;
  for (int call = 0; call < 20000; call++) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    int k = (int)((state >> 33) % LIVE);
    if (pieces[k].bytes) {
      rt_heap_free(ctx, pieces[k].offset, pieces[k].bytes), pieces[k].bytes = 0;
      continue;
    }
    int64_t bytes = 1 + (int64_t)((state >> 40) % (call % 50 ? 300000 : 3000000));
    if (rt_heap_allocate(ctx, NULL, bytes, &pieces[k].offset, NULL)) {
      refused++;
      continue;
    }
    pieces[k].bytes = bytes;
    places = ql_mix(places, (uint64_t)pieces[k].offset);
    CHECK(pieces[k].offset >= 0 && pieces[k].offset + bytes <= MEMORY);
    CHECK_INT_EQ(pieces[k].offset % 64, 0);
    CHECK_INT_EQ(overlapping(pieces, k), 0);
  }
  CHECK(refused > 0);
  for (int k = 0; k < LIVE; k++)
    if (pieces[k].bytes) rt_heap_free(ctx, pieces[k].offset, pieces[k].bytes);
  return places;
}

static void blocks_never_overlap(void) {
  QlContext *ctx = open_small();
  if (!CHECK(ctx)) return;
  int64_t before = ctx->heap.used, whole;
  uint64_t first = random_calls(ctx), second = random_calls(ctx);
  CHECK(first == second); /* everything came back, so the same calls find the same places */
  CHECK_INT_EQ(ctx->heap.used, before);
  CHECK_INT_EQ(ctx->heap.count, 1);
  CHECK_INT_EQ(rt_heap_allocate(ctx, NULL, MEMORY - 100000, &whole, NULL), QL_OK);
  rt_heap_free(ctx, whole, MEMORY - 100000);
  ql_close(ctx);
}

static void too_much_is_refused(void) {
  QlContext *ctx = open_small();
  QlError error = {0};
  int64_t offset;
  if (!CHECK(ctx)) return;
  CHECK_INT_EQ(rt_heap_allocate(ctx, "an array needs", MEMORY + 1, &offset, &error), QL_ERR_MEMORY);
  CHECK(strstr(error.text, "QUELEA_MEMORY"));
  CHECK_INT_EQ(rt_heap_allocate(ctx, "an array needs", INT64_MAX - 7, &offset, NULL),
               QL_ERR_MEMORY);
  CHECK_INT_EQ(ctx->heap.used, 0);
  ctx->heap.fail_at = ctx->heap.allocations + 2;
  CHECK_INT_EQ(rt_heap_allocate(ctx, NULL, 10, &offset, NULL), QL_OK);
  int64_t other;
  CHECK_INT_EQ(rt_heap_allocate(ctx, NULL, 10, &other, NULL), QL_ERR_MEMORY);
  CHECK_INT_EQ(rt_heap_allocate(ctx, NULL, 10, &other, NULL), QL_OK);
  ql_close(ctx);
}

/* A range that one rank lost for want of memory would put its later blocks elsewhere than on the
 * other ranks of the node. */
static void freeing_needs_no_memory(void) {
  enum { MANY = 500 };
  static int64_t offset[MANY];
  QlContext *ctx = open_small();
  if (!CHECK(ctx)) return;
  for (int k = 0; k < MANY; k++)
    CHECK_INT_EQ(rt_heap_allocate(ctx, NULL, 1000, &offset[k], NULL), QL_OK);
  int room = ctx->heap.room;
  for (int first = 0; first < 2; first++)
    for (int k = first; k < MANY; k += 2) {
      rt_heap_free(ctx, offset[k], 1000);
      CHECK(ctx->heap.count <= room);
    }
  CHECK_INT_EQ(ctx->heap.room, room);
  CHECK_INT_EQ(ctx->heap.count, 1);
  ql_close(ctx);
}

CHECK_MAIN(CHECK_TEST(freeing_needs_no_memory), CHECK_TEST(blocks_never_overlap),
           CHECK_TEST(too_much_is_refused))
