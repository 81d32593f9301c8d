/* Electric and magnetic fields on staggered grids (FDTD, as PolyBench has it) in C and MPI, in
 * place, with a source that changes in row 0. How: slab.h.
 *
 * Both components of the electric field in one loop, then the magnetic one. */
#include "slab.h"

enum { EX, EY, HZ };

KERNEL void change_electric(double *restrict ex, double *restrict ey, const double *restrict hz,
                            int64_t row, int64_t n) {
  ey[0] -= 0.5 * (hz[0] - hz[-row]);
  for (int64_t j = 1; j < n; j++) {
    ey[j] -= 0.5 * (hz[j] - hz[j - row]);
    ex[j] -= 0.5 * (hz[j] - hz[j - 1]);
  }
}

KERNEL void source_row(double *restrict ex, double *restrict ey, const double *restrict hz,
                       double source, int64_t n) {
  for (int64_t j = 0; j < n; j++) ey[j] = source;
  for (int64_t j = 1; j < n; j++) ex[j] -= 0.5 * (hz[j] - hz[j - 1]);
}

KERNEL void change_magnetic(const double *restrict ex, const double *restrict ey,
                            double *restrict hz, int64_t row, int64_t columns) {
  for (int64_t j = 0; j < columns; j++) hz[j] -= 0.7 * (ex[j + 1] - ex[j] + ey[j + row] - ey[j]);
}

static void electric(const Slab *slab, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; i++) {
    double *ex = slab_row(slab, EX, i), *ey = slab_row(slab, EY, i), *hz = slab_row(slab, HZ, i);
    if (i > 0)
      change_electric(ex, ey, hz, slab->row, slab->n);
    else
      source_row(ex, ey, hz, 0.01 * (double)slab->step, slab->n);
  }
}

static void magnetic(const Slab *slab, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; i++)
    change_magnetic(slab_row(slab, EX, i), slab_row(slab, EY, i), slab_row(slab, HZ, i), slab->row,
                    slab->n - 1);
}

static const Program program = {
    .dimensions = 2,
    .fields = 3,
    .answer = 3,
    .column = 0,
    .ghosts = 1,
    .scale = {1, 1, 1},
    .stages = {{electric, 0, 0, {{EY, 1, 0}}}, {magnetic, 0, 1, {{HZ, 0, 1}}}}};

int main(int count, char **words) { return slab_main(count, words, &program); }
