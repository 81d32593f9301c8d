/* Arrays in memory: new ones, views, elements. */
#include "lower.h"

Value low_array_value(Array *array) {
  return (Value){.kind = JIT_ARRAY, .dtype = array->dtype, .array = array};
}

static JitRef item_bytes(Lower *l, const Array *array) {
  return low_const(l, ql_dtype_info[array->dtype].size);
}

static JitRef multiply(Lower *l, JitRef a, JitRef b) { return low_op(l, QL_OP_MULTIPLY, a, b); }

void low_set_strides(Lower *l, Array *array) {
  JitRef stride = item_bytes(l, array);
  for (int axis = array->ndim - 1; axis >= 0; axis--) {
    array->stride[axis] = stride;
    if (axis) stride = multiply(l, stride, array->shape[axis]);
  }
}

JitRef low_size(Lower *l, const Array *array) {
  JitRef size = low_const(l, 1);
  for (int axis = 0; axis < array->ndim; axis++)
    size = axis ? multiply(l, size, array->shape[axis]) : array->shape[0];
  return size;
}

void low_share(Lower *l, const Node *site) {
  if (!site) return;
  for (int k = 0; k < l->shared_count; k++)
    if (l->shared[k] == site) return;
  if (!ql_pool_grow(l->pool, &l->shared, l->shared_count, &l->shared_room, sizeof *l->shared))
    longjmp(l->no_memory, 1);
  l->shared[l->shared_count++] = site, l->again = true;
}

/* How many bytes an array has, where it can be private: it is what a statement assigns to a name,
 * of few elements, as is known here; otherwise 0. */
static int64_t private_bytes(const Lower *l, const Node *node, QlDtype dtype, int ndim,
                             const int64_t *extent) {
  enum { MOST_BYTES = 4096 };
  int64_t bytes = ql_dtype_info[dtype].size;
  if (!extent || node != l->creating || l->fn != l->main || l->ours) return 0;
  for (int k = 0; k < l->shared_count; k++)
    if (l->shared[k] == node) return 0;
  for (int axis = 0; axis < ndim; axis++) {
    if (extent[axis] < 0 || extent[axis] > MOST_BYTES) return 0;
    bytes *= extent[axis];
  }
  return bytes > 0 && bytes <= MOST_BYTES ? bytes : 0;
}

/* The largest number of bytes, less what a product of floats may be wrong by. */
static const double most_bytes = 0x1p63 * (1 - 0x1p-45);

JitRef low_too_big(Lower *l, int ndim, const JitRef *shape, const int64_t *extent, int item) {
  double known = item;
  JitRef all = {0};
  for (int axis = 0; axis < ndim; axis++) {
    if (extent && extent[axis] >= 0) {
      known *= (double)QL_MAX(extent[axis], 1);
      continue;
    }
    JitRef one = jit_cast(l->fn, low_op(l, QL_OP_MAXIMUM, shape[axis], low_const(l, 1)), QL_F64,
                          low_source(l));
    all = all.id ? multiply(l, all, one) : one;
  }
  if (!all.id && known <= most_bytes) return (JitRef){0};
  if (!all.id) return jit_const(l->fn, QL_BOOL, (QlValue){.b = true});
  return low_op(l, QL_OP_GREATER, all,
                jit_const(l->fn, QL_F64, (QlValue){.d = most_bytes / known}));
}

Array *low_new_array(Lower *l, const Node *node, QlDtype dtype, int ndim, const JitRef *shape,
                     const int64_t *extent) {
  Array *array = low_get(l, sizeof *array);
  array->dtype = (uint8_t)dtype, array->ndim = (uint8_t)ndim,
  array->contiguous = array->made = true, array->ours = l->ours;
  for (int axis = 0; axis < ndim; axis++) {
    array->shape[axis] = shape[axis], array->extent[axis] = extent ? extent[axis] : -1;
    if (array->extent[axis] >= 0 || low_dead(l)) continue;
    low_raise_if(l, node, low_op(l, QL_OP_LESS, shape[axis], low_const(l, 0)), "ValueError",
                 "negative dimensions are not allowed");
  }
  JitRef too_big = low_too_big(l, ndim, shape, extent, ql_dtype_info[dtype].size);
  if (too_big.id)
    low_raise_if(l, node, too_big, "ValueError",
                 "array is too big; `arr.size * arr.dtype.itemsize` is larger than the maximum "
                 "possible size.");
  low_set_strides(l, array);
  int64_t few = private_bytes(l, node, dtype, ndim, extent);
  if (few) {
    array->site = node, array->owner = low_const(l, 0);
    array->base = jit_stack(l->fn, few, low_source(l));
    return array;
  }
  JitRef bytes = multiply(l, low_size(l, array), item_bytes(l, array));
  array->owner = jit_host(l->fn, JIT_HOST_ALLOCATE, 1, &bytes, low_source(l));
  low_raise_if(l, node, low_op(l, QL_OP_EQUAL, array->owner, low_const(l, 0)), "MemoryError",
               "no memory for an array");
  array->base = low_add(l, array->owner, low_const(l, JIT_OWNER_BYTES));
  Value value = low_array_value(array);
  low_temporary(l, &value);
  return array;
}

/* ---- positions ---- */

/* Is it known not to be negative? */
static bool is_natural(const Value *value) {
  bool is_unsigned = ql_dtype_info[value->dtype].kind != QL_KIND_INT;
  return value->known ? is_unsigned || value->constant.i >= 0 : value->natural;
}

/* Is it not one of 0 ... extent - 1? Without its sign a number below 0 is a large one. */
static JitRef is_outside(Lower *l, JitRef at, JitRef extent) {
  return low_op(l, QL_OP_GREATER_EQUAL, jit_cast(l->fn, at, QL_U64, low_source(l)),
                jit_cast(l->fn, extent, QL_U64, low_source(l)));
}

JitRef low_position(Lower *l, const Node *node, const Value *index, JitRef extent, int axis,
                    bool checked) {
  JitRef at = low_ref_as(l, index, QL_I64), zero = low_const(l, 0);
  bool is_known = index->known, natural = is_natural(index);
  if (!natural) {
    JitRef from_end = low_add(l, at, extent);
    at = is_known ? from_end : low_select(l, low_op(l, QL_OP_LESS, at, zero), from_end, at);
  }
  if (!checked) return at;
  low_raise_if(l, node, is_outside(l, at, extent), "IndexError",
               low_text(l, "index is out of bounds for axis %d", axis));
  return at;
}

/* A slice's bound, from the end where it is negative, between the ends. */
static JitRef bound(Lower *l, const Value *value, JitRef extent, JitRef least, JitRef most) {
  JitRef at = low_ref_as(l, value, QL_I64);
  if (!is_natural(value)) {
    JitRef from_end = low_add(l, at, extent);
    at = value->known ? from_end
                      : low_select(l, low_op(l, QL_OP_LESS, at, low_const(l, 0)), from_end, at);
  }
  bool wraps = !value->known || value->constant.i < 0; /* what is never negative may wrap */
  if (wraps) at = low_op(l, QL_OP_MAXIMUM, at, least);
  return low_op(l, QL_OP_MINIMUM, at, most);
}

/* In steps that are known only when it runs: their sign says where it begins and ends. */
static void cut_by(Lower *l, const Node *node, const Value *slice, JitRef extent, Cut *cut) {
  const Value *start = &slice->items[0], *stop = &slice->items[1];
  JitRef zero = low_const(l, 0), one = low_const(l, 1), none = low_const(l, -1),
         step = low_ref_as(l, &slice->items[2], QL_I64);
  low_raise_if(l, node, low_op(l, QL_OP_EQUAL, step, zero), "ValueError",
               "slice step cannot be zero");
  JitRef falls = low_op(l, QL_OP_LESS, step, zero),
         last = low_select(l, falls, low_op(l, QL_OP_SUBTRACT, extent, one), extent),
         least = low_select(l, falls, none, zero);
  JitRef first = low_select(l, falls, last, zero), after = low_select(l, falls, none, extent);
  *cut = (Cut){.start = first, .step = step};
  if (start->kind != JIT_NONE) cut->start = bound(l, start, extent, least, last);
  JitRef end = stop->kind != JIT_NONE ? bound(l, stop, extent, least, last) : after;
  JitRef span = low_op(l, QL_OP_SUBTRACT, end, cut->start), size = low_op1(l, QL_OP_ABSOLUTE, step);
  span = low_select(l, falls, low_op(l, QL_OP_SUBTRACT, cut->start, end), span);
  span =
      low_op(l, QL_OP_FLOOR_DIVIDE, low_op(l, QL_OP_SUBTRACT, low_add(l, span, size), one), size);
  cut->count = low_op(l, QL_OP_MAXIMUM, span, zero);
}

bool low_cut(Lower *l, const Node *node, const Value *slice, JitRef extent, Cut *cut) {
  const Value *start = &slice->items[0], *stop = &slice->items[1], *by = &slice->items[2];
  for (int k = 0; k < 3; k++) {
    const Value *part = &slice->items[k];
    if (part->kind == JIT_UNKNOWN) return false;
    if (part->kind == JIT_NONE || low_is_index(part)) continue;
    low_refuse(l, node, "QJ350",
               low_text(l, "a slice takes integers, not %s", low_type_text(l, part)),
               "write int(...) around it");
    return false;
  }
  int64_t step = by->kind == JIT_NONE ? 1 : by->constant.i;
  if ((by->kind != JIT_NONE && !by->known) || step == 0)
    return cut_by(l, node, slice, extent, cut), true;
  JitRef zero = low_const(l, 0), one = low_const(l, 1), none = low_const(l, -1);
  *cut = (Cut){.one = step == 1,
               .whole = step == 1 && start->kind == JIT_NONE && stop->kind == JIT_NONE};
  if (cut->whole) return cut->start = zero, cut->count = extent, true;
  JitRef last = step < 0 ? low_op(l, QL_OP_SUBTRACT, extent, one) : extent;
  JitRef least = step < 0 ? none : zero;
  cut->start =
      start->kind == JIT_NONE ? (step < 0 ? last : zero) : bound(l, start, extent, least, last);
  JitRef end =
      stop->kind == JIT_NONE ? (step < 0 ? none : extent) : bound(l, stop, extent, least, last);
  JitRef span = step < 0 ? low_op(l, QL_OP_SUBTRACT, cut->start, end)
                         : low_op(l, QL_OP_SUBTRACT, end, cut->start);
  int64_t size = step < 0 ? -step : step;
  if (size > 1)
    span =
        low_op(l, QL_OP_FLOOR_DIVIDE, low_add(l, span, low_const(l, size - 1)), low_const(l, size));
  bool from_start = start->kind == JIT_NONE && stop->kind == JIT_NONE;
  cut->count = from_start ? span : low_op(l, QL_OP_MAXIMUM, span, zero);
  if (step != 1) cut->step = low_const(l, step);
  return true;
}

/* ---- views ---- */

static JitRef move(Lower *l, JitRef offset, JitRef by) {
  return offset.id ? low_add(l, offset, by) : by;
}

/* The parts of an index, Ellipsis resolved: how many axes it names must not exceed those there are.
 */
const Value *low_index_parts(Lower *l, const Node *node, const Array *array, const Value *index,
                             int *count) {
  const Value *parts = index->kind == JIT_TUPLE ? index->items : index;
  int given = index->kind == JIT_TUPLE ? index->count : 1, axes = 0, dots = -1;
  for (int k = 0; k < given; k++) {
    if (parts[k].kind == JIT_UNKNOWN) return NULL;
    if (parts[k].kind == JIT_ELLIPSIS) dots = k;
    bool is_array = parts[k].kind == JIT_ARRAY, is_mask = is_array && !parts[k].dtype;
    axes +=
        is_mask ? parts[k].array->ndim : parts[k].kind != JIT_ELLIPSIS && parts[k].kind != JIT_NONE;
    bool is_good = low_is_index(&parts[k]) || parts[k].kind == JIT_SLICE ||
                   parts[k].kind == JIT_NONE || parts[k].kind == JIT_ELLIPSIS ||
                   (is_array && ql_dtype_info[parts[k].dtype].kind <= QL_KIND_UINT);
    if (is_good) continue;
    low_refuse(l, node, "QJ352", low_text(l, "%s is not an index", low_type_text(l, &parts[k])),
               "use integers, slices, and arrays of integers or bools");
    return NULL;
  }
  if (axes > array->ndim) {
    low_refuse(l, node, "QJ353",
               low_text(l, "%d indices for an array of %d dimensions", axes, array->ndim),
               "give at most one index per axis");
    return NULL;
  }
  int more = array->ndim - axes;
  Value *all = low_get(l, (size_t)(given + more) * sizeof *all + 1),
        slice = low_slice(l, low_none(), low_none(), low_none());
  *count = 0;
  for (int k = 0; k < given; k++) {
    if (parts[k].kind != JIT_ELLIPSIS || k != dots) {
      if (parts[k].kind != JIT_ELLIPSIS) all[(*count)++] = parts[k];
      continue;
    }
    for (int m = 0; m < more; m++) all[(*count)++] = slice;
  }
  if (dots < 0)
    for (int m = 0; m < more; m++) all[(*count)++] = slice;
  return all;
}

/* A view, its elements at base + *offset. NULL: refused. */
static Array *view_of(Lower *l, const Node *node, const Array *array, const Value *index,
                      JitRef *offset) {
  int count, axis = 0;
  const Value *parts = low_index_parts(l, node, array, index, &count);
  if (!parts) return NULL;
  Array *view = low_get(l, sizeof *view);
  *view = *array, view->ndim = 0, *offset = (JitRef){0};
  bool only_whole = false; /* after a cut, only whole axes are without gaps */
  for (int k = 0; k < count; k++) {
    if (parts[k].kind == JIT_NONE) {
      view->shape[view->ndim] = low_const(l, 1), view->extent[view->ndim] = 1;
      view->stride[view->ndim++] = low_const(l, 0);
      view->contiguous = false;
      continue;
    }
    JitRef stride = array->stride[axis], extent = array->shape[axis];
    if (low_is_index(&parts[k])) {
      JitRef at = low_position(l, node, &parts[k], extent, axis, l->options->boundscheck);
      *offset = move(l, *offset, multiply(l, at, stride));
      view->contiguous = view->contiguous && !only_whole;
      axis++;
      continue;
    }
    Cut cut;
    if (!low_cut(l, node, &parts[k], extent, &cut)) return NULL;
    view->contiguous = view->contiguous && cut.one && (cut.whole || !only_whole);
    only_whole = true;
    if (!cut.whole) *offset = move(l, *offset, multiply(l, cut.start, stride));
    view->shape[view->ndim] = cut.count,
    view->extent[view->ndim] = cut.whole ? array->extent[axis] : -1;
    view->stride[view->ndim++] = cut.step.id ? multiply(l, stride, cut.step) : stride;
    axis++;
  }
  return view;
}

static bool all_integers(const Array *array, const Value *index) {
  if (index->kind != JIT_TUPLE) return array->ndim == 1 && low_is_index(index);
  for (int k = 0; k < index->count; k++)
    if (!low_is_index(&index->items[k])) return false;
  return index->count == array->ndim;
}

/* Of a tuple: by a constant, or by a number where all items are of one type. */
static Value index_tuple(Lower *l, const Node *node, const Value *tuple, const Value *index) {
  if (index->kind == JIT_SLICE) {
    int64_t bounds[3] = {0, tuple->count, 1};
    for (int k = 0; k < 3; k++) {
      const Value *part = &index->items[k];
      if (part->kind == JIT_NONE) continue;
      if (!part->known)
        return low_refuse(l, node, "QJ354", "a slice of a tuple must be of constants",
                          "write the numbers");
      bounds[k] = part->constant.i;
      if (k < 2 && bounds[k] < 0) bounds[k] += tuple->count;
    }
    if (bounds[2] != 1)
      return low_refuse(l, node, "QJ354", "a slice of a tuple has no step here",
                        "take its items one by one");
    int64_t from = QL_MAX(0, QL_MIN(bounds[0], tuple->count)),
            to = QL_MAX(from, QL_MIN(bounds[1], tuple->count));
    return low_tuple(l, (int)(to - from), tuple->items + from);
  }
  if (!low_is_index(index))
    return low_refuse(l, node, "QJ355", "a tuple is indexed by integers", "write the number");
  if (index->known) {
    int64_t at = index->constant.i + (index->constant.i < 0 ? tuple->count : 0);
    if (at < 0 || at >= tuple->count)
      return low_refuse(l, node, "QJ356", "tuple index out of range", "the tuple is shorter");
    return tuple->items[at];
  }
  if (!tuple->count)
    return low_refuse(l, node, "QJ356", "tuple index out of range", "the tuple is empty");
  JitType type = low_type(l, &tuple->items[0]);
  for (int k = 1; k < tuple->count; k++) {
    JitType other = low_type(l, &tuple->items[k]), both;
    if (!low_join_types(l, &type, &other, &both) || type.kind != JIT_SCALAR)
      return low_refuse(
          l, node, "QJ357",
          "the items of the tuple are not numbers, and which one it is is not known here",
          "write the index as a constant");
    type = both;
  }
  if (type.torn) return low_refuse_torn(l, node, "the item");
  JitRef count = low_const(l, tuple->count), at = low_position(l, node, index, count, 0, false);
  low_raise_if(l, node, is_outside(l, at, count), "IndexError", "tuple index out of range");
  Value first = low_convert(l, &tuple->items[0], &type);
  JitRef ref = low_ref(l, &first);
  for (int k = 1; k < tuple->count; k++) {
    Value item = low_convert(l, &tuple->items[k], &type);
    ref = low_select(l, low_op(l, QL_OP_EQUAL, at, low_const(l, k)), low_ref(l, &item), ref);
  }
  return low_bounded(low_scalar((QlDtype)type.dtype, type.weak, ref), &type);
}

/* In a nest an array on ranks has only the part in memory that is touched. */
static Value in_nest(Lower *l, const Node *node, Array *array, const Value *index, bool stores) {
  int count;
  if (array->place != JIT_IN_NEST) return low_array_value(array);
  const Value *parts = low_index_parts(l, node, array, index, &count);
  Array *part = parts ? low_nest_part(l, node, array, parts, count, stores) : NULL;
  return part ? low_array_value(part) : low_unknown();
}

Value low_index(Lower *l, const Node *node, const Value *value, const Value *index) {
  if (value->kind == JIT_UNKNOWN || index->kind == JIT_UNKNOWN || low_dead(l)) return low_unknown();
  if (value->kind == JIT_TUPLE) return index_tuple(l, node, value, index);
  if (value->kind != JIT_ARRAY)
    return low_refuse(l, node, "QJ358", low_text(l, "%s has no elements", low_type_text(l, value)),
                      "index arrays and tuples");
  if (low_is_gather(index)) return low_gather(l, node, value, index);
  Value memory = in_nest(l, node, value->array, index, false);
  if (memory.kind != JIT_ARRAY) return memory;
  Value array = low_in_memory(l, node, &memory);
  JitRef offset;
  Array *view = view_of(l, node, array.array, index, &offset);
  if (!view) return low_unknown();
  if (view->place == JIT_ON_RANKS)
    return all_integers(array.array, index) ? low_ranks_get(l, node, array.array, offset)
                                            : low_ranks_view(l, node, array.array, view, offset);
  if (all_integers(array.array, index)) {
    if (!offset.id) offset = low_const(l, 0);
    JitRef ref = jit_load_at(l->fn, (QlDtype)view->dtype, view->base, offset, low_source(l));
    return low_scalar((QlDtype)view->dtype, view->list && view->weak, ref);
  }
  if (offset.id) view->base = low_add(l, view->base, offset);
  Value part = low_array_value(view);
  if (!view->list || index->kind != JIT_SLICE) return part;
  part = low_copy(l, node, &part); /* of a list */
  part.array->list = true, part.array->weak = view->weak;
  return part;
}

bool low_readonly(Lower *l, const Node *node, const Array *array) {
  if (array->readonly && l->nest && array->place == JIT_IN_MEMORY)
    low_refuse(l, node, "QJ409", "a part of an array is stored in a loop over distributed arrays",
               "store its elements, by the loop's variables, each by an index of the whole array");
  else if (array->readonly)
    low_refuse(l, node, "QJ365", "the array may not be written: NumPy's is not writeable",
               "give a copy of it");
  return array->readonly;
}

bool low_holds(Lower *l, const Node *node, const Value *array, const Value *stored) {
  if (stored->kind == JIT_UNKNOWN) return false;
  QlDtype dtype = (QlDtype)array->array->dtype;
  bool is_number = stored->kind == JIT_SCALAR || stored->kind == JIT_ARRAY,
       is_complex = is_number && ql_dtype_info[stored->dtype].kind == QL_KIND_COMPLEX,
       good = is_number && (!is_complex || ql_dtype_info[dtype].kind == QL_KIND_COMPLEX);
  /* a list holds its items as they are */
  if (good && array->array->list && stored->kind == JIT_SCALAR) {
    JitType own = {.kind = JIT_SCALAR, .dtype = dtype, .weak = array->array->weak}, both,
            other = low_type(l, stored);
    good = low_join_types(l, &own, &other, &both) && low_same_type(&own, &both) &&
           (stored->weak || !own.weak);
  }
  if (!good)
    low_refuse(l, node, "QJ360",
               low_text(l, "an element of %s cannot hold %s", low_type_text(l, array),
                        low_type_text(l, stored)),
               is_complex ? "store x.real or x.imag" : "store a number of its dtype");
  return good;
}

/* What an array of one element stores into an element; NumPy takes no other. */
static Value only_element(Lower *l, const Node *node, const Value *stored) {
  if (stored->array->ndim) {
    low_refuse(l, node, "QJ363", "an array does not fit into one element",
               "index it, or sum over its axes");
    return low_unknown();
  }
  Value memory = low_in_memory(l, node, stored);
  if (memory.kind != JIT_ARRAY) return memory;
  if (memory.array->place == JIT_ON_RANKS) return low_ranks_get(l, node, memory.array, (JitRef){0});
  JitRef ref = jit_load_at(l->fn, (QlDtype)stored->dtype, memory.array->base, low_const(l, 0),
                           low_source(l));
  return low_scalar((QlDtype)stored->dtype, false, ref);
}

void low_store_index(Lower *l, const Node *node, const Value *value, const Value *index,
                     const Value *stored) {
  if (value->kind == JIT_UNKNOWN || index->kind == JIT_UNKNOWN || stored->kind == JIT_UNKNOWN ||
      low_dead(l))
    return;
  if (value->kind != JIT_ARRAY || value->array->element) {
    low_refuse(l, node, "QJ359",
               low_text(l, "elements of %s cannot be assigned to", low_type_text(l, value)),
               "assign to elements of arrays");
    return;
  }
  Array *array = value->array;
  if (low_readonly(l, node, array)) return;
  if (low_is_gather(index)) return low_scatter(l, node, value, index, stored);
  Value memory = in_nest(l, node, array, index, true);
  if (memory.kind != JIT_ARRAY) return;
  array = memory.array;
  JitRef offset;
  Array *view = view_of(l, node, array, index, &offset);
  if (!view) return;
  /* of arrays NumPy leaves out the imaginary parts, of numbers it does not */
  if (!all_integers(array, index) && !array->list && stored->kind == JIT_SCALAR &&
      !low_holds(l, node, value, stored))
    return;
  if (!all_integers(array, index) && view->place == JIT_ON_RANKS) {
    Value target = low_ranks_view(l, node, array, view, offset);
    return low_copy_into(l, node, target.array, stored);
  }
  if (!all_integers(array, index)) {
    if (array->list) {
      low_refuse(l, node, "QJ366", "a part of a list is not assigned to in @jit",
                 "make an array of it: np.array([...])");
      return;
    }
    if (offset.id) view->base = low_add(l, view->base, offset);
    return low_copy_into(l, node, view, stored);
  }
  Value one = *stored;
  if (stored->kind == JIT_ARRAY && !array->list) one = only_element(l, node, stored);
  if (!low_holds(l, node, value, &one)) return;
  stored = &one;
  if (!low_can_store(l, node, stored, (QlDtype)array->dtype)) return;
  if (view->place == JIT_ON_RANKS) return low_ranks_set(l, node, array, offset, stored);
  if (!offset.id) offset = low_const(l, 0);
  jit_store_at(l->fn, view->base, offset, low_ref_as(l, stored, (QlDtype)array->dtype),
               low_source(l));
}
