/* Operations on complex numbers: the steps are those of eval_complex.h. */
#include "ops.h"

#include <assert.h>
#include <math.h>

EmitRef emit_complex_truth(Emit *e, QlDtype part, EmitValue a) {
  EmitRef zero = emit_number(e, part, 0);
  return OR(COMPARE(UNE, a.part[0], zero), COMPARE(UNE, a.part[1], zero));
}

static EmitRef complex_after(Emit *e, EmitValue a, EmitValue b, bool or_equal) {
  EmitRef decided = AND(COMPARE(OGT, a.part[0], b.part[0]), COMPARE(ORD, a.part[1], b.part[1]));
  EmitRef rest = or_equal ? COMPARE(OGE, a.part[1], b.part[1]) : COMPARE(OGT, a.part[1], b.part[1]);
  return OR(decided, AND(COMPARE(OEQ, a.part[0], b.part[0]), rest));
}

static EmitRef complex_nan(Emit *e, EmitValue a) { return COMPARE(UNO, a.part[0], a.part[1]); }

static EmitValue complex_multiply(Emit *e, EmitValue a, EmitValue b) {
  return (EmitValue){{SUB(MUL(a.part[0], b.part[0]), MUL(a.part[1], b.part[1])),
                      ADD(MUL(a.part[0], b.part[1]), MUL(a.part[1], b.part[0]))}};
}

/* Smith's algorithm. With den the part of b of the larger modulus and num the other, p and q the
 * parts of a in the same order: r = num / den; s = 1 / (den + num r); the parts are (p + q r) s and
 * (q - p r) s or its mirror image. */
static EmitValue complex_divide(Emit *e, QlDtype part, EmitValue a, EmitValue b) {
  EmitRef re = ABS(b.part[0]), im = ABS(b.part[1]), zero = emit_number(e, part, 0),
          infinity = emit_number(e, part, INFINITY);
  EmitRef by_real = COMPARE(OGE, re, im);
  EmitRef den = CHOOSE(by_real, b.part[0], b.part[1]), num = CHOOSE(by_real, b.part[1], b.part[0]);
  EmitRef p = CHOOSE(by_real, a.part[0], a.part[1]), q = CHOOSE(by_real, a.part[1], a.part[0]);
  EmitRef ratio = DIV(num, den), inverse = DIV(emit_number(e, part, 1), ADD(den, MUL(num, ratio))),
          p_ratio = MUL(p, ratio);
  EmitRef result_re = MUL(ADD(p, MUL(q, ratio)), inverse);
  EmitRef result_im = MUL(CHOOSE(by_real, SUB(q, p_ratio), SUB(p_ratio, q)), inverse);
  EmitRef by_zero = AND(COMPARE(OEQ, re, zero), COMPARE(OEQ, im, zero)); /* x / 0 = x * inf */
  return (EmitValue){{CHOOSE(by_zero, MUL(a.part[0], infinity), result_re),
                      CHOOSE(by_zero, MUL(a.part[1], infinity), result_im)}};
}

static EmitValue complex_reciprocal(Emit *e, QlDtype part, EmitValue a) {
  EmitRef by_real = COMPARE(OLE, ABS(a.part[1]), ABS(a.part[0])), one = emit_number(e, part, 1);
  EmitRef den = CHOOSE(by_real, a.part[0], a.part[1]), num = CHOOSE(by_real, a.part[1], a.part[0]);
  EmitRef ratio = DIV(num, den), norm = ADD(den, MUL(num, ratio));
  return (EmitValue){
      {DIV(CHOOSE(by_real, one, ratio), norm), DIV(CHOOSE(by_real, NEG(ratio), NEG(one)), norm)}};
}

static EmitRef compare_complex(Emit *e, QlOp op, QlDtype part, EmitValue a, EmitValue b) {
  EmitRef infinity = emit_number(e, part, INFINITY);
  switch (op) {
    case QL_OP_ISNAN: return complex_nan(e, a);
    case QL_OP_ISINF:
      return OR(COMPARE(OEQ, ABS(a.part[0]), infinity), COMPARE(OEQ, ABS(a.part[1]), infinity));
    case QL_OP_ISFINITE:
      return AND(COMPARE(OLT, ABS(a.part[0]), infinity), COMPARE(OLT, ABS(a.part[1]), infinity));
    case QL_OP_LOGICAL_NOT: return NOT(emit_complex_truth(e, part, a));
    case QL_OP_LOGICAL_AND:
      return AND(emit_complex_truth(e, part, a), emit_complex_truth(e, part, b));
    case QL_OP_LOGICAL_OR:
      return OR(emit_complex_truth(e, part, a), emit_complex_truth(e, part, b));
    case QL_OP_LOGICAL_XOR:
      return XOR(emit_complex_truth(e, part, a), emit_complex_truth(e, part, b));
    case QL_OP_EQUAL:
      return AND(COMPARE(OEQ, a.part[0], b.part[0]), COMPARE(OEQ, a.part[1], b.part[1]));
    case QL_OP_NOT_EQUAL:
      return OR(COMPARE(UNE, a.part[0], b.part[0]), COMPARE(UNE, a.part[1], b.part[1]));
    case QL_OP_LESS: return complex_after(e, b, a, false);
    case QL_OP_LESS_EQUAL: return complex_after(e, b, a, true);
    case QL_OP_GREATER: return complex_after(e, a, b, false);
    default: assert(op == QL_OP_GREATER_EQUAL); return complex_after(e, a, b, true);
  }
}

EmitValue emit_complex_op(Emit *e, QlOp op, QlDtype loop, const EmitValue *args) {
  QlDtype part = (QlDtype)ql_dtype_info[loop].part;
  EmitValue a = args[0], b = ql_op_info[op].arity > 1 ? args[1] : a;
  if (ql_op_info[op].result == QL_RESULT_BOOL) return real(compare_complex(e, op, part, a, b));
  switch (op) {
    case QL_OP_POSITIVE: return a;
    case QL_OP_NEGATIVE: return (EmitValue){{NEG(a.part[0]), NEG(a.part[1])}};
    case QL_OP_CONJUGATE: return (EmitValue){{a.part[0], NEG(a.part[1])}};
    case QL_OP_REAL: return real(a.part[0]);
    case QL_OP_IMAG: return real(a.part[1]);
    case QL_OP_ABSOLUTE: return real(emit_library(e, QL_OP_HYPOT, part, a.part[0], a.part[1]));
    case QL_OP_SQUARE: return complex_multiply(e, a, a);
    case QL_OP_RECIPROCAL: return complex_reciprocal(e, part, a);
    case QL_OP_RINT:
      return (EmitValue){{emit_intrinsic(e, "llvm.rint", a.part[0], NULL),
                          emit_intrinsic(e, "llvm.rint", a.part[1], NULL)}};
    case QL_OP_ADD: return (EmitValue){{ADD(a.part[0], b.part[0]), ADD(a.part[1], b.part[1])}};
    case QL_OP_SUBTRACT: return (EmitValue){{SUB(a.part[0], b.part[0]), SUB(a.part[1], b.part[1])}};
    case QL_OP_MULTIPLY: return complex_multiply(e, a, b);
    case QL_OP_DIVIDE: return complex_divide(e, part, a, b);
    case QL_OP_FROM_PARTS: return (EmitValue){{a.part[0], b.part[0]}};
    case QL_OP_MINIMUM:
      return emit_select(e, OR(complex_nan(e, a), complex_after(e, b, a, true)), a, b);
    case QL_OP_MAXIMUM:
      return emit_select(e, OR(complex_nan(e, a), complex_after(e, a, b, true)), a, b);
    case QL_OP_FMIN:
      return emit_select(e, OR(complex_nan(e, b), complex_after(e, b, a, true)), a, b);
    case QL_OP_FMAX:
      return emit_select(e, OR(complex_nan(e, b), complex_after(e, a, b, true)), a, b);
    case QL_OP_FLOAT_POWER: return emit_complex_library(e, QL_OP_POWER, loop, args);
    default: return emit_complex_library(e, op, loop, args);
  }
}
