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
#define SORT_KEYS order_32
#define NAME(x) x##_32
#include "run.h"
#define ELEMENT int64_t
#define KEY uint64_t
#define KEY_OF(x) ((uint64_t)(x) ^ SORT_TOP_64)
#define HIGHEST(x) (63 - __builtin_clzll(x))
#define SORT_KEYS order_64
#define NAME(x) x##_64
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
