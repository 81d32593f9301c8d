/* What the files that emit operations share: types and numbers, calls, and short names for LLVM's
 * instructions.
 *
 *   ops.c      any operation, casts
 *   values.c   values in registers and in memory
 *   calls.c    functions of the library and of eval.c
 *   int.c      bool and integers     real.c   floats     complex.c   complex
 *   program.c  memory by address, calls */
#ifndef QUELEA_LLVM_OPS_H
#define QUELEA_LLVM_OPS_H

#include "emit.h"

#include <llvm-c/Core.h>
#include <llvm/Config/llvm-config.h>

static inline QlKind kind_of(QlDtype dtype) { return (QlKind)ql_dtype_info[dtype].kind; }
static inline unsigned bits_of(QlDtype dtype) { return 8u * ql_dtype_info[dtype].size; }
static inline EmitValue real(EmitRef part) { return (EmitValue){{part, NULL}}; }

/* ---- values.c ---- */
LLVMTypeRef emit_widen(Emit *e, LLVMTypeRef type);         /* to e->width elements */
LLVMTypeRef emit_type(Emit *e, QlDtype dtype);             /* of a real dtype in a register */
EmitRef emit_number(Emit *e, QlDtype dtype, double value); /* of that type */
EmitRef emit_truth(Emit *e, bool value);

/* ---- calls.c ---- */
/* A call of a function of that name and signature, which throws nothing. */
EmitRef emit_call(Emit *e, const char *name, LLVMTypeRef signature, EmitRef *args);
void emit_result_attribute(Emit *e, EmitRef call, const char *name);
EmitRef emit_intrinsic(Emit *e, const char *name, EmitRef a,
                       EmitRef b); /* b: NULL when there is one argument */
EmitRef emit_library(Emit *e, QlOp op, QlDtype dtype, EmitRef a,
                     EmitRef b); /* of math.def; float16 in float32 */
/* The same of complex numbers. No value: the table has none. */
EmitValue emit_complex_library(Emit *e, QlOp op, QlDtype dtype, const EmitValue *args);
EmitValue emit_eval(Emit *e, QlOp op, QlDtype loop,
                    const EmitValue *args); /* ir_eval, element by element */

/* ---- int.c, real.c, complex.c: no value means that emit_eval computes the
 * operation ---- */
EmitRef emit_bool(Emit *e, QlOp op, EmitRef a, EmitRef b);
EmitRef emit_int_op(Emit *e, QlOp op, QlDtype loop, EmitRef a, EmitRef b);
EmitRef emit_real_op(Emit *e, QlOp op, QlDtype loop, EmitRef a, EmitRef b);
EmitRef emit_round_half(Emit *e, EmitRef a);
EmitRef emit_from_bits(Emit *e, QlDtype loop, EmitRef a);
EmitValue emit_complex_op(Emit *e, QlOp op, QlDtype loop, const EmitValue *args);
EmitRef emit_complex_truth(Emit *e, QlDtype part, EmitValue a);

/* ---- short names ---- */

/* Under fastmath operations may be reassociated and contracted, which costs zeros their sign; NaN
 * and infinities keep their meaning. Needs LLVM 18; older ones compute as without. */
static inline EmitRef relax(Emit *e, EmitRef value) {
#if LLVM_VERSION_MAJOR >= 18
  if (e->fastmath && LLVMIsAInstruction(value))
    LLVMSetFastMathFlags(
        value, LLVMFastMathAllowReassoc | LLVMFastMathAllowContract | LLVMFastMathNoSignedZeros);
#else
  (void)e;
#endif
  return value;
}

#define ADD(a, b) relax(e, LLVMBuildFAdd(e->builder, a, b, ""))
#define SUB(a, b) relax(e, LLVMBuildFSub(e->builder, a, b, ""))
#define MUL(a, b) relax(e, LLVMBuildFMul(e->builder, a, b, ""))
#define DIV(a, b) relax(e, LLVMBuildFDiv(e->builder, a, b, ""))
#define NEG(a) LLVMBuildFNeg(e->builder, a, "")
#define ABS(a) emit_intrinsic(e, "llvm.fabs", a, NULL)
#define COMPARE(how, a, b) LLVMBuildFCmp(e->builder, LLVMReal##how, a, b, "")
#define COMPARE_INT(how, a, b) LLVMBuildICmp(e->builder, LLVMInt##how, a, b, "")
#define CHOOSE(condition, a, b) LLVMBuildSelect(e->builder, condition, a, b, "")
#define AND(a, b) LLVMBuildAnd(e->builder, a, b, "")
#define OR(a, b) LLVMBuildOr(e->builder, a, b, "")
#define XOR(a, b) LLVMBuildXor(e->builder, a, b, "")
#define NOT(a) LLVMBuildNot(e->builder, a, "")
#define IS_NAN(a) COMPARE(UNO, a, a)

#endif
