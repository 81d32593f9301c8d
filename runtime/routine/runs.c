/* Runs of sort elements: sorted, split and merged, for each form by the same text (run.h). */
#include "sorting.h"
#include "order.h"

#include <string.h>

typedef struct More {
  uint64_t key, more;
} More;
typedef struct MoreWide {
  uint64_t low, high, more;
} MoreWide;

/* ---- keys alone: vectors sort ---- */

/* Does none come behind a higher one? Most runs tell soon. */
#define ASCENDS(type, name)                                                              \
  static bool ascends_##name(const type *x, int64_t count) {                             \
    enum { SOME = 1024 };                                                                \
    bool ascends = true;                                                                 \
    for (int64_t k = 1; k < count && ascends; k += SOME)                                 \
      for (int64_t i = k; i < QL_MIN(k + SOME, count); i++) ascends &= x[i - 1] <= x[i]; \
    return ascends;                                                                      \
  }
ASCENDS(int32_t, i32)
ASCENDS(int64_t, i64)
ASCENDS(float, f32)
ASCENDS(double, f64)
#undef ASCENDS

static void sort_i32(int32_t *x, int64_t count) {
  if (!ascends_i32(x, count)) order_32(x, (size_t)count);
}

static void sort_i64(int64_t *x, int64_t count) {
  if (!ascends_i64(x, count)) order_64(x, (size_t)count);
}

/* Floats. Vectors sort the finite ones, to which zeros are equal; of zeros the negative ones come
 * first. Infinities and NaN, which is one, are counted. (Some versions of Highway store the largest
 * number where infinity was.) */
#define FLOATS(type, integer, name, INFINITE, NAN_BITS)                                      \
  static inline uint64_t key_##name(type x) {                                                \
    const integer top = (integer)1 << (8 * sizeof(integer) - 1);                             \
    integer bits;                                                                            \
    memcpy(&bits, &x, sizeof bits);                                                          \
    return bits & top ? (integer)~bits : bits | top;                                         \
  }                                                                                          \
  static void fill_##name(type *x, int64_t count, integer bits) {                            \
    for (int64_t k = 0; k < count; k++) memcpy(x + k, &bits, sizeof bits);                   \
  }                                                                                          \
  static void sort_finite_##name(type *x, int64_t count, int64_t negative_zeros) {           \
    int64_t low = 0, high = count;                                                           \
    if (!ascends_##name(x, count)) order_##name(x, (size_t)count);                           \
    while (negative_zeros && low < high) {                                                   \
      int64_t middle = low + (high - low) / 2;                                               \
      if (x[middle] < 0)                                                                     \
        low = middle + 1;                                                                    \
      else                                                                                   \
        high = middle;                                                                       \
    }                                                                                        \
    for (int64_t k = low; negative_zeros && k < count && x[k] == 0; k++)                     \
      x[k] = (type)(k < low + negative_zeros ? -0.0 : 0.0);                                  \
  }                                                                                          \
  static void sort_##name(type *x, int64_t count) {                                          \
    const integer top = (integer)1 << (8 * sizeof(integer) - 1);                             \
    integer bits, strange = 0;                                                               \
    int64_t finite = 0, zeros = 0, lowest = 0, highest = 0;                                  \
    for (int64_t k = 0; k < count; k++) {                                                    \
      memcpy(&bits, x + k, sizeof bits);                                                     \
      strange |= (integer)((bits & ~top) >= INFINITE) | (integer)(bits == top);              \
    }                                                                                        \
    if (!strange) {                                                                          \
      sort_finite_##name(x, count, 0);                                                       \
      return;                                                                                \
    }                                                                                        \
    for (int64_t k = 0; k < count; k++) {                                                    \
      memcpy(&bits, x + k, sizeof bits);                                                     \
      zeros += bits == top, lowest += bits == (top | INFINITE), highest += bits == INFINITE; \
      if ((bits & ~top) < INFINITE) memmove(x + finite++, x + k, sizeof bits);               \
    }                                                                                        \
    sort_finite_##name(x, finite, zeros);                                                    \
    memmove(x + lowest, x, (size_t)finite * sizeof *x);                                      \
    fill_##name(x, lowest, top | INFINITE);                                                  \
    fill_##name(x + lowest + finite, highest, INFINITE);                                     \
    fill_##name(x + lowest + finite + highest, count - lowest - finite - highest, NAN_BITS); \
  }
FLOATS(float, uint32_t, f32, 0x7f800000u, 0x7fc00000u)
FLOATS(double, uint64_t, f64, 0x7ff0000000000000u, 0x7ff8000000000000u)
#undef FLOATS

/* ---- runs of each form ---- */

#define ELEMENT uint8_t
#define KEY uint64_t
#define KEY_OF(x) (x)
#define HIGHEST(x) (63 - __builtin_clzll(x))
#define NAME(x) x##_8
#include "run.h"
#define ELEMENT uint16_t
#define KEY uint64_t
#define KEY_OF(x) (x)
#define HIGHEST(x) (63 - __builtin_clzll(x))
#define NAME(x) x##_16
#include "run.h"
#define ELEMENT int32_t
#define KEY uint64_t
#define KEY_OF(x) ((uint32_t)(x) ^ SORT_TOP_32)
#define HIGHEST(x) (63 - __builtin_clzll(x))
#define SORT_KEYS sort_i32
#define NAME(x) x##_32
#include "run.h"
#define ELEMENT int64_t
#define KEY uint64_t
#define KEY_OF(x) ((uint64_t)(x) ^ SORT_TOP_64)
#define HIGHEST(x) (63 - __builtin_clzll(x))
#define SORT_KEYS sort_i64
#define NAME(x) x##_64
#include "run.h"
#define ELEMENT float
#define KEY uint64_t
#define KEY_OF(x) key_f32(x)
#define SORT_KEYS sort_f32
#define NAME(x) x##_f32
#include "run.h"
#define ELEMENT double
#define KEY uint64_t
#define KEY_OF(x) key_f64(x)
#define SORT_KEYS sort_f64
#define NAME(x) x##_f64
#include "run.h"
#define ELEMENT More
#define KEY uint64_t
#define KEY_OF(x) ((x).key)
#define HIGHEST(x) (63 - __builtin_clzll(x))
#define NAME(x) x##_64_more
#include "run.h"
#define ELEMENT MoreWide
#define KEY SortKey
#define KEY_OF(x) ((SortKey)(x).high << 64 | (x).low)
#define HIGHEST(x)                                                    \
  ((x) >> 64 ? 127 - __builtin_clzll((unsigned long long)((x) >> 64)) \
             : 63 - __builtin_clzll((unsigned long long)(x)))
#define NAME(x) x##_128_more
#include "run.h"

typedef struct Functions {
  void (*run)(char *elements, char *scratch, int64_t count);
  int64_t (*below)(const SortRun *run, SortKey key);
  void (*merge)(int count, SortRun *runs, int *heap, char *to);
} Functions;

static const Functions functions[SORT_FORMS] = {
    [SORT_8] = {run_8, below_8, merge_8},
    [SORT_16] = {run_16, below_16, merge_16},
    [SORT_32] = {run_32, below_32, merge_32},
    [SORT_64] = {run_64, below_64, merge_64},
    [SORT_F32] = {run_f32, below_f32, merge_f32},
    [SORT_F64] = {run_f64, below_f64, merge_f64},
    [SORT_64_MORE] = {run_64_more, below_64_more, merge_64_more},
    [SORT_128_MORE] = {run_128_more, below_128_more, merge_128_more},
};

void sort_run(SortForm form, char *elements, char *scratch, int64_t count) {
  if (count > 1) functions[form].run(elements, scratch, count);
}

int64_t sort_below(SortForm form, const SortRun *run, SortKey key) {
  return functions[form].below(run, key);
}

/* The key at that position, bit by bit; then the elements below it, and of those equal to it as
 * many as are wanted, from the first runs on. */
void sort_split(SortForm form, int count, const SortRun *runs, int64_t position, int64_t *split) {
  int64_t all = 0, left = position;
  for (int r = 0; r < count; r++) all += runs[r].count;
  for (int r = 0; r < count; r++) split[r] = position ? runs[r].count : 0;
  if (position == 0 || position == all) return;
  SortKey key = 0;
  for (int bit = sort_forms[form].key_bits - 1; bit >= 0; bit--) {
    SortKey higher = key | (SortKey)1 << bit;
    int64_t below = 0;
    for (int r = 0; r < count; r++) below += functions[form].below(&runs[r], higher);
    if (below <= position) key = higher;
  }
  for (int r = 0; r < count; r++) left -= split[r] = functions[form].below(&runs[r], key);
  for (int r = 0; r < count && left; r++) {
    SortRun rest = {runs[r].at + split[r] * sort_forms[form].bytes, runs[r].count - split[r]};
    int64_t equal = functions[form].below(&rest, key + 1);
    if (equal > left) equal = left;
    split[r] += equal, left -= equal;
  }
}

void sort_merge(SortForm form, int count, SortRun *runs, int *heap, char *to) {
  functions[form].merge(count, runs, heap, to);
}
