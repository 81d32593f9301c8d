/* The table of routines, and their calls. */
#include "runtime.h"

const RoutineInfo routines[ROUTINES] = {
#define ROUTINE(NAME, name, anywhere, cost, tile) \
  [ROUTINE_##NAME] = {#name, anywhere, cost, run_##name, tile_##tile},
#include "routines.def"
#undef ROUTINE
};

int64_t tile_point(int64_t extent, bool is_last) {
  (void)extent, (void)is_last;
  return 1;
}

int64_t routine_tile(const RoutineInfo *routine, uint32_t axes, int axis, int64_t extent) {
  return axes >> axis & 1 ? routine->tile(extent, axes >> axis == 1) : 1;
}

QlStatus rt_call(QlContext *ctx, int routine, const QlArray *made, int operands,
                 const RequestOperand *operand, QlError *error) {
  return rt_call_tiles(ctx, routine, made, 0, 0, operands, operand, error);
}

QlStatus rt_call_tiles(QlContext *ctx, int routine, const QlArray *made, uint32_t axes,
                       int64_t work, int operands, const RequestOperand *operand, QlError *error) {
  return rt_log_append(ctx,
                       &(LogRequest){.kind = STATEMENT_CALL,
                                     .op = routine,
                                     .loop = made->dtype,
                                     .axes = axes,
                                     .ndim = made->ndim,
                                     .shape = made->shape,
                                     .work = work,
                                     .operands = operands,
                                     .operand = operand},
                       error);
}
