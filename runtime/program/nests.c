/* Loop nests of compiled functions, as the driver is asked for them, into statements (log/nest.c).
 * Its slots, behind the first: the nest's number, its dimensions with their extents; the operands,
 * each its handle, its access and its axes, of which each is 8 slots; numbers, each two.
 *
 * An index that wraps around the end of an axis is a halo there, too: the domain is cut where it
 * wraps, and each piece is a statement, for which it is moved by the axis's extent:
 *
 *     for i in range(n): v[i] = u[(i + 1) % n]       0 .. n - 2: u at i + 1     n - 1: at i + 1 - n
 *
 * On one node everything is at hand, and nothing is cut. */
#include "inside.h"

#include <stdlib.h>
#include <string.h>

enum { AXIS_SLOTS = 8, CUTS = 8 };

static QlStatus kernel_of(QlContext *ctx, QlCompiledInside *inside, int number,
                          const NestKernel **kernel, QlError *error) {
  if (inside->kernels_of != rt_nests_of(ctx)) { /* another context: theirs are its own */
    free(inside->kernels);
    inside->kernels = calloc((size_t)inside->lowered.nest_count, sizeof *inside->kernels);
    inside->kernels_of = inside->kernels ? rt_nests_of(ctx) : 0;
    if (!inside->kernels) return ql_fail(error, QL_ERR_MEMORY, "out of memory for a compiled loop");
  }
  if (!inside->kernels[number])
    QL_TRY(rt_nest_kernel(ctx, &inside->lowered.nests[number], &inside->kernels[number], error));
  *kernel = inside->kernels[number];
  return QL_OK;
}

/* ---- what is asked for ---- */

/* An index that wraps at its axis's end. */
typedef struct Wrap {
  int operand, axis;
} Wrap;

typedef struct Asked {
  NestRequest request;
  NestOperand operand[NEST_OPERANDS];
  LogScalar param[NEST_PARAMS];
  int64_t extent[QL_MAX_DIMS];
  int first; /* the parameter to which the first dimension's position is added; -1 */
  int wraps;
  Wrap wrap[NEST_OPERANDS];
} Asked;

/* An index below zero counts from the end; one that may be on either side may be any. `bounds`:
 * what it can be, by the conditions under which it is used. */
static void count_from_end(AxisSpan *span, const QlValue *bounds, int64_t extent,
                           const int64_t *domain, bool stores) {
  if (span->dim >= 0 && !span->step) span->dim = -1;
  int64_t last = span->dim < 0 ? 0 : span->step * (domain[span->dim] - 1);
  int64_t low = span->lo + QL_MIN(last, 0), high = span->hi + QL_MAX(last, 0);
  low = QL_MAX(low, bounds[0].i), high = QL_MIN(high, bounds[1].i);
  if (low >= 0 || low > high) return;
  if (high < 0 && low >= -extent)
    span->lo += extent, span->hi += extent;
  else if (!stores)
    *span = (AxisSpan){.lo = 0, .hi = extent - 1, .step = 0, .dim = -1};
}

/* What is stored by rows: all of them, along the axes that do not select them. */
static void store_rows(NestOperand *operand, const QlValue *slots) {
  const QlArray *array = operand->array;
  AxisSpan *spans = operand->spans;
  int axis = 0;
  while (axis < array->ndim && (spans[axis].dim < 0 || spans[axis].lo != spans[axis].hi)) axis++;
  for (int a = 0; a < array->ndim; a++)
    if (a != axis) spans[a] = (AxisSpan){.hi = array->shape[a] - 1, .dim = -1};
  if (axis < array->ndim)
    operand->guarded =
        slots[AXIS_SLOTS * axis].i >= 0 && slots[AXIS_SLOTS * axis + 1].i < array->shape[axis];
}

/* What wraps at the axis's end, where that is to be told apart. */
static bool wraps(const QlContext *ctx, const Asked *asked, JitSpanKind kind, int64_t by,
                  int64_t extent) {
  bool around = by == extent || (kind == JIT_SPAN_CHOSEN && -by == extent);
  return around && extent && kind != JIT_SPAN && ctx->info->node_count > 1 && asked->first >= 0 &&
         asked->wraps < NEST_OPERANDS && asked->request.form == JIT_NEST_POINTS;
}

static void read_axis(const QlContext *ctx, Asked *asked, int k, int axis, const QlValue *slots) {
  NestOperand *operand = &asked->operand[k];
  AxisSpan *span = &operand->spans[axis];
  JitSpanKind kind = (JitSpanKind)slots[2].i;
  int64_t extent = operand->array->shape[axis], by = slots[3].i;
  *span =
      (AxisSpan){.dim = (int)slots[4].i, .step = slots[5].i, .lo = slots[6].i, .hi = slots[7].i};
  if (wraps(ctx, asked, kind, by, extent)) {
    if (kind == JIT_SPAN_CHOSEN) *(by > 0 ? &span->hi : &span->lo) = by > 0 ? span->lo : span->hi;
    asked->wrap[asked->wraps++] = (Wrap){k, axis};
  } else if (kind == JIT_SPAN_REMAINDER) {
    *span = (AxisSpan){.hi = by - 1, .dim = -1};
  } else {
    count_from_end(span, slots, extent, asked->extent, operand->access & LOG_WRITE);
  }
}

static const QlValue *read_operand(const QlContext *ctx, Asked *asked, int k, const QlValue *slot) {
  NestOperand *operand = &asked->operand[k];
  *operand = (NestOperand){.array = (QlArray *)(uintptr_t)slot[0].u};
  if (slot[1].i & JIT_NEST_LOADS) operand->access |= LOG_READ;
  if (slot[1].i & JIT_NEST_STORES) operand->access |= LOG_WRITE;
  bool stops = asked->request.kernel->raises && !(slot[1].i & JIT_NEST_TERMS);
  if (slot[1].i & JIT_NEST_ALL && !stops) operand->access |= LOG_ALL;
  slot += 3;
  for (int a = 0; a < operand->array->ndim; a++) read_axis(ctx, asked, k, a, slot + AXIS_SLOTS * a);
  if (asked->request.form > JIT_NEST_LINES && operand->access & LOG_WRITE)
    store_rows(operand, slot);
  return slot + AXIS_SLOTS * operand->array->ndim;
}

/* `first`: of the numbers. */
static void read_params(Asked *asked, int64_t order, int first, const QlValue *slot) {
  NestRequest *request = &asked->request;
  asked->first = -1;
  for (int k = 0, numbers = 0; k < request->kernel->param_count; k++) {
    JitNestParamKind kind = (JitNestParamKind)request->kernel->params[k].kind;
    if (kind == JIT_NEST_ORDER) asked->param[request->params++] = (LogScalar){{.i = order}, QL_I64};
    if (kind != JIT_NEST_SCALAR) continue;
    if (numbers++ == first) asked->first = request->params;
    QlDtype dtype = (QlDtype)slot[0].i;
    asked->param[request->params++] = (LogScalar){jit_slot_read(dtype, &slot[1]), dtype};
    slot += 2;
  }
}

/* ---- pieces ---- */

/* The pieces along a dimension: they begin at the cuts. */
typedef struct Cuts {
  int count;
  int64_t at[CUTS + 1]; /* and end there */
} Cuts;

static bool add_cut(Cuts *cuts, int64_t at) {
  int k = cuts->count;
  for (int j = 0; j < cuts->count; j++)
    if (cuts->at[j] == at) return true;
  if (k == CUTS) return false;
  for (; k > 0 && cuts->at[k - 1] > at; k--) cuts->at[k] = cuts->at[k - 1];
  cuts->at[k] = at, cuts->count++;
  return true;
}

/* Around the end of the axis how often, at that position? */
static int64_t turns_at(const AxisSpan *span, int64_t modulo, int64_t position) {
  int64_t at = span->step * position + span->lo;
  return at >= 0 ? at / modulo : -((modulo - 1 - at) / modulo);
}

/* Where it goes around the end; false: too often. */
static bool cut_where_it_wraps(const AxisSpan *span, int64_t modulo, int64_t extent, Cuts *cuts) {
  for (int64_t position = 0; position < extent;) {
    int64_t turns = turns_at(span, modulo, position), edge = turns + (span->step > 0);
    int64_t at = edge * modulo; /* the first index beyond, or the last one before */
    int64_t next = span->step > 0 ? at - span->lo : span->lo - at + 1;
    if (!add_cut(cuts, position)) return false;
    position = next;
  }
  return true;
}

/* False: a dimension would be cut too often. */
static bool find_cuts(Asked *asked, Cuts *cuts) {
  for (int d = 0; d < asked->request.ndim; d++) cuts[d] = (Cuts){.count = 1};
  bool few = true;
  for (int w = 0; w < asked->wraps; w++) {
    const NestOperand *operand = &asked->operand[asked->wrap[w].operand];
    const AxisSpan *span = &operand->spans[asked->wrap[w].axis];
    few = few && cut_where_it_wraps(span, operand->array->shape[asked->wrap[w].axis],
                                    asked->extent[span->dim], &cuts[span->dim]);
  }
  for (int d = 0; d < asked->request.ndim; d++) cuts[d].at[cuts[d].count] = asked->extent[d];
  return few;
}

/* The box of the domain, as a nest of its own. */
static QlStatus record_piece(QlContext *ctx, const Asked *asked, const Box *box, QlError *error) {
  NestOperand operand[NEST_OPERANDS];
  LogScalar param[NEST_PARAMS];
  int64_t extent[QL_MAX_DIMS];
  NestRequest request = asked->request;
  request.operand = operand, request.param = param, request.extent = extent;
  memcpy(operand, asked->operand, (size_t)request.operands * sizeof *operand);
  memcpy(param, asked->param, (size_t)request.params * sizeof *param);
  for (int d = 0; d < request.ndim; d++) {
    extent[d] = box->hi[d] - box->lo[d];
    param[asked->first + d].value.i += box->lo[d];
  }
  for (int w = 0; w < asked->wraps; w++) {
    const Wrap *wrap = &asked->wrap[w];
    AxisSpan *span = &operand[wrap->operand].spans[wrap->axis];
    int64_t modulo = operand[wrap->operand].array->shape[wrap->axis];
    int64_t by = modulo * turns_at(span, modulo, box->lo[span->dim]);
    span->lo -= by, span->hi -= by;
  }
  for (int k = 0; k < request.operands; k++)
    for (int a = 0; a < operand[k].array->ndim; a++) {
      AxisSpan *span = &operand[k].spans[a];
      int64_t by = span->dim < 0 ? 0 : span->step * box->lo[span->dim];
      span->lo += by, span->hi += by;
    }
  return rt_nest(ctx, &request, error);
}

/* All of the domain at once: what wraps is anything. That must do before pieces are recorded, since
 * one of them may store what another reads, in another order than the program's. */
static QlStatus record_pieces(QlContext *ctx, Asked *asked, bool *recorded, QlError *error) {
  Cuts cuts[QL_MAX_DIMS];
  NestOperand operand[NEST_OPERANDS];
  NestRequest whole = asked->request;
  int at[QL_MAX_DIMS] = {0}, ndim = asked->request.ndim;
  whole.operand = memcpy(operand, asked->operand, (size_t)whole.operands * sizeof *operand);
  for (int w = 0; w < asked->wraps; w++) {
    NestOperand *wrapped = &operand[asked->wrap[w].operand];
    int axis = asked->wrap[w].axis;
    wrapped->spans[axis] = (AxisSpan){.hi = wrapped->array->shape[axis] - 1, .dim = -1};
  }
  if (!find_cuts(asked, cuts)) {
    QL_TRY(rt_nest(ctx, &whole, error));
    *recorded = true;
    return QL_OK;
  }
  JitNestForm form;
  QL_TRY(rt_nest_check(ctx, &whole, &form, error));
  for (int d = 0; d >= 0;) {
    Box box;
    for (d = 0; d < ndim; d++) box.lo[d] = cuts[d].at[at[d]], box.hi[d] = cuts[d].at[at[d] + 1];
    QL_TRY(record_piece(ctx, asked, &box, error));
    *recorded = true;
    for (d = ndim - 1; d >= 0 && ++at[d] == cuts[d].count; d--) at[d] = 0;
  }
  return QL_OK;
}

/* ---- the nest ---- */

QlStatus compiled_nest(QlContext *ctx, QlCompiledInside *inside, int64_t order,
                       const QlValue *slots, bool *recorded, QlError *error) {
  Asked asked = {.first = -1};
  NestRequest *request = &asked.request;
  const QlValue *slot = slots + 1;
  const JitNest *nest = &inside->lowered.nests[slot->i];
  request->form = nest->form, request->along = nest->along;
  request->operand = asked.operand, request->param = asked.param, request->extent = asked.extent;
  QL_TRY(kernel_of(ctx, inside, (int)slot++->i, &request->kernel, error));
  request->ndim = (int)slot++->i;
  for (int d = 0; d < request->ndim; d++) {
    asked.extent[d] = slot++->i;
    if (asked.extent[d] <= 0) return QL_OK;
  }
  request->operands = (int)slot++->i;
  asked.first = nest->first;
  for (int k = 0; k < request->operands; k++) slot = read_operand(ctx, &asked, k, slot);
  read_params(&asked, order, nest->first, slot + 1);
  if (asked.wraps) return record_pieces(ctx, &asked, recorded, error);
  QL_TRY(rt_nest(ctx, request, error));
  *recorded = true;
  return QL_OK;
}
