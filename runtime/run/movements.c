/* What moved between nodes, per line of the program (contract C13). Plans are shared by lines that
 * look alike, so a plan names the statement and the line is looked up each time it runs. */
#include "runtime.h"

#include <stdlib.h>

void rt_movement(QlContext *ctx, QlMovementKind kind, QlSource source, int64_t bytes) {
  Movements *all = &ctx->movements;
  int k = all->last; /* loops come back to the same lines */
  for (int tried = 0; tried < all->count; tried++, k = k + 1 < all->count ? k + 1 : 0) {
    QlMovement *line = &all->lines[k];
    if (line->kind != kind || line->source.code != source.code || line->source.at != source.at)
      continue;
    line->times++, line->bytes += bytes;
    all->last = k + 1 < all->count ? k + 1 : 0;
    return;
  }
  if (all->count == all->room) {
    int room = 2 * all->room + 32;
    QlMovement *grown = realloc(all->lines, (size_t)room * sizeof *grown);
    if (!grown) return; /* a line less in a report */
    all->lines = grown, all->room = room;
  }
  all->lines[all->count++] = (QlMovement){kind, source, 1, bytes};
}

void rt_movements_of(QlContext *ctx, const Plan *plan) {
  for (int k = 0; k < plan->movement_count; k++) {
    const PlanMovement *m = &plan->movements[k];
    rt_movement(ctx, m->kind, ctx->log.statements[m->statement].source, m->bytes);
  }
}

const char *ql_movement_name(QlMovementKind kind) {
  static const char *const names[] = {[QL_MOVE_HALO] = "halo",
                                      [QL_MOVE_REDISTRIBUTION] = "redistribution",
                                      [QL_MOVE_GATHER] = "gather"};
  return names[kind];
}

int ql_movements(const QlContext *ctx, const QlMovement **lines) {
  *lines = ctx->movements.lines;
  return ctx->movements.count;
}
