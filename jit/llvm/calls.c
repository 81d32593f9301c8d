/* What kernels call: LLVM's intrinsics, the functions of math.def with their vector forms, and
 * eval.c for what is rare and long. */
#include "ops.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ARGS = 4 }; /* of a function of math.def: the parts of two complex numbers */

EmitRef emit_intrinsic(Emit *e, const char *name, EmitRef a, EmitRef b) {
  LLVMTypeRef type = LLVMTypeOf(a), types[2] = {type, type};
  EmitRef args[2] = {a, b};
  unsigned count = b ? 2 : 1;
  EmitRef function =
      LLVMGetIntrinsicDeclaration(e->module, LLVMLookupIntrinsicID(name, strlen(name)), &type, 1);
  return LLVMBuildCall2(e->builder, LLVMFunctionType(type, types, count, false), function, args,
                        count, "");
}

void emit_call_attribute(Emit *e, EmitRef call, const char *name) {
  unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
  LLVMAddCallSiteAttribute(call, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                           LLVMCreateEnumAttribute(e->context, kind, 0));
}

static EmitRef declare(Emit *e, const char *name, LLVMTypeRef signature) {
  EmitRef function = LLVMGetNamedFunction(e->module, name);
  return function ? function : LLVMAddFunction(e->module, name, signature);
}

EmitRef emit_call(Emit *e, const char *name, LLVMTypeRef signature, EmitRef *args) {
  EmitRef call = LLVMBuildCall2(e->builder, signature, declare(e, name, signature), args,
                                LLVMCountParamTypes(signature), "");
  emit_call_attribute(e, call, "nounwind");
  return call;
}

void emit_result_attribute(Emit *e, EmitRef call, const char *name) {
  unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
  LLVMAddCallSiteAttribute(call, (LLVMAttributeIndex)LLVMAttributeReturnIndex,
                           LLVMCreateEnumAttribute(e->context, kind, 0));
}

/* A function of the module that calls `vector` whatever the mask says: the library functions have
 * no effects. */
static void define_masked(Emit *e, const char *name, EmitRef vector, LLVMTypeRef type,
                          unsigned arity, unsigned width) {
  if (LLVMGetNamedFunction(e->module, name)) return;
  LLVMTypeRef types[MOST_ARGS + 1] = {type, type, type, type};
  types[arity] = LLVMVectorType(LLVMInt1TypeInContext(e->context), width);
  EmitRef masked =
              LLVMAddFunction(e->module, name, LLVMFunctionType(type, types, arity + 1, false)),
          args[MOST_ARGS];
  LLVMBasicBlockRef here = LLVMGetInsertBlock(e->builder);
  LLVMSetLinkage(masked, LLVMInternalLinkage);
  LLVMPositionBuilderAtEnd(e->builder, LLVMAppendBasicBlockInContext(e->context, masked, ""));
  for (unsigned a = 0; a < arity; a++) args[a] = LLVMGetParam(masked, a);
  LLVMBuildRet(e->builder, LLVMBuildCall2(e->builder, LLVMFunctionType(type, types, arity, false),
                                          vector, args, arity, ""));
  LLVMPositionBuilderAtEnd(e->builder, here);
}

/* Declares the vector forms of a function and names them in the attribute by which the vectoriser
 * finds them:
 * "_ZGV_LLVM_N8v_SCALAR(VECTOR)" says that VECTOR computes 8 elements of SCALAR, without a mask,
 * from vector arguments; M8 is with a mask, which the widest form gets for tails and branches. */
static void offer_vectors(Emit *e, EmitRef call, const IrMath *math, LLVMTypeRef type,
                          unsigned arity) {
  enum { WIDTHS = 4 };
  char text[(WIDTHS + 1) * 128], masked[96];
  const char *shape = &"vvvv"[MOST_ARGS - arity];
  size_t at = 0;
  for (unsigned w = 0; w < WIDTHS; w++) {
    unsigned width = 2u << w;
    if (!math->vector[w]) continue;
    LLVMTypeRef vector = LLVMVectorType(type, width),
                types[MOST_ARGS] = {vector, vector, vector, vector};
    EmitRef function = declare(e, math->vector[w], LLVMFunctionType(vector, types, arity, false));
    at += (size_t)snprintf(text + at, sizeof text - at, "%s_ZGV_LLVM_N%u%s_%s(%s)", at ? "," : "",
                           width, shape, math->scalar, math->vector[w]);
    if (!e->masks || (w + 1 < WIDTHS && math->vector[w + 1])) continue;
    snprintf(masked, sizeof masked, "%s_masked", math->vector[w]);
    define_masked(e, masked, function, vector, arity, width);
    at += (size_t)snprintf(text + at, sizeof text - at, ",_ZGV_LLVM_M%u%s_%s(%s)", width, shape,
                           math->scalar, masked);
  }
  static const char name[] = "vector-function-abi-variant";
  LLVMAttributeRef attribute =
      LLVMCreateStringAttribute(e->context, name, sizeof name - 1, text, (unsigned)at);
  if (at) LLVMAddCallSiteAttribute(call, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, attribute);
}

/* Nothing in the module calls the vector forms before the vectoriser does: llvm.compiler.used keeps
 * them. */
QlStatus emit_keep_functions(Emit *e, QlError *error) {
  unsigned count = 0, room = 0;
  for (EmitRef f = LLVMGetFirstFunction(e->module); f; f = LLVMGetNextFunction(f)) room++;
  EmitRef *kept = malloc(room * sizeof *kept);
  if (!kept) return ql_fail(error, QL_ERR_MEMORY, "out of memory for a kernel");
  unsigned ours = 1 + e->fn->local_count; /* the module's first: the kernel and local functions */
  for (EmitRef f = LLVMGetFirstFunction(e->module); f; f = LLVMGetNextFunction(f))
    if (ours)
      ours--;
    else if (!LLVMGetIntrinsicID(f))
      kept[count++] = f;
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

static EmitRef call_form(Emit *e, const char *name, unsigned arity, EmitRef *args) {
  LLVMTypeRef type = LLVMTypeOf(args[0]), types[MOST_ARGS] = {type, type, type, type};
  EmitRef call = emit_call(e, name, LLVMFunctionType(type, types, arity, false), args);
  emit_call_attribute(e, call, "willreturn");
  emit_call_attribute(e, call, "memory"); /* of no effects: it neither reads nor writes */
  return call;
}

/* The lanes first, first + 1, ... of a vector. */
static EmitRef some_lanes(Emit *e, EmitRef vector, unsigned first, unsigned count) {
  EmitRef places[EMIT_LANES];
  for (unsigned k = 0; k < count; k++)
    places[k] = LLVMConstInt(LLVMInt32TypeInContext(e->context), first + k, false);
  if (count == 1) return LLVMBuildExtractElement(e->builder, vector, places[0], "");
  return LLVMBuildShuffleVector(e->builder, vector, LLVMGetPoison(LLVMTypeOf(vector)),
                                LLVMConstVector(places, count), "");
}

/* The second vector behind the first. */
static EmitRef joined(Emit *e, EmitRef a, EmitRef b, unsigned count) {
  EmitRef places[EMIT_LANES];
  for (unsigned k = 0; k < 2 * count; k++)
    places[k] = LLVMConstInt(LLVMInt32TypeInContext(e->context), k, false);
  return LLVMBuildShuffleVector(e->builder, a, b, LLVMConstVector(places, 2 * count), "");
}

/* By the widest vector form that there is, part after part; without one lane by lane. */
static EmitRef call_lanes(Emit *e, const IrMath *math, unsigned arity, EmitRef *args) {
  unsigned form = 4, count = e->width;
  EmitRef parts[EMIT_LANES], some[MOST_ARGS];
  while (form && (2u << (form - 1) > e->width || !math->vector[form - 1])) form--;
  unsigned width = form ? 2u << (form - 1) : 1;
  for (unsigned p = 0; p < count / width; p++) {
    for (unsigned a = 0; a < arity; a++)
      some[a] = width == count ? args[a] : some_lanes(e, args[a], p * width, width);
    parts[p] = call_form(e, form ? math->vector[form - 1] : math->scalar, arity, some);
  }
  if (!form) return emit_vector(e, parts);
  for (; width < count; width *= 2)
    for (unsigned p = 0; p < count / width / 2; p++)
      parts[p] = joined(e, parts[2 * p], parts[2 * p + 1], width);
  return parts[0];
}

static EmitRef call_library(Emit *e, const IrMath *math, unsigned arity, EmitRef *args) {
  assert(math);
  if (e->width > 1) return call_lanes(e, math, arity, args);
  EmitRef call = call_form(e, math->scalar, arity, args);
  offer_vectors(e, call, math, LLVMTypeOf(args[0]), arity);
  return call;
}

EmitRef emit_library(Emit *e, QlOp op, QlDtype dtype, EmitRef a, EmitRef b) {
  return call_library(e, ir_math(op, dtype == QL_F16 ? QL_F32 : dtype), b ? 2 : 1,
                      (EmitRef[]){a, b});
}

EmitValue emit_complex_library(Emit *e, QlOp op, QlDtype dtype, const EmitValue *args) {
  EmitValue result = {{NULL, NULL}};
  EmitRef parts[MOST_ARGS];
  unsigned count = 0;
  for (int a = 0; a < ql_op_info[op].arity; a++)
    for (int part = 0; part < 2; part++) parts[count++] = args[a].part[part];
  for (int part = 0; part < 2 && ir_math_part(op, dtype, part); part++)
    result.part[part] = call_library(e, ir_math_part(op, dtype, part), count, parts);
  return result;
}

static EmitValue eval_lanes(Emit *e, QlOp op, QlDtype loop, const EmitValue *args) {
  unsigned width = e->width;
  EmitRef lanes[2][EMIT_LANES] = {{NULL}};
  for (unsigned lane = 0; lane < width; lane++) {
    EmitValue own[3] = {{{NULL}}};
    for (int a = 0; a < ql_op_info[op].arity; a++)
      for (int part = 0; part < 2 && args[a].part[part]; part++)
        own[a].part[part] = some_lanes(e, args[a].part[part], lane, 1);
    e->width = 1;
    EmitValue result = emit_eval(e, op, loop, own);
    e->width = width;
    for (int part = 0; part < 2; part++) lanes[part][lane] = result.part[part];
  }
  EmitValue all = {{emit_vector(e, lanes[0]), NULL}};
  if (lanes[1][0]) all.part[1] = emit_vector(e, lanes[1]);
  return all;
}

/* ir_eval on copies of the arguments in stack memory. */
EmitValue emit_eval(Emit *e, QlOp op, QlDtype loop, const EmitValue *args) {
  enum { SLOTS = 3, SLOT = sizeof(QlValue) };
  assert(ql_op_info[op].arity < SLOTS);
  if (e->width > 1) return eval_lanes(e, op, loop, args);
  if (!e->eval_slots) e->eval_slots = emit_stack(e, SLOTS * SLOT);
  LLVMTypeRef pointer = LLVMPointerTypeInContext(e->context, 0),
              i32 = LLVMInt32TypeInContext(e->context);
  LLVMTypeRef types[] = {i32, i32, pointer, pointer, pointer};
  LLVMTypeRef signature = LLVMFunctionType(LLVMVoidTypeInContext(e->context), types, 5, false);
  int64_t part = ql_dtype_info[ql_dtype_info[loop].part].size;
  EmitRef slots[SLOTS];
  for (int s = 0; s < SLOTS; s++) slots[s] = emit_move(e, e->eval_slots, emit_int(e, s * SLOT));
  for (int a = 0; a < ql_op_info[op].arity; a++)
    emit_store(e, loop, args[a], (EmitPlace){slots[a], part, EMIT_UNMARKED});
  EmitRef call_args[] = {LLVMConstInt(i32, op, false), LLVMConstInt(i32, loop, false), slots[0],
                         slots[1], slots[2]};
  emit_call(e, EMIT_EVAL, signature, call_args);
  return emit_load(e, ir_result(op, loop), (EmitPlace){slots[2], part, EMIT_UNMARKED});
}
