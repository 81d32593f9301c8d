/* Shallow water in C and MPI: velocities u, v and height h, in place. How: slab.h.
 *
 * Both velocities in one loop, then the height: each array comes from memory once for each of the
 * two. */
#include "slab.h"

enum { U, V, H };

KERNEL void change_velocities(double *restrict u, double *restrict v, const double *restrict h,
                              int64_t row, int64_t columns) {
  for (int64_t j = 0; j < columns; j++) {
    u[j] -= 0.1 * (h[j + row] - h[j - row]) * 0.5;
    v[j] -= 0.1 * (h[j + 1] - h[j - 1]) * 0.5;
  }
}

KERNEL void change_height(const double *restrict u, const double *restrict v, double *restrict h,
                          int64_t row, int64_t columns) {
  for (int64_t j = 0; j < columns; j++)
    h[j] -= 0.1 * (u[j + row] - u[j - row] + v[j + 1] - v[j - 1]) * 0.5;
}

static void velocities(const Slab *slab, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; i++)
    change_velocities(slab_row(slab, U, i) + 1, slab_row(slab, V, i) + 1, slab_row(slab, H, i) + 1,
                      slab->row, slab->n - 2);
}

static void heights(const Slab *slab, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; i++)
    change_height(slab_row(slab, U, i) + 1, slab_row(slab, V, i) + 1, slab_row(slab, H, i) + 1,
                  slab->row, slab->n - 2);
}

static const Program program = {
    .dimensions = 2,
    .fields = 3,
    .answer = 3,
    .column = 1,
    .ghosts = 1,
    .scale = {1, 1, 1},
    .stages = {{velocities, 1, 1, {{U, 1, 1}}}, {heights, 1, 1, {{H, 1, 1}}}}};

int main(int count, char **words) { return slab_main(count, words, &program); }
