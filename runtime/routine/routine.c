/* The table of routines, and their calls. */
#include "runtime.h"

const RoutineInfo routines[ROUTINES] = {
#define ROUTINE(NAME, function, ...) \
  [ROUTINE_##NAME] = {.name = #function, .run = run_##function, __VA_ARGS__},
#include "routines.def"
#undef ROUTINE
};

int64_t routine_tile(const RoutineInfo *routine, uint32_t axes, int axis, int64_t extent) {
  return axes >> axis & 1 ? routine->tile(extent, axes >> axis == 1) : 1;
}

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
  return rt_call_tiles(ctx, routine, made, 0, 0, operands, operand, error);
}

QlStatus rt_call_tiles(QlContext *ctx, int routine, const QlArray *made, uint32_t axes,
                       int64_t work, int operands, const RequestOperand *operand, QlError *error) {
  LogRequest call = request(routine, made, made, operands, operand);
  call.axes = axes, call.work = work;
  return rt_log_append(ctx, &call, error);
}

/* The axes that nodes and workers may share, a bit each: those with several lines. */
static uint32_t shared_axes(const QlArray *made, int axis) {
  uint32_t shared = 0;
  for (int a = 0; a < made->ndim; a++)
    if (a != axis && made->shape[a] > 1) shared |= 1u << a;
  return shared;
}

QlStatus rt_call_lines(QlContext *ctx, int routine, const QlArray *made, int axis, int operands,
                       RequestOperand *operand, QlError *error) {
  AxisSpan spans[2][QL_MAX_DIMS];
  for (int a = 0; a < made->ndim; a++) spans[0][a] = spans[1][a] = (AxisSpan){.dim = a, .step = 1};
  for (int k = 0; k < operands; k++) {
    const QlArray *array = operand[k].array;
    if (!array) continue;
    if (k > 0) spans[1][axis] = (AxisSpan){.dim = -1, .hi = array->shape[axis] - 1};
    operand[k].spans = spans[k > 0];
  }
  LogRequest call = request(routine, made, made, operands, operand);
  call.axes = shared_axes(made, axis);
  return rt_log_append(ctx, &call, error);
}

QlStatus rt_call_along(QlContext *ctx, int routine, uint32_t axes, const QlArray *domain,
                       int operands, const RequestOperand *operand, QlError *error) {
  LogRequest call = request(routine, operand[0].array, domain, operands, operand);
  call.axes = axes;
  return rt_log_append(ctx, &call, error);
}

bool rt_has_lines(const QlArray *array) {
  AxisMap axes[QL_MAX_DIMS];
  return array->part == QL_PART_ALL &&
         view_axes(array->ndim, array->shape, array->strides, array->offset, array->storage->ndim,
                   array->storage->shape, axes);
}

QlStatus rt_routine_needs(QlContext *ctx, const RoutineShape *shape, const QlValue *param,
                          RoutineNeeds *needs, QlError *error) {
  *needs = (RoutineNeeds){NULL, 0};
  if (!shape->routine->prepare) return QL_OK;
  return shape->routine->prepare(ctx, shape, param, needs, error);
}

QlStatus rt_in_line(QlContext *ctx, QlArray *array, QlDtype dtype, QlArray **line, QlError *error) {
  bool is_line = array->dtype == dtype && !array->part && array->strides[0] > 0;
  bool is_spread = ctx->info->node_count > 1 && array->storage->ndim != 1;
  if (!is_line || is_spread) return ql_astype(ctx, array, dtype, QL_ORDER_C, line, error);
  ql_retain(array);
  *line = array;
  return QL_OK;
}
