/* Routines: what statements CALL do. A routine is to a group what a compiled kernel is: it is given
 * a box of the domain, the operands' addresses and strides, and the statement's scalars (JitCall).
 *
 *     log     CALL | RANDOM << 8, shape (300, 70)     target, slot 0     scalars: a state, ...
 *     plan    a group of its own, placed by the owner of the target
 *     run     run_random({300, 70}, the box of each worker)
 *
 * No Python, no memory from the heap, no failure: stores have begun. What can fail fails when it is
 * recorded, or in a statement before this one that only reads, whose outcome the program looks at.
 */
#ifndef QUELEA_ROUTINE_H
#define QUELEA_ROUTINE_H

#include "jit.h"

typedef enum Routine {
#define ROUTINE(NAME, name, anywhere, cost) ROUTINE_##NAME,
#include "routines.def"
#undef ROUTINE
  ROUTINES
} Routine;

/* What a group of a scan is for (scan.c). */
typedef enum ScanPart { SCAN_ALL, SCAN_TOTALS, SCAN_ADDS_TOTALS } ScanPart;

/* What a routine knows of its domain and arrays beside addresses. */
typedef struct RoutineShape {
  const struct RoutineInfo *routine;
  int rank, operands;    /* what is stored, and the inputs */
  QlDtype dtype;         /* of the target */
  const int64_t *extent; /* [rank] of the domain */
  /* Of those that go along axes (best.c, scan.c): */
  QlDtype from;  /* of the first input */
  uint32_t axes; /* bit mask */
  int axis;      /* the one that this group is for; -1: all of them */
  int stores;    /* of the operands, the first ones */
  bool steps;    /* a target has one element for JIT_LEAF points along the axis */
  int part;      /* of several groups that serve a statement, which one this is */
  int64_t
      along; /* of the last input: bytes between neighbours along the axis, which it has whole */
} RoutineShape;

typedef void RoutineRun(const RoutineShape *shape, const JitCall *call);

typedef struct RoutineInfo {
  const char *name;
  int anywhere, cost;
  RoutineRun *run;
} RoutineInfo;
extern const RoutineInfo routines[ROUTINES];

#define ROUTINE(NAME, name, anywhere, cost) RoutineRun run_##name;
#include "routines.def"
#undef ROUTINE

#endif
