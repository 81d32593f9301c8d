/* LLVM's building blocks: arithmetic and control flow over its instruction builder, the module, and
 * how a function becomes one.
 *
 * Accesses to memory carry two promises. alias.scope/noalias: what one operand touches no other
 * operand touches. access.group, with parallel_accesses on a loop: no iteration depends on another.
 * Together they let the vectoriser work without checks at run time. */
#include "machine.h"

#include <llvm-c/DebugInfo.h>
#include <llvm-c/IRReader.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Of the processors that we know only x86 does not order such stores as all others. */
void emit_fence(Emit *e) {
#if defined(__x86_64__)
  static const char name[] = "llvm.x86.sse.sfence";
  LLVMTypeRef signature = LLVMFunctionType(LLVMVoidTypeInContext(e->context), NULL, 0, false);
  unsigned id = LLVMLookupIntrinsicID(name, sizeof name - 1);
  LLVMBuildCall2(e->builder, signature, LLVMGetIntrinsicDeclaration(e->module, id, NULL, 0), NULL,
                 0, "");
#else
  (void)e;
#endif
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

/* In all lanes of a vector of that type, at the end of the block. */
static EmitRef spread_behind(Emit *e, LLVMTypeRef type, EmitBlock block, EmitRef value) {
  EmitBlock here = LLVMGetInsertBlock(e->builder);
  unsigned width = e->width;
  LLVMPositionBuilderBefore(e->builder, LLVMGetBasicBlockTerminator(block));
  e->width = LLVMGetVectorSize(type);
  value = emit_all_lanes(e, value);
  e->width = width;
  LLVMPositionBuilderAtEnd(e->builder, here);
  return value;
}

void emit_phi_from(Emit *e, EmitValue phi, EmitBlock from, EmitValue value) {
  for (int part = 0; part < 2 && phi.part[part]; part++) {
    LLVMTypeRef type = LLVMTypeOf(phi.part[part]);
    EmitRef arm = value.part[part];
    if (LLVMTypeOf(arm) != type) arm = spread_behind(e, type, from, arm);
    LLVMAddIncoming(phi.part[part], &arm, &from, 1);
  }
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
  for (uint32_t k = 0; k < e->fn->local_count; k++)
    if (!e->fn->locals[k]->external) QL_TRY(emit_local_function(e, k, error));
  return emit_keep_functions(e, error);
}

QlStatus emit_object(EmitMachine **machine, const JitFn *fn, const char *symbol, bool fastmath,
                     EmitForm form, void **bytes, size_t *size, QlError *error) {
  QL_TRY(emit_machine_open(machine, error));
  QL_TRY(emit_need_target(*machine, error));
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
  LLVMContextSetDiagnosticHandler(e.context, emit_take_diagnostic, &complaint);
  if (e.program && fn->rank == 0 && (status = emit_find_fresh(&e, error)) != QL_OK) goto out;
  if ((status = open_module(&e, error)) != QL_OK) goto out;
  emit_describe_target(&e, *machine);
  if ((status = emit_functions(&e, symbol, *machine, error)) != QL_OK) goto out;
  if ((status = emit_optimise(&e, *machine, error)) != QL_OK) goto out;
  if (!e.program) hide_inductions(&e);
  if ((status = emit_generate(&e, *machine, form, bytes, size, error)) != QL_OK) goto out;
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
