/* What the two references share: the grid in memory, its start values, one sweep over rows, and a
 * check of the answer.
 *
 * The grid is n x n with fixed edges. A row is padded so that column 1, the first that is written,
 * lies on a cache line, and so that rows do not repeat at a power of two:
 *
 *      index   0 ... 6 | 7 (column 0) | 8 (column 1) ...  n+6 (column n-1) | ... stride-1 */
#ifndef BENCH_JACOBI_H
#define BENCH_JACOBI_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { LEFT = 7, LINE = 8 }; /* in doubles */

typedef struct Grid {
  int64_t rows, n, stride; /* rows held here, ghosts included */
  double *now, *next;
} Grid;

static inline double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

/* Values that never become denormal, from integers alone, so that any language makes the same bits.
 */
static inline double start_value(int64_t n, int64_t i, int64_t j) {
  return (double)((i * n + j) * 2654435761 % 1000) / 1000.0;
}

static inline double *grid_pages(int64_t rows, int64_t stride) {
  size_t huge = 2u << 20,
         bytes = ((size_t)(rows * stride) * sizeof(double) + huge - 1) / huge * huge;
  double *pages = aligned_alloc(huge, bytes);
  if (!pages) fprintf(stderr, "out of memory\n"), exit(1);
  madvise(pages, bytes, MADV_HUGEPAGE);
  return pages;
}

static inline Grid grid_make(int64_t rows, int64_t n) {
  int64_t stride = (LEFT + n + LINE - 1) / LINE * LINE;
  if (stride % 512 == 0) stride += LINE;
  return (Grid){rows, n, stride, grid_pages(rows, stride), grid_pages(rows, stride)};
}

static inline void grid_free(Grid *grid) { free(grid->now), free(grid->next); }

static inline void grid_swap(Grid *grid) {
  double *old = grid->now;
  grid->now = grid->next, grid->next = old;
}

/* Rows begin..end-1 of both fields; row 0 of the grid in memory is row `top` of the whole. */
static inline void grid_start(Grid *grid, int64_t top, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; i++)
    for (int64_t j = 0; j < grid->n; j++) {
      int64_t at = i * grid->stride + LEFT + j;
      grid->now[at] = grid->next[at] = start_value(grid->n, top + i, j);
    }
}

/* One step for rows begin..end-1: next = 0.25 * (up + down + left + right) of now, in NumPy's
 * order. */
static inline void grid_sweep(const Grid *grid, int64_t begin, int64_t end) {
  int64_t stride = grid->stride, count = grid->n - 2;
  for (int64_t i = begin; i < end; i++) {
    const double *restrict here = grid->now + i * stride + LEFT + 1;
    double *restrict out = __builtin_assume_aligned(grid->next + i * stride + LEFT + 1, 64);
    for (int64_t j = 0; j < count; j++)
      out[j] = 0.25 * (here[j - stride] + here[j + stride] + here[j - 1] + here[j + 1]);
  }
}

/* Sum of every element's bits times its odd position, modulo 2^64: exact, and the same in any
 * order. */
static inline uint64_t grid_check(const Grid *grid, int64_t top, int64_t begin, int64_t end) {
  uint64_t sum = 0, bits;
  for (int64_t i = begin; i < end; i++)
    for (int64_t j = 0; j < grid->n; j++) {
      memcpy(&bits, &grid->now[i * grid->stride + LEFT + j], sizeof bits);
      sum += bits * (uint64_t)(2 * ((top + i) * grid->n + j) + 1);
    }
  return sum;
}

static inline int64_t argument(int count, char **words, int at, int64_t fallback) {
  return count > at ? strtoll(words[at], NULL, 10) : fallback;
}

#endif
