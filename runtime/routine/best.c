/* Where the smallest or the largest elements are: a reduction of pairs (value, place), in which the
 * better value wins, and of equal ones the smaller place. NaN is better than any number. That is
 * exact, so no order of combining changes an answer, and who reduces what is the planner's
 * (plan/reduce_plan.c):
 *
 *     elements -> places                   whole lines, or all at once
 *     elements -> values, places           leaves of JIT_LEAF elements
 *     values, places -> values, places     branches
 *     values, places -> places             the end of a tree
 *
 * A place is the number of the element in C order over all axes that are reduced. The code for each
 * dtype is in best_of.h; where lines lie across the memory, neighbouring ones are reduced side by
 * side. */
#include "best.h"

#include <math.h>
#include <string.h>

/* ---- the box as loops ---- */

static Loop loop_of(const RoutineShape *shape, const JitCall *call, int dim) {
  Loop loop = {.dim = dim, .lo = call->lo[dim], .hi = call->hi[dim]};
  for (int k = 0; k < shape->operands; k++) loop.step[k] = call->stride[k * shape->rank + dim];
  if (!(shape->axes >> dim & 1)) return loop;
  loop.places = 1;
  for (int r = dim + 1; r < shape->rank; r++)
    if (shape->axes >> r & 1) loop.places *= shape->extent[r];
  return loop;
}

static bool is_reduced(const RoutineShape *shape, int dim) {
  return shape->axis < 0 ? shape->axes >> dim & 1 : shape->axis == dim;
}

/* The reduced axis along which elements lie closest is the last of its loops. */
static void put_closest_last(Loop *loops, int count, int operand) {
  int closest = count - 1;
  for (int k = 0; k < count - 1; k++)
    if (llabs(loops[k].step[operand]) < llabs(loops[closest].step[operand])) closest = k;
  Loop last = loops[closest];
  memmove(loops + closest, loops + closest + 1, (size_t)(count - 1 - closest) * sizeof *loops);
  loops[count - 1] = last;
}

/* The lines beside each other, if that is how elements lie: the loop over them is apart. */
static void find_side(BestJob *job) {
  const Loop *line = &job->over[job->over_count - 1];
  int x = job->stores, side = -1;
  for (int k = 0; k < job->kept_count; k++)
    if (job->kept[k].hi - job->kept[k].lo > 1 &&
        (side < 0 || llabs(job->kept[k].step[x]) < llabs(job->kept[side].step[x])))
      side = k;
  if (side < 0 || llabs(job->kept[side].step[x]) >= llabs(line->step[x])) return;
  job->has_side = true, job->side = job->kept[side];
  memmove(job->kept + side, job->kept + side + 1,
          (size_t)(--job->kept_count - side) * sizeof *job->kept);
}

/* ---- each dtype, for processors with AVX2 and without ---- */

#define TARGET
#define LEVEL(name) name##_plain
#include "best_all.h"
#undef TARGET
#undef LEVEL

#if defined(__x86_64__) && defined(__GNUC__)
#define TARGET __attribute__((target("avx2")))
#define LEVEL(name) name##_avx2
#include "best_all.h"
#undef TARGET
#undef LEVEL
#endif

void run_best(const RoutineShape *shape, const JitCall *call) {
  BestJob job = {.largest = call->param[0].i != 0,
                 .stores = shape->stores,
                 .pairs = shape->operands - shape->stores == 2,
                 .leaf = shape->steps ? JIT_LEAF : 0};
  for (int r = 0; r < shape->rank; r++) {
    if (call->hi[r] <= call->lo[r]) return;
    if (is_reduced(shape, r))
      job.over[job.over_count++] = loop_of(shape, call, r);
    else
      job.kept[job.kept_count++] = loop_of(shape, call, r);
  }
  for (int k = 0; k < shape->operands; k++) job.base[k] = call->base[k];
  put_closest_last(job.over, job.over_count, job.stores);
  find_side(&job);
  if (job.leaf) { /* along it the targets have one element for a leaf */
    for (int k = 0; k < job.stores; k++) job.leaf_step[k] = job.over[0].step[k];
  }
  for (int o = 0; o < job.over_count; o++)
    for (int k = 0; k < job.stores; k++) job.over[o].step[k] = 0;
#if defined(__x86_64__) && defined(__GNUC__)
  if (__builtin_cpu_supports("avx2")) {
    best_avx2(shape->from, &job);
    return;
  }
#endif
  best_plain(shape->from, &job);
}

/* ---- recording ---- */

static QlStatus record(QlContext *ctx, bool largest, const QlArray *array, uint32_t axes,
                       bool keepdims, const QlArray *made, QlError *error) {
  int64_t target_stride[QL_MAX_DIMS], candidates = 1;
  if (made->size == 0) return QL_OK;
  for (int a = 0, k = 0; a < array->ndim; a++) {
    bool reduced = axes >> a & 1;
    target_stride[a] = reduced ? 0 : made->strides[k];
    if (!reduced || keepdims) k++;
    if (reduced) candidates *= array->shape[a];
  }
  if (candidates == 1)
    return ql_assign(ctx, (QlArray *)made, &(QlOperand){.scalar = ql_i64(0)}, error);
  RequestOperand operand[] = {request_array(LOG_WRITE, made, array->ndim, target_stride),
                              request_array(LOG_READ, array, array->ndim, array->strides),
                              request_scalar(QL_I64, (QlValue){.i = largest})};
  return rt_call_along(ctx, ROUTINE_BEST, axes, array, 3, operand, error);
}

QlStatus ql_best(QlContext *ctx, bool largest, QlArray *array, uint32_t axes, bool keepdims,
                 QlArray **result, QlError *error) {
  int64_t shape[QL_MAX_DIMS];
  int ndim = 0;
  QlArray *whole = NULL, *made = NULL;
  QL_TRY(rt_log_due(ctx, error));
  QL_TRY(rt_check_input(ctx, array, error));
  for (int a = 0; a < array->ndim; a++) {
    bool reduced = axes >> a & 1;
    if (reduced && array->shape[a] == 0)
      return ql_fail(error, QL_ERR_VALUE, "attempt to get %s of an empty sequence",
                     largest ? "argmax" : "argmin");
    if (!reduced || keepdims) shape[ndim++] = reduced ? 1 : array->shape[a];
  }
  if (array->part) /* the parts lie apart, in elements that are read whole */
    QL_TRY(ql_astype(ctx, array, (QlDtype)array->dtype, QL_ORDER_ITERATOR, &whole, error));
  QlStatus status = rt_array_new(ctx, QL_I64, ndim, shape, &made, error);
  if (!status) {
    rt_log_fresh(ctx, made);
    status = record(ctx, largest, whole ? whole : array, axes, keepdims, made, error);
  }
  ql_release(whole);
  if (status)
    ql_release(made);
  else
    *result = made;
  return status;
}
