/* Signs: which integers are never negative, and what compares them with zero.
 *
 * Each index into an array asks whether it is negative, as Python's count from the end. LLVM sees
 * that a counter is not, but not what was put together from counters and numbers:
 *
 *   nearest = 0                                        nearest: phi 0, chosen
 *   for c in range(n):                                 chosen = c or nearest
 *       if ...: nearest = c
 *
 * No value is held to be negative until something shows that it can be; that goes round until
 * nothing changes. A sum may wrap: x + 1 is not negative where x < something was asked on the way.
 *
 * Requires a verified function; ensures one, in which fold finds more. Of rank 0 alone. */
#include "ir.h"

#include <stdlib.h>

typedef struct Signs {
  JitFn *fn;
  IrFlow flow;
  bool *negative;  /* [ins_count] it may be */
  uint32_t *ways;  /* [block_count] how many lead to a block */
  uint32_t *where; /* [ins_count] block */
} Signs;

static bool is_signed(const IrIns *ins) { return ql_dtype_info[ins->dtype].kind == QL_KIND_INT; }

static bool is_number(const JitFn *fn, uint32_t value, int64_t number) {
  const IrIns *ins = &fn->ins[value];
  return ins->kind == IR_CONST && is_signed(ins) && ins->value.i == number;
}

/* Was x < something true on every way to the block? */
static bool is_below(const Signs *s, uint32_t x, uint32_t block) {
  const JitFn *fn = s->fn;
  for (uint32_t at = block; at; at = s->flow.dominator[at]) {
    const IrBlock *above = &fn->blocks[s->flow.dominator[at]];
    if (above->end != IR_JNZ || above->to[0] != at || s->ways[at] != 1) continue;
    const IrIns *asked = &fn->ins[above->condition];
    if (asked->kind != IR_OP) continue;
    if (asked->op == QL_OP_LESS && asked->args[0] == x) return true;
    if (asked->op == QL_OP_GREATER && asked->args[1] == x) return true;
  }
  return false;
}

static bool may_be_sum(const Signs *s, uint32_t id) {
  const uint32_t *args = s->fn->ins[id].args;
  for (int a = 0; a < 2; a++)
    if (is_number(s->fn, args[a], 0) ||
        (is_number(s->fn, args[a], 1) && is_below(s, args[1 - a], s->where[id])))
      return s->negative[args[1 - a]];
  return true;
}

static bool may_be_op(const Signs *s, uint32_t id) {
  const IrIns *ins = &s->fn->ins[id];
  const bool *negative = s->negative;
  bool a = negative[ins->args[0]], b = ir_arg_count(ins) > 1 && negative[ins->args[1]];
  switch ((QlOp)ins->op) {
    case QL_OP_ADD: return may_be_sum(s, id);
    case QL_OP_SELECT: return b || negative[ins->args[2]];
    case QL_OP_MINIMUM:
    case QL_OP_BITWISE_OR:
    case QL_OP_BITWISE_XOR:
    case QL_OP_FLOOR_DIVIDE: return a || b;
    case QL_OP_MAXIMUM:
    case QL_OP_BITWISE_AND: return a && b;
    case QL_OP_REMAINDER: return b;
    case QL_OP_POSITIVE:
    case QL_OP_SIGN:
    case QL_OP_FMOD:
    case QL_OP_RIGHT_SHIFT: return a;
    default: return true;
  }
}

static bool may_be_cast(const Signs *s, const IrIns *ins) {
  const IrIns *from = &s->fn->ins[ins->args[0]];
  QlKind kind = (QlKind)ql_dtype_info[from->dtype].kind;
  if (kind == QL_KIND_BOOL) return false;
  if (kind == QL_KIND_UINT)
    return ql_dtype_info[from->dtype].size >= ql_dtype_info[ins->dtype].size;
  return kind != QL_KIND_INT || ql_dtype_info[from->dtype].size > ql_dtype_info[ins->dtype].size ||
         s->negative[ins->args[0]];
}

static bool may_be(const Signs *s, uint32_t id) {
  const JitFn *fn = s->fn;
  const IrIns *ins = &fn->ins[id];
  if (!is_signed(ins)) return false;
  switch ((IrKind)ins->kind) {
    case IR_CONST: return ins->value.i < 0;
    case IR_CAST: return may_be_cast(s, ins);
    case IR_OP: return may_be_op(s, id);
    case IR_PHI:
      for (uint32_t arm = ins->extra; arm; arm = fn->phis[arm].next)
        if (s->negative[fn->phis[arm].value]) return true;
      return false;
    default: return true;
  }
}

static void find(Signs *s) {
  for (bool changed = true; changed;) {
    changed = false;
    for (uint32_t i = 0; i < s->flow.count; i++) {
      const IrBlock *block = &s->fn->blocks[s->flow.order[i]];
      for (uint32_t k = 0; k < block->count; k++) {
        uint32_t id = block->ins[k];
        if (s->negative[id] || !may_be(s, id)) continue;
        s->negative[id] = changed = true;
      }
    }
  }
}

/* What is known of a value that is compared with zero becomes a constant. */
static void use(Signs *s, uint32_t id) {
  IrIns *ins = &s->fn->ins[id];
  if (ins->kind != IR_OP || ql_op_info[ins->op].arity != 2) return;
  bool zero_last = is_number(s->fn, ins->args[1], 0),
       zero_first = is_number(s->fn, ins->args[0], 0);
  if (zero_last == zero_first || s->negative[ins->args[zero_first]]) return;
  bool never = ins->op == (zero_last ? QL_OP_LESS : QL_OP_GREATER),
       always = ins->op == (zero_last ? QL_OP_GREATER_EQUAL : QL_OP_LESS_EQUAL);
  if (!never && !always) return;
  *ins = (IrIns){.kind = IR_CONST, .dtype = QL_BOOL, .value = {.b = always}, .source = ins->source};
}

static QlStatus signs(JitFn *fn, QlError *error) {
  Signs s = {.fn = fn};
  if (fn->rank || ir_has_lanes(fn)) return QL_OK;
  QL_TRY(ir_flow(fn, &s.flow, error));
  QlStatus status = QL_OK;
  s.negative = calloc(fn->ins_count, sizeof *s.negative);
  s.where = calloc(fn->ins_count, sizeof *s.where);
  s.ways = calloc(fn->block_count, sizeof *s.ways);
  if (!s.negative || !s.where || !s.ways) {
    status = ql_fail(error, QL_ERR_MEMORY, "out of memory for a pass");
    goto out;
  }
  for (uint32_t i = 0; i < s.flow.count; i++) {
    uint32_t to[2], b = s.flow.order[i];
    for (int t = 0, count = ir_targets(fn, b, to); t < count; t++) s.ways[to[t]]++;
    for (uint32_t k = 0; k < fn->blocks[b].count; k++) s.where[fn->blocks[b].ins[k]] = b;
  }
  find(&s);
  for (uint32_t i = 0; i < s.flow.count; i++)
    for (uint32_t b = s.flow.order[i], k = 0; k < fn->blocks[b].count; k++)
      use(&s, fn->blocks[b].ins[k]);
out:
  free(s.negative), free(s.where), free(s.ways);
  ir_flow_free(&s.flow);
  return status;
}

QlStatus jit_signs(JitFn *fn, QlError *error) { return ir_each(fn, signs, error); }
