/* Expressions over arrays. Nothing is computed where they stand: an expression is a tree of what
 * each element is, and one loop computes it where it is stored, reduced or looked at.
 *
 *     y[1:] = a * 2 + b      ->   for k: y[1 + k] = a[k] * 2 + b[k]
 *
 * What is stored may lie where operands lie: then, and only then, the expression is computed into
 * memory of its own first. Whether it does is known (views of one array; memory that was just
 * allocated), or asked when it runs. */
#include "lower.h"

/* ---- trees ---- */

static Element *memory_element(Lower *l, Array *array) {
  Element *element = low_get(l, sizeof *element);
  *element =
      (Element){.kind = ELEMENT_MEMORY, .dtype = array->dtype, .ndim = array->ndim, .array = array};
  for (int axis = 0; axis < array->ndim; axis++) {
    int64_t extent = array->extent[axis];
    element->stride[axis] =
        extent == 1  ? low_const(l, 0)
        : extent > 1 ? array->stride[axis]
                     : low_select(l, low_op(l, QL_OP_EQUAL, array->shape[axis], low_const(l, 1)),
                                  low_const(l, 0), array->stride[axis]);
  }
  return element;
}

static Element *element_of(Lower *l, const Value *value) {
  if (value->kind == JIT_ARRAY && value->array->place == JIT_IN_NEST) {
    Array *part = low_nest_whole(l, l->at, value->array);
    if (part) return memory_element(l, part);
  } else if (value->kind == JIT_ARRAY) {
    return value->array->element ? value->array->element : memory_element(l, value->array);
  }
  Element *element = low_get(l, sizeof *element);
  *element = (Element){.kind = ELEMENT_SCALAR, .dtype = value->dtype, .scalar = low_ref(l, value)};
  return element;
}

static Element *cast_element(Lower *l, Element *from, QlDtype dtype) {
  if (from->dtype == dtype) return from;
  Element *element = low_get(l, sizeof *element);
  *element = (Element){.kind = from->kind == ELEMENT_SCALAR ? ELEMENT_SCALAR : ELEMENT_CAST,
                       .dtype = (uint8_t)dtype,
                       .ndim = from->ndim,
                       .args = {from},
                       .count = 1};
  if (from->kind == ELEMENT_SCALAR)
    element->scalar = jit_cast(l->fn, from->scalar, dtype, low_source(l)), element->count = 0;
  return element;
}

/* Two extents along an axis of a result. */
static bool meet_extents(Lower *l, const Node *node, Array *into, int axis, JitRef extent,
                         int64_t known, JitRef same) {
  JitRef old = into->shape[axis];
  int64_t before = into->extent[axis];
  if (same.id) into->same = into->same.id ? low_op(l, QL_OP_LOGICAL_AND, into->same, same) : same;
  if (!old.id) return into->shape[axis] = extent, into->extent[axis] = known, true;
  if (old.id == extent.id || (before >= 0 && before == known)) return true;
  if (before >= 0 && known >= 0 && before != 1 && known != 1) {
    low_refuse(l, node, "QJ361",
               low_text(l, "extents %lld and %lld do not go together", (long long)before,
                        (long long)known),
               "give operands of one shape");
    return false;
  }
  JitRef one = low_const(l, 1), equal = low_op(l, QL_OP_EQUAL, old, extent);
  into->same = into->same.id ? low_op(l, QL_OP_LOGICAL_AND, into->same, equal) : equal;
  if (known == 1) return true;
  if (before == 1) return into->shape[axis] = extent, into->extent[axis] = known, true;
  JitRef old_one = low_op(l, QL_OP_EQUAL, old, one), new_one = low_op(l, QL_OP_EQUAL, extent, one);
  JitRef good = low_op(l, QL_OP_LOGICAL_OR, equal, low_op(l, QL_OP_LOGICAL_OR, old_one, new_one));
  low_raise_if(l, node, low_op1(l, QL_OP_LOGICAL_NOT, good), "ValueError",
               "operands could not be broadcast together");
  into->shape[axis] = low_select(l, old_one, extent, old);
  into->extent[axis] = before > 1 ? before : known > 1 ? known : -1;
  return true;
}

Array *low_broadcast(Lower *l, const Node *node, int count, const Value *arguments) {
  Array *into = low_get(l, sizeof *into);
  for (int k = 0; k < count; k++)
    if (arguments[k].kind == JIT_ARRAY) into->ndim = QL_MAX(into->ndim, arguments[k].array->ndim);
  bool shorter = false;
  for (int k = 0; k < count; k++) {
    if (arguments[k].kind != JIT_ARRAY) continue;
    const Array *array = arguments[k].array;
    int shift = into->ndim - array->ndim;
    shorter |= shift > 0;
    for (int axis = 0; axis < array->ndim; axis++)
      if (!meet_extents(l, node, into, axis + shift, array->shape[axis], array->extent[axis],
                        axis ? (JitRef){0} : array->same))
        return NULL;
  }
  return into;
}

static JitRef value_at(Lower *l, const Element *element, const JitRef *index, int ndim, bool same);

Value low_elementwise(Lower *l, const Node *node, QlOp op, QlDtype loop, QlDtype result, int count,
                      const Value *arguments) {
  if (low_dead(l)) return low_unknown();
  Array *array = low_broadcast(l, node, count, arguments);
  if (!array) return low_unknown();
  array->ours = l->ours;
  for (int k = 0; k < count; k++)
    array->ours |= arguments[k].kind == JIT_ARRAY && arguments[k].array->ours;
  for (int k = 0; k < count; k++)
    if (arguments[k].kind == JIT_ARRAY && arguments[k].array->place == JIT_ON_RANKS)
      return low_ranks_ufunc(l, node, op, result, count, arguments, array);
  Element *element = low_get(l, sizeof *element);
  *element = (Element){.kind = ELEMENT_OP,
                       .dtype = (uint8_t)result,
                       .ndim = array->ndim,
                       .op = op,
                       .loop = loop,
                       .count = count};
  for (int k = 0; k < count; k++) {
    Element *argument = element_of(l, &arguments[k]);
    element->args[k] =
        cast_element(l, argument, ql_op_input(op, k, (QlDtype)argument->dtype, loop));
  }
  array->dtype = (uint8_t)result, array->element = element;
  if (array->ndim == 0) return low_scalar(result, false, value_at(l, element, NULL, 0, true));
  return low_array_value(array);
}

/* ---- one element ---- */

static JitRef load(Lower *l, const Element *element, const JitRef *index, int ndim, bool same) {
  JitRef offset = {0};
  int shift = ndim - element->ndim;
  const JitRef *stride = same ? element->array->stride : element->stride;
  for (int axis = 0; axis < element->ndim; axis++) {
    JitRef step = low_op(l, QL_OP_MULTIPLY, index[axis + shift], stride[axis]);
    offset = offset.id ? low_add(l, offset, step) : step;
  }
  if (!offset.id) offset = low_const(l, 0);
  return jit_load_at(l->fn, (QlDtype)element->dtype, element->array->base, offset, low_source(l));
}

static JitRef value_at(Lower *l, const Element *element, const JitRef *index, int ndim, bool same) {
  JitRef args[3];
  switch ((ElementKind)element->kind) {
    case ELEMENT_MEMORY: return load(l, element, index, ndim, same);
    case ELEMENT_SCALAR: return element->scalar;
    default: break;
  }
  for (int k = 0; k < element->count; k++)
    args[k] = value_at(l, element->args[k], index, ndim, same);
  if (element->kind == ELEMENT_CAST)
    return jit_cast(l->fn, args[0], (QlDtype)element->dtype, low_source(l));
  return jit_op(l->fn, element->op, element->count, args, low_source(l));
}

Element *low_element(Lower *l, const Value *value, QlDtype dtype) {
  return cast_element(l, element_of(l, value), dtype);
}

JitRef low_element_at(Lower *l, const Element *element, const JitRef *index, int ndim, bool same) {
  return value_at(l, element, index, ndim, same);
}

JitRef low_offset(Lower *l, const Array *array, const JitRef *index) {
  JitRef offset = {0};
  for (int axis = 0; axis < array->ndim; axis++) {
    JitRef step = low_op(l, QL_OP_MULTIPLY, index[axis], array->stride[axis]);
    offset = offset.id ? low_add(l, offset, step) : step;
  }
  return offset.id ? offset : low_const(l, 0);
}

/* ---- do two arrays share memory? ---- */

typedef enum Sharing { APART, SHARED, UNKNOWN_SHARING } Sharing;

/* The same elements in the same places: each is read before it is written. */
static bool is_same_view(const Array *a, const Array *b) {
  if (a->base.id != b->base.id || a->ndim != b->ndim) return false;
  for (int axis = 0; axis < a->ndim; axis++)
    if (a->stride[axis].id != b->stride[axis].id || a->shape[axis].id != b->shape[axis].id)
      return false;
  return true;
}

static Sharing sharing(const Array *target, const Array *array) {
  if (is_same_view(target, array)) return APART;
  if (target->owner.id == array->owner.id) return SHARED;
  if (target->site || array->site)
    return target->site && target->site == array->site ? UNKNOWN_SHARING : APART;
  if ((target->made && (array->made || array->lent)) || (array->made && target->lent)) return APART;
  return UNKNOWN_SHARING;
}

bool low_apart(const Array *target, const Array *array) {
  return !is_same_view(target, array) && sharing(target, array) == APART;
}

/* The first byte of an array, and the one after its last. */
static void ends_of(Lower *l, const Array *array, JitRef *low, JitRef *high) {
  JitRef zero = low_const(l, 0), one = low_const(l, 1);
  *low = array->base,
  *high = low_add(l, array->base, low_const(l, ql_dtype_info[array->dtype].size));
  for (int axis = 0; axis < array->ndim; axis++) {
    JitRef span = low_op(l, QL_OP_MULTIPLY, low_op(l, QL_OP_SUBTRACT, array->shape[axis], one),
                         array->stride[axis]);
    *low = low_add(l, *low, low_op(l, QL_OP_MINIMUM, span, zero));
    *high = low_add(l, *high, low_op(l, QL_OP_MAXIMUM, span, zero));
  }
}

/* Adds to *overlaps (a b8) whether an operand lies where the target lies; true: one does for sure.
 */
static bool find_shared(Lower *l, const Array *target, const Element *element, JitRef *overlaps) {
  for (int k = 0; k < element->count; k++)
    if (find_shared(l, target, element->args[k], overlaps)) return true;
  if (element->kind != ELEMENT_MEMORY) return false;
  Sharing how = sharing(target, element->array);
  if (how != UNKNOWN_SHARING) return how == SHARED;
  JitRef low, high, from, to;
  ends_of(l, target, &low, &high);
  ends_of(l, element->array, &from, &to);
  JitRef both = low_op(l, QL_OP_LOGICAL_AND, low_op(l, QL_OP_LESS, low, to),
                       low_op(l, QL_OP_LESS, from, high));
  *overlaps = overlaps->id ? low_op(l, QL_OP_LOGICAL_OR, *overlaps, both) : both;
  return false;
}

/* ---- into memory ---- */

typedef struct Store {
  const Array *target;
  const Element *element;
  bool same;
} Store;

static void store_element(Lower *l, void *data, const JitRef *index) {
  const Store *store = data;
  const Array *target = store->target;
  JitRef value = value_at(l, store->element, index, target->ndim, store->same);
  jit_store_at(l->fn, target->base, low_offset(l, target, index), value, low_source(l));
}

/* One loop where nothing is repeated, and one for all cases where that must be asked. */
static void store_all(Lower *l, const Array *target, Element *element, JitRef same) {
  Store store = {target, cast_element(l, element, (QlDtype)target->dtype), true};
  if (!same.id) return low_box(l, target->ndim, target->shape, store_element, &store);
  JitBlock plain = jit_block_new(l->fn), repeated = jit_block_new(l->fn),
           after = jit_block_new(l->fn);
  jit_branch(l->fn, same, plain, repeated);
  jit_block_open(l->fn, plain);
  low_box(l, target->ndim, target->shape, store_element, &store);
  jit_jump(l->fn, after);
  store.same = false;
  jit_block_open(l->fn, repeated);
  low_box(l, target->ndim, target->shape, store_element, &store);
  jit_jump(l->fn, after);
  jit_block_open(l->fn, after);
}

Value low_in_memory(Lower *l, const Node *node, const Value *value) {
  if (value->kind == JIT_ARRAY && value->array->place == JIT_IN_NEST && !low_dead(l)) {
    Array *part = low_nest_whole(l, node, value->array);
    return part ? low_array_value(part) : low_unknown();
  }
  if (value->kind != JIT_ARRAY || !value->array->element || low_dead(l)) return *value;
  const Array *from = value->array;
  Array *array =
      low_new_array(l, node, (QlDtype)from->dtype, from->ndim, from->shape, from->extent);
  store_all(l, array, from->element, from->same);
  array->ours |= from->ours;
  return low_array_value(array);
}

Value low_settled(Lower *l, const Node *node, const Value *value) {
  if (value->kind == JIT_ARRAY && value->array->place == JIT_IN_NEST) return *value; /* a name */
  if (value->kind == JIT_ARRAY) return low_in_memory(l, node, value);
  if (value->kind != JIT_TUPLE && value->kind != JIT_RANGE) return *value;
  Value settled = *value;
  settled.items = low_get(l, (size_t)value->count * sizeof *settled.items + 1);
  for (int k = 0; k < value->count; k++) settled.items[k] = low_settled(l, node, &value->items[k]);
  return settled;
}

Value low_copy(Lower *l, const Node *node, const Value *given) {
  Value part = *given;
  const Value *value = &part;
  if (part.kind == JIT_ARRAY && part.array->place == JIT_ON_RANKS)
    return low_ranks_convert(l, node, part.array, (QlDtype)part.array->dtype);
  if (part.kind == JIT_ARRAY && part.array->place == JIT_IN_NEST)
    part = low_in_memory(l, node, given);
  if (value->kind != JIT_ARRAY || value->array->element) return low_in_memory(l, node, value);
  const Array *from = value->array;
  Array *array =
      low_new_array(l, node, (QlDtype)from->dtype, from->ndim, from->shape, from->extent);
  store_all(l, array, memory_element(l, value->array), (JitRef){0});
  array->ours |= from->ours;
  return low_array_value(array);
}

Value low_astype(Lower *l, const Node *node, const Value *value, QlDtype dtype) {
  if (value->kind == JIT_UNKNOWN || low_dead(l)) return low_unknown();
  if (value->kind == JIT_SCALAR && !low_fits(l, node, value, dtype)) return low_unknown();
  if (value->kind == JIT_SCALAR) return low_scalar(dtype, false, low_ref_as(l, value, dtype));
  if (value->kind != JIT_ARRAY)
    return low_refuse(
        l, node, "QJ362",
        low_text(l, "%s cannot be converted to %s", low_type_text(l, value), ql_dtype_name(dtype)),
        "convert numbers and arrays");
  if (value->array->place == JIT_ON_RANKS) return low_ranks_convert(l, node, value->array, dtype);
  Array *array = low_get(l, sizeof *array);
  *array = *value->array, array->list = false, array->site = NULL;
  array->place = JIT_IN_MEMORY;
  array->element = cast_element(l, element_of(l, value), dtype), array->dtype = (uint8_t)dtype;
  if (array->element->kind == ELEMENT_MEMORY) return low_copy(l, node, value);
  Value cast = low_array_value(array);
  return low_in_memory(l, node, &cast);
}

/* Does the value have the target's shape, or is it repeated to it? */
static bool fits(Lower *l, const Node *node, const Array *target, const Array *array,
                 JitRef *same) {
  *same = array->same;
  if (array->ndim > target->ndim) {
    low_refuse(l, node, "QJ363",
               low_text(l, "an array of %d dimensions does not fit into one of %d", array->ndim,
                        target->ndim),
               "index it, or sum over an axis");
    return false;
  }
  int shift = target->ndim - array->ndim;
  for (int axis = 0; axis < array->ndim; axis++) {
    JitRef extent = array->shape[axis], wanted = target->shape[axis + shift];
    if (extent.id == wanted.id) continue;
    if (array->extent[axis] >= 0 && array->extent[axis] == target->extent[axis + shift]) continue;
    JitRef equal = low_op(l, QL_OP_EQUAL, extent, wanted);
    if (array->extent[axis] != 1) {
      JitRef one = low_op(l, QL_OP_EQUAL, extent, low_const(l, 1));
      JitRef good = low_op(l, QL_OP_LOGICAL_OR, equal, one);
      low_raise_if(l, node, low_op1(l, QL_OP_LOGICAL_NOT, good), "ValueError",
                   "could not broadcast input array into the shape of the target");
    }
    *same = same->id ? low_op(l, QL_OP_LOGICAL_AND, *same, equal) : equal;
  }
  return true;
}

void low_copy_into(Lower *l, const Node *node, const Array *target, const Value *value) {
  if (value->kind == JIT_UNKNOWN || low_dead(l)) return;
  if (value->kind != JIT_SCALAR && value->kind != JIT_ARRAY) {
    low_refuse(l, node, "QJ364",
               low_text(l, "%s cannot be stored into an array", low_type_text(l, value)),
               "store numbers and arrays");
    return;
  }
  JitRef same = {0}, overlaps = {0};
  if (low_readonly(l, node, target) || !low_can_store(l, node, value, (QlDtype)target->dtype))
    return;
  if (target->place == JIT_IN_NEST) {
    low_refuse(l, node, "QJ409", "an array is stored as a whole in a loop over distributed arrays",
               "store its elements, by the loop's variables");
    return;
  }
  if (value->kind == JIT_ARRAY && !fits(l, node, target, value->array, &same)) return;
  if (target->place == JIT_ON_RANKS) return low_ranks_assign(l, node, target, value);
  Element *element = element_of(l, value);
  bool shared = find_shared(l, target, element, &overlaps);
  if (shared) {
    Value copy = low_copy(l, node, value);
    return store_all(l, target, memory_element(l, copy.array), same);
  }
  if (!overlaps.id) return store_all(l, target, element, same);
  JitBlock apart = jit_block_new(l->fn), together = jit_block_new(l->fn),
           after = jit_block_new(l->fn);
  jit_branch(l->fn, overlaps, together, apart);
  jit_block_open(l->fn, together);
  int temporaries = l->temporary_count;
  Value copy = low_copy(l, node, value);
  store_all(l, target, memory_element(l, copy.array), same);
  low_end_temporaries(l, temporaries);
  jit_jump(l->fn, after);
  jit_block_open(l->fn, apart);
  store_all(l, target, element, same);
  jit_jump(l->fn, after);
  jit_block_open(l->fn, after);
}
