/* Drops: which storages are dead (contract C1).
 *
 * A rank that drops the last handle of a storage says so at the next agreement, through a hash. Usually all ranks have dropped the same storages; then
 * they are dead. Otherwise the ranks exchange their lists: dead is what every rank dropped, now or before; what some rank still
 * holds stays, alive for the planner, until that rank drops it too. */
#include "runtime.h"

#include <stdlib.h>
#include <string.h>

void rt_drops_assume(QlContext *ctx) {
  for (Storage *s = ctx->dropped; s; s = s->next_dropped) s->dead = true;
}

static int compare_ids(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

/* This rank's list, new drops first joined to the ones that are still unmatched. */
static QlStatus join_lists(QlContext *ctx, QlError *error) {
  int more = 0;
  for (Storage *s = ctx->dropped; s; s = s->next_dropped) more++;
  if (ctx->unmatched_count + more > ctx->unmatched_room) {
    int room = 2 * ctx->unmatched_room + more + 16;
    Storage **list = realloc(ctx->unmatched, (size_t)room * sizeof *list);
    if (!list) return ql_fail(error, QL_ERR_MEMORY, "out of memory for the list of dropped arrays");
    ctx->unmatched = list, ctx->unmatched_room = room;
  }
  for (Storage *s = ctx->dropped, *next; s; s = next) {
    next = s->next_dropped, s->next_dropped = NULL;
    ctx->unmatched[ctx->unmatched_count++] = s;
  }
  ctx->dropped = NULL, ctx->dropped_hash = 0;
  return QL_OK;
}

QlStatus rt_drops_settle(QlContext *ctx, QlError *error) {
  QL_TRY(join_lists(ctx, error));
  int count = ctx->unmatched_count;
  uint64_t *mine = malloc(((size_t)count + 1) * sizeof *mine);
  if (!mine) return ql_fail(error, QL_ERR_MEMORY, "out of memory for the list of dropped arrays");
  for (int k = 0; k < count; k++) mine[k] = ctx->unmatched[k]->id, ctx->unmatched[k]->dead = true;
  qsort(mine, (size_t)count, sizeof *mine, compare_ids);
  char *all = NULL;
  int64_t *offset = NULL;
  QlStatus status = comm_allgather(ctx->comm, mine, (int64_t)((size_t)count * sizeof *mine), &all, &offset, error);
  for (int rank = 0; !status && rank < ctx->info->size; rank++) {
    size_t theirs = (size_t)(offset[rank + 1] - offset[rank]) / sizeof(uint64_t);
    for (int k = 0; k < count; k++)
      if (!bsearch(&ctx->unmatched[k]->id, all + offset[rank], theirs, sizeof(uint64_t), compare_ids)) ctx->unmatched[k]->dead = false;
  }
  free(mine), free(all), free(offset);
  return status;
}

void rt_drops_bury(QlContext *ctx) {
  for (Storage *s = ctx->dropped, *next; s; s = next) {
    next = s->next_dropped, s->next_dropped = NULL;
    rt_storage_unpin(s);
  }
  ctx->dropped = NULL, ctx->dropped_hash = 0;
  int kept = 0;
  for (int k = 0; k < ctx->unmatched_count; k++) {
    if (ctx->unmatched[k]->dead) rt_storage_unpin(ctx->unmatched[k]);
    else ctx->unmatched[kept++] = ctx->unmatched[k];
  }
  ctx->unmatched_count = kept;
}
