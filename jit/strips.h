/* What the files of the pass `strips` share: one loop, and what is known of its values.
 *
 *   strips.c         finds loops, asks the others, and has the code written
 *   strip_lanes.c    what of a value differs from one iteration to the next
 *   strip_ways.c     branches that iterations take differently
 *   strip_bounds.c   between which numbers values lie; what iterations touch of memory
 *   strip_ask.c      code: may a strip of iterations be computed together?
 *   strip_copy.c     code: the loop's body once more, for a strip
 *   strip_write.c    all of it in the place of the loop */
#ifndef QUELEA_JIT_STRIPS_H
#define QUELEA_JIT_STRIPS_H

#include "ir.h"

#define STRIP_NOWHERE UINT32_MAX
enum { STRIP_LEAST = 4 }; /* iterations of a strip */

typedef enum LaneKind {
  LANE_UNKNOWN, /* not yet known */
  LANE_SAME,    /* in all iterations of a strip */
  LANE_MOVES,   /* by step * unit from one iteration to the next; unit 0: by step */
  LANE_OWN      /* anything */
} LaneKind;
typedef struct Lane {
  uint8_t kind;
  int64_t step;
  uint32_t unit; /* a parameter */
} Lane;

/* What a strip asks of what is chosen. Of a comparison: that it comes out alike, is true, is false.
 * Of the larger or smaller of two numbers, and of a remainder: that it is the one or the other. */
typedef enum StripWant { WANT_NOTHING, WANT_ALIKE, WANT_FIRST, WANT_SECOND } StripWant;

typedef struct Strips {
  JitFn *fn;
  IrFlow flow;
  QlError *error;
  uint32_t values, blocks;                  /* of the function before code is written */
  uint32_t *home;                           /* [values] the block that lists it, or STRIP_NOWHERE */
  uint32_t head, body, exit, latch, before; /* blocks of the loop; before: it comes from there */
  uint32_t counter, count;                  /* its phi; how many iterations there are */
  bool *heads;                              /* [blocks] a way leads back to it */
  bool *inside;                             /* [blocks] of the loop */
  bool *deeper;                             /* [blocks] of a loop inside it */
  Lane *lane;                               /* [values] */
  uint8_t *want, *entry; /* [values] StripWant; known where the strip begins: 1 yes, 2 no */
  bool *stays; /* [values] of what is chosen from what moves and what does not: it is the latter */
  uint32_t *access, access_count; /* loads and stores of the loop */
  int8_t *bits;                   /* [values] by which their bounds differ (strip_bounds.c) */
  uint32_t *join; /* [blocks] where iterations meet again that take different ways of its branch */
  bool *torn;     /* [blocks] of such ways, or their join: phis are each iteration's own */
  int width;      /* iterations in a strip */
  bool refused;
} Strips;

static inline const IrIns *strip_ins(const Strips *s, uint32_t id) { return &s->fn->ins[id]; }
static inline bool strip_is_inside(const Strips *s, uint32_t id) {
  return s->home[id] != STRIP_NOWHERE && s->inside[s->home[id]];
}
static inline bool strip_is_store(const Strips *s, uint32_t id) {
  return strip_ins(s, id)->kind == IR_STORE_AT;
}
/* Is it of memory that belongs to the iteration: made in it, and known by its address alone? */
static inline bool strip_is_private(const Strips *s, uint32_t access) {
  uint32_t base = strip_ins(s, access)->args[0];
  return strip_ins(s, base)->kind == IR_STACK && strip_is_inside(s, base);
}
/* The number of a constant. */
bool strip_number(const Strips *s, uint32_t id, int64_t *number);

/* ---- strip_lanes.c ---- */
void strip_find_lanes(Strips *s); /* may refuse */
/* Does it follow from what is there before the loop, the counter and numbers alone? */
bool strip_at_entry(Strips *s, uint32_t id);
/* Does a strip ask for something of it? */
bool strip_is_asked(const Strips *s, uint32_t id);
/* The one of its arguments that it is in a strip; 0: not known. */
uint32_t strip_arm(const Strips *s, uint32_t id);
/* How the address of a load or a store moves. */
Lane strip_place(const Strips *s, uint32_t id);

/* ---- strip_ways.c ---- */
/* Iterations take different ways of the block's branch; it may be refused. */
void strip_part(Strips *s, uint32_t block);
/* Marks the blocks between a branch and its join. */
void strip_between(const Strips *s, uint32_t block, uint32_t join, bool *between);

/* ---- strip_bounds.c ---- */
/* Has the number bounds in that block, whatever the counters of loops inside are? */
bool strip_is_bounded(Strips *s, uint32_t id, uint32_t block);
void strip_find_accesses(Strips *s); /* may refuse */

/* The code that asks whether iterations go together. */
typedef struct StripEnd {   /* the first or the last iteration */
  JitRef *value;            /* [values] of what is known at entry */
  JitRef *lowest, *highest; /* [values] bounds of what has them */
} StripEnd;
typedef struct StripAsk {
  Strips *s;
  StripEnd ends[2];
  JitRef condition; /* of all that was asked so far; id 0: of nothing */
  int lanes;
} StripAsk;
void strip_bound(StripAsk *ask, int end, uint32_t id, uint32_t block);
/* That these hold. */
void strip_ask_bounds(StripAsk *ask, int end, uint32_t id);
/* No iteration touches what another one stores. */
void strip_ask_apart(StripAsk *ask);

/* ---- strip_ask.c ---- */
JitRef strip_op(JitFn *fn, QlOp op, JitRef a, JitRef b);
JitRef strip_int(JitFn *fn, int64_t number);
/* The instruction in the open block, of other arguments; not of memory. */
JitRef strip_again(JitFn *fn, const IrIns *ins, const JitRef *args);
/* A value that is known at entry, as an iteration has it. */
JitRef strip_clone(const Strips *s, uint32_t id, JitRef *values);
void strip_and(StripAsk *ask, JitRef condition);
/* In the open block: what is chosen comes out as the strip wants it, and nothing is raised. */
void strip_ask_choices(StripAsk *ask);
/* Elements lie behind each other, and apart. */
void strip_ask_memory(StripAsk *ask);
/* Is the loop left on one way of the block's branch? *way: the other one. */
bool strip_leaves(const Strips *s, uint32_t block, int *way);

/* ---- strip_copy.c ---- */
/* Writes the strip from the open block on; it goes back to the head. */
QlStatus strip_copy(Strips *s, int lanes, QlError *error);
/* One more way into a block, by which a phi gets the value. */
void strip_add_arm(JitFn *fn, uint32_t phi, uint32_t block, uint32_t value);

/* ---- strip_write.c ---- */
QlStatus strip_write(Strips *s, QlError *error);

#endif
