/* Routines: what statements CALL do. A routine is to a group what a compiled kernel is: it is given
 * a box of the domain, the operands' addresses and strides, and the statement's scalars (JitCall).
 *
 *     log     CALL | RANDOM << 8, shape (300, 70)     target, slot 0     scalars: a state, ...
 *     plan    a group of its own, placed by the owner of the target
 *     run     run_random({300, 70}, the box of each worker)
 *
 * No Python, no memory from the heap, no failure: stores have begun. What can fail fails when it is
 * recorded, or in a statement before this one that only reads, whose outcome the program looks at;
 * or it stores into its own target, which nobody else has seen, that it has failed (lapack.c).
 */
#ifndef QUELEA_ROUTINE_H
#define QUELEA_ROUTINE_H

#include "jit.h"

typedef enum Routine {
#define ROUTINE(NAME, name, anywhere, cost, tile) ROUTINE_##NAME,
#include "routines.def"
#undef ROUTINE
  ROUTINES
} Routine;

/* What a routine knows of its domain and arrays beside addresses. */
typedef struct RoutineShape {
  const struct RoutineInfo *routine;
  int rank, operands;    /* the target and the inputs */
  QlDtype dtype;         /* of the target */
  const int64_t *extent; /* [rank] of the domain, or of a piece of it in whole tiles, */
  const int64_t *tile;   /* [rank] of these; NULL: it has none */
} RoutineShape;

typedef void RoutineRun(const RoutineShape *shape, const JitCall *call);

/* How long a tile is along an axis of that extent, which is not 0; is_last: of the statement's axes
 * with tiles. */
typedef int64_t RoutineTile(int64_t extent, bool is_last);

typedef struct RoutineInfo {
  const char *name;
  int anywhere, cost;
  RoutineRun *run;
  RoutineTile *tile;
} RoutineInfo;
extern const RoutineInfo routines[ROUTINES];

RoutineTile tile_point; /* 1 */
/* Of axis `axis`, where those in the bit mask have tiles. */
int64_t routine_tile(const RoutineInfo *routine, uint32_t axes, int axis, int64_t extent);
#define ROUTINE(NAME, name, anywhere, cost, tile) \
  RoutineRun run_##name;                          \
  RoutineTile tile_##tile;
#include "routines.def"
#undef ROUTINE

#endif
