/* Reductions over the axes of arrays, in the order of contract C7: along an axis the tree of leaves
 * that jit.h describes; over several axes the last one first. */
#include "calls.h"

/* The dtype in which it is computed, and that of the result. */
static QlDtype loop_of(QlReduction reduction, QlDtype dtype) {
  QlKind kind = (QlKind)ql_dtype_info[dtype].kind;
  if (reduction == QL_REDUCE_ANY || reduction == QL_REDUCE_ALL) return QL_BOOL;
  if (reduction == QL_REDUCE_MIN || reduction == QL_REDUCE_MAX) return dtype;
  if (kind == QL_KIND_BOOL || kind == QL_KIND_INT) return QL_I64;
  return kind == QL_KIND_UINT ? QL_U64 : dtype;
}

typedef struct Lines {
  QlReduction reduction;
  QlDtype loop, dtype;
  const Array *array; /* the last axis is reduced */
  const Array *result;
} Lines;

static JitRef offset_of(Lower *l, const Array *array, const JitRef *index, int axes) {
  JitRef offset = low_const(l, 0);
  for (int axis = 0; axis < axes; axis++)
    offset = low_add(l, offset, low_op(l, QL_OP_MULTIPLY, index[axis], array->stride[axis]));
  return offset;
}

QlDtype low_reduction_loop(QlReduction reduction, QlDtype dtype) {
  QlDtype loop = loop_of(reduction, dtype);
  bool counts = reduction == QL_REDUCE_SUM || reduction == QL_REDUCE_PROD;
  return loop == QL_F16 && counts ? QL_F32 : loop;
}

enum { REDUCED = 2 }; /* the first of the slots that are the call's own and a reduction's */

/* By the host's function, through these slots (JitReduceLine). */
JitRef low_reduce_line(Lower *l, QlReduction reduction, QlDtype loop, const Array *line,
                       JitRef base, JitRef count, bool of_leaves) {
  int64_t code = reduction | loop << 8 | line->dtype << 16 | of_leaves << 24;
  JitRef words[] = {low_const(l, code), base, line->stride[line->ndim - 1], count};
  for (int k = 0; k < 4; k++)
    jit_store_at(l->fn, l->results, low_const(l, JIT_SLOT * (REDUCED + 1) + 8 * k), words[k],
                 low_source(l));
  JitRef at = low_add(l, l->results, low_const(l, JIT_SLOT * REDUCED));
  jit_host(l->fn, JIT_HOST_REDUCE, 1, &at, low_source(l));
  return jit_load_at(l->fn, loop, l->results, low_const(l, JIT_SLOT * REDUCED), low_source(l));
}

static JitRef reduce_line(Lower *l, const Lines *lines, JitRef base) {
  const Array *array = lines->array;
  JitRef value = low_reduce_line(l, lines->reduction, lines->loop, array, base,
                                 array->shape[array->ndim - 1], false);
  return jit_cast(l->fn, value, lines->dtype, low_source(l));
}

static void store_line(Lower *l, void *data, const JitRef *index) {
  const Lines *lines = data;
  int axes = lines->result->ndim;
  JitRef value = reduce_line(
      l, lines, low_add(l, lines->array->base, offset_of(l, lines->array, index, axes)));
  jit_store_at(l->fn, lines->result->base, offset_of(l, lines->result, index, axes), value,
               low_source(l));
}

/* The array with an axis moved to the end. */
static Array *with_last(Lower *l, const Array *array, int axis) {
  Array *view = low_get(l, sizeof *view);
  *view = *array, view->contiguous = view->contiguous && axis == array->ndim - 1;
  for (int k = 0; k < array->ndim; k++) {
    int from = k == array->ndim - 1 ? axis : k + (k >= axis);
    view->shape[k] = array->shape[from], view->stride[k] = array->stride[from],
    view->extent[k] = array->extent[from];
  }
  return view;
}

static void refuse_nothing(Lower *l, const Node *node, JitRef extent) {
  low_raise_if(l, node, low_op(l, QL_OP_EQUAL, extent, low_const(l, 0)), "ValueError",
               "zero-size array to reduction operation which has no identity");
}

static Value reduce_axis(Lower *l, const Node *node, QlReduction reduction, const Array *array,
                         int axis, QlDtype dtype) {
  QlDtype loop = low_reduction_loop(reduction, (QlDtype)array->dtype);
  Lines lines = {reduction, loop, dtype, with_last(l, array, axis), NULL};
  if (reduction == QL_REDUCE_MIN || reduction == QL_REDUCE_MAX)
    refuse_nothing(l, node, array->shape[axis]);
  if (array->ndim == 1) return low_scalar(dtype, false, reduce_line(l, &lines, array->base));
  lines.result =
      low_new_array(l, node, dtype, array->ndim - 1, lines.array->shape, lines.array->extent);
  low_box(l, array->ndim - 1, lines.result->shape, store_line, &lines);
  return low_array_value((Array *)lines.result);
}

/* The result again with the axes that were reduced, of extent 1. */
static Value keep_axes(Lower *l, const Node *node, const Value *value, int ndim,
                       const bool *taken) {
  Value *index = low_get(l, (size_t)ndim * sizeof *index), result = *value;
  bool single = value->kind == JIT_SCALAR; /* all were */
  if (single) {
    Value tuple = low_tuple(l, 1, value);
    result = low_call_known(l, node, "numpy.array", 1, &tuple, NULL);
  }
  Value whole = low_slice(l, low_none(), low_none(), low_none());
  for (int k = 0; k < ndim; k++) index[k] = taken[k] && !(single && k == 0) ? low_none() : whole;
  Value all = low_tuple(l, ndim, index);
  return low_index(l, node, &result, &all);
}

bool low_axis(Lower *l, const Node *node, const Value *axis, int ndim, int *at) {
  if (axis->kind == JIT_UNKNOWN) return false;
  if (!axis->known || !low_is_index(axis)) {
    low_refuse(l, node, "QJ381", "axis must be a constant integer",
               "write the number, or reduce over one axis after the other");
    return false;
  }
  int64_t from = axis->constant.i + (axis->constant.i < 0 ? ndim : 0);
  if (from < 0 || from >= ndim) {
    low_refuse(l, node, "QJ382",
               low_text(l, "axis %lld is out of bounds for an array of %d dimensions",
                        (long long)axis->constant.i, ndim),
               "count axes from 0");
    return false;
  }
  return *at = (int)from, true;
}

/* Which axes are reduced: all, one, those of a tuple. */
static bool find_axes(Lower *l, const Node *node, const Value *axis, int ndim, bool *taken) {
  int at;
  for (int k = 0; k < ndim; k++) taken[k] = !axis;
  if (!axis) return true;
  const Value *each = axis->kind == JIT_TUPLE ? axis->items : axis;
  for (int k = 0; k < (axis->kind == JIT_TUPLE ? axis->count : 1); k++) {
    if (!low_axis(l, node, &each[k], ndim, &at)) return false;
    if (taken[at]) {
      low_refuse(l, node, "QJ383", low_text(l, "axis %d is named twice", at),
                 "name each axis once");
      return false;
    }
    taken[at] = true;
  }
  return true;
}

static Value reduce_on_ranks(Lower *l, const Node *node, QlReduction reduction, const Array *array,
                             uint32_t axes, bool keepdims) {
  Array *into = low_get(l, sizeof *into);
  into->dtype = (uint8_t)loop_of(reduction, (QlDtype)array->dtype);
  for (int k = 0; k < array->ndim; k++) {
    bool reduced = axes >> k & 1;
    if (reduced && !keepdims) continue;
    into->shape[into->ndim] = reduced ? low_const(l, 1) : array->shape[k];
    into->extent[into->ndim++] = reduced ? 1 : array->extent[k];
  }
  return low_ranks_reduce(l, node, reduction, array, axes, keepdims, into);
}

/* What NumPy begins with, where that changes the bits of one number: 0 of sums, 1 of products of
 * complex numbers, whose parts it makes NaN where they are infinite. */
static bool begins(QlReduction reduction, QlDtype dtype, QlOp *op, Value *start) {
  bool sums = jit_has_zero(reduction, dtype);
  if (!sums && !jit_has_one(reduction, dtype)) return false;
  *op = sums ? QL_OP_ADD : QL_OP_MULTIPLY;
  *start = low_int(!sums);
  start->constant = ql_convert(QL_I64, start->constant, dtype);
  start->dtype = (uint8_t)dtype, start->weak = start->natural = false;
  return true;
}

/* Of a number, or of an array no axis of which is reduced. */
static Value reduce_nothing(Lower *l, const Node *node, QlReduction reduction, const Value *value) {
  QlDtype dtype = loop_of(reduction, (QlDtype)value->dtype);
  Value both[2], made = low_astype(l, node, value, dtype);
  QlOp op;
  both[1] = made;
  if (made.kind == JIT_UNKNOWN || !begins(reduction, dtype, &op, &both[0])) return made;
  return low_ufunc(l, node, op, 2, both);
}

/* A copy in which the first elements of all lines are multiplied by one. */
static Value begin_with_one(Lower *l, const Node *node, const Value *array, const bool *taken) {
  QlOp op;
  Value both[2], copy = low_copy(l, node, array), one = low_int(1), none = low_none();
  begins(QL_REDUCE_PROD, (QlDtype)array->dtype, &op, &both[0]);
  int ndim = array->array->ndim;
  Value *index = low_get(l, (size_t)ndim * sizeof *index);
  for (int k = 0; k < ndim; k++) index[k] = low_slice(l, none, taken[k] ? one : none, none);
  Value all = low_tuple(l, ndim, index);
  both[1] = low_index(l, node, &copy, &all);
  Value begun = low_ufunc(l, node, op, 2, both);
  if (begun.kind == JIT_ARRAY) low_copy_into(l, node, both[1].array, &begun);
  return copy;
}

Value low_reduce(Lower *l, const Node *node, QlReduction reduction, const Value *value,
                 const Value *axis, bool keepdims) {
  Value part = *value;
  if (value->kind == JIT_ARRAY && value->array->place == JIT_IN_NEST) {
    part = low_in_memory(l, node, value);
    value = &part;
  }
  if (value->kind == JIT_UNKNOWN || low_dead(l)) return low_unknown();
  if (value->kind == JIT_SCALAR && !axis) return reduce_nothing(l, node, reduction, value);
  if (value->kind != JIT_ARRAY)
    return low_refuse(l, node, "QJ380",
                      low_text(l, "%s has no axes to reduce", low_type_text(l, value)),
                      "reduce arrays");
  int ndim = value->array->ndim, left = 0;
  bool taken[QL_MAX_DIMS];
  if (!find_axes(l, node, axis, ndim, taken)) return low_unknown();
  for (int k = 0; k < ndim; k++) left += !taken[k];
  QlDtype loop = loop_of(reduction, (QlDtype)value->array->dtype);
  if (left < ndim && low_reduces_inline(reduction, value)) {
    bool refuses = reduction == QL_REDUCE_MIN || reduction == QL_REDUCE_MAX;
    for (int k = 0; k < ndim && refuses; k++)
      if (taken[k]) refuse_nothing(l, node, value->array->shape[k]);
    Value all = low_reduce_inline(l, node, reduction, loop, value, taken);
    return keepdims && !low_dead(l) ? keep_axes(l, node, &all, ndim, taken) : all;
  }
  Value current = low_in_memory(l, node, value);
  if (current.kind != JIT_ARRAY) return current;
  if (current.array->place == JIT_ON_RANKS) {
    uint32_t axes = 0;
    for (int k = 0; k < ndim; k++) axes |= (uint32_t)taken[k] << k;
    return reduce_on_ranks(l, node, reduction, current.array, axes, keepdims);
  }
  if (ndim == 0) {
    JitRef ref = jit_load_at(l->fn, (QlDtype)current.array->dtype, current.array->base,
                             low_const(l, 0), low_source(l));
    Value one = low_scalar((QlDtype)current.array->dtype, false, ref);
    return reduce_nothing(l, node, reduction, &one);
  }
  if (left == ndim) return reduce_nothing(l, node, reduction, &current);
  if (jit_has_one(reduction, loop)) current = begin_with_one(l, node, &current, taken);
  QlDtype between = low_reduction_loop(reduction, (QlDtype)value->array->dtype);
  for (int k = ndim - 1, more = ndim - left; k >= 0 && current.kind == JIT_ARRAY; k--)
    if (taken[k]) /* rounded once, after the last axis */
      current = reduce_axis(l, node, reduction, current.array, k, --more ? between : loop);
  return keepdims && !low_dead(l) ? keep_axes(l, node, &current, ndim, taken) : current;
}

/* ---- NumPy's functions ---- */

static Value reduce(Lower *l, const Call *call, QlReduction reduction) {
  bool counts = reduction == QL_REDUCE_SUM || reduction == QL_REDUCE_PROD;
  if (!low_takes(l, call, 1, 2, counts ? "axis keepdims dtype" : "axis keepdims"))
    return low_unknown();
  const Value *axis = low_given(call, 1, "axis"), *kept = low_given(call, -1, "keepdims"),
              *wanted = low_given(call, -1, "dtype");
  if (kept && !kept->known) return low_refuse_type(l, call, kept, "keepdims as a constant");
  if (axis && axis->kind == JIT_NONE) axis = NULL;
  Value value = call->arguments[0];
  if (value.kind == JIT_TUPLE)
    value = low_call_known(l, call->node, "numpy.array", 1, call->arguments, NULL);
  bool keeps = kept && kept->constant.b;
  if (!wanted || wanted->kind == JIT_NONE)
    return low_reduce(l, call->node, reduction, &value, axis, keeps);
  QlDtype dtype;
  if (!low_dtype_argument(l, call, wanted, QL_F64, &dtype)) return low_unknown();
  if (dtype == QL_BOOL) return low_refuse_type(l, call, wanted, "a dtype of numbers");
  value = low_astype(l, call->node, &value, dtype);
  value = low_reduce(l, call->node, reduction, &value, axis, keeps);
  return low_astype(l, call->node, &value, dtype);
}
static Value np_sum(Lower *l, const Call *call) { return reduce(l, call, QL_REDUCE_SUM); }
static Value np_prod(Lower *l, const Call *call) { return reduce(l, call, QL_REDUCE_PROD); }
static Value np_min(Lower *l, const Call *call) { return reduce(l, call, QL_REDUCE_MIN); }
static Value np_max(Lower *l, const Call *call) { return reduce(l, call, QL_REDUCE_MAX); }
static Value np_any(Lower *l, const Call *call) { return reduce(l, call, QL_REDUCE_ANY); }
static Value np_all(Lower *l, const Call *call) { return reduce(l, call, QL_REDUCE_ALL); }

const KnownRow low_reductions[] = {
    {"numpy.sum", np_sum, 0, 0},  {"numpy.prod", np_prod, 0, 0}, {"numpy.min", np_min, 0, 0},
    {"numpy.amin", np_min, 0, 0}, {"numpy.max", np_max, 0, 0},   {"numpy.amax", np_max, 0, 0},
    {"numpy.any", np_any, 0, 0},  {"numpy.all", np_all, 0, 0},   {NULL},
};
