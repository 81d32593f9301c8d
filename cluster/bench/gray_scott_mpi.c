/* Gray and Scott's reaction of two substances that diffuse, in C and MPI, one step per sweep. How:
 * slab.h.
 *
 * Both substances in one loop, nothing stored between. */
#include "slab.h"

KERNEL void react_and_diffuse(const double *restrict u, const double *restrict v,
                              double *restrict next_u, double *restrict next_v, int64_t row,
                              int64_t columns) {
  for (int64_t j = 0; j < columns; j++) {
    double around_u = u[j - row] + u[j + row] + u[j - 1] + u[j + 1] - 4.0 * u[j];
    double around_v = v[j - row] + v[j + row] + v[j - 1] + v[j + 1] - 4.0 * v[j];
    double reaction = u[j] * v[j] * v[j];
    next_u[j] = u[j] + (0.16 * around_u - reaction + 0.035 * (1.0 - u[j]));
    next_v[j] = v[j] + (0.08 * around_v + reaction - 0.095 * v[j]);
  }
}

static void react(const Slab *slab, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; i++)
    react_and_diffuse(slab_row(slab, 0, i) + 1, slab_row(slab, 1, i) + 1, slab_row(slab, 2, i) + 1,
                      slab_row(slab, 3, i) + 1, slab->row, slab->n - 2);
}

static const Program program = {.dimensions = 2,
                                .fields = 4,
                                .answer = 2,
                                .column = 1,
                                .ghosts = 1,
                                .scale = {1, 0.25, 1, 0.25},
                                .stages = {{react, 1, 1, {{2, 1, 1}, {3, 1, 1}}, true}}};

int main(int count, char **words) { return slab_main(count, words, &program); }
