/* Counting: how often each number occurs, and in which bin between edges numbers lie.
 *
 * Numbers are counted in chunks of so many elements, each into a row of its own, and the rows are
 * summed. A row is stored where its chunk lies. How long chunks are follows from the number of
 * elements and of bins alone, so weights are added in the same order on any ranks.
 *
 *     x      2 0 2 1 | 1 1 0 5 | 2        chunks of 4; 5 is no bin
 *     rows   1 1 2     1 2 0     0 0 1    3 bins each
 */
#include "runtime.h"

#include <string.h>

/* ---- counting ---- */

enum { TARGET, NUMBERS, WEIGHTS };
enum { GIVEN_CHUNK, GIVEN_SIZE, GIVEN_STEP, GIVEN_WEIGHT_STEP };

static void count_row(int64_t count, const char *numbers, int64_t stride, int64_t first,
                      int64_t bins, int64_t *row) {
  for (int64_t k = 0; k < count; k++) {
    int64_t bin;
    memcpy(&bin, numbers + k * stride, sizeof bin);
    if ((uint64_t)(bin - first) < (uint64_t)bins) row[bin - first]++;
  }
}

static void weigh_row(int64_t count, const char *numbers, int64_t stride, const char *weights,
                      int64_t weight_stride, int64_t first, int64_t bins, double *row) {
  for (int64_t k = 0; k < count; k++) {
    int64_t bin;
    double weight;
    memcpy(&bin, numbers + k * stride, sizeof bin);
    memcpy(&weight, weights + k * weight_stride, sizeof weight);
    if ((uint64_t)(bin - first) < (uint64_t)bins) row[bin - first] += weight;
  }
}

void run_tally(const RoutineShape *shape, const JitCall *call) {
  int64_t chunk = call->param[GIVEN_CHUNK].i, size = call->param[GIVEN_SIZE].i,
          stride = call->param[GIVEN_STEP].i * (int64_t)sizeof(int64_t),
          weight_stride = call->param[GIVEN_WEIGHT_STEP].i * (int64_t)sizeof(double),
          first = call->lo[1], bins = call->hi[1] - call->lo[1];
  if (bins <= 0) return;
  for (int64_t r = call->lo[0]; r < call->hi[0]; r++) {
    /* bins of a row lie side by side: the target is a new array */
    void *row = call->base[TARGET] + r * call->stride[0] + first * call->stride[1];
    int64_t count = QL_MIN(chunk, size - r * chunk);
    const char *numbers = call->base[NUMBERS] + r * chunk * stride;
    memset(row, 0, (size_t)bins * sizeof(int64_t));
    if (shape->dtype == QL_F64)
      weigh_row(count, numbers, stride, call->base[WEIGHTS] + r * chunk * weight_stride,
                weight_stride, first, bins, row);
    else
      count_row(count, numbers, stride, first, bins, row);
  }
}

/* ---- bins ---- */

enum { EDGES = 1, VALUES };
enum { GIVEN_DTYPE, GIVEN_BINS, GIVEN_SCALE }; /* scale: bins in 1, of bins of one width; else 0 */

/* The bin k with edge[k] <= x < edge[k + 1], of the last one also x == edge[k + 1]; -1: none. Of
 * equal edges the last one counts. */
#define BIN(name, type)                                                                         \
  static inline int64_t bin_##name(const type *edge, int64_t bins, double scale, type x) {      \
    if (!(x >= edge[0] && x <= edge[bins])) return -1;                                          \
    if (scale > 0) { /* a guess, which rounding makes a little wrong */                         \
      double guess = ((double)x - (double)edge[0]) * scale;                                     \
      int64_t k = guess < (double)bins ? (int64_t)guess : bins - 1;                             \
      while (k > 0 && x < edge[k]) k--;                                                         \
      while (k + 1 < bins && x >= edge[k + 1]) k++;                                             \
      return k;                                                                                 \
    }                                                                                           \
    int64_t k = 0;                                                                              \
    for (int64_t left = bins; left > 1; left -= left / 2)                                       \
      k += edge[k + left / 2] <= x ? left / 2 : 0;                                              \
    return k;                                                                                   \
  }                                                                                             \
  static void bins_##name(int64_t count, char *to, int64_t to_stride, const char *from,         \
                          int64_t from_stride, const void *edges, int64_t bins, double scale) { \
    for (int64_t k = 0; k < count; k++) {                                                       \
      type x;                                                                                   \
      memcpy(&x, from + k * from_stride, sizeof x);                                             \
      int64_t bin = bin_##name(edges, bins, scale, x);                                          \
      memcpy(to + k * to_stride, &bin, sizeof bin);                                             \
    }                                                                                           \
  }
BIN(f64, double)
BIN(f32, float)
BIN(i64, int64_t)

static int64_t offset_of(const JitCall *call, int rank, int operand, const int64_t *at) {
  int64_t offset = 0;
  for (int r = 0; r < rank; r++) offset += at[r] * call->stride[operand * rank + r];
  return offset;
}

void run_bins(const RoutineShape *shape, const JitCall *call) {
  int rank = shape->rank, last = rank - 1;
  QlDtype dtype = (QlDtype)call->param[GIVEN_DTYPE].i;
  int64_t bins = call->param[GIVEN_BINS].i, at[QL_MAX_DIMS];
  double scale = call->param[GIVEN_SCALE].d;
  for (int r = 0; r < rank; r++)
    if (call->hi[r] <= call->lo[r]) return;
  memcpy(at, call->lo, (size_t)rank * sizeof *at);
  for (;;) {
    char *to = call->base[TARGET] + offset_of(call, rank, TARGET, at);
    const char *from = call->base[VALUES] + offset_of(call, rank, VALUES, at);
    (dtype == QL_F64   ? bins_f64
     : dtype == QL_F32 ? bins_f32
                       : bins_i64)(call->hi[last] - call->lo[last], to, call->stride[last], from,
                                   call->stride[VALUES * rank + last], call->base[EDGES], bins,
                                   scale);
    int r = last - 1;
    for (; r >= 0 && ++at[r] == call->hi[r]; r--) at[r] = call->lo[r];
    if (r < 0) return;
  }
}

/* ---- recording ---- */

static RequestOperand integer(int64_t value) {
  return request_scalar(QL_I64, (QlValue){.i = value});
}

/* Few elements are counted one after another, as NumPy does. Of more there are rows enough to be
 * shared out, for what has few elements each rank makes for itself; and, so that summing the rows
 * costs little, 32 elements for each bin, or one where there would be less than 64 rows. */
enum { FEW_ELEMENTS = 1 << 14, SHORTEST_CHUNK = 1 << 10, ROWS = 64, PER_BIN = 32 };

static int64_t chunk_of(int64_t size, int64_t bins) {
  int64_t chunk = size <= FEW_ELEMENTS ? FEW_ELEMENTS : SHORTEST_CHUNK;
  while (chunk < size && chunk / PER_BIN < bins && (chunk < bins || chunk < size / ROWS))
    chunk *= 2;
  return chunk;
}

static QlStatus record_tally(QlContext *ctx, const QlArray *rows, const QlArray *numbers,
                             const QlArray *weights, int64_t chunk, QlError *error) {
  int64_t step = numbers->strides[0], weight_step = weights ? weights->strides[0] : 0;
  int64_t along[] = {chunk * step, 0}, weights_along[] = {chunk * weight_step, 0};
  RequestOperand operand[7];
  int count = 0;
  operand[count++] = request_array(LOG_WRITE, rows, 2, rows->strides);
  operand[count++] = request_array(LOG_READ, numbers, 2, along);
  if (weights) operand[count++] = request_array(LOG_READ, weights, 2, weights_along);
  operand[count++] = integer(chunk);
  operand[count++] = integer(numbers->size);
  operand[count++] = integer(step);
  operand[count++] = integer(weight_step);
  return rt_call(ctx, ROUTINE_TALLY, rows, count, operand, error);
}

/* Numbers, and weights or NULL, that are in line. */
static QlStatus tally(QlContext *ctx, QlArray *numbers, QlArray *weights, int64_t bins,
                      QlArray **counts, QlError *error) {
  int64_t chunk = chunk_of(numbers->size, bins),
          shape[] = {numbers->size / chunk + (numbers->size % chunk != 0), bins};
  QlArray *rows;
  QL_TRY(rt_array_new(ctx, weights ? QL_F64 : QL_I64, 2, shape, &rows, error));
  rt_log_fresh(ctx, rows);
  QlStatus status = record_tally(ctx, rows, numbers, weights, chunk, error);
  if (!status)
    status = ql_reduce(ctx, QL_REDUCE_SUM, rows, 1, false, QL_DTYPE_NONE, NULL, counts, error);
  ql_release(rows);
  return status;
}

QlStatus ql_tally(QlContext *ctx, QlArray *numbers, QlArray *weights, int64_t bins,
                  QlArray **counts, QlError *error) {
  QlArray *line = NULL, *weight_line = NULL;
  QL_TRY(rt_log_due(ctx, error));
  QL_TRY(rt_check_input(ctx, numbers, error));
  if (weights) QL_TRY(rt_check_input(ctx, weights, error));
  if (numbers->ndim != 1 || numbers->dtype != QL_I64 || !numbers->size || bins < 1 ||
      (weights && (weights->ndim != 1 || weights->size != numbers->size)))
    return ql_fail(error, QL_ERR_VALUE, "numbers of int64 along one axis, a weight for each");
  QlStatus status = rt_in_line(ctx, numbers, QL_I64, &line, error);
  if (!status && weights) status = rt_in_line(ctx, weights, QL_F64, &weight_line, error);
  if (!status) status = tally(ctx, line, weight_line, bins, counts, error);
  ql_release(line), ql_release(weight_line);
  return status;
}

static QlStatus record_bins(QlContext *ctx, const QlArray *values, const QlArray *edges,
                            double width, const QlArray *made, QlError *error) {
  static const int64_t still[QL_MAX_DIMS] = {0};
  int64_t bins = edges->size - 1;
  double scale = width > 0 ? (double)bins / width : 0;
  RequestOperand operand[] = {
      request_array(LOG_WRITE, made, made->ndim, made->strides),
      request_array(LOG_READ, edges, made->ndim, still),
      request_array(LOG_READ, values, made->ndim, values->strides),
      integer(values->dtype),
      integer(bins),
      request_scalar(QL_F64, (QlValue){.d = scale}),
  };
  return rt_call(ctx, ROUTINE_BINS, made, 6, operand, error);
}

QlStatus ql_bins(QlContext *ctx, QlArray *values, QlArray *edges, double width, QlArray **bins,
                 QlError *error) {
  QlArray *made, *whole = NULL;
  QL_TRY(rt_log_due(ctx, error));
  QL_TRY(rt_check_input(ctx, values, error));
  QL_TRY(rt_check_input(ctx, edges, error));
  QlDtype dtype = (QlDtype)values->dtype;
  if ((dtype != QL_F64 && dtype != QL_F32 && dtype != QL_I64) || edges->dtype != dtype ||
      edges->ndim != 1 || edges->size < 2 || edges->offset || edges->strides[0] != 1 ||
      edges->part || !values->ndim)
    return ql_fail(error, QL_ERR_VALUE, "edges of the values' dtype, float64, float32 or int64");
  if (values->part) QL_TRY(ql_astype(ctx, values, dtype, QL_ORDER_C, &whole, error));
  QlStatus status = rt_array_new(ctx, QL_I64, values->ndim, values->shape, &made, error);
  if (!status) {
    rt_log_fresh(ctx, made);
    if (made->size) status = record_bins(ctx, whole ? whole : values, edges, width, made, error);
    if (status)
      ql_release(made);
    else
      *bins = made;
  }
  ql_release(whole);
  return status;
}
