/* What is asked before a strip: of both its ends, between which differences of what moves grow or
 * fall all the way. Each question is a b8; the strip is computed where all of them are true. */
#include "strips.h"

JitRef strip_op(JitFn *fn, QlOp op, JitRef a, JitRef b) {
  return jit_op(fn, op, 2, (JitRef[]){a, b}, (QlSource){0});
}

JitRef strip_int(JitFn *fn, int64_t number) {
  return jit_const(fn, QL_I64, (QlValue){.i = number});
}

void strip_and(StripAsk *ask, JitRef condition) {
  JitRef before = ask->condition;
  ask->condition =
      before.id ? strip_op(ask->s->fn, QL_OP_LOGICAL_AND, before, condition) : condition;
}

JitRef strip_again(JitFn *fn, const IrIns *ins, const JitRef *args) {
  switch ((IrKind)ins->kind) {
    case IR_CONST: return jit_const(fn, (QlDtype)ins->dtype, ins->value);
    case IR_PARAM: return jit_param(fn, ins->number, ins->source);
    case IR_CAST: return jit_cast(fn, args[0], (QlDtype)ins->dtype, ins->source);
    case IR_HOST: return jit_host(fn, (JitHost)ins->number, (int)ins->count, args, ins->source);
    default: return jit_op(fn, (QlOp)ins->op, ir_arg_count(ins), args, ins->source);
  }
}

JitRef strip_clone(const Strips *s, uint32_t id, JitRef *values) {
  const IrIns ins = *strip_ins(s, id);
  JitRef args[3];
  if (values[id].id) return values[id];
  if (!strip_is_inside(s, id)) return values[id] = (JitRef){id};
  for (int a = 0, count = ir_arg_count(&ins); a < count; a++)
    args[a] = strip_clone(s, ins.args[a], values);
  return values[id] = strip_again(s->fn, &ins, args);
}

/* What moves does not wrap between the ends, so its differences grow or fall all the way. */
static void ask_order(StripAsk *ask, uint32_t id) {
  Lane lane = ask->s->lane[id];
  const StripEnd *from = &ask->ends[lane.step < 0], *to = &ask->ends[lane.step > 0];
  if (lane.kind != LANE_MOVES || id == ask->s->counter) return;
  strip_and(ask, strip_op(ask->s->fn, QL_OP_LESS, from->lowest[id], to->lowest[id]));
  if (from->lowest[id].id != from->highest[id].id)
    strip_and(ask, strip_op(ask->s->fn, QL_OP_LESS, from->highest[id], to->highest[id]));
}

/* Is a before b, or not behind it, whatever both are at the ends of the strip? And so in between.
 */
static JitRef comes_before(StripAsk *ask, QlOp op, uint32_t a, uint32_t b) {
  JitFn *fn = ask->s->fn;
  JitRef first = strip_op(fn, op, ask->ends[0].highest[a], ask->ends[0].lowest[b]);
  JitRef last = strip_op(fn, op, ask->ends[1].highest[a], ask->ends[1].lowest[b]);
  return strip_op(fn, QL_OP_LOGICAL_AND, first, last);
}

/* Where is it always true, or always false? Numbers are told to be equal nowhere. */
static JitRef always(StripAsk *ask, const IrIns *ins, bool truth) {
  bool turned = ins->op == QL_OP_GREATER || ins->op == QL_OP_GREATER_EQUAL,
       strictly = ins->op == QL_OP_LESS || ins->op == QL_OP_GREATER;
  uint32_t a = ins->args[turned], b = ins->args[!turned];
  if (turned || strictly || ins->op == QL_OP_LESS_EQUAL)
    return truth ? comes_before(ask, strictly ? QL_OP_LESS : QL_OP_LESS_EQUAL, a, b)
                 : comes_before(ask, strictly ? QL_OP_LESS_EQUAL : QL_OP_LESS, b, a);
  if ((ins->op == QL_OP_NOT_EQUAL) != truth)
    return jit_const(ask->s->fn, QL_BOOL, (QlValue){.b = false});
  JitRef before = comes_before(ask, QL_OP_LESS, a, b), behind = comes_before(ask, QL_OP_LESS, b, a);
  return strip_op(ask->s->fn, QL_OP_LOGICAL_OR, before, behind);
}

static void ask_comparison(StripAsk *ask, const IrIns *ins, StripWant want) {
  if (want != WANT_ALIKE) {
    strip_and(ask, always(ask, ins, want == WANT_FIRST));
    return;
  }
  JitRef is_true = always(ask, ins, true), is_false = always(ask, ins, false);
  strip_and(ask, strip_op(ask->s->fn, QL_OP_LOGICAL_OR, is_true, is_false));
}

/* The larger or smaller one, or the remainder, is that argument. */
static void ask_arm(StripAsk *ask, const IrIns *ins, StripWant want) {
  uint32_t arm = ins->args[want == WANT_SECOND], other = ins->args[want == WANT_FIRST];
  if (ins->op == QL_OP_MAXIMUM) strip_and(ask, comes_before(ask, QL_OP_LESS_EQUAL, other, arm));
  if (ins->op == QL_OP_MINIMUM) strip_and(ask, comes_before(ask, QL_OP_LESS_EQUAL, arm, other));
  if (ins->op != QL_OP_REMAINDER) return;
  JitRef zero = strip_int(ask->s->fn, 0);
  for (int end = 0; end < 2; end++)
    strip_and(ask, strip_op(ask->s->fn, QL_OP_GREATER_EQUAL, ask->ends[end].lowest[arm], zero));
  strip_and(ask, comes_before(ask, QL_OP_LESS, arm, other));
}

/* What moves comes out as the strip wants it. */
static void ask_wanted(StripAsk *ask) {
  Strips *s = ask->s;
  for (uint32_t id = 1; id < s->values; id++) {
    const IrIns ins = *strip_ins(s, id);
    if (!strip_is_asked(s, id)) continue;
    for (int a = 0; a < 2; a++) {
      for (int end = 0; end < 2; end++) {
        strip_bound(ask, end, ins.args[a], s->home[id]);
        strip_ask_bounds(ask, end, ins.args[a]);
      }
      ask_order(ask, ins.args[a]);
    }
    if (ql_is_comparison((QlOp)ins.op))
      ask_comparison(ask, &ins, (StripWant)s->want[id]);
    else
      ask_arm(ask, &ins, (StripWant)s->want[id]);
  }
}

bool strip_leaves(const Strips *s, uint32_t block, int *way) {
  const IrBlock *b = &s->fn->blocks[block];
  if (b->end != IR_JNZ || block == s->head) return false;
  *way = s->inside[b->to[1]];
  return s->inside[b->to[0]] != s->inside[b->to[1]];
}

/* No iteration raises something. */
static void ask_to_stay(StripAsk *ask) {
  Strips *s = ask->s;
  int way;
  for (uint32_t block = 0; block < s->blocks; block++) {
    if (!s->inside[block] || !strip_leaves(s, block, &way)) continue;
    if (!strip_at_entry(s, s->fn->blocks[block].condition)) continue;
    JitRef left = strip_clone(s, s->fn->blocks[block].condition, ask->ends[0].value);
    strip_and(ask, way ? jit_op(s->fn, QL_OP_LOGICAL_NOT, 1, &left, (QlSource){0}) : left);
  }
}

void strip_ask_choices(StripAsk *ask) {
  ask_wanted(ask);
  ask_to_stay(ask);
}

/* ---- memory ---- */

static int size_of(const Strips *s, uint32_t access) {
  return ql_dtype_info[strip_ins(s, access)->dtype].size;
}

/* Where a parameter says how far an element is from the next one, they lie behind each other. */
static void ask_dense(StripAsk *ask, uint32_t number) {
  Strips *s = ask->s;
  uint32_t access = s->access[number], unit = strip_place(s, access).unit;
  for (uint32_t k = 0; k < number && unit; k++)
    if (strip_place(s, s->access[k]).unit == unit && size_of(s, s->access[k]) == size_of(s, access))
      return;
  if (!unit) return;
  JitRef step = jit_param(s->fn, strip_ins(s, unit)->number, (QlSource){0}),
         size = strip_int(s->fn, size_of(s, access));
  strip_and(ask, strip_op(s->fn, QL_OP_EQUAL, step, size));
}

void strip_ask_memory(StripAsk *ask) {
  for (uint32_t i = 0; i < ask->s->access_count; i++) ask_dense(ask, i);
  strip_ask_apart(ask);
}
