/* LLVM: building blocks over its instruction builder, the target, the passes, and the linker.
 *
 * LLVM starts when the first kernel is compiled or linked; a process that only asks for keys never
 * pays for it. Object code is position-independent ELF in memory; LLVM's ORC links it against the
 * functions of math.c and eval.c.
 *
 * Accesses to memory carry two promises. alias.scope/noalias: what one operand touches no other
 * operand touches. access.group, with parallel_accesses on a loop: no iteration depends on another.
 * Together they let the vectoriser work without checks at run time. */
#include "emit.h"

#include <llvm-c/Analysis.h>
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <llvm-c/Error.h>
#include <llvm-c/IRReader.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/Linker.h>
#include <llvm-c/Orc.h>
#include <llvm-c/Target.h>
#include <llvm-c/TargetMachine.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <llvm/Config/llvm-config.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct EmitMachine {
  char *cpu, *features; /* LLVM's messages */
  LLVMTargetMachineRef target;
  LLVMOrcLLJITRef linker;
  QlError reported; /* by the linker, while it links */
};

/* ---- arithmetic ---- */

static LLVMTypeRef i64_type(Emit *e) { return LLVMInt64TypeInContext(e->context); }
static LLVMTypeRef i8_type(Emit *e) { return LLVMInt8TypeInContext(e->context); }
static LLVMTypeRef pointer_type(Emit *e) { return LLVMPointerTypeInContext(e->context, 0); }

EmitRef emit_int(Emit *e, int64_t value) {
  return LLVMConstInt(i64_type(e), (uint64_t)value, true);
}
EmitRef emit_add(Emit *e, EmitRef a, EmitRef b) { return LLVMBuildNSWAdd(e->builder, a, b, ""); }
EmitRef emit_sub(Emit *e, EmitRef a, EmitRef b) { return LLVMBuildNSWSub(e->builder, a, b, ""); }
EmitRef emit_mul(Emit *e, EmitRef a, EmitRef b) { return LLVMBuildNSWMul(e->builder, a, b, ""); }
EmitRef emit_and(Emit *e, EmitRef a, EmitRef b) { return LLVMBuildAnd(e->builder, a, b, ""); }
EmitRef emit_shift_right(Emit *e, EmitRef a, int bits) {
  return LLVMBuildLShr(e->builder, a, emit_int(e, bits), "");
}
EmitRef emit_bytes_to(Emit *e, EmitRef pointer, int64_t boundary) {
  EmitRef address = LLVMBuildPtrToInt(e->builder, pointer, i64_type(e), "");
  return LLVMBuildAnd(e->builder, LLVMBuildNeg(e->builder, address, ""), emit_int(e, boundary - 1),
                      "");
}
EmitRef emit_less(Emit *e, EmitRef a, EmitRef b) {
  return LLVMBuildICmp(e->builder, LLVMIntSLT, a, b, "");
}
EmitRef emit_equal(Emit *e, EmitRef a, EmitRef b) {
  return LLVMBuildICmp(e->builder, LLVMIntEQ, a, b, "");
}
EmitRef emit_choose(Emit *e, EmitRef condition, EmitRef a, EmitRef b) {
  return LLVMBuildSelect(e->builder, condition, a, b, "");
}
EmitRef emit_min(Emit *e, EmitRef a, EmitRef b) { return emit_choose(e, emit_less(e, a, b), a, b); }

EmitRef emit_tiles(Emit *e, EmitRef extent, int64_t tile) {
  return emit_shift_right(e, emit_add(e, extent, emit_int(e, tile - 1)),
                          __builtin_ctzll((uint64_t)tile));
}

EmitRef emit_trailing_zeros(Emit *e, EmitRef a) {
  LLVMTypeRef types[2] = {i64_type(e), LLVMInt1TypeInContext(e->context)};
  EmitRef function =
      LLVMGetIntrinsicDeclaration(e->module, LLVMLookupIntrinsicID("llvm.cttz", 9), types, 1);
  EmitRef args[2] = {a, LLVMConstInt(types[1], 1, false)};
  return LLVMBuildCall2(e->builder, LLVMFunctionType(types[0], types, 2, false), function, args, 2,
                        "");
}

EmitRef emit_move(Emit *e, EmitRef pointer, EmitRef bytes) {
  return LLVMBuildInBoundsGEP2(e->builder, i8_type(e), pointer, &bytes, 1, "");
}

EmitRef emit_displace(Emit *e, EmitRef pointer, EmitRef bytes) {
  return LLVMBuildGEP2(e->builder, i8_type(e), pointer, &bytes, 1, "");
}

EmitRef emit_get_int(Emit *e, EmitRef pointer, int64_t bytes) {
  return LLVMBuildLoad2(e->builder, i64_type(e), emit_move(e, pointer, emit_int(e, bytes)), "");
}

EmitRef emit_get_pointer(Emit *e, EmitRef pointer, int64_t bytes) {
  return LLVMBuildLoad2(e->builder, pointer_type(e), emit_move(e, pointer, emit_int(e, bytes)), "");
}

void emit_set_int(Emit *e, EmitRef pointer, EmitRef value) {
  LLVMBuildStore(e->builder, value, pointer);
}

static unsigned metadata_kind(Emit *e, const char *name) {
  return LLVMGetMDKindIDInContext(e->context, name, (unsigned)strlen(name));
}

EmitRef emit_stack(Emit *e, int64_t bytes) {
  LLVMBasicBlockRef here = LLVMGetInsertBlock(e->builder);
  LLVMPositionBuilderBefore(e->builder, LLVMGetBasicBlockTerminator(e->entry));
  EmitRef memory = LLVMBuildAlloca(e->builder, LLVMArrayType(i8_type(e), (unsigned)bytes), "");
  LLVMSetAlignment(memory, 64);
  LLVMPositionBuilderAtEnd(e->builder, here);
  return memory;
}

void emit_mark_constant(Emit *e, EmitRef load) {
  LLVMSetMetadata(load, metadata_kind(e, "invariant.load"),
                  LLVMMetadataAsValue(e->context, LLVMMDNodeInContext2(e->context, NULL, 0)));
}

/* ---- control flow ---- */

EmitBlock emit_block(Emit *e) { return LLVMAppendBasicBlockInContext(e->context, e->function, ""); }
EmitBlock emit_here(Emit *e) { return LLVMGetInsertBlock(e->builder); }
void emit_enter(Emit *e, EmitBlock block) { LLVMPositionBuilderAtEnd(e->builder, block); }
void emit_jump(Emit *e, EmitBlock to) { LLVMBuildBr(e->builder, to); }
void emit_branch(Emit *e, EmitRef condition, EmitBlock if_true, EmitBlock if_false) {
  LLVMBuildCondBr(e->builder, condition, if_true, if_false);
}
void emit_return(Emit *e) { LLVMBuildRetVoid(e->builder); }

void emit_phi_from(EmitValue phi, EmitBlock from, EmitValue value) {
  for (int part = 0; part < 2 && phi.part[part]; part++)
    LLVMAddIncoming(phi.part[part], &value.part[part], &from, 1);
}

EmitLoop emit_loop_open(Emit *e, EmitRef end) {
  EmitLoop loop = {.body = emit_block(e), .exit = emit_block(e), .end = end};
  LLVMBasicBlockRef before = LLVMGetInsertBlock(e->builder);
  emit_branch(e, emit_less(e, emit_int(e, 0), end), loop.body, loop.exit);
  emit_enter(e, loop.body);
  loop.i = LLVMBuildPhi(e->builder, i64_type(e), "");
  EmitRef zero = emit_int(e, 0);
  LLVMAddIncoming(loop.i, &zero, &before, 1);
  return loop;
}

typedef struct Property { /* of a loop */
  const char *name;
  EmitMetadata value; /* NULL: none */
} Property;

/* distinct !{itself, !{property, value}, ...} */
static EmitRef loop_metadata(Emit *e, int count, const Property *properties) {
  EmitMetadata self = LLVMTemporaryMDNode(e->context, NULL, 0), all[4] = {self};
  for (int p = 0; p < count; p++) {
    EmitMetadata pair[2] = {
        LLVMMDStringInContext2(e->context, properties[p].name, strlen(properties[p].name)),
        properties[p].value};
    all[p + 1] = LLVMMDNodeInContext2(e->context, pair, properties[p].value ? 2 : 1);
  }
  EmitMetadata node = LLVMMDNodeInContext2(e->context, all, (size_t)count + 1);
  LLVMMetadataReplaceAllUsesWith(self, node);
  return LLVMMetadataAsValue(e->context, node);
}

/* The same value, of which LLVM knows nothing: what empty assembly makes of it. */
static EmitRef hide(Emit *e, EmitRef value) {
  static const char *const facts[] = {"nounwind", "willreturn", "nosync", "memory"};
  LLVMTypeRef type = LLVMTypeOf(value), signature = LLVMFunctionType(type, &type, 1, false);
  EmitRef nothing =
      LLVMGetInlineAsm(signature, "", 0, "=r,0", 4, false, false, LLVMInlineAsmDialectATT, false);
  EmitRef hidden = LLVMBuildCall2(e->builder, signature, nothing, &value, 1, "");
  for (int f = 0; f < 4; f++) emit_call_attribute(e, hidden, facts[f]);
  return hidden;
}

void emit_loop_close(Emit *e, EmitLoop *loop, EmitLoopKind kind) {
  EmitRef next = emit_add(e, loop->i, emit_int(e, 1));
  if (kind == EMIT_LOOP_NEST) next = hide(e, next);
  LLVMBasicBlockRef last = LLVMGetInsertBlock(e->builder);
  LLVMAddIncoming(loop->i, &next, &last, 1);
  EmitRef branch =
      LLVMBuildCondBr(e->builder, emit_less(e, next, loop->end), loop->body, loop->exit);
  EmitMetadata yes = LLVMValueAsMetadata(LLVMConstInt(LLVMInt1TypeInContext(e->context), 1, false));
  EmitMetadata two =
      LLVMValueAsMetadata(LLVMConstInt(LLVMInt32TypeInContext(e->context), 2, false));
  Property parallel = {"llvm.loop.parallel_accesses", e->group},
           once = {"llvm.loop.unroll.disable", NULL};
  const Property properties[][3] = {
      [EMIT_LOOP] = {{NULL, NULL}},
      [EMIT_LOOP_NEST] = {once},
      [EMIT_LOOP_PARALLEL] = {parallel},
      [EMIT_LOOP_WHOLE] = {parallel, {"llvm.loop.interleave.count", two}, once},
      [EMIT_LOOP_TAIL] = {parallel,
                          {"llvm.loop.vectorize.predicate.enable", yes},
                          {"llvm.loop.vectorize.enable", yes}},
      [EMIT_LOOP_RARE] = {{"llvm.loop.disable_nonforced", NULL}},
  };
  int count = 0;
  while (count < 3 && properties[kind][count].name) count++;
  if (count)
    LLVMSetMetadata(branch, metadata_kind(e, "llvm.loop"),
                    loop_metadata(e, count, properties[kind]));
  emit_enter(e, loop->exit);
}

/* ---- the module ---- */

/* The text of the metadata that accesses refer to. LLVM's C interface makes no distinct empty node,
 * its parser does. !quelea = !{group, alias 0, noalias 0, alias 1, noalias 1, ..., scopes of
 * blocks}
 */
static char *metadata_text(uint32_t scopes, uint32_t fresh) {
  size_t room = 256 + scopes * (128 + (size_t)scopes * 16) + fresh * (size_t)64;
  char *text = malloc(room);
  if (!text) return NULL;
  size_t at = (size_t)snprintf(text, room, "!0 = distinct !{}\n!1 = distinct !{!1}\n");
  for (uint32_t s = 0; s < scopes; s++) {
    uint32_t scope = 2 + 3 * s;
    at +=
        (size_t)snprintf(text + at, room - at, "!%u = distinct !{!%u, !1}\n!%u = !{!%u}\n!%u = !{",
                         scope, scope, scope + 1, scope, scope + 2);
    for (uint32_t other = 0, n = 0; other < scopes; other++)
      if (other != s)
        at += (size_t)snprintf(text + at, room - at, "%s!%u", n++ ? ", " : "", 2 + 3 * other);
    at += (size_t)snprintf(text + at, room - at, "}\n");
  }
  for (uint32_t f = 0, node = 2 + 3 * scopes; f < fresh; f++, node++)
    at += (size_t)snprintf(text + at, room - at, "!%u = distinct !{!%u, !1}\n", node, node);
  at += (size_t)snprintf(text + at, room - at, "!quelea = !{!0");
  for (uint32_t s = 0; s < scopes; s++)
    at += (size_t)snprintf(text + at, room - at, ", !%u, !%u", 2 + 3 * s + 1, 2 + 3 * s + 2);
  for (uint32_t f = 0; f < fresh; f++)
    at += (size_t)snprintf(text + at, room - at, ", !%u", 2 + 3 * scopes + f);
  snprintf(text + at, room - at, "}\n");
  return text;
}

static QlStatus open_module(Emit *e, QlError *error) {
  uint32_t scopes = e->fn->array_count + 1;
  char *text = metadata_text(scopes, e->fresh_count), *message = NULL;
  EmitRef *nodes = calloc(1 + 2 * scopes + e->fresh_count, sizeof *nodes);
  QlStatus status = QL_OK;
  if (!text || !nodes) {
    status = ql_fail(error, QL_ERR_MEMORY, "out of memory for a kernel");
    goto out;
  }
  /* The parser takes the buffer, whether it succeeds or not. */
  LLVMMemoryBufferRef buffer =
      LLVMCreateMemoryBufferWithMemoryRangeCopy(text, strlen(text), "kernel");
  if (LLVMParseIRInContext(e->context, buffer, &e->module, &message)) {
    status = ql_fail(error, QL_ERR_COMPILE, "%s", message);
    LLVMDisposeMessage(message);
    goto out;
  }
  LLVMGetNamedMetadataOperands(e->module, "quelea", nodes);
  e->group = LLVMValueAsMetadata(nodes[0]);
  for (uint32_t s = 0; s < scopes; s++) {
    e->alias[s] = LLVMValueAsMetadata(nodes[1 + 2 * s]);
    e->noalias[s] = LLVMValueAsMetadata(nodes[2 + 2 * s]);
  }
  for (uint32_t f = 0; f < e->fresh_count; f++)
    e->scope_of_fresh[f] = LLVMValueAsMetadata(nodes[1 + 2 * scopes + f]);
out:
  free(nodes), free(text);
  return status;
}

static void add_attribute(Emit *e, EmitRef function, const char *name, const char *value) {
  LLVMAttributeRef attribute = LLVMCreateStringAttribute(e->context, name, (unsigned)strlen(name),
                                                         value, (unsigned)strlen(value));
  LLVMAddAttributeAtIndex(function, LLVMAttributeFunctionIndex, attribute);
}

static void add_attributes(Emit *e, EmitRef function, const EmitMachine *machine) {
  unsigned nounwind = LLVMGetEnumAttributeKindForName("nounwind", 8);
  LLVMAddAttributeAtIndex(function, LLVMAttributeFunctionIndex,
                          LLVMCreateEnumAttribute(e->context, nounwind, 0));
  add_attribute(e, function, "target-cpu", machine->cpu);
  add_attribute(e, function, "target-features", machine->features);
  add_attribute(e, function, "prefer-vector-width", "512");
}

/* The block for stack memory, and the first one. */
static void open_body(Emit *e) {
  e->entry = emit_block(e);
  EmitBlock first = emit_block(e);
  emit_enter(e, e->entry);
  emit_jump(e, first);
  emit_enter(e, first);
}

/* The kernel and its local functions are the first of the module. */
static QlStatus open_functions(Emit *e, const char *symbol, const EmitMachine *machine,
                               QlError *error) {
  LLVMTypeRef pointer = pointer_type(e);
  LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(e->context), &pointer, 1, false);
  e->function = LLVMAddFunction(e->module, symbol, type);
  e->call = LLVMGetParam(e->function, 0);
  add_attributes(e, e->function, machine);
  for (uint32_t k = 0; k < e->fn->local_count; k++) {
    e->locals[k] = emit_declare_local(e, k);
    if (!e->locals[k]) return ql_fail(error, QL_ERR_MEMORY, "out of memory for a kernel");
    add_attributes(e, e->locals[k], machine);
  }
  e->builder = LLVMCreateBuilderInContext(e->context);
  open_body(e);
  return QL_OK;
}

/* What the emission of one function needs. */
static void emit_free(Emit *e) {
  ir_flow_free(&e->flow);
  free(e->alias), free(e->noalias), free(e->base), free(e->stride), free(e->params),
      free(e->values), free(e->parts), free(e->is_base), free(e->pointers), free(e->before),
      free(e->load_row), free(e->heads), free(e->tails);
}

static QlStatus emit_allocate(Emit *e, QlError *error) {
  QL_TRY(ir_flow(e->fn, &e->flow, error));
  size_t arrays = e->fn->array_count, values = e->fn->ins_count, params = e->fn->param_count;
  e->program |= ir_is_program(e->fn) || ir_has_cycle(e->fn, &e->flow);
  e->alias = calloc(arrays + 1, sizeof *e->alias);
  e->noalias = calloc(arrays + 1, sizeof *e->noalias);
  e->base = calloc(arrays + 1, sizeof *e->base);
  e->stride = calloc(arrays * (size_t)e->fn->rank + 1, sizeof *e->stride);
  e->params = calloc(params + 1, sizeof *e->params);
  e->values = calloc(values, sizeof *e->values);
  e->parts = calloc(2 * (size_t)e->fn->list_count + 1, sizeof *e->parts);
  e->is_base = calloc(values, sizeof *e->is_base);
  e->pointers = calloc(values, sizeof *e->pointers);
  e->before = calloc(values, sizeof *e->before);
  e->load_row = calloc(values, sizeof *e->load_row);
  e->heads = calloc(e->fn->block_count, sizeof *e->heads);
  e->tails = calloc(e->fn->block_count, sizeof *e->tails);
  if (e->alias && e->noalias && e->base && e->stride && e->params && e->values && e->parts &&
      e->is_base && e->pointers && e->before && e->load_row && e->heads && e->tails)
    return QL_OK;
  return ql_fail(error, QL_ERR_MEMORY, "out of memory for a kernel");
}

/* ---- the machine ---- */

char *emit_machine_text(void) {
  unsigned major, minor, patch;
  LLVMGetVersion(&major, &minor, &patch);
  char *cpu = LLVMGetHostCPUName(), *features = LLVMGetHostCPUFeatures();
  size_t size = strlen(cpu) + strlen(features) + 64;
  char *text = malloc(size);
  if (text) snprintf(text, size, "LLVM %u.%u.%u, %s, %s", major, minor, patch, cpu, features);
  LLVMDisposeMessage(cpu), LLVMDisposeMessage(features);
  return text;
}

const char *emit_machine_title(const char *text, char *title, size_t size) {
  const char *end = strchr(text, ',');
  end = end ? strchr(end + 1, ',') : NULL;
  int bits = strstr(text, "+avx512f") ? 512 : strstr(text, "+avx") ? 256 : 128;
  snprintf(title, size, "%.*s, %d-bit vectors", end ? (int)(end - text) : 0, text, bits);
  return title;
}

void emit_machine_close(EmitMachine *machine) {
  if (!machine) return;
  if (machine->linker) LLVMConsumeError(LLVMOrcDisposeLLJIT(machine->linker));
  if (machine->target) LLVMDisposeTargetMachine(machine->target);
  if (machine->cpu) LLVMDisposeMessage(machine->cpu);
  if (machine->features) LLVMDisposeMessage(machine->features);
  free(machine);
}

static QlStatus machine_open(EmitMachine **machine, QlError *error) {
  if (*machine) return QL_OK;
  if (LLVMInitializeNativeTarget() || LLVMInitializeNativeAsmPrinter())
    return ql_fail(error, QL_ERR_COMPILE, "this LLVM cannot generate code for this processor");
  EmitMachine *opened = calloc(1, sizeof *opened);
  if (!opened) return ql_fail(error, QL_ERR_MEMORY, "out of memory for the compiler");
  opened->cpu = LLVMGetHostCPUName();
  opened->features = LLVMGetHostCPUFeatures();
  *machine = opened;
  return QL_OK;
}

static QlStatus need_target(EmitMachine *machine, QlError *error) {
  if (machine->target) return QL_OK;
  QlStatus status = QL_OK;
  char *triple = LLVMGetDefaultTargetTriple(), *message = NULL;
  LLVMTargetRef target;
  if (LLVMGetTargetFromTriple(triple, &target, &message)) {
    status = ql_fail(error, QL_ERR_COMPILE, "%s", message);
    LLVMDisposeMessage(message);
    goto out;
  }
  machine->target =
      LLVMCreateTargetMachine(target, triple, machine->cpu, machine->features,
                              LLVMCodeGenLevelAggressive, LLVMRelocPIC, LLVMCodeModelDefault);
  if (!machine->target)
    status = ql_fail(error, QL_ERR_COMPILE, "LLVM has no code generator for %s", triple);
out:
  LLVMDisposeMessage(triple);
  return status;
}

/* The first thing LLVM complained about while compiling. Warnings and remarks are not for users. */
static void take_diagnostic(LLVMDiagnosticInfoRef info, void *data) {
  if (LLVMGetDiagInfoSeverity(info) != LLVMDSError) return;
  char *text = LLVMGetDiagInfoDescription(info);
  ql_fail(data, QL_ERR_COMPILE, "LLVM: %s", text);
  LLVMDisposeMessage(text);
}

static QlStatus fail_llvm(LLVMErrorRef failed, QlError *error) {
  char *text = LLVMGetErrorMessage(failed);
  QlStatus status = ql_fail(error, QL_ERR_COMPILE, "LLVM: %s", text);
  LLVMDisposeErrorMessage(text);
  return status;
}

#if LLVM_VERSION_MAJOR >= 18
#define INSTCOMBINE "instcombine<no-verify-fixpoint>"
#else
#define INSTCOMBINE "instcombine"
#endif

/* What is of use for loops that come rotated, with their uniform values outside, of a function that
 * calls nothing which could be inlined: stack memory becomes registers, invariants leave loops,
 * loops become memset or go, vectors, and tails of few vectors straight code. default<O2> takes
 * three times as long for code of the same speed. */
static const char passes[] =
    "function<eager-inv>("
    "simplifycfg,sroa,early-cse<memssa>," INSTCOMBINE
    ",loop-mssa(licm),"
    "loop(loop-idiom,loop-deletion,loop-unroll-full),loop-vectorize,"
    "sroa,early-cse," INSTCOMBINE ",loop-unroll<O2>,simplifycfg)";

/* For functions with loops of their own, memory by address or calls, all that is done for C. */
static const char program_passes[] = "default<O3>";

static QlStatus optimise(Emit *e, EmitMachine *machine, QlError *error) {
#ifndef NDEBUG
  char *message = NULL;
  bool broken = LLVMVerifyModule(e->module, LLVMReturnStatusAction, &message);
  if (broken) ql_fail(error, QL_ERR_COMPILE, "the emitter is wrong: %s", message);
  LLVMDisposeMessage(message);
  if (broken) return QL_ERR_COMPILE;
#endif
  LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
  LLVMPassBuilderOptionsSetSLPVectorization(options, true);
  LLVMErrorRef failed =
      LLVMRunPasses(e->module, e->program ? program_passes : passes, machine->target, options);
  LLVMDisposePassBuilderOptions(options);
  return failed ? fail_llvm(failed, error) : QL_OK;
}

/* ---- inductions ---- */

/* Is it what a loop counts with: a number and a constant? */
static bool is_count(Emit *e, EmitRef value) {
  return LLVMTypeOf(value) == i64_type(e) && LLVMIsAInstruction(value) &&
         LLVMGetInstructionOpcode(value) == LLVMAdd && LLVMIsAConstantInt(LLVMGetOperand(value, 1));
}

/* Does an address take a multiplication at each iteration, or a step of its own? */
static bool is_worth_reducing(LLVMBasicBlockRef loop) {
  for (EmitRef ins = LLVMGetFirstInstruction(loop); ins; ins = LLVMGetNextInstruction(ins)) {
    LLVMTypeKind kind = LLVMGetTypeKind(LLVMTypeOf(ins));
    if (LLVMGetInstructionOpcode(ins) == LLVMMul && kind == LLVMIntegerTypeKind) return true;
    if (LLVMIsAPHINode(ins) && kind == LLVMPointerTypeKind) return true;
  }
  return false;
}

/* LLVM's code generator looks for the best way to step through the operands of a loop (loop
 * strength reduction), in time that is exponential in their number. Where addresses are a row and a
 * counter it finds nothing better than the addressing modes of the processor: it need not see that
 * these loops count. */
static void hide_inductions(Emit *e) {
  for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(e->function); block;
       block = LLVMGetNextBasicBlock(block)) {
    EmitRef phi = LLVMGetFirstInstruction(block);
    for (; LLVMIsAPHINode(phi); phi = LLVMGetNextInstruction(phi))
      for (unsigned from = 0; from < LLVMCountIncoming(phi); from++) {
        EmitRef next = LLVMGetIncomingValue(phi, from);
        if (LLVMGetIncomingBlock(phi, from) != block || !is_count(e, next) ||
            is_worth_reducing(block))
          continue;
        LLVMPositionBuilderBefore(e->builder, LLVMGetNextInstruction(next));
        EmitRef hidden = hide(e, next);
        LLVMReplaceAllUsesWith(next, hidden);
        LLVMSetOperand(hidden, 0, next);
      }
  }
}

/* ---- object code ---- */

static QlStatus print_module(Emit *e, void **bytes, size_t *size, QlError *error) {
  char *text = LLVMPrintModuleToString(e->module);
  *size = strlen(text);
  *bytes = strdup(text);
  LLVMDisposeMessage(text);
  return *bytes ? QL_OK : ql_fail(error, QL_ERR_MEMORY, "out of memory for the text of a kernel");
}

static QlStatus generate(Emit *e, EmitMachine *machine, EmitForm form, void **bytes, size_t *size,
                         QlError *error) {
  LLVMMemoryBufferRef buffer = NULL;
  char *message = NULL;
  QlStatus status = QL_OK;
  if (form == EMIT_LLVM_TEXT) return print_module(e, bytes, size, error);
  if (LLVMTargetMachineEmitToMemoryBuffer(machine->target, e->module,
                                          form == EMIT_ASSEMBLY ? LLVMAssemblyFile : LLVMObjectFile,
                                          &message, &buffer)) {
    status = ql_fail(error, QL_ERR_COMPILE, "LLVM: %s", message);
    LLVMDisposeMessage(message);
    return status;
  }
  *size = LLVMGetBufferSize(buffer);
  *bytes = malloc(*size + 1);
  if (*bytes) {
    memcpy(*bytes, LLVMGetBufferStart(buffer), *size);
    ((char *)*bytes)[*size] = 0;
  } else {
    status = ql_fail(error, QL_ERR_MEMORY, "out of memory for object code");
  }
  LLVMDisposeMemoryBuffer(buffer);
  return status;
}

static void describe_target(Emit *e, const EmitMachine *machine) {
  LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(machine->target);
  char *triple = LLVMGetTargetMachineTriple(machine->target);
  LLVMSetModuleDataLayout(e->module, layout);
  LLVMSetTarget(e->module, triple);
  LLVMDisposeTargetData(layout);
  LLVMDisposeMessage(triple);
}

/* A local function, with an Emit of its own over the kernel's module. */
static QlStatus emit_local_function(const Emit *kernel, uint32_t number, QlError *error) {
  Emit e = {.fn = kernel->fn->locals[number],
            .fastmath = kernel->fastmath,
            .masks = kernel->masks,
            .program = true,
            .width = 1,
            .context = kernel->context,
            .module = kernel->module,
            .builder = kernel->builder,
            .function = kernel->locals[number],
            .locals = kernel->locals};
  QlStatus status = emit_allocate(&e, error);
  if (status == QL_OK) {
    open_body(&e);
    emit_local(&e);
  }
  emit_free(&e);
  return status;
}

static QlStatus emit_functions(Emit *e, const char *symbol, const EmitMachine *machine,
                               QlError *error) {
  QL_TRY(open_functions(e, symbol, machine, error));
  QL_TRY(emit_kernel(e, error));
  for (uint32_t k = 0; k < e->fn->local_count; k++) QL_TRY(emit_local_function(e, k, error));
  return emit_keep_functions(e, error);
}

QlStatus emit_object(EmitMachine **machine, const JitFn *fn, const char *symbol, bool fastmath,
                     EmitForm form, void **bytes, size_t *size, QlError *error) {
  QL_TRY(machine_open(machine, error));
  QL_TRY(need_target(*machine, error));
  QlError complaint = {0};
  Emit e = {.fn = fn,
            .fastmath = fastmath,
            .width = 1,
            .masks = strstr((*machine)->features, "+avx2") != NULL,
            .locals = calloc(fn->local_count + 1u, sizeof *e.locals)};
  QlStatus status = e.locals ? emit_allocate(&e, error)
                             : ql_fail(error, QL_ERR_MEMORY, "out of memory for a kernel");
  if (status != QL_OK) {
    emit_free(&e), free(e.locals);
    return status;
  }
  e.context = LLVMContextCreate();
  LLVMContextSetDiagnosticHandler(e.context, take_diagnostic, &complaint);
  if (e.program && fn->rank == 0 && (status = emit_find_fresh(&e, error)) != QL_OK) goto out;
  if ((status = open_module(&e, error)) != QL_OK) goto out;
  describe_target(&e, *machine);
  if ((status = emit_functions(&e, symbol, *machine, error)) != QL_OK) goto out;
  if ((status = optimise(&e, *machine, error)) != QL_OK) goto out;
  if (!e.program) hide_inductions(&e);
  if ((status = generate(&e, *machine, form, bytes, size, error)) != QL_OK) goto out;
  if (complaint.status) {
    free(*bytes);
    status = ql_fail(error, complaint.status, "%s", complaint.text);
  }
out:
  if (e.builder) LLVMDisposeBuilder(e.builder);
  if (e.module) LLVMDisposeModule(e.module);
  LLVMContextDispose(e.context);
  emit_free(&e), free(e.locals);
  return status;
}

/* ---- texts of LLVM's ---- */

/* Reads a text, and puts what it has into the module. */
static QlStatus add_text(Emit *e, const EmitMachine *machine, const char *text, QlError *error) {
  char *message = NULL;
  LLVMModuleRef read = NULL, before = e->module;
  LLVMMemoryBufferRef buffer =
      LLVMCreateMemoryBufferWithMemoryRangeCopy(text, strlen(text), "text"); /* it is taken */
  if (LLVMParseIRInContext(e->context, buffer, &read, &message)) {
    QlStatus status = ql_fail(error, QL_ERR_COMPILE, "LLVM: %s", message);
    LLVMDisposeMessage(message);
    return status;
  }
  e->module = read;
  describe_target(e, machine);
  if (!before) return QL_OK;
  e->module = before;
  return LLVMLinkModules2(before, read)
             ? ql_fail(error, QL_ERR_COMPILE, "LLVM cannot put these texts together")
             : QL_OK;
}

QlStatus emit_texts(EmitMachine **machine, int count, const char *const *texts, void **bytes,
                    size_t *size, QlError *error) {
  QL_TRY(machine_open(machine, error));
  QL_TRY(need_target(*machine, error));
  QlError complaint = {0};
  QlStatus status = QL_OK;
  char *message = NULL;
  Emit e = {.program = true, .context = LLVMContextCreate()};
  LLVMContextSetDiagnosticHandler(e.context, take_diagnostic, &complaint);
  for (int k = 0; k < count && !status; k++) status = add_text(&e, *machine, texts[k], error);
  if (!status && LLVMVerifyModule(e.module, LLVMReturnStatusAction, &message))
    status = ql_fail(error, QL_ERR_COMPILE, "LLVM: %s", message);
  LLVMDisposeMessage(message);
  if (!status) status = optimise(&e, *machine, error);
  if (!status) status = generate(&e, *machine, EMIT_OBJECT, bytes, size, error);
  if (!status && complaint.status) {
    free(*bytes);
    status = ql_fail(error, complaint.status, "%s", complaint.text);
  }
  if (e.module) LLVMDisposeModule(e.module);
  LLVMContextDispose(e.context);
  return status;
}

/* ---- the linker ---- */

#ifdef __x86_64__
void __truncdfhf2(void), __truncsfhf2(void),
    __extendhfsf2(void); /* of the C compiler's library; LLVM calls them */
#endif

/* What object code may call. Everything else is an error of the emitter: nothing is looked up in
 * the process by its name. */
static const struct {
  const char *name;
  void (*function)(void);
} runtime_functions[] = {
#define FUNCTION(name) {#name, (void (*)(void))name}
    {EMIT_EVAL, (void (*)(void))ir_eval_elements},
    FUNCTION(memset),
    FUNCTION(memcpy),
    FUNCTION(memmove),
    FUNCTION(memcmp),
    FUNCTION(bcmp),
    FUNCTION(floor),
    FUNCTION(ceil),
    FUNCTION(trunc),
    FUNCTION(rint),
    FUNCTION(sqrt),
    FUNCTION(floorf),
    FUNCTION(ceilf),
    FUNCTION(truncf),
    FUNCTION(rintf),
    FUNCTION(sqrtf),
    FUNCTION(fminf), /* of float16 and a constant, without instructions for it */
    FUNCTION(fmaxf),
#ifdef __x86_64__
    FUNCTION(__truncdfhf2),
    FUNCTION(__truncsfhf2),
    FUNCTION(__extendhfsf2),
#endif
#undef FUNCTION
};
enum {
  RUNTIME_FUNCTIONS = sizeof runtime_functions / sizeof *runtime_functions,
  VECTOR_WIDTHS = 4
};

static size_t add_symbol(EmitMachine *machine, LLVMOrcCSymbolMapPair *pairs, size_t count,
                         const char *name, void *address) {
  pairs[count].Name = LLVMOrcLLJITMangleAndIntern(machine->linker, name);
  pairs[count].Sym =
      (LLVMJITEvaluatedSymbol){.Address = (LLVMOrcExecutorAddress)(uintptr_t)address,
                               .Flags = {.GenericFlags = LLVMJITSymbolGenericFlagsExported}};
  return count + 1;
}

static size_t add_math(EmitMachine *machine, LLVMOrcCSymbolMapPair *pairs, size_t count,
                       const IrMath *math) {
  if (!math) return count;
  count = add_symbol(machine, pairs, count, math->scalar, math->address);
  for (int w = 0; w < VECTOR_WIDTHS; w++)
    if (math->vector[w])
      count = add_symbol(machine, pairs, count, math->vector[w], math->vector_address[w]);
  return count;
}

static QlStatus define_functions(EmitMachine *machine, QlError *error) {
  enum { PRECISIONS = 2, PARTS = 2 };
  size_t count = 0, room = RUNTIME_FUNCTIONS + JIT_HOST_COUNT +
                           PRECISIONS * QL_OP_COUNT * (1 + PARTS) * (size_t)(1 + VECTOR_WIDTHS);
  LLVMOrcCSymbolMapPair *pairs = calloc(room, sizeof *pairs);
  if (!pairs) return ql_fail(error, QL_ERR_MEMORY, "out of memory for the linker");
  for (int f = 0; f < RUNTIME_FUNCTIONS; f++)
    count = add_symbol(machine, pairs, count, runtime_functions[f].name,
                       (void *)runtime_functions[f].function);
  for (int host = 0; host < JIT_HOST_COUNT; host++)
    count = add_symbol(machine, pairs, count, ir_host[host].symbol, (void *)ir_host[host].address);
  for (int op = 0; op < QL_OP_COUNT; op++) {
    for (QlDtype dtype = QL_F32; dtype <= QL_F64; dtype++)
      count = add_math(machine, pairs, count, ir_math((QlOp)op, dtype));
    for (QlDtype dtype = QL_C64; dtype <= QL_C128; dtype++)
      for (int part = 0; part < PARTS; part++)
        count = add_math(machine, pairs, count, ir_math_part((QlOp)op, dtype, part));
  }
  LLVMErrorRef failed = LLVMOrcJITDylibDefine(LLVMOrcLLJITGetMainJITDylib(machine->linker),
                                              LLVMOrcAbsoluteSymbols(pairs, count));
  free(pairs);
  return failed ? fail_llvm(failed, error) : QL_OK;
}

/* Is asked for a name that nothing defines, before LLJIT goes on to the symbols of the process. */
static LLVMErrorRef refuse_name(LLVMOrcDefinitionGeneratorRef generator, void *data,
                                LLVMOrcLookupStateRef *state, LLVMOrcLookupKind kind,
                                LLVMOrcJITDylibRef library, LLVMOrcJITDylibLookupFlags flags,
                                LLVMOrcCLookupSet names, size_t count) {
  (void)generator, (void)data, (void)state, (void)kind, (void)library, (void)flags;
  char text[256];
  snprintf(text, sizeof text, "%s is not among the functions that kernels may call",
           count ? LLVMOrcSymbolStringPoolEntryStr(names[0].Name) : "a symbol");
  return LLVMCreateStringError(text);
}

/* The linker reports a cause here; the call that failed only says that it did. */
static void take_report(void *data, LLVMErrorRef failed) {
  EmitMachine *machine = data;
  fail_llvm(failed, &machine->reported);
}

static QlStatus need_linker(EmitMachine *machine, QlError *error) {
  if (machine->linker) return QL_OK;
  LLVMErrorRef failed = LLVMOrcCreateLLJIT(&machine->linker, NULL);
  if (failed) {
    machine->linker = NULL;
    return fail_llvm(failed, error);
  }
  LLVMOrcExecutionSessionSetErrorReporter(LLVMOrcLLJITGetExecutionSession(machine->linker),
                                          take_report, machine);
  LLVMOrcJITDylibAddGenerator(LLVMOrcLLJITGetMainJITDylib(machine->linker),
                              LLVMOrcCreateCustomCAPIDefinitionGenerator(refuse_name, NULL, NULL));
  QlStatus status = define_functions(machine, error);
  if (status == QL_OK) return QL_OK;
  LLVMConsumeError(LLVMOrcDisposeLLJIT(machine->linker));
  machine->linker = NULL;
  return status;
}

static QlStatus fail_link(const EmitMachine *machine, LLVMErrorRef failed, QlError *error) {
  if (machine->reported.status == QL_OK) return fail_llvm(failed, error);
  LLVMConsumeError(failed);
  return ql_fail(error, machine->reported.status, "%s", machine->reported.text);
}

QlStatus emit_link(EmitMachine **machine, const char *symbol, const void *bytes, size_t size,
                   JitEntry **entry, QlError *error) {
  QL_TRY(machine_open(machine, error));
  QL_TRY(need_linker(*machine, error));
  LLVMOrcLLJITRef linker = (*machine)->linker;
  (*machine)->reported = (QlError){0};
  LLVMMemoryBufferRef buffer = LLVMCreateMemoryBufferWithMemoryRangeCopy(bytes, size, symbol);
  LLVMOrcResourceTrackerRef tracker =
      LLVMOrcJITDylibCreateResourceTracker(LLVMOrcLLJITGetMainJITDylib(linker));
  LLVMErrorRef failed = LLVMOrcLLJITAddObjectFileWithRT(linker, tracker, buffer);
  LLVMOrcExecutorAddress address = 0;
  if (!failed) failed = LLVMOrcLLJITLookup(linker, &address, symbol);
  if (failed)
    LLVMConsumeError(
        LLVMOrcResourceTrackerRemove(tracker)); /* so that the symbol may be defined again */
  LLVMOrcReleaseResourceTracker(tracker);
  if (failed) return fail_link(*machine, failed, error);
  *entry = (JitEntry *)(uintptr_t)address;
  return QL_OK;
}
