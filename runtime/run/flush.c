/* A flush: what is recorded is planned, agreed on by all ranks, and executed (contracts C1 and C9).
 *
 *     all know the plan    prepare ── agree ── run ── finish
 *     some do not                     agree ── plan ── prepare ── agree ── run ── finish
 *     a kernel is missing             ... ── agree ── compile, share ── agree ── run ── finish
 *
 * How many agreements there are follows from their verdicts, which are the same on all ranks. Until
 * the last one nothing has been stored; a failure on any rank up to there is raised by all of them,
 * after replay.c has saved what does not depend on it. */
#include "profile.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void rt_describe(QlContext *ctx, QlSource source, char *text, size_t size) {
  if (!source.code)
    snprintf(text, size, ctx->ending ? "the end of the program" : "a place that was not recorded");
  else if (ctx->options.describe)
    ctx->options.describe(ctx->options.data, source, text, size);
  else
    snprintf(text, size, "%s:%lld", (const char *)source.code, (long long)source.at);
}

/* ---- the plan, on all ranks ---- */

enum { REQUEST_PLAN = 1, REQUEST_KERNEL = 2 };

typedef struct Attempt {
  Plan *plan;
  PlanMove *move; /* of the plan, as soon as all have agreed on it */
  bool made, prepared;
  QlStatus status; /* of this rank */
  QlError error;
  unsigned colour;        /* of the heap, and */
  uint64_t next_template; /* the next template's number, before anything was tried */
} Attempt;

static void prepare(QlContext *ctx, Attempt *a) {
  if (a->status || !a->plan) return;
  a->status = rt_plan_prepare(ctx, a->plan, &a->error);
  a->prepared = !a->status;
}

static void begin(QlContext *ctx, Attempt *a) {
  a->plan = NULL, a->move = NULL, a->made = a->prepared = false;
  a->colour = ctx->heap.colour, a->next_template = ctx->next_template;
  if (!(a->status = rt_plan_key(ctx, ql_no_error(&a->error)))) a->plan = rt_plan_find(ctx);
  if (!a->status && !a->plan && (a->move = rt_plan_movable(ctx))) a->plan = rt_plan_of(a->move);
  prepare(ctx, a);
}

/* Nothing stays of what was tried: ranks that failed and ranks that did not are alike again. */
static void give_up(QlContext *ctx, Attempt *a) {
  if (a->prepared) rt_plan_undo(ctx, a->plan);
  if (a->made) rt_plan_forget(ctx, a->plan);
  ctx->heap.colour = a->colour, ctx->next_template = a->next_template;
}

/* What this rank says of its plan: both numbers come back as they are when all say the same. */
static void say_number(uint64_t value[2], uint64_t number) {
  value[0] = number, value[1] = ~number;
}

/* Some rank has no plan, or another one. Those that have one keep it prepared, unless it was made
 * for other positions: it may not be what the others make; then kernels that some rank misses are
 * fetched. */
static QlStatus make_together(QlContext *ctx, Attempt *a, QlError *error) {
  bool again = false;
  if (a->plan && (a->move || a->plan->moved)) {
    if (a->prepared) rt_plan_undo(ctx, a->plan);
    if (!a->move) rt_plan_forget(ctx, a->plan);
    a->plan = NULL, a->move = NULL, a->prepared = false;
  }
  if (!a->plan) {
    a->status = rt_plan_make(ctx, &a->plan, &a->error);
    a->made = !a->status;
    prepare(ctx, a);
  }
  bool misses = !a->status && rt_kernels_missing(a->plan);
  uint64_t skeleton = QUELEA_CANARIES && !a->status ? rt_plan_skeleton(a->plan) : 0;
  Agreement round = {.place = AGREE_PLAN,
                     .status = a->status,
                     .mine = &a->error,
                     .requests = misses ? REQUEST_KERNEL : 0};
  say_number(round.value, skeleton);
  QL_TRY(rt_agree(ctx, &round, &again, error));
  assert(!again); /* nothing is dropped between two agreements of a flush */
  if (QUELEA_CANARIES && round.value[0] != ~round.value[1])
    comm_abort(ctx->comm, "nodes have planned the same statements differently");
  if (round.requests & REQUEST_KERNEL) QL_TRY(rt_kernels_fetch(ctx, a->plan, error));
  a->plan->number = ctx->plan_clock + 1;
  return QL_OK;
}

static QlStatus plan_and_agree(QlContext *ctx, Plan **plan, QlError *error) {
  for (;;) {
    Attempt a;
    bool again = false;
    begin(ctx, &a);
    Agreement round = {.place = AGREE_FLUSH,
                       .state = ctx->key.state,
                       .status = a.status,
                       .mine = &a.error,
                       .requests = a.plan || a.status ? 0 : REQUEST_PLAN};
    if (a.plan) say_number(round.value, a.plan->number);
    QlStatus status = rt_agree(ctx, &round, &again, error);
    bool together = round.requests & REQUEST_PLAN || round.value[0] != ~round.value[1];
    if (!status && !again && together) status = make_together(ctx, &a, error);
    if (!status && !again) {
      if (a.move) rt_plan_move(ctx, a.move);
      a.plan->last_used = ++ctx->plan_clock;
      ctx->counters.plans_made += a.made, ctx->counters.plans_moved += a.move != NULL;
      ctx->counters.plans_reused += !a.made && !a.move;
      rt_immediate_learn(ctx, together);
      if (!together) ctx->pace.tries = 0; /* logs of this length have plans */
      *plan = a.plan;
      return QL_OK;
    }
    give_up(ctx, &a);
    if (status) return status;
  }
}

/* QUELEA_TRACE: on one rank of each node, whose plan is that of the node. */
static void trace(QlContext *ctx, const Plan *plan) {
  if (!(ctx->trace_flush || ctx->trace_plan) || ctx->info->node_rank) return;
  fprintf(stderr, "quelea: node %d: flush %lld: %d statements, %d groups\n", ctx->info->node,
          (long long)ctx->counters.flushes, ctx->log.count, plan->group_count);
  for (int g = 0; ctx->trace_plan && g < plan->group_count; g++) {
    const PlanGroup *group = &plan->groups[g];
    char place[400];
    rt_describe(ctx, ctx->log.statements[group->statement].source, place, sizeof place);
    fprintf(stderr, "quelea:   group %d: rank %d, %d operands, %d transfers%s: %s\n", g,
            group->rank, group->operand_count,
            group->exchange ? group->exchange->transfer_count : 0,
            group->replicated ? ", replicated" : "", place);
  }
  for (int w = 0; ctx->trace_plan && w < plan->sweep_count; w++) {
    const PlanSweep *sweep = &plan->sweeps[w];
    fprintf(stderr,
            "quelea:   sweep %d: groups %d to %d, %d of them in %lld fronts of %lld rows, %d "
            "strips, %d workers\n",
            w, sweep->groups[0].group, sweep->groups[sweep->count - 1].group, sweep->count,
            (long long)sweep->fronts, (long long)sweep->height, sweep->strips, sweep->slabs);
  }
}

QlStatus rt_flush_log(QlContext *ctx, QlError *error) {
  Plan *plan;
  QL_TRY(plan_and_agree(ctx, &plan, error));
  trace(ctx, plan);
  rt_plan_run(ctx, plan);
  rt_plan_finish(ctx, plan);
  rt_profile_plan(ctx, plan);
  if (rt_stops(ctx)) return ql_fail(error, QL_ERR_INTERRUPTED, "interrupted");
  rt_remarks_of(ctx, plan);
  if (plan->sweep_count && !ctx->log.due_since) rt_remark(ctx, QL_SWEEP_LOOK, rt_source(ctx), 0);
  rt_pace_learn(ctx, plan->new_bytes, plan->together);
  const int64_t *adds = (const int64_t *)&plan->adds;
  int64_t *counters = (int64_t *)&ctx->counters;
  for (size_t k = 0; k < sizeof plan->adds / sizeof *adds; k++) counters[k] += adds[k];
  for (int g = 0; g < plan->group_count; g++)
    ctx->counters.kernels_run += plan->groups[g].entry != NULL;
  return QL_OK;
}

QlStatus rt_flush(QlContext *ctx, QlError *error) {
  QL_ERROR(local);
  if (!error) error = &local;
  QlStatus status = QL_OK;
  if (ctx->log.count) {
    QlFloats floats = ql_floats_enter();
    QlPhase before = rt_phase(ctx, QL_PHASE_PLAN);
    ctx->counters.flushes++;
    status = rt_drops_assume(ctx, error);
    if (!status) status = rt_flush_log(ctx, error);
    if (status) status = rt_replay(ctx, status, error);
    if (!status) ql_no_error(error);
    rt_drops_bury(ctx);
    atomic_store(&ctx->stop, false);
    (void)rt_phase(ctx, before);
    ql_floats_leave(floats);
  }
  rt_log_clear(ctx);
  return status;
}

/* Asked for by the program: also when nothing is recorded the ranks meet, and what all of them
 * dropped is freed. */
QlStatus ql_flush(QlContext *ctx, QlError *error) {
  QL_ERROR(local);
  if (!error) error = &local;
  QL_TRY(rt_check_whole(ctx, error));
  rt_history_call(ctx, EVENT_SYNC, false);
  if (ctx->log.count) return rt_flush(ctx, error);
  return rt_history_meet(ctx, error);
}
