/* One operation on one element, or on the lanes of a leaf: the emitter's half of ops.def; eval.c is the other, and the
 * two agree on every bit. What is rare and long, and what the C library computes, calls eval.c itself. */
#include "emit.h"

#include <llvm-c/Core.h>
#include <llvm/Config/llvm-config.h>

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static QlKind kind_of(QlDtype dtype) { return (QlKind)ql_dtype_info[dtype].kind; }
static unsigned bits_of(QlDtype dtype) { return 8u * ql_dtype_info[dtype].size; }

/* ---- types ---- */

static LLVMTypeRef widen(Emit *e, LLVMTypeRef type) { return e->width > 1 ? LLVMVectorType(type, e->width) : type; }

/* The type of a real dtype in a register and in memory. */
static LLVMTypeRef register_type(Emit *e, QlDtype dtype) {
  switch (dtype) {
    case QL_BOOL: return widen(e, LLVMInt1TypeInContext(e->context));
    case QL_F16:
    case QL_F32: return widen(e, LLVMFloatTypeInContext(e->context));
    case QL_F64: return widen(e, LLVMDoubleTypeInContext(e->context));
    default: return widen(e, LLVMIntTypeInContext(e->context, bits_of(dtype)));
  }
}

static LLVMTypeRef memory_type(Emit *e, QlDtype dtype) {
  if (dtype == QL_BOOL) return widen(e, LLVMInt8TypeInContext(e->context));
  return dtype == QL_F16 ? widen(e, LLVMHalfTypeInContext(e->context)) : register_type(e, dtype);
}

static EmitRef splat(Emit *e, EmitRef constant) {
  EmitRef lanes[JIT_LANES];
  if (e->width == 1) return constant;
  for (unsigned lane = 0; lane < e->width; lane++) lanes[lane] = constant;
  return LLVMConstVector(lanes, e->width);
}

/* A number in the register type of a real dtype. */
static EmitRef number(Emit *e, QlDtype dtype, double value) {
  LLVMTypeRef type = register_type(&(Emit){.context = e->context, .width = 1}, dtype);
  if (kind_of(dtype) == QL_KIND_FLOAT) return splat(e, LLVMConstReal(type, value));
  return splat(e, LLVMConstInt(type, (uint64_t)(int64_t)value, true));
}

static EmitRef truth(Emit *e, bool value) {
  return splat(e, LLVMConstInt(LLVMInt1TypeInContext(e->context), value, false));
}

static EmitValue real(EmitRef part) { return (EmitValue){{part, NULL}}; }

EmitValue emit_phi(Emit *e, QlDtype dtype) {
  LLVMTypeRef type = register_type(e, ql_dtype_info[dtype].part);
  EmitValue phi = real(LLVMBuildPhi(e->builder, type, ""));
  if (kind_of(dtype) == QL_KIND_COMPLEX) phi.part[1] = LLVMBuildPhi(e->builder, type, "");
  return phi;
}

EmitValue emit_const(Emit *e, QlDtype dtype, QlValue value) {
  switch (dtype) {
    case QL_BOOL: return real(truth(e, value.b));
    case QL_F16: return real(number(e, QL_F16, ql_half_to_float(value.h)));
    case QL_F32: return real(number(e, QL_F32, value.f));
    case QL_F64: return real(number(e, QL_F64, value.d));
    case QL_C64: return (EmitValue){{number(e, QL_F32, value.c[0]), number(e, QL_F32, value.c[1])}};
    case QL_C128: return (EmitValue){{number(e, QL_F64, value.z[0]), number(e, QL_F64, value.z[1])}};
    default: return real(splat(e, LLVMConstInt(LLVMIntTypeInContext(e->context, bits_of(dtype)), value.u, false)));
  }
}

/* ---- memory ---- */

static void mark_access(Emit *e, EmitRef access, uint32_t scope, QlDtype part) {
  LLVMSetAlignment(access, ql_dtype_info[part].size);
  if (scope == EMIT_UNMARKED) return;
  static const char *const names[] = {"alias.scope", "noalias", "llvm.access.group"};
  EmitMetadata nodes[] = {e->alias[scope], e->noalias[scope], e->group};
  for (int n = 0; n < 3; n++)
    LLVMSetMetadata(access, LLVMGetMDKindIDInContext(e->context, names[n], (unsigned)strlen(names[n])),
                    LLVMMetadataAsValue(e->context, nodes[n]));
}

static EmitRef load_part(Emit *e, QlDtype part, EmitRef address, uint32_t scope) {
  EmitRef value = LLVMBuildLoad2(e->builder, memory_type(e, part), address, "");
  mark_access(e, value, scope, part);
  if (part == QL_BOOL) return LLVMBuildICmp(e->builder, LLVMIntNE, value, LLVMConstNull(LLVMTypeOf(value)), "");
  return part == QL_F16 ? LLVMBuildFPExt(e->builder, value, register_type(e, part), "") : value;
}

static void store_part(Emit *e, QlDtype part, EmitRef value, EmitRef address, uint32_t scope) {
  if (part == QL_BOOL) value = LLVMBuildZExt(e->builder, value, memory_type(e, part), "");
  if (part == QL_F16) value = LLVMBuildFPTrunc(e->builder, value, memory_type(e, part), "");
  mark_access(e, LLVMBuildStore(e->builder, value, address), scope, part);
}

EmitValue emit_load(Emit *e, QlDtype dtype, EmitPlace from) {
  QlDtype part = (QlDtype)ql_dtype_info[dtype].part;
  EmitValue value = real(load_part(e, part, from.address, from.scope));
  if (part != dtype)
    value.part[1] = load_part(e, part, emit_move(e, from.address, emit_int(e, from.imaginary)), from.scope);
  return value;
}

void emit_store(Emit *e, QlDtype dtype, EmitValue value, EmitPlace to) {
  QlDtype part = (QlDtype)ql_dtype_info[dtype].part;
  store_part(e, part, value.part[0], to.address, to.scope);
  if (part != dtype) store_part(e, part, value.part[1], emit_move(e, to.address, emit_int(e, to.imaginary)), to.scope);
}

/* ---- lanes ---- */

EmitValue emit_lanes(Emit *e, EmitValue value, int odd) {
  EmitRef lanes[JIT_LANES], even_part;
  for (int part = 0; part < 2 && value.part[part]; part++) {
    even_part = value.part[part];
    if (e->width == 1) {
      value.part[part] = LLVMBuildExtractElement(e->builder, even_part, emit_int(e, odd), "");
      continue;
    }
    for (unsigned lane = 0; lane < e->width; lane++)
      lanes[lane] = LLVMConstInt(LLVMInt32TypeInContext(e->context), 2 * lane + (unsigned)odd, false);
    value.part[part] = LLVMBuildShuffleVector(e->builder, even_part, LLVMGetPoison(LLVMTypeOf(even_part)),
                                              LLVMConstVector(lanes, e->width), "");
  }
  return value;
}

EmitRef emit_lanes_below(Emit *e, int64_t first, int64_t step, EmitRef limit) {
  EmitRef lanes[JIT_LANES], limits;
  if (e->width == 1) return emit_less(e, emit_int(e, first), limit);
  for (unsigned lane = 0; lane < e->width; lane++) lanes[lane] = emit_int(e, first + step * lane);
  EmitRef numbers = LLVMConstVector(lanes, e->width);
  LLVMTypeRef type = LLVMTypeOf(numbers), index = LLVMInt32TypeInContext(e->context);
  limits = LLVMBuildInsertElement(e->builder, LLVMGetPoison(type), limit, LLVMConstNull(index), "");
  limits = LLVMBuildShuffleVector(e->builder, limits, LLVMGetPoison(type),
                                  LLVMConstNull(LLVMVectorType(index, e->width)), "");
  return LLVMBuildICmp(e->builder, LLVMIntSLT, numbers, limits, "");
}

/* ---- calls ---- */

static EmitRef intrinsic(Emit *e, const char *name, EmitRef a, EmitRef b) {
  LLVMTypeRef type = LLVMTypeOf(a), types[2] = {type, type};
  EmitRef args[2] = {a, b};
  unsigned count = b ? 2 : 1;
  EmitRef function = LLVMGetIntrinsicDeclaration(e->module, LLVMLookupIntrinsicID(name, strlen(name)), &type, 1);
  return LLVMBuildCall2(e->builder, LLVMFunctionType(type, types, count, false), function, args, count, "");
}

static void add_call_attribute(Emit *e, EmitRef call, const char *name) {
  unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
  LLVMAddCallSiteAttribute(call, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                           LLVMCreateEnumAttribute(e->context, kind, 0));
}

static EmitRef declare(Emit *e, const char *name, LLVMTypeRef signature) {
  EmitRef function = LLVMGetNamedFunction(e->module, name);
  return function ? function : LLVMAddFunction(e->module, name, signature);
}

/* A function of the module that calls `vector` whatever the mask says: the library functions have no effects. */
static void define_masked(Emit *e, const char *name, EmitRef vector, LLVMTypeRef type, unsigned arity, unsigned width) {
  if (LLVMGetNamedFunction(e->module, name)) return;
  LLVMTypeRef types[3] = {type, type, type};
  types[arity] = LLVMVectorType(LLVMInt1TypeInContext(e->context), width);
  EmitRef masked = LLVMAddFunction(e->module, name, LLVMFunctionType(type, types, arity + 1, false)), args[2];
  LLVMBasicBlockRef here = LLVMGetInsertBlock(e->builder);
  LLVMSetLinkage(masked, LLVMInternalLinkage);
  LLVMPositionBuilderAtEnd(e->builder, LLVMAppendBasicBlockInContext(e->context, masked, ""));
  for (unsigned a = 0; a < arity; a++) args[a] = LLVMGetParam(masked, a);
  LLVMBuildRet(e->builder,
               LLVMBuildCall2(e->builder, LLVMFunctionType(type, types, arity, false), vector, args, arity, ""));
  LLVMPositionBuilderAtEnd(e->builder, here);
}

/* Declares the vector forms of a function and names them in the attribute by which the vectoriser finds them:
 * "_ZGV_LLVM_N8v_SCALAR(VECTOR)" says that VECTOR computes 8 elements of SCALAR, without a mask, from vector arguments;
 * M8 is with a mask, which the widest form gets for tails and branches. */
static void offer_vectors(Emit *e, EmitRef call, const IrMath *math, LLVMTypeRef type, unsigned arity) {
  enum { WIDTHS = 4 };
  char text[(WIDTHS + 1) * 128], masked[96];
  const char *shape = arity == 1 ? "v" : "vv";
  size_t at = 0;
  for (unsigned w = 0; w < WIDTHS; w++) {
    unsigned width = 2u << w;
    if (!math->vector[w]) continue;
    LLVMTypeRef vector = LLVMVectorType(type, width), types[2] = {vector, vector};
    EmitRef function = declare(e, math->vector[w], LLVMFunctionType(vector, types, arity, false));
    at += (size_t)snprintf(text + at, sizeof text - at, "%s_ZGV_LLVM_N%u%s_%s(%s)", at ? "," : "", width, shape,
                           math->scalar, math->vector[w]);
    if (!e->masks || (w + 1 < WIDTHS && math->vector[w + 1])) continue;
    snprintf(masked, sizeof masked, "%s_masked", math->vector[w]);
    define_masked(e, masked, function, vector, arity, width);
    at += (size_t)snprintf(text + at, sizeof text - at, ",_ZGV_LLVM_M%u%s_%s(%s)", width, shape, math->scalar, masked);
  }
  static const char name[] = "vector-function-abi-variant";
  LLVMAttributeRef attribute = LLVMCreateStringAttribute(e->context, name, sizeof name - 1, text, (unsigned)at);
  if (at) LLVMAddCallSiteAttribute(call, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, attribute);
}

/* Nothing in the module calls the vector forms before the vectoriser does: llvm.compiler.used keeps them. */
QlStatus emit_keep_functions(Emit *e, QlError *error) {
  unsigned count = 0, room = 0;
  for (EmitRef f = LLVMGetFirstFunction(e->module); f; f = LLVMGetNextFunction(f)) room++;
  EmitRef *kept = malloc(room * sizeof *kept);
  if (!kept) return ql_fail(error, QL_ERR_MEMORY, "out of memory for a kernel");
  for (EmitRef f = LLVMGetFirstFunction(e->module); f; f = LLVMGetNextFunction(f))
    if (f != e->function && !LLVMGetIntrinsicID(f)) kept[count++] = f;
  if (count) {
    LLVMTypeRef pointer = LLVMPointerTypeInContext(e->context, 0);
    EmitRef used = LLVMAddGlobal(e->module, LLVMArrayType(pointer, count), "llvm.compiler.used");
    LLVMSetLinkage(used, LLVMAppendingLinkage);
    LLVMSetSection(used, "llvm.metadata");
    LLVMSetInitializer(used, LLVMConstArray(pointer, kept, count));
  }
  free(kept);
  return QL_OK;
}

/* The function of math.def; float16 is computed in float32. */
static EmitRef library(Emit *e, QlOp op, QlDtype dtype, EmitRef a, EmitRef b) {
  const IrMath *math = ir_math(op, dtype == QL_F16 ? QL_F32 : dtype);
  LLVMTypeRef type = LLVMTypeOf(a), types[2] = {type, type};
  EmitRef args[2] = {a, b};
  unsigned arity = b ? 2 : 1;
  assert(math && e->width == 1);
  LLVMTypeRef signature = LLVMFunctionType(type, types, arity, false);
  EmitRef call = LLVMBuildCall2(e->builder, signature, declare(e, math->scalar, signature), args, arity, "");
  add_call_attribute(e, call, "nounwind");
  add_call_attribute(e, call, "willreturn");
  add_call_attribute(e, call, "memory"); /* of no effects: it neither reads nor writes */
  offer_vectors(e, call, math, type, arity);
  return call;
}

/* ir_eval on copies of the arguments in stack memory. */
static EmitValue call_eval(Emit *e, QlOp op, QlDtype loop, const EmitValue *args) {
  enum { SLOTS = 3, SLOT = sizeof(QlValue) };
  assert(e->width == 1 && ql_op_info[op].arity < SLOTS);
  if (!e->eval_slots) e->eval_slots = emit_stack(e, SLOTS * SLOT);
  LLVMTypeRef pointer = LLVMPointerTypeInContext(e->context, 0), i32 = LLVMInt32TypeInContext(e->context);
  LLVMTypeRef types[] = {i32, i32, pointer, pointer, pointer};
  LLVMTypeRef signature = LLVMFunctionType(LLVMVoidTypeInContext(e->context), types, 5, false);
  int64_t part = ql_dtype_info[ql_dtype_info[loop].part].size;
  EmitRef slots[SLOTS];
  for (int s = 0; s < SLOTS; s++) slots[s] = emit_move(e, e->eval_slots, emit_int(e, s * SLOT));
  for (int a = 0; a < ql_op_info[op].arity; a++)
    emit_store(e, loop, args[a], (EmitPlace){slots[a], part, EMIT_UNMARKED});
  EmitRef call_args[] = {LLVMConstInt(i32, op, false), LLVMConstInt(i32, loop, false), slots[0], slots[1], slots[2]};
  add_call_attribute(e, LLVMBuildCall2(e->builder, signature, declare(e, EMIT_EVAL, signature), call_args, 5, ""),
                     "nounwind");
  return emit_load(e, ir_result(op, loop), (EmitPlace){slots[2], part, EMIT_UNMARKED});
}

/* ---- short names for what follows ---- */

/* Under fastmath operations may be reassociated and contracted, which costs zeros their sign; NaN and infinities keep
 * their meaning. Needs LLVM 18; older ones compute as without. */
static EmitRef relax(Emit *e, EmitRef value) {
#if LLVM_VERSION_MAJOR >= 18
  if (e->fastmath && LLVMIsAInstruction(value))
    LLVMSetFastMathFlags(value, LLVMFastMathAllowReassoc | LLVMFastMathAllowContract | LLVMFastMathNoSignedZeros);
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
#define ABS(a) intrinsic(e, "llvm.fabs", a, NULL)
#define COMPARE(how, a, b) LLVMBuildFCmp(e->builder, LLVMReal##how, a, b, "")
#define COMPARE_INT(how, a, b) LLVMBuildICmp(e->builder, LLVMInt##how, a, b, "")
#define CHOOSE(condition, a, b) LLVMBuildSelect(e->builder, condition, a, b, "")
#define AND(a, b) LLVMBuildAnd(e->builder, a, b, "")
#define OR(a, b) LLVMBuildOr(e->builder, a, b, "")
#define XOR(a, b) LLVMBuildXor(e->builder, a, b, "")
#define NOT(a) LLVMBuildNot(e->builder, a, "")
#define IS_NAN(a) COMPARE(UNO, a, a)

/* ---- bool ---- */

static EmitRef bool_op(Emit *e, QlOp op, EmitRef a, EmitRef b) {
  switch (op) {
    case QL_OP_ISNAN:
    case QL_OP_ISINF:
    case QL_OP_IMAG: return truth(e, false);
    case QL_OP_ISFINITE: return truth(e, true);
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

/* Quotient and rest are poison for a divisor of 0 and for MIN / -1: such divisors are replaced by 1 and their results
 * chosen afterwards. Division by -1 is negation, its rest 0. */
static EmitRef divide_int(Emit *e, QlOp op, QlDtype loop, EmitRef a, EmitRef b) {
  EmitRef zero = number(e, loop, 0), one = number(e, loop, 1), by_zero = COMPARE_INT(EQ, b, zero);
  if (kind_of(loop) == QL_KIND_UINT) {
    EmitRef divisor = CHOOSE(by_zero, one, b);
    EmitRef result = op == QL_OP_FLOOR_DIVIDE ? LLVMBuildUDiv(e->builder, a, divisor, "")
                                              : LLVMBuildURem(e->builder, a, divisor, "");
    return CHOOSE(by_zero, zero, result);
  }
  EmitRef by_minus = COMPARE_INT(EQ, b, number(e, loop, -1));
  EmitRef divisor = CHOOSE(OR(by_zero, by_minus), one, b);
  EmitRef rest = LLVMBuildSRem(e->builder, a, divisor, "");
  if (op == QL_OP_FMOD) return rest; /* of 1: 0 */
  EmitRef opposite = COMPARE_INT(SLT, XOR(rest, divisor), zero);
  EmitRef below = AND(COMPARE_INT(NE, rest, zero), opposite);
  if (op == QL_OP_REMAINDER) return CHOOSE(below, LLVMBuildAdd(e->builder, rest, divisor, ""), rest);
  EmitRef quotient = LLVMBuildSDiv(e->builder, a, divisor, "");
  quotient = CHOOSE(below, LLVMBuildSub(e->builder, quotient, one, ""), quotient);
  return CHOOSE(by_zero, zero, CHOOSE(by_minus, LLVMBuildNeg(e->builder, a, ""), quotient));
}

static EmitRef shift(Emit *e, QlOp op, QlDtype loop, EmitRef a, EmitRef count) {
  EmitRef zero = number(e, loop, 0), fits = COMPARE_INT(ULT, count, number(e, loop, bits_of(loop)));
  if (op == QL_OP_LEFT_SHIFT) return CHOOSE(fits, LLVMBuildShl(e->builder, a, count, ""), zero);
  if (kind_of(loop) == QL_KIND_UINT) return CHOOSE(fits, LLVMBuildLShr(e->builder, a, count, ""), zero);
  return LLVMBuildAShr(e->builder, a, CHOOSE(fits, count, number(e, loop, bits_of(loop) - 1)), "");
}

static EmitRef reciprocal_int(Emit *e, QlDtype loop, EmitRef a) {
  bool is_signed = kind_of(loop) == QL_KIND_INT;
  EmitRef zero = number(e, loop, 0), one = number(e, loop, 1), minus = number(e, loop, -1);
  EmitRef of_zero = loop == QL_I32   ? number(e, loop, INT32_MIN)
                    : loop == QL_I64 ? number(e, loop, (double)INT64_MIN)
                                     : zero;
  EmitRef is_unit = COMPARE_INT(EQ, a, one);
  if (is_signed) is_unit = OR(is_unit, COMPARE_INT(EQ, a, minus));
  return CHOOSE(COMPARE_INT(EQ, a, zero), of_zero, CHOOSE(is_unit, a, zero));
}

static EmitRef compare_int(Emit *e, QlOp op, QlDtype loop, EmitRef a, EmitRef b) {
  EmitRef zero = number(e, loop, 0);
  bool is_signed = kind_of(loop) == QL_KIND_INT;
  switch (op) {
    case QL_OP_ISNAN:
    case QL_OP_ISINF: return truth(e, false);
    case QL_OP_ISFINITE: return truth(e, true);
    case QL_OP_LOGICAL_NOT: return COMPARE_INT(EQ, a, zero);
    case QL_OP_LOGICAL_AND: return AND(COMPARE_INT(NE, a, zero), COMPARE_INT(NE, b, zero));
    case QL_OP_LOGICAL_OR: return OR(COMPARE_INT(NE, a, zero), COMPARE_INT(NE, b, zero));
    case QL_OP_LOGICAL_XOR: return XOR(COMPARE_INT(NE, a, zero), COMPARE_INT(NE, b, zero));
    case QL_OP_EQUAL: return COMPARE_INT(EQ, a, b);
    case QL_OP_NOT_EQUAL: return COMPARE_INT(NE, a, b);
    case QL_OP_LESS: return is_signed ? COMPARE_INT(SLT, a, b) : COMPARE_INT(ULT, a, b);
    case QL_OP_LESS_EQUAL: return is_signed ? COMPARE_INT(SLE, a, b) : COMPARE_INT(ULE, a, b);
    case QL_OP_GREATER: return is_signed ? COMPARE_INT(SGT, a, b) : COMPARE_INT(UGT, a, b);
    default: assert(op == QL_OP_GREATER_EQUAL); return is_signed ? COMPARE_INT(SGE, a, b) : COMPARE_INT(UGE, a, b);
  }
}

static EmitRef int_op(Emit *e, QlOp op, QlDtype loop, EmitRef a, EmitRef b) {
  EmitRef zero = number(e, loop, 0), minus;
  bool is_signed = kind_of(loop) == QL_KIND_INT;
  if (ql_op_info[op].result == QL_RESULT_BOOL) return compare_int(e, op, loop, a, b);
  switch (op) {
    case QL_OP_NEGATIVE: return LLVMBuildNeg(e->builder, a, "");
    case QL_OP_ABSOLUTE: return is_signed ? CHOOSE(COMPARE_INT(SLT, a, zero), LLVMBuildNeg(e->builder, a, ""), a) : a;
    case QL_OP_SIGN:
      minus = number(e, loop, is_signed ? -1 : 1);
      return CHOOSE(COMPARE_INT(EQ, a, zero), zero, CHOOSE(COMPARE_INT(SLT, a, zero), minus, number(e, loop, 1)));
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
    case QL_OP_POWER: return NULL;
    default: assert(ql_op_info[op].arity == 1); return a;
  }
}

/* ---- floats ---- */

static EmitRef compare_real(Emit *e, QlOp op, QlDtype loop, EmitRef a, EmitRef b) {
  EmitRef zero = number(e, loop, 0), infinity = number(e, loop, INFINITY);
  switch (op) {
    case QL_OP_ISNAN: return IS_NAN(a);
    case QL_OP_ISINF: return COMPARE(OEQ, ABS(a), infinity);
    case QL_OP_ISFINITE: return COMPARE(OLT, ABS(a), infinity);
    case QL_OP_SIGNBIT: {
      LLVMTypeRef type = register_type(e, loop == QL_F64 ? QL_I64 : QL_I32);
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
  EmitRef zero = number(e, loop, 0), rest = LLVMBuildFRem(e->builder, a, b, "");
  EmitRef other_sign = XOR(COMPARE(OLT, b, zero), COMPARE(OLT, rest, zero));
  EmitRef result = CHOOSE(other_sign, ADD(rest, b), rest);
  result = CHOOSE(COMPARE(OEQ, rest, zero), intrinsic(e, "llvm.copysign", zero, b), result);
  return CHOOSE(COMPARE(OEQ, b, zero), rest, result);
}

static EmitRef floor_divide_real(Emit *e, QlDtype loop, EmitRef a, EmitRef b) {
  EmitRef zero = number(e, loop, 0), one = number(e, loop, 1), rest = LLVMBuildFRem(e->builder, a, b, ""),
          ratio = DIV(a, b);
  EmitRef other_sign = XOR(COMPARE(OLT, b, zero), COMPARE(OLT, rest, zero));
  EmitRef quotient = DIV(SUB(a, rest), b);
  quotient = CHOOSE(AND(COMPARE(UNE, rest, zero), other_sign), SUB(quotient, one), quotient);
  EmitRef whole = intrinsic(e, "llvm.floor", quotient, NULL);
  EmitRef result = CHOOSE(COMPARE(OGT, SUB(quotient, whole), number(e, loop, 0.5)), ADD(whole, one), whole);
  result = CHOOSE(COMPARE(OEQ, quotient, zero), intrinsic(e, "llvm.copysign", zero, ratio), result);
  return CHOOSE(COMPARE(OEQ, b, zero), ratio, result);
}

static EmitRef logaddexp(Emit *e, QlOp op, QlDtype loop, EmitRef x, EmitRef y) {
  bool binary = op == QL_OP_LOGADDEXP2;
  EmitRef difference = SUB(x, y), larger = CHOOSE(COMPARE(OGT, difference, number(e, loop, 0)), x, y);
  EmitRef small = library(e, QL_OP_LOG1P, loop,
                          library(e, binary ? QL_OP_EXP2 : QL_OP_EXP, loop, NEG(ABS(difference)), NULL), NULL);
  if (binary) small = MUL(number(e, loop, 1.442695040888963407359924681001892137), small);
  EmitRef result = CHOOSE(IS_NAN(difference), difference, ADD(larger, small));
  return CHOOSE(COMPARE(OEQ, x, y), ADD(x, number(e, loop, binary ? 1 : 0.693147180559945309417232121458176568)),
                result);
}

/* SLEEF's functions where they end before their results do: the steps are those of eval_real.h. */
static EmitRef mended(Emit *e, QlOp op, QlDtype loop, EmitRef x) {
  const IrRange *range = ir_range(loop);
  EmitRef size = ABS(x), tiny = COMPARE(OLT, size, number(e, loop, range->tiny)), result;
  EmitRef large = COMPARE(OGT, op == QL_OP_ARCSINH ? size : x, number(e, loop, range->large));
  EmitRef from = op == QL_OP_EXP ? x : size, over = COMPARE(OGT, from, number(e, loop, range->edge));
  EmitRef ln_2 = number(e, loop, 0.693147180559945309417232121458176568);
  EmitRef moved = SUB(SUB(from, number(e, loop, range->high)), number(e, loop, range->low));
  switch (op) {
    case QL_OP_LOG1P:
      return CHOOSE(tiny, x, CHOOSE(large, library(e, QL_OP_LOG, loop, x, NULL), library(e, op, loop, x, NULL)));
    case QL_OP_ARCSINH:
      result = intrinsic(e, "llvm.copysign", ADD(library(e, QL_OP_LOG, loop, size, NULL), ln_2), x);
      return CHOOSE(large, result, CHOOSE(tiny, x, library(e, op, loop, x, NULL)));
    case QL_OP_ARCCOSH:
      return CHOOSE(large, ADD(library(e, QL_OP_LOG, loop, x, NULL), ln_2), library(e, op, loop, x, NULL));
    case QL_OP_TAN: return CHOOSE(tiny, x, library(e, op, loop, x, NULL));
    case QL_OP_EXP:
      if (loop != QL_F64) return library(e, op, loop, x, NULL);
      result = library(e, op, loop, CHOOSE(over, moved, x), NULL);
      return CHOOSE(over, MUL(MUL(result, number(e, loop, range->scale)), number(e, loop, 2)), result);
    case QL_OP_SINH:
    case QL_OP_COSH:
      result = MUL(library(e, QL_OP_EXP, loop, moved, NULL), number(e, loop, range->scale));
      if (op == QL_OP_SINH) result = intrinsic(e, "llvm.copysign", result, x);
      return CHOOSE(over, result, library(e, op, loop, x, NULL));
    default: return library(e, op, loop, x, NULL);
  }
}

/* A product of constants as the C compiler rounds it in the precision of the loop. */
static double degrees(QlOp op, QlDtype loop) {
  const double pi = 3.141592653589793238462643383279502884;
  if (loop == QL_F64) return op == QL_OP_DEG2RAD ? pi / 180.0 : 180.0 / pi;
  return op == QL_OP_DEG2RAD ? (float)pi / 180.0f : 180.0f / (float)pi;
}

/* Which of two numbers minimum and its kin take. Of equal ones float16 takes the first, as NumPy does, the others the
 * second. */
static EmitRef first_of(Emit *e, QlOp op, QlDtype loop, EmitRef a, EmitRef b) {
  bool smaller = op == QL_OP_MINIMUM || op == QL_OP_FMIN, keeps_nan = op == QL_OP_MINIMUM || op == QL_OP_MAXIMUM;
  EmitRef in_front = loop == QL_F16 ? (smaller ? COMPARE(OLE, a, b) : COMPARE(OGE, a, b))
                     : smaller      ? COMPARE(OLT, a, b)
                                    : COMPARE(OGT, a, b);
  return OR(in_front, keeps_nan ? IS_NAN(a) : IS_NAN(b));
}

static EmitRef unary_real(Emit *e, QlOp op, QlDtype loop, EmitRef a) {
  EmitRef zero = number(e, loop, 0), one = number(e, loop, 1);
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
      return CHOOSE(COMPARE(OGT, a, zero), one, CHOOSE(COMPARE(OLT, a, zero), number(e, loop, -1), rest));
    }
    case QL_OP_SQUARE: return MUL(a, a);
    case QL_OP_RECIPROCAL: return DIV(one, a);
    case QL_OP_SQRT: return intrinsic(e, "llvm.sqrt", a, NULL);
    case QL_OP_FLOOR: return intrinsic(e, "llvm.floor", a, NULL);
    case QL_OP_CEIL: return intrinsic(e, "llvm.ceil", a, NULL);
    case QL_OP_TRUNC: return intrinsic(e, "llvm.trunc", a, NULL);
    case QL_OP_RINT: return intrinsic(e, "llvm.rint", a, NULL);
    case QL_OP_DEG2RAD:
    case QL_OP_RAD2DEG: return MUL(a, number(e, loop, degrees(op, loop)));
    default: return mended(e, op, loop, a);
  }
}

static EmitRef binary_real(Emit *e, QlOp op, QlDtype loop, EmitRef a, EmitRef b) {
  EmitRef zero = number(e, loop, 0), one = number(e, loop, 1);
  switch (op) {
    case QL_OP_ADD: return ADD(a, b);
    case QL_OP_SUBTRACT: return SUB(a, b);
    case QL_OP_MULTIPLY: return MUL(a, b);
    case QL_OP_DIVIDE: return DIV(a, b);
    case QL_OP_FLOOR_DIVIDE: return floor_divide_real(e, loop, a, b);
    case QL_OP_REMAINDER: return remainder_real(e, loop, a, b);
    case QL_OP_FMOD: return LLVMBuildFRem(e->builder, a, b, "");
    case QL_OP_POWER:
    case QL_OP_FLOAT_POWER: return CHOOSE(COMPARE(OEQ, b, one), a, library(e, QL_OP_POWER, loop, a, b));
    case QL_OP_LOGADDEXP:
    case QL_OP_LOGADDEXP2: return logaddexp(e, op, loop, a, b);
    case QL_OP_COPYSIGN: return intrinsic(e, "llvm.copysign", a, b);
    case QL_OP_HEAVISIDE: {
      EmitRef step = CHOOSE(COMPARE(OLT, a, zero), zero, one);
      return CHOOSE(IS_NAN(a), a, CHOOSE(COMPARE(OEQ, a, zero), b, step));
    }
    case QL_OP_MINIMUM:
    case QL_OP_MAXIMUM:
    case QL_OP_FMIN:
    case QL_OP_FMAX: return CHOOSE(first_of(e, op, loop, a, b), a, b);
    default: return library(e, op, loop, a, b);
  }
}

/* Rounds a float16 result that is held in a float. */
static EmitRef round_half(Emit *e, EmitRef a) {
  LLVMTypeRef half = widen(e, LLVMHalfTypeInContext(e->context));
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
    case QL_OP_FMOD: return true;
    default: return false;
  }
}

static EmitRef real_op(Emit *e, QlOp op, QlDtype loop, EmitRef a, EmitRef b) {
  if (op == QL_OP_NEXTAFTER) return NULL;
  if (ql_op_info[op].result == QL_RESULT_BOOL) return compare_real(e, op, loop, a, b);
  EmitRef result = ql_op_info[op].arity == 1 ? unary_real(e, op, loop, a) : binary_real(e, op, loop, a, b);
  return loop == QL_F16 && !is_exact(op) ? round_half(e, result) : result;
}

/* ---- complex numbers: the steps are those of eval_complex.h ---- */

static EmitRef complex_truth(Emit *e, QlDtype part, EmitValue a) {
  EmitRef zero = number(e, part, 0);
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

/* Smith's algorithm. With den the part of b of the larger modulus and num the other, p and q the parts of a in the same
 * order: r = num / den; s = 1 / (den + num r); the parts are (p + q r) s and (q - p r) s or its mirror image. */
static EmitValue complex_divide(Emit *e, QlDtype part, EmitValue a, EmitValue b) {
  EmitRef re = ABS(b.part[0]), im = ABS(b.part[1]), zero = number(e, part, 0), infinity = number(e, part, INFINITY);
  EmitRef by_real = COMPARE(OGE, re, im);
  EmitRef den = CHOOSE(by_real, b.part[0], b.part[1]), num = CHOOSE(by_real, b.part[1], b.part[0]);
  EmitRef p = CHOOSE(by_real, a.part[0], a.part[1]), q = CHOOSE(by_real, a.part[1], a.part[0]);
  EmitRef ratio = DIV(num, den), inverse = DIV(number(e, part, 1), ADD(den, MUL(num, ratio))), p_ratio = MUL(p, ratio);
  EmitRef result_re = MUL(ADD(p, MUL(q, ratio)), inverse);
  EmitRef result_im = MUL(CHOOSE(by_real, SUB(q, p_ratio), SUB(p_ratio, q)), inverse);
  EmitRef by_zero = AND(COMPARE(OEQ, re, zero), COMPARE(OEQ, im, zero)); /* x / 0 = x * inf */
  return (EmitValue){
      {CHOOSE(by_zero, MUL(a.part[0], infinity), result_re), CHOOSE(by_zero, MUL(a.part[1], infinity), result_im)}};
}

static EmitValue complex_reciprocal(Emit *e, QlDtype part, EmitValue a) {
  EmitRef by_real = COMPARE(OLE, ABS(a.part[1]), ABS(a.part[0])), one = number(e, part, 1);
  EmitRef den = CHOOSE(by_real, a.part[0], a.part[1]), num = CHOOSE(by_real, a.part[1], a.part[0]);
  EmitRef ratio = DIV(num, den), norm = ADD(den, MUL(num, ratio));
  return (EmitValue){{DIV(CHOOSE(by_real, one, ratio), norm), DIV(CHOOSE(by_real, NEG(ratio), NEG(one)), norm)}};
}

static EmitRef compare_complex(Emit *e, QlOp op, QlDtype part, EmitValue a, EmitValue b) {
  EmitRef infinity = number(e, part, INFINITY);
  switch (op) {
    case QL_OP_ISNAN: return complex_nan(e, a);
    case QL_OP_ISINF: return OR(COMPARE(OEQ, ABS(a.part[0]), infinity), COMPARE(OEQ, ABS(a.part[1]), infinity));
    case QL_OP_ISFINITE: return AND(COMPARE(OLT, ABS(a.part[0]), infinity), COMPARE(OLT, ABS(a.part[1]), infinity));
    case QL_OP_LOGICAL_NOT: return NOT(complex_truth(e, part, a));
    case QL_OP_LOGICAL_AND: return AND(complex_truth(e, part, a), complex_truth(e, part, b));
    case QL_OP_LOGICAL_OR: return OR(complex_truth(e, part, a), complex_truth(e, part, b));
    case QL_OP_LOGICAL_XOR: return XOR(complex_truth(e, part, a), complex_truth(e, part, b));
    case QL_OP_EQUAL: return AND(COMPARE(OEQ, a.part[0], b.part[0]), COMPARE(OEQ, a.part[1], b.part[1]));
    case QL_OP_NOT_EQUAL: return OR(COMPARE(UNE, a.part[0], b.part[0]), COMPARE(UNE, a.part[1], b.part[1]));
    case QL_OP_LESS: return complex_after(e, b, a, false);
    case QL_OP_LESS_EQUAL: return complex_after(e, b, a, true);
    case QL_OP_GREATER: return complex_after(e, a, b, false);
    default: assert(op == QL_OP_GREATER_EQUAL); return complex_after(e, a, b, true);
  }
}

static EmitValue complex_op(Emit *e, QlOp op, QlDtype part, const EmitValue *args) {
  EmitValue a = args[0], b = ql_op_info[op].arity > 1 ? args[1] : a;
  if (ql_op_info[op].result == QL_RESULT_BOOL) return real(compare_complex(e, op, part, a, b));
  switch (op) {
    case QL_OP_POSITIVE: return a;
    case QL_OP_NEGATIVE: return (EmitValue){{NEG(a.part[0]), NEG(a.part[1])}};
    case QL_OP_CONJUGATE: return (EmitValue){{a.part[0], NEG(a.part[1])}};
    case QL_OP_REAL: return real(a.part[0]);
    case QL_OP_IMAG: return real(a.part[1]);
    case QL_OP_ABSOLUTE: return real(library(e, QL_OP_HYPOT, part, a.part[0], a.part[1]));
    case QL_OP_SQUARE: return complex_multiply(e, a, a);
    case QL_OP_RECIPROCAL: return complex_reciprocal(e, part, a);
    case QL_OP_RINT:
      return (EmitValue){{intrinsic(e, "llvm.rint", a.part[0], NULL), intrinsic(e, "llvm.rint", a.part[1], NULL)}};
    case QL_OP_ADD: return (EmitValue){{ADD(a.part[0], b.part[0]), ADD(a.part[1], b.part[1])}};
    case QL_OP_SUBTRACT: return (EmitValue){{SUB(a.part[0], b.part[0]), SUB(a.part[1], b.part[1])}};
    case QL_OP_MULTIPLY: return complex_multiply(e, a, b);
    case QL_OP_DIVIDE: return complex_divide(e, part, a, b);
    case QL_OP_MINIMUM: return emit_select(e, OR(complex_nan(e, a), complex_after(e, b, a, true)), a, b);
    case QL_OP_MAXIMUM: return emit_select(e, OR(complex_nan(e, a), complex_after(e, a, b, true)), a, b);
    case QL_OP_FMIN: return emit_select(e, OR(complex_nan(e, b), complex_after(e, b, a, true)), a, b);
    case QL_OP_FMAX: return emit_select(e, OR(complex_nan(e, b), complex_after(e, a, b, true)), a, b);
    default: return (EmitValue){{NULL, NULL}};
  }
}

/* ---- any operation ---- */

EmitValue emit_select(Emit *e, EmitRef condition, EmitValue a, EmitValue b) {
  EmitValue result = real(CHOOSE(condition, a.part[0], b.part[0]));
  if (a.part[1]) result.part[1] = CHOOSE(condition, a.part[1], b.part[1]);
  return result;
}

bool emit_is_inline(QlOp op, QlDtype loop) {
  switch (op) {
    case QL_OP_FLOOR_DIVIDE:
    case QL_OP_REMAINDER:
    case QL_OP_FMOD:
    case QL_OP_NEXTAFTER: return false; /* fmod has no vector form */
    case QL_OP_POWER: return kind_of(loop) == QL_KIND_FLOAT;
    default: return kind_of(loop) != QL_KIND_COMPLEX;
  }
}

EmitValue emit_op(Emit *e, QlOp op, QlDtype loop, const EmitValue *args) {
  if (op == QL_OP_SELECT) return emit_select(e, args[0].part[0], args[1], args[2]);
  EmitRef a = args[0].part[0], b = ql_op_info[op].arity > 1 ? args[1].part[0] : NULL;
  EmitValue result;
  switch (kind_of(loop)) {
    case QL_KIND_BOOL: result = real(bool_op(e, op, a, b)); break;
    case QL_KIND_FLOAT: result = real(real_op(e, op, loop, a, b)); break;
    case QL_KIND_COMPLEX: result = complex_op(e, op, (QlDtype)ql_dtype_info[loop].part, args); break;
    default: result = real(int_op(e, op, loop, a, b)); break;
  }
  return result.part[0] ? result : call_eval(e, op, loop, args);
}

/* ---- casts, as ql_convert defines them ---- */

/* Truncates to an integer of 32 or 64 bits; what does not fit is the smallest one, as cvttsd2si gives it. (So is what
 * lies less than one below the smallest.) */
static EmitRef truncate(Emit *e, QlDtype from, EmitRef x, QlDtype to) {
  double limit = to == QL_I32 ? 0x1p31 : 0x1p63;
  EmitRef fits = AND(COMPARE(OGE, x, number(e, from, -limit)), COMPARE(OLT, x, number(e, from, limit)));
  EmitRef result = LLVMBuildFPToSI(e->builder, CHOOSE(fits, x, number(e, from, 0)), register_type(e, to), "");
  return CHOOSE(fits, result, number(e, to, -limit));
}

static EmitRef float_to_int(Emit *e, QlDtype from, EmitRef x, QlDtype to) {
  EmitRef word, large, top;
  switch (to) {
    case QL_I64:
    case QL_I32: return truncate(e, from, x, to);
    case QL_U32: word = truncate(e, from, x, QL_I64); break;
    case QL_U64: /* 2^63 and above: converted after taking 2^63 away */
      top = number(e, QL_I64, -0x1p63);
      large = XOR(truncate(e, from, SUB(x, number(e, from, 0x1p63)), QL_I64), top);
      return CHOOSE(COMPARE(OGE, x, number(e, from, 0x1p63)), large, truncate(e, from, x, QL_I64));
    default: word = truncate(e, from, x, QL_I32); break;
  }
  return LLVMBuildTrunc(e->builder, word, register_type(e, to), "");
}

static EmitRef from_float(Emit *e, QlDtype from, EmitRef x, QlDtype to) {
  switch (to) {
    case QL_BOOL: return COMPARE(UNE, x, number(e, from, 0));
    case QL_F16: {
      EmitRef half = LLVMBuildFPTrunc(e->builder, x, widen(e, LLVMHalfTypeInContext(e->context)), "");
      return LLVMBuildFPExt(e->builder, half, register_type(e, QL_F16), "");
    }
    case QL_F32: return from == QL_F64 ? LLVMBuildFPTrunc(e->builder, x, register_type(e, to), "") : x;
    case QL_F64: return from == QL_F64 ? x : LLVMBuildFPExt(e->builder, x, register_type(e, to), "");
    default: return float_to_int(e, from, x, to);
  }
}

static EmitRef from_int(Emit *e, QlDtype from, EmitRef x, QlDtype to) {
  bool is_signed = kind_of(from) == QL_KIND_INT;
  LLVMTypeRef type = register_type(e, to);
  if (to == QL_BOOL) return COMPARE_INT(NE, x, number(e, from, 0));
  if (kind_of(to) == QL_KIND_FLOAT) {
    EmitRef result = is_signed ? LLVMBuildSIToFP(e->builder, x, type, "") : LLVMBuildUIToFP(e->builder, x, type, "");
    return to == QL_F16 ? round_half(e, result) : result;
  }
  unsigned bits = from == QL_BOOL ? 1 : bits_of(from);
  if (bits_of(to) == bits) return x;
  if (bits_of(to) < bits) return LLVMBuildTrunc(e->builder, x, type, "");
  return is_signed ? LLVMBuildSExt(e->builder, x, type, "") : LLVMBuildZExt(e->builder, x, type, "");
}

EmitValue emit_cast(Emit *e, QlDtype from, EmitValue value, QlDtype to) {
  QlDtype from_part = (QlDtype)ql_dtype_info[from].part, to_part = (QlDtype)ql_dtype_info[to].part;
  bool to_complex = to != to_part, from_complex = from != from_part, from_real = kind_of(from_part) == QL_KIND_FLOAT;
  if (from == to) return value;
  if (from_complex && to == QL_BOOL) return real(complex_truth(e, from_part, value));
  EmitValue result =
      real(from_real ? from_float(e, from_part, value.part[0], to_part) : from_int(e, from, value.part[0], to_part));
  if (to_complex)
    result.part[1] = from_complex ? from_float(e, from_part, value.part[1], to_part) : number(e, to_part, 0);
  return result;
}
