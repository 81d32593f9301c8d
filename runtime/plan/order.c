/* The order of a nest's axes. The points of a domain may be visited in any order, and a reduction
 * is a tree over logical indices, so the axes of a nest can lie as those of its operands do:
 *
 *   X.T.sum(0), X of (4, 5)      domain (5, 4), X moves by (1, 5): its axes are exchanged
 *   X[:, ::-1].sum(0)            X moves by (5, -1): its last axis, which is not reduced, is
 *                                reversed
 *   sum over axis 0 of (9, 8, 3) domain (9, 8, 3), X moves by (24, 3, 1): its last two axes are one
 *                                of 24, so that the innermost loop is long
 *
 * A map says how each axis of the old domain follows the new one. */
#include "planner.h"

#include <stdlib.h>
#include <string.h>

/* The points of the domain that a view tells apart. */
static int64_t seen_points(const Group *group, const SlotView *view) {
  int64_t points = 1;
  for (int r = 0; r < group->rank; r++)
    if (view->stride[r]) points *= group->extent[r];
  return points;
}

/* The largest operand that moves along both axes; NULL: there is none. */
static const SlotView *largest_along(const Group *group, int axis, int other) {
  const SlotView *largest = NULL;
  for (int k = 0; k < group->node_count; k++) {
    const SlotView *view = &group->nodes[k].view;
    if (group->nodes[k].kind != NODE_LEAF || !view->stride[axis] || !view->stride[other]) continue;
    if (!largest || seen_points(group, view) > seen_points(group, largest)) largest = view;
  }
  return largest;
}

void order_as_stored(const Group *group, const bool *keeps_direction, AxisMap *map) {
  int order[QL_MAX_DIMS];
  for (int r = 0; r < group->rank; r++) { /* by insertion; axes of which nothing is known stay */
    int to = r;
    for (int k = r - 1; k >= 0; k--) {
      const SlotView *view = largest_along(group, order[k], r);
      if (!view) continue;
      if (llabs(view->stride[order[k]]) >= llabs(view->stride[r])) break;
      to = k;
    }
    memmove(&order[to + 1], &order[to], (size_t)(r - to) * sizeof *order);
    order[to] = r;
  }
  for (int k = 0; k < group->rank; k++) {
    int r = order[k];
    const SlotView *view = largest_along(group, r, r);
    bool backwards = view && view->stride[r] < 0 && !keeps_direction[r];
    map[r] = backwards ? (AxisMap){group->extent[r] - 1, -1, k} : (AxisMap){0, 1, k};
  }
}

void group_through(Group *group, const AxisMap *map) {
  int64_t extent[QL_MAX_DIMS];
  for (int r = 0; r < group->rank; r++) extent[map[r].dim] = group->extent[r];
  memcpy(group->extent, extent, (size_t)group->rank * sizeof *extent);
  for (int k = 0; k < group->node_count; k++) {
    ExprNode *node = &group->nodes[k];
    if (node->kind == NODE_LEAF) node->view = view_through(&node->view, group->rank, map);
    if (node->kind != NODE_RAMP || node->ramp.dim < 0) continue;
    const AxisMap *axis = &map[node->ramp.dim];
    node->ramp.start += node->ramp.step * axis->start;
    node->ramp.step *= axis->step, node->ramp.dim = axis->dim;
  }
}

bool view_runs_on(const SlotView *view, const int64_t *extent, int axis) {
  return view->stride[axis] == view->stride[axis + 1] * extent[axis + 1];
}

void view_drop_axis(SlotView *view, int rank, int axis) {
  memmove(&view->stride[axis], &view->stride[axis + 1],
          (size_t)(rank - axis - 1) * sizeof *view->stride);
  view->stride[rank - 1] = 0;
}

bool group_runs_on(const Group *group, int axis) {
  for (int k = 0; k < group->node_count; k++) {
    const ExprNode *node = &group->nodes[k];
    if (node->kind == NODE_LEAF && !view_runs_on(&node->view, group->extent, axis)) return false;
    if (node->kind == NODE_RAMP && (node->ramp.dim == axis || node->ramp.dim == axis + 1))
      return false;
  }
  return true;
}

void group_merge(Group *group, int axis) {
  for (int k = 0; k < group->node_count; k++) {
    ExprNode *node = &group->nodes[k];
    if (node->kind == NODE_LEAF) view_drop_axis(&node->view, group->rank, axis);
    if (node->kind == NODE_RAMP && node->ramp.dim > axis) node->ramp.dim--;
  }
  group->extent[axis + 1] *= group->extent[axis];
  memmove(&group->extent[axis], &group->extent[axis + 1],
          (size_t)(group->rank - axis - 1) * sizeof *group->extent);
  group->rank--;
}
