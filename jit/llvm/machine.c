/* The processor that code is made for, LLVM's passes, and its code generator; object code of texts.
 * A process that only asks for keys never pays for LLVM's start. */
#include "machine.h"

#include <llvm-c/Analysis.h>
#include <llvm-c/IRReader.h>
#include <llvm-c/Linker.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <llvm/Config/llvm-config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

QlStatus emit_machine_open(EmitMachine **machine, QlError *error) {
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

QlStatus emit_need_target(EmitMachine *machine, QlError *error) {
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
void emit_take_diagnostic(LLVMDiagnosticInfoRef info, void *data) {
  if (LLVMGetDiagInfoSeverity(info) != LLVMDSError) return;
  char *text = LLVMGetDiagInfoDescription(info);
  ql_fail(data, QL_ERR_COMPILE, "LLVM: %s", text);
  LLVMDisposeMessage(text);
}

QlStatus emit_fail_llvm(LLVMErrorRef failed, QlError *error) {
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

QlStatus emit_optimise(Emit *e, EmitMachine *machine, QlError *error) {
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
  return failed ? emit_fail_llvm(failed, error) : QL_OK;
}

/* ---- code ---- */

static QlStatus print_module(Emit *e, void **bytes, size_t *size, QlError *error) {
  char *text = LLVMPrintModuleToString(e->module);
  *size = strlen(text);
  *bytes = strdup(text);
  LLVMDisposeMessage(text);
  return *bytes ? QL_OK : ql_fail(error, QL_ERR_MEMORY, "out of memory for the text of a kernel");
}

QlStatus emit_generate(Emit *e, EmitMachine *machine, EmitForm form, void **bytes, size_t *size,
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

void emit_describe_target(Emit *e, const EmitMachine *machine) {
  LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(machine->target);
  char *triple = LLVMGetTargetMachineTriple(machine->target);
  LLVMSetModuleDataLayout(e->module, layout);
  LLVMSetTarget(e->module, triple);
  LLVMDisposeTargetData(layout);
  LLVMDisposeMessage(triple);
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
  emit_describe_target(e, machine);
  if (!before) return QL_OK;
  e->module = before;
  return LLVMLinkModules2(before, read)
             ? ql_fail(error, QL_ERR_COMPILE, "LLVM cannot put these texts together")
             : QL_OK;
}

QlStatus emit_texts(EmitMachine **machine, int count, const char *const *texts, void **bytes,
                    size_t *size, QlError *error) {
  QL_TRY(emit_machine_open(machine, error));
  QL_TRY(emit_need_target(*machine, error));
  QlError complaint = {0};
  QlStatus status = QL_OK;
  char *message = NULL;
  Emit e = {.program = true, .context = LLVMContextCreate()};
  LLVMContextSetDiagnosticHandler(e.context, emit_take_diagnostic, &complaint);
  for (int k = 0; k < count && !status; k++) status = add_text(&e, *machine, texts[k], error);
  if (!status && LLVMVerifyModule(e.module, LLVMReturnStatusAction, &message))
    status = ql_fail(error, QL_ERR_COMPILE, "LLVM: %s", message);
  LLVMDisposeMessage(message);
  if (!status) status = emit_optimise(&e, *machine, error);
  if (!status) status = emit_generate(&e, *machine, EMIT_OBJECT, bytes, size, error);
  if (!status && complaint.status) {
    free(*bytes);
    status = ql_fail(error, complaint.status, "%s", complaint.text);
  }
  if (e.module) LLVMDisposeModule(e.module);
  LLVMContextDispose(e.context);
  return status;
}
