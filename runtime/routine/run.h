/* Runs of one form; included once for each, by runs.c:
 *
 *     ELEMENT, KEY       types; KEY is unsigned
 *     KEY_OF(element)    its key
 *     HIGHEST(key)       the number of its highest bit that is set
 *     NAME(word)         a name of this form's own
 *     SORT_KEYS          a function that sorts keys in place; only where elements are nothing else
 *     MERGE_KEYS         one that merges two runs of them; only with SORT_KEYS
 *
 * What is in order already is not sorted. Else SORT_KEYS sorts; where there is none, digits do,
 * from the highest bit in which keys differ: as many buckets as the cache and the elements allow,
 * each of which is sorted in the same way, back into the memory that its elements came from. All of
 * it is stable. */

#ifdef SORT_KEYS
static void NAME(run)(char *elements, char *scratch, int64_t count) {
  (void)scratch;
  SORT_KEYS((ELEMENT *)(void *)elements, count);
}
#else
/* One by one into other memory, or the same. */
static void NAME(insert)(const ELEMENT *from, ELEMENT *to, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    ELEMENT x = from[i];
    int64_t j = i;
    for (; j > 0 && KEY_OF(x) < KEY_OF(to[j - 1]); j--) to[j] = to[j - 1];
    to[j] = x;
  }
}

#ifndef QUELEA_RUN_H_ONCE
#define QUELEA_RUN_H_ONCE
/* Measured: fewer elements are inserted one by one; so many bytes lie in a cache, where a digit may
 * have more bits; there are to be no more buckets than elements. */
enum { RUN_FEW = 16, RUN_CACHED = 1 << 20, RUN_BITS = 10, RUN_BITS_CACHED = 13 };
static inline int run_digit(int64_t count, int64_t bytes, int high) {
  int most = bytes > RUN_CACHED ? RUN_BITS : RUN_BITS_CACHED,
      bits = 63 - __builtin_clzll((unsigned long long)count);
  bits = bits < most ? bits : most;
  return bits < high ? bits : high;
}
#endif

static void NAME(digits)(ELEMENT *from, ELEMENT *other, int64_t count, bool stays);

/* Buckets in `other`, of which each has ended where the next one begins: sorted there, or back into
 * `from`. Those of few elements that are neighbours are one stretch, in which none moves far. */
static void NAME(buckets)(ELEMENT *from, ELEMENT *other, const int64_t *at, size_t buckets,
                          bool stays) {
  ELEMENT *to = stays ? from : other;
  int64_t begin = 0, start = 0; /* of the stretch, of the bucket */
  for (size_t b = 0; b < buckets; start = at[b++]) {
    if (at[b] - start <= RUN_FEW) continue;
    NAME(insert)(other + begin, to + begin, start - begin);
    NAME(digits)(other + start, from + start, at[b] - start, !stays);
    begin = at[b];
  }
  NAME(insert)(other + begin, to + begin, start - begin);
}

/* Sorts `from`: there, or into the other memory, which is free. */
static void NAME(digits)(ELEMENT *from, ELEMENT *other, int64_t count, bool stays) {
  KEY first = KEY_OF(from[0]), before = first, differ = 0;
  bool sorted = true;
  if (count <= RUN_FEW) {
    NAME(insert)(from, stays ? from : other, count);
    return;
  }
  for (int64_t k = 1; k < count; k++) {
    KEY key = KEY_OF(from[k]);
    differ |= key ^ first, sorted &= before <= key, before = key;
  }
  if (sorted) {
    if (!stays) memcpy(other, from, (size_t)count * sizeof *from);
    return;
  }
  int high = HIGHEST(differ) + 1, bits = run_digit(count, count * (int64_t)sizeof(ELEMENT), high),
      shift = high - bits;
  size_t buckets = (size_t)1 << bits, mask = buckets - 1;
  int64_t at[buckets], sum = 0;
  memset(at, 0, sizeof at);
  for (int64_t k = 0; k < count; k++) at[(size_t)(KEY_OF(from[k]) >> shift) & mask]++;
  for (size_t b = 0; b < buckets; b++) {
    int64_t here = at[b];
    at[b] = sum, sum += here;
  }
  for (int64_t k = 0; k < count; k++)
    other[at[(size_t)(KEY_OF(from[k]) >> shift) & mask]++] = from[k];
  if (shift) NAME(buckets)(from, other, at, buckets, stays);
  if (!shift && stays) memcpy(from, other, (size_t)count * sizeof *from);
}

static void NAME(run)(char *elements, char *scratch, int64_t count) {
  NAME(digits)((ELEMENT *)(void *)elements, (ELEMENT *)(void *)scratch, count, true);
}
#endif

static SortKey NAME(key_of)(const char *element) {
  return KEY_OF(*(const ELEMENT *)(const void *)element);
}

static int64_t NAME(below)(const SortRun *run, SortKey key) {
  const ELEMENT *at = (const ELEMENT *)(const void *)run->at;
  int64_t low = 0, high = run->count;
  while (low < high) {
    int64_t middle = low + (high - low) / 2;
    if (KEY_OF(at[middle]) < key)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

#ifdef MERGE_KEYS
static void NAME(merge)(const SortRun *a, const SortRun *b, char *to) { MERGE_KEYS(a, b, to); }
#else
/* From both ends, as long as neither run can end on the way: two chains of steps, of which each
 * waits for what it has compared. */
static void NAME(merge)(const SortRun *a, const SortRun *b, char *to) {
  enum { FEW = 16 };
  const ELEMENT *x = (const ELEMENT *)(const void *)a->at, *x_end = x + a->count,
                *y = (const ELEMENT *)(const void *)b->at, *y_end = y + b->count;
  ELEMENT *out = (ELEMENT *)(void *)to, *out_end = out + a->count + b->count;
  for (int64_t steps; (steps = QL_MIN(x_end - x, y_end - y) / 2) >= FEW;) {
    while (steps--) {
      bool second = KEY_OF(*y) < KEY_OF(*x), first = KEY_OF(y_end[-1]) < KEY_OF(x_end[-1]);
      const ELEMENT *low = second ? y : x, *high = first ? x_end : y_end; /* without a branch */
      *out++ = *low, *--out_end = high[-1];
      y += second, x += !second;
      x_end -= first, y_end -= !first;
    }
  }
  while (x < x_end && y < y_end) {
    bool second = KEY_OF(*y) < KEY_OF(*x);
    *out++ = second ? *y : *x;
    y += second, x += !second;
  }
  memcpy(out, x, (size_t)(x_end - x) * sizeof *x), out += x_end - x;
  memcpy(out, y, (size_t)(y_end - y) * sizeof *y);
}
#endif

#undef ELEMENT
#undef MERGE_KEYS
#undef KEY
#undef KEY_OF
#undef HIGHEST
#undef NAME
#undef SORT_KEYS
