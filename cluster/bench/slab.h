/* A stencil program in C and MPI as a careful programmer writes it; a reference says only what its
 * own is: its arrays, and the loops over some of their rows (a Program, and slab_main).
 *
 * The first axis is divided among the ranks. A rank has all arrays for its rows, and ghost rows on
 * either side; nothing is shared. A row is a line of a plane, or a plane of a cube; its number is
 * that of the whole grid:
 *
 *      begin - ghosts ... | begin ... end-1 | ... end + ghosts - 1       rows that are in memory
 *        of the rank above   this rank's      of the rank below
 *
 * A step is one stage, or several one after another where one reads what another has stored. A
 * stage computes the rows first that others need, sends them, computes the others while they
 * travel, and waits; so a message has a whole interior's time. Open MPI moves messages only inside
 * its calls, so the interior is done in blocks of rows with a test between them.
 *
 *     mpirun -n 2 --bind-to core PROGRAM N STEPS [WARM]
 *
 * prints: seconds S checksum C start T
 * (T: what MPI_Init took) */
#ifndef BENCH_SLAB_H
#define BENCH_SLAB_H

#include "common.h"

#include <mpi.h>
#include <stdbool.h>

enum { FIELDS = 4, STAGES = 2, MESSAGES = 2, BLOCK_POINTS = 1 << 16 };

typedef struct Slab Slab;

typedef struct Stage {
  void (*compute)(const Slab *slab, int64_t begin, int64_t end); /* these rows */
  int low, high; /* so many rows at the ends of the whole are not computed */
  struct {
    int field, up, down; /* of an array, so many of the first rows go up, of the last ones down */
  } sent[MESSAGES];
  bool swap; /* then arrays 0, 1, ... and those behind the answer's change names */
} Stage;

typedef struct Program {
  int dimensions, fields;
  int answer; /* so many of the arrays are the answer, the others begin as copies of them */
  int column; /* the first that is written: it lies on a cache line */
  int ghosts; /* rows on either side */
  double scale[FIELDS]; /* of an array's start values */
  Stage stages[STAGES]; /* those without a function are none */
} Program;

struct Slab {
  const Program *program;
  int64_t n, pitch, row, used; /* points along a side; elements from line to line, from row to row,
                                  and from a row's first to its last */
  int64_t begin, end, step;
  int rank, size, lines; /* lines of a row */
  double *field[FIELDS], *pages[FIELDS];
};

/* A row's first element. */
static inline double *slab_row(const Slab *slab, int f, int64_t i) {
  return slab->field[f] + (i - slab->begin + slab->program->ghosts) * slab->row;
}

/* ---- memory, start and check ---- */

static inline void slab_make(Slab *slab) {
  int64_t left = (LINE - slab->program->column) % LINE,
          rows = slab->end - slab->begin + 2 * slab->program->ghosts;
  slab->lines = slab->program->dimensions == 3 ? (int)slab->n : 1;
  slab->pitch = line_pitch(left, slab->n);
  slab->row = slab->lines * slab->pitch;
  slab->used = (slab->lines - 1) * slab->pitch + slab->n;
  for (int f = 0; f < slab->program->fields; f++) {
    int64_t apart =
        f * 17 * LINE; /* so that the arrays do not fall into the same sets of a cache */
    slab->pages[f] = pages_make(rows * slab->row + left + apart);
    slab->field[f] = slab->pages[f] + left + apart;
  }
}

/* The number of a line's first element in the answer: array by array, row by row. */
static inline int64_t slab_number(const Slab *slab, int f, int64_t i, int line) {
  return ((f % slab->program->answer * slab->n + i) * slab->lines + line) * slab->n;
}

/* All rows that are in memory and of the grid. */
static inline void slab_start(Slab *slab) {
  int64_t ghosts = slab->program->ghosts, top = slab->begin - ghosts, past = slab->end + ghosts;
  for (int f = 0; f < slab->program->fields; f++)
    for (int64_t i = top < 0 ? 0 : top; i < (past > slab->n ? slab->n : past); i++)
      for (int line = 0; line < slab->lines; line++) {
        double *to = slab_row(slab, f, i) + line * slab->pitch;
        int64_t number = slab_number(slab, f, i, line);
        for (int64_t j = 0; j < slab->n; j++)
          to[j] = slab->program->scale[f] * start_value(number + j);
      }
  slab->step = 0;
}

static inline uint64_t slab_check(const Slab *slab) {
  uint64_t mine = 0, all = 0;
  for (int f = 0; f < slab->program->answer; f++)
    for (int64_t i = slab->begin; i < slab->end; i++)
      for (int line = 0; line < slab->lines; line++)
        mine += check_line(slab_row(slab, f, i) + line * slab->pitch, slab->n,
                           slab_number(slab, f, i, line));
  MPI_Reduce(&mine, &all, 1, MPI_UINT64_T, MPI_SUM, 0, MPI_COMM_WORLD);
  return all;
}

/* ---- a step ---- */

typedef struct Posted {
  MPI_Request requests[4 * MESSAGES];
  int count;
} Posted;

/* Rows go to a neighbour's ghosts, and as many come from the other one. */
static inline void slab_shift(const Slab *slab, Posted *posted, int f, int rows, bool up) {
  int above = slab->rank > 0 ? slab->rank - 1 : MPI_PROC_NULL,
      below = slab->rank < slab->size - 1 ? slab->rank + 1 : MPI_PROC_NULL, tag = 2 * f + up,
      elements = (int)((rows - 1) * slab->row + slab->used);
  MPI_Irecv(slab_row(slab, f, up ? slab->end : slab->begin - rows), elements, MPI_DOUBLE,
            up ? below : above, tag, MPI_COMM_WORLD, &posted->requests[posted->count++]);
  MPI_Isend(slab_row(slab, f, up ? slab->begin : slab->end - rows), elements, MPI_DOUBLE,
            up ? above : below, tag, MPI_COMM_WORLD, &posted->requests[posted->count++]);
}

static inline void slab_swap(Slab *slab) {
  int answer = slab->program->answer;
  for (int f = 0; f < answer; f++) {
    double *old = slab->field[f];
    slab->field[f] = slab->field[answer + f], slab->field[answer + f] = old;
  }
}

static inline void slab_stage(Slab *slab, const Stage *stage) {
  int64_t n = slab->n, block = BLOCK_POINTS / (n * slab->lines) + 1;
  int64_t begin = slab->begin < stage->low ? stage->low : slab->begin,
          end = slab->end > n - stage->high ? n - stage->high : slab->end, first = begin,
          last = end; /* the rows that no message waits for */
  for (int m = 0; m < MESSAGES; m++) {
    int64_t up = slab->begin + stage->sent[m].up, down = slab->end - stage->sent[m].down;
    first = up > first ? up : first, last = down < last ? down : last;
  }
  stage->compute(slab, begin, first);
  stage->compute(slab, last, end);
  Posted posted = {.count = 0};
  for (int m = 0; m < MESSAGES; m++) {
    int f = stage->sent[m].field;
    if (stage->sent[m].up) slab_shift(slab, &posted, f, stage->sent[m].up, true);
    if (stage->sent[m].down) slab_shift(slab, &posted, f, stage->sent[m].down, false);
  }
  int done = 0;
  for (int64_t i = first; i < last; i += block) {
    stage->compute(slab, i, i + block < last ? i + block : last);
    if (!done) MPI_Testall(posted.count, posted.requests, &done, MPI_STATUSES_IGNORE);
  }
  MPI_Waitall(posted.count, posted.requests, MPI_STATUSES_IGNORE);
  if (stage->swap) slab_swap(slab);
}

/* ---- the program ---- */

static inline double slab_run(Slab *slab, int64_t steps) {
  slab_start(slab);
  MPI_Barrier(MPI_COMM_WORLD);
  double start = seconds();
  for (; slab->step < steps; slab->step++)
    for (int k = 0; k < STAGES; k++)
      if (slab->program->stages[k].compute) slab_stage(slab, &slab->program->stages[k]);
  MPI_Barrier(MPI_COMM_WORLD);
  return seconds() - start;
}

static inline int slab_main(int count, char **words, const Program *program) {
  /* A row of 1000 points (8 kB) then goes at once, without asking the receiver first: 3 to 5 %
   * faster with Jacobi's iteration at 1000 x 1000.
   */
  setenv("OMPI_MCA_btl_vader_eager_limit", "16384", 0);
  double start_up = seconds();
  MPI_Init(&count, &words);
  start_up = seconds() - start_up;
  Slab slab = {.program = program, .n = argument(count, words, 1, 1000)};
  int64_t steps = argument(count, words, 2, 100), warm = argument(count, words, 3, 10),
          least = 3 * program->ghosts; /* the edges that stay, and what goes either way */
  MPI_Comm_rank(MPI_COMM_WORLD, &slab.rank), MPI_Comm_size(MPI_COMM_WORLD, &slab.size);
  if (slab.n / slab.size < least) {
    if (slab.rank == 0)
      fprintf(stderr, "too few rows: %d ranks need at least %d\n", slab.size,
              (int)least * slab.size);
    MPI_Abort(MPI_COMM_WORLD, 2);
  }
  slab.begin = slab.n * slab.rank / slab.size, slab.end = slab.n * (slab.rank + 1) / slab.size;
  slab_make(&slab);
  slab_run(&slab, warm);
  double time = slab_run(&slab, steps);
  uint64_t sum = slab_check(&slab);
  if (slab.rank == 0)
    printf("seconds %.6f checksum %llu start %.4f\n", time, (unsigned long long)sum, start_up);
  for (int f = 0; f < program->fields; f++) free(slab.pages[f]);
  return MPI_Finalize();
}

#endif
