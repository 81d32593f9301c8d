/* Sweeps, run: a worker's fronts in order, the groups of each in order (plan/sweep.c). Whoever has
 * its course computes one front at a time.
 *
 * The cell of a worker grows by one with each front. Before a front a worker waits until those
 * below, as far as they have that front, have finished it: what it needs of them at most they have
 * computed by then. As each of them has waited for those below itself, it looks no further than the
 * first that is not through with its own.
 *
 * The last tick, which ends the step, is the caller's: when it is there, the plan may go. */
#include "profile.h"

#include <string.h>

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

static bool have_finished_below(const QlContext *ctx, const PlanSweep *sweep, uint64_t base,
                                int slab, int front, CourseWait *wait) {
  int threads = ctx->info->threads, used = ctx->team->run.plan->threads;
  for (int q = slab - 1; q >= 0 && sweep->begin[q] <= front; q--) {
    int worker = q / used * threads + plan_first_task(threads, used, q % used);
    int last = QL_MIN(front, sweep->over[q] - 1);
    uint64_t value = base + (uint64_t)last + 1;
    if (last >= sweep->begin[q] && comm_peek(ctx->comm, worker) < value) {
      *wait = (CourseWait){worker, value};
      return false;
    }
    if (sweep->over[q] > front) break;
  }
  return true;
}

enum { FEW_DIMS = 4 }; /* few arrays have more: copied without a loop or a call */

static void copy_box(int rank, const Box *from, Box *to) {
  memcpy(to->lo, from->lo, FEW_DIMS * sizeof *to->lo);
  memcpy(to->hi, from->hi, FEW_DIMS * sizeof *to->hi);
  for (int r = FEW_DIMS; r < rank; r++) to->lo[r] = from->lo[r], to->hi[r] = from->hi[r];
}

/* Gives the points. */
static int64_t run_groups(QlContext *ctx, const Run *run, const PlanSweep *sweep, int slab,
                          const Course *course, int thread) {
  int64_t points = 0;
  for (int g = 0; g < sweep->count; g++) {
    const PlanGroup *group = &run->plan->groups[sweep->groups[g].group];
    const Box *domain = sweep->groups[g].domain;
    Box box;
    copy_box(group->rank, domain, &box);
    if (!front_of(sweep, &sweep->groups[g], slab, course->strip, course->front, &box)) continue;
    run_box(ctx, run, group, &box, thread);
    int64_t volume = box_volume(group->rank, &box);
    rt_profile_spent(ctx, thread, sweep->groups[g].group, SPENT_COMPUTING, volume);
    points += volume;
  }
  return points;
}

StepEnd rt_run_front(QlContext *ctx, Run *run, Course *course, int thread, CourseWait *wait) {
  const PlanStep *step = &run->plan->steps[course->step];
  const PlanSweep *sweep = &run->plan->sweeps[step->sweep];
  int me = ctx->info->node_rank * ctx->info->threads + course->task;
  int slab = plan_slab(ctx->info->threads, run->plan->threads, me);
  uint64_t fronts = (uint64_t)sweep->fronts, end = run_behind(run, course->step);
  uint64_t base = end - fronts * (uint64_t)(sweep->strips - course->strip);
  if (rt_stops(ctx)) return STEP_STOPPED;
  course->front = QL_MAX(course->front, sweep->begin[slab]);
  if (course->front < sweep->over[slab]) {
    if (!have_finished_below(ctx, sweep, base, slab, course->front, wait)) return STEP_WAITS;
    rt_profile_spent(ctx, thread, step->group, SPENT_WAITING, 0);
    int64_t points = run_groups(ctx, run, sweep, slab, course, thread);
    if (thread == 0) rt_computed(ctx, run, &run->plan->groups[step->group], points);
    course->front++;
  }
  uint64_t value = base + (uint64_t)course->front;
  if (course->front >= sweep->over[slab])
    value = base + fronts, course->strip++, course->front = sweep->begin[slab];
  if (value < end) comm_publish(ctx->comm, me, value);
  if (course->strip < sweep->strips) return STEP_CONTINUES;
  course->strip = course->front = 0;
  return STEP_DONE;
}
