/* Elements by their numbers: target[p] = source[..., i[p], ..., j[p], ...].
 *
 *     y = x[:, index]     x (3, 50)   index (20)   y (3, 20)
 *
 *     domain (3, 20)      source   offset of x[0, 0], moves by (50, 0)
 *                         index    moves by (0, 1); scalars: a step of it in the source is 1
 *                                  element, and there are 50
 *
 * The source is seen over the domain as if all indices were 0; each index array adds its element
 * times its step. Negative indices count from the end. All indices have been found to be within
 * their axes before the statement is recorded: that is a look at values, which can fail. */
#include "runtime.h"

#include <string.h>

enum { TARGET, SOURCE, FIRST_INDEX };
enum { MOST_INDICES = QL_MAX_DIMS };

typedef struct Index {
  const char *at; /* where the element of the line's first point lies, */
  int64_t stride; /* and those of the next ones, in bytes */
  int64_t step;   /* in the source, in bytes, */
  int64_t extent; /* of that axis */
} Index;

static inline int64_t offset_by(const Index *index, int64_t k) {
  int64_t i;
  memcpy(&i, index->at + k * index->stride, sizeof i);
  return (i < 0 ? i + index->extent : i) * index->step;
}

/* A line of the domain: elements of `item` bytes. */
static inline void take_line(int64_t count, size_t item, char *to, int64_t to_stride,
                             const char *from, int64_t from_stride, const Index *index,
                             int indices) {
  for (int64_t k = 0; k < count; k++) {
    const char *at = from + k * from_stride;
    for (int j = 0; j < indices; j++) at += offset_by(&index[j], k);
    memcpy(to + k * to_stride, at, item);
  }
}

/* Where no index moves along the line: a stretch of the source, or one element again and again. */
static void copy_line(int64_t count, size_t item, char *to, int64_t to_stride, const char *from,
                      int64_t from_stride) {
  if (to_stride == (int64_t)item && from_stride == (int64_t)item)
    memcpy(to, from, (size_t)count * item);
  else
    for (int64_t k = 0; k < count; k++) memcpy(to + k * to_stride, from + k * from_stride, item);
}

static void line(int64_t count, size_t item, char *to, int64_t to_stride, const char *from,
                 int64_t from_stride, const Index *index, int indices) {
  bool moves = false;
  for (int j = 0; j < indices; j++) moves |= index[j].stride != 0;
  if (!moves) {
    for (int j = 0; j < indices; j++) from += offset_by(&index[j], 0);
    copy_line(count, item, to, to_stride, from, from_stride);
    return;
  }
#define TAKE(bytes, known) take_line(count, bytes, to, to_stride, from, from_stride, index, known)
  switch (indices == 1 ? (int)item : 0) { /* what is met most, with constants for both */
    case 1: TAKE(1, 1); break;
    case 2: TAKE(2, 1); break;
    case 4: TAKE(4, 1); break;
    case 8: TAKE(8, 1); break;
    case 16: TAKE(16, 1); break;
    default: TAKE(item, indices); break;
  }
#undef TAKE
}

/* Of an operand's element at a point, from its base. */
static int64_t offset_of(const JitCall *call, int rank, int operand, const int64_t *at) {
  int64_t offset = 0;
  for (int r = 0; r < rank; r++) offset += at[r] * call->stride[operand * rank + r];
  return offset;
}

void run_take(const RoutineShape *shape, const JitCall *call) {
  int rank = shape->rank, last = rank - 1, indices = shape->operands - FIRST_INDEX;
  size_t item = ql_dtype_info[shape->dtype].size;
  Index index[MOST_INDICES];
  int64_t at[QL_MAX_DIMS];
  for (int r = 0; r < rank; r++)
    if (call->hi[r] <= call->lo[r]) return;
  memcpy(at, call->lo, (size_t)rank * sizeof *at);
  for (;;) {
    for (int j = 0; j < indices; j++)
      index[j] =
          (Index){.at = call->base[FIRST_INDEX + j] + offset_of(call, rank, FIRST_INDEX + j, at),
                  .stride = call->stride[(FIRST_INDEX + j) * rank + last],
                  .step = call->param[2 * j].i * (int64_t)item,
                  .extent = call->param[2 * j + 1].i};
    line(call->hi[last] - call->lo[last], item,
         call->base[TARGET] + offset_of(call, rank, TARGET, at), call->stride[last],
         call->base[SOURCE] + offset_of(call, rank, SOURCE, at), call->stride[rank + last], index,
         indices);
    int r = last - 1;
    for (; r >= 0 && ++at[r] == call->hi[r]; r--) at[r] = call->lo[r];
    if (r < 0) return;
  }
}

/* Where the elements are that would be taken: their numbers in the source's storage. Scalars,
 * behind those of the indices: the number at point 0, and a step along each axis. */
void run_places(const RoutineShape *shape, const JitCall *call) {
  int rank = shape->rank, last = rank - 1, indices = shape->operands - 1;
  const QlValue *begin = call->param + 2 * indices, *step = begin + 1;
  Index index[MOST_INDICES];
  int64_t at[QL_MAX_DIMS];
  for (int r = 0; r < rank; r++)
    if (call->hi[r] <= call->lo[r]) return;
  memcpy(at, call->lo, (size_t)rank * sizeof *at);
  for (;;) {
    int64_t place = begin->i;
    char *to = call->base[TARGET] + offset_of(call, rank, TARGET, at);
    for (int r = 0; r < rank; r++) place += at[r] * step[r].i;
    for (int j = 0; j < indices; j++)
      index[j] = (Index){.at = call->base[1 + j] + offset_of(call, rank, 1 + j, at),
                         .stride = call->stride[(1 + j) * rank + last],
                         .step = call->param[2 * j].i,
                         .extent = call->param[2 * j + 1].i};
    for (int64_t k = 0; k < call->hi[last] - call->lo[last]; k++) {
      int64_t here = place + k * step[last].i;
      for (int j = 0; j < indices; j++) here += offset_by(&index[j], k);
      memcpy(to + k * call->stride[last], &here, sizeof here);
    }
    int r = last - 1;
    for (; r >= 0 && ++at[r] == call->hi[r]; r--) at[r] = call->lo[r];
    if (r < 0) return;
  }
}

/* ---- recording ---- */

/* Between nodes all of so small a source is brought to each, and kept; of a larger one the elements
 * that are taken, each time. */
enum { BROUGHT = 1 << 20, UNDER_STRICT = 1024 };

static bool is_fetched(const QlArray *source) {
  const Storage *storage = source->storage;
  return source->context->info->node_count > 1 && storage->size > BROUGHT && !rt_is_own(storage);
}

/* The shape of the result: the source's axes that no index selects from, and those of the indices
 * before number `place` of these. */
static QlStatus shape_of_result(const QlTake *take, int *ndim, int64_t *shape, int64_t *strides,
                                QlError *error) {
  const QlArray *source = take->source;
  *ndim = 0;
  for (int a = 0, kept = 0; a <= source->ndim; a++) {
    if (kept == take->place)
      for (int b = 0; b < take->index[0]->ndim; b++) {
        if (*ndim == QL_MAX_DIMS) return ql_fail(error, QL_ERR_VALUE, "too many dimensions");
        shape[*ndim] = take->index[0]->shape[b], strides[(*ndim)++] = 0;
      }
    while (a < source->ndim && take->selected >> a & 1) a++;
    kept++;
    if (a >= source->ndim) continue;
    if (*ndim == QL_MAX_DIMS) return ql_fail(error, QL_ERR_VALUE, "too many dimensions");
    shape[*ndim] = source->shape[a], strides[(*ndim)++] = source->strides[a];
  }
  return QL_OK;
}

static RequestOperand integer(int64_t value) {
  return request_scalar(QL_I64, (QlValue){.i = value});
}

/* Taking, or finding the places. */
static QlStatus record(QlContext *ctx, Routine routine, const QlTake *take, const QlArray *made,
                       const int64_t *strides, QlError *error) {
  RequestOperand operand[FIRST_INDEX + 3 * MOST_INDICES + 1 + QL_MAX_DIMS];
  int64_t moves[MOST_INDICES][QL_MAX_DIMS] = {{0}};
  int count = 0;
  operand[count++] = request_array(LOG_WRITE, made, made->ndim, made->strides);
  if (routine == ROUTINE_TAKE)
    operand[count++] = request_array(LOG_READ, take->source, made->ndim, strides);
  for (int k = 0; k < take->count; k++) {
    const QlArray *index = take->index[k];
    memcpy(moves[k] + take->place, index->strides, index->ndim * sizeof *index->strides);
    operand[count++] = request_array(LOG_READ, index, made->ndim, moves[k]);
  }
  for (int a = 0; a < take->source->ndim; a++) {
    if (!(take->selected >> a & 1)) continue;
    operand[count++] = integer(take->source->strides[a]);
    operand[count++] = integer(take->source->shape[a]);
  }
  if (routine == ROUTINE_PLACES) operand[count++] = integer(take->source->offset);
  for (int r = 0; r < made->ndim && routine == ROUTINE_PLACES; r++)
    operand[count++] = integer(strides[r]);
  return rt_call(ctx, routine, made, count, operand, error);
}

/* By messages of its own: the places are computed, and what is asked for is fetched at once. */
static QlStatus fetch(QlContext *ctx, const QlTake *take, int ndim, const int64_t *shape,
                      const int64_t *strides, QlArray **made, QlError *error) {
  QL_ERROR(local);
  QlArray *places = NULL;
  int64_t size = shape_volume(ndim, shape);
  if (!error) error = &local;
  if (ctx->strict && size > UNDER_STRICT)
    return ql_fail(error, QL_ERR_REFUSED,
                   "this takes %lld elements of an array that lies on several nodes (a "
                   "redistribution), which quelea.config.strict forbids beyond %d",
                   (long long)size, UNDER_STRICT);
  QL_TRY(rt_array_new(ctx, QL_I64, ndim, shape, &places, error));
  rt_log_fresh(ctx, places);
  QlStatus status = record(ctx, ROUTINE_PLACES, take, places, strides, error);
  QlDtype dtype = (QlDtype)take->source->dtype;
  if (!status) status = ql_astype(ctx, places, dtype, QL_ORDER_C, made, error); /* beside them */
  if (!status) status = ql_settle(*made, error);
  if (!status) status = ql_settle(take->source, error);
  if (!status) status = rt_fetch(ctx, take->source, places, *made, error);
  ql_release(places);
  return status;
}

static QlStatus check(const QlContext *ctx, const QlTake *take, QlError *error) {
  QL_TRY(rt_check_input(ctx, take->source, error));
  if (take->count != __builtin_popcount(take->selected) || take->count < 1 ||
      take->selected >> take->source->ndim || take->place > take->source->ndim - take->count ||
      take->index[0]->ndim == 0)
    return ql_fail(error, QL_ERR_VALUE, "an index array for each axis that is selected from");
  for (int k = 0; k < take->count; k++) {
    QL_TRY(rt_check_input(ctx, take->index[k], error));
    if (take->index[k]->dtype != QL_I64 || take->index[k]->ndim != take->index[0]->ndim ||
        memcmp(take->index[k]->shape, take->index[0]->shape,
               take->index[0]->ndim * sizeof(int64_t)))
      return ql_fail(error, QL_ERR_VALUE, "index arrays of one shape, of int64");
  }
  return QL_OK;
}

/* What shows parts or bits of other elements as a copy; else itself. */
static QlStatus whole_of(QlContext *ctx, QlArray *array, QlArray **whole, QlError *error) {
  if (array->part) return ql_astype(ctx, array, (QlDtype)array->dtype, QL_ORDER_C, whole, error);
  ql_retain(*whole = array);
  return QL_OK;
}

QlStatus ql_take(QlContext *ctx, const QlTake *take, QlArray **result, QlError *error) {
  int ndim;
  int64_t shape[QL_MAX_DIMS], strides[QL_MAX_DIMS] = {0};
  QlArray *source = NULL, *made = NULL, *index[QL_MAX_DIMS] = {NULL};
  QlTake from = *take;
  QL_TRY(rt_log_due(ctx, error));
  QL_TRY(check(ctx, take, error));
  QlStatus status = whole_of(ctx, take->source, &source, error);
  for (int k = 0; k < take->count && !status; k++)
    status = whole_of(ctx, take->index[k], &index[k], error);
  from.source = source, from.index = index;
  if (!status) status = shape_of_result(&from, &ndim, shape, strides, error);
  if (!status && is_fetched(from.source) && shape_volume(ndim, shape)) {
    status = fetch(ctx, &from, ndim, shape, strides, &made, error);
  } else if (!status) {
    status = rt_array_new(ctx, (QlDtype)from.source->dtype, ndim, shape, &made, error);
    if (!status) rt_log_fresh(ctx, made);
    if (!status && made->size) status = record(ctx, ROUTINE_TAKE, &from, made, strides, error);
  }
  ql_release(source);
  for (int k = 0; k < take->count; k++) ql_release(index[k]);
  if (status)
    ql_release(made);
  else
    *result = made;
  return status;
}
