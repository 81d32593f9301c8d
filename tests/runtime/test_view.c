/* Boxes against counting points; views as boxes with steps, and strides of reshapes, against
 * walking over every element. */
#include "runtime.h"

#include "../check.h"

#include <stdlib.h>

static uint64_t state = 1; /* of the generator; a test is one program */

static int64_t below(int64_t n) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return n > 0 ? (int64_t)((state >> 33) % (uint64_t)n) : 0;
}

static Box random_box(int ndim, int64_t most) {
  Box box = {{0}, {0}};
  for (int a = 0; a < ndim; a++) box.lo[a] = below(most), box.hi[a] = box.lo[a] + below(most);
  return box;
}

static bool inside(const Box *box, int64_t x, int64_t y) {
  return x >= box->lo[0] && x < box->hi[0] && y >= box->lo[1] && y < box->hi[1];
}

static void boxes(void) {
  for (int trial = 0; trial < 2000; trial++) {
    Box a = random_box(2, 6), b = random_box(2, 6), both, hull = a;
    int64_t in_a = 0, in_both = 0, b_outside_a = 0, outside_hull = 0, wrong = 0;
    bool intersects = box_intersect(2, &a, &b, &both);
    box_hull(2, &hull, &b);
    for (int64_t x = 0; x < 12; x++)
      for (int64_t y = 0; y < 12; y++) {
        bool p = inside(&a, x, y), q = inside(&b, x, y);
        in_a += p, in_both += p && q, b_outside_a += q && !p,
            outside_hull += (p || q) && !inside(&hull, x, y);
        wrong += intersects && inside(&both, x, y) != (p && q);
      }
    CHECK_INT_EQ(box_volume(2, &a), in_a);
    CHECK_INT_EQ(box_empty(2, &a), in_a == 0);
    CHECK_INT_EQ(intersects, in_both > 0);
    CHECK_INT_EQ(wrong, 0);
    CHECK_INT_EQ(outside_hull, 0);
    if (!box_empty(2, &b)) CHECK_INT_EQ(box_contains(2, &a, &b), b_outside_a == 0);
    Box there = box_shift(2, &a, (int64_t[]){3, -2}, 1),
        back = box_shift(2, &there, (int64_t[]){3, -2}, -1);
    CHECK(box_equal(2, &a, &back));
    CHECK_INT_EQ(there.lo[0] - a.lo[0], 3);
  }
}

static void copies(void) {
  for (int trial = 0; trial < 300; trial++) {
    Box from_alloc = {{1, 2, 0}, {7, 9, 5}}, to_alloc = {{0, 1, 0}, {8, 9, 6}}, box;
    int32_t from[6 * 7 * 5], to[8 * 8 * 6];
    int64_t from_stride[3] = {4 * 7 * 5, 4 * 5, 4}, to_stride[3] = {4 * 8 * 6, 4 * 6, 4};
    Box wanted = random_box(3, 7);
    for (int k = 0; k < 6 * 7 * 5; k++) from[k] = k + 1;
    memset(to, 0, sizeof to);
    if (!box_intersect(3, &from_alloc, &wanted, &box)) continue;
    box_copy(3, &box, 4, (char *)to, &to_alloc, to_stride, (char *)from, &from_alloc, from_stride);
    int wrong = 0;
    for (int64_t x = 0; x < 8; x++)
      for (int64_t y = 1; y < 9; y++)
        for (int64_t z = 0; z < 6; z++) {
          bool in = x >= box.lo[0] && x < box.hi[0] && y >= box.lo[1] && y < box.hi[1] &&
                    z >= box.lo[2] && z < box.hi[2];
          int32_t want = in ? from[(x - 1) * 35 + (y - 2) * 5 + z] : 0;
          wrong += to[x * 48 + (y - 1) * 6 + z] != want;
        }
    CHECK_INT_EQ(wrong, 0);
  }
}

typedef struct View {
  int64_t shape[4]; /* of the storage */
  int rank;
  int64_t extent[4], stride[4], offset;
} View;

/* Slices with any step, transposes and dropped axes of a storage: every one of them has the form of
 * axes. */
static View sliced(int ndim) {
  View v = {.rank = 0};
  int64_t cstride[4];
  int order[4];
  for (int a = 0; a < ndim; a++) v.shape[a] = 1 + below(5), order[a] = a;
  c_strides(ndim, v.shape, 1, cstride);
  for (int a = ndim - 1; a > 0; a--) {
    int b = (int)below(a + 1), old = order[a];
    order[a] = order[b], order[b] = old;
  }
  for (int k = 0; k < ndim; k++) {
    int a = order[k];
    int64_t step = 1 + below(3), first = below(v.shape[a]), room = v.shape[a] - first;
    if (below(2)) step = -step, room = first + 1;
    v.offset += first * cstride[a];
    if (below(4) == 0) continue;
    int64_t size = step < 0 ? -step : step, most = (room + size - 1) / size;
    v.extent[v.rank] = 1 + below(most), v.stride[v.rank] = step * cstride[a], v.rank++;
  }
  return v;
}

/* Elements whose place by the axes differs from their place by offset and strides. */
static int64_t misplaced(int ndim, const View *v, const AxisMap *axes) {
  int64_t wrong = 0, count = 1, position[4], cstride[4];
  c_strides(ndim, v->shape, 1, cstride);
  for (int r = 0; r < v->rank; r++) count *= v->extent[r];
  for (int64_t k = 0; k < count; k++) {
    int64_t rest = k, element = v->offset, mapped = 0;
    for (int r = v->rank - 1; r >= 0; r--) position[r] = rest % v->extent[r], rest /= v->extent[r];
    for (int r = 0; r < v->rank; r++) element += position[r] * v->stride[r];
    for (int a = 0; a < ndim; a++) {
      int64_t index = axes[a].start + (axes[a].dim >= 0 ? axes[a].step * position[axes[a].dim] : 0);
      wrong += index < 0 || index >= v->shape[a];
      mapped += index * cstride[a];
    }
    wrong += mapped != element;
  }
  return wrong;
}

static void slices_are_boxes(void) {
  for (int trial = 0; trial < 20000; trial++) {
    int ndim = 1 + (int)below(4);
    View v = sliced(ndim);
    AxisMap axes[QL_MAX_DIMS];
    if (!CHECK(view_axes(v.rank, v.extent, v.stride, v.offset, ndim, v.shape, axes))) return;
    CHECK_INT_EQ(misplaced(ndim, &v, axes), 0);
    Box domain = box_of_shape(v.rank, v.extent), touched = view_box(ndim, axes, &domain),
        whole = box_of_shape(ndim, v.shape);
    CHECK(box_contains(ndim, &whole, &touched));
  }
}

/* Any strides that stay inside the storage: a form, when one is given, must be right. */
static void any_strides(void) {
  int accepted = 0, refused = 0;
  for (int trial = 0; trial < 40000; trial++) {
    int ndim = 1 + (int)below(3);
    View v = {.rank = 1 + (int)below(2)};
    int64_t size = 1, low = 0, high = 0;
    for (int a = 0; a < ndim; a++) v.shape[a] = 1 + below(5), size *= v.shape[a];
    for (int r = 0; r < v.rank; r++) {
      v.extent[r] = 1 + below(4), v.stride[r] = below(2 * size) - size;
      int64_t reach = v.stride[r] * (v.extent[r] - 1);
      if (reach < 0)
        low += reach;
      else
        high += reach;
    }
    if (high - low >= size) continue;
    v.offset = -low + below(size - (high - low));
    AxisMap axes[QL_MAX_DIMS];
    if (!view_axes(v.rank, v.extent, v.stride, v.offset, ndim, v.shape, axes)) {
      refused++;
      continue;
    }
    accepted++;
    CHECK_INT_EQ(misplaced(ndim, &v, axes), 0);
  }
  CHECK(accepted > 1000);
  CHECK(refused > 1000);
}

static int64_t element_at(int ndim, const int64_t *shape, const int64_t *stride, int64_t k) {
  int64_t at = 0;
  for (int a = ndim - 1; a >= 0; a--) at += k % shape[a] * stride[a], k /= shape[a];
  return at;
}

/* The factors 2, 2 and 3 of the size in another grouping. */
static int regroup(int64_t *shape) {
  int ndim = 1 + (int)below(3);
  for (int a = 0; a < ndim; a++) shape[a] = 1;
  static const int64_t factor[] = {2, 3, 2};
  for (int k = 0; k < 3; k++) shape[below(ndim)] *= factor[k];
  return ndim;
}

static void reshapes(void) {
  int possible = 0, impossible = 0;
  for (int trial = 0; trial < 20000; trial++) {
    int64_t old_shape[3], shape[3], old_stride[3], stride[QL_MAX_DIMS];
    int old = regroup(old_shape), ndim = regroup(shape);
    c_strides(old, old_shape, 1 + below(2), old_stride);
    if (old == 2 && below(2)) { /* transposed */
      int64_t s = old_stride[0];
      old_stride[0] = 1, old_stride[1] = QL_MAX(s, 1) * 2;
    } else if (below(2)) {
      old_stride[0] = -old_stride[0];
    } else if (below(2)) {
      old_stride[0] *= 2;
    }
    QlArray base = {.ndim = (uint8_t)old, .size = 12, .shape = old_shape, .strides = old_stride};
    bool found = ql_reshape_strides(&base, ndim, shape, stride);
    if (found) {
      int64_t wrong = 0;
      for (int64_t k = 0; k < 12; k++)
        wrong += element_at(old, old_shape, old_stride, k) != element_at(ndim, shape, stride, k);
      CHECK_INT_EQ(wrong, 0);
      possible++;
      continue;
    }
    /* No strides exist: the first step along each axis fixes the only candidate, and it is wrong
     * somewhere. */
    int64_t inner = 1, wrong = 0;
    for (int a = ndim - 1; a >= 0; a--) {
      stride[a] = shape[a] > 1 ? element_at(old, old_shape, old_stride, inner) : 0;
      inner *= shape[a];
    }
    for (int64_t k = 0; k < 12; k++)
      wrong += element_at(old, old_shape, old_stride, k) != element_at(ndim, shape, stride, k);
    CHECK(wrong > 0);
    impossible++;
  }
  CHECK(possible > 1000);
  CHECK(impossible > 1000);
}

CHECK_MAIN(CHECK_TEST(boxes), CHECK_TEST(copies), CHECK_TEST(slices_are_boxes),
           CHECK_TEST(any_strides), CHECK_TEST(reshapes))
