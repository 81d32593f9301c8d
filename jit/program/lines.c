/* Reductions of arrays and expressions in the code itself: no memory, and no call for each line.
 * The order is that of contract C7 (jit.h), along the last axis first:
 *
 *     for each leaf of 128:       8 lanes; element k goes to lane k % 8; what is left behind the
 *                                 last 8 goes to its lane by a branch or a choice. Of what is a
 *                                 line itself the lanes lie in memory
 *         push its value          slot[level], as a counter counts: 2^level leaves are in it
 *     what is in the slots, from the lowest level up
 *
 * Lanes begin with what changes no value that comes to it, -0.0 of sums, so absent ones need not be
 * left out. Of one leaf, as nearly always, no slot is read. */
#include "calls.h"

enum { LANES = JIT_LANES, LEVELS = 64, FEW = 16 /* elements that are written one by one */ };

/* Puts an element to those before (an i64). */
typedef JitRef Take(Lower *l, JitRef carried, JitRef element);

/* What is reduced along an axis, when there are indices for those before. */
typedef struct Row {
  QlReduction reduction;
  QlOp op;
  QlDtype loop, dtype; /* of the result */
  const Array *array;
  const Element *element;
  bool same;        /* nothing is repeated along an axis */
  Take *take;       /* of what has no order: puts the next element to those before; or NULL */
  const int *order; /* its axes: those that stay, then those that are reduced */
  int axis;         /* which of them comes next */
  JitRef index[QL_MAX_DIMS], identity; /* the former in that order */
} Row;

static int axis_of(const Row *row, int axis) { return row->order[axis]; }
static JitRef shape_of(const Row *row, int axis) { return row->array->shape[axis_of(row, axis)]; }
static int64_t extent_of(const Row *row, int axis) {
  return row->array->extent[axis_of(row, axis)];
}

/* ---- what changes nothing ---- */

static bool find_identity(QlReduction reduction, QlDtype loop, QlValue *value) {
  QlKind kind = (QlKind)ql_dtype_info[loop].kind;
  int bits = 8 * ql_dtype_info[loop].size;
  bool least = reduction == QL_REDUCE_MAX;
  double real = reduction == QL_REDUCE_SUM    ? -0.0
                : reduction == QL_REDUCE_PROD ? 1.0
                                              : (least ? -1.0 : 1.0) / 0.0;
  *value = (QlValue){.bits = {0, 0}};
  if (reduction > QL_REDUCE_MAX || loop == QL_BOOL) return false;
  if (kind == QL_KIND_COMPLEX) {
    if (reduction != QL_REDUCE_SUM) return false; /* 1 times infinity has parts that are NaN */
    if (loop == QL_C64)
      value->c[0] = value->c[1] = -0.0F;
    else
      value->z[0] = value->z[1] = -0.0;
    return true;
  }
  if (kind == QL_KIND_FLOAT) {
    *value = ql_convert(QL_F64, (QlValue){.d = real}, loop);
    return true;
  }
  if (reduction == QL_REDUCE_SUM || reduction == QL_REDUCE_PROD)
    value->i = reduction == QL_REDUCE_PROD;
  else if (kind == QL_KIND_UINT)
    value->u = least ? 0 : UINT64_MAX >> (64 - bits);
  else
    value->i = least ? INT64_MIN >> (64 - bits) : INT64_MAX >> (64 - bits);
  return true;
}

/* ---- loops ---- */

typedef struct Turns {
  JitBlock head, end;
  JitRef k, first[LANES];
  int count;
} Turns;

/* Turns k = from, from + step, ...; *carried are what each begins with, and close is given what it
 * ends with. Between open and enter stands what is asked before a turn. */
static void open(Lower *l, Turns *t, QlDtype dtype, JitRef from, int count, JitRef *carried) {
  JitFn *fn = l->fn;
  JitBlock before = jit_block_new(fn);
  t->head = jit_block_new(fn), t->end = jit_block_new(fn), t->count = count;
  jit_jump(fn, before);
  jit_block_open(fn, before);
  jit_jump(fn, t->head);
  jit_block_open(fn, t->head);
  t->k = jit_phi(fn, QL_I64, 0);
  jit_phi_from(fn, t->k, before, from);
  for (int c = 0; c < count; c++) {
    t->first[c] = jit_phi(fn, dtype, 0);
    jit_phi_from(fn, t->first[c], before, carried[c]);
    carried[c] = t->first[c];
  }
}

static void enter(Lower *l, const Turns *t, JitRef condition) {
  JitBlock body = jit_block_new(l->fn);
  jit_branch(l->fn, condition, body, t->end);
  jit_block_open(l->fn, body);
}

static void close(Lower *l, Turns *t, int64_t step, JitRef *carried) {
  JitFn *fn = l->fn;
  JitBlock latch = jit_block_new(fn);
  jit_jump(fn, latch);
  jit_block_open(fn, latch);
  jit_phi_from(fn, t->k, latch, low_add(l, t->k, low_const(l, step)));
  for (int c = 0; c < t->count; c++) {
    jit_phi_from(fn, t->first[c], latch, carried[c]);
    carried[c] = t->first[c];
  }
  jit_jump(fn, t->head);
  jit_block_open(fn, t->end);
}

/* ---- a leaf ---- */

static JitRef reduce(Lower *l, const Row *row);

static bool is_last(const Row *row) { return row->axis == row->array->ndim - 1; }

/* When there are all indices. */
static JitRef element_of(Lower *l, const Row *row) {
  JitRef index[QL_MAX_DIMS];
  for (int k = 0; k < row->array->ndim; k++) index[axis_of(row, k)] = row->index[k];
  return low_element_at(l, row->element, index, row->array->ndim, row->same);
}

/* An element; or what those along the axes behind come to. */
static JitRef at(Lower *l, const Row *row, JitRef k) {
  Row inner = *row;
  inner.index[inner.axis++] = k;
  return is_last(row) ? element_of(l, &inner) : reduce(l, &inner);
}

/* How often is an element written, where so many along an axis are one by one? */
static int64_t copies_of(const Row *row) {
  int64_t copies = 1;
  for (int axis = row->array->ndim - 1; axis >= row->axis; axis--) {
    int64_t extent = extent_of(row, axis);
    bool few = extent >= 0 && copies * extent <= FEW;
    copies = few ? copies * extent : axis == row->array->ndim - 1 ? LANES + 1 : copies;
  }
  return copies;
}

/* The lanes, of which so many are there. */
static JitRef meet(Lower *l, const Row *row, JitRef *lane, int present) {
  for (int step = 1; step < LANES; step *= 2)
    for (int k = 0; k + step < present; k += 2 * step)
      lane[k] = low_op(l, row->op, lane[k], lane[k + step]);
  return lane[0];
}

/* Of a number of elements that is known, and small. */
static JitRef few(Lower *l, const Row *row, int count) {
  JitRef lane[LANES];
  if (!count) return row->identity;
  for (int k = 0; k < count; k++) {
    JitRef element = at(l, row, low_const(l, k)), *own = &lane[k % LANES];
    *own = k < LANES ? element : low_op(l, row->op, *own, element);
  }
  return meet(l, row, lane, QL_MIN(count, (int)LANES));
}

/* Less than 8 elements, each in its lane: where one takes an instruction or two, one by one. */
static void each_left(Lower *l, const Row *row, JitRef from, JitRef left, JitRef *lane) {
  JitFn *fn = l->fn;
  for (int k = 0; k < LANES - 1; k++) {
    JitBlock before = {fn->open}, take = jit_block_new(fn), on = jit_block_new(fn);
    jit_branch(fn, low_op(l, QL_OP_GREATER, left, low_const(l, k)), take, on);
    jit_block_open(fn, take);
    JitRef with = low_op(l, row->op, lane[k], at(l, row, low_add(l, from, low_const(l, k))));
    JitBlock end = {fn->open};
    jit_jump(fn, on);
    jit_block_open(fn, on);
    JitRef both = jit_phi(fn, row->loop, 0);
    jit_phi_from(fn, both, before, lane[k]), jit_phi_from(fn, both, end, with);
    lane[k] = both;
  }
}

static void turns_left(Lower *l, const Row *row, JitRef from, JitRef left, JitRef *lane) {
  Turns turns;
  open(l, &turns, row->loop, low_const(l, 0), LANES - 1, lane);
  enter(l, &turns, low_op(l, QL_OP_LESS, turns.k, left));
  JitRef element = at(l, row, low_add(l, from, turns.k));
  for (int k = 0; k < LANES - 1; k++)
    lane[k] = low_select(l, low_op(l, QL_OP_EQUAL, turns.k, low_const(l, k)),
                         low_op(l, row->op, lane[k], element), lane[k]);
  close(l, &turns, 1, lane);
}

static bool is_plain(const Element *element) {
  return element->kind == ELEMENT_MEMORY ||
         (element->kind == ELEMENT_CAST && is_plain(element->args[0]));
}

/* Of the elements from one to another. */
static JitRef leaf(Lower *l, const Row *row, JitRef from, JitRef to) {
  JitRef lane[LANES], seven = low_const(l, LANES - 1);
  Turns turns;
  for (int k = 0; k < LANES; k++) lane[k] = row->identity;
  JitRef left = low_op(l, QL_OP_BITWISE_AND, low_op(l, QL_OP_SUBTRACT, to, from), seven),
         whole = low_op(l, QL_OP_SUBTRACT, to, left);
  open(l, &turns, row->loop, from, LANES, lane);
  enter(l, &turns, low_op(l, QL_OP_LESS, turns.k, whole));
  for (int k = 0; k < LANES; k++)
    lane[k] = low_op(l, row->op, lane[k], at(l, row, low_add(l, turns.k, low_const(l, k))));
  close(l, &turns, LANES, lane);
  if (is_plain(row->element) && row->same)
    each_left(l, row, whole, left, lane);
  else
    turns_left(l, row, whole, left, lane);
  return meet(l, row, lane, LANES);
}

/* The same of lines, each written once. */
static JitRef leaf_of_lines(Lower *l, const Row *row, JitRef from, JitRef to) {
  JitRef lane[LANES], seven = low_const(l, LANES - 1),
                      lanes = jit_stack(l->fn, LANES * JIT_SLOT, low_source(l));
  Turns turns;
  for (int k = 0; k < LANES; k++)
    jit_store_at(l->fn, lanes, low_const(l, k * JIT_SLOT), row->identity, low_source(l));
  open(l, &turns, row->loop, from, 0, NULL);
  enter(l, &turns, low_op(l, QL_OP_LESS, turns.k, to));
  JitRef value = at(l, row, turns.k);
  JitRef own = low_op(l, QL_OP_MULTIPLY, low_op(l, QL_OP_BITWISE_AND, turns.k, seven),
                      low_const(l, JIT_SLOT)),
         before = jit_load_at(l->fn, row->loop, lanes, own, low_source(l));
  jit_store_at(l->fn, lanes, own, low_op(l, row->op, before, value), low_source(l));
  close(l, &turns, 1, NULL);
  for (int k = 0; k < LANES; k++)
    lane[k] = jit_load_at(l->fn, row->loop, lanes, low_const(l, k * JIT_SLOT), low_source(l));
  return meet(l, row, lane, LANES);
}

/* ---- the tree ---- */

static JitRef slot_of(Lower *l, JitRef level) {
  return low_op(l, QL_OP_MULTIPLY, level, low_const(l, JIT_SLOT));
}

/* Is there a subtree of 2^level leaves, of so many? */
static JitRef has_level(Lower *l, JitRef leaves, JitRef level) {
  JitRef one = low_const(l, 1), bits = low_op(l, QL_OP_RIGHT_SHIFT, leaves, level);
  return low_op(l, QL_OP_EQUAL, low_op(l, QL_OP_BITWISE_AND, bits, one), one);
}

/* The value of the next leaf, behind so many. */
static void push(Lower *l, const Row *row, JitRef slots, JitRef leaves, JitRef value) {
  Turns turns;
  open(l, &turns, row->loop, low_const(l, 0), 1, &value);
  enter(l, &turns, has_level(l, leaves, turns.k));
  JitRef left = jit_load_at(l->fn, row->loop, slots, slot_of(l, turns.k), low_source(l));
  value = low_op(l, row->op, left, value);
  close(l, &turns, 1, &value);
  jit_store_at(l->fn, slots, slot_of(l, turns.k), value, low_source(l));
}

/* What all come to, the smallest subtree first; of one leaf it is that, without a look. */
static JitRef finish(Lower *l, const Row *row, JitRef slots, JitRef leaves, JitRef last) {
  Turns turns;
  JitRef one = low_const(l, 1), value = row->identity,
         several = low_op(l, QL_OP_GREATER, leaves, one),
         counted = low_select(l, several, leaves, low_const(l, 0));
  open(l, &turns, row->loop, low_const(l, 0), 1, &value);
  enter(l, &turns,
        low_op(l, QL_OP_GREATER, low_op(l, QL_OP_RIGHT_SHIFT, counted, turns.k), low_const(l, 0)));
  JitRef left = jit_load_at(l->fn, row->loop, slots, slot_of(l, turns.k), low_source(l));
  value = low_select(l, has_level(l, counted, turns.k), low_op(l, row->op, left, value), value);
  close(l, &turns, 1, &value);
  return low_select(l, several, value, last);
}

static JitRef one_leaf(Lower *l, const Row *row, JitRef from, JitRef to) {
  return is_last(row) ? leaf(l, row, from, to) : leaf_of_lines(l, row, from, to);
}

static JitRef any_count(Lower *l, const Row *row, JitRef count) {
  Turns turns;
  JitRef size = low_const(l, JIT_LEAF), last = row->identity,
         slots = jit_stack(l->fn, (int64_t)LEVELS * JIT_SLOT, low_source(l));
  open(l, &turns, row->loop, low_const(l, 0), 1, &last);
  JitRef from = low_op(l, QL_OP_MULTIPLY, turns.k, size);
  enter(l, &turns, low_op(l, QL_OP_LESS, from, count));
  last = one_leaf(l, row, from, low_op(l, QL_OP_MINIMUM, low_add(l, from, size), count));
  push(l, row, slots, turns.k, last);
  close(l, &turns, 1, &last);
  return finish(l, row, slots, turns.k, last);
}

/* Along the axis, and those behind it: in the loop's dtype. */
static JitRef reduce(Lower *l, const Row *row) {
  int64_t extent = extent_of(row, row->axis);
  JitRef count = shape_of(row, row->axis), value;
  if (extent >= 0 && copies_of(row) <= FEW && extent <= FEW)
    value = few(l, row, (int)extent);
  else if (extent >= 0 && extent <= JIT_LEAF)
    value = one_leaf(l, row, low_const(l, 0), count);
  else
    value = any_count(l, row, count);
  if (jit_has_zero(row->reduction, row->loop)) {
    JitRef zero = jit_const(l->fn, row->loop, (QlValue){.bits = {0, 0}});
    value = low_op(l, row->op, value, zero);
  }
  return value;
}

/* ---- where the order does not matter ---- */

static JitRef take_sum(Lower *l, JitRef all, JitRef element) {
  return low_add(l, all, jit_cast(l->fn, element, QL_I64, low_source(l)));
}
static JitRef take_prod(Lower *l, JitRef all, JitRef element) {
  return low_op(l, QL_OP_MULTIPLY, all, jit_cast(l->fn, element, QL_I64, low_source(l)));
}
static JitRef take_any(Lower *l, JitRef all, JitRef element) {
  return low_op(l, QL_OP_BITWISE_OR, all, jit_cast(l->fn, element, QL_I64, low_source(l)));
}
static JitRef take_all(Lower *l, JitRef all, JitRef element) {
  return low_op(l, QL_OP_BITWISE_AND, all, jit_cast(l->fn, element, QL_I64, low_source(l)));
}

/* Those whose result is the same in every order; integers of 64 bits are, modulo 2**64. */
static Take *in_any_order(QlReduction reduction, QlDtype loop, int *start) {
  bool whole = loop == QL_I64 || loop == QL_U64, truth = loop == QL_BOOL;
  *start = reduction == QL_REDUCE_PROD || reduction == QL_REDUCE_ALL || reduction == QL_REDUCE_MIN;
  switch (reduction) {
    case QL_REDUCE_SUM: return whole ? take_sum : NULL;
    case QL_REDUCE_PROD: return whole ? take_prod : NULL;
    case QL_REDUCE_ANY: return take_any;
    case QL_REDUCE_ALL: return take_all;
    case QL_REDUCE_MAX: return truth ? take_any : NULL;
    case QL_REDUCE_MIN: return truth ? take_all : NULL;
    default: return NULL;
  }
}

typedef struct Taken {
  Row row;
  JitRef carried;
} Taken;

static void take_element(Lower *l, void *data, const JitRef *index) {
  Taken *taken = data;
  Row row = taken->row;
  while (row.axis < row.array->ndim) row.index[row.axis++] = *index++;
  taken->carried = row.take(l, taken->carried, element_of(l, &row));
}

/* Element by element, of which LLVM makes vectors. */
static JitRef take_each(Lower *l, const Row *row) {
  Taken taken = {*row, row->identity};
  JitRef extent[QL_MAX_DIMS];
  int count = row->array->ndim - row->axis;
  for (int k = 0; k < count; k++) extent[k] = shape_of(row, row->axis + k);
  low_box_with(l, count, extent, take_element, &taken, &taken.carried);
  return taken.carried;
}

/* ---- all of it ---- */

/* As it would be stored: rounded once, however many axes there are. */
static JitRef reduce_all(Lower *l, const Row *row) {
  JitRef value = row->take ? take_each(l, row) : reduce(l, row);
  if (row->take) value = jit_cast(l->fn, value, row->loop, low_source(l));
  return jit_cast(l->fn, value, row->dtype, low_source(l));
}

bool low_reduces_inline(QlReduction reduction, const Value *value) {
  QlValue identity;
  int start;
  const Array *array = value->array;
  QlDtype loop = low_reduction_loop(reduction, (QlDtype)array->dtype);
  return array->ndim && array->place != JIT_ON_RANKS &&
         (in_any_order(reduction, loop, &start) || find_identity(reduction, loop, &identity));
}

typedef struct Reduced {
  Row row;
  const Array *into; /* NULL: all axes are reduced, and it is `value` */
  JitRef value;
} Reduced;

static void store_line(Lower *l, void *data, const JitRef *index) {
  const Reduced *reduced = data;
  Row row = reduced->row;
  for (int k = 0; k < row.axis; k++) row.index[k] = index[k];
  JitRef value = reduce_all(l, &row);
  jit_store_at(l->fn, reduced->into->base, low_offset(l, reduced->into, index), value,
               low_source(l));
}

static void reduce_into(Lower *l, Reduced *reduced) {
  if (reduced->into)
    low_box(l, reduced->into->ndim, reduced->into->shape, store_line, reduced);
  else
    reduced->value = reduce_all(l, &reduced->row);
}

/* A loop where nothing is repeated along an axis, and one where that is asked. */
static void reduce_both_ways(Lower *l, Reduced *reduced, JitRef same) {
  JitFn *fn = l->fn;
  JitRef found[2];
  JitBlock begin[2] = {jit_block_new(fn), jit_block_new(fn)},
           end[2] = {jit_block_new(fn), jit_block_new(fn)}, after = jit_block_new(fn);
  jit_branch(fn, same, begin[1], begin[0]);
  for (int plain = 1; plain >= 0; plain--) {
    jit_block_open(fn, begin[plain]);
    reduced->row.same = plain;
    reduce_into(l, reduced);
    found[plain] = reduced->value;
    jit_jump(fn, end[plain]);
    jit_block_open(fn, end[plain]);
    jit_jump(fn, after);
  }
  jit_block_open(fn, after);
  if (reduced->into) return;
  reduced->value = jit_phi(fn, reduced->row.dtype, 0);
  for (int plain = 1; plain >= 0; plain--)
    jit_phi_from(fn, reduced->value, end[plain], found[plain]);
}

Value low_reduce_inline(Lower *l, const Node *node, QlReduction reduction, QlDtype dtype,
                        const Value *value, const bool *taken) {
  const Array *array = value->array;
  QlDtype loop = low_reduction_loop(reduction, (QlDtype)array->dtype);
  QlValue identity = {.bits = {0, 0}};
  int start, order[QL_MAX_DIMS], kept = 0, count = 0;
  int64_t extent[QL_MAX_DIMS];
  JitRef shape[QL_MAX_DIMS];
  for (int reduced = 0; reduced < 2; reduced++)
    for (int k = 0; k < array->ndim; k++)
      if (taken[k] == reduced) order[count++] = k, kept += !reduced;
  for (int k = 0; k < kept; k++)
    shape[k] = array->shape[order[k]], extent[k] = array->extent[order[k]];
  Reduced all = {.into = kept ? low_new_array(l, node, dtype, kept, shape, extent) : NULL};
  Take *take = in_any_order(reduction, loop, &start);
  if (!take) find_identity(reduction, loop, &identity);
  all.row = (Row){.reduction = reduction,
                  .op = (QlOp)ql_reduction_info[reduction].op,
                  .loop = loop,
                  .dtype = dtype,
                  .array = array,
                  .element = low_element(l, value, loop),
                  .same = true,
                  .take = take,
                  .order = order,
                  .axis = kept,
                  .identity = take ? low_const(l, start) : jit_const(l->fn, loop, identity)};
  JitRef same = array->element ? array->same : (JitRef){0};
  if (low_dead(l)) return low_unknown();
  if (same.id)
    reduce_both_ways(l, &all, same);
  else
    reduce_into(l, &all);
  return kept ? low_array_value((Array *)all.into) : low_scalar(dtype, false, all.value);
}
