/* Drops: which storages are dead (contract C1).
 *
 * A rank that drops the last handle of a storage says so at the next agreement, through a hash.
 * Usually all ranks have dropped the same storages; then they are dead. Otherwise the ranks
 * exchange their lists: dead is what every rank dropped, now or before; what some rank still holds
 * stays, alive for the planner, until that rank drops it too. */
#include "runtime.h"

#include <stdlib.h>
#include <string.h>

void rt_drops_add(QlContext *ctx, Storage *storage) {
  storage->next_dropped = ctx->dropped;
  ctx->dropped = storage;
  ctx->dropped_hash += ql_mix(0x51ed, storage->id); /* a sum: the order of drops does not matter */
}

QlStatus rt_drops_assume(QlContext *ctx, QlError *error) {
  QL_TRY(rt_history_hear(ctx, error));
  for (Storage *s = ctx->dropped; s; s = s->next_dropped) s->dead = true;
  return QL_OK;
}

void rt_drops_forget(QlContext *ctx) {
  for (Storage *s = ctx->dropped; s; s = s->next_dropped) s->dead = false;
}

static int compare_ids(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

/* New drops are joined to the ones that are still unmatched. */
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

/* The sorted numbers of what this rank has dropped; NULL: out of memory. All ranks have their
 * lists, or all fail: one that has none keeps its hash, so that the lists are asked for again. */
static QlStatus list_drops(QlContext *ctx, uint64_t **list, QlError *error) {
  CommVerdict verdict;
  rt_drops_forget(ctx); /* until all have said so */
  QlStatus status = join_lists(ctx, error);
  size_t count = (size_t)ctx->unmatched_count;
  uint64_t *mine = status ? NULL : malloc((count + 1) * sizeof *mine);
  if (!mine) status = ql_fail(error, QL_ERR_MEMORY, "out of memory for the list of dropped arrays");
  comm_agree(ctx->comm, &(CommWord){.status = status}, &verdict);
  if (verdict.status) {
    free(mine);
    return ql_fail(error, (QlStatus)verdict.status,
                   "rank %d has no memory for its list of dropped arrays", verdict.status_rank);
  }
  for (size_t k = 0; k < count; k++) mine[k] = ctx->unmatched[k]->id;
  qsort(mine, count, sizeof *mine, compare_ids);
  *list = mine;
  return QL_OK;
}

QlStatus rt_drops_settle(QlContext *ctx, QlError *error) {
  uint64_t *mine = NULL;
  QL_TRY(list_drops(ctx, &mine, error));
  int count = ctx->unmatched_count;
  char *all = NULL;
  int64_t *offset = NULL;
  QlStatus status = comm_allgather(ctx->comm, mine, (int64_t)((size_t)count * sizeof *mine), &all,
                                   &offset, error);
  for (int k = 0; k < count; k++) ctx->unmatched[k]->dead = !status;
  for (int rank = 0; !status && rank < ctx->info->size; rank++) {
    size_t theirs = (size_t)(offset[rank + 1] - offset[rank]) / sizeof(uint64_t);
    for (int k = 0; k < count; k++)
      if (!bsearch(&ctx->unmatched[k]->id, all + offset[rank], theirs, sizeof(uint64_t),
                   compare_ids))
        ctx->unmatched[k]->dead = false;
  }
  free(mine), free(all), free(offset);
  return status;
}

void rt_drops_bury(QlContext *ctx) {
  Storage *dropped = ctx->dropped;
  ctx->dropped = NULL, ctx->dropped_hash = 0;
  for (Storage *s = dropped, *next; s; s = next) {
    next = s->next_dropped, s->next_dropped = NULL;
    if (s->dead)
      rt_storage_unpin(s);
    else
      rt_drops_add(ctx, s); /* since the agreement */
  }
  int kept = 0;
  for (int k = 0; k < ctx->unmatched_count; k++) {
    if (ctx->unmatched[k]->dead)
      rt_storage_unpin(ctx->unmatched[k]);
    else
      ctx->unmatched[kept++] = ctx->unmatched[k];
  }
  ctx->unmatched_count = kept;
}
