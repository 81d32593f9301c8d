/* Heat in a cube, 7 points, in C and MPI, one step per sweep. How: slab.h.
 *
 * (Strips of lines that go through several planes, so that a line comes from memory once where
 * three planes are more than the last cache keeps, made no difference up to 512 points a side.) */
#include "slab.h"

KERNEL void seven_points(const double *restrict u, double *restrict next, int64_t row,
                         int64_t pitch, int64_t columns) {
  for (int64_t j = 0; j < columns; j++)
    next[j] = u[j] + 0.1 * (u[j - row] + u[j + row] + u[j - pitch] + u[j + pitch] + u[j - 1] +
                            u[j + 1] - 6.0 * u[j]);
}

static void warm(const Slab *slab, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; i++)
    for (int64_t k = 1; k < slab->n - 1; k++) {
      int64_t at = k * slab->pitch + 1;
      seven_points(slab_row(slab, 0, i) + at, slab_row(slab, 1, i) + at, slab->row, slab->pitch,
                   slab->n - 2);
    }
}

static const Program program = {.dimensions = 3,
                                .fields = 2,
                                .answer = 1,
                                .column = 1,
                                .ghosts = 1,
                                .scale = {1, 1},
                                .stages = {{warm, 1, 1, {{1, 1, 1}}, true}}};

int main(int count, char **words) { return slab_main(count, words, &program); }
