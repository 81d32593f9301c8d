/* The table of routines, and their calls. */
#include "runtime.h"

const RoutineInfo routines[ROUTINES] = {
#define ROUTINE(NAME, name, anywhere, stretches, slices, cost) \
  [ROUTINE_##NAME] = {#name, anywhere, stretches, slices, cost, run_##name},
#include "routines.def"
#undef ROUTINE
};

QlStatus rt_call(QlContext *ctx, int routine, const QlArray *made, int operands,
                 const RequestOperand *operand, QlError *error) {
  return rt_log_append(ctx,
                       &(LogRequest){.kind = STATEMENT_CALL,
                                     .op = routine,
                                     .loop = made->dtype,
                                     .ndim = made->ndim,
                                     .shape = made->shape,
                                     .operands = operands,
                                     .operand = operand},
                       error);
}
