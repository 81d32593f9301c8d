/* What some rank asks of the program on all ranks: a checkpoint, for it is time, or for a signal
 * says that the job will end. It travels with whatever the ranks agree on, as bits of its requests,
 * and so costs no message; between two agreements all ranks know the same of it:
 *
 *     rank 0   ask(TIME)   agree ───────────────── looks: TIME
 *     rank 1               agree   ask(SIGNAL)     looks: TIME     agree ── looks: SIGNAL
 *
 * A loop whose statements come to no agreement for a while is given one. */
#include "runtime.h"

enum { ASK_SHIFT = 24 };     /* of the bits in an agreement's requests */
enum { LOOKS_TO_MEET = 16 }; /* without any agreement */

void ql_ask(QlContext *ctx, unsigned asks) { atomic_fetch_or(&ctx->asks, asks); }

void ql_ask_in(QlContext *ctx, double seconds) {
  ctx->ask_at = seconds < 0 || ctx->info->rank ? 0 : rt_microseconds() + 1e6 * seconds;
}

uint32_t rt_asks(const QlContext *ctx) {
  unsigned asks = atomic_load_explicit(&ctx->asks, memory_order_relaxed);
  if (ctx->ask_at != 0 && rt_microseconds() >= ctx->ask_at) asks |= QL_ASK_TIME;
  return (uint32_t)asks << ASK_SHIFT;
}

uint32_t rt_asked(QlContext *ctx, uint32_t requests) {
  ctx->asked |= requests >> ASK_SHIFT;
  ctx->agreements++;
  return requests & ((1u << ASK_SHIFT) - 1);
}

QlStatus ql_asked(QlContext *ctx, unsigned *asked, QlError *error) {
  QL_TRY(rt_check_whole(ctx, error));
  bool lone = ctx->info->size == 1;
  if (lone) (void)rt_asked(ctx, rt_asks(ctx));
  if (ctx->looked_after != ctx->agreements) ctx->looks = 0;
  if (!lone && ++ctx->looks >= LOOKS_TO_MEET) QL_TRY(rt_history_meet(ctx, error));
  ctx->looked_after = ctx->agreements;
  *asked = ctx->asked;
  return QL_OK;
}

void ql_answered(QlContext *ctx, unsigned answers) {
  atomic_fetch_and(&ctx->asks, ~answers); /* what has come since stays */
  ctx->asked &= ~answers;
  if (answers & QL_ASK_TIME) ctx->ask_at = 0;
}
