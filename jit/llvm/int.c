/* Operations on bools and integers: the emitter's half of eval_int.c. */
#include "ops.h"

#include <assert.h>

/* ---- bool ---- */

EmitRef emit_bool(Emit *e, QlOp op, EmitRef a, EmitRef b) {
  switch (op) {
    case QL_OP_ISNAN:
    case QL_OP_ISINF:
    case QL_OP_IMAG: return emit_truth(e, false);
    case QL_OP_ISFINITE: return emit_truth(e, true);
    case QL_OP_LOGICAL_NOT:
    case QL_OP_INVERT: return NOT(a);
    case QL_OP_ADD:
    case QL_OP_LOGICAL_OR:
    case QL_OP_BITWISE_OR:
    case QL_OP_MAXIMUM:
    case QL_OP_FMAX: return OR(a, b);
    case QL_OP_MULTIPLY:
    case QL_OP_LOGICAL_AND:
    case QL_OP_BITWISE_AND:
    case QL_OP_MINIMUM:
    case QL_OP_FMIN: return AND(a, b);
    case QL_OP_LOGICAL_XOR:
    case QL_OP_BITWISE_XOR:
    case QL_OP_NOT_EQUAL: return XOR(a, b);
    case QL_OP_EQUAL: return NOT(XOR(a, b));
    case QL_OP_LESS: return AND(NOT(a), b);
    case QL_OP_LESS_EQUAL: return OR(NOT(a), b);
    case QL_OP_GREATER: return AND(a, NOT(b));
    case QL_OP_GREATER_EQUAL: return OR(a, NOT(b));
    default: assert(ql_op_info[op].arity == 1); return a;
  }
}

/* ---- integers ---- */

/* a / b, truncated. Vectors have no such instruction, but one for floats, which gives the same: the
 * exact quotient of a by b is a whole number, or lies at least a part of 1/|a| of itself from the
 * next one, and a float32 tells that from it for numbers of 16 bits, a float64 for 32. */
static EmitRef quotient_of(Emit *e, QlDtype loop, EmitRef a, EmitRef b) {
  bool is_signed = kind_of(loop) == QL_KIND_INT, small = bits_of(loop) < 32;
  if (bits_of(loop) == 64 || LLVMIsConstant(b))
    return is_signed ? LLVMBuildSDiv(e->builder, a, b, "") : LLVMBuildUDiv(e->builder, a, b, "");
  LLVMTypeRef type = emit_type(e, small ? QL_F32 : QL_F64), word = emit_type(e, QL_I32);
  EmitRef x = is_signed ? LLVMBuildSIToFP(e->builder, a, type, "")
                        : LLVMBuildUIToFP(e->builder, a, type, "");
  EmitRef y = is_signed ? LLVMBuildSIToFP(e->builder, b, type, "")
                        : LLVMBuildUIToFP(e->builder, b, type, "");
  EmitRef ratio = LLVMBuildFDiv(e->builder, x, y, "");
  bool to_signed = is_signed || small;
  EmitRef whole = to_signed ? LLVMBuildFPToSI(e->builder, ratio, word, "")
                            : LLVMBuildFPToUI(e->builder, ratio, word, "");
  return small ? LLVMBuildTrunc(e->builder, whole, LLVMTypeOf(a), "") : whole;
}

/* The number that a constant is, in all lanes; NULL: it is none. */
static EmitRef known_number(EmitRef value) {
  if (!LLVMIsConstant(value) || LLVMIsAConstantInt(value)) return LLVMIsAConstantInt(value);
  if (LLVMGetTypeKind(LLVMTypeOf(value)) != LLVMVectorTypeKind) return NULL;
  EmitRef first = LLVMGetAggregateElement(value, 0);
  for (unsigned k = 1; k < LLVMGetVectorSize(LLVMTypeOf(value)); k++)
    if (LLVMGetAggregateElement(value, k) != first) return NULL;
  return first ? LLVMIsAConstantInt(first) : NULL;
}

/* Division of a signed integer by a known positive one: floor(a / b) = ~(~a / b) for a below 0, and
 * the divided one is never below 0. By a power of 2 it is a shift, and the rest are the low bits.
 */
static EmitRef divide_by_positive(Emit *e, QlOp op, QlDtype loop, EmitRef a, EmitRef b) {
  int64_t divisor = LLVMConstIntGetSExtValue(known_number(b));
  if (!(divisor & (divisor - 1))) {
    if (op == QL_OP_REMAINDER)
      return AND(a, emit_const(e, loop, (QlValue){.i = divisor - 1}).part[0]);
    return LLVMBuildAShr(e->builder, a, emit_number(e, loop, __builtin_ctzll((uint64_t)divisor)),
                         "");
  }
  EmitRef sign = LLVMBuildAShr(e->builder, a, emit_number(e, loop, bits_of(loop) - 1), "");
  EmitRef quotient = XOR(LLVMBuildUDiv(e->builder, XOR(a, sign), b, ""), sign);
  if (op == QL_OP_FLOOR_DIVIDE) return quotient;
  return LLVMBuildSub(e->builder, a, LLVMBuildMul(e->builder, quotient, b, ""), "");
}

/* Quotients are poison for a divisor of 0 and for MIN / -1: such divisors are replaced by 1 and
 * their results chosen afterwards. Division by -1 is negation, its rest 0. */
static EmitRef divide_int(Emit *e, QlOp op, QlDtype loop, EmitRef a, EmitRef b) {
  EmitRef zero = emit_number(e, loop, 0), one = emit_number(e, loop, 1),
          by_zero = COMPARE_INT(EQ, b, zero);
  bool is_signed = kind_of(loop) == QL_KIND_INT;
  EmitRef known = known_number(b);
  if (is_signed && op != QL_OP_FMOD && known && LLVMConstIntGetSExtValue(known) > 0)
    return divide_by_positive(e, op, loop, a, b);
  EmitRef by_minus = is_signed ? COMPARE_INT(EQ, b, emit_number(e, loop, -1)) : NULL;
  EmitRef divisor = CHOOSE(is_signed ? OR(by_zero, by_minus) : by_zero, one, b);
  EmitRef quotient = quotient_of(e, loop, a, divisor);
  EmitRef rest = LLVMBuildSub(e->builder, a, LLVMBuildMul(e->builder, quotient, divisor, ""), "");
  if (op == QL_OP_FMOD || (op == QL_OP_REMAINDER && !is_signed)) return rest; /* by 1: 0 */
  if (!is_signed) return CHOOSE(by_zero, zero, quotient);
  EmitRef opposite = COMPARE_INT(SLT, XOR(rest, divisor), zero);
  EmitRef below = AND(COMPARE_INT(NE, rest, zero), opposite);
  if (op == QL_OP_REMAINDER)
    return CHOOSE(below, LLVMBuildAdd(e->builder, rest, divisor, ""), rest);
  quotient = CHOOSE(below, LLVMBuildSub(e->builder, quotient, one, ""), quotient);
  return CHOOSE(by_zero, zero, CHOOSE(by_minus, LLVMBuildNeg(e->builder, a, ""), quotient));
}

static EmitRef shift(Emit *e, QlOp op, QlDtype loop, EmitRef a, EmitRef count) {
  EmitRef zero = emit_number(e, loop, 0),
          fits = COMPARE_INT(ULT, count, emit_number(e, loop, bits_of(loop)));
  if (op == QL_OP_LEFT_SHIFT) return CHOOSE(fits, LLVMBuildShl(e->builder, a, count, ""), zero);
  if (kind_of(loop) == QL_KIND_UINT)
    return CHOOSE(fits, LLVMBuildLShr(e->builder, a, count, ""), zero);
  return LLVMBuildAShr(e->builder, a, CHOOSE(fits, count, emit_number(e, loop, bits_of(loop) - 1)),
                       "");
}

static EmitRef reciprocal_int(Emit *e, QlDtype loop, EmitRef a) {
  bool is_signed = kind_of(loop) == QL_KIND_INT;
  EmitRef zero = emit_number(e, loop, 0), one = emit_number(e, loop, 1),
          minus = emit_number(e, loop, -1);
  EmitRef of_zero = loop == QL_I32   ? emit_number(e, loop, INT32_MIN)
                    : loop == QL_I64 ? emit_number(e, loop, (double)INT64_MIN)
                                     : zero;
  EmitRef is_unit = COMPARE_INT(EQ, a, one);
  if (is_signed) is_unit = OR(is_unit, COMPARE_INT(EQ, a, minus));
  return CHOOSE(COMPARE_INT(EQ, a, zero), of_zero, CHOOSE(is_unit, a, zero));
}

static EmitRef compare_int(Emit *e, QlOp op, QlDtype loop, EmitRef a, EmitRef b) {
  EmitRef zero = emit_number(e, loop, 0);
  bool is_signed = kind_of(loop) == QL_KIND_INT;
  switch (op) {
    case QL_OP_ISNAN:
    case QL_OP_ISINF: return emit_truth(e, false);
    case QL_OP_ISFINITE: return emit_truth(e, true);
    case QL_OP_LOGICAL_NOT: return COMPARE_INT(EQ, a, zero);
    case QL_OP_LOGICAL_AND: return AND(COMPARE_INT(NE, a, zero), COMPARE_INT(NE, b, zero));
    case QL_OP_LOGICAL_OR: return OR(COMPARE_INT(NE, a, zero), COMPARE_INT(NE, b, zero));
    case QL_OP_LOGICAL_XOR: return XOR(COMPARE_INT(NE, a, zero), COMPARE_INT(NE, b, zero));
    case QL_OP_EQUAL: return COMPARE_INT(EQ, a, b);
    case QL_OP_NOT_EQUAL: return COMPARE_INT(NE, a, b);
    case QL_OP_LESS: return is_signed ? COMPARE_INT(SLT, a, b) : COMPARE_INT(ULT, a, b);
    case QL_OP_LESS_EQUAL: return is_signed ? COMPARE_INT(SLE, a, b) : COMPARE_INT(ULE, a, b);
    case QL_OP_GREATER: return is_signed ? COMPARE_INT(SGT, a, b) : COMPARE_INT(UGT, a, b);
    default:
      assert(op == QL_OP_GREATER_EQUAL);
      return is_signed ? COMPARE_INT(SGE, a, b) : COMPARE_INT(UGE, a, b);
  }
}

/* In the absolute value. */
static EmitRef bits_set(Emit *e, QlDtype loop, EmitRef a) {
  EmitRef zero = emit_number(e, loop, 0);
  if (kind_of(loop) == QL_KIND_INT)
    a = CHOOSE(COMPARE_INT(SLT, a, zero), LLVMBuildNeg(e->builder, a, ""), a);
  EmitRef count = emit_intrinsic(e, "llvm.ctpop", a, NULL);
  return bits_of(loop) == 8 ? count : LLVMBuildTrunc(e->builder, count, emit_type(e, QL_U8), "");
}

EmitRef emit_int_op(Emit *e, QlOp op, QlDtype loop, EmitRef a, EmitRef b) {
  EmitRef zero = emit_number(e, loop, 0), minus;
  bool is_signed = kind_of(loop) == QL_KIND_INT;
  if (ql_op_info[op].result == QL_RESULT_BOOL) return compare_int(e, op, loop, a, b);
  switch (op) {
    case QL_OP_NEGATIVE: return LLVMBuildNeg(e->builder, a, "");
    case QL_OP_ABSOLUTE:
      return is_signed ? CHOOSE(COMPARE_INT(SLT, a, zero), LLVMBuildNeg(e->builder, a, ""), a) : a;
    case QL_OP_SIGN:
      minus = emit_number(e, loop, is_signed ? -1 : 1);
      return CHOOSE(COMPARE_INT(EQ, a, zero), zero,
                    CHOOSE(COMPARE_INT(SLT, a, zero), minus, emit_number(e, loop, 1)));
    case QL_OP_IMAG: return zero;
    case QL_OP_SQUARE: return LLVMBuildMul(e->builder, a, a, "");
    case QL_OP_RECIPROCAL: return reciprocal_int(e, loop, a);
    case QL_OP_INVERT: return NOT(a);
    case QL_OP_ADD: return LLVMBuildAdd(e->builder, a, b, "");
    case QL_OP_SUBTRACT: return LLVMBuildSub(e->builder, a, b, "");
    case QL_OP_MULTIPLY: return LLVMBuildMul(e->builder, a, b, "");
    case QL_OP_FLOOR_DIVIDE:
    case QL_OP_REMAINDER:
    case QL_OP_FMOD: return divide_int(e, op, loop, a, b);
    case QL_OP_MINIMUM:
    case QL_OP_FMIN: return CHOOSE(compare_int(e, QL_OP_LESS, loop, a, b), a, b);
    case QL_OP_MAXIMUM:
    case QL_OP_FMAX: return CHOOSE(compare_int(e, QL_OP_LESS, loop, a, b), b, a);
    case QL_OP_BITWISE_AND: return AND(a, b);
    case QL_OP_BITWISE_OR: return OR(a, b);
    case QL_OP_BITWISE_XOR: return XOR(a, b);
    case QL_OP_LEFT_SHIFT:
    case QL_OP_RIGHT_SHIFT: return shift(e, op, loop, a, b);
    case QL_OP_BITWISE_COUNT: return bits_set(e, loop, a);
    case QL_OP_FROM_BITS: return emit_from_bits(e, loop, a);
    case QL_OP_GCD:
    case QL_OP_LCM:
    case QL_OP_POWER: return NULL;
    default: assert(ql_op_info[op].arity == 1); return a;
  }
}
