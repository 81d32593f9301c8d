/* The log: statements in the order of the program, and nothing but what decides how they are
 * planned.
 *
 * Words, not pointers: storages are named by the order in which the log meets them (slots), scalars
 * by their position. Two stretches of a program that differ only in which arrays and which numbers
 * they use therefore leave the same words, and share a plan.
 *
 *     head       kind | op << 8 | loop << 16 | ndim << 24 | axes << 32 | operands << 48
 *     shape      ndim words: the domain, which is the shape of the input for REDUCE, else that of
 *                the target
 *     operands   each: slot | access << 32 | ndim << 40; offset; ndim strides, all in elements;
 *                or -1 - dtype for the next scalar
 *     kernel     two words of NEST
 *
 * An operand has a stride per axis of the domain; those of NEST, and of CALL if it has spans, have
 * one per axis of the array, and
 * behind them for each axis its extent, dim, step, lo, hi (AxisSpan). With u and v the first arrays
 * that the log meets, of 10 float64 each, `v[1:] = u[:-1] * 2.0` records two statements, of which
 * the second copies. The first, t = u[:-1] * 2.0 with t of 9 elements, is the scalar 2.0 and the
 * words
 *
 *     MAP | MULTIPLY << 8 | F64 << 16 | 1 << 24 | 3 << 48      9      three operands over 9 points:
 *     0 | WRITE << 32 | 1 << 40      0    1                           t, slot 0, from 0 on
 *     1 | READ << 32 | 1 << 40       0    1                           u, slot 1, from 0 on
 *     -1 - F64                                                        the scalar
 */
#include "runtime.h"

#include <stdlib.h>
#include <string.h>

static QlStatus grow(void **items, int64_t count, void *room, bool wide, size_t item, int64_t more,
                     QlError *error) {
  int64_t have = wide ? *(int64_t *)room : *(int *)room;
  if (count + more <= have) return QL_OK;
  int64_t want = QL_MAX(2 * have, count + more + 64);
  void *grown = realloc(*items, (size_t)want * item);
  if (!grown) return ql_fail(error, QL_ERR_MEMORY, "out of memory for the log");
  *items = grown;
  if (wide)
    *(int64_t *)room = want;
  else
    *(int *)room = (int)want;
  return QL_OK;
}

int rt_log_slot(QlContext *ctx, Storage *storage) {
  Log *log = &ctx->log;
  if (storage->log_epoch == log->epoch) return storage->slot;
  if (grow((void **)&log->slots, log->slot_count, &log->slot_room, false, sizeof *log->slots, 1,
           NULL))
    return -1;
  (void)rt_storage_number(storage, &ctx->next_id);
  storage->known = true;
  storage->pins++;
  storage->log_epoch = log->epoch;
  storage->slot = log->slot_count;
  log->slots[log->slot_count++] = storage;
  return storage->slot;
}

const StatementTraits statement_traits[STATEMENT_KINDS] = {
#define STATEMENT(NAME, elementwise, covers, payload, opaque) \
  [STATEMENT_##NAME] = {elementwise, covers, payload, opaque},
#include "statements.def"
#undef STATEMENT
};

/* ---- writing words ---- */

_Static_assert(QL_MAX_DIMS <= 16, "the head has 16 bits for axes");
enum { ACCESS_SHIFT = 32, NDIM_SHIFT = 40, SPANS_SHIFT = 48 }; /* of an operand's first word */
enum { SPAN_WORDS = 5 };

static int ndim_of(int64_t first) { return (int)(first >> NDIM_SHIFT & 0xff); }

static int64_t operand_words(int64_t first) {
  if (first < 0) return 1;
  return 2 + ndim_of(first) * (first >> SPANS_SHIFT ? 1 + SPAN_WORDS : 1);
}

static int64_t *put_operand(int64_t *w, int slot, const RequestOperand *operand) {
  *w++ = slot | (int64_t)operand->access << ACCESS_SHIFT | (int64_t)operand->ndim << NDIM_SHIFT |
         (int64_t)(operand->spans != NULL) << SPANS_SHIFT;
  *w++ = operand->array->offset;
  for (int a = 0; a < operand->ndim; a++) *w++ = operand->stride[a];
  for (int a = 0; a < operand->ndim && operand->spans; a++) {
    const AxisSpan *span = &operand->spans[a];
    *w++ = operand->array->shape[a];
    *w++ = span->dim, *w++ = span->step, *w++ = span->lo, *w++ = span->hi;
  }
  return w;
}

static uint64_t hash_scalar(uint64_t hash, const LogScalar *s) {
  size_t size = ql_dtype_info[s->dtype].size;
  uint64_t bits[2] = {0, 0};
  memcpy(bits, &s->value, size);
  return ql_mix(hash, bits[0] ^ (size > 8 ? ql_mix(bits[1], 1) : 0));
}

void rt_log_seal(Log *log) {
  Statement *s = &log->statements[log->count - 1];
  s->hash = ql_hash_bytes(0, log->words + s->words, s->word_count * sizeof *log->words);
  s->values_hash = 0;
  for (int k = (int)s->scalars; k < log->scalar_count; k++)
    s->values_hash = hash_scalar(s->values_hash, &log->scalars[k]);
}

static QlStatus make_room(Log *log, int statements, int64_t words, int operands, QlError *error) {
  QL_TRY(grow((void **)&log->statements, log->count, &log->room, false, sizeof *log->statements,
              statements, error));
  QL_TRY(grow((void **)&log->words, log->word_count, &log->word_room, true, sizeof *log->words,
              words, error));
  QL_TRY(grow((void **)&log->slots, log->slot_count, &log->slot_room, false, sizeof *log->slots,
              operands, error));
  return grow((void **)&log->scalars, log->scalar_count, &log->scalar_room, false,
              sizeof *log->scalars, operands, error);
}

static int64_t most_words(int ndim, int operands, bool spans) {
  return 1 + ndim + (int64_t)operands * (2 + QL_MAX_DIMS * (spans ? 1 + SPAN_WORDS : 1)) +
         (spans ? 2 : 0);
}

QlStatus rt_log_reserve(QlContext *ctx, int statements, QlError *error) {
  int operands = statements * LOG_OPERANDS;
  return make_room(&ctx->log, statements, statements * most_words(QL_MAX_DIMS, LOG_OPERANDS, false),
                   operands, error);
}

static void note_event(QlContext *ctx, const LogRequest *r, const Statement *s) {
  uint32_t at = (uint32_t)ctx->log.count - 1;
  Event event = {.kind = EVENT_STATEMENT, .at = at, .source = s->source};
  event.hash = ql_mix(s->hash, s->values_hash);
  for (int k = 0; k < r->operands; k++) {
    Storage *storage = r->operand[k].array ? r->operand[k].array->storage : NULL;
    if (!storage) continue;
    event.arrays = ql_mix(event.arrays, rt_storage_name(storage, &ctx->next_id));
    if (r->operand[k].access & LOG_WRITE) storage->origin = 0; /* its own name from now on */
  }
  rt_history_add(ctx, &event);
}

QlStatus rt_log_append(QlContext *ctx, const LogRequest *r, QlError *error) {
  Log *log = &ctx->log;
  if (rt_parts_in(r)) return rt_parts_append(ctx, r, error);
  QlStatus status = QL_OK;
  if (rt_immediate(ctx, r, &status, error)) return status;
  int64_t words = most_words(r->ndim, r->operands, statement_traits[r->kind].opaque);
  if (make_room(log, 1, words, r->operands, NULL)) return rt_history_lacks(ctx, "the log", error);
  /* Nothing fails from here on, where storages are given numbers. */
  Statement *s = &log->statements[log->count]; /* it and what it has count when all is there */
  *s = (Statement){.kind = (uint8_t)r->kind,
                   .op = (uint8_t)r->op,
                   .loop = (uint8_t)r->loop,
                   .ndim = (uint8_t)r->ndim,
                   .axes = (uint16_t)r->axes,
                   .operands = (uint16_t)r->operands,
                   .words = (uint32_t)log->word_count,
                   .scalars = (uint32_t)log->scalar_count,
                   .source = rt_source(ctx),
                   .payload = r->payload};
  LogScalar *scalar = log->scalars + log->scalar_count;
  int64_t *w = log->words + log->word_count;
  *w++ = (int64_t)r->kind | (int64_t)r->op << 8 | (int64_t)r->loop << 16 | (int64_t)r->ndim << 24 |
         (int64_t)r->axes << 32 | (int64_t)r->operands << 48;
  for (int a = 0; a < r->ndim; a++) *w++ = r->shape[a];
  for (int k = 0; k < r->operands; k++) {
    const RequestOperand *operand = &r->operand[k];
    if (operand->array) {
      Storage *storage = operand->array->storage;
      w = put_operand(w, rt_log_slot(ctx, storage), operand);
      if (operand->access & LOG_WRITE) storage->stored_epoch = log->epoch;
    } else {
      *w++ = -1 - (int64_t)operand->dtype;
      *scalar++ = (LogScalar){operand->value, (QlDtype)operand->dtype};
    }
  }
  if (r->kernel) *w++ = (int64_t)r->kernel->word[0], *w++ = (int64_t)r->kernel->word[1];
  log->word_count = w - log->words, log->scalar_count = (int)(scalar - log->scalars);
  s->word_count = (uint32_t)log->word_count - s->words;
  s->scalar_count = (uint32_t)log->scalar_count - s->scalars;
  log->count++;
  rt_log_seal(log);
  rt_pace_note(&ctx->pace, r);
  log->stored = r->operand[0].array ? r->operand[0].array->storage : NULL;
  ctx->counters.statements++;
  note_event(ctx, r, s);
  return QL_OK;
}

void rt_log_copy(QlContext *ctx, const Log *from, int number) {
  Log *log = &ctx->log;
  Statement s = from->statements[number];
  int64_t *words = log->words + log->word_count, *w = words + 1 + s.ndim;
  memcpy(words, from->words + s.words, s.word_count * sizeof *words);
  memcpy(log->scalars + log->scalar_count, from->scalars + s.scalars,
         s.scalar_count * sizeof *log->scalars);
  for (int k = 0; k < s.operands; k++, w += operand_words(*w))
    if (*w >= 0) *w += rt_log_slot(ctx, from->slots[(uint32_t)*w]) - (int64_t)(uint32_t)*w;
  s.words = (uint32_t)log->word_count, s.scalars = (uint32_t)log->scalar_count;
  log->word_count += s.word_count, log->scalar_count += (int)s.scalar_count;
  log->statements[log->count++] = s;
  rt_log_seal(log);
}

/* ---- reading them ---- */

const int64_t *log_shape(const Log *log, const Statement *s) { return log->words + s->words + 1; }

bool log_operand(const Log *log, const Statement *s, int k, LogOperand *operand) {
  const int64_t *w = log_shape(log, s) + s->ndim;
  int scalar = (int)s->scalars;
  for (; k > 0; k--) scalar += *w < 0, w += operand_words(*w);
  if (*w < 0) {
    operand->access = LOG_READ, operand->ndim = 0;
    operand->view.slot = -1, operand->scalar = scalar, operand->spans = NULL;
    return false;
  }
  operand->access = (LogAccess)(*w >> ACCESS_SHIFT & 0xff), operand->ndim = ndim_of(*w);
  operand->spans = *w >> SPANS_SHIFT ? w + 2 + operand->ndim : NULL;
  operand->view.slot = (int)(uint32_t)*w, operand->view.offset = w[1];
  operand->view.origin = (uint32_t)(w - log->words);
  memcpy(operand->view.stride, w + 2, (size_t)operand->ndim * sizeof *w);
  return true;
}

AxisSpan log_span(const LogOperand *operand, int axis, int64_t *extent) {
  const int64_t *w = operand->spans + (int64_t)axis * SPAN_WORDS;
  *extent = w[0];
  return (AxisSpan){.dim = (int)w[1], .step = w[2], .lo = w[3], .hi = w[4]};
}

JitKey log_kernel(const Log *log, const Statement *s) {
  const int64_t *w = log->words + s->words + s->word_count - 2;
  return (JitKey){{(uint64_t)w[0], (uint64_t)w[1]}};
}

bool log_accesses(const Log *log, const Statement *s, LogAccess access, int slot) {
  LogOperand operand;
  for (int k = 0; k < s->operands; k++)
    if (log_operand(log, s, k, &operand) && operand.access & access &&
        (slot < 0 || operand.view.slot == slot))
      return true;
  return false;
}

/* ---- its end ---- */

void rt_log_fresh(QlContext *ctx, const QlArray *made) {
  Log *log = &ctx->log;
  log->made = made->storage, log->made_bytes = made->size * ql_dtype_info[made->dtype].size;
  if (__builtin_add_overflow(log->fresh_bytes, log->made_bytes, &log->fresh_bytes))
    log->fresh_bytes = INT64_MAX;
}

void rt_log_clear(QlContext *ctx) {
  Log *log = &ctx->log;
  for (int k = 0; k < log->count; k++) free(log->statements[k].payload);
  for (int k = 0; k < log->slot_count; k++) rt_storage_unpin(log->slots[k]);
  log->count = log->scalar_count = log->slot_count = 0;
  log->word_count = 0, log->fresh_bytes = 0, log->at_end_of_assignment = false;
  log->made = log->stored = NULL, log->due_since = log->waiting = 0;
  log->epoch++;
  rt_pace_begin(&ctx->pace);
}
