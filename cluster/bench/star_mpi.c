/* A star of radius 2 (diffusion of fourth order) in C and MPI, one step per sweep. How: slab.h. */
#include "slab.h"

KERNEL void nine_points(const double *restrict u, double *restrict next, int64_t row,
                        int64_t columns) {
  for (int64_t j = 0; j < columns; j++)
    next[j] = 0.6 * u[j] + 0.12 * (u[j - row] + u[j + row] + u[j - 1] + u[j + 1]) -
              0.02 * (u[j - 2 * row] + u[j + 2 * row] + u[j - 2] + u[j + 2]);
}

static void diffuse(const Slab *slab, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; i++)
    nine_points(slab_row(slab, 0, i) + 2, slab_row(slab, 1, i) + 2, slab->row, slab->n - 4);
}

static const Program program = {.dimensions = 2,
                                .fields = 2,
                                .answer = 1,
                                .column = 2,
                                .ghosts = 2,
                                .scale = {1, 1},
                                .stages = {{diffuse, 2, 2, {{1, 2, 2}}, true}}};

int main(int count, char **words) { return slab_main(count, words, &program); }
