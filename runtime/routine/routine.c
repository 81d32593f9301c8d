/* The table of routines, and their calls. */
#include "runtime.h"

const RoutineInfo routines[ROUTINES] = {
#define ROUTINE(NAME, name, anywhere, cost) [ROUTINE_##NAME] = {#name, anywhere, cost, run_##name},
#include "routines.def"
#undef ROUTINE
};

static LogRequest request(int routine, const QlArray *made, const QlArray *domain, int operands,
                          const RequestOperand *operand) {
  return (LogRequest){.kind = STATEMENT_CALL,
                      .op = routine,
                      .loop = made->dtype,
                      .ndim = domain->ndim,
                      .shape = domain->shape,
                      .operands = operands,
                      .operand = operand};
}

QlStatus rt_call(QlContext *ctx, int routine, const QlArray *made, int operands,
                 const RequestOperand *operand, QlError *error) {
  LogRequest call = request(routine, made, made, operands, operand);
  return rt_log_append(ctx, &call, error);
}

QlStatus rt_call_along(QlContext *ctx, int routine, uint32_t axes, const QlArray *domain,
                       int operands, const RequestOperand *operand, QlError *error) {
  LogRequest call = request(routine, operand[0].array, domain, operands, operand);
  call.axes = axes;
  return rt_log_append(ctx, &call, error);
}
