/* A star of radius 2 (diffusion of fourth order) in C and MPI, one step per sweep. How: slab.h. */
#include "slab.h"

static void diffuse(const Slab *slab, int64_t begin, int64_t end) {
  int64_t row = slab->row, columns = slab->n - 4;
  for (int64_t i = begin; i < end; i++) {
    const double *restrict u = slab_row(slab, 0, i) + 2;
    double *restrict next = slab_row(slab, 1, i) + 2;
    for (int64_t j = 0; j < columns; j++)
      next[j] = 0.6 * u[j] + 0.12 * (u[j - row] + u[j + row] + u[j - 1] + u[j + 1]) -
                0.02 * (u[j - 2 * row] + u[j + 2 * row] + u[j - 2] + u[j + 2]);
  }
}

static const Program program = {.dimensions = 2,
                                .fields = 2,
                                .answer = 1,
                                .column = 2,
                                .ghosts = 2,
                                .scale = {1, 1},
                                .stages = {{diffuse, 2, 2, {{1, 2, 2}}, true}}};

int main(int count, char **words) { return slab_main(count, words, &program); }
