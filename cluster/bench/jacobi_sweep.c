/* Jacobi's 5-point iteration by hand with time blocking, in C with OpenMP: several steps while the
 * data is in the cache. It says what a sweep can give, and so how good Quelea's are.
 *
 *     OMP_NUM_THREADS=2 OMP_PROC_BIND=true jacobi_sweep N STEPS [WARM [STRIP DEPTH HEIGHT]]
 *
 * prints: seconds S checksum C
 *
 * In place over two ordinary arrays, nothing computed twice. A block is DEPTH steps. Workers have
 * rows of their own, but the cut between two of them sinks by a row from step to step. Each goes
 * from its high rows to its low ones, HEIGHT rows at a time (a front):
 *
 *      rows    \       \       \
 *       ^    w1 \    w1 \    w1 \       front y: rows y, ... of step 0, rows y + 1, ... of step 1,
 *       |- - - - \- - - -\- - - -\      rows y + 2, ... of step 2
 *       |    w0   \   w0  \   w0  \
 *       +-------------------------->
 *          step 0   step 1  step 2
 *
 * What a worker reads of the one below is what that one computes first, and it needs it last; what
 * it overwrites has been read by the same order. So there is one counter for each worker, the
 * fronts that it has finished, which is far ahead when its neighbour looks at it. Long rows are cut
 * into strips of STRIP columns, which move by a column from step to step, as the rows do. */
#include "jacobi.h"

#include <omp.h>
#include <stdatomic.h>

typedef struct Worker {
  _Alignas(64) atomic_llong fronts; /* finished, in rows, counted on through all strips */
} Worker;

typedef struct Sweep {
  Grid grid;
  int64_t strip, depth, height;
  int workers;
  Worker *worker;
} Sweep;

/* A worker's part of a strip of a block. */
typedef struct Part {
  const Sweep *sweep;
  int p;
  int64_t steps, first, last; /* rows of step 0 */
  int64_t begin, before;      /* columns; what the counters said before this strip */
} Part;

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

static int64_t cut(const Sweep *sweep, int p) {
  return 1 + (sweep->grid.n - 2) * p / sweep->workers;
}

/* The rows of a step begin at this one: the grid's edge, or a cut that sinks. */
static int64_t lowest(const Part *part, int64_t step) { return part->p ? part->first - step : 1; }

/* Until the worker below has computed a row of a step, at its front row - step. */
static void wait_for(const Part *part, int64_t row, int64_t step) {
  const Worker *below = &part->sweep->worker[part->p - 1];
  int64_t need = part->before + (part->first - 1) - (row - step) + 1;
  while (atomic_load_explicit(&below->fronts, memory_order_acquire) < need) __builtin_ia32_pause();
}

static void front(const Part *part, int64_t y) {
  const Sweep *sweep = part->sweep;
  const Grid *grid = &sweep->grid;
  double *array[2] = {grid->now, grid->next};
  for (int64_t step = 0; step < part->steps; step++) {
    int64_t low = lowest(part, step),
            high = part->p == sweep->workers - 1 ? grid->n - 1 : part->last - step,
            from = most(y + step, low), to = least(y + step + sweep->height, high),
            begin = most(part->begin - step, 1),
            end = least(part->begin - step + sweep->strip, grid->n - 1);
    if (from >= to || begin >= end) continue;
    if (part->p && step && from <= low + 1) wait_for(part, from - 1, step - 1);
    int64_t at = from * grid->pitch + LEFT + begin;
    five_points(array[step & 1] + at, array[!(step & 1)] + at, grid->pitch, to - from, end - begin);
  }
}

/* All of a worker's fronts of a block; its counter then says as much as everybody's. */
static void block(const Sweep *sweep, int p, int64_t steps, int64_t *before) {
  Part part = {sweep, p, steps, cut(sweep, p), cut(sweep, p + 1), 1, *before};
  atomic_llong *fronts = &sweep->worker[p].fronts;
  int64_t n = sweep->grid.n, height = sweep->height, high = part.last - 1,
          low = part.first - (p ? 2 : 1) * (steps - 1);
  for (; part.begin < n - 1 + steps - 1; part.begin += sweep->strip) {
    for (int64_t y = high - (high - low) % height; y >= low - height + 1; y -= height) {
      front(&part, y);
      atomic_store_explicit(fronts, part.before + high - y + 1, memory_order_release);
    }
    part.before += n + 4 * sweep->depth + height; /* whatever this worker's rows are */
    atomic_store_explicit(fronts, part.before, memory_order_release);
  }
  *before = part.before;
}

static double run(Sweep *sweep, int64_t steps) {
  Grid *grid = &sweep->grid;
#pragma omp parallel for schedule(static)
  for (int64_t i = 0; i < grid->n; i++) grid_start(grid, i);
  for (int p = 0; p < sweep->workers; p++) atomic_store(&sweep->worker[p].fronts, 0);
  double start = seconds();
#pragma omp parallel
  {
    int64_t before = 0;
    for (int64_t done = 0; done < steps; done += sweep->depth) {
      int64_t taken = least(sweep->depth, steps - done);
      block(sweep, omp_get_thread_num(), taken, &before);
#pragma omp barrier
#pragma omp single
      if (taken & 1) grid_swap(grid);
    }
  }
  return seconds() - start;
}

int main(int count, char **words) {
  int64_t n = argument(count, words, 1, 1000), steps = argument(count, words, 2, 1000),
          warm = argument(count, words, 3, 10);
  Sweep sweep = {.grid = grid_make(n),
                 .strip = argument(count, words, 4, n <= 2048 ? n : 512),
                 .depth = argument(count, words, 5, 32),
                 .height = argument(count, words, 6, 8),
                 .workers = omp_get_max_threads()};
  int64_t rows = (n - 2) / sweep.workers; /* of a worker: the cut may sink through half of them */
  sweep.depth = most(1, least(sweep.depth, rows / 2));
  sweep.worker = aligned_alloc(64, (size_t)sweep.workers * sizeof(Worker));
  if (!sweep.worker || n < 3 || sweep.strip < 2 || sweep.height < 1) return 2;
  run(&sweep, warm);
  double time = run(&sweep, steps);
  printf("seconds %.6f checksum %llu\n", time, (unsigned long long)grid_check(&sweep.grid));
  free(sweep.worker);
  grid_free(&sweep.grid);
}
