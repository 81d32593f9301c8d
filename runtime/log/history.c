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

static uint64_t chain_with(uint64_t chain, const Event *event) {
  return ql_mix(chain, event->hash + event->arrays * 0xff51afd7ed558ccdu);
}

void rt_history_add(QlContext *ctx, const Event *event) {
  History *h = &ctx->history;
  Event *kept = &h->kept[h->count++ % HISTORY_KEPT];
  *kept = *event;
  h->chain = kept->chain = chain_with(h->chain, event);
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

void rt_history_call(QlContext *ctx, EventKind kind, bool value) {
  rt_history_add(ctx, &(Event){.kind = kind,
                               .hash = ql_mix((uint64_t)kind, value),
                               .statement = -1,
                               .source = rt_source(ctx)});
}

/* ---- statements that no log knows ----
 * In words: head, as note_head gives it, and the number of axes; the first extents; of an array
 * number << 1 | 1 and where it was made, of a scalar dtype << 1 and its bits. */

enum { EVENTS_TO_MEET = HISTORY_KEPT / 2 };
enum { OPERAND_WORDS = 3, MOST_WORDS = 1 + EXECUTED_AXES + LOG_OPERANDS * OPERAND_WORDS };
_Static_assert(MOST_WORDS *HISTORY_KEPT < HISTORY_WORDS, "all events that are kept have theirs");
static const uint64_t FACTOR = 0x9e3779b97f4a7c15u; /* odd */

static uint64_t add_word(uint64_t hash, uint64_t word) { return (hash + word) * FACTOR; }

/* Nothing is planned: what is recorded stays so. */
static QlStatus meet(QlContext *ctx, QlError *error) {
  QL_ERROR(local);
  rt_drops_assume(ctx);
  QL_TRY(rt_agree_sync(ctx, error ? error : &local));
  rt_drops_bury(ctx);
  return QL_OK;
}

/* Where the words of an event begin; there is room for all that it may have. */
static uint32_t room(History *h) {
  uint64_t at = h->word_count % HISTORY_WORDS;
  if (at + MOST_WORDS > HISTORY_WORDS) h->word_count += HISTORY_WORDS - at, at = 0;
  return (uint32_t)at;
}

QlStatus rt_note_begin(QlContext *ctx, Note *note, uint64_t head, int ndim, const int64_t *shape,
                       QlError *error) {
  History *h = &ctx->history;
  if (h->count - h->agreed >= EVENTS_TO_MEET) QL_TRY(meet(ctx, error));
  uint32_t begin = room(h);
  uint64_t *word = h->words + begin, hash = head |= (uint64_t)ndim << 24;
  *word++ = head;
  for (int a = 0; a < ndim; a++) hash = add_word(hash, (uint64_t)shape[a]);
  for (int a = 0; a < QL_MIN(ndim, EXECUTED_AXES); a++) *word++ = (uint64_t)shape[a];
  note->hash = hash, note->arrays = 0, note->word = word, note->begin = begin;
  return QL_OK;
}

void rt_note_array(QlContext *ctx, Note *note, Storage *storage, int64_t offset, int ndim,
                   const int64_t *stride) {
  uint64_t id = rt_storage_number(storage, &ctx->next_id), hash = note->hash;
  hash = add_word(hash, (uint64_t)offset);
  for (int a = 0; a < ndim; a++) hash = add_word(hash, (uint64_t)stride[a]);
  note->hash = hash, note->arrays = add_word(note->arrays, id);
  *note->word++ = id << 1 | 1;
  *note->word++ = (uint64_t)(uintptr_t)storage->made.code;
  *note->word++ = (uint64_t)storage->made.at;
}

void rt_note_scalar(Note *note, QlDtype dtype, const QlValue *value) {
  size_t size = ql_dtype_info[dtype].size;
  uint64_t bits[2] = {0, 0};
  QlKind kind = ql_dtype_info[dtype].kind;
  if (size == 8 || kind == QL_KIND_INT || kind == QL_KIND_UINT)
    bits[0] = value->u; /* in one word, as it was written; integers have 64 bits there */
  else
    memcpy(bits, value, size);
  note->hash = add_word(add_word(add_word(note->hash, dtype), bits[0]), bits[1]);
  *note->word++ = (uint64_t)dtype << 1;
  *note->word++ = bits[0];
  *note->word++ = bits[1];
}

void rt_note_end(QlContext *ctx, const Note *note) {
  History *h = &ctx->history;
  Event *event = &h->kept[h->count++ % HISTORY_KEPT];
  event->kind = EVENT_EXECUTED, event->statement = -1, event->words = note->begin;
  event->hash = note->hash, event->arrays = note->arrays, event->source = rt_source(ctx);
  h->word_count += (uint64_t)(note->word - (h->words + note->begin));
  h->chain = event->chain = chain_with(h->chain, event);
  h->executed_chain = chain_with(h->executed_chain, event);
}

Executed rt_history_executed(const QlContext *ctx, const Event *event) {
  const uint64_t *word = ctx->history.words + event->words;
  uint64_t head = *word++;
  Executed e = {.kind = (StatementKind)(head & 0xff), .ndim = (int)(head >> 24 & 0xff)};
  for (int a = 0; a < QL_MIN(e.ndim, EXECUTED_AXES); a++) e.shape[a] = (int64_t)*word++;
  for (int operands = (int)(head >> 48); operands > 0; operands--, word += OPERAND_WORDS) {
    if (word[0] & 1) {
      e.id[e.arrays] = word[0] >> 1;
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
  QL_TRY(rt_note_begin(ctx, &note, note_head(r->kind, r->op, r->loop, r->axes, r->operands),
                       r->ndim, r->shape, error));
  for (int k = 0; k < r->operands; k++) {
    const RequestOperand *operand = &r->operand[k];
    if (operand->array)
      rt_note_array(ctx, &note, operand->array->storage, operand->array->offset, operand->ndim,
                    operand->stride);
    else
      rt_note_scalar(&note, (QlDtype)operand->dtype, &operand->value);
  }
  rt_note_end(ctx, &note);
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
