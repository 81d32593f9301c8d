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

QlStatus rt_in_line(QlContext *ctx, QlArray *array, QlDtype dtype, QlArray **line, QlError *error) {
  bool is_line = array->dtype == dtype && !array->part && array->strides[0] > 0;
  bool is_spread = ctx->info->node_count > 1 && array->storage->ndim != 1;
  if (!is_line || is_spread) return ql_astype(ctx, array, dtype, QL_ORDER_C, line, error);
  ql_retain(array);
  *line = array;
  return QL_OK;
}
