/* The linker: object code is position-independent ELF in memory, which LLVM's ORC links against the
 * functions of math.c, eval.c and the host. */
#include "machine.h"

#include <llvm-c/Orc.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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
  return failed ? emit_fail_llvm(failed, error) : QL_OK;
}

/* ---- functions of C that programs call ---- */

typedef struct Defined {
  char *name;
  void *address;
} Defined;

static struct {
  Defined *items; /* of the process, as the libraries are in which they stand */
  size_t count, room;
} defined;

static const Defined *defined_as(const char *name) {
  for (size_t k = 0; k < defined.count; k++)
    if (!strcmp(defined.items[k].name, name)) return &defined.items[k];
  return NULL;
}

bool jit_define(const char *name, void *address) {
  const Defined *known = defined_as(name);
  if (known) return known->address == address;
  if (defined.count == defined.room) {
    size_t more = 2 * defined.room + 16;
    Defined *grown = realloc(defined.items, more * sizeof *grown);
    if (!grown) return false;
    defined.items = grown, defined.room = more;
  }
  char *copy = strdup(name);
  if (copy) defined.items[defined.count++] = (Defined){copy, address};
  return copy != NULL;
}

/* Is asked for names that nothing defines yet, before LLJIT goes on to the symbols of the process:
 * they are functions of C that programs call, or are refused. */
static LLVMErrorRef find_names(LLVMOrcDefinitionGeneratorRef generator, void *data,
                               LLVMOrcLookupStateRef *state, LLVMOrcLookupKind kind,
                               LLVMOrcJITDylibRef library, LLVMOrcJITDylibLookupFlags flags,
                               LLVMOrcCLookupSet names, size_t count) {
  (void)generator, (void)state, (void)kind, (void)flags;
  EmitMachine *machine = data;
  for (size_t k = 0; k < count; k++) {
    const char *name = LLVMOrcSymbolStringPoolEntryStr(names[k].Name);
    const Defined *known = defined_as(name);
    char text[256];
    snprintf(text, sizeof text, "%s is not among the functions that kernels may call", name);
    if (!known) return LLVMCreateStringError(text);
    LLVMOrcCSymbolMapPair pair;
    add_symbol(machine, &pair, 0, name, known->address);
    LLVMErrorRef failed = LLVMOrcJITDylibDefine(library, LLVMOrcAbsoluteSymbols(&pair, 1));
    if (failed) return failed;
  }
  return NULL;
}

/* The linker reports a cause here; the call that failed only says that it did. */
static void take_report(void *data, LLVMErrorRef failed) {
  EmitMachine *machine = data;
  emit_fail_llvm(failed, &machine->reported);
}

static QlStatus need_linker(EmitMachine *machine, QlError *error) {
  if (machine->linker) return QL_OK;
  LLVMErrorRef failed = LLVMOrcCreateLLJIT(&machine->linker, NULL);
  if (failed) {
    machine->linker = NULL;
    return emit_fail_llvm(failed, error);
  }
  LLVMOrcExecutionSessionSetErrorReporter(LLVMOrcLLJITGetExecutionSession(machine->linker),
                                          take_report, machine);
  LLVMOrcJITDylibAddGenerator(
      LLVMOrcLLJITGetMainJITDylib(machine->linker),
      LLVMOrcCreateCustomCAPIDefinitionGenerator(find_names, machine, NULL));
  QlStatus status = define_functions(machine, error);
  if (status == QL_OK) return QL_OK;
  LLVMConsumeError(LLVMOrcDisposeLLJIT(machine->linker));
  machine->linker = NULL;
  return status;
}

static QlStatus fail_link(const EmitMachine *machine, LLVMErrorRef failed, QlError *error) {
  if (machine->reported.status == QL_OK) return emit_fail_llvm(failed, error);
  LLVMConsumeError(failed);
  return ql_fail(error, machine->reported.status, "%s", machine->reported.text);
}

QlStatus emit_link(EmitMachine **machine, const char *symbol, const void *bytes, size_t size,
                   JitEntry **entry, QlError *error) {
  QL_TRY(emit_machine_open(machine, error));
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
