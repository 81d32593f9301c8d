/* Loop nests that are compiled already: the loops of @jit functions over distributed arrays. A nest
 * is a statement like others. Its domain are the iterations of its outer loops, which do not depend
 * on one another; each may loop further, and read elements of other places:
 *
 *     for i in range(m):                       domain (m, n)
 *         for j in range(n):
 *             s = 0.0
 *             for ii in range(max(i - k, 0), min(i + k + 1, m)):
 *                 s += u[ii, j]                u    axis 0: {dim 0, step 1, lo -k, hi k}
 *             v[i, j] = s                           axis 1: {dim 1, step 1, lo 0, hi 0}
 *                                              v    {dim 0, step 1, lo 0, hi 0}, {dim 1, ...}
 *
 * What an operand touches is said per axis of the array as a span: from step * p + lo to
 * step * p + hi at position p of the domain's dimension `dim`, or (dim -1) from lo to hi at every
 * position. What lies outside the array is not touched. The owner of what is stored computes.
 *
 * A nest by rows has one dimension, and its points store what they like within rows of their own,
 * which lie along one axis of each target:
 *
 *     for i in range(1, m):                    domain (m - 1)
 *         for j in range(n):
 *             v[i, j] = v[i - 1, j] + u[i, j]  v    stored {dim 0, step 1, lo 1, hi 1}, all
 *                                                   read   {dim 0, step 1, lo 0, hi 0}, all
 *
 * Where a point reads rows that others store, as here, all are computed in order: nodes take their
 * parts in turn.
 *
 * Where iterations only depend on others of their line, lines are shared out and each is computed
 * in order, with those beside it:
 *
 *     for i in range(1, m):                    domain (m - 1, n), along dimension 1
 *         for j in range(n):
 *             v[i, j] += v[i - 1, j]           v    stored {0, 1, 1, 1}, {1, 1, 0, 0}
 *                                                   read   {0, 1, 0, 1}, {1, 1, 0, 0}
 *
 * A nest on one node is one point, whatever its loop is: what it stores and reads are whole arrays,
 * which one node has while it computes.
 *
 * The kernel is a function of rank 0 that computes a box of the domain (JitNest): it gets the box,
 * the addresses of operands, and numbers. It may only touch what the spans say: memory of other
 * elements may lie elsewhere. */
#include "runtime.h"

#include <stdlib.h>
#include <string.h>

/* ---- kernels ---- */

/* By rows a guess: each instruction, at each point, so often. */
enum { TURNS = 4, HIGHEST_COST = 1 << 16 };

const NestKernel *rt_nest_kernel_of(const QlContext *ctx, JitKey key) {
  const NestKernel *kernel = ctx->nests;
  while (kernel && (kernel->key.word[0] != key.word[0] || kernel->key.word[1] != key.word[1]))
    kernel = kernel->next;
  return kernel;
}

static QlStatus cost_of(const JitNest *nest, JitCost *cost, QlError *error) {
  QL_TRY(jit_fn_cost(nest->fn, nest->ndim, cost, error));
  if (nest->form > JIT_NEST_LINES)
    cost->additions = QL_MIN(TURNS * jit_fn_size(nest->fn), HIGHEST_COST);
  return QL_OK;
}

static QlStatus new_kernel(const JitNest *nest, JitKey key, NestKernel **kernel, QlError *error) {
  JitCost cost;
  QL_TRY(cost_of(nest, &cost, error));
  size_t bytes = (size_t)nest->param_count * sizeof *nest->params;
  NestKernel *made = malloc(sizeof *made);
  JitFn *fn = jit_fn_copy(nest->fn);
  JitNestParam *params = malloc(bytes + 1);
  if (!made || !fn || !params) {
    free(made), free(params), jit_fn_free(fn);
    return ql_fail(error, QL_ERR_MEMORY, "out of memory for a compiled loop");
  }
  memcpy(params, nest->params, bytes);
  *made = (NestKernel){.fn = fn, .key = key, .param_count = nest->param_count, .params = params};
  made->cost = cost.additions, made->uneven = cost.uneven;
  for (int k = 0; k < nest->param_count; k++) made->raises |= params[k].kind == JIT_NEST_ORDER;
  *kernel = made;
  return QL_OK;
}

QlStatus rt_nest_kernel(QlContext *ctx, const JitNest *nest, const NestKernel **kernel,
                        QlError *error) {
  JitKey key; /* in the log, which is the same on ranks of several kinds of processors */
  QL_TRY(jit_key(NULL, nest->fn, &key, error));
  for (int k = 0; k < nest->param_count; k++) { /* the same code for other parameters is another */
    const JitNestParam *param = &nest->params[k];
    int code = param->kind | param->operand << 8 | param->axis << 16;
    key.word[1] = ql_mix(key.word[1], (uint64_t)code);
  }
  if ((*kernel = rt_nest_kernel_of(ctx, key))) return QL_OK;
  NestKernel *made = NULL;
  QL_TRY(new_kernel(nest, key, &made, error));
  made->next = ctx->nests;
  *kernel = ctx->nests = made;
  return QL_OK;
}

uint64_t rt_nests_of(QlContext *ctx) {
  static uint64_t contexts; /* of the process that had nests */
  if (!ctx->nests_number) ctx->nests_number = ++contexts;
  return ctx->nests_number;
}

void rt_nest_close(QlContext *ctx) {
  while (ctx->nests) {
    NestKernel *kernel = ctx->nests;
    ctx->nests = kernel->next;
    jit_fn_free(kernel->fn);
    free(kernel->params), free(kernel);
  }
}

/* ---- what a nest must keep to ---- */

static QlStatus check_sizes(const NestRequest *nest, QlError *error) {
  int params = 2 * nest->ndim + nest->kernel->param_count, targets = 0;
  for (int k = 0; k < nest->operands; k++) targets += (nest->operand[k].access & LOG_WRITE) != 0;
  if (nest->operands > NEST_OPERANDS || params > NEST_PARAMS)
    return ql_fail(error, QL_ERR_VALUE,
                   "a loop over distributed arrays uses too many arrays and numbers: at most %d "
                   "arrays, and %d numbers with their shapes; split it",
                   NEST_OPERANDS, NEST_PARAMS);
  if (targets > NEST_TARGETS)
    return ql_fail(error, QL_ERR_VALUE,
                   "a loop stores into %d distributed arrays, at most %d are possible; split it",
                   targets, NEST_TARGETS);
  return QL_OK;
}

/* Each point has an element of its own. */
static QlStatus check_target(const NestRequest *nest, const NestOperand *operand,
                             const Box *touched, QlError *error) {
  const QlArray *array = operand->array;
  uint32_t dims = 0;
  for (int a = 0; a < array->ndim; a++) {
    const AxisSpan *span = &operand->spans[a];
    bool below = touched->lo[a] < 0;
    bool above = touched->hi[a] > array->shape[a];
    if (above && operand->access & LOG_ALL)
      return ql_fail(error, QL_ERR_INDEX, "index %lld is out of bounds for axis %d with size %lld",
                     (long long)touched->hi[a] - 1, a, (long long)array->shape[a]);
    if (below || above)
      return ql_fail(error, QL_ERR_VALUE,
                     "a loop over distributed arrays would store elements %lld to %lld of axis %d, "
                     "which has %lld: let the loop's range, or a condition on its variables around "
                     "all that it stores, keep the index inside, and above zero",
                     (long long)touched->lo[a], (long long)touched->hi[a] - 1, a,
                     (long long)array->shape[a]);
    if (span->lo != span->hi)
      return ql_fail(error, QL_ERR_VALUE, "a point stores several elements");
    if (span->dim >= 0 && span->step) dims |= 1u << span->dim;
  }
  for (int r = 0; r < nest->ndim; r++)
    if (nest->extent[r] > 1 && !(dims >> r & 1))
      return ql_fail(error, QL_ERR_VALUE, "several points store the same element");
  return QL_OK;
}

/* Which axis of what is stored by rows these lie along; -1: none. */
static int row_axis(const NestOperand *operand) {
  for (int a = 0; a < operand->array->ndim; a++)
    if (operand->spans[a].dim == 0 && operand->spans[a].step) return a;
  return -1;
}

static QlStatus check_rows(const NestOperand *operand, const Box *touched, QlError *error) {
  const QlArray *array = operand->array;
  int axis = row_axis(operand);
  if (axis < 0 || operand->spans[axis].lo != operand->spans[axis].hi)
    return ql_fail(error, QL_ERR_VALUE, "several points store the same row");
  if (operand->guarded) return QL_OK;
  if (touched->lo[axis] < 0 || touched->hi[axis] > array->shape[axis])
    return ql_fail(error, QL_ERR_VALUE,
                   "a loop over distributed arrays would store elements %lld to %lld of axis %d, "
                   "which has %lld: let the loop's range keep the index inside, and above zero",
                   (long long)touched->lo[axis], (long long)touched->hi[axis] - 1, axis,
                   (long long)array->shape[axis]);
  return QL_OK;
}

static QlStatus check_operand(const QlContext *ctx, const NestRequest *nest,
                              const NestOperand *operand, QlError *error) {
  const QlArray *array = operand->array;
  Box domain = box_of_shape(nest->ndim, nest->extent),
      touched = span_box(array->ndim, operand->spans, &domain);
  QL_TRY(rt_check_input(ctx, array, error));
  if (array->part != QL_PART_ALL)
    return ql_fail(
        error, QL_ERR_VALUE,
        "a loop over distributed arrays takes no views of real or imaginary parts, nor of "
        "bits as another dtype, yet; give it a copy");
  if (!(operand->access & LOG_WRITE)) return QL_OK;
  if (nest->form == JIT_NEST_ON_ONE) return QL_OK;
  bool rows = nest->form == JIT_NEST_ROWS || nest->form == JIT_NEST_IN_ORDER;
  return rows ? check_rows(operand, &touched, error) : check_target(nest, operand, &touched, error);
}

/* The part of its storage, as a stretch of its elements in C order, that an operand touches. */
static Interval stretch_of(const NestRequest *nest, const NestOperand *operand) {
  const QlArray *array = operand->array;
  Box domain = box_of_shape(nest->ndim, nest->extent);
  Box touched = span_box_within(array->ndim, operand->spans, &domain, array->shape);
  Interval stretch = {array->offset, array->offset + 1};
  if (box_empty(array->ndim, &touched)) return (Interval){0, 0};
  for (int a = 0; a < array->ndim; a++) {
    int64_t first = array->strides[a] * touched.lo[a],
            last = array->strides[a] * (touched.hi[a] - 1);
    stretch.lo += QL_MIN(first, last), stretch.hi += QL_MAX(first, last);
  }
  return stretch;
}

/* The boxes of two operands within their storage, where they are boxes; else their stretches. */
static bool touch_apart(const NestRequest *nest, const NestOperand *a, const NestOperand *b) {
  const Storage *storage = a->array->storage;
  Interval first = stretch_of(nest, a), second = stretch_of(nest, b);
  if (first.hi <= second.lo || second.hi <= first.lo) return true;
  Box domain = box_of_shape(nest->ndim, nest->extent), box[2];
  for (int k = 0; k < 2; k++) {
    const NestOperand *operand = k ? b : a;
    const QlArray *array = operand->array;
    AxisMap axes[QL_MAX_DIMS];
    if (!view_axes(array->ndim, array->shape, array->strides, array->offset, storage->ndim,
                   storage->shape, axes))
      return false;
    Box touched = span_box_within(array->ndim, operand->spans, &domain, array->shape);
    if (box_empty(array->ndim, &touched)) return true;
    box[k] = view_box(storage->ndim, axes, &touched);
  }
  return !box_intersect(storage->ndim, &box[0], &box[1], NULL);
}

/* Does the other only touch what is stored in the same line? Both are of one array. */
static bool is_in_line(const NestRequest *nest, const NestOperand *target,
                       const NestOperand *other) {
  bool same = target->array == other->array;
  for (int a = 0; a < target->array->ndim && same; a++) {
    const AxisSpan *mine = &target->spans[a], *theirs = &other->spans[a];
    if (mine->dim < 0 || !(nest->along >> mine->dim & 1)) continue;
    same = theirs->dim == mine->dim && theirs->step == mine->step && theirs->lo == mine->lo &&
           theirs->hi == mine->hi;
  }
  return same;
}

/* Can a point see, or store, what another stores? By rows, points may then go in order, but for
 * what is stored under two names. */
static QlStatus check_apart(const NestRequest *nest, JitNestForm *form, QlError *error) {
  for (int t = 0; t < nest->operands; t++)
    for (int k = 0; k < nest->operands && nest->operand[t].access & LOG_WRITE; k++) {
      const NestOperand *target = &nest->operand[t], *other = &nest->operand[k];
      if (k == t || target->array->storage != other->array->storage ||
          touch_apart(nest, target, other))
        continue;
      if (nest->form == JIT_NEST_LINES && is_in_line(nest, target, other)) continue;
      if (nest->form <= JIT_NEST_LINES || other->access & LOG_WRITE)
        return ql_fail(error, QL_ERR_VALUE,
                       "a loop over distributed arrays stores into an array of which another name "
                       "sees the same elements; give it a copy of one");
      *form = QL_MAX(nest->form, JIT_NEST_IN_ORDER);
    }
  return QL_OK;
}

QlStatus rt_nest_check(const QlContext *ctx, const NestRequest *nest, JitNestForm *form,
                       QlError *error) {
  QL_TRY(check_sizes(nest, error));
  for (int k = 0; k < nest->operands; k++)
    QL_TRY(check_operand(ctx, nest, &nest->operand[k], error));
  *form = nest->form;
  return check_apart(nest, form, error);
}

/* ---- recording ---- */

QlStatus rt_nest(QlContext *ctx, const NestRequest *nest, QlError *error) {
  JitNestForm form;
  QL_TRY(rt_log_due(ctx, error));
  for (int a = 0; a < nest->ndim; a++)
    if (nest->extent[a] <= 0) return QL_OK;
  QL_TRY(rt_nest_check(ctx, nest, &form, error));
  RequestOperand operand[NEST_OPERANDS + NEST_PARAMS];
  int count = 0;
  for (int k = 0; k < nest->operands; k++) {
    const NestOperand *from = &nest->operand[k];
    operand[count] =
        request_array(from->access, from->array, from->array->ndim, from->array->strides);
    operand[count++].spans = from->spans;
  }
  for (int k = 0; k < nest->params; k++)
    operand[count++] = request_scalar(nest->param[k].dtype, nest->param[k].value);
  return rt_log_append(ctx,
                       &(LogRequest){.kind = STATEMENT_NEST,
                                     .op = (int)form,
                                     .axes = nest->along,
                                     .ndim = nest->ndim,
                                     .shape = nest->extent,
                                     .operands = count,
                                     .operand = operand,
                                     .kernel = &nest->kernel->key},
                       error);
}
