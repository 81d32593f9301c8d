/* What this rank has done that all ranks must have done alike (contract C1): statements recorded,
 * values of partitioned arrays looked at, snapshots taken, meetings asked for.
 *
 *     event    hash of what it does, hash of the arrays that it does it with
 *     chain    all events so far in one word, which is compared at each agreement
 *
 * What has been compared is forgotten, but for the chain: of the events since the last agreement
 * the latest are kept, with their lines, so that the first that differs can be named. A program
 * whose statements are all executed at once comes to no agreement of its own: the ranks meet before
 * the events are more than are kept. On one node they do so in passing, and wait for none that is
 * less than a meeting behind:
 *
 *     events   0 ......... 512 .......... 1024 ......... 1536
 *     says               the chain      the chain      the chain
 *     hears                             of 512         of 1024
 *     keeps    one half    the other      the first one again
 */
#include "note.h"

#include <stdlib.h>
#include <string.h>

void rt_history_add(QlContext *ctx, const Event *event) {
  History *h = &ctx->history;
  Event *kept = history_next(h);
  *kept = *event;
  h->chain = kept->chain = chain_with(h->chain, event->hash, event->arrays);
}

void rt_history_look(QlContext *ctx, EventKind kind, const QlArray *array) {
  uint64_t hash = ql_mix((uint64_t)kind, (uint64_t)array->offset);
  hash = ql_hash_bytes(hash, array->shape, array->ndim * sizeof *array->shape);
  hash = ql_hash_bytes(hash, array->strides, array->ndim * sizeof *array->strides);
  rt_history_add(ctx, &(Event){.kind = kind,
                               .hash = hash,
                               .arrays = array->storage->id,
                               .source = rt_source(ctx),
                               .made = array->storage->made});
}

void rt_history_call(QlContext *ctx, EventKind kind, bool value) {
  rt_history_add(
      ctx, &(Event){.kind = kind, .hash = ql_mix((uint64_t)kind, value), .source = rt_source(ctx)});
}

/* ---- statements that no log knows ---- */

QlStatus rt_history_meet(QlContext *ctx, QlError *error) {
  QL_ERROR(local);
  if (!error) error = &local;
  QL_TRY(rt_drops_assume(ctx, error));
  QL_TRY(rt_agree_sync(ctx, error));
  rt_drops_bury(ctx);
  return QL_OK;
}

/* The next events are the first of a half. */
static void begin_half(History *h, int half) {
  h->said = h->count, h->half = half;
  h->word_count = (uint32_t)half * EVENTS_TO_MEET * MOST_WORDS;
}

QlStatus rt_history_pass(QlContext *ctx, QlError *error) {
  if (ctx->info->node_count > 1) return rt_history_meet(ctx, error);
  QL_TRY(rt_drops_assume(ctx, error));
  rt_agree_say(ctx);
  begin_half(&ctx->history, !ctx->history.half);
  ctx->history.is_awaiting = true;
  return QL_OK;
}

QlStatus rt_history_hear(QlContext *ctx, QlError *error) {
  History *h = &ctx->history;
  QL_ERROR(local);
  if (!h->is_awaiting) return QL_OK;
  h->is_awaiting = false;
  bool again = false;
  QL_TRY(rt_agree_hear(ctx, &again, error ? error : &local));
  if (again) return rt_history_meet(ctx, error);
  h->agreed = h->said;
  if (h->lacking < h->agreed) h->lacks = false;
  rt_drops_bury(ctx);
  return QL_OK;
}

Executed rt_history_executed(const QlContext *ctx, const Event *event) {
  const uint64_t *word = ctx->history.words + event->at;
  uint64_t head = *word++;
  Executed e = {.kind = (StatementKind)(head & 0xff), .ndim = (int)(head >> 24 & 0xff)};
  for (int a = 0; a < QL_MIN(e.ndim, EXECUTED_AXES); a++) e.shape[a] = (int64_t)*word++;
  for (int operands = (int)(head >> 48); operands > 0; operands--, word += OPERAND_WORDS) {
    if (word[0] & 1) {
      e.name[e.arrays] = word[0] >> 2, e.is_element[e.arrays] = word[0] >> 1 & 1;
      e.made[e.arrays++] =
          (QlSource){.code = (const void *)(uintptr_t)word[1], .at = (int64_t)word[2]};
    } else {
      LogScalar *scalar = &e.scalar[e.scalars++];
      scalar->dtype = (QlDtype)(word[0] >> 1);
      memcpy(&scalar->value, word + 1, 2 * sizeof *word);
    }
  }
  return e;
}

QlStatus rt_history_executes(QlContext *ctx, const LogRequest *r, QlError *error) {
  Note note;
  if (ctx->info->size == 1) return QL_OK;
  QL_TRY(note_begin(ctx, &note, note_head(r->kind, r->op, r->loop, r->axes, r->operands), r->ndim,
                    r->shape, error));
  for (int k = 0; k < r->operands; k++) {
    const RequestOperand *operand = &r->operand[k];
    const QlArray *array = operand->array;
    if (!array)
      note_scalar(&note, (QlDtype)operand->dtype, &operand->value);
    else if (k == 0)
      note_target(ctx, &note, array->storage, array->offset, operand->ndim, operand->stride);
    else
      note_array(ctx, &note, array->storage, array->offset, operand->ndim, operand->stride);
  }
  note_end(ctx, &note);
  return QL_OK;
}

/* ---- agreement ---- */

void rt_history_agreed(QlContext *ctx) {
  History *h = &ctx->history;
  begin_half(h, h->half);
  h->agreed = h->count, h->lacks = false;
}

QlStatus rt_history_lacks(QlContext *ctx, const char *what, QlError *error) {
  History *h = &ctx->history;
  if (!h->lacks) h->lacks = true, h->lacked = rt_source(ctx), h->lacking = h->count;
  return ql_fail(error, QL_ERR_MEMORY, "out of memory for %s", what);
}

int64_t rt_history_first(const QlContext *ctx) {
  const History *h = &ctx->history;
  int64_t last = h->count - h->said > HISTORY_KEPT ? h->count : h->said;
  return QL_MAX(h->agreed, last - HISTORY_KEPT);
}

const Event *rt_history_event(const QlContext *ctx, int64_t number) {
  const History *h = &ctx->history;
  if (number < rt_history_first(ctx) || number >= h->count) return NULL;
  bool before = number < h->said;
  int64_t at = number - (before ? h->agreed : h->said);
  return &h->kept[before ? !h->half : h->half][at % HISTORY_KEPT];
}
