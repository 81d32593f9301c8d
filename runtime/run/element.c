/* Single elements on the immediate path: arrays of no axes are what a Python loop over elements is
 * made of, and must cost no more than a few of Python's own operations. Each call here does what
 * the general one would, or leaves it to that. */
#include "log/note.h"

#include <string.h>

/* Where the immediate path may read, or store, the element of that offset; NULL: nowhere. */
static char *address_of(const QlArray *array, int64_t offset, LogAccess access) {
  QlContext *ctx = array->context;
  const Storage *storage = array->storage;
  if (!rt_is_immediate(ctx) || !storage->block || storage->poisoned || array->part) return NULL;
  if (!rt_is_own(storage)) {
    if (access == LOG_WRITE || ctx->info->node_count > 1) return NULL;
    rt_wait_node(ctx);
  }
  return storage->block->data + offset * (int64_t)ql_dtype_info[storage->dtype].size;
}

/* A computed array of no axes for that value, which is still to be put there. */
static QlArray *element_new(QlContext *ctx, QlDtype dtype) {
  QlArray *array;
  if (ctx->element_count) return rt_element_again(ctx, dtype);
  if (rt_array_new(ctx, dtype, 0, NULL, &array, NULL)) return NULL;
  if (rt_immediate_memory(ctx, array->storage)) return array;
  ql_release(array);
  return NULL;
}

static JitElements seen(const QlArray *array, char *at) {
  return (JitElements){.at = at, .dtype = (QlDtype)array->dtype};
}

/* ---- what several ranks must do alike: the statement that the general path would record ---- */

/* Of one element of each, or of the source's value. */
static QlStatus executes_copy(QlContext *ctx, const QlArray *target, int64_t to,
                              const QlArray *source, int64_t from, const QlValue *value,
                              QlError *error) {
  Note note;
  if (ctx->info->size == 1) return QL_OK;
  uint64_t head = note_head(STATEMENT_COPY, 0, target->dtype, 0, 2);
  QL_TRY(note_begin(ctx, &note, head, 0, NULL, error));
  note_target(ctx, &note, target->storage, to, 0, NULL);
  if (source)
    note_array(ctx, &note, source->storage, from, 0, NULL);
  else
    note_scalar(&note, (QlDtype)target->dtype, value);
  note_end(ctx, &note);
  return QL_OK;
}

/* Of elements, and of scalars as the operation gets them. */
static QlStatus executes_map(QlContext *ctx, QlOp op, QlDtype loop, QlArray *made, int count,
                             const QlOperand *in, const JitElements *seen, QlError *error) {
  Note note;
  if (ctx->info->size == 1) return QL_OK;
  uint64_t head = note_head(STATEMENT_MAP, op, loop, 0, count + 1);
  QL_TRY(note_begin(ctx, &note, head, 0, NULL, error));
  note_array(ctx, &note, made->storage, 0, 0, NULL);
  for (int k = 0; k < count; k++)
    if (in[k].array)
      note_array(ctx, &note, in[k].array->storage, in[k].array->offset, 0, NULL);
    else
      note_scalar(&note, seen[k].dtype, &seen[k].value);
  note_end(ctx, &note);
  return QL_OK;
}

/* ---- the calls ---- */

bool rt_element_map(QlContext *ctx, QlOp op, QlDtype loop, QlDtype dtype, int count,
                    const QlOperand *in, QlArray **result, QlStatus *status, QlError *error) {
  JitElements operand[LOG_OPERANDS];
  if (rt_compares_signs(op, loop)) return false;
  for (int k = 0; k < count; k++) {
    QlArray *array = in[k].array;
    if (!array) {
      QlDtype as = ql_op_input(op, k, in[k].scalar.dtype, loop);
      operand[k] = (JitElements){.dtype = as, .value = ql_scalar_as(&in[k].scalar, as)};
      continue;
    }
    char *at = array->ndim ? NULL : address_of(array, array->offset, LOG_READ);
    if (!at || rt_is_stored(array->storage)) return false;
    operand[k] = seen(array, at);
  }
  QlArray *made = element_new(ctx, dtype);
  if (!made) return false;
  if ((*status = executes_map(ctx, op, loop, made, count, in, operand, error))) {
    ql_release(made);
    return true;
  }
  JitElements target = seen(made, made->storage->block->data);
  QlFloats floats = ql_floats_enter();
  jit_map_elements(op, loop, count, operand, &target, 1);
  ql_floats_leave(floats);
  ctx->counters.immediate++;
  *result = made;
  return true;
}

/* ---- float64 ---- */

/* The dtype of the result; QL_DTYPE_NONE: another operation. */
static QlDtype compute(QlOp op, double a, double b, QlValue *c) {
  switch (op) {
    case QL_OP_ADD: c->d = a + b; return QL_F64;
    case QL_OP_SUBTRACT: c->d = a - b; return QL_F64;
    case QL_OP_MULTIPLY: c->d = a * b; return QL_F64;
    case QL_OP_DIVIDE: c->d = a / b; return QL_F64;
    case QL_OP_LESS: c->b = a < b; return QL_BOOL;
    case QL_OP_LESS_EQUAL: c->b = a <= b; return QL_BOOL;
    case QL_OP_EQUAL: c->b = a == b; return QL_BOOL;
    case QL_OP_NOT_EQUAL: c->b = a != b; return QL_BOOL;
    case QL_OP_GREATER: c->b = a > b; return QL_BOOL;
    case QL_OP_GREATER_EQUAL: c->b = a >= b; return QL_BOOL;
    default: return QL_DTYPE_NONE;
  }
}

/* What an operand brings into arithmetic of float64. */
static bool number_of(const QlContext *ctx, const QlOperand *in, double *number) {
  const QlArray *array = in->array;
  if (!array) {
    bool is_integer = in->scalar.dtype == QL_I64;
    *number = is_integer ? (double)in->scalar.value.i : in->scalar.value.d;
    return is_integer || in->scalar.dtype == QL_F64;
  }
  if (array->ndim || array->dtype != QL_F64 || array->context != ctx) return false;
  const char *at = address_of(array, array->offset, LOG_READ);
  if (!at || rt_is_stored(array->storage)) return false;
  memcpy(number, at, sizeof *number);
  return true;
}

/* As executes_map. */
static QlStatus executes_numbers(QlContext *ctx, QlOp op, QlArray *made, const QlOperand *in,
                                 const double *number, QlError *error) {
  Note note;
  if (ctx->info->size == 1) return QL_OK;
  QL_TRY(note_begin(ctx, &note, note_head(STATEMENT_MAP, op, QL_F64, 0, 3), 0, NULL, error));
  note_array(ctx, &note, made->storage, 0, 0, NULL);
  for (int k = 0; k < 2; k++)
    if (in[k].array)
      note_array(ctx, &note, in[k].array->storage, in[k].array->offset, 0, NULL);
    else
      note_scalar(&note, QL_F64, &(QlValue){.d = number[k]});
  note_end(ctx, &note);
  return QL_OK;
}

bool rt_element_compute(QlContext *ctx, QlOp op, const QlOperand *in, QlArray **result,
                        QlStatus *status, QlError *error) {
  double number[2];
  QlValue value = {0};
  if (!(in[0].array || in[1].array) || !number_of(ctx, &in[0], &number[0]) ||
      !number_of(ctx, &in[1], &number[1]))
    return false;
  QlFloats floats = ql_floats_enter();
  QL_FLOATS_HOLD(number);
  QlDtype dtype = compute(op, number[0], number[1], &value);
  QL_FLOATS_HOLD(value);
  ql_floats_leave(floats);
  QlArray *made = dtype == QL_DTYPE_NONE ? NULL : element_new(ctx, dtype);
  if (!made) return false;
  if ((*status = executes_numbers(ctx, op, made, in, number, error))) {
    ql_release(made);
    return true;
  }
  if (dtype == QL_F64)
    memcpy(made->storage->block->data, &value.d, sizeof value.d);
  else
    memcpy(made->storage->block->data, &value.b, sizeof value.b);
  ctx->counters.immediate++;
  ctx->log.at_end_of_assignment = false;
  *result = made;
  return true;
}

/* ---- reading and writing ---- */

QlStatus ql_get_element(QlArray *array, int64_t offset, QlArray **element, QlError *error) {
  QlContext *ctx = array->context;
  QL_TRY(rt_log_due(ctx, error));
  const char *at = address_of(array, offset, LOG_READ);
  QlArray *made =
      at && !rt_is_stored(array->storage) ? element_new(ctx, (QlDtype)array->dtype) : NULL;
  if (made) {
    QlStatus status = QL_OK;
    if (ctx->info->size > 1 && !note_origin(ctx, made->storage, array->storage, offset) &&
        (status = executes_copy(ctx, made, 0, array, offset, NULL, error))) {
      ql_release(made);
      return status;
    }
    ctx->log.at_end_of_assignment = false;
    ctx->counters.immediate++;
    memcpy(made->storage->block->data, at, ql_dtype_info[array->dtype].size);
    *element = made;
    return QL_OK;
  }
  QlArray *view;
  QL_TRY(ql_view(array, 0, NULL, NULL, offset, &view, error));
  QlStatus status = ql_astype(ctx, view, (QlDtype)array->dtype, QL_ORDER_C, element, error);
  ql_release(view);
  return status;
}

/* Stores it at once, where nothing pending reads or stores the array, and no export shows it. */
static bool put_element(QlArray *array, int64_t offset, const QlOperand *value, QlStatus *status,
                        QlError *error) {
  QlContext *ctx = array->context;
  char *to = address_of(array, offset, LOG_WRITE), *from;
  if (!to || array->readonly || rt_is_pending(array->storage) ||
      array->storage->block->references > 1)
    return false;
  JitElements source = {.dtype = (QlDtype)array->dtype}, target = seen(array, to);
  if (!value->array) {
    QlError unused;
    if (rt_check_assigned(&value->scalar, (QlDtype)array->dtype, ql_no_error(&unused)))
      return false;
    source.value = ql_scalar_as(&value->scalar, source.dtype);
  } else {
    if (value->array->context != ctx || value->array->ndim) return false;
    from = address_of(value->array, value->array->offset, LOG_READ);
    /* also where it is only read: the general path, which a rank takes whose snapshot shares the
     * array, decides like this */
    if (!from || rt_is_pending(value->array->storage)) return false;
    source = seen(value->array, from);
  }
  const QlArray *read = value->array;
  *status = executes_copy(ctx, array, offset, read, read ? read->offset : 0, &source.value, error);
  if (*status) return true;
  QlFloats floats = ql_floats_enter();
  jit_copy_elements(target.dtype, &source, &target, 1);
  ql_floats_leave(floats);
  rt_place_stays(array->storage);
  ctx->counters.immediate++;
  return true;
}

QlStatus ql_set_element(QlArray *array, int64_t offset, const QlOperand *value, QlError *error) {
  QlContext *ctx = array->context;
  QL_TRY(rt_log_due(ctx, error));
  QlStatus status = QL_OK;
  if (put_element(array, offset, value, &status, error)) {
    ctx->log.at_end_of_assignment = !status;
    return status;
  }
  QlArray *view;
  QL_TRY(ql_view(array, 0, NULL, NULL, offset, &view, error));
  status = ql_assign(ctx, view, value, error);
  ql_release(view);
  return status;
}
