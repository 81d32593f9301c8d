/* Shapes of arrays, and other shapes of the same elements. */
#include "calls.h"

Value low_shape_of(Lower *l, const Array *array) {
  Value *items = low_get(l, (size_t)array->ndim * sizeof *items + 1);
  for (int k = 0; k < array->ndim; k++) {
    items[k] = array->extent[k] >= 0 ? low_int(array->extent[k])
                                     : low_scalar(QL_I64, true, array->shape[k]);
    items[k].natural = true;
    if (array->place == JIT_IN_NEST && !items[k].known)
      items[k].span = low_nest_extent(l, array, k);
  }
  return low_tuple(l, array->ndim, items);
}

Value low_transposed(Lower *l, const Call *call, const Value *value) {
  if (value->kind != JIT_ARRAY)
    return value->kind == JIT_SCALAR ? *value : low_refuse_type(l, call, value, "an array");
  Value memory = low_in_memory(l, call->node, value);
  Array *view = low_get(l, sizeof *view);
  *view = *memory.array;
  for (int k = 0; k < view->ndim; k++) {
    int from = view->ndim - 1 - k;
    view->shape[k] = memory.array->shape[from], view->stride[k] = memory.array->stride[from],
    view->extent[k] = memory.array->extent[from];
  }
  view->contiguous = view->ndim < 2 && view->contiguous;
  if (view->place == JIT_ON_RANKS)
    return low_ranks_view(l, call->node, memory.array, view, (JitRef){0});
  return low_array_value(view);
}
Value low_permuted(Lower *l, const Value *value, const int *axes) {
  const Array *array = value->array;
  Array *view = low_get(l, sizeof *view);
  *view = *array;
  for (int k = 0; k < view->ndim; k++) {
    view->shape[k] = array->shape[axes[k]], view->stride[k] = array->stride[axes[k]],
    view->extent[k] = array->extent[axes[k]];
    view->contiguous = view->contiguous && axes[k] == k;
  }
  if (view->place == JIT_ON_RANKS) return low_ranks_view(l, l->at, array, view, (JitRef){0});
  return low_array_value(view);
}

/* The axes of a tuple that names each once; false: refused. */
static bool all_axes(Lower *l, const Call *call, const Value *tuple, int ndim, int *axes) {
  bool good = tuple->kind == JIT_TUPLE && tuple->count == ndim, seen[QL_MAX_DIMS] = {false};
  for (int k = 0; good && k < ndim; k++) {
    if (!low_axis(l, call->node, &tuple->items[k], ndim, &axes[k])) return false;
    good = !seen[axes[k]], seen[axes[k]] = true;
  }
  if (!good) low_refuse_type(l, call, tuple, "a tuple with each axis once");
  return good;
}

static Value call_transpose(Lower *l, const Call *call) {
  if (!low_takes(l, call, 1, 2, "axes")) return low_unknown();
  const Value *value = &call->arguments[0], *wanted = low_given(call, 1, "axes");
  if (!wanted || wanted->kind == JIT_NONE || value->kind != JIT_ARRAY)
    return low_transposed(l, call, value);
  int axes[QL_MAX_DIMS];
  Value memory = low_in_memory(l, call->node, value);
  if (low_dead(l) || memory.kind != JIT_ARRAY) return low_unknown();
  if (!all_axes(l, call, wanted, memory.array->ndim, axes)) return low_unknown();
  return low_permuted(l, &memory, axes);
}

/* An extent below 0 is what the others leave, as in NumPy. */
static void fill_open(Lower *l, const Node *node, const Value *items, int ndim, JitRef size,
                      JitRef *shape, int64_t *extent) {
  JitRef product = low_const(l, 1), any = {0}, open[QL_MAX_DIMS] = {0};
  for (int k = 0; k < ndim; k++) {
    bool never = items[k].known ? extent[k] >= 0 : items[k].natural;
    JitRef factor = shape[k];
    if (!never) {
      open[k] = low_op(l, QL_OP_LESS, shape[k], low_const(l, 0));
      factor = low_select(l, open[k], low_const(l, 1), shape[k]);
      if (any.id)
        low_raise_if(l, node, low_op(l, QL_OP_LOGICAL_AND, any, open[k]), "ValueError",
                     "can only specify one unknown dimension");
      any = any.id ? low_op(l, QL_OP_LOGICAL_OR, any, open[k]) : open[k];
    }
    product = low_op(l, QL_OP_MULTIPLY, product, factor);
  }
  if (!any.id) return;
  JitRef none = low_op(l, QL_OP_EQUAL, product, low_const(l, 0));
  low_raise_if(l, node, low_op(l, QL_OP_LOGICAL_AND, any, none), "ValueError",
               "cannot reshape an array with -1 beside an extent of 0");
  JitRef rest = low_op(l, QL_OP_FLOOR_DIVIDE, size, product);
  for (int k = 0; k < ndim; k++)
    if (open[k].id) shape[k] = low_select(l, open[k], rest, shape[k]), extent[k] = -1;
}

/* A line can have any shape; of other arrays with gaps only a copy can. */
static bool is_line(const Array *array) { return array->ndim == 1 && !array->element; }

static Value as_plain(Lower *l, const Node *node, const Value *value) {
  return value->array->contiguous && !value->array->element ? *value : low_copy(l, node, value);
}

Value low_reshaped(Lower *l, const Call *call, const Value *value, const Value *wanted) {
  if (value->kind != JIT_ARRAY) return low_refuse_type(l, call, value, "an array");
  JitRef shape[QL_MAX_DIMS];
  int64_t extent[QL_MAX_DIMS];
  int ndim;
  if (!low_shape(l, call->node, wanted, &ndim, shape, extent)) return low_unknown();
  bool on_ranks = value->array->place == JIT_ON_RANKS;
  Value memory = on_ranks || is_line(value->array) ? *value : as_plain(l, call->node, value);
  if (low_dead(l)) return low_unknown();
  const Value *items = wanted->kind == JIT_TUPLE ? wanted->items : wanted;
  int opens = 0;
  for (int k = 0; k < ndim; k++) opens += items[k].known && items[k].constant.i == -1;
  if (opens > 1) return low_refuse_type(l, call, wanted, "a shape with one -1 at most");
  JitRef product = low_const(l, 1), size = low_size(l, memory.array);
  fill_open(l, call->node, items, ndim, size, shape, extent);
  for (int k = 0; k < ndim; k++) product = low_op(l, QL_OP_MULTIPLY, product, shape[k]);
  JitRef differs = low_op(l, QL_OP_NOT_EQUAL, product, size),
         too_big = low_too_big(l, ndim, shape, extent, 1);
  if (too_big.id) differs = low_op(l, QL_OP_LOGICAL_OR, differs, too_big);
  low_raise_if(l, call->node, differs, "ValueError",
               "cannot reshape the array: it has another number of elements");
  Array *view = low_get(l, sizeof *view);
  *view = *memory.array, view->ndim = (uint8_t)ndim;
  for (int k = 0; k < ndim; k++) view->shape[k] = shape[k], view->extent[k] = extent[k];
  if (on_ranks) return low_ranks_reshape(l, call->node, memory.array, view);
  JitRef stride = memory.array->ndim ? memory.array->stride[0] : low_const(l, 0);
  for (int k = ndim - 1; k >= 0 && !view->contiguous; k--) {
    view->stride[k] = stride;
    if (k) stride = low_op(l, QL_OP_MULTIPLY, stride, shape[k]);
  }
  if (view->contiguous) low_set_strides(l, view);
  return low_array_value(view);
}
/* With one axis, of as many elements as there are, 0 too. */
Value low_flat(Lower *l, const Call *call, const Value *value) {
  Value size = low_scalar(QL_I64, true, low_size(l, value->array));
  return low_reshaped(l, call, value, &size);
}

static Value call_reshape(Lower *l, const Call *call) {
  return low_takes(l, call, 2, 2, "")
             ? low_reshaped(l, call, &call->arguments[0], &call->arguments[1])
             : low_unknown();
}
/* Of an array with gaps a copy, also where a view could be. */
static Value call_ravel(Lower *l, const Call *call) {
  if (!low_takes(l, call, 1, 1, "")) return low_unknown();
  const Value *value = &call->arguments[0];
  if (value->kind == JIT_ARRAY && value->array->ndim != 1) return low_flat(l, call, value);
  if (value->kind == JIT_ARRAY && value->array->contiguous)
    return low_in_memory(l, call->node, value);
  return value->kind == JIT_ARRAY ? low_copy(l, call->node, value)
                                  : low_refuse_type(l, call, value, "an array");
}
static Value call_copy(Lower *l, const Call *call) {
  if (!low_takes(l, call, 1, 1, "")) return low_unknown();
  return call->arguments[0].kind == JIT_ARRAY ? low_copy(l, call->node, &call->arguments[0])
                                              : call->arguments[0];
}
static Value call_shape(Lower *l, const Call *call) {
  const Value *value = &call->arguments[0];
  return value->kind == JIT_ARRAY ? low_shape_of(l, value->array)
                                  : low_refuse_type(l, call, value, "an array");
}

const KnownRow low_shapes[] = {
    {"numpy.transpose", call_transpose, 0, 0}, {"numpy.reshape", call_reshape, 0, 0},
    {"numpy.ravel", call_ravel, 0, 0},         {"numpy.copy", call_copy, 0, 0},
    {"numpy.shape", call_shape, 1, 1},         {NULL},
};
