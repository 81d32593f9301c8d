/* Operations on floats: the emitter's half of eval_real.h. */
#include "ops.h"

#include <assert.h>
#include <math.h>

static EmitRef compare_real(Emit *e, QlOp op, QlDtype loop, EmitRef a, EmitRef b) {
  EmitRef zero = emit_number(e, loop, 0), infinity = emit_number(e, loop, INFINITY);
  switch (op) {
    case QL_OP_ISNAN: return IS_NAN(a);
    case QL_OP_ISINF: return COMPARE(OEQ, ABS(a), infinity);
    case QL_OP_ISFINITE: return COMPARE(OLT, ABS(a), infinity);
    case QL_OP_SIGNBIT: {
      LLVMTypeRef type = emit_type(e, loop == QL_F64 ? QL_I64 : QL_I32);
      return COMPARE_INT(SLT, LLVMBuildBitCast(e->builder, a, type, ""), LLVMConstNull(type));
    }
    case QL_OP_LOGICAL_NOT: return COMPARE(OEQ, a, zero);
    case QL_OP_LOGICAL_AND: return AND(COMPARE(UNE, a, zero), COMPARE(UNE, b, zero));
    case QL_OP_LOGICAL_OR: return OR(COMPARE(UNE, a, zero), COMPARE(UNE, b, zero));
    case QL_OP_LOGICAL_XOR: return XOR(COMPARE(UNE, a, zero), COMPARE(UNE, b, zero));
    case QL_OP_EQUAL: return COMPARE(OEQ, a, b);
    case QL_OP_NOT_EQUAL: return COMPARE(UNE, a, b);
    case QL_OP_LESS: return COMPARE(OLT, a, b);
    case QL_OP_LESS_EQUAL: return COMPARE(OLE, a, b);
    case QL_OP_GREATER: return COMPARE(OGT, a, b);
    default: assert(op == QL_OP_GREATER_EQUAL); return COMPARE(OGE, a, b);
  }
}

/* The steps are those of eval_real.h, branches turned into choices. */
static EmitRef remainder_real(Emit *e, QlDtype loop, EmitRef a, EmitRef b) {
  EmitRef zero = emit_number(e, loop, 0), rest = emit_library(e, QL_OP_FMOD, loop, a, b);
  EmitRef other_sign = XOR(COMPARE(OLT, b, zero), COMPARE(OLT, rest, zero));
  EmitRef result = CHOOSE(other_sign, ADD(rest, b), rest);
  result = CHOOSE(COMPARE(OEQ, rest, zero), emit_intrinsic(e, "llvm.copysign", zero, b), result);
  return CHOOSE(COMPARE(OEQ, b, zero), rest, result);
}

static EmitRef floor_divide_real(Emit *e, QlDtype loop, EmitRef a, EmitRef b) {
  EmitRef zero = emit_number(e, loop, 0), one = emit_number(e, loop, 1),
          rest = emit_library(e, QL_OP_FMOD, loop, a, b), ratio = DIV(a, b);
  EmitRef other_sign = XOR(COMPARE(OLT, b, zero), COMPARE(OLT, rest, zero));
  EmitRef quotient = DIV(SUB(a, rest), b);
  quotient = CHOOSE(AND(COMPARE(UNE, rest, zero), other_sign), SUB(quotient, one), quotient);
  EmitRef whole = emit_intrinsic(e, "llvm.floor", quotient, NULL);
  EmitRef result =
      CHOOSE(COMPARE(OGT, SUB(quotient, whole), emit_number(e, loop, 0.5)), ADD(whole, one), whole);
  result =
      CHOOSE(COMPARE(OEQ, quotient, zero), emit_intrinsic(e, "llvm.copysign", zero, ratio), result);
  return CHOOSE(COMPARE(OEQ, b, zero), ratio, result);
}

static EmitRef logaddexp(Emit *e, QlOp op, QlDtype loop, EmitRef x, EmitRef y) {
  bool binary = op == QL_OP_LOGADDEXP2;
  EmitRef difference = SUB(x, y),
          larger = CHOOSE(COMPARE(OGT, difference, emit_number(e, loop, 0)), x, y);
  EmitRef small = emit_library(
      e, QL_OP_LOG1P, loop,
      emit_library(e, binary ? QL_OP_EXP2 : QL_OP_EXP, loop, NEG(ABS(difference)), NULL), NULL);
  if (binary) small = MUL(emit_number(e, loop, 1.442695040888963407359924681001892137), small);
  EmitRef result = CHOOSE(IS_NAN(difference), difference, ADD(larger, small));
  return CHOOSE(COMPARE(OEQ, x, y),
                ADD(x, emit_number(e, loop, binary ? 1 : 0.693147180559945309417232121458176568)),
                result);
}

/* A product of constants as the C compiler rounds it in the precision of the loop. */
static double degrees(QlOp op, QlDtype loop) {
  const double pi = 3.141592653589793238462643383279502884;
  if (loop == QL_F64) return op == QL_OP_DEG2RAD ? pi / 180.0 : 180.0 / pi;
  return op == QL_OP_DEG2RAD ? (float)pi / 180.0f : 180.0f / (float)pi;
}

/* minimum and its kin. Of equal numbers float16 takes the first, as NumPy does, the others the
 * second. The choice without NaNs is one instruction of the machine, and so does not wait for the
 * look for them; LLVM would make one condition of both, were `a` not the last argument here and the
 * first one there. */
static EmitRef extreme(Emit *e, QlOp op, QlDtype loop, EmitRef a, EmitRef b) {
  bool smaller = op == QL_OP_MINIMUM || op == QL_OP_FMIN,
       keeps_nan = op == QL_OP_MINIMUM || op == QL_OP_MAXIMUM;
  EmitRef in_front = loop == QL_F16 ? (smaller ? COMPARE(OLE, a, b) : COMPARE(OGE, a, b))
                     : smaller      ? COMPARE(OLT, a, b)
                                    : COMPARE(OGT, a, b);
  EmitRef looked_at = keeps_nan ? a : b;
  return CHOOSE(COMPARE(ORD, looked_at, looked_at), CHOOSE(in_front, a, b), a);
}

/* ---- by the bits ---- */

/* Of the format in which float16 computes too. */
typedef struct Format {
  QlDtype word;
  unsigned fraction;      /* bits */
  double bias;            /* of exponents of numbers from 0.5 to 1 */
  double smallest, scale; /* normal number; a power of 2 that makes normal ones of all others */
  double shift;           /* its exponent */
} Format;

static Format format_of(QlDtype loop) {
  return loop == QL_F64 ? (Format){QL_I64, 52, 1022, 0x1p-1022, 0x1p54, 54}
                        : (Format){QL_I32, 23, 126, 0x1p-126, 0x1p25, 25};
}

static EmitRef word_of(Emit *e, const Format *f, EmitRef a) {
  return LLVMBuildBitCast(e->builder, a, emit_type(e, f->word), "");
}

static EmitRef spacing(Emit *e, QlDtype loop, EmitRef a) {
  const Format f = format_of(loop);
  EmitRef zero = emit_number(e, loop, 0), one = emit_number(e, f.word, 1);
  EmitRef next = LLVMBuildBitCast(e->builder, LLVMBuildAdd(e->builder, word_of(e, &f, a), one, ""),
                                  LLVMTypeOf(a), "");
  EmitRef least = LLVMBuildBitCast(e->builder, one, LLVMTypeOf(a), "");
  return CHOOSE(COMPARE(OEQ, a, zero), least,
                LLVMBuildFSub(e->builder, next, a, "")); /* of infinities and NaN it is NaN */
}

/* The mantissa of frexp, or its exponent. */
static EmitRef split(Emit *e, QlOp op, QlDtype loop, EmitRef a) {
  const Format f = format_of(loop);
  double all = 2 * f.bias + 3; /* the exponent's bits */
  EmitRef small = COMPARE(OLT, ABS(a), emit_number(e, loop, f.smallest));
  EmitRef normal =
      CHOOSE(small, LLVMBuildFMul(e->builder, a, emit_number(e, loop, f.scale), ""), a);
  EmitRef word = word_of(e, &f, normal), places = emit_number(e, f.word, f.fraction);
  EmitRef exponent = AND(LLVMBuildLShr(e->builder, word, places, ""), emit_number(e, f.word, all));
  EmitRef is_plain = AND(COMPARE(OLT, ABS(a), emit_number(e, loop, INFINITY)),
                         COMPARE(ONE, a, emit_number(e, loop, 0)));
  if (op == QL_OP_EXPONENT) {
    EmitRef bias =
        CHOOSE(small, emit_number(e, f.word, f.bias + f.shift), emit_number(e, f.word, f.bias));
    EmitRef value =
        CHOOSE(is_plain, LLVMBuildSub(e->builder, exponent, bias, ""), emit_number(e, f.word, 0));
    return f.word == QL_I32 ? value : LLVMBuildTrunc(e->builder, value, emit_type(e, QL_I32), "");
  }
  EmitRef field = LLVMBuildShl(e->builder, emit_number(e, f.word, all), places, "");
  EmitRef half = LLVMBuildShl(e->builder, emit_number(e, f.word, f.bias), places, "");
  EmitRef bits = OR(AND(word, NOT(field)), half);
  return CHOOSE(is_plain, LLVMBuildBitCast(e->builder, bits, LLVMTypeOf(a), ""), a);
}

/* ldexp, as musl's scalbn: by a power of 2 that there is, after up to two that bring the exponent
 * near it; below, they leave so many places that only the last product rounds. */
static EmitRef scale(Emit *e, QlDtype loop, EmitRef a, EmitRef b) {
  const Format f = format_of(loop);
  double top = f.bias + 1, bottom = -f.bias, up = ldexp(1, (int)top);
  double step = f.bias - f.fraction - 1, down = ldexp(1, -(int)step);
  EmitRef highest = emit_number(e, loop, top), lowest = emit_number(e, loop, bottom);
  b = CHOOSE(IS_NAN(b), emit_number(e, loop, 0), b);
  for (int times = 0; times < 2; times++) {
    EmitRef above = COMPARE(OGT, b, highest), below = COMPARE(OLT, b, lowest);
    EmitRef factor = CHOOSE(above, emit_number(e, loop, up),
                            CHOOSE(below, emit_number(e, loop, down), emit_number(e, loop, 1)));
    a = LLVMBuildFMul(e->builder, a, factor, "");
    b = CHOOSE(above, LLVMBuildFSub(e->builder, b, highest, ""),
               CHOOSE(below, LLVMBuildFAdd(e->builder, b, emit_number(e, loop, step), ""), b));
  }
  b = CHOOSE(COMPARE(OGT, b, highest), highest, CHOOSE(COMPARE(OLT, b, lowest), lowest, b));
  EmitRef exponent = LLVMBuildFPToSI(e->builder, b, emit_type(e, f.word), "");
  exponent = LLVMBuildAdd(e->builder, exponent, emit_number(e, f.word, top), "");
  EmitRef bits = LLVMBuildShl(e->builder, exponent, emit_number(e, f.word, f.fraction), "");
  return LLVMBuildFMul(e->builder, a, LLVMBuildBitCast(e->builder, bits, LLVMTypeOf(a), ""), "");
}

/* ---- its bits ---- */

/* A float16 is held in a float. */
static EmitRef bits_of_real(Emit *e, QlDtype loop, EmitRef a) {
  LLVMTypeRef half = emit_widen(e, LLVMHalfTypeInContext(e->context));
  if (loop == QL_F16) a = LLVMBuildFPTrunc(e->builder, a, half, "");
  return LLVMBuildBitCast(e->builder, a, emit_type(e, ql_op_result(QL_OP_BITS, loop)), "");
}

EmitRef emit_from_bits(Emit *e, QlDtype loop, EmitRef a) {
  QlDtype to = ql_op_result(QL_OP_FROM_BITS, loop);
  LLVMTypeRef half = emit_widen(e, LLVMHalfTypeInContext(e->context)), type = emit_type(e, to);
  if (to != QL_F16) return LLVMBuildBitCast(e->builder, a, type, "");
  return LLVMBuildFPExt(e->builder, LLVMBuildBitCast(e->builder, a, half, ""), type, "");
}

/* ---- all ---- */

static EmitRef unary_real(Emit *e, QlOp op, QlDtype loop, EmitRef a) {
  EmitRef zero = emit_number(e, loop, 0), one = emit_number(e, loop, 1);
  switch (op) {
    case QL_OP_POSITIVE:
    case QL_OP_CONJUGATE:
    case QL_OP_REAL: return a;
    case QL_OP_IMAG: return zero;
    case QL_OP_NEGATIVE: return NEG(a);
    case QL_OP_ABSOLUTE:
    case QL_OP_FABS: return ABS(a);
    case QL_OP_SIGN: {
      EmitRef rest = CHOOSE(COMPARE(OEQ, a, zero), zero, a);
      return CHOOSE(COMPARE(OGT, a, zero), one,
                    CHOOSE(COMPARE(OLT, a, zero), emit_number(e, loop, -1), rest));
    }
    case QL_OP_BITS: return bits_of_real(e, loop, a);
    case QL_OP_SPACING: return spacing(e, loop, a);
    case QL_OP_MANTISSA:
    case QL_OP_EXPONENT: return split(e, op, loop, a);
    case QL_OP_SQUARE: return MUL(a, a);
    case QL_OP_RECIPROCAL: return DIV(one, a);
    case QL_OP_SQRT: return emit_intrinsic(e, "llvm.sqrt", a, NULL);
    case QL_OP_FLOOR: return emit_intrinsic(e, "llvm.floor", a, NULL);
    case QL_OP_CEIL: return emit_intrinsic(e, "llvm.ceil", a, NULL);
    case QL_OP_TRUNC: return emit_intrinsic(e, "llvm.trunc", a, NULL);
    case QL_OP_RINT: return emit_intrinsic(e, "llvm.rint", a, NULL);
    case QL_OP_DEG2RAD:
    case QL_OP_RAD2DEG: return MUL(a, emit_number(e, loop, degrees(op, loop)));
    default: return emit_library(e, op, loop, a, NULL);
  }
}

static EmitRef binary_real(Emit *e, QlOp op, QlDtype loop, EmitRef a, EmitRef b) {
  EmitRef zero = emit_number(e, loop, 0), one = emit_number(e, loop, 1);
  switch (op) {
    case QL_OP_ADD: return ADD(a, b);
    case QL_OP_SUBTRACT: return SUB(a, b);
    case QL_OP_MULTIPLY: return MUL(a, b);
    case QL_OP_DIVIDE: return DIV(a, b);
    case QL_OP_FLOOR_DIVIDE: return floor_divide_real(e, loop, a, b);
    case QL_OP_REMAINDER: return remainder_real(e, loop, a, b);
    case QL_OP_POWER:
    case QL_OP_FLOAT_POWER:
      return CHOOSE(COMPARE(OEQ, b, one), a, emit_library(e, QL_OP_POWER, loop, a, b));
    case QL_OP_LOGADDEXP:
    case QL_OP_LOGADDEXP2: return logaddexp(e, op, loop, a, b);
    case QL_OP_COPYSIGN: return emit_intrinsic(e, "llvm.copysign", a, b);
    case QL_OP_LDEXP: return scale(e, loop, a, b);
    case QL_OP_HEAVISIDE: {
      EmitRef step = CHOOSE(COMPARE(OLT, a, zero), zero, one);
      return CHOOSE(IS_NAN(a), a, CHOOSE(COMPARE(OEQ, a, zero), b, step));
    }
    case QL_OP_MINIMUM:
    case QL_OP_MAXIMUM:
    case QL_OP_FMIN:
    case QL_OP_FMAX: return extreme(e, op, loop, a, b);
    default: return emit_library(e, op, loop, a, b);
  }
}

/* Rounds a float16 result that is held in a float. */
EmitRef emit_round_half(Emit *e, EmitRef a) {
  LLVMTypeRef half = emit_widen(e, LLVMHalfTypeInContext(e->context));
  return LLVMBuildFPExt(e->builder, LLVMBuildFPTrunc(e->builder, a, half, ""), LLVMTypeOf(a), "");
}

static bool is_exact(QlOp op) { /* gives a float16 of float16 without rounding */
  switch (op) {
    case QL_OP_POSITIVE:
    case QL_OP_NEGATIVE:
    case QL_OP_ABSOLUTE:
    case QL_OP_FABS:
    case QL_OP_SIGN:
    case QL_OP_CONJUGATE:
    case QL_OP_REAL:
    case QL_OP_IMAG:
    case QL_OP_FLOOR:
    case QL_OP_CEIL:
    case QL_OP_TRUNC:
    case QL_OP_RINT:
    case QL_OP_COPYSIGN:
    case QL_OP_HEAVISIDE:
    case QL_OP_MINIMUM:
    case QL_OP_MAXIMUM:
    case QL_OP_FMIN:
    case QL_OP_FMAX:
    case QL_OP_MANTISSA:
    case QL_OP_EXPONENT:
    case QL_OP_BITS:
    case QL_OP_FMOD: return true;
    default: return false;
  }
}

EmitRef emit_real_op(Emit *e, QlOp op, QlDtype loop, EmitRef a, EmitRef b) {
  if (op == QL_OP_NEXTAFTER || (op == QL_OP_SPACING && loop == QL_F16)) return NULL;
  if (ql_op_info[op].result == QL_RESULT_BOOL) return compare_real(e, op, loop, a, b);
  EmitRef result =
      ql_op_info[op].arity == 1 ? unary_real(e, op, loop, a) : binary_real(e, op, loop, a, b);
  return loop == QL_F16 && !is_exact(op) ? emit_round_half(e, result) : result;
}
