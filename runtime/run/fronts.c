/* Sweeps, run: a worker's fronts in order, the groups of each in order (plan/sweep.c).
 *
 * The cell of a worker grows by one with each front. Before a front a worker waits until those
 * below, as far as they have that front, have finished it: what it needs of them at most they have
 * computed by then. As each of them has waited for those below itself, it looks no further than the
 * first that is not through with its own.
 *
 * The last tick, which ends the step, is the caller's: when it is there, the plan may go. */
#include "profile.h"

static int64_t up(int64_t a, int64_t b) {
  return b == 1 ? a : a >= 0 ? (a + b - 1) / b : -(-a / b);
}

/* The points of a group at positions [lo, hi) of a side; false: there are none. */
static bool points_at(const SweepSide *side, int64_t lo, int64_t hi, Box *box) {
  lo = QL_MAX(lo, side->within.lo), hi = QL_MIN(hi, side->within.hi);
  if (lo >= hi) return false;
  if (side->dim < 0) return true;
  box->lo[side->dim] = up(lo - side->start, side->step);
  box->hi[side->dim] = up(hi - side->start, side->step);
  return box->lo[side->dim] < box->hi[side->dim];
}

/* What a slab has of a group at a front of a strip. */
static bool front_of(const PlanSweep *sweep, const SweepGroup *sides, int slab, int strip,
                     int front, Box *box) {
  const SweepSide *row = &sides->row, *column = &sides->column;
  int64_t to = sweep->top - front * sweep->height + row->ahead, from = to - sweep->height;
  if (!points_at(row, QL_MAX(from, sweep->cut[slab] - row->below),
                 QL_MIN(to, sweep->cut[slab + 1] - row->below), box))
    return false;
  if (sweep->strips == 1) return true;
  int64_t left = sweep->left + strip * sweep->strip - column->below;
  return points_at(column, left, left + sweep->strip, box);
}

static void wait_below(QlContext *ctx, const PlanSweep *sweep, uint64_t base, int slab, int front,
                       bool is_main) {
  int threads = ctx->info->threads, used = ctx->team->run.plan->threads;
  for (int q = slab - 1; q >= 0 && sweep->begin[q] <= front; q--) {
    int worker = q / used * threads + plan_first_task(threads, used, q % used);
    int last = QL_MIN(front, sweep->over[q] - 1);
    if (last >= sweep->begin[q]) comm_await(ctx->comm, worker, base + (uint64_t)last + 1, is_main);
    if (sweep->over[q] > front) break;
  }
}

bool rt_run_sweep(QlContext *ctx, Run *run, const PlanStep *step, int task, int thread) {
  const PlanSweep *sweep = &run->plan->sweeps[step->sweep];
  int me = ctx->info->node_rank * ctx->info->threads + task;
  int slab = plan_slab(ctx->info->threads, run->plan->threads, me);
  uint64_t fronts = (uint64_t)sweep->fronts;
  uint64_t end = run_behind(run, (int)(step - run->plan->steps));
  uint64_t base = end - fronts * (uint64_t)sweep->strips;
  for (int k = 0; k < sweep->strips; k++, base += fronts) {
    for (int i = sweep->begin[slab]; i < sweep->over[slab]; i++) {
      int64_t points = 0;
      if (rt_stops(ctx)) return false;
      wait_below(ctx, sweep, base, slab, i, thread == 0);
      rt_profile_spent(ctx, thread, step->group, SPENT_WAITING, 0);
      for (int g = 0; g < sweep->count; g++) {
        const PlanGroup *group = &run->plan->groups[sweep->groups[g].group];
        const Box *domain = sweep->groups[g].domain;
        Box box;
        for (int r = 0; r < group->rank; r++) box.lo[r] = domain->lo[r], box.hi[r] = domain->hi[r];
        if (!front_of(sweep, &sweep->groups[g], slab, k, i, &box)) continue;
        run_box(ctx, run, group, &box, thread);
        int64_t volume = box_volume(group->rank, &box);
        rt_profile_spent(ctx, thread, sweep->groups[g].group, SPENT_COMPUTING, volume);
        points += volume;
      }
      if (base + (uint64_t)i + 1 < end) comm_publish(ctx->comm, me, base + (uint64_t)i + 1);
      if (thread == 0) rt_computed(ctx, run, &run->plan->groups[step->group], points);
    }
    if (base + fronts < end) comm_publish(ctx->comm, me, base + fronts);
  }
  return true;
}
