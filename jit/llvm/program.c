/* What functions of rank 0 have that kernels over points have not: memory by address, calls, and
 * local functions.
 *
 * An address is a base and an offset. The base becomes a pointer where it is computed, the offset a
 * distance from it: so LLVM sees in a loop a pointer that does not change and an offset that
 * counts. Memory that is allocated here keeps LLVM's own pointer, of which it knows that nothing
 * else points there; so do sums of that and a number, since data begin behind a header. */
#include "ops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static LLVMTypeRef pointer_type(Emit *e) { return LLVMPointerTypeInContext(e->context, 0); }

/* An address that LLVM knows as a pointer of its own. */
static bool is_fresh(const IrIns *ins) {
  return ins->kind == IR_STACK || (ins->kind == IR_HOST && ir_host[ins->number].fresh);
}

/* Of a sum of an allocated address and something: which argument is the address? -1: there is none.
 */
static int fresh_part(const JitFn *fn, const IrIns *ins) {
  if (ins->kind != IR_OP || ins->op != QL_OP_ADD || ins->dtype != QL_I64) return -1;
  for (int a = 0; a < 2; a++)
    for (const IrIns *from = &fn->ins[ins->args[a]];;) {
      if (is_fresh(from)) return a;
      if (from->kind != IR_OP || from->op != QL_OP_ADD || from->dtype != QL_I64) break;
      from = &fn->ins[from->args[0]];
    }
  return -1;
}

/* ---- blocks of memory ----
 *
 * Memory that the function allocates is no other that it knew before: what lies at addresses that
 * were computed before, or only of such values, is not in the block. For LLVM each block has a
 * scope of its own; accesses say in which they are and in which not. That holds of a block that is
 * allocated once: in a loop a value from before is perhaps the block of the iteration before. */

static bool is_in_cycle(const JitFn *fn, uint32_t block, uint32_t *waiting, bool *seen) {
  uint32_t count = 0;
  memset(seen, 0, fn->block_count * sizeof *seen);
  for (waiting[count++] = block; count;) {
    uint32_t to[2], from = waiting[--count];
    for (int t = 0, targets = ir_targets(fn, from, to); t < targets; t++) {
      if (to[t] == block) return true;
      if (!seen[to[t]]) seen[to[t]] = true, waiting[count++] = to[t];
    }
  }
  return false;
}

/* Where values are: before the block of memory that is allocated at `place` of `home`? */
static void mark_before(Emit *e, uint32_t number, uint32_t home, uint32_t place) {
  const JitFn *fn = e->fn;
  for (uint32_t n = 0; n < e->flow.count; n++) {
    uint32_t block = e->flow.order[n];
    bool dominates = block != home && ir_dominates(&e->flow, block, home);
    for (uint32_t i = 0; i < fn->blocks[block].count; i++) {
      uint32_t id = fn->blocks[block].ins[i];
      const IrIns *ins = &fn->ins[id];
      bool computed = ins->kind == IR_OP || ins->kind == IR_CAST || ins->kind == IR_CONST ||
                      ins->kind == IR_PARAM;
      for (int a = 0, count = computed ? ir_arg_count(ins) : 0; a < count; a++)
        computed = computed && e->before[ins->args[a]] >> number & 1;
      if (computed || dominates || (block == home && i < place)) e->before[id] |= 1u << number;
    }
  }
}

QlStatus emit_find_fresh(Emit *e, QlError *error) {
  const JitFn *fn = e->fn;
  uint32_t *waiting = malloc((fn->block_count + 1) * sizeof *waiting);
  bool *seen = malloc(fn->block_count * sizeof *seen);
  QlStatus status = QL_OK;
  if (!waiting || !seen) status = ql_fail(error, QL_ERR_MEMORY, "out of memory for a kernel");
  for (uint32_t b = 0; b < fn->block_count && status == QL_OK; b++)
    for (uint32_t i = 0; i < fn->blocks[b].count && e->fresh_count < EMIT_FRESH; i++) {
      uint32_t id = fn->blocks[b].ins[i];
      bool is_block = is_fresh(&fn->ins[id]) && fn->ins[id].kind != IR_STACK;
      if (!is_block || is_in_cycle(fn, b, waiting, seen)) continue;
      mark_before(e, e->fresh_count, b, i);
      e->fresh[e->fresh_count++] = id;
    }
  free(waiting), free(seen);
  return status;
}

/* The blocks in which addresses from this base are not; of its own block, if it has one, *own. */
static uint32_t blocks_elsewhere(const Emit *e, uint32_t base, uint32_t *own) {
  *own = EMIT_FRESH;
  for (int part; (part = fresh_part(e->fn, &e->fn->ins[base])) >= 0;)
    base = e->fn->ins[base].args[part];
  for (uint32_t f = 0; f < e->fresh_count; f++)
    if (e->fresh[f] == base) *own = f;
  return *own < EMIT_FRESH ? ((1u << e->fresh_count) - 1) & ~(1u << *own) : e->before[base];
}

static EmitMetadata list_of_scopes(Emit *e, uint32_t blocks) {
  EmitMetadata scopes[EMIT_FRESH];
  size_t count = 0;
  for (uint32_t f = 0; f < e->fresh_count; f++)
    if (blocks >> f & 1) scopes[count++] = e->scope_of_fresh[f];
  return count ? LLVMMDNodeInContext2(e->context, scopes, count) : NULL;
}

/* ---- addresses ---- */

static void need_pointer(Emit *e, uint32_t id) {
  while (!e->is_base[id]) {
    e->is_base[id] = true;
    int part = fresh_part(e->fn, &e->fn->ins[id]);
    if (part < 0) return;
    id = e->fn->ins[id].args[part];
  }
}

static void find_bases(Emit *e) {
  const JitFn *fn = e->fn;
  for (uint32_t b = 0; b < fn->block_count; b++)
    for (uint32_t i = 0; i < fn->blocks[b].count; i++) {
      const IrIns *ins = &fn->ins[fn->blocks[b].ins[i]];
      if (ins->kind == IR_LOAD_AT || ins->kind == IR_STORE_AT) need_pointer(e, ins->args[0]);
    }
}

void emit_pointer(Emit *e, uint32_t id) {
  const IrIns *ins = &e->fn->ins[id];
  if (!e->is_base[id] || e->pointers[id]) return;
  int part = fresh_part(e->fn, ins);
  e->pointers[id] =
      part < 0 ? LLVMBuildIntToPtr(e->builder, e->values[id].part[0], pointer_type(e), "")
               : emit_move(e, e->pointers[ins->args[part]], e->values[ins->args[1 - part]].part[0]);
}

EmitPlace emit_place_at(Emit *e, const IrIns *ins) {
  uint32_t base = ins->args[0], own, elsewhere = blocks_elsewhere(e, base, &own);
  return (EmitPlace){.address = emit_move(e, e->pointers[base], e->values[ins->args[1]].part[0]),
                     .imaginary = ql_dtype_info[ins->dtype].size / 2,
                     .scope = EMIT_UNMARKED,
                     .fresh = own < EMIT_FRESH ? list_of_scopes(e, 1u << own) : NULL,
                     .other = list_of_scopes(e, elsewhere),
                     .pairs = ins->lanes != 0,
                     .unaligned = true};
}

/* No store by address changes the parameters: LLVM may read them where it likes. */
void emit_begin_program(Emit *e) {
  EmitRef params = emit_get_pointer(e, e->call, offsetof(JitCall, param));
  for (uint32_t p = 0; p < e->fn->param_count; p++) {
    EmitPlace place = emit_place_of_param(e, p, params);
    place.constant = true;
    e->params[p] = emit_load(e, (QlDtype)e->fn->params[p], place);
  }
  find_bases(e);
}

/* ---- local functions ---- */

/* A complex number is passed as its parts, and given back as a structure of them. */
static LLVMTypeRef type_of_result(Emit *e, QlDtype dtype) {
  LLVMTypeRef part = emit_type(e, (QlDtype)ql_dtype_info[dtype].part);
  if (kind_of(dtype) != QL_KIND_COMPLEX) return part;
  return LLVMStructTypeInContext(e->context, (LLVMTypeRef[]){part, part}, 2, false);
}

static unsigned parts_of(QlDtype dtype) { return kind_of(dtype) == QL_KIND_COMPLEX ? 2 : 1; }

/* NULL: out of memory. */
static LLVMTypeRef signature_of(Emit *e, const JitFn *local) {
  LLVMTypeRef *types = calloc(2 * local->param_count + 1u, sizeof *types), signature = NULL;
  unsigned count = 0;
  for (uint32_t p = 0; types && p < local->param_count; p++)
    for (unsigned part = 0; part < parts_of((QlDtype)local->params[p]); part++)
      types[count++] = emit_type(e, (QlDtype)ql_dtype_info[local->params[p]].part);
  if (types)
    signature = LLVMFunctionType(type_of_result(e, (QlDtype)local->result), types, count, false);
  free(types);
  return signature;
}

/* Its name in the module is no function's that can be called from outside; of one of C's it is what
 * the linker knows it by. */
EmitRef emit_declare_local(Emit *e, uint32_t number) {
  const JitFn *local = e->fn->locals[number];
  LLVMTypeRef signature = signature_of(e, local);
  char name[64];
  if (!signature) return NULL;
  if (local->external) return LLVMAddFunction(e->module, local->name, signature);
  snprintf(name, sizeof name, "local.%u.%.40s", number, local->name);
  EmitRef function = LLVMAddFunction(e->module, name, signature);
  LLVMSetLinkage(function, LLVMInternalLinkage);
  return function;
}

void emit_local(Emit *e) {
  unsigned at = 0;
  for (uint32_t p = 0; p < e->fn->param_count; p++)
    for (unsigned part = 0; part < parts_of((QlDtype)e->fn->params[p]); part++)
      e->params[p].part[part] = LLVMGetParam(e->function, at++);
  find_bases(e);
  emit_point(e, &(EmitPoint){0}, NULL, NULL);
}

void emit_result(Emit *e, EmitValue value) {
  if (value.part[1])
    LLVMBuildAggregateRet(e->builder, value.part, 2);
  else
    LLVMBuildRet(e->builder, value.part[0]);
}

EmitValue emit_call_local(Emit *e, uint32_t id) {
  const IrIns *ins = &e->fn->ins[id];
  const uint32_t *args = ir_args(e->fn, ins);
  EmitRef function = e->locals[ins->number], *parts = e->parts;
  unsigned count = 0;
  for (uint32_t a = 0; a < ins->count; a++)
    for (int part = 0; part < 2 && e->values[args[a]].part[part]; part++)
      parts[count++] = e->values[args[a]].part[part];
  EmitRef call =
      LLVMBuildCall2(e->builder, LLVMGlobalGetValueType(function), function, parts, count, "");
  if (kind_of((QlDtype)ins->dtype) != QL_KIND_COMPLEX) return real(call);
  return (EmitValue){{LLVMBuildExtractValue(e->builder, call, 0, ""),
                      LLVMBuildExtractValue(e->builder, call, 1, "")}};
}

/* ---- calls of the host ---- */

/* As host.def says that values are passed; gives how many parts. */
static unsigned pass(Emit *e, QlDtype dtype, EmitValue value, EmitRef *parts) {
  LLVMTypeRef word = LLVMInt64TypeInContext(e->context);
  QlDtype part = (QlDtype)ql_dtype_info[dtype].part;
  unsigned count = part == dtype ? 1 : 2;
  for (unsigned p = 0; p < count; p++) {
    if (kind_of(part) == QL_KIND_FLOAT)
      parts[p] = emit_cast(e, part, real(value.part[p]), QL_F64).part[0];
    else
      parts[p] = kind_of(part) == QL_KIND_INT ? LLVMBuildSExt(e->builder, value.part[p], word, "")
                                              : LLVMBuildZExt(e->builder, value.part[p], word, "");
  }
  return count;
}

EmitValue emit_private(Emit *e, uint32_t id) {
  EmitRef memory = emit_stack(e, e->fn->ins[id].number);
  if (e->is_base[id]) e->pointers[id] = memory;
  return real(LLVMBuildPtrToInt(e->builder, memory, emit_type(e, QL_I64), ""));
}

/* Each time anew: another thread writes it. */
static EmitRef poll(Emit *e, EmitRef address) {
  EmitRef at = LLVMBuildIntToPtr(e->builder, address, pointer_type(e), "");
  EmitRef word = LLVMBuildLoad2(e->builder, emit_type(e, QL_I64), at, "");
  LLVMSetVolatile(word, true);
  return word;
}

/* Where the function returns to: needs no frame pointer, as the frame's own address would. */
static EmitRef frame(Emit *e) {
  static const char name[] = "llvm.addressofreturnaddress";
  LLVMTypeRef pointer = pointer_type(e);
  EmitRef function = LLVMGetIntrinsicDeclaration(
      e->module, LLVMLookupIntrinsicID(name, sizeof name - 1), &pointer, 1);
  EmitRef at =
      LLVMBuildCall2(e->builder, LLVMFunctionType(pointer, NULL, 0, false), function, NULL, 0, "");
  return LLVMBuildPtrToInt(e->builder, at, emit_type(e, QL_I64), "");
}

/* A call that is rare, returns, and touches no memory that the code around it knows. */
static void is_aside(Emit *e, EmitRef call) {
  enum { INACCESSIBLE = 3 << 2 }; /* of the attribute `memory`: reads and writes */
  emit_call_attribute(e, call, "cold");
  emit_call_attribute(e, call, "willreturn");
  LLVMAddCallSiteAttribute(
      call, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
      LLVMCreateEnumAttribute(e->context, LLVMGetEnumAttributeKindForName("memory", 6),
                              INACCESSIBLE));
}

EmitValue emit_host(Emit *e, uint32_t id) {
  const IrIns *ins = &e->fn->ins[id];
  if (ins->number == JIT_HOST_POLL) return real(poll(e, e->values[ir_args(e->fn, ins)[0]].part[0]));
  if (ins->number == JIT_HOST_FRAME) return real(frame(e));
  const IrHost *host = &ir_host[ins->number];
  const uint32_t *args = ir_args(e->fn, ins);
  EmitRef parts[2 * IR_HOST_ARGS];
  LLVMTypeRef types[2 * IR_HOST_ARGS];
  unsigned count = 0;
  for (uint32_t a = 0; a < ins->count; a++)
    count += pass(e, (QlDtype)host->args[a], e->values[args[a]], parts + count);
  for (unsigned p = 0; p < count; p++) types[p] = LLVMTypeOf(parts[p]);
  LLVMTypeRef result = host->fresh                     ? pointer_type(e)
                       : host->result == QL_DTYPE_NONE ? LLVMVoidTypeInContext(e->context)
                                                       : emit_type(e, (QlDtype)host->result);
  EmitRef call = emit_call(e, host->symbol, LLVMFunctionType(result, types, count, false), parts);
  if (ins->number == JIT_HOST_LOOK) is_aside(e, call);
  if (!host->fresh) return real(host->result == QL_DTYPE_NONE ? NULL : call);
  emit_result_attribute(e, call, "noalias");
  if (e->is_base[id]) e->pointers[id] = call;
  return real(LLVMBuildPtrToInt(e->builder, call, emit_type(e, QL_I64), ""));
}
