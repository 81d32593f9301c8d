/* Best elements of one dtype: best_all.h includes this with T and NAME, ORDERED (a < b), UNKNOWN
 * (is it NaN?), NO_MORE (is a <= b, as far as that is easily said?), WIDE (do C's operators have
 * it, so that vectors do too?) and FLOATS. */

typedef struct NAME(Best) {
  T value;
  int64_t place; /* -1: there is none yet */
} NAME(Best);

static inline T NAME(load)(const char *at) {
  T value;
  memcpy(&value, at, sizeof value);
  return value;
}

/* Does an element come before the best so far? */
static inline bool NAME(beats)(bool largest, T a, int64_t place, const NAME(Best) * best) {
  if (best->place < 0) return true;
  T b = best->value;
  if (largest ? ORDERED(b, a) : ORDERED(a, b)) return true; /* then neither is NaN, but for parts */
  bool a_first = UNKNOWN(a), b_first = UNKNOWN(b);
  if (a_first != b_first) return a_first;
  if (!a_first && (largest ? ORDERED(a, b) : ORDERED(b, a))) return false;
  return place < best->place;
}

static inline void NAME(consider)(bool largest, T a, int64_t place, NAME(Best) * best) {
  if (NAME(beats)(largest, a, place, best)) best->value = a, best->place = place;
}

#if WIDE
/* ---- elements one after another, in blocks ---- */

enum { NAME(BLOCK) = 128 };
typedef T NAME(V) __attribute__((vector_size(32), aligned(1), may_alias));

/* Lane by lane, of two vectors. */
#define BETTER(p, q)                                                \
  (NAME(V))(((Mask)(p) & (Mask)(largest ? (p) > (q) : (p) < (q))) | \
            ((Mask)(q) & ~(Mask)(largest ? (p) > (q) : (p) < (q))))

/* The best of a block, lane by lane, and where there are NaN. Of these it is anything. */
static inline TARGET void NAME(lanes)(bool largest, const char *at, NAME(V) * best,
                                      NAME(V) * unknown) {
  enum { VECTORS = NAME(BLOCK) * (int)sizeof(T) / 32 };
  const NAME(V) *x = (const void *)at;
  NAME(V) a = x[0], b = x[1], c = x[2], d = x[3]; /* none waits for the one before it */
  typedef __typeof__(a < b) Mask;
#if FLOATS
  Mask nan = (a != a) | (b != b) | (c != c) | (d != d);
#endif
  for (int k = 4; k < VECTORS; k += 4) {
    NAME(V) e = x[k], f = x[k + 1], g = x[k + 2], h = x[k + 3];
    a = BETTER(e, a), b = BETTER(f, b), c = BETTER(g, c), d = BETTER(h, d);
#if FLOATS
    nan |= (e != e) | (f != f) | (g != g) | (h != h);
#endif
  }
  a = BETTER(b, a), c = BETTER(d, c), *best = BETTER(c, a);
#if FLOATS
  *unknown = (NAME(V))nan;
#else
  *unknown = a - a;
#endif
}

static inline TARGET bool NAME(any)(const NAME(V) * mask) {
  uint64_t words[4];
  memcpy(words, mask, sizeof words);
  return (words[0] | words[1] | words[2] | words[3]) != 0;
}

/* The best of a block; `unknown`: there is a NaN, and then it is anything. */
static inline TARGET T NAME(block)(bool largest, const char *at, bool *unknown) {
  NAME(V) best, nan;
  NAME(lanes)(largest, at, &best, &nan);
  *unknown = NAME(any)(&nan);
  T result = best[0];
  for (int l = 1; l < 32 / (int)sizeof(T); l++)
    if (largest ? ORDERED(result, best[l]) : ORDERED(best[l], result)) result = best[l];
  return result;
}

/* Is something in the block better than that number, or NaN? */
static inline TARGET bool NAME(has_better)(bool largest, const char *at, T than) {
  NAME(V) best, nan, all = (NAME(V)){0} + than;
  NAME(lanes)(largest, at, &best, &nan);
  typedef __typeof__(best < all) Mask;
  Mask better = (Mask)nan | (largest ? best > all : best < all);
  all = (NAME(V))better;
  return NAME(any)(&all);
}
#undef BETTER

/* The first of a block that is equal to that. */
static inline TARGET int64_t NAME(find)(const char *at, T wanted) {
  int64_t i = 0;
  for (; i < NAME(BLOCK); i += 8) {
    T x[8];
    bool any = false;
    memcpy(x, at + i * (int64_t)sizeof(T), sizeof x);
    for (int k = 0; k < 8; k++) any |= x[k] == wanted;
    if (any) break;
  }
  while (NAME(load)(at + i * (int64_t)sizeof(T)) != wanted) i++;
  return i;
}

/* Whole blocks of a line; gives how many elements of it they had. */
static inline TARGET int64_t NAME(blocks)(bool largest, const char *at, int64_t count,
                                          int64_t place, int64_t places, NAME(Best) * best) {
  int64_t i = 0, found = -1;
  bool unknown = false;
  for (; i + NAME(BLOCK) <= count; i += NAME(BLOCK)) {
    if (best->place >= 0 && best->place < place + i * places && !UNKNOWN(best->value) &&
        !NAME(has_better)(largest, at + i * (int64_t)sizeof(T), best->value))
      continue;
    T value = NAME(block)(largest, at + i * (int64_t)sizeof(T), &unknown);
    if (unknown) break;
    /* Where it is within the block is known later: its first element stands for it. Of equal ones
     * in one line the first is found; one in another line may be anywhere in the block. */
    bool equal = found < 0 && value == best->value && place + i * places < best->place;
    if (equal) {
      int64_t here = place + (i + NAME(find)(at + i * (int64_t)sizeof(T), value)) * places;
      if (here < best->place) best->place = here;
    } else if (best->place < 0 ||
               (!UNKNOWN(best->value) &&
                (largest ? ORDERED(best->value, value) : ORDERED(value, best->value)))) {
      best->value = value, best->place = place + i * places, found = i;
    }
  }
  if (found >= 0)
    best->place =
        place + (found + NAME(find)(at + found * (int64_t)sizeof(T), best->value)) * places;
  return i;
}
#endif

/* ---- lines ---- */

static inline TARGET void NAME(line)(const BestJob *job, bool largest, const Place *first,
                                     int64_t count, NAME(Best) * best) {
  const Loop *loop = &job->over[job->over_count - 1];
  const char *at = first->at[job->stores];
  int64_t step = loop->step[job->stores], place = first->place, places = loop->places, i = 0;
  if (job->pairs) {
    const char *from = first->at[job->stores + 1];
    for (; i < count; i++) {
      memcpy(&place, from + i * loop->step[job->stores + 1], sizeof place);
      NAME(consider)(largest, NAME(load)(at + i * step), place, best);
    }
    return;
  }
#if WIDE
  if (step == (int64_t)sizeof(T)) i = NAME(blocks)(largest, at, count, place, places, best);
#endif
  bool is_before = best->place >= 0 && best->place < place + i * places;
  for (; i < count; i++) {
    int64_t here = place + i * places;
    T a = NAME(load)(at + i * step);
    if (is_before && (largest ? NO_MORE(a, best->value) : NO_MORE(best->value, a))) continue;
    if (is_before && UNKNOWN(best->value)) break; /* nothing is better */
    NAME(consider)(largest, a, here, best);
    is_before = best->place <= here;
  }
}

static inline void NAME(store)(const BestJob *job, char *const *at, const NAME(Best) * best) {
  memcpy(at[0], &best->place, sizeof best->place);
  if (job->stores > 1) memcpy(at[1], &best->value, sizeof best->value);
}

/* The best of a leaf, beside which there is that of those before it, `ahead`. If it is no better,
 * it is not the line's, so where in the leaf it is does not matter. */
static inline TARGET NAME(Best) NAME(leaf)(const BestJob *job, bool largest, const Place *first,
                                           int64_t count, NAME(Best) * ahead) {
  NAME(Best) best = {ahead->value, first->place};
#if WIDE
  bool known = !job->pairs && count == NAME(BLOCK) && ahead->place >= 0 &&
               job->over[0].step[job->stores] == (int64_t)sizeof(T);
  if (known &&
      (UNKNOWN(ahead->value) || !NAME(has_better)(largest, first->at[job->stores], ahead->value)))
    return best;
#endif
  best.place = -1;
  NAME(line)(job, largest, first, count, &best);
  if (NAME(beats)(largest, best.value, best.place, ahead)) *ahead = best;
  return best;
}

/* Leaf by leaf, of one line. */
static inline TARGET void NAME(leaves)(const BestJob *job, bool largest, Place line) {
  const Loop *loop = &job->over[0];
  NAME(Best) ahead = {.place = -1};
  for (int64_t lo = loop->lo; lo < loop->hi; lo += job->leaf) {
    int64_t count = QL_MIN(job->leaf, loop->hi - lo), leaf = lo / job->leaf;
    NAME(Best) best = NAME(leaf)(job, largest, &line, count, &ahead);
    char *at[2] = {line.at[0] + leaf * job->leaf_step[0],
                   job->stores > 1 ? line.at[1] + leaf * job->leaf_step[1] : NULL};
    NAME(store)(job, at, &best);
    place_move(&line, loop, count);
  }
}

static inline TARGET void NAME(lines)(const BestJob *job, bool largest) {
  int64_t at[QL_MAX_DIMS], inner[QL_MAX_DIMS];
  Place base = {.place = 0};
  memcpy(base.at, job->base, sizeof base.at);
  Place point = place_first(base, job->kept, job->kept_count);
  place_begin(job->kept, job->kept_count, at);
  int outer = job->over_count - 1;
  int64_t count = job->over[outer].hi - job->over[outer].lo;
  do {
    Place line = place_first(point, job->over, job->over_count);
    if (job->leaf) {
      NAME(leaves)(job, largest, line);
      continue;
    }
    NAME(Best) best = {.place = -1};
    place_begin(job->over, outer, inner);
    do NAME(line)(job, largest, &line, count, &best);
    while (place_next(&line, job->over, outer, inner));
    NAME(store)(job, point.at, &best);
  } while (place_next(&point, job->kept, job->kept_count, at));
}

/* ---- lines side by side ---- */

#if WIDE
/* Rows whose elements are neighbours, and whose places ascend: the best of each column. Without a
 * branch, for vectors. */
static inline TARGET void NAME(rows)(bool largest, const char *x, const Loop *over, int x_operand,
                                     int64_t columns, int64_t place, T *value, int64_t *found) {
  memcpy(value, x, (size_t)columns * sizeof(T));
  for (int64_t c = 0; c < columns; c++) found[c] = place;
  for (int64_t r = over->lo + 1; r < over->hi; r++) {
    x += over->step[x_operand], place += over->places;
    for (int64_t c = 0; c < columns; c++) {
      T a = NAME(load)(x + c * (int64_t)sizeof(T)), b = value[c];
#if FLOATS
      bool better = (b == b) & !(largest ? a <= b : a >= b);
#else
      bool better = largest ? a > b : a < b;
#endif
      value[c] = better ? a : b, found[c] = better ? place : found[c];
    }
  }
}
#endif

/* The lines from `first` on, `columns` of them, over the loops that are reduced. */
static inline TARGET void NAME(tile)(const BestJob *job, bool largest, const Loop *over,
                                     Place first, int64_t columns, char *const *to) {
  NAME(Best) best[BEST_SIDE];
  int64_t at[QL_MAX_DIMS], x_step = job->side.step[job->stores];
  Place row = place_first(first, over, job->over_count);
#if WIDE
  if (job->over_count == 1 && !job->pairs && x_step == (int64_t)sizeof(T)) {
    T value[BEST_SIDE];
    int64_t found[BEST_SIDE];
    NAME(rows)(largest, row.at[job->stores], over, job->stores, columns, row.place, value, found);
    for (int64_t c = 0; c < columns; c++) {
      char *place[2] = {to[0] + c * job->side.step[0],
                        job->stores > 1 ? to[1] + c * job->side.step[1] : NULL};
      best[0] = (NAME(Best)){value[c], found[c] + c * job->side.places};
      NAME(store)(job, place, &best[0]);
    }
    return;
  }
#endif
  for (int64_t c = 0; c < columns; c++) best[c].place = -1;
  place_begin(over, job->over_count, at);
  do {
    const char *x = row.at[job->stores];
    for (int64_t c = 0; c < columns; c++) {
      int64_t place = row.place + c * job->side.places;
      if (job->pairs)
        memcpy(&place, row.at[job->stores + 1] + c * job->side.step[job->stores + 1], sizeof place);
      NAME(consider)(largest, NAME(load)(x + c * x_step), place, &best[c]);
    }
  } while (place_next(&row, over, job->over_count, at));
  for (int64_t c = 0; c < columns; c++) {
    char *place[2] = {to[0] + c * job->side.step[0],
                      job->stores > 1 ? to[1] + c * job->side.step[1] : NULL};
    NAME(store)(job, place, &best[c]);
  }
}

static inline TARGET void NAME(tiles)(const BestJob *job, bool largest, Place point) {
  const Loop *side = &job->side;
  Loop over[QL_MAX_DIMS];
  memcpy(over, job->over, sizeof over);
  int64_t lo = over[0].lo, hi = over[0].hi, leaf = job->leaf ? job->leaf : hi - lo;
  for (int64_t begin = lo; begin < hi; begin += leaf) {
    over[0].lo = begin, over[0].hi = QL_MIN(begin + leaf, hi);
    for (int64_t c = side->lo; c < side->hi; c += BEST_SIDE) {
      Place first = point;
      place_move(&first, side, c);
      char *to[2] = {first.at[0], first.at[1]};
      for (int k = 0; k < job->stores && job->leaf; k++) to[k] += begin / leaf * job->leaf_step[k];
      NAME(tile)(job, largest, over, first, QL_MIN(BEST_SIDE, side->hi - c), to);
    }
  }
}

static inline TARGET void NAME(side_by_side)(const BestJob *job, bool largest) {
  int64_t at[QL_MAX_DIMS];
  Place base = {.place = 0};
  memcpy(base.at, job->base, sizeof base.at);
  Place point = place_first(base, job->kept, job->kept_count);
  place_begin(job->kept, job->kept_count, at);
  do NAME(tiles)(job, largest, point);
  while (place_next(&point, job->kept, job->kept_count, at));
}

static TARGET void NAME(best)(const BestJob *job) {
  if (job->has_side && job->largest)
    NAME(side_by_side)(job, true);
  else if (job->has_side)
    NAME(side_by_side)(job, false);
  else if (job->largest)
    NAME(lines)(job, true);
  else
    NAME(lines)(job, false);
}

#undef T
#undef NAME
