/* Jacobi's 5-point iteration in C and MPI, one step per sweep. How: slab.h. */
#include "jacobi.h"
#include "slab.h"

static void relax(const Slab *slab, int64_t begin, int64_t end) {
  five_points(slab_row(slab, 0, begin) + 1, slab_row(slab, 1, begin) + 1, slab->row, end - begin,
              slab->n - 2);
}

static const Program program = {.dimensions = 2,
                                .fields = 2,
                                .answer = 1,
                                .column = 1,
                                .ghosts = 1,
                                .scale = {1, 1},
                                .stages = {{relax, 1, 1, {{1, 1, 1}}, true}}};

int main(int count, char **words) { return slab_main(count, words, &program); }
