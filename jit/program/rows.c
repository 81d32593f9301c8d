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
 * first iteration sees. The loop is built twice, since it gives them their types.
 *
 * Where break or return may end the loop, a word of the state says whether one has: nodes that
 * follow do nothing then but hand the state on. Behind it lies what is returned.
 *
 * A loop that is one point (ON_ONE) is built as it stands, whatever kind of loop it is; what it
 * leaves lies in a state of one row. */
#include "loops.h"
#include "nest.h"

static const QlDtype STATE_DTYPE = QL_C128; /* room for a number of any dtype */

/* What the word says. */
typedef enum Ended {
  NOT_ENDED,
  BROKEN,
  RETURNED,
  STOPPED /* something was raised, unless another one is stored behind it */
} Ended;

static bool is_sum(const Nest *nest, int variable) {
  for (int k = 0; k < nest->sums.count; k++)
    if (nest->sums.items[k].variable == variable) return true;
  return false;
}

/* The loop's variable, where nothing was assigned to it before, is only left behind. */
static bool is_left(const Nest *nest, const Variable *variable, int v) {
  const Node *target = nest->loops[0]->items[0];
  bool has_turns = nest->form != JIT_NEST_ON_ONE || nest->loops[0]->count < 4; /* without else */
  return (nest->carried.ends || nest->form == JIT_NEST_ON_ONE) && has_turns &&
         nest->loops[0]->kind == NODE_FOR && target->number == v && variable->defined == NEVER;
}

bool nest_find_carried(Lower *l, const Node *node, Nest *nest) {
  Carried *carried = &nest->carried;
  for (int v = 0; v < l->frame->function->variables; v++) {
    const Variable *variable = &l->frame->now[v];
    bool is_number = variable->defined == ALWAYS && variable->value.kind == JIT_SCALAR,
         left = is_left(nest, variable, v);
    if (!node->assigns[v] || is_sum(nest, v) || !(is_number || left)) continue;
    if (carried->count == NEST_CARRIED) {
      low_refuse(l, node, "QJ401",
                 low_text(l, "a loop over distributed arrays hands on more than %d variables",
                          NEST_CARRIED),
                 "split it into several loops");
      return false;
    }
    int k = carried->count++;
    carried->variable[k] = v;
    if (left) continue;
    JitType own = low_type(l, &variable->value), *type = &carried->type[k];
    low_join_types(l, &nest->types->carried[k], &own, type);
    if (type->torn) {
      low_refuse_torn(l, node, low_text(l, "'%s'", l->frame->function->names[v]));
      return false;
    }
    carried->before[k] = low_convert(l, &variable->value, type);
  }
  bool on_one = nest->form == JIT_NEST_ON_ONE; /* it is placed by its state */
  if (!carried->count && !carried->ends && !on_one) return true;
  carried->state = low_get(l, sizeof *carried->state);
  *carried->state = (Array){.dtype = STATE_DTYPE, .ndim = 2, .place = JIT_ON_RANKS};
  carried->state->base.id = UINT32_MAX - NEST_SUMS; /* no other array's */
  carried->state->shape[0] = on_one ? low_const(l, 1) : nest->extent[0];
  carried->state->extent[0] = carried->state->extent[1] = -1;
  return true;
}

static bool is_carried(const Nest *nest, int variable) {
  for (int k = 0; k < nest->carried.count; k++)
    if (nest->carried.variable[k] == variable) return true;
  return false;
}

bool nest_hands_on(const Nest *nest, int variable) {
  return is_carried(nest, variable) || is_sum(nest, variable);
}

bool nest_may_end(const Lower *l, const Node *node) {
  return l->nest && l->nest->carried.ends && l->nest->form == JIT_NEST_IN_ORDER &&
         node == l->nest->loops[0];
}

/* A row of the state: what is carried, the word, what is returned. */
static int word_column(const Nest *nest) { return nest->carried.count; }
static int columns(const Nest *nest) {
  const Carried *carried = &nest->carried;
  return carried->count + carried->ends + jit_type_parts(&nest->types->returned);
}

void nest_make_state(Lower *l, const Node *node, Nest *nest) {
  Array *state = nest->carried.state;
  if (!state) return;
  state->shape[1] = low_const(l, QL_MAX(columns(nest), 1));
  *state = *low_ranks_new(l, node, STATE_DTYPE, 2, state->shape, NULL, NULL);
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

static void put_state(Lower *l, const Array *state, JitRef row, int k, JitRef ref) {
  jit_store_at(l->fn, state->base, place_in(l, state, row, k), ref, low_source(l));
}
static JitRef get_state(Lower *l, QlDtype dtype, const Array *state, JitRef row, int k) {
  return jit_load_at(l->fn, dtype, state->base, place_in(l, state, row, k), low_source(l));
}

/* What the part before has left; at the beginning what was there before the loop. */
static void begin_carried(Lower *l, Nest *nest, const Array *state, JitRef is_first, JitRef row) {
  for (int k = 0; k < nest->carried.count; k++) {
    if (nest->carried.before[k].kind != JIT_SCALAR) continue;
    Value value = nest_import(l, &nest->carried.before[k]);
    JitRef left = get_state(l, (QlDtype)value.dtype, state, row, k);
    value = low_scalar((QlDtype)value.dtype, value.weak,
                       low_select(l, is_first, low_ref(l, &value), left));
    value = low_bounded(value, &nest->carried.type[k]);
    l->frame->now[nest->carried.variable[k]] = (Variable){.value = value, .defined = ALWAYS};
  }
}

static void end_carried(Lower *l, Nest *nest, const Array *state, JitRef row) {
  for (int k = 0; k < nest->carried.count; k++) {
    const Variable *variable = &l->frame->now[nest->carried.variable[k]];
    if (variable->defined == NEVER || variable->value.kind != JIT_SCALAR) continue;
    nest->types->carried[k] = low_type(l, &variable->value);
    put_state(l, state, row, k, low_ref(l, &variable->value));
  }
}

static bool has_arrays(const JitType *type) {
  bool found = type->kind == JIT_ARRAY;
  for (int k = 0; k < type->count; k++) found |= has_arrays(&type->items[k]);
  return found;
}

/* What the iteration returns that has ended the loop, behind the word. */
static void end_returned(Lower *l, Nest *nest, const Array *state, JitRef row) {
  Value value = low_join(l, &l->frame->returns);
  if (low_dead(l)) return;
  JitType type = low_type(l, &value);
  if (has_arrays(&type)) {
    low_refuse(l, nest->loops[0], "QJ410",
               "an iteration of a loop over distributed arrays returns an array",
               "set a number and break there, and return the array after the loop");
    return;
  }
  int parts = jit_type_parts(&type), word = word_column(nest);
  JitRef *refs = low_get(l, ((size_t)parts + 1) * sizeof *refs);
  low_parts(l, &type, &value, refs);
  nest->types->returned = type;
  put_state(l, state, row, word, low_const(l, RETURNED));
  for (int p = 0; p < parts; p++) put_state(l, state, row, word + 1 + p, refs[p]);
  jit_jump(l->fn, l->exit);
}

/* Has the loop ended in a part before? Then only the state is handed on. */
static void go_unless_ended(Lower *l, Nest *nest, const Array *state, JitRef is_first, JitRef from,
                            JitRef to) {
  JitRef zero = low_const(l, 0),
         word = low_select(l, is_first, zero, get_state(l, QL_I64, state, from, word_column(nest)));
  JitBlock ended = jit_block_new(l->fn), goes = jit_block_new(l->fn);
  jit_branch(l->fn, low_op(l, QL_OP_EQUAL, word, zero), goes, ended);
  jit_block_open(l->fn, ended);
  int count = nest->types->known ? columns(nest) : 0; /* else this is built again */
  for (int k = 0; k < count; k++)
    put_state(l, state, to, k, get_state(l, STATE_DTYPE, state, from, k));
  jit_jump(l->fn, l->exit);
  jit_block_open(l->fn, goes);
  put_state(l, state, to, word_column(nest), low_const(l, STOPPED));
}

static Value row_item(Lower *l, const Items *items, JitRef k) {
  (void)items;
  return nest_variable(l, l->nest, 0, low_add(l, nest_end(l, l->nest, 0, l->nest->lo[0]), k));
}

static void find_places(Lower *l, Nest *nest) {
  for (int k = 0; k < nest->sums.count && nest->types->known; k++) {
    Sum *sum = &nest->sums.items[k];
    sum->terms->dtype = nest->types->sum[k], sum->weak = nest->types->weak[k];
    if (!(sum->into = rows_of(l, nest, sum->terms, 0, true))) return;
  }
  if (nest->sums.count)
    nest_reduce_turns(l, &nest->sums, nest->loop_count, nest->loops, nest->types->known);
}

/* The loop; what of the kernel's variables has no value before it has none in any turn. */
static Value turns(Lower *l, Nest *nest, const Node *node, JitRef count) {
  if (nest->form == JIT_NEST_ON_ONE) {
    low_statement(l, nest->loops[0]);
    return low_bool(false);
  }
  for (int v = 0; v < l->frame->function->variables; v++)
    if (node->assigns[v] && l->frame->now[v].defined != ALWAYS && !is_carried(nest, v))
      loop_drop(l, node, v);
  Items items = {.count = count, .item = row_item};
  return loop_turns(l, nest->loops[0], &items);
}

void nest_rows(Lower *l, Nest *nest, const Node *node) {
  JitRef lo = jit_param(l->fn, nest->lo[0], low_source(l)),
         hi = jit_param(l->fn, nest->hi[0], low_source(l)), zero = low_const(l, 0),
         is_first = low_op(l, QL_OP_LESS_EQUAL, lo, zero),
         from = low_op(l, QL_OP_MAXIMUM, low_add(l, lo, low_const(l, -1)), zero),
         to = low_add(l, hi, low_const(l, -1));
  Carried *carried = &nest->carried;
  const Array *state = NULL;
  nest->at[0] = zero;
  if (carried->state) {
    state = rows_of(l, nest, carried->state, 0, true);
    if (nest->form == JIT_NEST_IN_ORDER) rows_of(l, nest, carried->state, -1, false);
    if (!state) return;
    if (nest->form == JIT_NEST_IN_ORDER && carried->ends)
      go_unless_ended(l, nest, state, is_first, from, to);
    begin_carried(l, nest, state, is_first, from);
  }
  find_places(l, nest);
  Value broken = turns(l, nest, node, low_op(l, QL_OP_SUBTRACT, hi, lo));
  if (!state) return;
  if (!low_dead(l)) {
    end_carried(l, nest, state, to);
    if (carried->ends) put_state(l, state, to, word_column(nest), low_ref_as(l, &broken, QL_I64));
    jit_jump(l->fn, l->exit);
  }
  if (carried->ends) end_returned(l, nest, state, to);
  jit_block_open(l->fn, jit_block_new(l->fn));
}

void nest_row_ends(Lower *l, const Node *node) {
  const Nest *nest = l->nest;
  bool rows = nest && nest_has_rows(nest) && nest->form != JIT_NEST_ON_ONE;
  if (!rows || node != nest->loops[0] || low_dead(l)) return;
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
  bool again = !types->known && (nest->sums.count || nest->carried.ends);
  if (nest->sums.count && !nest->sums.good) return types->no_sums = true;
  for (int k = 0; k < nest->sums.count; k++)
    types->sum[k] = nest->sums.items[k].terms->dtype, types->weak[k] = nest->sums.items[k].weak;
  for (int k = 0; k < nest->carried.count; k++) {
    bool numbers = nest->carried.before[k].kind == JIT_SCALAR;
    if (!numbers || types->carried[k].kind != JIT_SCALAR) continue;
    again |= !low_same_type(&types->carried[k], &nest->carried.type[k]);
  }
  types->known = true;
  return again;
}

/* ---- after the loop ---- */

/* What the last part has left. */
static Value left_behind(Lower *l, const Node *node, const Nest *nest, int column, QlDtype dtype) {
  JitRef last = low_add(l, nest->carried.state->shape[0], low_const(l, -1));
  JitRef row = low_op(l, QL_OP_MULTIPLY, last, low_const(l, columns(nest)));
  Array as = *nest->carried.state;
  as.dtype = dtype; /* it has the bits of that */
  return low_ranks_get(l, node, &as, low_add(l, row, low_const(l, column)));
}

/* Returns what an iteration has returned. */
static void return_it(Lower *l, const Node *node, const Nest *nest) {
  const JitType *type = &nest->types->returned;
  int parts = jit_type_parts(type), word = word_column(nest);
  JitRef *refs = low_get(l, ((size_t)parts + 1) * sizeof *refs);
  for (int p = 0; p < parts && !low_dead(l); p++) {
    Value part = left_behind(l, node, nest, word + 1 + p, low_part_dtype(type, p));
    refs[p] = low_ref(l, &part);
  }
  const JitRef *next = refs;
  Value value = low_of_parts(l, type, &next);
  low_return(l, &value);
}

void nest_carry_on(Lower *l, const Node *node, const Nest *nest, Edges *broken, int temporaries) {
  const Carried *carried = &nest->carried;
  JitRef word = {0};
  if (carried->ends) {
    Value ended = left_behind(l, node, nest, word_column(nest), QL_I64);
    word = low_ref(l, &ended);
  }
  if (nest->types->returned.kind != JIT_UNKNOWN) {
    Edges returned = {0}, on = {0};
    low_branch(l, low_op(l, QL_OP_NOT_EQUAL, word, low_const(l, RETURNED)), &returned);
    low_leave(l, &on, low_unknown());
    low_join(l, &returned);
    return_it(l, node, nest);
    low_join(l, &on);
  }
  for (int k = 0; k < carried->count && !low_dead(l); k++) {
    const JitType *type = &nest->types->carried[k];
    if (type->kind != JIT_SCALAR) continue;
    Value value = left_behind(l, node, nest, k, (QlDtype)type->dtype);
    value.weak = type->weak;
    low_set(l, carried->variable[k], low_bounded(value, type));
  }
  if (word.id && nest_has_else(nest, node))
    low_leave_unless(l, low_op(l, QL_OP_NOT_EQUAL, word, low_const(l, BROKEN)), broken,
                     low_unknown(), temporaries);
}
