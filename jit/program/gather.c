/* Arrays as indices, by NumPy's rules: those of integers, and integers beside them, are broadcast
 * against each other, and take one place among the axes of the result; slices keep theirs.
 *
 *     x[rows, 1:]       result[b, s] = x[rows[b], 1 + s]
 *     x[:, i, cols]     result[s, b] = x[s, i, cols[b]]
 *     x[rows, :, 0]     result[b, s]: a slice stands between them, so they come first
 *
 * An array of bools stands for the indices of what is true, one array for each of its axes. What is
 * read is new; what is stored is read before, and stored in the order of the result. */
#include "lower.h"

static bool is_index_array(const Value *value) { return value->kind == JIT_ARRAY; }

bool low_is_gather(const Value *index) {
  if (is_index_array(index)) return true;
  for (int k = 0; index->kind == JIT_TUPLE && k < index->count; k++)
    if (is_index_array(&index->items[k]) || index->items[k].kind == JIT_TUPLE) return true;
  return false;
}

/* Is one of them not in memory? It is refused. */
static bool is_elsewhere(Lower *l, const Node *node, const Array *array, const Value *index) {
  Value whole = low_array_value((Array *)array);
  if (low_on_ranks(l, node, &whole, "an array as an index")) return true;
  if (low_on_ranks(l, node, index, "an array as an index")) return true;
  for (int k = 0; index->kind == JIT_TUPLE && k < index->count; k++)
    if (low_on_ranks(l, node, &index->items[k], "an array as an index")) return true;
  return false;
}

/* ---- bools ---- */

typedef struct Mask {
  const Array *mask;
  Array *const *indices; /* NULL: they are only counted */
  JitRef *count;
} Mask;

static JitRef mask_at(Lower *l, const Array *mask, const JitRef *index) {
  return jit_load_at(l->fn, QL_BOOL, mask->base, low_offset(l, mask, index), low_source(l));
}

/* Each is stored at the place of the next that is true; there is room for one more. */
static void take_true(Lower *l, void *data, const JitRef *index) {
  const Mask *m = data;
  JitRef one = jit_cast(l->fn, mask_at(l, m->mask, index), QL_I64, low_source(l));
  for (int axis = 0; m->indices && axis < m->mask->ndim; axis++)
    jit_store_at(l->fn, m->indices[axis]->base, low_offset(l, m->indices[axis], m->count),
                 index[axis], low_source(l));
  *m->count = low_add(l, *m->count, one);
}

static JitRef count_true(Lower *l, const Array *mask) {
  JitRef count = low_const(l, 0);
  Mask m = {.mask = mask, .count = &count};
  low_box_with(l, mask->ndim, mask->shape, take_true, &m, &count);
  return count;
}

/* An array for `count` elements and one more, of which it has `count`. */
static Array *new_taken(Lower *l, const Node *node, QlDtype dtype, JitRef count) {
  JitRef room = low_add(l, count, low_const(l, 1));
  Array *array = low_new_array(l, node, dtype, 1, &room, NULL);
  array->shape[0] = count;
  return array;
}

Value low_nonzero(Lower *l, const Node *node, const Value *mask) {
  Value memory = low_in_memory(l, node, mask);
  const Array *from = memory.array;
  JitRef count = count_true(l, from), at = low_const(l, 0);
  Array *indices[QL_MAX_DIMS];
  Value values[QL_MAX_DIMS];
  for (int axis = 0; axis < from->ndim; axis++) {
    indices[axis] = new_taken(l, node, QL_I64, count);
    values[axis] = low_array_value(indices[axis]);
  }
  Mask m = {from, indices, &at};
  low_box_with(l, from->ndim, from->shape, take_true, &m, &at);
  return low_tuple(l, from->ndim, values);
}

static void check_mask(Lower *l, const Node *node, const Array *array, int axis,
                       const Array *mask) {
  for (int k = 0; k < mask->ndim; k++)
    if (array->shape[axis + k].id != mask->shape[k].id)
      low_raise_if(l, node, low_op(l, QL_OP_NOT_EQUAL, array->shape[axis + k], mask->shape[k]),
                   "IndexError", "the array of bools has another shape than what it indexes");
}

/* ---- what a result is made of ---- */

typedef struct Gather {
  const Node *node;
  const Array *array;
  JitRef start;         /* bytes before all else; id 0: none */
  int ndim, first, own; /* of the result; its axes that the arrays have together */
  JitRef shape[QL_MAX_DIMS], stride[QL_MAX_DIMS];
  int64_t extent[QL_MAX_DIMS];
  int count;
  Value index[QL_MAX_DIMS]; /* arrays of integers, and integers */
  int axis[QL_MAX_DIMS];    /* which axis of the array each indexes */
  bool stores;
} Gather;

/* The index that one part is: what stores may change it is copied. */
static Value index_value(Lower *l, const Gather *g, const Value *part) {
  Value value = *part;
  if (value.kind == JIT_ARRAY) {
    value = low_in_memory(l, g->node, &value);
    if (g->stores && !low_dead(l) && !low_apart(g->array, value.array))
      value = low_copy(l, g->node, &value);
  }
  return value;
}

static void add_index(Gather *g, Value value, int axis) {
  g->index[g->count] = value, g->axis[g->count++] = axis;
}

/* The axes of the result: where the arrays go, NumPy's rule: in the place of the first of them if
 * nothing stands between, otherwise to the front. */
static bool lay_out(Lower *l, Gather *g, const Value *parts, int count) {
  int axis = 0, axes = 0, seen = -1, last = -1;
  bool together = true;
  JitRef stride[QL_MAX_DIMS], shape[QL_MAX_DIMS];
  int64_t extent[QL_MAX_DIMS];
  for (int k = 0; k < count; k++) {
    const Value *part = &parts[k];
    if (part->kind == JIT_SLICE || part->kind == JIT_NONE) {
      Cut cut = {.start = low_const(l, 0), .count = low_const(l, 1)};
      bool is_new = part->kind == JIT_NONE;
      if (!is_new && !low_cut(l, g->node, part, g->array->shape[axis], &cut)) return false;
      if (axes == QL_MAX_DIMS) return false;
      JitRef own = is_new ? low_const(l, 0) : g->array->stride[axis];
      if (!is_new && !cut.whole) {
        JitRef by = low_op(l, QL_OP_MULTIPLY, cut.start, own);
        g->start = g->start.id ? low_add(l, g->start, by) : by;
      }
      shape[axes] = cut.count, extent[axes] = is_new ? 1 : cut.whole ? g->array->extent[axis] : -1;
      stride[axes] = cut.step.id ? low_op(l, QL_OP_MULTIPLY, own, cut.step) : own;
      axes++, axis += !is_new;
      continue;
    }
    if (seen < 0) seen = axes;
    together = together && (last < 0 || last == k - 1);
    last = k;
    if (part->kind == JIT_ARRAY && part->dtype == QL_BOOL) {
      Value mask = low_in_memory(l, g->node, part);
      if (low_dead(l)) return false;
      check_mask(l, g->node, g->array, axis, mask.array);
      Value indices = low_nonzero(l, g->node, &mask);
      for (int m = 0; m < indices.count; m++) add_index(g, indices.items[m], axis++);
      continue;
    }
    add_index(g, index_value(l, g, part), axis++);
  }
  Array *own = low_broadcast(l, g->node, g->count, g->index);
  if (!own || low_dead(l)) return false;
  g->ndim = axes + own->ndim, g->own = own->ndim, g->first = together ? seen : 0;
  if (g->ndim > QL_MAX_DIMS) {
    low_refuse(l, g->node, "QJ374", "an array has at most 16 dimensions", "use fewer");
    return false;
  }
  for (int k = 0, from = 0; k < g->ndim; k++) {
    bool is_own = k >= g->first && k < g->first + own->ndim;
    g->shape[k] = is_own ? own->shape[k - g->first] : shape[from];
    g->extent[k] = is_own ? own->extent[k - g->first] : extent[from];
    g->stride[k] = is_own ? (JitRef){0} : stride[from];
    from += !is_own;
  }
  return true;
}

static bool begin(Lower *l, Gather *g, const Value *index) {
  Value *parts = low_get(l, (size_t)(index->count + 1) * sizeof *parts), all = *index;
  int count;
  for (int k = 0; index->kind == JIT_TUPLE && k < index->count; k++) {
    parts[k] = index->items[k];
    if (parts[k].kind == JIT_TUPLE)
      parts[k] = low_call_known(l, g->node, "numpy.array", 1, &index->items[k], NULL);
  }
  if (index->kind == JIT_TUPLE) all.items = parts;
  const Value *each = low_index_parts(l, g->node, g->array, &all, &count);
  return each && lay_out(l, g, each, count);
}

/* ---- elements ---- */

/* The index that an array has for a point of the result. */
static Value index_at(Lower *l, const Gather *g, const Value *value, const JitRef *index) {
  if (value->kind != JIT_ARRAY) return *value;
  const Array *array = value->array;
  JitRef offset = low_const(l, 0);
  for (int axis = 0; axis < array->ndim; axis++) {
    JitRef at = index[g->first + g->own - array->ndim + axis],
           one = low_op(l, QL_OP_EQUAL, array->shape[axis], low_const(l, 1));
    if (array->extent[axis] == 1) continue;
    if (array->extent[axis] < 0 && g->count > 1) at = low_select(l, one, low_const(l, 0), at);
    offset = low_add(l, offset, low_op(l, QL_OP_MULTIPLY, at, array->stride[axis]));
  }
  JitRef ref = jit_load_at(l->fn, (QlDtype)array->dtype, array->base, offset, low_source(l));
  return low_scalar((QlDtype)array->dtype, false, ref);
}

/* Bytes from the array's base to the element of a point. */
static JitRef place_of(Lower *l, const Gather *g, const JitRef *index) {
  JitRef offset = g->start.id ? g->start : low_const(l, 0);
  for (int k = 0; k < g->ndim; k++)
    if (g->stride[k].id)
      offset = low_add(l, offset, low_op(l, QL_OP_MULTIPLY, index[k], g->stride[k]));
  for (int k = 0; k < g->count; k++) {
    Value value = index_at(l, g, &g->index[k], index);
    int axis = g->axis[k];
    JitRef at = low_position(l, g->node, &value, g->array->shape[axis], axis, true);
    offset = low_add(l, offset, low_op(l, QL_OP_MULTIPLY, at, g->array->stride[axis]));
  }
  return offset;
}

typedef struct Transfer {
  const Gather *g;
  const Array *other; /* into which it is read; from which it is stored, or NULL */
  JitRef scalar;
} Transfer;

static void read_element(Lower *l, void *data, const JitRef *index) {
  const Transfer *t = data;
  JitRef ref = jit_load_at(l->fn, (QlDtype)t->other->dtype, t->g->array->base,
                           place_of(l, t->g, index), low_source(l));
  jit_store_at(l->fn, t->other->base, low_offset(l, t->other, index), ref, low_source(l));
}

static void store_element(Lower *l, void *data, const JitRef *index) {
  const Transfer *t = data;
  JitRef ref = t->scalar;
  if (t->other)
    ref = jit_load_at(l->fn, (QlDtype)t->other->dtype, t->other->base,
                      low_offset(l, t->other, index), low_source(l));
  jit_store_at(l->fn, t->g->array->base, place_of(l, t->g, index), ref, low_source(l));
}

/* ---- one array of bools, for all axes ---- */

typedef struct Choice {
  const Array *array, *mask, *result;
  JitRef scalar, *count;
} Choice;

static const Array *whole_mask(Lower *l, const Node *node, const Array *array, const Value *index) {
  if (index->kind != JIT_ARRAY || index->dtype != QL_BOOL || index->array->ndim != array->ndim ||
      !array->ndim)
    return NULL;
  Value mask = low_in_memory(l, node, index);
  if (low_dead(l)) return NULL;
  check_mask(l, node, array, 0, mask.array);
  return mask.array;
}

static void take_chosen(Lower *l, void *data, const JitRef *index) {
  const Choice *c = data;
  JitRef ref = jit_load_at(l->fn, (QlDtype)c->array->dtype, c->array->base,
                           low_offset(l, c->array, index), low_source(l));
  jit_store_at(l->fn, c->result->base, low_offset(l, c->result, c->count), ref, low_source(l));
  JitRef one = jit_cast(l->fn, mask_at(l, c->mask, index), QL_I64, low_source(l));
  *c->count = low_add(l, *c->count, one);
}

static void set_chosen(Lower *l, void *data, const JitRef *index) {
  const Choice *c = data;
  JitRef offset = low_offset(l, c->array, index),
         old = jit_load_at(l->fn, (QlDtype)c->array->dtype, c->array->base, offset, low_source(l));
  jit_store_at(l->fn, c->array->base, offset,
               low_select(l, mask_at(l, c->mask, index), c->scalar, old), low_source(l));
}

/* ---- reading and storing ---- */

Value low_gather(Lower *l, const Node *node, const Value *value, const Value *index) {
  Value from = low_in_memory(l, node, value);
  if (low_dead(l) || from.kind != JIT_ARRAY) return low_unknown();
  const Array *array = from.array, *mask;
  if (is_elsewhere(l, node, array, index)) return low_unknown();
  if (array->list)
    return low_refuse(l, node, "QJ367", "a list has no arrays as indices",
                      "make an array of it: np.array([...])");
  if ((mask = whole_mask(l, node, array, index))) {
    JitRef count = count_true(l, mask), at = low_const(l, 0);
    Array *result = new_taken(l, node, (QlDtype)array->dtype, count);
    Choice c = {array, mask, result, {0}, &at};
    low_box_with(l, array->ndim, array->shape, take_chosen, &c, &at);
    result->ours |= array->ours;
    return low_array_value(result);
  }
  Gather g = {.node = node, .array = array};
  if (low_dead(l) || !begin(l, &g, index)) return low_unknown();
  Array *result = low_new_array(l, node, (QlDtype)array->dtype, g.ndim, g.shape, g.extent);
  Transfer t = {&g, result, {0}};
  low_box(l, g.ndim, g.shape, read_element, &t);
  result->ours |= array->ours;
  return low_array_value(result);
}

/* Where an array of bools is true, a number: of arrays on ranks, a statement. */
static bool stores_on_ranks(Lower *l, const Node *node, const Value *value, const Value *index,
                            const Value *stored) {
  const Array *array = value->array;
  if (array->place != JIT_ON_RANKS || stored->kind != JIT_SCALAR || index->kind != JIT_ARRAY ||
      index->dtype != QL_BOOL || index->array->ndim != array->ndim || !array->ndim)
    return false;
  JitType type = {.kind = JIT_SCALAR, .dtype = array->dtype};
  Value of[3] = {*index, low_convert(l, stored, &type), *value};
  check_mask(l, node, array, 0, index->array);
  Value chosen = low_ufunc(l, node, QL_OP_SELECT, 3, of);
  low_copy_into(l, node, array, &chosen);
  return true;
}

void low_scatter(Lower *l, const Node *node, const Value *value, const Value *index,
                 const Value *stored) {
  const Array *array = value->array, *mask;
  if (!low_holds(l, node, value, stored) ||
      !low_can_store(l, node, stored, (QlDtype)array->dtype) ||
      stores_on_ranks(l, node, value, index, stored))
    return;
  if (is_elsewhere(l, node, array, index)) return;
  if (array->place == JIT_IN_NEST) {
    low_refuse(l, node, "QJ409", "an array is stored as a whole in a loop over distributed arrays",
               "store its elements, by the loop's variables");
    return;
  }
  QlDtype dtype = (QlDtype)array->dtype;
  Value aside = *index; /* what it reads does not change while it is used */
  if (index->kind == JIT_ARRAY) {
    aside = low_in_memory(l, node, index);
    if (!low_dead(l) && !low_apart(array, aside.array)) aside = low_copy(l, node, &aside);
  }
  if (low_dead(l)) return;
  if (stored->kind == JIT_SCALAR && (mask = whole_mask(l, node, array, &aside))) {
    Choice c = {array, mask, NULL, low_ref_as(l, stored, dtype), NULL};
    return low_box(l, array->ndim, array->shape, set_chosen, &c);
  }
  Gather g = {.node = node, .array = array, .stores = true};
  if (!begin(l, &g, &aside)) return;
  Transfer t = {.g = &g};
  if (stored->kind == JIT_SCALAR) {
    t.scalar = low_ref_as(l, stored, dtype);
  } else {
    Array *all = low_new_array(l, node, dtype, g.ndim, g.shape, g.extent);
    low_copy_into(l, node, all, stored);
    t.other = all;
  }
  if (!low_dead(l)) low_box(l, g.ndim, g.shape, store_element, &t);
}
