/* Routines: what statements CALL do. A routine is to a group what a compiled kernel is: it is given
 * a box of the domain, the operands' addresses and strides, and the statement's scalars (JitCall).
 *
 *     log     CALL | RANDOM << 8, shape (300, 70)     target, slot 0     scalars: a state, ...
 *     plan    a group of its own, placed by the owner of the target
 *     run     run_random({300, 70}, the box of each worker)
 *
 * A routine of *lines* takes an array's lines along one axis whole: the boxes of workers are not
 * cut along it, and neither are the node's, whatever layouts the arrays have.
 *
 *     y = fft(x, axis=0)    x (8, 100) of two nodes, cut along axis 0: [0, 4) [4, 8)
 *
 *     log     x: axis 0 {dim none, lo 0, hi 7}, axis 1 {dim 1, lo 0, hi 0}        y: at each point
 *     plan    y lies in columns, [0, 50) [50, 100), of which each node is brought all of x
 *
 * No Python, no memory from the heap, no failure: stores have begun. What can fail fails when it is
 * recorded, or in a statement before this one that only reads, whose outcome the program looks at;
 * or it stores into its own target, which nobody else has seen, that it has failed (lapack.c).
 */
#ifndef QUELEA_ROUTINE_H
#define QUELEA_ROUTINE_H

#include "jit.h"

typedef enum Routine {
#define ROUTINE(NAME, function, ...) ROUTINE_##NAME,
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
  const int64_t *extent; /* [rank] of the domain, or of a piece of it in whole tiles, */
  const int64_t *tile;   /* [rank] of these; NULL: it has none */
  const void *tables;    /* what `prepare` has made, */
  void *scratch;         /* and memory of this worker's alone */
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

/* What a routine needs beside its operands. */
typedef struct RoutineNeeds {
  const void *tables; /* the routine's own affair; there until the log is cleared */
  int64_t scratch;    /* bytes, for each worker at once */
} RoutineNeeds;
/* Before ranks agree on a run: the last moment at which memory can be taken, and lacking. `param`
 * are the statement's scalars. */
typedef QlStatus RoutinePrepare(QlContext *ctx, const RoutineShape *shape, const QlValue *param,
                                RoutineNeeds *needs, QlError *error);

/* How long a tile is along an axis of that extent, which is not 0; is_last: of the statement's axes
 * with tiles. */
typedef int64_t RoutineTile(int64_t extent, bool is_last);

/* A row of routines.def, which says what the fields mean; what a row leaves out is 0. */
typedef struct RoutineInfo {
  const char *name;
  RoutineRun *run;
  int cost, anywhere, stretches, whole_from;
  RoutineTile *tile;
  RoutinePrepare *prepare;
} RoutineInfo;
extern const RoutineInfo routines[ROUTINES];

/* Of axis `axis`, where those in the bit mask have tiles. */
int64_t routine_tile(const RoutineInfo *routine, uint32_t axes, int axis, int64_t extent);
#define ROUTINE(NAME, function, ...) RoutineRun run_##function;
#include "routines.def"
#undef ROUTINE
RoutineTile tile_product, tile_whole;
RoutinePrepare prepare_transform;

/* Nothing, of a routine that needs nothing. */
RoutinePrepare rt_routine_needs;

#endif
