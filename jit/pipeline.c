/* The optimiser, top to bottom. Each pass requires and ensures a verified function; debug builds
 * check that it does. */
#include "ir.h"

#include <string.h>

typedef struct Pass {
  const char *name;
  JitPass *run;
} Pass;

static const Pass passes[] = {
    {"fold", jit_fold},     /* constants; may leave values without users */
    {"signs", jit_signs},   /* what is never below zero */
    {"fold", jit_fold},     /* what follows from that */
    {"cse", jit_cse},       /* equal values */
    {"licm", jit_licm},     /* uniform values to the entry */
    {"dce", jit_dce},       /* what is left without users */
    {"strips", jit_strips}, /* lanes: passes before it do not know them */
    {"dce", jit_dce},       /* what no strip needs */
};
enum { PASS_COUNT = sizeof passes / sizeof passes[0] };

QlStatus ir_each(JitFn *fn, JitPass *pass, QlError *error) {
  QL_TRY(pass(fn, error));
  for (uint32_t k = 0; k < fn->local_count; k++)
    if (!fn->locals[k]->external) QL_TRY(pass(fn->locals[k], error));
  return QL_OK;
}

QlStatus ir_optimise(JitFn *fn, bool verify, QlError *error) {
#ifndef NDEBUG
  verify = true;
#endif
  for (int p = 0; p < PASS_COUNT; p++) {
    QL_TRY(passes[p].run(fn, error));
    QlStatus status = verify ? jit_verify(fn, error) : QL_OK;
    if (status != QL_OK) {
      ql_note(error, "found after the pass %s", passes[p].name);
      return status;
    }
  }
  return QL_OK;
}

QlStatus jit_optimise(JitFn *fn, QlError *error) { return ir_optimise(fn, false, error); }

JitPass *jit_pass_named(const char *name) {
  for (int p = 0; p < PASS_COUNT; p++)
    if (!strcmp(passes[p].name, name)) return passes[p].run;
  return strcmp(name, "optimise") ? NULL : jit_optimise;
}
