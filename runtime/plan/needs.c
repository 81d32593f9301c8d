/* What nodes read of a slot, and how far beyond what they own, known axis by axis from the grids of
 * the target and of the slot:
 *
 *     u[1:-1] = v[:-2] of 40 elements on 4 nodes, blocks of 10: nodes compute [0, 9), [9, 19), ...
 *     and read what they compute, counted from the element before: one beyond their block, below
 *
 * A node has a cell along each axis of a grid; what it computes follows from those of the target's
 * grid, what it owns from those of the slot's. Where the two are the same cell, both are compared
 * cell by cell. So this takes time for the cells of an axis, never for nodes. */
#include "planner.h"

#include <stdlib.h>

enum { BESIDE = 8 };

/* ---- what a node needs ---- */

Box needs_of_cells(const Planner *planner, const Group *group, int leaf, const Cells *cells) {
  const SlotView *view = &group->nodes[leaf].view;
  const Reach *reach = &group->reach[leaf];
  const PlanSlot *slot = &planner->plan->slots[view->slot];
  Box domain = placement_cells(group, cells);
  if (box_empty(group->rank, &domain)) return (Box){{0}, {0}};
  if (!reach->has_axes)
    return view_stretch(slot->ndim, slot->shape, view->offset, view->stride, group->rank, &domain);
  Box box = span_box_within(slot->ndim, reach->axes, &domain, slot->shape);
  /* What a piece needs of an uncut axis grows by what smaller pieces beside it will need: one
   * message instead of one for each. */
  for (int a = 0; group->is_piece && a < slot->ndim; a++) {
    if (slot->layout->template->cut[a]) continue;
    box.lo[a] = QL_MAX(box.lo[a] - BESIDE, 0),
    box.hi[a] = QL_MIN(box.hi[a] + BESIDE, slot->shape[a]);
  }
  return box;
}

Box needs_of_node(const Planner *planner, const Group *group, int leaf, int node) {
  const Grid *grid = placement_grid(group);
  Cells cells = {{0}, {0}};
  if (grid) cells = grid_cells_of(grid, node);
  return needs_of_cells(planner, group, leaf, &cells);
}

/* Which axis of the target's grid axis `a` of the leaf's slot follows; -1: none. */
static int followed(const Group *group, int leaf, int a) {
  const Grid *grid = placement_grid(group);
  int dim = group->reach[leaf].axes[a].dim;
  for (int g = 0; grid && dim >= 0 && g < grid->count; g++)
    if (grid->axis[g].axis >= 0 && group->placement.axes[grid->axis[g].axis].dim == dim) return g;
  return -1;
}

/* ---- who computes ---- */

/* The first cell with points from `cell` on, upwards or downwards; -1: there is none. */
static int next_reader(const Group *group, int g, int cell, int step, Interval *points) {
  int cells = placement_grid(group)->axis[g].cells;
  for (; cell >= 0 && cell < cells; cell += step)
    if (placement_along(group, g, cell, points)) return cell;
  return -1;
}

Readers needs_readers(const Group *group) {
  const Grid *grid = placement_grid(group);
  Readers readers = {.none = false, .alone = grid ? 0 : -1};
  for (int r = 0; r < group->rank; r++) readers.none |= group->extent[r] <= 0;
  for (int g = 0; grid && g < grid->count && !readers.none; g++) {
    Interval low, high; /* of cells in order: their points are so too, upwards or downwards */
    int first = next_reader(group, g, 0, 1, &low);
    int last = next_reader(group, g, grid->axis[g].cells - 1, -1, &high);
    readers.none = first < 0;
    readers.first[g] = first, readers.last[g] = last;
    readers.points[g] = (Interval){QL_MIN(low.lo, high.lo), QL_MAX(low.hi, high.hi)};
    if (readers.alone >= 0) readers.alone += first * grid->axis[g].stride;
    if (first != last) readers.alone = -1;
  }
  return readers;
}

/* ---- how far beyond what it owns ---- */

/* Does the block beside the cell's, on that side, reach as far as `end`? */
static bool neighbour_holds(const PlanSlot *slot, const GridAxis *axis, int cell, int side,
                            int64_t end) {
  for (int c = cell + (side ? 1 : -1); c >= 0 && c < axis->cells; c += side ? 1 : -1) {
    Interval owned = rt_layout_along(slot->layout, slot->shape, axis, c);
    if (owned.lo < owned.hi) return side ? end <= owned.hi : end >= owned.lo;
  }
  return false;
}

/* The axis of `grid` along which a node's cell is always that along `axis`; -1: there is none. */
static int same_cells(const Grid *grid, const GridAxis *axis) {
  for (int g = 0; g < grid->count; g++)
    if (grid->axis[g].cells == axis->cells && grid->axis[g].stride == axis->stride) return g;
  return -1;
}

/* What the owners of one cell of the slot's grid need beyond it. */
static Need need_of_cell(const PlanSlot *slot, const GridAxis *axis, int cell, Interval read,
                         int64_t depth[2]) {
  Interval owned = rt_layout_along(slot->layout, slot->shape, axis, cell);
  if (read.lo >= read.hi) return NEED_NOTHING;
  if (owned.lo >= owned.hi) return NEED_COPY;
  int64_t beyond[2] = {owned.lo - read.lo, read.hi - owned.hi};
  Need need = NEED_NOTHING;
  for (int side = 0; side < 2; side++) {
    if (beyond[side] <= 0) continue;
    need = NEED_GHOSTS;
    if (beyond[side] > GHOST_DEPTH ||
        !neighbour_holds(slot, axis, cell, side, side ? read.hi : read.lo))
      return NEED_COPY;
    depth[side] = QL_MAX(depth[side], beyond[side]);
  }
  return need;
}

/* Along one axis of the slot's grid. A node's cell along it must follow from its cell along one of
 * the target's grid: where the grids differ, hardly any node owns what it needs. */
static Need need_along(const Group *group, int leaf, const PlanSlot *slot, const GridAxis *axis,
                       const Readers *readers, int64_t depth[][2]) {
  int match = same_cells(placement_grid(group), axis), first = 0, last = 0;
  if (readers->alone >= 0)
    first = last = grid_cell(axis, readers->alone), match = -1;
  else if (axis->cells > 1 && match < 0)
    return NEED_COPY;
  else if (match >= 0)
    first = readers->first[match], last = readers->last[match];
  int follows = axis->axis >= 0 ? followed(group, leaf, axis->axis) : -1;
  Need most = NEED_NOTHING;
  for (int c = first; c <= last && most != NEED_COPY; c++) {
    Interval points = {0, 0}, here;
    if (match >= 0 && !placement_along(group, match, c, &here)) continue;
    if (axis->axis < 0) {
      if (c != axis->owner) return NEED_COPY;
      continue;
    }
    const AxisSpan *span = &group->reach[leaf].axes[axis->axis];
    int dim = span->dim;
    if (dim >= 0) points.hi = group->extent[dim];
    if (follows >= 0) points = follows == match ? here : readers->points[follows];
    Need need = need_of_cell(slot, axis, c, span_along(span, points, slot->shape[axis->axis]),
                             depth[axis->axis]);
    most = QL_MAX(most, need);
  }
  return most;
}

Need needs_beyond(const Group *group, int leaf, const PlanSlot *slot, const Readers *readers,
                  int64_t depth[][2]) {
  const Reach *reach = &group->reach[leaf];
  const Grid *grid = &slot->layout->template->nodes;
  if (!reach->has_axes) return NEED_COPY;
  if (readers->none) return NEED_NOTHING;
  if (!placement_grid(group)) return NEED_COPY; /* all nodes read the same */
  Need most = NEED_NOTHING;
  for (int g = 0; g < grid->count && most != NEED_COPY; g++) {
    Need need = need_along(group, leaf, slot, &grid->axis[g], readers, depth);
    most = QL_MAX(most, need);
  }
  bool stepped = false;
  for (int a = 0; a < slot->ndim; a++)
    stepped |= reach->axes[a].dim >= 0 && llabs(reach->axes[a].step) != 1;
  return most == NEED_GHOSTS && stepped ? NEED_COPY : most;
}

/* ---- what holds what ---- */

/* What is read along axis `a` on nodes of that cell of the target's grid; axes that do not follow
 * `g` are the same for all of them. */
static Interval read_in_cell(const Group *group, int leaf, const PlanSlot *slot, int a, int g,
                             int cell) {
  int dim = group->reach[leaf].axes[a].dim;
  Interval points = {0, dim < 0 ? 1 : group->extent[dim]};
  if (g >= 0 && followed(group, leaf, a) == g) (void)placement_along(group, g, cell, &points);
  return span_along(&group->reach[leaf].axes[a], points, slot->shape[a]);
}

/* Does every node that computes points of `group` find all that its leaf needs along axis `a` in
 * what the other leaf, of a group with that grid or none, needs? */
static bool holds_along(const Planner *planner, const Group *other, int other_leaf,
                        const Group *group, int leaf, int a) {
  const PlanSlot *slot = &planner->plan->slots[group->nodes[leaf].view.slot];
  const Grid *grid = placement_grid(group);
  int g = followed(group, leaf, a), h = followed(other, other_leaf, a);
  if (g >= 0 && h >= 0 && g != h) return false;
  bool beside = other->is_piece && !slot->layout->template->cut[a];
  int64_t wider = beside ? BESIDE : 0;
  g = QL_MAX(g, h);
  for (int c = 0; c < (g < 0 ? 1 : grid->axis[g].cells); c++) {
    Interval points;
    if (g >= 0 && !placement_along(group, g, c, &points)) continue;
    Interval outer = read_in_cell(other, other_leaf, slot, a, g, c),
             inner = read_in_cell(group, leaf, slot, a, g, c);
    if (QL_MAX(outer.lo - wider, 0) > inner.lo ||
        QL_MIN(outer.hi + wider, slot->shape[a]) < inner.hi)
      return false;
  }
  return true;
}

/* Has every node with points of `group` points of the other, by the same grid or by none? */
static bool readers_among(const Group *other, const Group *group) {
  const Grid *grid = placement_grid(group);
  if (!placement_grid(other)) return true; /* it reads the same on all nodes */
  if (grid != placement_grid(other)) return false;
  Interval points;
  for (int g = 0; grid && g < grid->count; g++)
    for (int c = 0; c < grid->axis[g].cells; c++)
      if (placement_along(group, g, c, &points) && !placement_along(other, g, c, &points))
        return false;
  return true;
}

bool needs_hold(const Planner *planner, const Group *other, int other_leaf, const Group *group,
                int leaf) {
  int slot = group->nodes[leaf].view.slot, ndim = planner->plan->slots[slot].ndim;
  bool holds = other->nodes[other_leaf].view.slot == slot && other->reach[other_leaf].has_axes &&
               group->reach[leaf].has_axes && readers_among(other, group);
  for (int a = 0; a < ndim && holds; a++)
    holds = holds_along(planner, other, other_leaf, group, leaf, a);
  return holds;
}

int64_t needs_most(const Planner *planner, const Group *group, int leaf) {
  const PlanSlot *slot = &planner->plan->slots[group->nodes[leaf].view.slot];
  const Grid *grid = placement_grid(group);
  int64_t most = ql_dtype_info[slot->dtype].size;
  if (!group->reach[leaf].has_axes) return most * shape_volume(slot->ndim, slot->shape);
  for (int a = 0; a < slot->ndim; a++) {
    int g = followed(group, leaf, a);
    int64_t longest = 0;
    for (int c = 0; c < (g < 0 ? 1 : grid->axis[g].cells); c++) {
      Interval read = read_in_cell(group, leaf, slot, a, g, c);
      longest = QL_MAX(longest, read.hi - read.lo);
    }
    bool beside = group->is_piece && !slot->layout->template->cut[a];
    most *= QL_MIN(longest + (beside ? 2 * BESIDE : 0), slot->shape[a]);
  }
  return most;
}
