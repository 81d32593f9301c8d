/* Where a mask is true: first how often, chunk by chunk, which the program looks at; then the
 * places.
 *
 *     mask    T F F T | F F T T | T          chunks of 4
 *     count   2         2         1
 *     starts  0         2         4   5      of which the program has made this
 *     place   0 3       6 7       8
 *
 * A worker that fills some of the places finds the chunk of its first one among the starts. Where
 * elements are stored through a mask, one for each truth, a worker goes through its part of the
 * mask and finds the first of its values in the same way. */
#include "runtime.h"

#include <string.h>

enum { GIVEN_STEP, GIVEN_CHUNK, GIVEN_SIZE }; /* the mask's step in bytes is that in elements */
enum { TARGET, MASK, STARTS };

/* ---- eight at a time ---- */

enum { WORD = 8 };

/* The highest bit of each byte that is not zero. */
static inline uint64_t truths_of(const char *mask) {
  const uint64_t low = 0x7f7f7f7f7f7f7f7f;
  uint64_t word;
  memcpy(&word, mask, sizeof word);
  return (((word & low) + low) | word) & ~low;
}

/* The sum of a word's bytes. */
static inline int64_t sum_of(uint64_t word) {
  const uint64_t even = 0x00ff00ff00ff00ff;
  return (int64_t)((((word & even) + (word >> 8 & even)) * 0x0001000100010001) >> 48);
}

static int64_t count_of(const char *mask, int64_t step, int64_t size) {
  enum { MOST = 255 }; /* that a byte can count */
  int64_t count = 0, i = 0;
  while (step == 1 && i + WORD <= size) {
    uint64_t counts = 0;
    int64_t words = QL_MIN((size - i) / WORD, MOST);
    for (int64_t w = 0; w < words; w++) counts += truths_of(mask + i + w * WORD) >> 7;
    count += sum_of(counts), i += words * WORD;
  }
  for (; i < size; i++) count += mask[i * step] != 0;
  return count;
}

void run_count(const RoutineShape *shape, const JitCall *call) {
  int64_t step = call->param[GIVEN_STEP].i, chunk = call->param[GIVEN_CHUNK].i;
  (void)shape;
  for (int64_t k = call->lo[0]; k < call->hi[0]; k++) {
    int64_t begin = k * chunk, end = QL_MIN(begin + chunk, call->param[GIVEN_SIZE].i),
            count = count_of(call->base[MASK] + begin * step, step, end - begin);
    memcpy(call->base[TARGET] + k * call->stride[0], &count, sizeof count);
  }
}

static int64_t start_of(const JitCall *call, int64_t chunk) {
  int64_t start;
  memcpy(&start, call->base[STARTS] + chunk * (int64_t)sizeof start, sizeof start);
  return start;
}

/* The last chunk that starts at or before that place. */
static int64_t chunk_of(const JitCall *call, int64_t chunks, int64_t place) {
  int64_t low = 0, high = chunks;
  while (high - low > 1) {
    int64_t middle = low + (high - low) / 2;
    *(start_of(call, middle) <= place ? &low : &high) = middle;
  }
  return low;
}

/* Where the places go. */
typedef struct Places {
  char *to;
  int64_t stride, left;
} Places;

static inline void put(Places *places, int64_t place) {
  memcpy(places->to, &place, sizeof place);
  places->to += places->stride, places->left--;
}

/* Those of a chunk, but for the first ones. */
static void put_chunk(Places *places, const char *mask, int64_t step, int64_t begin, int64_t end,
                      int64_t passed) {
  int64_t i = begin;
  while (i < end && places->left) {
    if (step == 1 && i + WORD <= end) {
      uint64_t truths = truths_of(mask + i);
      for (; truths && passed > 0; passed--) truths &= truths - 1;
      for (; truths && places->left; truths &= truths - 1)
        put(places, i + __builtin_ctzll(truths) / WORD);
      i += WORD;
    } else {
      if (mask[i * step] && passed-- <= 0) put(places, i);
      i++;
    }
  }
}

void run_chosen(const RoutineShape *shape, const JitCall *call) {
  int64_t step = call->param[GIVEN_STEP].i, chunk = call->param[GIVEN_CHUNK].i,
          size = call->param[GIVEN_SIZE].i, first = call->lo[0], count = call->hi[0] - first;
  Places places = {call->base[TARGET] + first * call->stride[0], call->stride[0], count};
  (void)shape;
  if (count <= 0) return;
  int64_t c = chunk_of(call, (size + chunk - 1) / chunk, first), passed = first - start_of(call, c);
  for (; places.left && c * chunk < size; c++, passed = 0)
    if (start_of(call, c) != start_of(call, c + 1))
      put_chunk(&places, call->base[MASK], step, c * chunk, QL_MIN((c + 1) * chunk, size), passed);
}

/* ---- one value for each truth ---- */

enum { VALUES = STARTS + 1, GIVEN_VALUE_STEP = GIVEN_SIZE + 1 };

/* How often the mask is true before that place. */
static int64_t truths_before(const JitCall *call, int64_t place) {
  int64_t step = call->param[GIVEN_STEP].i, chunk = call->param[GIVEN_CHUNK].i, c = place / chunk,
          begin = c * chunk;
  return start_of(call, c) + count_of(call->base[MASK] + begin * step, step, place - begin);
}

/* A line of the target: from the next value on. Gives how many it took. Every element is stored,
 * for nobody can foresee a branch. */
static inline int64_t spread_line(int64_t count, size_t item, char *to, int64_t to_stride,
                                  const char *mask, int64_t step, const char *from,
                                  int64_t from_stride) {
  int64_t taken = 0;
  for (int64_t k = 0; k < count; k++) {
    bool is_true = mask[k * step] != 0;
    char element[16], *here = to + k * to_stride;
    memcpy(element, is_true ? from + taken * from_stride : here, item);
    memcpy(here, element, item);
    taken += is_true;
  }
  return taken;
}

void run_spread(const RoutineShape *shape, const JitCall *call) {
  int rank = shape->rank, last = rank - 1;
  size_t item = ql_dtype_info[shape->dtype].size;
  int64_t step = call->param[GIVEN_STEP].i, at[QL_MAX_DIMS],
          count = call->hi[last] - call->lo[last],
          value_stride = call->param[GIVEN_VALUE_STEP].i * (int64_t)item, expected = -1, number = 0;
  for (int r = 0; r < rank; r++)
    if (call->hi[r] <= call->lo[r]) return;
  memcpy(at, call->lo, (size_t)rank * sizeof *at);
  for (;;) {
    int64_t place = 0, offset = 0;
    for (int r = 0; r < rank; r++)
      place = place * shape->extent[r] + at[r], offset += at[r] * call->stride[r];
    if (place != expected) number = truths_before(call, place);
    char *to = call->base[TARGET] + offset;
    const char *from = call->base[VALUES] + number * value_stride,
               *mask = call->base[MASK] + place * step;
#define SPREAD(bytes) \
  number += spread_line(count, bytes, to, call->stride[last], mask, step, from, value_stride)
    switch (item) {
      case 1: SPREAD(1); break;
      case 2: SPREAD(2); break;
      case 4: SPREAD(4); break;
      case 8: SPREAD(8); break;
      default: SPREAD(16); break;
    }
#undef SPREAD
    expected = place + count;
    int r = last - 1;
    for (; r >= 0 && ++at[r] == call->hi[r]; r--) at[r] = call->lo[r];
    if (r < 0) return;
  }
}

/* ---- recording ---- */

static QlStatus check(const QlContext *ctx, const QlArray *mask, int64_t chunk, QlError *error) {
  QL_TRY(rt_check_input(ctx, mask, error));
  if (mask->ndim == 1 && mask->dtype == QL_BOOL && chunk > 0) return QL_OK;
  return ql_fail(error, QL_ERR_VALUE, "a mask has one axis, and chunks have elements");
}

/* A new array of int64, by a routine of the mask, whose operand moves so, and, if there are some,
 * the starts. */
static QlStatus call_with(QlContext *ctx, Routine routine, int64_t size, const QlArray *mask,
                          int64_t along, QlArray *starts, int64_t chunk, QlArray **result,
                          QlError *error) {
  static const int64_t still = 0;
  QlArray *made;
  QL_TRY(rt_array_new(ctx, QL_I64, 1, &size, &made, error));
  rt_log_fresh(ctx, made);
  RequestOperand operand[6];
  int count = 0;
  operand[count++] = request_array(LOG_WRITE, made, 1, made->strides);
  operand[count++] = request_array(LOG_READ, mask, 1, &along);
  if (starts) operand[count++] = request_array(LOG_READ, starts, 1, &still);
  operand[count++] = request_scalar(QL_I64, (QlValue){.i = mask->strides[0]});
  operand[count++] = request_scalar(QL_I64, (QlValue){.i = chunk});
  operand[count++] = request_scalar(QL_I64, (QlValue){.i = mask->size});
  QlStatus status = size ? rt_call(ctx, routine, made, count, operand, error) : QL_OK;
  if (status)
    ql_release(made);
  else
    *result = made;
  return status;
}

QlStatus ql_count_true(QlContext *ctx, QlArray *mask, int64_t chunk, QlArray **counts,
                       QlError *error) {
  QlArray *line;
  QL_TRY(rt_log_due(ctx, error));
  QL_TRY(check(ctx, mask, chunk, error));
  QL_TRY(rt_in_line(ctx, mask, QL_BOOL, &line, error));
  int64_t chunks = mask->size / chunk + (mask->size % chunk != 0);
  QlStatus status = call_with(ctx, ROUTINE_COUNT, chunks, line, chunk * line->strides[0], NULL,
                              chunk, counts, error);
  ql_release(line);
  return status;
}

static QlStatus check_starts(const QlArray *mask, int64_t chunk, const QlArray *starts,
                             QlError *error) {
  if (starts->dtype == QL_I64 && starts->ndim == 1 && !starts->offset && starts->strides[0] == 1 &&
      starts->size == mask->size / chunk + (mask->size % chunk != 0) + 1)
    return QL_OK;
  return ql_fail(error, QL_ERR_VALUE, "a start for each chunk of the mask, and the end");
}

QlStatus ql_find_true(QlContext *ctx, QlArray *mask, int64_t chunk, QlArray *starts, int64_t size,
                      QlArray **places, QlError *error) {
  QL_TRY(rt_log_due(ctx, error));
  QL_TRY(check(ctx, mask, chunk, error));
  QL_TRY(rt_check_input(ctx, starts, error));
  QL_TRY(check_starts(mask, chunk, starts, error));
  QlArray *whole = NULL;
  if (mask->part) QL_TRY(ql_astype(ctx, mask, QL_BOOL, QL_ORDER_C, &whole, error));
  QlStatus status =
      call_with(ctx, ROUTINE_CHOSEN, size, whole ? whole : mask, 0, starts, chunk, places, error);
  ql_release(whole);
  return status;
}

static QlStatus check_spread(const QlContext *ctx, const QlSpread *spread, QlError *error) {
  const QlArray *target = spread->target, *values = spread->values;
  QL_TRY(check(ctx, spread->mask, spread->chunk, error));
  QL_TRY(rt_check_input(ctx, target, error));
  QL_TRY(rt_check_input(ctx, spread->starts, error));
  QL_TRY(rt_check_input(ctx, values, error));
  QL_TRY(check_starts(spread->mask, spread->chunk, spread->starts, error));
  if (target->readonly) return ql_fail(error, QL_ERR_VALUE, "assignment destination is read-only");
  if (target->ndim && spread->mask->size == target->size && values->ndim == 1 &&
      values->dtype == target->dtype)
    return QL_OK;
  return ql_fail(error, QL_ERR_VALUE, "a mask as large as the target, and values of its dtype");
}

static QlStatus record_spread(QlContext *ctx, const QlSpread *spread, QlError *error) {
  static const int64_t still[QL_MAX_DIMS] = {0};
  const QlArray *target = spread->target, *mask = spread->mask, *values = spread->values;
  RequestOperand operand[8];
  int count = 0;
  operand[count++] =
      request_array((LogAccess)(LOG_READ | LOG_WRITE), target, target->ndim, target->strides);
  operand[count++] = request_array(LOG_READ, mask, target->ndim, still);
  operand[count++] = request_array(LOG_READ, spread->starts, target->ndim, still);
  operand[count++] = request_array(LOG_READ, values, target->ndim, still);
  operand[count++] = request_scalar(QL_I64, (QlValue){.i = mask->strides[0]});
  operand[count++] = request_scalar(QL_I64, (QlValue){.i = spread->chunk});
  operand[count++] = request_scalar(QL_I64, (QlValue){.i = mask->size});
  operand[count++] = request_scalar(QL_I64, (QlValue){.i = values->strides[0]});
  return rt_call(ctx, ROUTINE_SPREAD, target, count, operand, error);
}

/* Would more be brought to each node than is wanted? */
static bool is_part_of_much(const QlContext *ctx, const QlArray *array) {
  return ctx->info->node_count > 1 && array->storage->size > QL_MAX(2 * array->size, 1024);
}

/* The mask and the values are read first where they are of the target's storage; parts of complex
 * elements lie apart, in elements that are read and stored whole. */
QlStatus ql_spread(QlContext *ctx, const QlSpread *spread, QlError *error) {
  QL_TRY(rt_log_due(ctx, error));
  QL_TRY(check_spread(ctx, spread, error));
  QlArray *target = spread->target, *values = spread->values;
  QlArray *whole = NULL, *mask = NULL, *copy = NULL;
  QlSpread of = *spread;
  QlStatus status = QL_OK;
  if (!target->size) return QL_OK;
  if (target->part)
    status = ql_astype(ctx, target, (QlDtype)target->dtype, QL_ORDER_C, &whole, error),
    of.target = whole;
  if (!status &&
      (of.mask->storage == target->storage || of.mask->part || is_part_of_much(ctx, of.mask)))
    status = ql_astype(ctx, of.mask, QL_BOOL, QL_ORDER_C, &mask, error), of.mask = mask;
  if (!status &&
      (values->storage == target->storage || values->part || is_part_of_much(ctx, values)))
    status = ql_astype(ctx, values, (QlDtype)values->dtype, QL_ORDER_C, &copy, error),
    of.values = copy;
  if (!status) status = record_spread(ctx, &of, error);
  if (!status && whole) status = ql_assign(ctx, target, &(QlOperand){.array = whole}, error);
  ql_release(whole), ql_release(mask), ql_release(copy);
  return status;
}
