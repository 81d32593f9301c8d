/* What Jacobi's references without messages share: the grid in memory, its start values, the check,
 * and, with jacobi_mpi.c, the step itself.
 *
 * The grid is n x n with fixed edges. A row is padded so that column 1, the first that is written,
 * lies on a cache line:
 *
 *      index   0 ... 6 | 7 (column 0) | 8 (column 1) ...  n+6 (column n-1) | ... pitch-1 */
#ifndef BENCH_JACOBI_H
#define BENCH_JACOBI_H

#include "common.h"

enum { LEFT = LINE - 1 };

typedef struct Grid {
  int64_t n, pitch;
  double *now, *next;
} Grid;

static inline Grid grid_make(int64_t n) {
  int64_t pitch = line_pitch(LEFT, n);
  return (Grid){n, pitch, pages_make(n * pitch), pages_make(n * pitch)};
}

static inline void grid_free(Grid *grid) { free(grid->now), free(grid->next); }

static inline void grid_swap(Grid *grid) {
  double *old = grid->now;
  grid->now = grid->next, grid->next = old;
}

/* A row of both fields. */
static inline void grid_start(Grid *grid, int64_t i) {
  for (int64_t j = 0; j < grid->n; j++) {
    int64_t at = i * grid->pitch + LEFT + j;
    grid->now[at] = grid->next[at] = start_value(i * grid->n + j);
  }
}

static inline uint64_t grid_check(const Grid *grid) {
  uint64_t sum = 0;
  for (int64_t i = 0; i < grid->n; i++)
    sum += check_line(grid->now + i * grid->pitch + LEFT, grid->n, i * grid->n);
  return sum;
}

/* One step of a piece: next = 0.25 * (up + down + left + right) of now, in NumPy's order. */
KERNEL void five_points(const double *restrict now, double *restrict next, int64_t pitch,
                        int64_t rows, int64_t columns) {
  for (int64_t i = 0; i < rows; i++, now += pitch, next += pitch)
    for (int64_t j = 0; j < columns; j++)
      next[j] = 0.25 * (now[j - pitch] + now[j + pitch] + now[j - 1] + now[j + 1]);
}

#endif
