/* The hand-written reference: Jacobi's 5-point iteration in C and MPI, as a careful programmer
 * writes it.
 *
 * Rows are divided among the ranks, one ghost row on either side, nothing shared. A step computes
 * the two edge rows first, sends them, computes the interior while they travel, and waits; so a
 * message has a whole interior's time. Open MPI moves messages only inside its calls, so the
 * interior is done in blocks of rows with a test between them.
 *
 *     mpirun -n 2 --bind-to core jacobi_mpi N STEPS [WARM]
 *
 * prints: seconds S checksum C start T
 * (T: what MPI_Init took) */
#include "jacobi.h"

#include <mpi.h>

enum { UP = 0, DOWN = 1, BLOCK_POINTS = 1 << 16 };

typedef struct Neighbours {
  int above, below; /* ranks, or MPI_PROC_NULL */
  MPI_Request requests[4];
} Neighbours;

/* Ghost rows for the step that follows. Tags name the direction of travel. */
static void exchange_start(const Grid *grid, double *field, Neighbours *n) {
  int64_t last = grid->rows - 2;
  double *first = field + LEFT;
  int count = (int)grid->n;
  MPI_Irecv(first, count, MPI_DOUBLE, n->above, DOWN, MPI_COMM_WORLD, &n->requests[0]);
  MPI_Irecv(first + (last + 1) * grid->stride, count, MPI_DOUBLE, n->below, UP, MPI_COMM_WORLD,
            &n->requests[1]);
  MPI_Isend(first + grid->stride, count, MPI_DOUBLE, n->above, UP, MPI_COMM_WORLD, &n->requests[2]);
  MPI_Isend(first + last * grid->stride, count, MPI_DOUBLE, n->below, DOWN, MPI_COMM_WORLD,
            &n->requests[3]);
}

static void step(Grid *grid, Neighbours *n, int64_t first, int64_t last) {
  int64_t block = BLOCK_POINTS / grid->n + 1;
  int done = 0;
  grid_sweep(grid, first, first + 1);
  if (last > first) grid_sweep(grid, last, last + 1);
  exchange_start(grid, grid->next, n);
  for (int64_t i = first + 1; i < last; i += block) {
    grid_sweep(grid, i, i + block < last ? i + block : last);
    if (!done) MPI_Testall(4, n->requests, &done, MPI_STATUSES_IGNORE);
  }
  MPI_Waitall(4, n->requests, MPI_STATUSES_IGNORE);
  grid_swap(grid);
}

int main(int count, char **words) {
  /* A row of 1000 points (8 kB) then goes at once, without asking the receiver first: 3 to 5 %
   * faster at 1000 x 1000.
   */
  setenv("OMPI_MCA_btl_vader_eager_limit", "16384", 0);
  double start_up = seconds();
  MPI_Init(&count, &words);
  start_up = seconds() - start_up;
  int rank, size;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank), MPI_Comm_size(MPI_COMM_WORLD, &size);
  int64_t n = argument(count, words, 1, 1000), steps = argument(count, words, 2, 1000),
          warm = argument(count, words, 3, 10);
  if (n / size < 2) {
    if (rank == 0) fprintf(stderr, "too few rows: %d ranks need at least %d\n", size, 2 * size);
    MPI_Abort(MPI_COMM_WORLD, 2);
  }

  int64_t begin = n * rank / size, end = n * (rank + 1) / size; /* this rank's rows of the whole */
  Grid grid = grid_make(end - begin + 2, n);
  int64_t top = begin - 1, rows = end - begin;
  int64_t first = rank == 0 ? 2 : 1,
          last = rank == size - 1 ? rows - 1 : rows; /* the grid's own edges stay */
  Neighbours neighbours = {
      rank > 0 ? rank - 1 : MPI_PROC_NULL, rank < size - 1 ? rank + 1 : MPI_PROC_NULL, {0}};
  /* A rank at the grid's edge sends that edge too, harmlessly, to nobody. */

  double time = 0;
  for (int timed = 0; timed < 2; timed++) {
    grid_start(&grid, top, rank > 0 ? 0 : 1, rank < size - 1 ? rows + 2 : rows + 1);
    MPI_Barrier(MPI_COMM_WORLD);
    double start = seconds();
    for (int64_t s = 0; s < (timed ? steps : warm); s++) step(&grid, &neighbours, first, last);
    MPI_Barrier(MPI_COMM_WORLD);
    time = seconds() - start;
  }
  uint64_t mine = grid_check(&grid, top, 1, rows + 1), all = 0;
  MPI_Reduce(&mine, &all, 1, MPI_UINT64_T, MPI_SUM, 0, MPI_COMM_WORLD);
  if (rank == 0)
    printf("seconds %.6f checksum %llu start %.4f\n", time, (unsigned long long)all, start_up);
  grid_free(&grid);
  MPI_Finalize();
}
