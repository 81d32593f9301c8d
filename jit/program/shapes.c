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

/* ---- views where NumPy has them, copies where it has copies ---- */

/* Does it lie in C order, without gaps? Where an axis has one element any stride is right. */
static JitRef lies_plainly(Lower *l, const Array *array) {
  int64_t item = array->place == JIT_ON_RANKS ? 1 : ql_dtype_info[array->dtype].size;
  JitRef stride = low_const(l, item), one = low_const(l, 1),
         plain = low_op(l, QL_OP_EQUAL, one, one);
  for (int k = array->ndim - 1; k >= 0; k--) {
    JitRef fits = low_op(l, QL_OP_LOGICAL_OR, low_op(l, QL_OP_EQUAL, array->stride[k], stride),
                         low_op(l, QL_OP_EQUAL, array->shape[k], one));
    plain = low_op(l, QL_OP_LOGICAL_AND, plain, fits);
    stride = low_op(l, QL_OP_MULTIPLY, stride, array->shape[k]);
  }
  JitRef empty = low_op(l, QL_OP_EQUAL, low_size(l, array), low_const(l, 0));
  return low_op(l, QL_OP_LOGICAL_OR, plain, empty);
}

/* Can the array be seen in the view's shape? Sets the strides with which it can (host.c). */
static JitRef can_be_seen(Lower *l, const Array *array, Array *view) {
  enum { WORD = 8 };
  int old = array->ndim, ndim = view->ndim, count = 1 + 2 * old + 2 * ndim, next = 0;
  JitRef area = jit_stack(l->fn, (int64_t)count * WORD, low_source(l)), words[1 + 3 * QL_MAX_DIMS];
  words[next++] = low_const(l, old | ndim << 8);
  for (int k = 0; k < old; k++) words[next++] = array->shape[k];
  for (int k = 0; k < old; k++) words[next++] = array->stride[k];
  for (int k = 0; k < ndim; k++) words[next++] = view->shape[k];
  for (int k = 0; k < next; k++)
    jit_store_at(l->fn, area, low_const(l, (int64_t)k * WORD), words[k], low_source(l));
  JitRef can = jit_host(l->fn, JIT_HOST_RESHAPE, 1, &area, low_source(l));
  for (int k = 0; k < ndim; k++)
    view->stride[k] =
        jit_load_at(l->fn, QL_I64, area, low_const(l, (int64_t)(next + k) * WORD), low_source(l));
  return low_op(l, QL_OP_NOT_EQUAL, can, low_const(l, 0));
}

/* Of an array without gaps: it in the view's shape. */
static Value in_shape(Lower *l, const Node *node, const Array *plain, const Array *wanted) {
  Array *view = low_get(l, sizeof *view);
  *view = *plain, view->ndim = wanted->ndim;
  memcpy(view->shape, wanted->shape, sizeof view->shape);
  memcpy(view->extent, wanted->extent, sizeof view->extent);
  if (plain->place == JIT_ON_RANKS) return low_ranks_reshape(l, node, plain, view);
  view->contiguous = true;
  low_set_strides(l, view);
  return low_array_value(view);
}

/* The array in the view's shape: where the condition holds the view, which is made then if it is of
 * an array without gaps; otherwise of a copy. */
static Value view_or_copy(Lower *l, const Node *node, JitRef condition, bool plain, Array *view,
                          const Value *array) {
  Edges otherwise = {0}, after = {0};
  int temporaries = l->temporary_count;
  low_branch(l, condition, &otherwise);
  Value seen = plain ? in_shape(l, node, array->array, view) : low_array_value(view);
  low_leave_with(l, &after, seen, temporaries);
  low_join(l, &otherwise);
  Value copy = low_copy(l, node, array);
  if (copy.kind == JIT_ARRAY) copy = in_shape(l, node, copy.array, view);
  low_leave_with(l, &after, copy, temporaries);
  Value value = low_join(l, &after);
  low_temporary(l, &value);
  if (value.kind != JIT_ARRAY) return value;
  memcpy(value.array->shape, view->shape, sizeof view->shape); /* the same both ways */
  memcpy(value.array->extent, view->extent, sizeof view->extent);
  return value;
}

/* `view` has the shape. `plain`: a view only of what is without gaps, as np.ravel has it. */
static Value seen_as(Lower *l, const Node *node, const Value *value, Array *view, bool plain) {
  const Array *array = value->array;
  if (view->contiguous) return in_shape(l, node, array, view);
  if (plain) return view_or_copy(l, node, lies_plainly(l, array), true, view, value);
  if (array->place == JIT_ON_RANKS) return low_ranks_reshape(l, node, array, view);
  if (array->ndim != 1)
    return view_or_copy(l, node, can_be_seen(l, array, view), false, view, value);
  JitRef stride = array->stride[0]; /* a line can have any shape */
  for (int k = view->ndim - 1; k >= 0; k--) {
    view->stride[k] = stride;
    if (k) stride = low_op(l, QL_OP_MULTIPLY, stride, view->shape[k]);
  }
  return low_array_value(view);
}

static Value reshaped(Lower *l, const Call *call, const Value *value, const Value *wanted,
                      bool plain) {
  if (value->kind != JIT_ARRAY) return low_refuse_type(l, call, value, "an array");
  JitRef shape[QL_MAX_DIMS];
  int64_t extent[QL_MAX_DIMS];
  int ndim;
  if (!low_shape(l, call->node, wanted, &ndim, shape, extent)) return low_unknown();
  Value memory = low_in_memory(l, call->node, value);
  if (low_dead(l) || memory.kind != JIT_ARRAY) return low_unknown();
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
  return seen_as(l, call->node, &memory, view, plain);
}

Value low_reshaped(Lower *l, const Call *call, const Value *value, const Value *wanted) {
  return reshaped(l, call, value, wanted, false);
}
static Value flat(Lower *l, const Call *call, const Value *value, bool plain) {
  Value size = low_scalar(QL_I64, true, low_size(l, value->array));
  return reshaped(l, call, value, &size, plain);
}
Value low_flat(Lower *l, const Call *call, const Value *value) {
  return flat(l, call, value, false);
}

static Value call_reshape(Lower *l, const Call *call) {
  return low_takes(l, call, 2, 2, "")
             ? low_reshaped(l, call, &call->arguments[0], &call->arguments[1])
             : low_unknown();
}
static Value call_ravel(Lower *l, const Call *call) {
  if (!low_takes(l, call, 1, 1, "")) return low_unknown();
  const Value *value = &call->arguments[0];
  return value->kind == JIT_ARRAY ? flat(l, call, value, true)
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
