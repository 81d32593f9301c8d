/* A tile of a product of matrices: what product.c hands to multiply.c. */
#ifndef QUELEA_PRODUCT_H
#define QUELEA_PRODUCT_H

#include "runtime.h"

typedef struct Factor {
  const char *at;
  int64_t outer, k; /* bytes from row to row, or from column to column; along k */
} Factor;

typedef struct Tile {
  int64_t rows, columns, k;
  Factor left, right;
  char *to;
  int64_t to_row, to_column; /* bytes */
  bool transposed[2];        /* for BLAS */
} Tile;

/* Of factors of that dtype, or of halves, whose sum may be a float32. No memory but BLAS's own, no
 * failure. */
void product_multiply(const Tile *tile, QlDtype dtype, bool halves);

#endif
