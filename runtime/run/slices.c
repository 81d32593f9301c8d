/* Large boxes in slices, so that a run can be stopped: Ctrl-C ends a run on one process within a
 * fraction of a second, however long it would take (contract C9).
 *
 *   the main thread   looks for signals between slices, and between steps once it has computed
 *                     many points; while it waits, comm_wait looks. A signal raises ctx->stop
 *   every worker      looks at ctx->stop between steps and slices; it then computes nothing more,
 *                     but says of each step that it has finished it, for others wait for that
 *
 * After QUELEA_WAIT_REPORT, and then after each doubling of the time, rank 0 says how far it is, as
 * a rank that waits does (contract C11).
 *
 * On several ranks, which a signal may reach at different points, it ends the job instead. There
 * the leader of a node moves messages along between slices of QUELEA_POLL: Open MPI moves large
 * ones only inside its calls. */
#include "runtime.h"

#include <time.h>

/* A slice is to take SHORTEST to LONGEST microseconds, as MANY_ADDITIONS do about: so the first is
 * guessed, but where points may cost far more than that. None is narrower than needed or begins
 * within a cache line. */
enum { MANY_ADDITIONS = 1 << 26, SHORTEST = 10000, LONGEST = 50000, LINE = 64 };
enum { MANY_POINTS = 1 << 17, FEW_POINTS = 1024, UNEVEN_POINTS = 64 };

typedef struct Slicer {
  QlContext *ctx;
  Run *run;
  const PlanGroup *group;
  int ndim, thread;
  int64_t points; /* of a slice */
  bool polls;     /* messages travel, which this thread moves along: slices are shorter */
} Slicer;

double rt_microseconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return 1e6 * (double)time.tv_sec + 1e-3 * (double)time.tv_nsec;
}

bool rt_interrupted(QlContext *ctx) {
  comm_look(ctx->comm);
  return rt_stops(ctx);
}

/* ---- how far it is ---- */

static int domain_of(const Run *run, const PlanGroup *group) {
  return group->kind == GROUP_KERNEL ? group->rank : run->plan->slots[group->operands[0].slot].ndim;
}

/* All points of the plan that the main thread computes. */
static double points_of_plan(const QlContext *ctx, const Run *run) {
  double points = 0;
  int tasks = plan_first_task(ctx->info->threads, run->plan->threads, 1);
  for (int g = 0; g < run->plan->group_count; g++) {
    const PlanGroup *group = &run->plan->groups[g];
    for (int t = 0; t < tasks; t++) {
      const PlanTask *task = &group->tasks[t];
      if (!task->empty) points += (double)box_volume(domain_of(run, group), &task->box);
    }
  }
  return points;
}

static void report(QlContext *ctx, const Run *run, const PlanGroup *group, double took) {
  char where[512];
  rt_describe(ctx, ctx->log.statements[group->statement].source, where, sizeof where);
  comm_tell(ctx->comm, "has computed for %.3g s: %.3g %% are done, at %s", 1e-6 * took,
            100 * (double)run->computed / points_of_plan(ctx, run), where);
}

/* By the main thread, a few times in a second. */
static void look(QlContext *ctx, Run *run, const PlanGroup *group) {
  double now = rt_microseconds();
  run->looked = run->computed;
  comm_look(ctx->comm);
  if (run->began == 0) run->began = now, run->report = 1e6 * ctx->params.wait_report;
  if (now - run->began > LONGEST) rt_run_away(ctx, run);
  if (run->report <= 0 || now - run->began < run->report || ctx->info->rank) return;
  report(ctx, run, group, now - run->began);
  run->report = 2 * (now - run->began);
}

/* ---- slices ---- */

static int64_t first_slice(const PlanGroup *group) {
  if (group->uneven && !group->portions) return UNEVEN_POINTS;
  return QL_MAX(MANY_ADDITIONS / QL_MAX(group->cost, 1), 1);
}

static bool run_slice(Slicer *s, const Box *box) {
  if (rt_stops(s->ctx)) return false;
  double before = rt_microseconds();
  run_box(s->ctx, s->run, s->group, box, s->thread);
  double took = rt_microseconds() - before, poll = s->ctx->params.poll;
  if (took < (s->polls ? 0.5 * poll : SHORTEST)) s->points *= 2;
  if (took > (s->polls ? 2 * poll : LONGEST)) s->points = QL_MAX(s->points / 2, 1);
  if (s->polls && !rt_messages_poll(s->run)) s->polls = false, s->points = first_slice(s->group);
  if (s->thread) return true;
  s->run->computed += box_volume(s->ndim, box);
  look(s->ctx, s->run, s->group);
  return true;
}

static bool can_cut(const Slicer *s, const Box *box, int axis) {
  const RoutineShape *called = s->group->routine;
  int whole_from = called ? called->routine->whole_from : 0;
  if (whole_from && axis >= whole_from - 1) return false;
  bool whole = axis == s->group->whole_axis || s->group->whole >> axis & 1;
  return !whole && box->hi[axis] - box->lo[axis] > 1;
}

/* Along the first axis that can be cut; where one step of it is too much, each step along the next
 * ones. Leaves of a reduction stay whole, and tiles of a routine. False: stopped. */
static bool run_cut(Slicer *s, Box box, int axis) {
  while (axis < s->ndim && !can_cut(s, &box, axis)) axis++;
  if (axis == s->ndim) return run_slice(s, &box);
  int next = axis + 1;
  while (next < s->ndim && !can_cut(s, &box, next)) next++;
  int64_t grain = axis == s->group->reduce_axis ? JIT_LEAF : 1, hi = box.hi[axis];
  if (s->group->tile) grain = s->group->tile[axis];
  int64_t each = box_volume(s->ndim, &box) / (hi - box.lo[axis]) * grain;
  for (int64_t lo = box.lo[axis], step; lo < hi; lo += step) {
    step = QL_MAX(s->points / each, 1) * grain;
    if (step > LINE && !s->group->tile) step = step / LINE * LINE;
    step = QL_MIN(step, hi - lo);
    box.lo[axis] = lo, box.hi[axis] = lo + step;
    bool finer = each > s->points && next < s->ndim;
    if (!(finer ? run_cut(s, box, next) : run_slice(s, &box))) return false;
  }
  return true;
}

void rt_computed(QlContext *ctx, Run *run, const PlanGroup *group, int64_t points) {
  run->computed += points;
  if (run->computed - run->looked > MANY_POINTS) look(ctx, run, group);
}

void rt_has_computed(QlContext *ctx, Run *run, const PlanGroup *group, int64_t points) {
  double now = rt_microseconds();
  run->looked += points - run->computed;
  run->computed = points;
  if (now - run->glanced < LONGEST) return;
  run->glanced = now;
  look(ctx, run, group);
}

bool rt_run_slices(QlContext *ctx, Run *run, const PlanGroup *group, const Box *box, int thread) {
  int ndim = domain_of(run, group);
  int64_t points = box_volume(ndim, box);
  bool polls = thread == 0 && run->flying && points > FEW_POINTS;
  int64_t first = polls ? FEW_POINTS : first_slice(group);
  if (points > first || polls) {
    Slicer slicer = {ctx, run, group, ndim, thread, first, polls};
    return run_cut(&slicer, *box, 0);
  }
  run_box(ctx, run, group, box, thread);
  if (!thread) rt_computed(ctx, run, group, points);
  return true;
}

/* ---- what a run that was stopped leaves ---- */

/* Steps before `finished` are finished by all workers of the rank; of those from `begun` on nobody
 * has computed anything. */
static void extent_of_run(const Run *run, int *finished, int *begun) {
  *finished = run->plan->step_count, *begun = 0;
  for (int t = 0; t < run->used; t++) {
    const Reached *reached = &run->courses[t].reached;
    *finished = QL_MIN(*finished, reached->finished), *begun = QL_MAX(*begun, reached->begun);
  }
}

SlotEnd rt_slot_end(const QlContext *ctx, const Run *run, int slot) {
  const Plan *plan = run->plan;
  int finished, begun;
  bool is_begun = false, is_finished = true;
  if (!rt_stops(ctx)) return SLOT_STORED;
  extent_of_run(run, &finished, &begun);
  for (int g = 0; g < plan->group_count; g++)
    for (int o = 0; o < plan->groups[g].store_count; o++) {
      if (plan->groups[g].operands[o].slot != slot) continue;
      is_begun |= plan->groups[g].first_step < begun;
      is_finished &= plan->groups[g].last_step < finished;
    }
  if (is_finished) return SLOT_STORED;
  return plan->slots[slot].allocate || !is_begun ? SLOT_AS_BEFORE : SLOT_TORN;
}
