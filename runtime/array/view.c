/* Views: offset and strides over the virtual C-order global array of a storage (contract C2), seen
 * as boxes with steps.
 *
 * A stride s belongs to the axis a with cstride[a] <= |s| < cstride[a] * shape[a] that it divides
 * by: the step is s / cstride[a]. The first element's index along each axis follows from the offset
 * by division. Views that wrap around rows (some reshapes), or move along two axes at once
 * (diagonals), have no such form. */
#include "runtime.h"

#include <stdlib.h>

static int axis_of_stride(int ndim, const int64_t *shape, const int64_t *cstride, int64_t stride,
                          int64_t *step) {
  int64_t size = stride < 0 ? -stride : stride;
  for (int a = ndim - 1; a >= 0; a--) {
    if (shape[a] <= 1 || size >= cstride[a] * shape[a]) continue;
    if (size % cstride[a]) return -1;
    *step = stride / cstride[a];
    return a;
  }
  return -1;
}

bool view_axes(int rank, const int64_t *extent, const int64_t *stride, int64_t offset, int ndim,
               const int64_t *shape, AxisMap *axes) {
  int64_t cstride[QL_MAX_DIMS];
  c_strides(ndim, shape, 1, cstride);
  for (int a = 0; a < ndim; a++) {
    axes[a] = (AxisMap){.start = shape[a] > 1 ? offset / cstride[a] : 0, .step = 0, .dim = -1};
    if (shape[a] > 1) offset %= cstride[a];
  }
  for (int r = 0; r < rank; r++) {
    if (extent[r] <= 1 || stride[r] == 0) continue;
    int64_t step;
    int a = axis_of_stride(ndim, shape, cstride, stride[r], &step);
    if (a < 0 || axes[a].dim >= 0) return false;
    int64_t last = axes[a].start + step * (extent[r] - 1);
    if (last < 0 || last >= shape[a]) return false;
    axes[a].step = step, axes[a].dim = r;
  }
  return true;
}

/* What a domain box touches along one axis. */
static Interval touched_along(const AxisMap *axis, const Box *domain) {
  int64_t first = axis->start, last = axis->start;
  if (axis->dim >= 0) {
    first += axis->step * domain->lo[axis->dim];
    last += axis->step * (domain->hi[axis->dim] - 1);
  }
  return (Interval){QL_MIN(first, last), QL_MAX(first, last) + 1};
}

Box view_box(int ndim, const AxisMap *axes, const Box *domain) {
  Box box;
  for (int a = 0; a < ndim; a++) {
    Interval touched = touched_along(&axes[a], domain);
    box.lo[a] = touched.lo, box.hi[a] = touched.hi;
  }
  return box;
}

bool axes_meet(int ndim, const AxisMap *a, const Box *domain_a, const AxisMap *b,
               const Box *domain_b) {
  for (int k = 0; k < ndim; k++) {
    Interval of_a = touched_along(&a[k], domain_a), of_b = touched_along(&b[k], domain_b);
    int64_t step = llabs(a[k].step); /* combs may interlock without touching */
    if (of_a.hi <= of_b.lo || of_b.hi <= of_a.lo) return false;
    if (step > 1 && step == llabs(b[k].step) && (a[k].start - b[k].start) % step) return false;
  }
  return true;
}

void span_of_map(int ndim, const AxisMap *axes, AxisSpan *spans) {
  for (int a = 0; a < ndim; a++)
    spans[a] = (AxisSpan){axes[a].start, axes[a].start, axes[a].step, axes[a].dim};
}

bool span_join(int ndim, AxisSpan *grow, const AxisSpan *by) {
  for (int a = 0; a < ndim; a++)
    if (grow[a].dim != by[a].dim || (grow[a].dim >= 0 && grow[a].step != by[a].step)) return false;
  for (int a = 0; a < ndim; a++)
    grow[a].lo = QL_MIN(grow[a].lo, by[a].lo), grow[a].hi = QL_MAX(grow[a].hi, by[a].hi);
  return true;
}

Box span_box(int ndim, const AxisSpan *spans, const Box *domain) {
  Box box;
  for (int a = 0; a < ndim; a++) {
    const AxisSpan *span = &spans[a];
    int64_t first = 0, last = 0;
    if (span->dim >= 0)
      first = span->step * domain->lo[span->dim], last = span->step * (domain->hi[span->dim] - 1);
    box.lo[a] = QL_MIN(first, last) + span->lo, box.hi[a] = QL_MAX(first, last) + span->hi + 1;
  }
  return box;
}

Interval span_along(const AxisSpan *span, Interval points, int64_t extent) {
  int64_t first = 0, last = 0;
  if (span->dim >= 0) first = span->step * points.lo, last = span->step * (points.hi - 1);
  return (Interval){QL_MAX(QL_MIN(first, last) + span->lo, 0),
                    QL_MIN(QL_MAX(first, last) + span->hi + 1, extent)};
}

Box span_box_within(int ndim, const AxisSpan *spans, const Box *domain, const int64_t *shape) {
  Box box;
  for (int a = 0; a < ndim; a++) {
    Interval points = {0, 0};
    if (spans[a].dim >= 0) points = (Interval){domain->lo[spans[a].dim], domain->hi[spans[a].dim]};
    Interval touched = span_along(&spans[a], points, shape[a]);
    box.lo[a] = touched.lo, box.hi[a] = touched.hi;
  }
  return box;
}

Box view_stretch(int rank, const int64_t *extent, int64_t offset, const int64_t *stride, int ndim,
                 const Box *domain) {
  int64_t first = offset, last = offset, cstride[QL_MAX_DIMS];
  for (int r = 0; r < ndim; r++) {
    int64_t low = stride[r] * domain->lo[r], high = stride[r] * (domain->hi[r] - 1);
    first += QL_MIN(low, high), last += QL_MAX(low, high);
  }
  Box box;
  bool parted = false; /* the two ends differ along an earlier axis: later ones are needed whole */
  c_strides(rank, extent, 1, cstride);
  for (int a = 0; a < rank; a++) {
    box.lo[a] = parted ? 0 : first / cstride[a];
    box.hi[a] = parted ? extent[a] : last / cstride[a] + 1;
    parted |= box.hi[a] - box.lo[a] > 1;
    first %= cstride[a], last %= cstride[a];
  }
  return box;
}

bool box_is_stretch(int ndim, const int64_t *extent, const Box *box, int64_t *start) {
  int64_t cstride[QL_MAX_DIMS];
  bool parted = false;
  c_strides(ndim, extent, 1, cstride);
  *start = 0;
  for (int a = 0; a < ndim; a++) {
    if (parted && (box->lo[a] != 0 || box->hi[a] != extent[a])) return false;
    parted |= box->hi[a] - box->lo[a] > 1;
    *start += box->lo[a] * cstride[a];
  }
  return true;
}
