/* What this rank has done that all ranks must have done alike (contract C1): statements recorded,
 * values of partitioned arrays looked at, snapshots taken, meetings asked for.
 *
 *     event    hash of what it does, hash of the arrays that it does it with
 *     chain    all events so far in one word, which is compared at each agreement
 *
 * What has been compared is forgotten, but for the chain: of the events since the last agreement
 * the latest are kept, with their lines, so that the first that differs can be named. A program
 * whose statements are all executed at once comes to no agreement of its own: the ranks meet before
 * the events are more than are kept. */
#include "runtime.h"

#include <stdlib.h>
#include <string.h>

void rt_history_add(QlContext *ctx, const Event *event) {
  History *h = &ctx->history;
  Event *kept = &h->kept[h->count++ % HISTORY_KEPT];
  *kept = *event;
  h->chain = kept->chain = ql_mix(ql_mix(h->chain, event->hash), event->arrays);
}

void rt_history_look(QlContext *ctx, EventKind kind, const QlArray *array) {
  uint64_t hash = ql_mix((uint64_t)kind, (uint64_t)array->offset);
  hash = ql_hash_bytes(hash, array->shape, array->ndim * sizeof *array->shape);
  hash = ql_hash_bytes(hash, array->strides, array->ndim * sizeof *array->strides);
  rt_history_add(ctx, &(Event){.kind = kind,
                               .hash = hash,
                               .arrays = array->storage->id,
                               .statement = -1,
                               .source = rt_source(ctx),
                               .made = array->storage->made});
}

void rt_history_sync(QlContext *ctx) {
  rt_history_add(
      ctx,
      &(Event){.kind = EVENT_SYNC, .hash = EVENT_SYNC, .statement = -1, .source = rt_source(ctx)});
}

/* ---- statements that no log knows ---- */

enum { EVENTS_TO_MEET = HISTORY_KEPT / 2 };

/* What a statement does, and with which numbers, whichever arrays it does it with. */
static uint64_t hash_request(const LogRequest *r) {
  uint64_t hash = (uint64_t)r->kind | (uint64_t)r->op << 8 | (uint64_t)r->loop << 16 |
                  (uint64_t)r->ndim << 24 | (uint64_t)r->axes << 32 | (uint64_t)r->operands << 48;
  hash = ql_hash_bytes(hash, r->shape, (size_t)r->ndim * sizeof *r->shape);
  for (int k = 0; k < r->operands; k++) {
    const RequestOperand *operand = &r->operand[k];
    if (operand->array) {
      hash = ql_mix(hash, (uint64_t)operand->array->offset);
      hash = ql_hash_bytes(hash, operand->stride, (size_t)operand->ndim * sizeof(int64_t));
    } else {
      LogScalar scalar = {operand->value, (QlDtype)operand->dtype};
      hash = log_hash_scalar(ql_mix(hash, operand->dtype), &scalar);
    }
  }
  return hash;
}

static void describe(const LogRequest *r, Executed *executed) {
  executed->ndim = (uint8_t)r->ndim, executed->imports = r->kind == STATEMENT_IMPORT;
  executed->arrays = executed->scalars = 0;
  for (int a = 0; a < QL_MIN(r->ndim, 4); a++) executed->shape[a] = r->shape[a];
  for (int k = 0; k < r->operands; k++) {
    const RequestOperand *operand = &r->operand[k];
    if (operand->array) {
      const Storage *storage = operand->array->storage;
      executed->id[executed->arrays] = storage->id;
      executed->made[executed->arrays++] = storage->made;
    } else {
      executed->scalar[executed->scalars++] = (LogScalar){operand->value, (QlDtype)operand->dtype};
    }
  }
}

/* Nothing is planned: what is recorded stays so. */
static QlStatus meet(QlContext *ctx, QlError *error) {
  QL_ERROR(local);
  rt_drops_assume(ctx);
  QL_TRY(rt_agree_sync(ctx, error ? error : &local));
  rt_drops_bury(ctx);
  return QL_OK;
}

QlStatus rt_history_executes(QlContext *ctx, const LogRequest *r, QlError *error) {
  History *h = &ctx->history;
  if (ctx->info->size == 1) return QL_OK;
  if (h->count - h->agreed >= EVENTS_TO_MEET) QL_TRY(meet(ctx, error));
  Event event = {
      .kind = EVENT_EXECUTED, .statement = -1, .hash = hash_request(r), .source = rt_source(ctx)};
  for (int k = 0; k < r->operands; k++)
    if (r->operand[k].array)
      event.arrays =
          ql_mix(event.arrays, rt_storage_number(r->operand[k].array->storage, &ctx->next_id));
  describe(r, &h->executed[h->count % HISTORY_KEPT]);
  rt_history_add(ctx, &event);
  h->executed_chain = ql_mix(ql_mix(h->executed_chain, event.hash), event.arrays);
  return QL_OK;
}

/* ---- agreement ---- */

void rt_history_agreed(QlContext *ctx) {
  ctx->history.agreed = ctx->history.count;
  ctx->history.lacks = false;
}

QlStatus rt_history_lacks(QlContext *ctx, const char *what, QlError *error) {
  History *h = &ctx->history;
  if (!h->lacks) h->lacks = true, h->lacked = rt_source(ctx);
  return ql_fail(error, QL_ERR_MEMORY, "out of memory for %s", what);
}

int64_t rt_history_first(const QlContext *ctx) {
  return QL_MAX(ctx->history.agreed, ctx->history.count - HISTORY_KEPT);
}

const Event *rt_history_event(const QlContext *ctx, int64_t number) {
  bool kept = number >= rt_history_first(ctx) && number < ctx->history.count;
  return kept ? &ctx->history.kept[number % HISTORY_KEPT] : NULL;
}
