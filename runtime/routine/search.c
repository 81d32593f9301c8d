/* Where elements belong in a sorted array: bisection, by each point for itself.
 *
 *     sorted  1 2 2 5     wanted  2   before equal elements: 1, behind them: 3
 *
 * Elements compare as sorting does (sorting.h), so NaN belongs behind all others. */
#include "runtime.h"
#include "sorting.h"

#include <string.h>

enum { GIVEN_DTYPE, GIVEN_STEP, GIVEN_SIZE, GIVEN_BEHIND }; /* a step between sorted elements */
enum { TARGET, SORTED, WANTED };

/* A loop for each dtype that is met most: there the compiler knows it. */
static inline void search_line(QlDtype dtype, const JitCall *call, int64_t count, char *to,
                               int64_t to_stride, const char *from, int64_t from_stride) {
  const char *sorted = call->base[SORTED];
  int64_t step = call->param[GIVEN_STEP].i * (int64_t)ql_dtype_info[dtype].size,
          size = call->param[GIVEN_SIZE].i;
  bool behind = call->param[GIVEN_BEHIND].i;
  for (int64_t k = 0; k < count; k++) {
    SortKey wanted = sort_key(dtype, from + k * from_stride);
    int64_t low = 0, high = size;
    while (low < high) {
      int64_t middle = low + (high - low) / 2;
      SortKey key = sort_key(dtype, sorted + middle * step);
      bool further = behind ? key <= wanted : key < wanted;
      low = further ? middle + 1 : low, high = further ? high : middle;
    }
    memcpy(to + k * to_stride, &low, sizeof low);
  }
}

static int64_t offset_of(const JitCall *call, int rank, int operand, const int64_t *at) {
  int64_t offset = 0;
  for (int r = 0; r < rank; r++) offset += at[r] * call->stride[operand * rank + r];
  return offset;
}

void run_search(const RoutineShape *shape, const JitCall *call) {
  int rank = shape->rank, last = rank - 1;
  QlDtype dtype = (QlDtype)call->param[GIVEN_DTYPE].i;
  int64_t at[QL_MAX_DIMS], count = call->hi[last] - call->lo[last];
  for (int r = 0; r < rank; r++)
    if (call->hi[r] <= call->lo[r]) return;
  memcpy(at, call->lo, (size_t)rank * sizeof *at);
  for (;;) {
    search_line(dtype, call, count, call->base[TARGET] + offset_of(call, rank, TARGET, at),
                call->stride[last], call->base[WANTED] + offset_of(call, rank, WANTED, at),
                call->stride[WANTED * rank + last]);
    int r = last - 1;
    for (; r >= 0 && ++at[r] == call->hi[r]; r--) at[r] = call->lo[r];
    if (r < 0) return;
  }
}

/* ---- recording ---- */

static RequestOperand integer(int64_t value) {
  return request_scalar(QL_I64, (QlValue){.i = value});
}

static QlStatus record(QlContext *ctx, QlArray *sorted, QlArray *wanted, bool behind,
                       QlArray **places, QlError *error) {
  static const int64_t still[QL_MAX_DIMS] = {0};
  QlArray *made;
  QL_TRY(rt_array_new(ctx, QL_I64, wanted->ndim, wanted->shape, &made, error));
  rt_log_fresh(ctx, made);
  RequestOperand operand[] = {
      request_array(LOG_WRITE, made, made->ndim, made->strides),
      request_array(LOG_READ, sorted, made->ndim, still),
      request_array(LOG_READ, wanted, made->ndim, wanted->strides),
      integer(sorted->dtype),
      integer(sorted->strides[0]),
      integer(sorted->size),
      integer(behind),
  };
  QlStatus status = QL_OK;
  if (made->size)
    status =
        rt_call(ctx, ROUTINE_SEARCH, made, (int)(sizeof operand / sizeof *operand), operand, error);
  if (status)
    ql_release(made);
  else
    *places = made;
  return status;
}

/* The parts of complex elements lie apart, in elements that are read whole. */
static QlStatus whole_of(QlContext *ctx, QlArray *array, QlArray **whole, QlError *error) {
  if (array->part) return ql_astype(ctx, array, (QlDtype)array->dtype, QL_ORDER_C, whole, error);
  ql_retain(*whole = array);
  return QL_OK;
}

QlStatus ql_search(QlContext *ctx, QlArray *sorted, QlArray *wanted, bool behind, QlArray **places,
                   QlError *error) {
  QlArray *in = NULL, *of = NULL;
  QL_TRY(rt_log_due(ctx, error));
  QL_TRY(rt_check_input(ctx, sorted, error));
  QL_TRY(rt_check_input(ctx, wanted, error));
  if (sorted->ndim != 1 || wanted->ndim < 1 || sorted->dtype != wanted->dtype)
    return ql_fail(error, QL_ERR_VALUE, "a sorted array of one axis, and elements of its dtype");
  QlStatus status = whole_of(ctx, sorted, &in, error);
  if (!status) status = whole_of(ctx, wanted, &of, error);
  if (!status) status = record(ctx, in, of, behind, places, error);
  ql_release(in), ql_release(of);
  return status;
}
