/* A flush: what is recorded is planned, agreed on by all ranks, and executed (contracts C1 and C9).
 *
 *     plan known:    prepare ── agree ── run ── finish
 *     plan unknown:  agree (statements, drops) ── plan, compile ── prepare ── agree (status) ── run
 *                     ── finish
 *
 * Until the last agreement nothing has been stored; a failure on any rank up to there is raised by
 * all of them, after replay.c has saved what does not depend on it. */
#include "runtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void rt_describe(QlContext *ctx, QlSource source, char *text, size_t size) {
  if (!source.code)
    snprintf(text, size, "a place that was not recorded");
  else if (ctx->options.describe)
    ctx->options.describe(ctx->options.data, source, text, size);
  else
    snprintf(text, size, "%s:%lld", (const char *)source.code, (long long)source.at);
}

static uint64_t hash_log(const Log *log) {
  uint64_t hash = 1;
  for (int k = 0; k < log->count; k++)
    hash = ql_mix(ql_mix(hash, log->statements[k].hash), log->statements[k].values_hash);
  /* The words name storages by first use; their numbers say which ones they are. */
  for (int k = 0; k < log->slot_count; k++) hash = ql_mix(hash, log->slots[k]->id);
  return hash;
}

/* ---- failures ---- */

/* All ranks raise the error of the lowest rank that has one. */
static QlStatus share_error(QlContext *ctx, const CommVerdict *verdict, const QlError *mine,
                            QlError *error) {
  char text[1500], place[400] = "";
  if (mine->source.code) rt_describe(ctx, mine->source, place, sizeof place);
  snprintf(text, sizeof text, "%s%s%s%s", mine->text, *place ? " (" : "", place, *place ? ")" : "");
  char *all = NULL;
  int64_t *offset = NULL;
  QlError local = {0};
  int64_t size = ctx->info->rank == verdict->status_rank ? (int64_t)strlen(text) : 0;
  if (comm_allgather(ctx->comm, text, size, &all, &offset, &local))
    return ql_fail(error, local.status, "%s", local.text);
  ql_fail(error, (QlStatus)verdict->status, "%.*s", (int)QL_MIN(offset[ctx->info->size], 900), all);
  if (ctx->info->size > 1)
    ql_note(error,
            "rank %d could not go on; what depends on this line keeps its earlier value, or has "
            "none, on every rank",
            verdict->status_rank);
  free(all), free(offset);
  return (QlStatus)verdict->status;
}

/* ---- the flush ---- */

typedef struct Attempt {
  Plan *plan;
  bool prepared, agreed;
  QlStatus status;
  QlError error;
} Attempt;

static void prepare(QlContext *ctx, Attempt *a) {
  a->status = rt_plan_prepare(ctx, a->plan, &a->error);
  a->prepared = !a->status;
}

/* Agrees on the statements, the drops and a status. `again`: the drops differed and were settled,
 * what was planned is void. */
static QlStatus agree(QlContext *ctx, uint64_t hash, QlStatus status, const QlError *mine,
                      bool *again, QlError *error) {
  CommWord word = {.statements = hash, .drops = ctx->dropped_hash, .status = status};
  CommVerdict verdict;
  comm_agree(ctx->comm, &word, &verdict);
  *again = !verdict.same_drops;
  QlStatus settled = QL_OK;
  if (*again)
    settled = rt_drops_settle(
        ctx, verdict.same_statements
                 ? error
                 : NULL); /* also before an error: what is dead is freed behind it */
  if (!verdict.same_statements) return rt_fail_diverged(ctx, error);
  if (*again) return settled;
  if (verdict.status) return share_error(ctx, &verdict, mine, error);
  return QL_OK;
}

QlStatus rt_agree_status(QlContext *ctx, QlStatus status, QlError *error) {
  bool again = true;
  QlError mine = *error;
  while (again) QL_TRY(agree(ctx, 0, status, &mine, &again, error));
  return QL_OK;
}

static QlStatus plan_and_agree(QlContext *ctx, uint64_t hash, Plan **plan, QlError *error) {
  bool alone = ctx->info->size == 1;
  for (;;) {
    Attempt a = {0};
    bool again = false, makes = false;
    unsigned colour = ctx->heap.colour;
    a.status = rt_plan_log(ctx, false, &a.plan, &a.error);
    if (!a.status && !a.plan) {
      if (!alone) {
        QL_TRY(agree(ctx, hash, QL_OK, &a.error, &again, error));
        if (again) continue;
      }
      makes = true;
      a.status = rt_plan_log(ctx, true, &a.plan, &a.error);
    }
    if (!a.status) prepare(ctx, &a);
    QlStatus status = agree(ctx, hash, a.status, &a.error, &again, error);
    if (!status && !again) {
      a.plan->last_used = ++ctx->plan_clock;
      if (makes)
        ctx->counters.plans_made++;
      else
        ctx->counters.plans_reused++;
      *plan = a.plan;
      return QL_OK;
    }
    if (a.prepared) rt_plan_undo(ctx, a.plan);
    ctx->heap.colour = colour; /* blocks lie at the same places on all ranks, those that could not
                                  go on included */
    if (makes && a.plan) rt_plan_forget(ctx, a.plan);
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
            group->rank, group->operand_count, group->transfer_count,
            group->replicated ? ", replicated" : "", place);
  }
}

QlStatus rt_flush_log(QlContext *ctx, QlError *error) {
  Plan *plan;
  QL_TRY(plan_and_agree(ctx, hash_log(&ctx->log), &plan, error));
  trace(ctx, plan);
  rt_plan_run(ctx, plan);
  rt_plan_finish(ctx, plan);
  if (rt_stops(ctx)) return ql_fail(error, QL_ERR_INTERRUPTED, "interrupted");
  rt_movements_of(ctx, plan);
  const int64_t *adds = (const int64_t *)&plan->adds;
  int64_t *counters = (int64_t *)&ctx->counters;
  for (size_t k = 0; k < sizeof plan->adds / sizeof *adds; k++) counters[k] += adds[k];
  for (int g = 0; g < plan->group_count; g++)
    ctx->counters.kernels_run += plan->groups[g].entry != NULL;
  return QL_OK;
}

QlStatus rt_flush(QlContext *ctx, QlError *error) {
  QlError local = {0};
  if (!error) error = &local;
  QlStatus status = QL_OK;
  if (ctx->log.count) {
    QlFloats floats = ql_floats_enter();
    ctx->counters.flushes++;
    rt_drops_assume(ctx);
    status = rt_flush_log(ctx, error);
    if (status) status = rt_replay(ctx, status, error);
    if (!status) *error = (QlError){0};
    rt_drops_bury(ctx);
    atomic_store(&ctx->stop, false);
    ql_floats_leave(floats);
  }
  rt_log_clear(ctx);
  return status;
}

/* Asked for by the program: also when nothing is recorded the ranks meet, and what all of them
 * dropped is freed. */
QlStatus ql_flush(QlContext *ctx, QlError *error) {
  QlError local = {0};
  if (!error) error = &local;
  if (ctx->log.count) return rt_flush(ctx, error);
  rt_drops_assume(ctx);
  bool again = true;
  while (again) QL_TRY(agree(ctx, hash_log(&ctx->log), QL_OK, error, &again, error));
  rt_drops_bury(ctx);
  return QL_OK;
}
