/* The log: statements in the order of the program, and nothing but what decides how they are
 * planned.
 *
 * Words, not pointers: storages are named by the order in which the log meets them (slots), scalars
 * by their position. Two stretches of a program that differ only in which arrays and which numbers
 * they use therefore leave the same words, and share a plan.
 *
 *     head      kind | op << 8 | loop << 16 | ndim << 24 | inputs << 32 | axis << 40
 *     [axes]    REDUCE: bit mask
 *     shape     ndim words
 *     target    slot, offset, ndim strides
 *     inputs    each: slot, offset, ndim strides; or -1 - dtype for the next scalar
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
  storage->pins++;
  storage->log_epoch = log->epoch;
  storage->slot = log->slot_count;
  log->slots[log->slot_count++] = storage;
  return storage->slot;
}

static int64_t *put_operand(int64_t *w, int slot, int64_t offset, int ndim, const int64_t *stride) {
  *w++ = slot, *w++ = offset;
  for (int a = 0; a < ndim; a++) *w++ = stride[a];
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

QlStatus rt_log_append(QlContext *ctx, const LogRequest *r, QlError *error) {
  Log *log = &ctx->log;
  if (rt_parts_in(r)) return rt_parts_append(ctx, r, error);
  QL_TRY(grow((void **)&log->statements, log->count, &log->room, false, sizeof *log->statements, 1,
              error));
  QL_TRY(grow((void **)&log->words, log->word_count, &log->word_room, true, sizeof *log->words,
              2 + r->ndim + 4 * (2 + r->ndim), error));
  QL_TRY(grow((void **)&log->scalars, log->scalar_count, &log->scalar_room, false,
              sizeof *log->scalars, 3, error));
  int target = rt_log_slot(ctx, r->target->storage), slots[3];
  if (target < 0) return ql_fail(error, QL_ERR_MEMORY, "out of memory for the log");
  for (int k = 0; k < r->inputs; k++)
    if (r->input[k].array && (slots[k] = rt_log_slot(ctx, r->input[k].array->storage)) < 0)
      return ql_fail(error, QL_ERR_MEMORY, "out of memory for the log");

  Statement *s = &log->statements[log->count++];
  *s = (Statement){.kind = (uint8_t)r->kind,
                   .op = (uint8_t)r->op,
                   .loop = (uint8_t)r->loop,
                   .ndim = (uint8_t)r->ndim,
                   .inputs = (uint8_t)r->inputs,
                   .axis = (uint8_t)r->axis,
                   .axes = r->axes,
                   .words = (uint32_t)log->word_count,
                   .scalars = (uint32_t)log->scalar_count,
                   .source = ctx->source,
                   .payload = r->payload};
  int64_t *w = log->words + log->word_count;
  *w++ = (int64_t)r->kind | (int64_t)r->op << 8 | (int64_t)r->loop << 16 | (int64_t)r->ndim << 24 |
         (int64_t)r->inputs << 32 | (int64_t)r->axis << 40;
  if (r->kind == STATEMENT_REDUCE) *w++ = r->axes;
  for (int a = 0; a < r->ndim; a++) *w++ = r->shape[a];
  w = put_operand(w, target, r->target->offset, r->ndim, r->target_stride);
  for (int k = 0; k < r->inputs; k++) {
    const LogOperand *in = &r->input[k];
    if (in->array)
      w = put_operand(w, slots[k], in->array->offset, r->ndim, in->stride);
    else
      *w++ = -1 - (int64_t)in->dtype,
      log->scalars[log->scalar_count++] = (LogScalar){in->value, in->dtype};
  }
  if (r->kind == STATEMENT_IMPORT)
    log->scalars[log->scalar_count++] = (LogScalar){{.u = r->contents}, QL_U64};
  log->word_count = w - log->words;
  s->word_count = (uint32_t)(log->word_count - s->words);
  rt_log_seal(log);
  rt_pace_note(&ctx->pace, r);
  ctx->counters.statements++;
  return QL_OK;
}

void rt_log_fresh(QlContext *ctx, const QlArray *made) {
  int64_t *bytes = &ctx->log.fresh_bytes;
  if (__builtin_add_overflow(*bytes, made->size * ql_dtype_info[made->dtype].size, bytes))
    *bytes = INT64_MAX;
}

void rt_log_clear(QlContext *ctx) {
  Log *log = &ctx->log;
  for (int k = 0; k < log->count; k++) free(log->statements[k].payload);
  for (int k = 0; k < log->slot_count; k++) rt_storage_unpin(log->slots[k]);
  log->count = log->scalar_count = log->slot_count = 0;
  log->word_count = 0, log->fresh_bytes = 0, log->at_end_of_assignment = false;
  log->epoch++;
  rt_pace_begin(&ctx->pace);
}
