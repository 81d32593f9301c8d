/* The plain loop: Jacobi's 5-point iteration in C with OpenMP, one step per sweep.
 * It says what the machine gives without messages, and so whether jacobi_mpi.c is a fair reference.
 *
 *     OMP_NUM_THREADS=2 OMP_PROC_BIND=true jacobi_omp N STEPS [WARM]
 *
 * prints: seconds S checksum C */
#include "jacobi.h"

int main(int count, char **words) {
  int64_t n = argument(count, words, 1, 1000), steps = argument(count, words, 2, 1000),
          warm = argument(count, words, 3, 10);
  Grid grid = grid_make(n);
  double time = 0;
  for (int timed = 0; timed < 2; timed++) {
#pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < n; i++) grid_start(&grid, i);
    double start = seconds();
    for (int64_t s = 0; s < (timed ? steps : warm); s++) {
#pragma omp parallel for schedule(static)
      for (int64_t i = 1; i < n - 1; i++) {
        int64_t at = i * grid.pitch + LEFT + 1;
        five_points(grid.now + at, grid.next + at, grid.pitch, 1, n - 2);
      }
      grid_swap(&grid);
    }
    time = seconds() - start;
  }
  printf("seconds %.6f checksum %llu\n", time, (unsigned long long)grid_check(&grid));
  grid_free(&grid);
}
