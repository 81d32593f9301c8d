/* Runs of sort elements: sorted, split and merged, for each form by the same text (run.h). */
#include "sorting.h"
#include "order.h"

#include <string.h>

typedef OrderPair More;
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
#undef ASCENDS

static void sort_i32(int32_t *x, int64_t count) {
  if (!ascends_i32(x, count)) order_32(x, (size_t)count);
}

static void sort_i64(int64_t *x, int64_t count) {
  if (!ascends_i64(x, count)) order_64(x, (size_t)count);
}

/* Keys with indices, of which none is there twice: so that the order is a stable one. */
static bool is_in_order(const OrderPair *a, const OrderPair *b) {
  return a->key < b->key || (a->key == b->key && a->more < b->more);
}

/* Which bits of a run's pairs differ: [low, high) of the keys, [0, more) of what is beside them. */
typedef struct Differ {
  int low, high, more;
} Differ;

static Differ differ(const OrderPair *x, int64_t count) {
  uint64_t keys = 0, mores = 0;
  for (int64_t k = 1; k < count; k++) keys |= x[k].key ^ x[0].key, mores |= x[k].more ^ x[0].more;
  return (Differ){keys ? __builtin_ctzll(keys) : 0, keys ? 64 - __builtin_clzll(keys) : 0,
                  mores ? 64 - __builtin_clzll(mores) : 0};
}

/* Pairs whose bits that differ are a number of 63 bits at most, as most integers' and as floats of
 * few values: such numbers are sorted in the first half of the pairs' memory. */
static void sort_narrow_pairs(OrderPair *x, int64_t count, const Differ *d) {
  const uint64_t keys = (1ull << (d->high - d->low)) - 1, mores = (1ull << d->more) - 1;
  const OrderPair same = {x[0].more & ~mores, x[0].key & ~(keys << d->low)};
  char *words = (char *)x;
  for (int64_t k = 0; k < count; k++) {
    uint64_t word = (x[k].key >> d->low & keys) << d->more | (x[k].more & mores);
    memcpy(words + k * (int64_t)sizeof word, &word, sizeof word);
  }
  sort_i64((int64_t *)(void *)x, count);
  for (int64_t k = count - 1; k >= 0; k--) {
    uint64_t word;
    memcpy(&word, words + k * (int64_t)sizeof word, sizeof word);
    OrderPair pair = {same.more | (word & mores), same.key | word >> d->more << d->low};
    memcpy(words + k * (int64_t)sizeof pair, &pair, sizeof pair);
  }
}

static void sort_pairs(OrderPair *x, int64_t count) {
  int64_t k = 1;
  while (k < count && is_in_order(&x[k - 1], &x[k])) k++;
  if (k >= count) return;
  Differ d = differ(x, count);
  if (d.high - d.low + d.more < 64)
    sort_narrow_pairs(x, count, &d);
  else
    order_pairs(x, (size_t)count);
}

#define MERGE(type, name)                                                                        \
  static void merge_keys_##name(const SortRun *a, const SortRun *b, char *to) {                  \
    order_merge_##name((const type *)(const void *)a->at, (size_t)a->count,                      \
                       (const type *)(const void *)b->at, (size_t)b->count, (type *)(void *)to); \
  }
MERGE(int32_t, i32)
MERGE(int64_t, i64)
#undef MERGE

/* Floats are sorted as integers that ascend as they do, with NaN, which is one, last: Highway 1.0.3
 * leaves floats out of order that differ by less than an epsilon from the largest, where that is
 * most of them. They are merged as they are; of zeros the negative ones come first. */
#define FLOATS(type, integer, name, as_name, INFINITE, NAN_BITS)                      \
  static inline uint64_t key_##name(type x) {                                         \
    const integer top = (integer)1 << (8 * sizeof(integer) - 1);                      \
    integer bits;                                                                     \
    memcpy(&bits, &x, sizeof bits);                                                   \
    return bits & top ? (integer)~bits : bits | top;                                  \
  }                                                                                   \
  static void fill_##name(type *x, int64_t count, integer bits) {                     \
    for (int64_t k = 0; k < count; k++) memcpy(x + k, &bits, sizeof bits);            \
  }                                                                                   \
  static void sign_zeros_##name(type *x, int64_t count, int64_t negative) {           \
    int64_t low = 0, high = count;                                                    \
    while (negative && low < high) {                                                  \
      int64_t middle = low + (high - low) / 2;                                        \
      if (x[middle] < 0)                                                              \
        low = middle + 1;                                                             \
      else                                                                            \
        high = middle;                                                                \
    }                                                                                 \
    for (int64_t k = low; negative && k < count && x[k] == 0; k++)                    \
      x[k] = (type)(k < low + negative ? -0.0 : 0.0);                                 \
  }                                                                                   \
  static void sort_##name(type *x, int64_t count) {                                   \
    const integer top = (integer)1 << (8 * sizeof(integer) - 1);                      \
    integer bits;                                                                     \
    for (int64_t k = 0; k < count; k++) {                                             \
      memcpy(&bits, x + k, sizeof bits);                                              \
      bits = (bits & ~top) > INFINITE ? NAN_BITS : bits;                              \
      bits ^= bits & top ? (integer)~top : 0;                                         \
      memcpy(x + k, &bits, sizeof bits);                                              \
    }                                                                                 \
    sort_##as_name((void *)x, count);                                                 \
    for (int64_t k = 0; k < count; k++) {                                             \
      memcpy(&bits, x + k, sizeof bits);                                              \
      bits ^= bits & top ? (integer)~top : 0;                                         \
      memcpy(x + k, &bits, sizeof bits);                                              \
    }                                                                                 \
  }                                                                                   \
  static int64_t below_##name(const SortRun *run, SortKey key);                       \
  static void merge_keys_##name(const SortRun *a, const SortRun *b, char *to) {       \
    const integer top = (integer)1 << (8 * sizeof(integer) - 1);                      \
    int64_t x = below_##name(a, top | NAN_BITS), y = below_##name(b, top | NAN_BITS), \
            all = a->count + b->count,                                                \
            negative_zeros = below_##name(a, top) - below_##name(a, top - 1) +        \
                             below_##name(b, top) - below_##name(b, top - 1);         \
    type *made = (type *)(void *)to;                                                  \
    order_merge_##name((const type *)(const void *)a->at, (size_t)x,                  \
                       (const type *)(const void *)b->at, (size_t)y, made);           \
    fill_##name(made + x + y, all - x - y, NAN_BITS);                                 \
    sign_zeros_##name(made, x + y, negative_zeros);                                   \
  }
FLOATS(float, uint32_t, f32, i32, 0x7f800000u, 0x7fc00000u)
FLOATS(double, uint64_t, f64, i64, 0x7ff0000000000000u, 0x7ff8000000000000u)
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
#define MERGE_KEYS merge_keys_i32
#define NAME(x) x##_32
#include "run.h"
#define ELEMENT int64_t
#define KEY uint64_t
#define KEY_OF(x) ((uint64_t)(x) ^ SORT_TOP_64)
#define HIGHEST(x) (63 - __builtin_clzll(x))
#define SORT_KEYS sort_i64
#define MERGE_KEYS merge_keys_i64
#define NAME(x) x##_64
#include "run.h"
#define ELEMENT float
#define KEY uint64_t
#define KEY_OF(x) key_f32(x)
#define SORT_KEYS sort_f32
#define MERGE_KEYS merge_keys_f32
#define NAME(x) x##_f32
#include "run.h"
#define ELEMENT double
#define KEY uint64_t
#define KEY_OF(x) key_f64(x)
#define SORT_KEYS sort_f64
#define MERGE_KEYS merge_keys_f64
#define NAME(x) x##_f64
#include "run.h"
#define ELEMENT More
#define KEY uint64_t
#define KEY_OF(x) ((x).key)
#define SORT_KEYS sort_pairs
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
  SortKey (*key)(const char *element);
  int64_t (*below)(const SortRun *run, SortKey key);
  void (*merge)(const SortRun *a, const SortRun *b, char *to);
} Functions;

#define FUNCTIONS(name) {run_##name, key_of_##name, below_##name, merge_##name}
static const Functions functions[SORT_FORMS] = {
    [SORT_8] = FUNCTIONS(8),
    [SORT_16] = FUNCTIONS(16),
    [SORT_32] = FUNCTIONS(32),
    [SORT_64] = FUNCTIONS(64),
    [SORT_F32] = FUNCTIONS(f32),
    [SORT_F64] = FUNCTIONS(f64),
    [SORT_64_MORE] = FUNCTIONS(64_more),
    [SORT_128_MORE] = FUNCTIONS(128_more),
};
#undef FUNCTIONS

/* One element, too: of floats it may be a NaN like others, which keys take for the one that sorting
 * makes of them. */
void sort_run(SortForm form, char *elements, char *scratch, int64_t count) {
  if (count > 0) functions[form].run(elements, scratch, count);
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

/* ---- many runs: the next elements of all of them, as many as a cache holds, two by two ---- */

enum { CHUNK_BYTES = 1 << 17, LEAST_OF_RUN = 64 /* elements */ };

static int64_t chunk_of(SortForm form, int count) {
  return QL_MAX(CHUNK_BYTES / sort_forms[form].bytes, (int64_t)LEAST_OF_RUN * count);
}

int64_t sort_merge_scratch(SortForm form, int count) {
  return count * (int64_t)sizeof(SortRun) + 3 * chunk_of(form, count) * sort_forms[form].bytes;
}

static SortRun take(SortForm form, SortRun *run, int64_t count) {
  SortRun taken = {run->at, count};
  run->at += count * sort_forms[form].bytes, run->count -= count;
  return taken;
}

/* The first elements of all that are left, at most `most` of each run. The run whose element behind
 * them is the lowest is the one that gives so many: of the others come those that belong before. */
static int next_chunk(SortForm form, int count, SortRun *runs, int64_t most, SortRun *piece) {
  int first = -1, pieces = 0;
  SortKey last = 0;
  for (int r = 0; r < count; r++) {
    if (runs[r].count <= most) continue;
    SortKey key = functions[form].key(runs[r].at + (most - 1) * sort_forms[form].bytes);
    if (first < 0 || key < last) first = r, last = key;
  }
  for (int r = 0; r < count; r++) {
    int64_t some = r == first ? most : runs[r].count;
    if (first >= 0 && r != first) {
      SortRun near = {runs[r].at, QL_MIN(some, most)};
      some = functions[form].below(&near, last + (r < first));
    }
    if (some) piece[pieces++] = take(form, &runs[r], some);
  }
  return pieces;
}

/* Pieces into one, by way of two memories in turns. */
static char *merge_pieces(SortForm form, int count, SortRun *piece, char *scratch, int64_t bytes,
                          char *to) {
  for (bool second = false; count > 2; second = !second) {
    char *out = scratch + (second ? bytes : 0);
    for (int k = 0; k < count; k += 2) {
      SortRun made = {out, piece[k].count};
      if (k + 1 < count) {
        made.count += piece[k + 1].count;
        functions[form].merge(&piece[k], &piece[k + 1], out);
      } else {
        memcpy(out, piece[k].at, (size_t)(made.count * sort_forms[form].bytes));
      }
      out += made.count * sort_forms[form].bytes, piece[k / 2] = made;
    }
    count = (count + 1) / 2;
  }
  SortRun none = {piece[0].at, 0}, *other = count > 1 ? &piece[1] : &none;
  functions[form].merge(&piece[0], other, to);
  return to + (piece[0].count + other->count) * sort_forms[form].bytes;
}

/* The next elements, at most so many of each run; gives the end of what is merged. */
static char *merge_next(SortForm form, int count, SortRun *runs, int64_t most, char *scratch,
                        char *to) {
  SortRun *piece = (SortRun *)(void *)scratch;
  int some = next_chunk(form, count, runs, most, piece);
  return merge_pieces(form, some, piece, (char *)(piece + count),
                      chunk_of(form, count) * sort_forms[form].bytes, to);
}

static int runs_left(int count, const SortRun *runs, int64_t *left) {
  int some = 0;
  *left = 0;
  for (int r = 0; r < count; r++) some += runs[r].count > 0, *left += runs[r].count;
  return some;
}

const char *sort_merge_some(SortForm form, int count, SortRun *runs, char *scratch, int64_t *made) {
  int64_t left, chunk = chunk_of(form, count), bytes = sort_forms[form].bytes;
  int some = runs_left(count, runs, &left);
  char *to = scratch + sort_merge_scratch(form, count) - chunk * bytes;
  *made = 0;
  if (!left) return to;
  *made = (merge_next(form, count, runs, chunk / some, scratch, to) - to) / bytes;
  return to;
}

void sort_merge(SortForm form, int count, SortRun *runs, char *scratch, char *to) {
  int64_t left, chunk = chunk_of(form, count);
  int some = runs_left(count, runs, &left);
  for (const char *end = to + left * sort_forms[form].bytes; to < end;)
    to = merge_next(form, count, runs, some > 2 ? chunk / some : left, scratch, to);
}
