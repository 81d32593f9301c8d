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
#define ROUTINE(NAME, name, anywhere, stretches, slices, cost) ROUTINE_##NAME,
#include "routines.def"
#undef ROUTINE
  ROUTINES
} Routine;

/* What a routine knows of its domain and arrays beside addresses. */
typedef struct RoutineShape {
  const struct RoutineInfo *routine;
  int rank, operands;    /* the target and the inputs */
  QlDtype dtype;         /* of the target */
  const int64_t *extent; /* [rank] of the domain */
} RoutineShape;

typedef void RoutineRun(const RoutineShape *shape, const JitCall *call);

typedef struct RoutineInfo {
  const char *name;
  int anywhere, stretches, slices, cost; /* routines.def says what they mean */
  RoutineRun *run;
} RoutineInfo;
extern const RoutineInfo routines[ROUTINES];

#define ROUTINE(NAME, name, anywhere, stretches, slices, cost) RoutineRun run_##name;
#include "routines.def"
#undef ROUTINE

#endif
