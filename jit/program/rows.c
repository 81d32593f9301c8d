/* Nests by rows: one loop is a dimension, and what it stores are elements of rows that its variable
 * selects. The kernel goes through its positions as a loop of the program does, so that they may
 * depend on one another; where they do, nodes take their parts in turn (runtime/plan/rows_plan.c).
 *
 *     s = 0.0                        carried: s. Each node begins with what the one before has left
 *     for i in range(n):             in the state, an array on ranks with a row for each position,
 *         s = a * x[i] + b * s       of which the last one of a node is used, and ends with what it
 *         y[i] = s                   leaves there. After the loop, s is what the last one has left.
 *
 * A variable is carried if it has a value before the loop, which is a number: it may be what the
 * first iteration sees. The loop is built twice, since it gives them their types. */
#include "loops.h"
#include "nest.h"

static const QlDtype STATE_DTYPE = QL_C128; /* room for a number of any dtype */

bool nest_find_carried(Lower *l, const Node *node, Nest *nest) {
  Carried *carried = &nest->carried;
  for (int v = 0; v < l->frame->function->variables; v++) {
    const Variable *variable = &l->frame->now[v];
    bool is_sum = false;
    for (int k = 0; k < nest->sums.count; k++) is_sum |= nest->sums.items[k].variable == v;
    if (!node->assigns[v] || is_sum || variable->defined != ALWAYS ||
        variable->value.kind != JIT_SCALAR)
      continue;
    if (carried->count == NEST_CARRIED) {
      low_refuse(l, node, "QJ401",
                 low_text(l, "a loop over distributed arrays hands on more than %d variables",
                          NEST_CARRIED),
                 "split it into several loops");
      return false;
    }
    int k = carried->count++;
    carried->variable[k] = v, carried->before[k] = variable->value;
    if (nest->types->known)
      carried->before[k] = low_convert(l, &variable->value, &nest->types->carried[k]);
  }
  if (!carried->count) return true;
  carried->state = low_get(l, sizeof *carried->state);
  *carried->state = (Array){.dtype = STATE_DTYPE, .ndim = 2, .place = JIT_ON_RANKS};
  carried->state->base.id = UINT32_MAX - NEST_SUMS; /* no other array's */
  carried->state->shape[0] = nest->extent[0];
  carried->state->shape[1] = low_const(l, carried->count);
  carried->state->extent[0] = -1, carried->state->extent[1] = carried->count;
  return true;
}

void nest_make_state(Lower *l, const Node *node, Nest *nest) {
  Array *state = nest->carried.state;
  if (state) *state = *low_ranks_new(l, node, STATE_DTYPE, 2, state->shape, NULL, NULL);
}

/* ---- in the kernel ---- */

/* An array of positions, seen at the iteration, or `by` from it, where that is one. */
static Array *rows_of(Lower *l, Nest *nest, Array *array, int64_t by, bool stores) {
  Value parts[QL_MAX_DIMS] = {{0}};
  Array *seen = low_get(l, sizeof *seen);
  *seen = (Array){.dtype = array->dtype, .ndim = array->ndim, .place = JIT_IN_NEST};
  seen->ranks = array;
  for (int a = 0; a < array->ndim; a++) parts[a].kind = JIT_SLICE, seen->extent[a] = -1;
  Span *span = low_get(l, sizeof *span);
  JitRef at = nest_const(l, by);
  *span = (Span){.dim = 0, .step = nest_const(l, 1), .lo = at, .hi = at};
  parts[0] = low_scalar(QL_I64, true, low_const(l, 0));
  parts[0].span = span, parts[0].natural = true;
  return low_nest_part(l, nest->loops[0], seen, parts, array->ndim, stores);
}

static JitRef place_in(Lower *l, const Array *state, JitRef row, int k) {
  JitRef column = low_op(l, QL_OP_MULTIPLY, low_const(l, k), state->stride[1]);
  return low_add(l, low_op(l, QL_OP_MULTIPLY, row, state->stride[0]), column);
}

/* What the part before has left; at the beginning what was there before the loop. */
static void begin_carried(Lower *l, Nest *nest, const Array *state, JitRef lo) {
  JitRef zero = low_const(l, 0), is_first = low_op(l, QL_OP_LESS_EQUAL, lo, zero),
         row = low_op(l, QL_OP_MAXIMUM, low_add(l, lo, low_const(l, -1)), zero);
  for (int k = 0; k < nest->carried.count; k++) {
    Value value = nest_import(l, &nest->carried.before[k]);
    JitRef left = jit_load_at(l->fn, (QlDtype)value.dtype, state->base, place_in(l, state, row, k),
                              low_source(l));
    value = low_scalar((QlDtype)value.dtype, value.weak,
                       low_select(l, is_first, low_ref(l, &value), left));
    l->frame->now[nest->carried.variable[k]] = (Variable){.value = value, .defined = ALWAYS};
  }
}

static void end_carried(Lower *l, Nest *nest, const Array *state, JitRef hi) {
  JitRef row = low_add(l, hi, low_const(l, -1));
  for (int k = 0; k < nest->carried.count; k++) {
    const Variable *variable = &l->frame->now[nest->carried.variable[k]];
    if (variable->value.kind != JIT_SCALAR) continue; /* refused */
    nest->types->carried[k] = low_type(l, &variable->value);
    jit_store_at(l->fn, state->base, place_in(l, state, row, k), low_ref(l, &variable->value),
                 low_source(l));
  }
}

static Value row_item(Lower *l, const Items *items, JitRef k) {
  (void)items;
  return nest_variable(l, l->nest, 0, k);
}

void nest_rows(Lower *l, Nest *nest, const Node *node) {
  JitRef lo = jit_param(l->fn, nest->lo[0], low_source(l)),
         hi = jit_param(l->fn, nest->hi[0], low_source(l));
  Carried *carried = &nest->carried;
  const Array *state = NULL;
  nest->at[0] = low_const(l, 0);
  if (carried->count) {
    state = rows_of(l, nest, carried->state, 0, true);
    rows_of(l, nest, carried->state, -1, false);
    if (!state) return;
    begin_carried(l, nest, state, lo);
  }
  for (int k = 0; k < nest->sums.count && nest->types->known; k++) {
    Sum *sum = &nest->sums.items[k];
    sum->terms->dtype = nest->types->sum[k], sum->weak = nest->types->weak[k];
    if (!(sum->into = rows_of(l, nest, sum->terms, 0, true))) return;
  }
  if (nest->sums.count)
    nest_reduce_turns(l, &nest->sums, nest->loop_count, nest->loops, nest->types->known);
  for (int v = 0; v < l->frame->function->variables; v++)
    if (node->assigns[v] && l->frame->now[v].defined != ALWAYS) loop_drop(l, node, v);
  Items items = {.count = low_op(l, QL_OP_SUBTRACT, hi, lo), .item = row_item};
  loop_turns(l, node, &items);
  if (carried->count && !low_dead(l)) end_carried(l, nest, state, hi);
}

void nest_row_ends(Lower *l, const Node *node) {
  const Nest *nest = l->nest;
  if (!nest || !nest_has_rows(nest) || node != nest->loops[0] || low_dead(l)) return;
  for (int v = 0; v < l->frame->function->variables; v++) {
    Variable *variable = &l->frame->now[v];
    if (!node->assigns[v] || variable->defined == NEVER || variable->value.kind != JIT_ARRAY)
      continue;
    low_release(l, &variable->value);
    *variable = (Variable){.hidden = HIDDEN_IN_NEST};
  }
}

bool nest_is_again(Nest *nest) {
  NestTypes *types = nest->types;
  bool again = !types->known && nest->sums.count;
  if (nest->sums.count && !nest->sums.good) return types->no_sums = true;
  for (int k = 0; k < nest->sums.count; k++)
    types->sum[k] = nest->sums.items[k].terms->dtype, types->weak[k] = nest->sums.items[k].weak;
  for (int k = 0; k < nest->carried.count; k++) {
    const Value *before = &nest->carried.before[k];
    again |= types->carried[k].dtype != before->dtype || types->carried[k].weak != before->weak;
  }
  types->known = true;
  return again;
}

/* ---- after the loop ---- */

void nest_carry_on(Lower *l, const Node *node, const Nest *nest) {
  const Carried *carried = &nest->carried;
  JitRef last = low_add(l, nest->extent[0], low_const(l, -1));
  JitRef row = low_op(l, QL_OP_MULTIPLY, last, low_const(l, carried->count));
  for (int k = 0; k < carried->count && !low_dead(l); k++) {
    const JitType *type = &nest->types->carried[k];
    Array as = *carried->state;
    as.dtype = type->dtype; /* it has the bits of that */
    Value value = low_ranks_get(l, node, &as, low_add(l, row, low_const(l, k)));
    value.weak = type->weak;
    low_set(l, carried->variable[k], value);
  }
}
