/* Recording reductions. What order they compute in is decided by the planner and the compiler
 * (contract C7); here are the dtypes and the shape of the result, as NumPy has them. */
#include "runtime.h"

#include <string.h>

typedef struct ReduceRow {
  const char *name;
  bool wide, logical, counts, needs_element;
} ReduceRow;
static const ReduceRow rows[] = {
    [QL_REDUCE_SUM] = {"add", .wide = true},
    [QL_REDUCE_PROD] = {"multiply", .wide = true},
    [QL_REDUCE_MIN] = {"minimum", .needs_element = true},
    [QL_REDUCE_MAX] = {"maximum", .needs_element = true},
    [QL_REDUCE_ANY] = {"logical_or", .logical = true},
    [QL_REDUCE_ALL] = {"logical_and", .logical = true},
    [QL_REDUCE_COUNT] = {"count_nonzero", .counts = true},
};

static QlDtype accumulator(QlReduction reduction, QlDtype from, QlDtype asked) {
  const ReduceRow *row = &rows[reduction];
  if (row->logical) return QL_BOOL;
  if (row->counts) return QL_I64;
  if (asked != QL_DTYPE_NONE) return asked;
  QlKind kind = ql_dtype_info[from].kind;
  if (row->wide && (kind == QL_KIND_BOOL || kind == QL_KIND_INT)) return QL_I64;
  if (row->wide && kind == QL_KIND_UINT) return QL_U64;
  return from;
}

/* A sum over no axes has the zero that sums begin with. */
static QlStatus add_zero(QlContext *ctx, QlArray *made, QlError *error) {
  QlOperand operands[] = {{.array = made}, {.scalar = {.dtype = (QlDtype)made->dtype}}};
  QlArray *same;
  QL_TRY(ql_ufunc(ctx, QL_OP_ADD, 2, operands, made, NULL, QL_DTYPE_NONE, &same, error));
  ql_release(same);
  return QL_OK;
}

/* Records what an array of the result's dtype and shape is assigned; made_axis: of an axis of
 * `array`, or -1 where it is reduced. */
static QlStatus record_reduction(QlContext *ctx, QlReduction reduction, QlArray *array,
                                 uint32_t axes, const int *made_axis, QlArray *made,
                                 QlError *error) {
  if (made->size == 0) return QL_OK;
  if (array->size == 0) { /* of nothing: the identity */
    QlOperand identity = {.scalar = ql_i64(ql_reduction_info[reduction].identity)};
    return ql_assign(ctx, made, &identity, error);
  }
  if (axes == 0 && rows[reduction].counts) {
    QlArray *nonzero;
    QL_TRY(ql_astype(ctx, array, QL_BOOL, QL_ORDER_K, &nonzero, error));
    QlStatus status = ql_assign(ctx, made, &(QlOperand){.array = nonzero}, error);
    ql_release(nonzero);
    return status;
  }
  int64_t target_stride[QL_MAX_DIMS];
  for (int a = 0; a < array->ndim; a++)
    target_stride[a] = made_axis[a] >= 0 ? made->strides[made_axis[a]] : 0;
  RequestOperand operand[] = {request_array(LOG_WRITE, made, array->ndim, target_stride),
                              request_array(LOG_READ, array, array->ndim, array->strides)};
  LogRequest request = {.kind = axes ? STATEMENT_REDUCE : STATEMENT_COPY,
                        .op = reduction,
                        .loop = made->dtype,
                        .axes = axes,
                        .ndim = array->ndim,
                        .shape = array->shape,
                        .operands = 2,
                        .operand = operand};
  QL_TRY(rt_log_append(ctx, &request, error));
  return !axes && jit_has_zero(reduction, (QlDtype)made->dtype) ? add_zero(ctx, made, error)
                                                                : QL_OK;
}

/* Products of complex numbers begin with one, or with what they are given, as NumPy's do: 1 * z
 * changes the signs of zeros, and both parts where one is NaN or infinite. A copy of the array in
 * which the first elements of all lines are multiplied by it. */
static QlStatus begin_with(QlContext *ctx, QlArray *array, uint32_t axes, QlDtype dtype,
                           const QlScalar *begin, QlArray **begun, QlError *error) {
  int64_t shape[QL_MAX_DIMS];
  QlArray *copy, *first = NULL, *same = NULL;
  QL_TRY(ql_astype(ctx, array, dtype, QL_ORDER_ITERATOR, &copy, error));
  for (int a = 0; a < copy->ndim; a++) shape[a] = axes >> a & 1 ? 1 : copy->shape[a];
  QlStatus status = ql_view(copy, copy->ndim, shape, copy->strides, copy->offset, &first, error);
  QlScalar taken = {ql_convert(begin->dtype, begin->value, dtype), dtype, .weak = false};
  QlOperand in[2] = {{.scalar = taken}, {.array = first}};
  if (!status)
    status = ql_ufunc(ctx, QL_OP_MULTIPLY, 2, in, first, NULL, QL_DTYPE_NONE, &same, error);
  ql_release(first), ql_release(same);
  if (status)
    ql_release(copy);
  else
    *begun = copy;
  return status;
}

static QlStatus deliver(QlContext *ctx, QlArray *made, QlArray *out, QlError *error) {
  if (out->ndim == made->ndim &&
      !memcmp(out->shape, made->shape, (size_t)made->ndim * sizeof(int64_t)))
    return ql_assign(ctx, out, &(QlOperand){.array = made}, error);
  char want[200], have[200];
  rt_shape_text(want, sizeof want, made->ndim, made->shape),
      rt_shape_text(have, sizeof have, out->ndim, out->shape);
  return ql_fail(error, QL_ERR_VALUE,
                 "the output of a reduction over these axes has shape %s, but out has shape %s",
                 want, have);
}

/* A new array for the result, whose axes lie in C order or in that of those that are kept. */
static QlStatus make(QlContext *ctx, QlArray *array, QlDtype dtype, int ndim, const int64_t *shape,
                     const int *made_axis, QlOrder wanted, QlArray **made, QlError *error) {
  int order[QL_MAX_DIMS], kept[QL_MAX_DIMS], count = 0;
  if (!rt_order_of_copy(array, wanted, order))
    return rt_array_new(ctx, dtype, ndim, shape, made, error);
  bool all = ndim == array->ndim; /* what is reduced stays, as an axis of one element */
  for (int a = 0; a < array->ndim; a++)
    if (all || made_axis[order[a]] >= 0) kept[count++] = all ? order[a] : made_axis[order[a]];
  return rt_array_new_in_order(ctx, dtype, ndim, shape, kept, made, error);
}

/* begin: what a product of complex numbers begins with; NULL: with its first elements. */
static QlStatus reduce(QlContext *ctx, QlReduction reduction, QlArray *array, uint32_t axes,
                       bool keepdims, QlOrder order, QlDtype dtype, const QlScalar *begin,
                       QlArray *out, QlArray **result, QlError *error) {
  QL_TRY(rt_log_due(ctx, error));
  QL_TRY(rt_check_input(ctx, array, error));
  int64_t shape[QL_MAX_DIMS];
  int ndim = 0, made_axis[QL_MAX_DIMS];
  bool reduces_nothing = false;
  for (int a = 0; a < array->ndim; a++) {
    bool reduced = axes >> a & 1;
    reduces_nothing |= reduced && array->shape[a] == 0;
    made_axis[a] = reduced ? -1 : ndim;
    if (!reduced || keepdims) shape[ndim++] = reduced ? 1 : array->shape[a];
  }
  if (out && dtype == QL_DTYPE_NONE && rows[reduction].wide)
    dtype = ql_promote((QlDtype)array->dtype, (QlDtype)out->dtype);
  QlDtype value = accumulator(reduction, (QlDtype)array->dtype, dtype);
  bool half = value == QL_F16 &&
              rows[reduction].wide; /* sums of halves are kept in float32, rounded once */
  QlArray *made, *taken = NULL;
  if (half && array->dtype != QL_F16) { /* each element is cast before it is added */
    QL_TRY(ql_astype(ctx, array, QL_F16, QL_ORDER_ITERATOR, &taken, error));
    array = taken;
  }
  if (jit_has_one(reduction, value) && array->size && begin) {
    QL_TRY(begin_with(ctx, array, axes, value, begin, &taken, error));
    array = taken;
  }
  if (rows[reduction].counts && array->dtype != QL_BOOL)
    order = QL_ORDER_K; /* of a copy's truths */
  QlStatus status =
      make(ctx, array, half ? QL_F32 : value, ndim, shape, made_axis, order, &made, error);
  if (status) {
    ql_release(taken);
    return status;
  }
  if (reduces_nothing && rows[reduction].needs_element)
    status = ql_fail(error, QL_ERR_VALUE,
                     "zero-size array to reduction operation %s which has no identity",
                     rows[reduction].name);
  if (status) goto failed;
  ctx->log.at_end_of_assignment = false;
  if ((status = record_reduction(ctx, reduction, array, axes, made_axis, made, error))) goto failed;
  if (half) {
    QlArray *narrow;
    if ((status = ql_astype(ctx, made, QL_F16, QL_ORDER_ITERATOR, &narrow, error))) goto failed;
    ql_release(made), made = narrow;
  }
  if (out) {
    if ((status = deliver(ctx, made, out, error))) goto failed;
    ql_release(made), ql_retain(out), made = out;
  }
  ql_release(taken);
  *result = made;
  return QL_OK;
failed:
  ql_release(made), ql_release(taken);
  return status;
}

QlStatus rt_reduce(QlContext *ctx, QlReduction reduction, QlArray *array, uint32_t axes,
                   bool keepdims, QlOrder order, QlDtype dtype, QlArray *out, QlArray **result,
                   QlError *error) {
  QlScalar one = ql_i64(1);
  return reduce(ctx, reduction, array, axes, keepdims, order, dtype, &one, out, result, error);
}

QlStatus ql_product_from(QlContext *ctx, QlArray *array, uint32_t axes, bool keepdims,
                         const QlScalar *begin, QlArray **result, QlError *error) {
  return reduce(ctx, QL_REDUCE_PROD, array, axes, keepdims, QL_ORDER_ITERATOR, QL_DTYPE_NONE, begin,
                NULL, result, error);
}

QlStatus ql_reduce(QlContext *ctx, QlReduction reduction, QlArray *array, uint32_t axes,
                   bool keepdims, QlDtype dtype, QlArray *out, QlArray **result, QlError *error) {
  return rt_reduce(ctx, reduction, array, axes, keepdims, QL_ORDER_ITERATOR, dtype, out, result,
                   error);
}
