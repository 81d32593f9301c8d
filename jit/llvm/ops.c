/* One operation on one element, or on the lanes of a leaf, and casts: the emitter's half of
 * ops.def; eval.c is the other, and the two agree on every bit. */
#include "ops.h"

bool emit_is_inline(QlOp op, QlDtype loop) {
  switch (op) {
    case QL_OP_GCD:
    case QL_OP_LCM:
    case QL_OP_NEXTAFTER: return false;
    case QL_OP_SPACING: return loop != QL_F16;
    case QL_OP_FLOOR_DIVIDE:
    case QL_OP_REMAINDER:
    case QL_OP_FMOD: /* those of integers of 64 bits have no vector form */
      return kind_of(loop) == QL_KIND_FLOAT ||
             ((kind_of(loop) == QL_KIND_INT || kind_of(loop) == QL_KIND_UINT) &&
              bits_of(loop) < 64);
    case QL_OP_POWER: return kind_of(loop) == QL_KIND_FLOAT;
    default: return kind_of(loop) != QL_KIND_COMPLEX;
  }
}

bool emit_is_plain(QlOp op, QlDtype loop) {
  bool composed = op == QL_OP_FLOAT_POWER || op == QL_OP_LOGADDEXP || op == QL_OP_LOGADDEXP2 ||
                  op == QL_OP_FLOOR_DIVIDE || op == QL_OP_REMAINDER;
  return emit_is_inline(op, loop) &&
         !(kind_of(loop) == QL_KIND_FLOAT && (composed || ir_math(op, QL_F32)));
}

EmitValue emit_op(Emit *e, QlOp op, QlDtype loop, const EmitValue *args) {
  if (op == QL_OP_SELECT) return emit_select(e, args[0].part[0], args[1], args[2]);
  EmitRef a = args[0].part[0], b = ql_op_info[op].arity > 1 ? args[1].part[0] : NULL;
  EmitValue result;
  switch (kind_of(loop)) {
    case QL_KIND_BOOL: result = real(emit_bool(e, op, a, b)); break;
    case QL_KIND_FLOAT: result = real(emit_real_op(e, op, loop, a, b)); break;
    case QL_KIND_COMPLEX: result = emit_complex_op(e, op, loop, args); break;
    default: result = real(emit_int_op(e, op, loop, a, b)); break;
  }
  return result.part[0] ? result : emit_eval(e, op, loop, args);
}

/* ---- casts, as ql_convert defines them ---- */

/* Truncates to an integer of 32 or 64 bits; what does not fit is the smallest one, as cvttsd2si
 * gives it. (So is what lies less than one below the smallest.) */
static EmitRef truncate(Emit *e, QlDtype from, EmitRef x, QlDtype to) {
  double limit = to == QL_I32 ? 0x1p31 : 0x1p63;
  EmitRef fits = AND(COMPARE(OGE, x, emit_number(e, from, -limit)),
                     COMPARE(OLT, x, emit_number(e, from, limit)));
  EmitRef result =
      LLVMBuildFPToSI(e->builder, CHOOSE(fits, x, emit_number(e, from, 0)), emit_type(e, to), "");
  return CHOOSE(fits, result, emit_number(e, to, -limit));
}

static EmitRef float_to_int(Emit *e, QlDtype from, EmitRef x, QlDtype to) {
  EmitRef word, large, top;
  switch (to) {
    case QL_I64:
    case QL_I32: return truncate(e, from, x, to);
    case QL_U32: word = truncate(e, from, x, QL_I64); break;
    case QL_U64: /* 2^63 and above: converted after taking 2^63 away */
      top = emit_number(e, QL_I64, -0x1p63);
      large = XOR(truncate(e, from, SUB(x, emit_number(e, from, 0x1p63)), QL_I64), top);
      return CHOOSE(COMPARE(OGE, x, emit_number(e, from, 0x1p63)), large,
                    truncate(e, from, x, QL_I64));
    default: word = truncate(e, from, x, QL_I32); break;
  }
  return LLVMBuildTrunc(e->builder, word, emit_type(e, to), "");
}

static EmitRef from_float(Emit *e, QlDtype from, EmitRef x, QlDtype to) {
  switch (to) {
    case QL_BOOL: return COMPARE(UNE, x, emit_number(e, from, 0));
    case QL_F16: {
      EmitRef half =
          LLVMBuildFPTrunc(e->builder, x, emit_widen(e, LLVMHalfTypeInContext(e->context)), "");
      return LLVMBuildFPExt(e->builder, half, emit_type(e, QL_F16), "");
    }
    case QL_F32: return from == QL_F64 ? LLVMBuildFPTrunc(e->builder, x, emit_type(e, to), "") : x;
    case QL_F64: return from == QL_F64 ? x : LLVMBuildFPExt(e->builder, x, emit_type(e, to), "");
    default: return float_to_int(e, from, x, to);
  }
}

static EmitRef from_int(Emit *e, QlDtype from, EmitRef x, QlDtype to) {
  bool is_signed = kind_of(from) == QL_KIND_INT;
  LLVMTypeRef type = emit_type(e, to);
  if (to == QL_BOOL) return COMPARE_INT(NE, x, emit_number(e, from, 0));
  if (kind_of(to) == QL_KIND_FLOAT) {
    EmitRef result = is_signed ? LLVMBuildSIToFP(e->builder, x, type, "")
                               : LLVMBuildUIToFP(e->builder, x, type, "");
    return to == QL_F16 ? emit_round_half(e, result) : result;
  }
  unsigned bits = from == QL_BOOL ? 1 : bits_of(from);
  if (bits_of(to) == bits) return x;
  if (bits_of(to) < bits) return LLVMBuildTrunc(e->builder, x, type, "");
  return is_signed ? LLVMBuildSExt(e->builder, x, type, "")
                   : LLVMBuildZExt(e->builder, x, type, "");
}

EmitValue emit_cast(Emit *e, QlDtype from, EmitValue value, QlDtype to) {
  QlDtype from_part = (QlDtype)ql_dtype_info[from].part, to_part = (QlDtype)ql_dtype_info[to].part;
  bool to_complex = to != to_part, from_complex = from != from_part,
       from_real = kind_of(from_part) == QL_KIND_FLOAT;
  if (from == to) return value;
  if (from_complex && to == QL_BOOL) return real(emit_complex_truth(e, from_part, value));
  EmitValue result = real(from_real ? from_float(e, from_part, value.part[0], to_part)
                                    : from_int(e, from, value.part[0], to_part));
  if (to_complex)
    result.part[1] = from_complex ? from_float(e, from_part, value.part[1], to_part)
                                  : emit_number(e, to_part, 0);
  return result;
}
