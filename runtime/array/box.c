/* Boxes: half-open rectangles of indices, and copies of a box between two blocks of memory. */
#include "runtime.h"

#include <string.h>

bool box_empty(int ndim, const Box *box) {
  for (int a = 0; a < ndim; a++)
    if (box->hi[a] <= box->lo[a]) return true;
  return false;
}

bool box_intersect(int ndim, const Box *a, const Box *b, Box *both) {
  bool empty = false;
  for (int k = 0; k < ndim; k++) {
    int64_t lo = QL_MAX(a->lo[k], b->lo[k]), hi = QL_MIN(a->hi[k], b->hi[k]);
    empty |= hi <= lo;
    if (both) both->lo[k] = lo, both->hi[k] = hi;
  }
  return !empty;
}

bool box_contains(int ndim, const Box *outer, const Box *inner) {
  for (int k = 0; k < ndim; k++)
    if (inner->lo[k] < outer->lo[k] || inner->hi[k] > outer->hi[k]) return false;
  return true;
}

bool box_equal(int ndim, const Box *a, const Box *b) {
  size_t size = (size_t)ndim * sizeof(int64_t);
  return !memcmp(a->lo, b->lo, size) && !memcmp(a->hi, b->hi, size);
}

int64_t box_volume(int ndim, const Box *box) {
  int64_t volume = 1;
  for (int a = 0; a < ndim; a++) volume *= box->hi[a] > box->lo[a] ? box->hi[a] - box->lo[a] : 0;
  return volume;
}

int64_t shape_volume(int ndim, const int64_t *shape) {
  int64_t volume = 1;
  for (int a = 0; a < ndim; a++) volume *= shape[a];
  return volume;
}

Box box_of_shape(int ndim, const int64_t *shape) {
  Box box;
  for (int a = 0; a < ndim; a++) box.lo[a] = 0, box.hi[a] = shape[a];
  return box;
}

Box box_shift(int ndim, const Box *box, const int64_t *by, int sign) {
  Box shifted;
  for (int a = 0; a < ndim; a++)
    shifted.lo[a] = box->lo[a] + sign * by[a], shifted.hi[a] = box->hi[a] + sign * by[a];
  return shifted;
}

void box_hull(int ndim, Box *grow, const Box *by) {
  if (box_empty(ndim, by)) return;
  if (box_empty(ndim, grow)) {
    *grow = *by;
    return;
  }
  for (int a = 0; a < ndim; a++)
    grow->lo[a] = QL_MIN(grow->lo[a], by->lo[a]), grow->hi[a] = QL_MAX(grow->hi[a], by->hi[a]);
}

void c_strides(int ndim, const int64_t *shape, int64_t item, int64_t *stride) {
  for (int a = ndim - 1; a >= 0; a--) stride[a] = item, item *= QL_MAX(shape[a], 1);
}

void box_strides(int ndim, const Box *box, int64_t item, int64_t *stride) {
  int64_t extent[QL_MAX_DIMS];
  for (int a = 0; a < ndim; a++) extent[a] = box->hi[a] - box->lo[a];
  c_strides(ndim, extent, item, stride);
}

void box_copy(int ndim, const Box *box, size_t item, char *to, const Box *to_alloc,
              const int64_t *to_stride, const char *from, const Box *from_alloc,
              const int64_t *from_stride) {
  if (box_empty(ndim, box)) return;
  for (int a = 0; a < ndim; a++) {
    to += (box->lo[a] - to_alloc->lo[a]) * to_stride[a];
    from += (box->lo[a] - from_alloc->lo[a]) * from_stride[a];
  }
  int rows = ndim; /* axes that are looped over; the others are one run of bytes */
  size_t run = item;
  while (rows > 0 && to_stride[rows - 1] == (int64_t)run && from_stride[rows - 1] == (int64_t)run)
    run *= (size_t)(box->hi[rows - 1] - box->lo[rows - 1]), rows--;
  int64_t index[QL_MAX_DIMS] = {0};
  for (;;) {
    memcpy(to, from, run);
    int a = rows - 1;
    for (; a >= 0; a--) {
      to += to_stride[a], from += from_stride[a];
      int64_t extent = box->hi[a] - box->lo[a];
      if (++index[a] < extent) break;
      to -= extent * to_stride[a], from -= extent * from_stride[a];
      index[a] = 0;
    }
    if (a < 0) return;
  }
}
