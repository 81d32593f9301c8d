/* Agreement of the ranks (contract C1): before anything is stored, all of them have done the same,
 * and each has what it needs.
 *
 *     drops     which arrays were released; where they differ, all settle it and begin anew
 *     state     what the program did (history.c), and the place in the protocol
 *     status    whether each rank could prepare what follows
 *     requests  what some rank lacks, and all will help it to; or what it asks of the program
 *               (asked.c)
 *
 * They are judged in this order, by every rank alike. */
#include "profile.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

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

QlStatus rt_agree(QlContext *ctx, Agreement *a, bool *again, QlError *error) {
  QL_TRY(rt_history_hear(ctx, error));
  /* At the end what is recorded, and never executed, does not count. */
  uint64_t done = a->place == AGREE_END ? ctx->history.executed_chain : ctx->history.chain;
  uint64_t state = ql_mix(ql_mix(done, a->place), a->state);
  CommWord word = {.state = state,
                   .drops = ctx->dropped_hash,
                   .status = a->status,
                   .requests = a->requests | rt_asks(ctx),
                   .value = {a->value[0], a->value[1]}};
  CommVerdict verdict;
  QlPhase before = rt_phase(ctx, QL_PHASE_AGREE);
  comm_agree(ctx->comm, &word, &verdict);
  (void)rt_phase(ctx, before);
  *again = !verdict.same_drops;
  if (*again) return rt_drops_settle(ctx, error);
  if (!verdict.same_state) return rt_fail_diverged(ctx, error);
  rt_history_agreed(ctx);
  a->requests = rt_asked(ctx, verdict.requests);
  if (verdict.status) return share_error(ctx, &verdict, a->mine, error);
  memcpy(a->value, verdict.value, sizeof a->value);
  return QL_OK;
}

void rt_agree_say(QlContext *ctx) {
  comm_agree_say(ctx->comm, &(CommWord){.state = ql_mix(ctx->history.chain, AGREE_PASS),
                                        .drops = ctx->dropped_hash});
}

QlStatus rt_agree_hear(QlContext *ctx, bool *again, QlError *error) {
  CommVerdict verdict;
  QlPhase before = rt_phase(ctx, QL_PHASE_AGREE);
  comm_agree_hear(ctx->comm, &verdict);
  (void)rt_phase(ctx, before);
  *again = !verdict.same_drops;
  if (*again) return rt_drops_settle(ctx, error);
  return verdict.same_state ? QL_OK : rt_fail_diverged(ctx, error);
}

static QlStatus agree_at_last(QlContext *ctx, Agreement *a, QlError *error) {
  bool again = true;
  while (again) QL_TRY(rt_agree(ctx, a, &again, error));
  return QL_OK;
}

QlStatus rt_agree_status(QlContext *ctx, QlStatus status, QlError *error) {
  QL_ERROR(mine);
  Agreement a = {.place = AGREE_STATUS, .status = status, .mine = &mine};
  if (status) mine = *error, ql_no_error(error); /* all raise the same, maybe another rank's */
  return agree_at_last(ctx, &a, error);
}

QlStatus rt_agree_value(QlContext *ctx, uint64_t value[2], QlError *error) {
  Agreement a = {.place = AGREE_VALUE, .value = {value[0], value[1]}};
  QL_TRY(agree_at_last(ctx, &a, error));
  memcpy(value, a.value, sizeof a.value);
  return QL_OK;
}

QlStatus rt_agree_sync(QlContext *ctx, QlError *error) {
  return agree_at_last(ctx, &(Agreement){.place = AGREE_SYNC}, error);
}

QlStatus ql_end(QlContext *ctx, QlError *error) {
  QL_ERROR(local);
  if (ctx->info->size == 1 || rt_check_whole(ctx, &local)) return QL_OK;
  ctx->ending = true;
  ql_at(ctx, (QlSource){0});
  rt_history_call(ctx, EVENT_END, false); /* whoever goes on differs here */
  return agree_at_last(ctx, &(Agreement){.place = AGREE_END}, error ? error : &local);
}
