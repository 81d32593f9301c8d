/* Folding: what is known when compiling is computed now, and operations that change nothing go. No
 * bit of a result changes.
 *
 * Requires a verified function; ensures one. Values that lost their users stay until dce.
 *
 * Floats allow little: x + 0 is not x (-0), 0 * x is not 0 (NaN, -0), x - x is not 0 (NaN, inf).
 * What stays is x * 1, x / 1, x - (+0), x + (-0). Complex multiplication and division by one mix
 * the parts and fold nothing. NaN payloads are not kept. */
#include "ir.h"

#include <stdlib.h>

typedef struct Fold {
  JitFn *fn;
  uint32_t *same;
  bool changed;
} Fold;

static QlKind kind_of(const Fold *f, uint32_t value) {
  return (QlKind)ql_dtype_info[f->fn->ins[value].dtype].kind;
}

static bool is_whole(QlKind kind) { return kind == QL_KIND_INT || kind == QL_KIND_UINT; }

/* Is the value this constant of its dtype? `number` is converted exactly: 0 is +0. */
static bool is_constant(const Fold *f, uint32_t value, int number) {
  const IrIns *ins = &f->fn->ins[value];
  if (ins->kind != IR_CONST) return false;
  QlValue wanted = ir_canonical(
      (QlDtype)ins->dtype,
      ql_convert(QL_I64, (QlValue){.bits = {(uint64_t)number, 0}}, (QlDtype)ins->dtype));
  return ins->value.bits[0] == wanted.bits[0] && ins->value.bits[1] == wanted.bits[1];
}

static bool is_minus_zero(const Fold *f, uint32_t value) {
  const IrIns *ins = &f->fn->ins[value];
  if (ins->kind != IR_CONST) return false;
  switch (ins->dtype) {
    case QL_F16: return ins->value.bits[0] == 0x8000;
    case QL_F32: return ins->value.bits[0] == 0x80000000u;
    case QL_F64: return ins->value.bits[0] == UINT64_C(1) << 63;
    case QL_C64: return ins->value.bits[0] == UINT64_C(0x8000000080000000);
    case QL_C128:
      return ins->value.bits[0] == UINT64_C(1) << 63 && ins->value.bits[1] == UINT64_C(1) << 63;
    default: return false;
  }
}

/* What `op` was applied to twice, when `value` is that operation on the same dtype (logical_not
 * makes bools of others); otherwise 0. */
static uint32_t undone(const Fold *f, uint32_t value, QlOp op) {
  const IrIns *ins = &f->fn->ins[value];
  return ins->kind == IR_OP && ins->op == op && f->fn->ins[ins->args[0]].dtype == ins->dtype
             ? ins->args[0]
             : 0;
}

/* ---- operations that give back an argument: which, or 0 ---- */

static uint32_t unchanged_unary(const Fold *f, QlOp op, uint32_t x) {
  QlKind kind = kind_of(f, x);
  switch (op) {
    case QL_OP_POSITIVE: return x;
    case QL_OP_REAL: return kind == QL_KIND_COMPLEX ? 0 : x;
    case QL_OP_CONJUGATE: return kind == QL_KIND_COMPLEX ? undone(f, x, op) : x;
    case QL_OP_ABSOLUTE: return kind == QL_KIND_BOOL || kind == QL_KIND_UINT ? x : 0;
    case QL_OP_FLOOR:
    case QL_OP_CEIL:
    case QL_OP_TRUNC: return kind == QL_KIND_FLOAT ? 0 : x;
    case QL_OP_NEGATIVE:
    case QL_OP_INVERT:
    case QL_OP_LOGICAL_NOT: return undone(f, x, op);
    default: return 0;
  }
}

static uint32_t unchanged_add(const Fold *f, uint32_t x, uint32_t y) {
  QlKind kind = kind_of(f, x);
  bool inexact = kind == QL_KIND_FLOAT || kind == QL_KIND_COMPLEX;
  if (inexact ? is_minus_zero(f, y) : is_constant(f, y, 0)) return x;
  return (inexact ? is_minus_zero(f, x) : is_constant(f, x, 0)) ? y : 0;
}

static uint32_t unchanged_bits(const Fold *f, QlOp op, uint32_t x, uint32_t y) {
  bool conjunction = op == QL_OP_BITWISE_AND || op == QL_OP_LOGICAL_AND;
  bool exclusive = op == QL_OP_BITWISE_XOR || op == QL_OP_LOGICAL_XOR;
  bool truth = kind_of(f, x) == QL_KIND_BOOL;
  if (!truth && (op == QL_OP_LOGICAL_AND || op == QL_OP_LOGICAL_OR || op == QL_OP_LOGICAL_XOR))
    return 0;
  int neutral = !conjunction ? 0 : truth ? 1 : -1;
  if (x == y && !exclusive) return x;
  return is_constant(f, y, neutral) ? x : is_constant(f, x, neutral) ? y : 0;
}

static uint32_t unchanged_binary(const Fold *f, QlOp op, uint32_t x, uint32_t y) {
  QlKind kind = kind_of(f, x);
  switch (op) {
    case QL_OP_ADD: return unchanged_add(f, x, y);
    case QL_OP_SUBTRACT:
    case QL_OP_LEFT_SHIFT:
    case QL_OP_RIGHT_SHIFT: return is_constant(f, y, 0) ? x : 0;
    case QL_OP_MULTIPLY:
      if (kind == QL_KIND_COMPLEX) return 0;
      return is_constant(f, y, 1) ? x : is_constant(f, x, 1) ? y : 0;
    case QL_OP_DIVIDE: return kind == QL_KIND_FLOAT && is_constant(f, y, 1) ? x : 0;
    case QL_OP_FLOOR_DIVIDE:
    case QL_OP_POWER: return is_whole(kind) && is_constant(f, y, 1) ? x : 0;
    case QL_OP_MINIMUM:
    case QL_OP_MAXIMUM:
    case QL_OP_FMIN:
    case QL_OP_FMAX: return x == y ? x : 0;
    case QL_OP_BITWISE_AND:
    case QL_OP_BITWISE_OR:
    case QL_OP_BITWISE_XOR:
    case QL_OP_LOGICAL_AND:
    case QL_OP_LOGICAL_OR:
    case QL_OP_LOGICAL_XOR: return unchanged_bits(f, op, x, y);
    default: return 0;
  }
}

static uint32_t unchanged_select(const Fold *f, const IrIns *ins) {
  uint32_t condition = ins->args[0], x = ins->args[1], y = ins->args[2];
  if (x == y) return x;
  if (f->fn->ins[condition].kind == IR_CONST) return f->fn->ins[condition].value.b ? x : y;
  return ins->dtype == QL_BOOL && is_constant(f, x, 1) && is_constant(f, y, 0) ? condition : 0;
}

/* ---- casts ---- */

/* Every value of `from` is a value of `to`. NumPy also calls 64-bit integers to floats safe; they
 * round. */
static bool is_exact(QlDtype from, QlDtype to) {
  bool long_whole = ql_dtype_info[from].size == 8 && is_whole((QlKind)ql_dtype_info[from].kind);
  bool inexact =
      ql_dtype_info[to].kind == QL_KIND_FLOAT || ql_dtype_info[to].kind == QL_KIND_COMPLEX;
  return ql_can_cast_safely(from, to) && !(long_whole && inexact);
}

/* Does the cast of every integer of `from` to `to` give the same by way of `through`, which holds
 * them all? A float that an int32 does not hold becomes the smallest one before it is cut to 32
 * bits or less; of an integer the low bits stay. (Only uint32 has such numbers: float64 does not
 * hold all integers of 64 bits.) */
static bool is_detour(QlDtype from, QlDtype through, QlDtype to) {
  bool inexact = ql_dtype_info[through].kind == QL_KIND_FLOAT ||
                 ql_dtype_info[through].kind == QL_KIND_COMPLEX;
  bool cut =
      is_whole((QlKind)ql_dtype_info[to].kind) && ql_dtype_info[to].size <= 4 && to != QL_U32;
  return !(from == QL_U32 && inexact && cut);
}

/* A cast of an exact cast starts from the value before both: when it leads back, or when that is an
 * integer (floats out of range may convert differently from different precisions). */
static uint32_t unchanged_cast(Fold *f, IrIns *ins) {
  const IrIns *inner = &f->fn->ins[ins->args[0]];
  if (inner->kind != IR_CAST) return inner->dtype == ins->dtype ? ins->args[0] : 0;
  const IrIns *origin = &f->fn->ins[inner->args[0]];
  QlKind kind = (QlKind)ql_dtype_info[origin->dtype].kind;
  if (!is_exact((QlDtype)origin->dtype, (QlDtype)inner->dtype)) return 0;
  if (origin->dtype == ins->dtype) return inner->args[0];
  bool whole = is_whole(kind) || kind == QL_KIND_BOOL;
  if (whole && is_detour((QlDtype)origin->dtype, (QlDtype)inner->dtype, (QlDtype)ins->dtype))
    ins->args[0] = inner->args[0], f->changed = true;
  return 0;
}

/* ---- results that are known ---- */

static bool known_by_dtype(const Fold *f, const IrIns *ins, int *number) {
  uint32_t x = ins->args[0], y = ins->args[1];
  QlKind kind = kind_of(f, x);
  bool exact = kind != QL_KIND_FLOAT && kind != QL_KIND_COMPLEX, whole = is_whole(kind);
  switch ((QlOp)ins->op) {
    case QL_OP_IMAG: *number = 0; return kind != QL_KIND_COMPLEX;
    case QL_OP_ISNAN:
    case QL_OP_ISINF: *number = 0; return exact;
    case QL_OP_ISFINITE: *number = 1; return exact;
    case QL_OP_SUBTRACT: *number = 0; return whole && x == y;
    case QL_OP_BITWISE_XOR: *number = 0; return x == y;
    case QL_OP_LOGICAL_XOR: *number = 0; return x == y;
    case QL_OP_LOGICAL_OR: *number = 1; return is_constant(f, x, 1) || is_constant(f, y, 1);
    case QL_OP_LOGICAL_AND:
    case QL_OP_BITWISE_AND: *number = 0; return is_constant(f, x, 0) || is_constant(f, y, 0);
    case QL_OP_MULTIPLY:
      *number = 0;
      return exact && (is_constant(f, x, 0) || is_constant(f, y, 0));
    case QL_OP_REMAINDER: *number = 0; return whole && is_constant(f, y, 1);
    case QL_OP_POWER: *number = 1; return whole && is_constant(f, y, 0);
    case QL_OP_EQUAL:
    case QL_OP_LESS_EQUAL:
    case QL_OP_GREATER_EQUAL: *number = 1; return exact && x == y;
    case QL_OP_NOT_EQUAL:
    case QL_OP_LESS:
    case QL_OP_GREATER: *number = 0; return exact && x == y;
    default: return false;
  }
}

static bool is_known(const Fold *f, const IrIns *ins, QlValue *value) {
  const JitFn *fn = f->fn;
  QlValue args[3];
  bool constant = true;
  int count = ir_arg_count(ins), number;
  for (int a = 0; a < count; a++) {
    constant = constant && fn->ins[ins->args[a]].kind == IR_CONST;
    args[a] = fn->ins[ins->args[a]].value;
  }
  QlDtype last = (QlDtype)fn->ins[ins->args[count - 1]].dtype;
  if (constant)
    *value = ins->kind == IR_CAST ? ql_convert(last, args[0], (QlDtype)ins->dtype)
                                  : ir_eval((QlOp)ins->op, last, args);
  else if (ins->kind == IR_OP && known_by_dtype(f, ins, &number))
    *value = ql_convert(QL_I64, (QlValue){.bits = {(uint64_t)number, 0}}, (QlDtype)ins->dtype);
  else
    return false;
  *value = ir_canonical((QlDtype)ins->dtype, *value);
  return true;
}

/* ---- the walk ---- */

/* A phi whose arms all bring one value, or itself. */
static uint32_t unchanged_phi(const Fold *f, uint32_t id) {
  uint32_t only = 0;
  for (uint32_t arm = f->fn->ins[id].extra; arm; arm = f->fn->phis[arm].next) {
    uint32_t value = ir_same(f->same, f->fn->phis[arm].value);
    if (value == id) continue;
    if (only && value != only) return 0;
    only = value;
  }
  return only;
}

static uint32_t unchanged(Fold *f, uint32_t id) {
  IrIns *ins = &f->fn->ins[id];
  if (ins->kind == IR_PHI) return unchanged_phi(f, id);
  if (ins->kind == IR_CAST) return unchanged_cast(f, ins);
  if (ins->op == QL_OP_SELECT) return unchanged_select(f, ins);
  return ql_op_info[ins->op].arity == 1
             ? unchanged_unary(f, (QlOp)ins->op, ins->args[0])
             : unchanged_binary(f, (QlOp)ins->op, ins->args[0], ins->args[1]);
}

/* An offset along an axis on which the operand does not move says nothing: it becomes 0. */
static void fold_offsets(JitFn *fn, const IrIns *load) {
  for (int axis = 0; axis < fn->rank; axis++)
    if (fn->arrays[load->number].stride[axis] == JIT_STRIDE_ZERO)
      fn->offsets[load->extra + (uint32_t)axis] = 0;
}

static void fold_instruction(Fold *f, uint32_t id) {
  JitFn *fn = f->fn;
  IrIns *ins = &fn->ins[id];
  ir_same_args(fn, f->same, ins);
  if (ins->kind == IR_LOAD) fold_offsets(fn, ins);
  if (ins->kind == IR_STORE) ins->rank = fn->ins[ins->args[0]].rank;
  if (ins->kind != IR_OP && ins->kind != IR_CAST && ins->kind != IR_PHI) return;
  if (ins->kind != IR_PHI) {
    ins->rank = 0, ins->line = false; /* an argument may have become uniform */
    for (int a = 0, count = ir_arg_count(ins); a < count; a++) {
      const IrIns *arg = &fn->ins[ins->args[a]];
      ins->rank = QL_MAX(ins->rank, arg->rank), ins->line |= arg->line;
    }
  }
  if (f->same[id] != id) return;
  QlValue value;
  if (ins->kind != IR_PHI && is_known(f, ins, &value)) {
    *ins = (IrIns){.kind = IR_CONST, .dtype = ins->dtype, .value = value, .source = ins->source};
    f->changed = true;
    return;
  }
  uint32_t other = unchanged(f, id);
  if (other) f->same[id] = other, f->changed = true;
}

/* `block` does not jump to `target` any more. */
static void remove_arms(JitFn *fn, uint32_t target, uint32_t block) {
  for (uint32_t i = 0; i < fn->blocks[target].count; i++) {
    IrIns *phi = &fn->ins[fn->blocks[target].ins[i]];
    if (phi->kind != IR_PHI) return;
    for (uint32_t *link = &phi->extra; *link;) {
      if (fn->phis[*link].block == block)
        *link = fn->phis[*link].next, phi->count--;
      else
        link = &fn->phis[*link].next;
    }
  }
}

static void fold_branch(Fold *f, uint32_t b) {
  IrBlock *block = &f->fn->blocks[b];
  if (block->end != IR_JNZ) return;
  block->condition = ir_same(f->same, block->condition);
  const IrIns *condition = &f->fn->ins[block->condition];
  if (condition->kind != IR_CONST) return;
  uint32_t taken = block->to[condition->value.b ? 0 : 1],
           left = block->to[condition->value.b ? 1 : 0];
  block->end = IR_JMP, block->to[0] = block->to[1] = taken, block->condition = 0;
  remove_arms(f->fn, left, b);
  f->changed = true;
}

static QlStatus fold(JitFn *fn, QlError *error) {
  if (ir_has_lanes(fn)) return QL_OK;
  Fold f = {.fn = fn, .same = ir_same_new(fn, error), .changed = true};
  if (!f.same) return QL_ERR_MEMORY;
  QlStatus status = QL_OK;
  while (f.changed) {
    IrFlow flow;
    f.changed = false;
    if (!ir_prune(fn))
      status = ql_fail(error, QL_ERR_MEMORY, "out of memory for a pass");
    else
      status = ir_flow(fn, &flow, error);
    if (status != QL_OK) break;
    for (uint32_t i = 0; i < flow.count; i++) {
      const IrBlock *block = &fn->blocks[flow.order[i]];
      for (uint32_t k = 0; k < block->count; k++) fold_instruction(&f, block->ins[k]);
      fold_branch(&f, flow.order[i]);
    }
    ir_flow_free(&flow);
  }
  ir_same_apply(fn, f.same);
  free(f.same);
  return status;
}

QlStatus jit_fold(JitFn *fn, QlError *error) { return ir_each(fn, fold, error); }
