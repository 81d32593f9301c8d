/* What is to be said of lines of the program: what moved between nodes because of them (contract
 * C13), and why steps before them were not computed together with them. Plans are shared by lines
 * that look alike, so a plan names the statement and the line is looked up each time it runs. */
#include "runtime.h"

#include <stdlib.h>

void rt_remark(QlContext *ctx, QlRemarkKind kind, QlSource source, int64_t bytes) {
  Remarks *all = &ctx->remarks;
  int k = all->last; /* loops come back to the same lines */
  for (int tried = 0; tried < all->count; tried++, k = k + 1 < all->count ? k + 1 : 0) {
    QlRemark *line = &all->lines[k];
    if (line->kind != kind || line->source.code != source.code || line->source.at != source.at)
      continue;
    line->times++, line->bytes += bytes;
    all->last = k + 1 < all->count ? k + 1 : 0;
    return;
  }
  if (all->count == all->room) {
    int room = 2 * all->room + 32;
    QlRemark *grown = realloc(all->lines, (size_t)room * sizeof *grown);
    if (!grown) return; /* a line less in a report */
    all->lines = grown, all->room = room;
  }
  all->lines[all->count++] = (QlRemark){kind, source, 1, bytes};
}

void rt_remarks_of(QlContext *ctx, const Plan *plan) {
  for (int k = 0; k < plan->remark_count; k++) {
    const PlanRemark *m = &plan->remarks[k];
    rt_remark(ctx, m->kind, ctx->log.statements[m->statement].source, m->bytes);
  }
}

bool ql_remark_moves(QlRemarkKind kind) { return kind <= QL_MOVE_GATHER; }

const char *ql_remark_name(QlRemarkKind kind) {
  static const char *const names[] = {
      [QL_MOVE_HALO] = "halo",
      [QL_MOVE_REDISTRIBUTION] = "redistribution",
      [QL_MOVE_GATHER] = "gather",
      [QL_SWEEP_FAR] =
          "it needs, or overwrites, what the steps before it touch far away: the other "
          "end of an axis, or all of it",
      [QL_SWEEP_ORDER] =
          "it cannot be computed in parts: it moves, takes in or reduces a whole "
          "array, runs through it in order, or backwards",
      [QL_SWEEP_MESSAGE] = "it needs elements of other nodes that the steps before it compute",
      [QL_SWEEP_LOOK] = "what is recorded is executed here: a value is looked at"};
  return names[kind];
}

int ql_remarks(const QlContext *ctx, const QlRemark **lines) {
  *lines = ctx->remarks.lines;
  return ctx->remarks.count;
}
