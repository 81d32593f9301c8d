/* Recording elementwise operations and assignments: shapes are broadcast, dtypes resolved and
 * errors raised here, on the user's line; then a statement enters the log. */
#include "runtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- dtypes ---- */

QlStatus ql_resolve(QlOp op, int count, const QlOperand *in, QlDtype dtype, QlDtype *loop,
                    QlDtype *result, QlError *error) {
  QlScalar inputs[3];
  for (int k = 0; k < count; k++)
    if (in[k].array)
      inputs[k] = (QlScalar){.dtype = (QlDtype)in[k].array->dtype};
    else
      inputs[k] = in[k].scalar;
  if (dtype == QL_DTYPE_NONE) return ql_op_resolve(op, inputs, loop, result, error);
  return ql_op_resolve_as(op, inputs, dtype, loop, result, error);
}

/* ---- shapes ---- */

int rt_shape_text(char *text, size_t size, int ndim, const int64_t *shape) {
  int n = snprintf(text, size, "(");
  for (int a = 0; a < ndim && n < (int)size; a++)
    n += snprintf(text + n, size - (size_t)n, "%s%lld%s", a ? "," : "", (long long)shape[a],
                  ndim == 1 ? "," : "");
  return n < (int)size ? n + snprintf(text + n, size - (size_t)n, ")") : n;
}

static QlStatus fail_broadcast(int count, QlArray *const *arrays, QlError *error) {
  char text[400] = "";
  size_t n = 0;
  for (int k = 0; k < count; k++) {
    if (!arrays[k] || n > 300) continue;
    n += (size_t)rt_shape_text(text + n, sizeof text - n, arrays[k]->ndim, arrays[k]->shape);
    text[n++] = ' ', text[n] = 0;
  }
  return ql_fail(error, QL_ERR_VALUE, "operands could not be broadcast together with shapes %s",
                 text);
}

static bool same_shape(const QlArray *a, const QlArray *b) {
  if (a->ndim != b->ndim) return false;
  for (int k = 0; k < a->ndim; k++)
    if (a->shape[k] != b->shape[k]) return false;
  return true;
}

static QlStatus broadcast_shapes(int count, QlArray *const *arrays, int *ndim, int64_t *shape,
                                 QlError *error) {
  *ndim = 0;
  for (int k = 0; k < count; k++)
    if (arrays[k]) *ndim = QL_MAX(*ndim, arrays[k]->ndim);
  for (int a = 0; a < *ndim; a++) shape[a] = 1;
  for (int k = 0; k < count; k++) {
    if (!arrays[k]) continue;
    int lead = *ndim - arrays[k]->ndim;
    for (int a = 0; a < arrays[k]->ndim; a++) {
      int64_t extent = arrays[k]->shape[a], *have = &shape[lead + a];
      if (extent == *have || extent == 1) continue;
      if (*have != 1) return fail_broadcast(count, arrays, error);
      *have = extent;
    }
  }
  return QL_OK;
}

static bool is_empty(int ndim, const int64_t *shape) {
  for (int a = 0; a < ndim; a++)
    if (shape[a] == 0) return true;
  return false;
}

/* Strides of an array broadcast to a shape that it is known to fit. */
static void broadcast_strides(const QlArray *array, int ndim, const int64_t *shape,
                              int64_t *stride) {
  int lead = ndim - array->ndim;
  for (int a = 0; a < ndim; a++) {
    bool moves = a >= lead && (array->shape[a - lead] == shape[a]) && shape[a] != 1;
    stride[a] = moves ? array->strides[a - lead] : 0;
  }
}

/* ---- inputs ---- */

QlStatus rt_check_input(const QlContext *ctx, const QlArray *array, QlError *error) {
  if (array->context != ctx)
    return ql_fail(error, QL_ERR_STATE,
                   "arrays of different contexts (communicators) cannot be mixed");
  if (array->storage->poisoned)
    return ql_fail(error, QL_ERR_STATE,
                   "this array has no value: the statement that computes it was lost in an "
                   "execution that failed or was interrupted");
  return QL_OK;
}

/* The operands of an elementwise statement under construction. */
typedef struct Operands {
  RequestOperand list[LOG_OPERANDS];
  int64_t stride[LOG_OPERANDS][QL_MAX_DIMS]; /* of those that are not seen as they are */
} Operands;

/* Gives the request its target, and the inputs seen from it. */
static void set_operands(LogRequest *request, const QlArray *target, int count, const QlOperand *in,
                         Operands *operands) {
  int ndim = request->ndim;
  request->operand = operands->list, request->operands = 1 + count;
  operands->list[0] = request_array(LOG_WRITE, target, ndim, target->strides);
  for (int k = 0; k < count; k++) {
    RequestOperand *operand = &operands->list[1 + k];
    const QlArray *array = in[k].array;
    if (array && array->ndim == ndim &&
        !memcmp(array->shape, request->shape, (size_t)ndim * sizeof(int64_t))) {
      *operand = request_array(LOG_READ, array, ndim, array->strides);
    } else if (array) {
      broadcast_strides(array, ndim, request->shape, operands->stride[1 + k]);
      *operand = request_array(LOG_READ, array, ndim, operands->stride[1 + k]);
    } else {
      QlDtype loop = (QlDtype)request->loop;
      if (request->kind == STATEMENT_MAP)
        loop = ql_op_input(request->op, k, in[k].scalar.dtype, loop);
      *operand = request_scalar(loop, ql_scalar_as(&in[k].scalar, loop));
    }
  }
}

/* ---- new arrays ---- */

/* Records into a new array, whose axes lie in C order or, when it is given, in `order`: then the
 * statement's domain is seen in that order, in which the array is a plain C-order one, and the
 * handle is a view of it. */
static QlStatus record_new(QlContext *ctx, const LogRequest *request, QlDtype dtype, int ndim,
                           const int64_t *shape, const int *order, int count, const QlOperand *in,
                           QlArray **result, QlError *error) {
  int64_t lying_shape[QL_MAX_DIMS];
  Operands operands;
  QlArray *made;
  QL_TRY(order ? rt_array_new_in_order(ctx, dtype, ndim, shape, order, &made, error)
               : rt_array_new(ctx, dtype, ndim, shape, &made, error));
  rt_log_fresh(ctx, made);
  LogRequest r = *request;
  r.ndim = ndim, r.shape = shape;
  set_operands(&r, made, count, in, &operands);
  if (order) {
    int64_t *lying_stride = operands.stride[0];
    for (int a = 0; a < ndim; a++)
      lying_shape[a] = shape[order[a]], lying_stride[a] = made->strides[order[a]];
    for (int k = 1; k <= count; k++) {
      int64_t seen[QL_MAX_DIMS];
      if (!operands.list[k].array) continue;
      for (int a = 0; a < ndim; a++) seen[a] = operands.list[k].stride[order[a]];
      memcpy(operands.stride[k], seen, (size_t)ndim * sizeof *seen);
      operands.list[k].stride = operands.stride[k];
    }
    r.shape = lying_shape, operands.list[0].stride = lying_stride;
  }
  QlStatus status = made->size ? rt_log_append(ctx, &r, error) : QL_OK;
  if (status)
    ql_release(made);
  else
    *result = made;
  return status;
}

/* ---- power by one number, which NumPy's loops over float32 and float64 simplify ---- */

static QlOp simplify_power(const QlOperand *in, QlDtype loop) {
  if (in[1].array) return QL_OP_POWER;
  QlValue exponent = ql_convert(in[1].scalar.dtype, in[1].scalar.value, QL_F64);
  if (ql_dtype_info[in[1].scalar.dtype].kind == QL_KIND_COMPLEX) return QL_OP_POWER;
  if (exponent.d == 2) return QL_OP_SQUARE;
  if (exponent.d == 1) return QL_OP_POSITIVE;
  if (loop == QL_F32 || loop == QL_F64) {
    if (exponent.d == 0.5) return QL_OP_SQRT;
    if (exponent.d == -1) return QL_OP_RECIPROCAL;
  }
  return QL_OP_POWER;
}

/* Has it one value, everywhere? */
static bool is_one_value(const QlArray *array) {
  for (int a = 0; array && a < array->ndim; a++)
    if (array->shape[a] != 1 && array->strides[a] != 0) return false;
  return array && array->size > 0;
}

/* The element that is everywhere, as an array whose axes say nothing of where others lie. */
static QlStatus view_of_one(QlArray *array, QlArray **one, QlError *error) {
  int64_t shape[QL_MAX_DIMS];
  for (int a = 0; a < array->ndim; a++) shape[a] = 1;
  return ql_view(array, array->ndim, shape, array->strides, array->offset, one, error);
}

static bool is_power_by_one(QlOp op, const QlOperand *in, QlDtype loop) {
  return op == QL_OP_POWER && (loop == QL_F32 || loop == QL_F64) && is_one_value(in[1].array) &&
         in[0].array && in[0].array->size > 1;
}

static QlStatus apply_plainly(QlContext *ctx, QlOp op, int count, const QlOperand *in, QlArray *out,
                              const QlOperand *where, QlDtype dtype, QlArray **result,
                              QlError *error);

/* The same for an exponent that is computed: what NumPy's loop would take is chosen by its value.
 */
static QlStatus power_by_one(QlContext *ctx, const QlOperand *in, QlArray *out, QlDtype loop,
                             QlArray **result, QlError *error) {
  static const struct {
    double exponent;
    QlOp op;
  } simple[] = {{2, QL_OP_SQUARE}, {-1, QL_OP_RECIPROCAL}, {0.5, QL_OP_SQRT}};
  enum { LAST = 2 };
  QlArray *value = NULL, *one = NULL;
  QlStatus status = view_of_one(in[1].array, &one, error);
  if (!status) status = apply_plainly(ctx, QL_OP_POWER, 2, in, NULL, NULL, loop, &value, error);
  for (int k = 0; k <= LAST && !status; k++) {
    QlArray *is_it = NULL, *simpler = NULL, *chosen = NULL;
    QlOperand equal[2] = {{.array = one},
                          {.scalar = {.value = {.d = simple[k].exponent}, QL_F64, true}}};
    status = ql_ufunc(ctx, QL_OP_EQUAL, 2, equal, NULL, NULL, QL_DTYPE_NONE, &is_it, error);
    if (!status) status = ql_ufunc(ctx, simple[k].op, 1, in, NULL, NULL, loop, &simpler, error);
    QlOperand select[3] = {{.array = is_it}, {.array = simpler}, {.array = value}};
    if (!status)
      status = ql_ufunc(ctx, QL_OP_SELECT, 3, select, k == LAST ? out : NULL, NULL, QL_DTYPE_NONE,
                        &chosen, error);
    ql_release(is_it), ql_release(simpler), ql_release(value);
    value = chosen;
  }
  ql_release(one);
  if (!status) *result = value;
  return status;
}

/* NumPy's loops over integers refuse negative exponents. Those of an array are looked at, where the
 * mask lets them count: collective. */
static QlStatus check_exponents(QlContext *ctx, const QlOperand *exponent, const QlOperand *where,
                                QlError *error) {
  QlOperand against_zero[2] = {*exponent, {.scalar = {.dtype = QL_I64, .weak = true}}}, counts[2];
  QlArray *negative = NULL, *both = NULL, *any = NULL;
  QlScalar found;
  QlStatus status =
      ql_ufunc(ctx, QL_OP_LESS, 2, against_zero, NULL, NULL, QL_DTYPE_NONE, &negative, error);
  if (status) return status;
  if (where) {
    counts[0] = (QlOperand){.array = negative}, counts[1] = *where;
    if ((status =
             ql_ufunc(ctx, QL_OP_LOGICAL_AND, 2, counts, NULL, NULL, QL_DTYPE_NONE, &both, error)))
      goto out;
  }
  QlArray *asked = both ? both : negative;
  status = ql_reduce(ctx, QL_REDUCE_ANY, asked, (1u << asked->ndim) - 1, false, QL_DTYPE_NONE, NULL,
                     &any, error);
  if (!status) status = ql_item(any, &found, error);
  if (!status && found.value.b)
    status = ql_fail(error, QL_ERR_VALUE, "Integers to negative integer powers are not allowed.");
out:
  if (any) ql_release(any);
  if (both) ql_release(both);
  ql_release(negative);
  return status;
}

static bool is_signed(const QlArray *array) {
  return array && ql_dtype_info[array->dtype].kind == QL_KIND_INT;
}

enum { MULTIPLIED_POWER = 64 };

/* The exponent of an integer array's power that is a few multiplications, which wrap around as the
 * power does; 0: it is none. */
static int multiplied_power(QlOp op, const QlOperand *in, QlDtype loop) {
  if (op != QL_OP_POWER || !in[0].array || in[1].array || in[0].array->dtype != loop ||
      ql_dtype_info[loop].kind > QL_KIND_UINT)
    return 0;
  if (ql_dtype_info[in[1].scalar.dtype].kind > QL_KIND_UINT) return 0;
  int64_t exponent = ql_convert(in[1].scalar.dtype, in[1].scalar.value, QL_I64).i;
  return exponent > 2 && exponent <= MULTIPLIED_POWER ? (int)exponent : 0;
}

/* By squaring. */
static QlStatus multiply_power(QlContext *ctx, QlArray *base, int exponent, QlArray *out,
                               QlArray **result, QlError *error) {
  if (exponent == 2)
    return ql_ufunc(ctx, QL_OP_SQUARE, 1, &(QlOperand){.array = base}, out, NULL, QL_DTYPE_NONE,
                    result, error);
  QlArray *part;
  QL_TRY(multiply_power(ctx, base, exponent % 2 ? exponent - 1 : exponent / 2, NULL, &part, error));
  QlOperand in[2] = {{.array = part}, {.array = base}};
  QlStatus status = ql_ufunc(ctx, exponent % 2 ? QL_OP_MULTIPLY : QL_OP_SQUARE, 1 + exponent % 2,
                             in, out, NULL, QL_DTYPE_NONE, result, error);
  ql_release(part);
  return status;
}

/* ---- the two calls ---- */

/* May results of that dtype go there? As in NumPy this comes before the shapes. */
static QlStatus check_cast(QlOp op, QlDtype result, const QlArray *out, QlError *error) {
  if (out->readonly) return ql_fail(error, QL_ERR_VALUE, "output array is read-only");
  if (ql_can_cast_same_kind(result, (QlDtype)out->dtype)) return QL_OK;
  return ql_fail(error, QL_ERR_CAST,
                 "Cannot cast ufunc '%s' output from dtype('%s') to dtype('%s') with casting "
                 "rule 'same_kind'",
                 ql_op_name(op), ql_dtype_name(result), ql_dtype_name((QlDtype)out->dtype));
}

static QlStatus check_shape(const QlArray *out, int ndim, const int64_t *shape, QlError *error) {
  bool fits = out->ndim >= ndim;
  for (int a = 0; fits && a < ndim; a++) {
    int64_t have = out->shape[out->ndim - ndim + a];
    fits = have == shape[a] || shape[a] == 1;
  }
  if (fits) return QL_OK;
  char want[200], have[200];
  rt_shape_text(want, sizeof want, ndim, shape);
  rt_shape_text(have, sizeof have, out->ndim, out->shape);
  return ql_fail(
      error, QL_ERR_VALUE,
      "non-broadcastable output operand with shape %s doesn't match the broadcast shape %s", have,
      want);
}

/* Without a mask; `where` only says which elements count. */
static QlStatus apply_plainly(QlContext *ctx, QlOp op, int count, const QlOperand *in, QlArray *out,
                              const QlOperand *where, QlDtype dtype, QlArray **result,
                              QlError *error) {
  QlArray *arrays[4] = {NULL};
  QlDtype loop, value_dtype;
  for (int k = 0; k < count; k++) {
    if (!(arrays[k] = in[k].array)) continue;
    QL_TRY(rt_check_input(ctx, arrays[k], error));
  }
  QL_TRY(ql_resolve(op, count, in, dtype, &loop, &value_dtype, error));
  if (out) {
    if (out->context != ctx) return rt_check_input(ctx, out, error);
    QL_TRY(check_cast(op, value_dtype, out, error));
  }
  int exponent = multiplied_power(op, in, loop);
  if (exponent) return multiply_power(ctx, in[0].array, exponent, out, result, error);
  int64_t shape_room[QL_MAX_DIMS], *shape = shape_room;
  int ndim;
  if (count == 2 && arrays[0] && (!arrays[1] || same_shape(arrays[0], arrays[1])))
    ndim = arrays[0]->ndim, shape = arrays[0]->shape;
  else
    QL_TRY(broadcast_shapes(count, arrays, &ndim, shape, error));
  if (out) QL_TRY(check_shape(out, ndim, shape, error));
  QlStatus status = QL_OK;
  if (!out && !where && op != QL_OP_POWER && rt_is_immediate(ctx) &&
      rt_element_map(ctx, op, loop, value_dtype, count, in, result, &status, error)) {
    ctx->log.at_end_of_assignment = false;
    return status;
  }
  bool may_refuse =
      op == QL_OP_POWER && ql_dtype_info[loop].kind == QL_KIND_INT && is_signed(arrays[1]);
  if (may_refuse && !is_empty(ndim, shape)) QL_TRY(check_exponents(ctx, &in[1], where, error));
  if (op == QL_OP_POWER && (op = simplify_power(in, loop)) != QL_OP_POWER) count = 1;
  ctx->log.at_end_of_assignment = false;
  LogRequest request = {.kind = STATEMENT_MAP, .op = op, .loop = loop};
  if (!out) {
    int order[QL_MAX_DIMS];
    bool ordered = ndim > 1 && rt_iterator_order(ndim, count, in, order);
    return record_new(ctx, &request, value_dtype, ndim, shape, ordered ? order : NULL, count, in,
                      result, error);
  }
  Operands operands;
  request.ndim = out->ndim, request.shape = out->shape;
  set_operands(&request, out, count, in, &operands);
  if (out->size) QL_TRY(rt_log_append(ctx, &request, error));
  ctx->log.at_end_of_assignment = true;
  ql_retain(out);
  *result = out;
  return QL_OK;
}

static QlStatus apply(QlContext *ctx, QlOp op, int count, const QlOperand *in, QlArray *out,
                      const QlOperand *where, QlDtype dtype, QlArray **result, QlError *error) {
  QlDtype loop, value;
  if (op == QL_OP_POWER && is_one_value(in[1].array) &&
      !ql_resolve(op, count, in, dtype, &loop, &value, NULL) && is_power_by_one(op, in, loop))
    return power_by_one(ctx, in, out, loop, result, error);
  return apply_plainly(ctx, op, count, in, out, where, dtype, result, error);
}

static QlStatus apply_where(QlContext *ctx, QlOp op, int count, const QlOperand *in, QlArray *out,
                            const QlOperand *where, QlDtype dtype, QlArray **result,
                            QlError *error) {
  QlArray *value = NULL;
  QlDtype loop, value_dtype,
      mask_dtype = where->array ? (QlDtype)where->array->dtype : where->scalar.dtype;
  if (mask_dtype != QL_BOOL)
    return ql_fail(
        error, QL_ERR_TYPE,
        "Cannot cast array data from dtype('%s') to dtype('bool') according to the rule 'safe'",
        ql_dtype_name(mask_dtype));
  if (out) {
    if (out->context != ctx) return rt_check_input(ctx, out, error);
    QL_TRY(ql_resolve(op, count, in, dtype, &loop, &value_dtype, error));
    QL_TRY(check_cast(op, value_dtype, out, error));
  }
  QL_TRY(apply(ctx, op, count, in, NULL, where, dtype, &value, error));
  QlStatus status = QL_OK;
  if (out && (status = check_shape(out, value->ndim, value->shape, error))) goto release;
  QlOperand select[3] = {*where, {.array = value}, {.array = out}};
  if (!out) select[2].scalar = (QlScalar){.dtype = (QlDtype)value->dtype};
  if (out && value->dtype != out->dtype) {
    QlArray *cast;
    if ((status = ql_astype(ctx, value, (QlDtype)out->dtype, QL_ORDER_ITERATOR, &cast, error)))
      goto release;
    ql_release(value), value = cast, select[1].array = cast;
  }
  status = ql_ufunc(ctx, QL_OP_SELECT, 3, select, out, NULL, QL_DTYPE_NONE, result, error);
release:
  ql_release(value);
  return status;
}

QlStatus ql_ufunc(QlContext *ctx, QlOp op, int count, const QlOperand *in, QlArray *out,
                  const QlOperand *where, QlDtype dtype, QlArray **result, QlError *error) {
  QL_TRY(rt_log_due(ctx, error));
  QlStatus status = QL_OK;
  if (count == 2 && !out && !where && dtype == QL_DTYPE_NONE &&
      rt_element_compute(ctx, op, in, result, &status, error))
    return status;
  if (where && (where->array || !where->scalar.value.b))
    return apply_where(ctx, op, count, in, out, where, dtype, result, error);
  return apply(ctx, op, count, in, out, NULL, dtype, result, error);
}

/* A Python integer that does not fit is an error, not a wrap. */
QlStatus rt_check_assigned(const QlScalar *scalar, QlDtype target, QlError *error) {
  bool integers = ql_dtype_info[target].kind <= QL_KIND_UINT && target != QL_BOOL &&
                  ql_dtype_info[scalar->dtype].kind <= QL_KIND_UINT;
  return scalar->weak && integers ? ql_weak_fits(target, scalar, error) : QL_OK;
}

QlStatus ql_assign(QlContext *ctx, QlArray *target, const QlOperand *value, QlError *error) {
  QL_TRY(rt_log_due(ctx, error));
  if (target->readonly) return ql_fail(error, QL_ERR_VALUE, "assignment destination is read-only");
  if (target->context != ctx) return rt_check_input(ctx, target, error);
  int64_t stride[QL_MAX_DIMS];
  RequestOperand operand[2] = {request_array(LOG_WRITE, target, target->ndim, target->strides)};
  LogRequest request = {.kind = STATEMENT_COPY,
                        .loop = target->dtype,
                        .ndim = target->ndim,
                        .shape = target->shape,
                        .operands = 2,
                        .operand = operand};
  const QlArray *from = value->array;
  if (from) {
    QL_TRY(rt_check_input(ctx, from, error));
    int skip = from->ndim - target->ndim; /* leading axes of extent 1 are ignored, as NumPy does */
    bool fits = true;
    for (int a = 0; a < skip; a++) fits &= from->shape[a] == 1;
    for (int a = QL_MAX(skip, 0); fits && a < from->ndim; a++)
      fits = from->shape[a] == 1 || from->shape[a] == target->shape[a - skip];
    if (!fits) {
      char have[200], want[200];
      rt_shape_text(have, sizeof have, from->ndim, from->shape),
          rt_shape_text(want, sizeof want, target->ndim, target->shape);
      return ql_fail(error, QL_ERR_VALUE,
                     "could not broadcast input array from shape %s into shape %s", have, want);
    }
    for (int a = 0; a < target->ndim; a++) {
      int b = a + skip;
      stride[a] = b >= 0 && from->shape[b] == target->shape[a] && from->shape[b] != 1
                      ? from->strides[b]
                      : 0;
    }
    operand[1] = request_array(LOG_READ, from, target->ndim, stride);
  } else {
    QlDtype dtype = (QlDtype)target->dtype;
    QL_TRY(rt_check_assigned(&value->scalar, dtype, error));
    operand[1] = request_scalar(dtype, ql_scalar_as(&value->scalar, dtype));
  }
  if (target->size) QL_TRY(rt_log_append(ctx, &request, error));
  ctx->log.at_end_of_assignment = true;
  return QL_OK;
}

void ql_goes_on(QlContext *ctx) { ctx->log.at_end_of_assignment = false; }

QlStatus ql_astype(QlContext *ctx, QlArray *array, QlDtype dtype, QlOrder order, QlArray **result,
                   QlError *error) {
  QL_TRY(rt_log_due(ctx, error));
  QL_TRY(rt_check_input(ctx, array, error));
  ctx->log.at_end_of_assignment = false;
  QlOperand value = {.array = array};
  LogRequest request = {.kind = STATEMENT_COPY, .loop = dtype};
  int axes[QL_MAX_DIMS];
  bool ordered = rt_order_of_copy(array, order, axes);
  return record_new(ctx, &request, dtype, array->ndim, array->shape, ordered ? axes : NULL, 1,
                    &value, result, error);
}
