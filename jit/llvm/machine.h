/* What a process has of LLVM, between the files that use it: build.c builds modules, machine.c
 * makes code of them, link.c links it. */
#ifndef QUELEA_LLVM_MACHINE_H
#define QUELEA_LLVM_MACHINE_H

#include "emit.h"

#include <llvm-c/Core.h>
#include <llvm-c/Error.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/Target.h>
#include <llvm-c/TargetMachine.h>

struct EmitMachine {
  char *cpu, *features; /* LLVM's messages */
  LLVMTargetMachineRef target;
  LLVMOrcLLJITRef linker;
  QlError reported; /* by the linker, while it links */
};

/* LLVM starts at the first call; *machine is then kept. */
QlStatus emit_machine_open(EmitMachine **machine, QlError *error);
QlStatus emit_need_target(EmitMachine *machine, QlError *error);
void emit_describe_target(Emit *e, const EmitMachine *machine); /* to the module */
QlStatus emit_optimise(Emit *e, EmitMachine *machine, QlError *error);
/* malloc'ed, with a 0 behind it. */
QlStatus emit_generate(Emit *e, EmitMachine *machine, EmitForm form, void **bytes, size_t *size,
                       QlError *error);
QlStatus emit_fail_llvm(LLVMErrorRef failed, QlError *error); /* failed is taken */
/* A handler of LLVM's; data: a QlError, which gets the first complaint. */
void emit_take_diagnostic(LLVMDiagnosticInfoRef info, void *data);

#endif
