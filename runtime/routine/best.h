/* What best.c and its code for each dtype share. Operands: the places that are stored, then the
 * values, if they are too; then what is reduced, and, of pairs, their places. */
#ifndef QUELEA_BEST_H
#define QUELEA_BEST_H

#include "runtime.h"

enum { BEST_OPERANDS = 4, BEST_SIDE = 256 };

/* A loop over a dimension of the box. */
typedef struct Loop {
  int dim;
  int64_t lo, hi, step[BEST_OPERANDS]; /* bytes */
  int64_t places;                      /* by how much a step changes the place */
} Loop;

typedef struct BestJob {
  bool largest, pairs;
  int stores;
  int64_t leaf; /* 0, or of so many elements: each has values of its own */
  int64_t leaf_step[2];
  int kept_count, over_count;
  Loop kept[QL_MAX_DIMS], over[QL_MAX_DIMS]; /* over: what is reduced; the last one: lines */
  bool has_side;
  Loop side; /* lines beside each other are reduced together */
  char *base[BEST_OPERANDS];
} BestJob;

/* Where loops are. */
typedef struct Place {
  char *at[BEST_OPERANDS];
  int64_t place;
} Place;

static inline void place_move(Place *place, const Loop *loop, int64_t by) {
  for (int k = 0; k < BEST_OPERANDS; k++) place->at[k] += by * loop->step[k];
  place->place += by * loop->places;
}

/* The first point of the loops. */
static inline Place place_first(Place from, const Loop *loops, int count) {
  for (int k = 0; k < count; k++) place_move(&from, &loops[k], loops[k].lo);
  return from;
}

/* The next one, the last loop first; false: that was all. */
static inline bool place_next(Place *place, const Loop *loops, int count, int64_t *at) {
  for (int k = count - 1; k >= 0; k--) {
    if (++at[k] < loops[k].hi) {
      place_move(place, &loops[k], 1);
      return true;
    }
    at[k] = loops[k].lo;
    place_move(place, &loops[k], loops[k].lo - (loops[k].hi - 1));
  }
  return false;
}

static inline void place_begin(const Loop *loops, int count, int64_t *at) {
  for (int k = 0; k < count; k++) at[k] = loops[k].lo;
}

#endif
