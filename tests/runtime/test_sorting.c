/* Sorting in memory, for each form of elements: runs against qsort, splits and merges against one
 * run of all; and keys, which ascend as elements do. */
#include "../check.h"
#include "routine/sorting.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 70000, RUNS = 9 };

typedef struct Wide {
  uint64_t low, high, more;
} Wide;

static uint64_t state = 88172645463325252u;
static uint64_t chance(void) {
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return state;
}

static int bytes_of; /* of an element that qsort compares */

static SortKey key_of(const void *element) {
  uint64_t words[3] = {0};
  memcpy(words, element, (size_t)QL_MIN(bytes_of, 16));
  if (bytes_of == 4) return words[0] ^ SORT_TOP_32;
  if (bytes_of == 8) return words[0] ^ SORT_TOP_64;
  if (bytes_of == 16) return words[1];
  if (bytes_of == 24) return (SortKey)words[1] << 64 | words[0];
  return words[0];
}

static uint64_t number_of(const void *element) {
  uint64_t number = 0;
  if (bytes_of == 16) memcpy(&number, element, sizeof number);
  if (bytes_of == 24) memcpy(&number, (const char *)element + 16, sizeof number);
  return number;
}

static int compare(const void *a, const void *b) {
  SortKey x = key_of(a), y = key_of(b);
  if (x != y) return x < y ? -1 : 1;
  return number_of(a) < number_of(b) ? -1 : number_of(a) > number_of(b);
}

/* Keys of so many bits, some of them all alike; what is beside them counts. */
static void fill(char *elements, int64_t count, int bits) {
  for (int64_t k = 0; k < count; k++) {
    Wide wide = {chance() >> (64 - bits), bits % 2 ? chance() & 1 : 0, (uint64_t)k};
    uint64_t pair[2] = {(uint64_t)k, wide.low};
    char *at = elements + k * bytes_of;
    if (bytes_of == 16)
      memcpy(at, pair, sizeof pair);
    else
      memcpy(at, &wide, (size_t)bytes_of);
  }
}

/* As so many workers sort, and four merge. */
static void sort_in_runs(SortForm form, int runs, char *elements, char *scratch, char *merged,
                         int64_t count) {
  int64_t begin[RUNS] = {0}, end[RUNS], item = sort_forms[form].bytes;
  SortRun run[RUNS], part[RUNS];
  char *memory = malloc((size_t)sort_merge_scratch(form, runs));
  for (int r = 0; r < runs; r++) {
    int64_t from = count * r / runs, behind = count * (r + 1) / runs;
    run[r] = (SortRun){elements + from * item, behind - from};
    sort_run(form, elements + from * item, scratch, behind - from);
  }
  for (int p = 0; p < 4; p++) {
    int64_t from = count * p / 4, behind = count * (p + 1) / 4, all = 0;
    sort_split(form, runs, run, from, begin);
    sort_split(form, runs, run, behind, end);
    for (int r = 0; r < runs; r++) {
      part[r] = (SortRun){run[r].at + begin[r] * item, end[r] - begin[r]};
      all += end[r] - begin[r];
    }
    CHECK_INT_EQ(all, behind - from);
    if (p % 2) {
      sort_merge(form, runs, part, memory, merged + from * item);
      continue;
    }
    for (int64_t some = 1; some; from += some) {
      const char *next = sort_merge_some(form, runs, part, memory, &some);
      memcpy(merged + from * item, next, (size_t)(some * item));
    }
    CHECK_INT_EQ(from, behind);
  }
  free(memory);
}

static void each(SortForm form, int64_t count, int bits) {
  static char elements[MOST * 24], scratch[MOST * 24], want[MOST * 24], merged[MOST * 24];
  bytes_of = sort_forms[form].bytes;
  size_t bytes = (size_t)(count * bytes_of);
  fill(elements, count, bits);
  memcpy(want, elements, bytes), qsort(want, (size_t)count, (size_t)bytes_of, compare);
  sort_in_runs(form, bits % 2 ? 2 : 5, elements, scratch, merged, count);
  CHECK(!memcmp(merged, want, bytes));
  sort_run(form, merged, scratch, count);
  CHECK(!memcmp(merged, want, bytes));
  fill(elements, count, bits);
  memcpy(want, elements, bytes), qsort(want, (size_t)count, (size_t)bytes_of, compare);
  sort_run(form, elements, scratch, count);
  CHECK(!memcmp(elements, want, bytes));
}

static void runs(void) {
  static const int64_t counts[] = {1, 2, 47, 49, 200, 5000, MOST};
  static const int bits[] = {1, 4, 7, 20, 33, 64};
  for (int form = 0; form < SORT_FORMS; form++)
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
      for (size_t b = 0; b < sizeof bits / sizeof *bits && form != SORT_F32 && form != SORT_F64;
           b++)
        each((SortForm)form, counts[c], bits[b]);
}

static void keys_ascend(void) {
  static const double order[] = {-INFINITY, -2.5, -0.0, 0.0, 1e-310, 1.0, INFINITY, NAN};
  static const uint16_t halves[] = {0xfc00, 0xc100, 0x8000, 0, 1, 0x3c00, 0x7c00, 0x7e00};
  enum { COUNT = sizeof order / sizeof *order };
  uint16_t keys[COUNT], back[COUNT];
  sort_encode(QL_F16, false, (const char *)halves, sizeof *halves, COUNT, 0, (char *)keys);
  for (int k = 1; k < COUNT; k++) CHECK(keys[k - 1] < keys[k]);
  sort_decode(QL_F16, false, (const char *)keys, COUNT, (char *)back, NULL);
  CHECK(!memcmp(back, halves, sizeof back));
  for (int k = 1; k < COUNT; k++) {
    SortKey before = sort_key(QL_F64, (const char *)&order[k - 1]),
            here = sort_key(QL_F64, (const char *)&order[k]);
    CHECK(order[k] == order[k - 1] ? before == here : before < here);
  }
  double minus = -NAN;
  CHECK(sort_key(QL_F64, (const char *)&minus) == sort_key(QL_F64, (const char *)&order[7]));
}

/* As NumPy orders complex numbers; zeros and NaN come back as they were. */
static void complex_keys_ascend(void) {
  static const double order[][2] = {{-1, 5},       {-0.0, 1},     {0.0, 2},  {2, -0.0},
                                    {2, INFINITY}, {INFINITY, 3}, {-3, NAN}, {4, NAN},
                                    {NAN, -7},     {NAN, 0.0},    {NAN, NAN}};
  enum { COUNT = sizeof order / sizeof *order };
  Wide elements[COUNT];
  double back[COUNT][2];
  int64_t index[COUNT];
  for (int k = 1; k < COUNT; k++)
    CHECK(sort_key(QL_C128, (const char *)order[k - 1]) <
          sort_key(QL_C128, (const char *)order[k]));
  sort_encode(QL_C128, true, (const char *)order, sizeof *order, COUNT, 40, (char *)elements);
  sort_decode(QL_C128, true, (const char *)elements, COUNT, (char *)back, index);
  for (int k = 0; k < COUNT; k++) {
    CHECK_INT_EQ(index[k], 40 + k);
    for (int part = 0; part < 2; part++)
      CHECK(isnan(order[k][part]) ? isnan(back[k][part])
                                  : !memcmp(&order[k][part], &back[k][part], sizeof(double)));
  }
}

static int compare_numbers(double x, double y) {
  if (isnan(x) || isnan(y)) return isnan(x) - isnan(y);
  return x != y ? (x < y ? -1 : 1) : !!signbit(y) - !!signbit(x);
}
static int compare_f64(const void *a, const void *b) {
  return compare_numbers(*(const double *)a, *(const double *)b);
}
static int compare_f32(const void *a, const void *b) {
  return compare_numbers(*(const float *)a, *(const float *)b);
}

/* All NaN are one, when they are sorted. */
static void one_nan(QlDtype dtype, char *x, int64_t count) {
  for (int64_t k = 0; k < count; k++) {
    if (dtype == QL_F32 && isnan(((float *)(void *)x)[k])) ((float *)(void *)x)[k] = NAN;
    if (dtype == QL_F64 && isnan(((double *)(void *)x)[k])) ((double *)(void *)x)[k] = NAN;
  }
}

/* In the order of their keys, whatever of what is no plain number is among them. */
static void floats(void) {
  static const double of[] = {-INFINITY, -DBL_MAX, -FLT_MAX, -1,      -1e-310,  -0.0, 0.0,
                              1e-310,    1,        FLT_MAX,  DBL_MAX, INFINITY, NAN,  -NAN};
  enum { KINDS = sizeof of / sizeof *of, COUNTS = 90 };
  static _Alignas(8) char x[MOST * 8], want[MOST * 8], in_runs[MOST * 8], merged[MOST * 8];
  for (int trial = 0; trial < 4 * COUNTS; trial++) {
    int64_t count = trial < 3 * COUNTS ? trial % COUNTS : trial < 4 * COUNTS - 8 ? 5000 : MOST;
    QlDtype dtype = trial % 2 ? QL_F32 : QL_F64;
    uint64_t kinds = trial % 3 ? chance() : 0; /* which occur */
    size_t size = ql_dtype_info[dtype].size;
    SortForm form = sort_form(dtype, false);
    for (int64_t k = 0; k < count; k++) {
      uint64_t kind = chance() % KINDS;
      double value = kinds >> kind & 1 ? of[kind] : (double)(chance() >> 50) - 9000;
      float narrow = (float)value;
      memcpy(x + (size_t)k * size, size == 4 ? (void *)&narrow : (void *)&value, size);
    }
    memcpy(want, x, (size_t)count * size);
    qsort(want, (size_t)count, size, size == 4 ? compare_f32 : compare_f64);
    one_nan(dtype, want, count);
    memcpy(in_runs, x, (size_t)count * size);
    sort_run(form, x, NULL, count);
    CHECK(!memcmp(x, want, (size_t)count * size));
    sort_in_runs(form, 1 + trial / 2 % RUNS, in_runs, NULL, merged, count);
    CHECK(!memcmp(merged, want, (size_t)count * size));
  }
}

CHECK_MAIN(CHECK_TEST(runs), CHECK_TEST(floats), CHECK_TEST(keys_ascend),
           CHECK_TEST(complex_keys_ascend))
