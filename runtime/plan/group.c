/* Statements into groups. A group has one domain and becomes one kernel; it ends in a store to a
 * view of a target that moves with the domain. A statement that reads its own target at other
 * places goes through a temporary, as if the right side were evaluated first. */
#include "planner.h"

#include <string.h>

/* ---- groups ---- */

Group *planner_open(Planner *planner, GroupKind kind, int statement, int rank,
                    const int64_t *extent) {
  if (planner_grow(planner, &planner->groups, planner->group_count, &planner->group_room,
                   sizeof *planner->groups))
    return NULL;
  Group *group = &planner->groups[planner->group_count];
  memset(group, 0, sizeof *group);
  if (kind == GROUP_KERNEL) group->nodes = planner->nodes, group->node_room = GROUP_NODES;
  group->kind = kind, group->statement = statement, group->rank = rank;
  group->reduce_axis = -1, group->placement.leaf_axis = -1, group->move_from = group->move_to = -1,
  group->cut = group->along.axis = group->along.whole = -1;
  if (extent) memcpy(group->extent, extent, (size_t)rank * sizeof *extent);
  planner->group_count++;
  return group;
}

bool slot_axes(const Planner *planner, int rank, const int64_t *extent, const SlotView *view,
               AxisMap *axes) {
  const PlanSlot *slot = &planner->plan->slots[view->slot];
  return view_axes(rank, extent, view->stride, view->offset, slot->ndim, slot->shape, axes);
}

bool store_axes(const Planner *planner, const Group *group, const GroupStore *store,
                AxisMap *axes) {
  int64_t extent[QL_MAX_DIMS];
  memcpy(extent, group->extent, sizeof extent);
  if (store_steps(group, store))
    extent[group->reduce_axis] = ceil_div(extent[group->reduce_axis], JIT_LEAF);
  return slot_axes(planner, group->rank, extent, &store->view, axes);
}

bool views_overlap(const Planner *planner, const Group *group_a, const SlotView *a,
                   const Group *group_b, const SlotView *b) {
  if (a->slot != b->slot) return false;
  if (group_is_given(group_a) || group_is_given(group_b))
    return true; /* it may touch more than its views */
  AxisMap axes_a[QL_MAX_DIMS], axes_b[QL_MAX_DIMS];
  if (!slot_axes(planner, group_a->rank, group_a->extent, a, axes_a) ||
      !slot_axes(planner, group_b->rank, group_b->extent, b, axes_b))
    return true;
  Box domain_a = box_of_shape(group_a->rank, group_a->extent),
      domain_b = box_of_shape(group_b->rank, group_b->extent);
  return axes_meet(planner->plan->slots[a->slot].ndim, axes_a, &domain_a, axes_b, &domain_b);
}

/* ---- placement ---- */

/* The positions along the dimension that the target's axis `a` follows whose target lies in an
 * interval of it; of an axis that follows none: whether it does. */
static bool points_in(const Placement *p, const int64_t *extent, int a, Interval owned,
                      Interval *points) {
  const AxisMap *map = &p->axes[a];
  if (map->dim < 0) return map->start >= owned.lo && map->start < owned.hi;
  *points = (Interval){0, 0};
  if (owned.lo >= owned.hi) return false;
  int64_t first = axis_crossing(map, map->step > 0 ? owned.lo : owned.hi),
          last = axis_crossing(map, map->step > 0 ? owned.hi : owned.lo);
  if (map->dim == p->leaf_axis) first *= JIT_LEAF, last *= JIT_LEAF;
  if (p->by_rows == a + 1) {
    bool from_start = owned.lo <= 0, to_end = owned.hi >= p->slot_shape[a];
    if (map->step > 0 ? from_start : to_end) first = 0;
    if (map->step > 0 ? to_end : from_start) last = extent[map->dim];
  }
  *points = (Interval){QL_MAX(first, 0), QL_MIN(last, extent[map->dim])};
  return points->lo < points->hi;
}

/* The points of the domain whose target lies in a box of the target's storage. */
static Box domain_of_target(const Placement *p, int rank, const int64_t *extent, const Box *owned) {
  Box box = box_of_shape(rank, extent);
  bool none = false;
  for (int a = 0; a < p->slot_ndim; a++) {
    Interval points = {0, 0};
    int dim = p->axes[a].dim;
    none |= !points_in(p, extent, a, (Interval){owned->lo[a], owned->hi[a]}, &points);
    if (dim >= 0) box.lo[dim] = points.lo, box.hi[dim] = points.hi;
  }
  if (none) box.hi[0] = box.lo[0];
  return box;
}

/* What is owned, and as much beyond as is computed too. */
static Interval widened(const Placement *p, int a, Interval owned) {
  if (!p->widened || owned.lo >= owned.hi) return owned;
  return (Interval){QL_MAX(owned.lo - p->wider[a][0], 0),
                    QL_MIN(owned.hi + p->wider[a][1], p->slot_shape[a])};
}

/* Of a worker: where its part is at the edge of the node's. */
static void widen_worker(const CommInfo *info, const Placement *p, Box *owned) {
  if (!p->widened || box_empty(p->slot_ndim, owned)) return;
  Box node = rt_layout_node(p->layout, p->slot_ndim, p->slot_shape, info->node);
  for (int a = 0; a < p->slot_ndim; a++) {
    Interval wide = widened(p, a, (Interval){node.lo[a], node.hi[a]});
    if (owned->lo[a] == node.lo[a]) owned->lo[a] = wide.lo;
    if (owned->hi[a] == node.hi[a]) owned->hi[a] = wide.hi;
  }
}

const Grid *placement_grid(const Group *group) {
  const Placement *p = &group->placement;
  return p->replicated || p->everywhere || p->flat ? NULL : &p->layout->template->nodes;
}

Box placement_cells(const Group *group, const Cells *cells) {
  const Placement *p = &group->placement;
  if (!placement_grid(group)) return box_of_shape(group->rank, group->extent);
  Box owned = rt_layout_cells(p->layout, p->slot_ndim, p->slot_shape, cells);
  bool some = !box_empty(p->slot_ndim, &owned);
  for (int a = 0; a < p->slot_ndim && some; a++) {
    Interval wide = widened(p, a, (Interval){owned.lo[a], owned.hi[a]});
    owned.lo[a] = wide.lo, owned.hi[a] = wide.hi;
  }
  return domain_of_target(p, group->rank, group->extent, &owned);
}

bool placement_along(const Group *group, int g, int cell, Interval *points) {
  const Placement *p = &group->placement;
  const GridAxis *axis = &p->layout->template->nodes.axis[g];
  *points = (Interval){0, 0};
  if (axis->axis < 0) return cell == axis->owner;
  Interval owned = widened(p, axis->axis, rt_layout_along(p->layout, p->slot_shape, axis, cell));
  return owned.lo < owned.hi && points_in(p, group->extent, axis->axis, owned, points);
}

Box placement_worker(const CommInfo *info, const Placement *p, int rank, const int64_t *extent,
                     int whole_axis, int worker) {
  Box box = box_of_shape(rank, extent);
  if (p->replicated) {
    if (worker % info->threads) box.hi[0] = box.lo[0];
    return box;
  }
  if (p->in_order && worker > 0) {
    box.hi[0] = box.lo[0];
    return box;
  }
  if (p->in_order && p->flat) return box;
  if (p->in_order) {
    Box owned = rt_layout_node(p->layout, p->slot_ndim, p->slot_shape, info->node);
    return domain_of_target(p, rank, extent, &owned);
  }
  if (p->flat || p->everywhere) {
    int axis = 0;
    for (int r = 1; r < rank; r++)
      if (r != whole_axis && (axis == whole_axis || extent[axis] < info->workers)) axis = r;
    box.lo[axis] = part_start(extent[axis], worker, info->workers);
    box.hi[axis] = part_start(extent[axis], worker + 1, info->workers);
    return box;
  }
  if (p->in_lines) {
    Box owned = rt_layout_node(p->layout, p->slot_ndim, p->slot_shape, info->node);
    int dim = p->axes[p->by_rows - 1].dim;
    box = domain_of_target(p, rank, extent, &owned);
    int64_t first = box.lo[dim], count = QL_MAX(box.hi[dim] - first, 0);
    box.lo[dim] = first + part_start(count, worker, info->workers);
    box.hi[dim] = first + part_start(count, worker + 1, info->workers);
    return box;
  }
  Box owned = rt_layout_worker(p->layout, p->slot_ndim, p->slot_shape, worker);
  widen_worker(info, p, &owned);
  return domain_of_target(p, rank, extent, &owned);
}

Placement planner_place(const Planner *planner, const Group *group, const GroupStore *store) {
  const PlanSlot *slot = &planner->plan->slots[store->view.slot];
  Placement p = {.origin = store->view.origin,
                 .layout = slot->layout,
                 .slot_ndim = slot->ndim,
                 .leaf_axis = -1};
  memcpy(p.slot_shape, slot->shape, sizeof p.slot_shape);
  if (!slot->layout->template) {
    p.replicated = true;
    return p;
  }
  if (store_steps(group, store)) p.leaf_axis = group->reduce_axis;
  if (store_axes(planner, group, store, p.axes)) return p;
  p.flat = planner->ctx->info->node_count == 1;
  p.everywhere = !p.flat;
  return p;
}

static QlStatus store_and_place(Planner *planner, Group *group, const GroupStore *store) {
  group->placement = planner_place(planner, group, store);
  group->stores[group->store_count++] = *store;
  planner->slots[store->slot].stored = true;
  group->node_room = group->node_count;
  group->nodes =
      ql_pool_copy(planner->pool, group->nodes, (size_t)group->node_count * sizeof *group->nodes);
  return group->nodes ? QL_OK : planner_no_memory(planner);
}

QlStatus planner_store(Planner *planner, Group *group, const SlotView *target, int node) {
  GroupStore store = {.view = *target, .node = node, .slot = target->slot};
  return store_and_place(planner, group, &store);
}

QlStatus planner_store_reduced(Planner *planner, Group *group, const SlotView *target, int node,
                               QlReduction reduction, JitReduceForm form, int axis) {
  GroupStore store = {.view = *target, .slot = target->slot, .line = true};
  store.node = expr_reduce(group, reduction == QL_REDUCE_COUNT ? QL_REDUCE_SUM : reduction, node);
  if (store.node < 0)
    return ql_fail(planner->error, QL_ERR_COMPILE, "an expression is too large for one kernel");
  group->form = form, group->reduce_axis = axis;
  return store_and_place(planner, group, &store);
}

QlStatus planner_store_lines(Planner *planner, Group *group, const SlotView *target,
                             JitReduceForm form, int axis) {
  GroupStore store = {.view = *target, .node = -1, .slot = target->slot, .line = true};
  group->form = form, group->reduce_axis = axis;
  return store_and_place(planner, group, &store);
}

/* ---- layouts of what has none ---- */

Layout *planner_operand_layout(Planner *planner, const Group *group, int ndim, const int64_t *shape,
                               const AxisMap *axes) {
  const Layout *best = NULL;
  int64_t best_size = 0, offset[QL_MAX_DIMS], size = shape_volume(ndim, shape);
  for (int k = 0; k < group->node_count; k++) {
    const ExprNode *node = &group->nodes[k];
    if (node->kind != NODE_LEAF) continue;
    const PlanSlot *slot = &planner->plan->slots[node->view.slot];
    AxisMap leaf[QL_MAX_DIMS];
    int64_t leaf_size = shape_volume(slot->ndim, slot->shape);
    if (!slot->layout || !slot->layout->template || slot->ndim != ndim || leaf_size <= best_size ||
        2 * size < leaf_size || slot->layout->template->is_lopsided)
      continue;
    if (!slot_axes(planner, group->rank, group->extent, &node->view, leaf)) continue;
    bool aligned = true;
    int64_t shifted[QL_MAX_DIMS];
    for (int a = 0; a < ndim && aligned;
         a++) { /* a piece may read what its target's neighbours are not */
      aligned = leaf[a].dim == axes[a].dim && (leaf[a].dim < 0 || leaf[a].step == 1);
      shifted[a] = slot->layout->offset[a] + leaf[a].start - axes[a].start;
      aligned &= shifted[a] >= 0 && shifted[a] + shape[a] <= slot->layout->template->extent[a];
    }
    if (!aligned) continue;
    best = slot->layout, best_size = leaf_size;
    memcpy(offset, shifted, sizeof offset);
  }
  if (!best) return NULL;
  best->template->references++;
  Layout *layout = rt_layout_new(best->template, offset);
  if (!layout) best->template->references--, (void)planner_no_memory(planner);
  return layout;
}

QlStatus planner_set_layout(Planner *planner, int slot, Template *template) {
  PlanSlot *s = &planner->plan->slots[slot];
  if (!template) return QL_ERR_MEMORY;
  Layout *layout = rt_layout_new(template, (int64_t[QL_MAX_DIMS]){0});
  if (!layout) {
    rt_template_release(planner->ctx, template);
    return planner_no_memory(planner);
  }
  rt_layout_release(planner->ctx, s->layout);
  s->layout = layout;
  return QL_OK;
}

/* `whole`: does the statement that the group serves store every element of the slot? */
static QlStatus decide_layout(Planner *planner, const Group *group, const SlotView *target,
                              bool whole) {
  PlanSlot *slot = &planner->plan->slots[target->slot];
  Storage *storage = planner->slots[target->slot].storage;
  AxisMap axes[QL_MAX_DIMS];
  if (slot->layout) return QL_OK;
  bool small = storage->replicated || storage->ndim == 0 ||
               rt_is_replicated_size(planner->ctx, storage->size);
  if (whole && !small && slot_axes(planner, group->rank, group->extent, target, axes))
    slot->layout = planner_operand_layout(planner, group, slot->ndim, slot->shape, axes);
  if (!slot->layout) slot->layout = rt_layout_for_storage(planner->ctx, storage, planner->error);
  return slot->layout ? QL_OK : QL_ERR_MEMORY;
}

static bool stores_whole(const Planner *planner, int rank, const int64_t *extent,
                         const SlotView *target) {
  const PlanSlot *slot = &planner->plan->slots[target->slot];
  AxisMap axes[QL_MAX_DIMS];
  if (!slot_axes(planner, rank, extent, target, axes)) return false;
  for (int a = 0; a < slot->ndim; a++)
    if (slot->shape[a] != 1 && (axes[a].dim < 0 || axes[a].start != 0 || axes[a].step != 1 ||
                                extent[axes[a].dim] != slot->shape[a]))
      return false;
  return true;
}

QlStatus planner_decide_layout(Planner *planner, const Group *group, const SlotView *target) {
  return decide_layout(planner, group, target,
                       stores_whole(planner, group->rank, group->extent, target));
}

/* A layout for a new array of the shape of the group's domain whose parts are computed where those
 * of the group's target are. */
static Layout *layout_beside(Planner *planner, const Group *group) {
  const Placement *p = &group->placement;
  Template *template = NULL;
  int64_t offset[QL_MAX_DIMS] = {0};
  bool beside = !p->replicated && !p->flat && !p->everywhere && p->slot_ndim == group->rank;
  for (int a = 0; a < group->rank && beside; a++) {
    beside = p->axes[a].dim == a && p->axes[a].step == 1;
    offset[a] = p->axes[a].start + p->layout->offset[a];
  }
  if (beside) {
    template = p->layout->template;
    template->references++;
  } else if (!p->replicated && group->rank) {
    memset(offset, 0, sizeof offset);
    if (!(template =
              rt_template_for_shape(planner->ctx, group->rank, group->extent, planner->error)))
      return NULL;
  }
  Layout *layout = rt_layout_new(template, offset);
  if (!layout) rt_template_release(planner->ctx, template);
  return layout;
}

/* ---- from statements ---- */

/* The statement's domain in the order of its target's storage: slow axes first, upwards; axes of
 * extent 1 are left out. */
static int normalise(const Planner *planner, const Statement *s, const SlotView *target,
                     int64_t *extent, AxisMap *map) {
  const int64_t *shape = log_shape(planner->log, s);
  AxisMap axes[QL_MAX_DIMS];
  int rank = 0, order[QL_MAX_DIMS];
  bool backwards[QL_MAX_DIMS] = {false};
  if (slot_axes(planner, s->ndim, shape, target, axes)) {
    for (int a = 0; a < planner->plan->slots[target->slot].ndim; a++)
      if (axes[a].dim >= 0) order[rank++] = axes[a].dim, backwards[axes[a].dim] = axes[a].step < 0;
  } else {
    for (int d = 0; d < s->ndim; d++)
      if (shape[d] > 1) order[rank++] = d;
  }
  for (int d = 0; d < s->ndim; d++) map[d] = (AxisMap){.dim = -1};
  for (int r = 0; r < rank; r++) {
    int d = order[r];
    extent[r] = shape[d];
    map[d] = backwards[d] ? (AxisMap){shape[d] - 1, -1, r} : (AxisMap){0, 1, r};
  }
  if (rank == 0) extent[rank++] = 1;
  return rank;
}

/* A right side that reads its target at other places is evaluated into a temporary first. */
static bool needs_temporary(const Planner *planner, const Group *group, const SlotView *target) {
  for (int k = 0; k < group->node_count; k++) {
    const ExprNode *node = &group->nodes[k];
    if (node->kind == NODE_LEAF && !view_equal(group->rank, &node->view, target) &&
        views_overlap(planner, group, &node->view, group, target))
      return true;
  }
  return false;
}

/* A group over the domain with the value of the statement. */
static QlStatus open_with_value(Planner *planner, int statement, int rank, const int64_t *extent,
                                const AxisMap *map, Group **group, int *node) {
  if (!(*group = planner_open(planner, GROUP_KERNEL, statement, rank, extent)))
    return QL_ERR_MEMORY;
  *node = expr_statement(planner, *group, statement, map);
  return *node < 0
             ? ql_fail(planner->error, QL_ERR_COMPILE, "an expression is too large for one kernel")
             : QL_OK;
}

QlStatus group_temporary(Planner *planner, QlDtype dtype, int rank, const int64_t *extent,
                         const SlotView *target, SlotView *whole) {
  Group probe = {.rank = rank, .reduce_axis = -1};
  memcpy(probe.extent, extent, (size_t)rank * sizeof *extent);
  probe.placement = planner_place(planner, &probe, &(GroupStore){.view = *target});
  Layout *layout = layout_beside(planner, &probe);
  *whole = (SlotView){.slot = -1};
  if (layout) whole->slot = planner_slot(planner, dtype, rank, extent, layout);
  c_strides(rank, extent, 1, whole->stride);
  return whole->slot < 0 ? planner_no_memory(planner) : QL_OK;
}

QlStatus group_copy(Planner *planner, int statement, int rank, const int64_t *extent,
                    const SlotView *from, const SlotView *to) {
  Group *group = planner_open(planner, GROUP_KERNEL, statement, rank, extent);
  if (!group) return QL_ERR_MEMORY;
  return planner_store(planner, group, to, expr_read(planner, group, from, statement));
}

/* One piece into its part of `target`, which is seen from the whole domain. Dimensions that the
 * piece has no extent along are left out. */
static QlStatus group_piece(Planner *planner, int statement, int rank, const AxisMap *map,
                            const Box *box, bool is_edge, bool target_is_whole,
                            const SlotView *target) {
  const Statement *s = &planner->log->statements[statement];
  SlotView there = view_of_piece(target, rank, box),
           part = {.slot = there.slot, .origin = there.origin, .offset = there.offset};
  AxisMap piece[QL_MAX_DIMS];
  int64_t extent[QL_MAX_DIMS];
  int kept[QL_MAX_DIMS], count = 0;
  for (int r = 0; r < rank; r++) {
    kept[r] = box->hi[r] - box->lo[r] > 1 ? count : -1;
    if (kept[r] >= 0)
      extent[count] = box->hi[r] - box->lo[r], part.stride[count++] = there.stride[r];
  }
  if (!count) extent[count++] = 1;
  map_of_piece(map, s->ndim, box, piece);
  for (int d = 0; d < s->ndim; d++)
    if (piece[d].dim >= 0) piece[d].dim = kept[piece[d].dim];
  Group *group;
  int node = -1;
  QL_TRY(open_with_value(planner, statement, count, extent, piece, &group, &node));
  if (planner->slots[part.slot].storage)
    QL_TRY(decide_layout(planner, group, &part, target_is_whole));
  group->is_piece = true, group->is_edge = is_edge;
  return planner_store(planner, group, &part, node);
}

/* The largest comes first: what it needs of other nodes serves most of the others. */
static QlStatus group_pieces(Planner *planner, int statement, int rank, const int64_t *extent,
                             const AxisMap *map, const Pieces *pieces, const SlotView *target) {
  SlotView into = *target;
  if (pieces->meets)
    QL_TRY(group_temporary(planner, (QlDtype)planner->plan->slots[target->slot].dtype, rank, extent,
                           target, &into));
  bool whole = stores_whole(planner, rank, extent, target);
  int64_t largest = box_volume(rank, &pieces->box[0]);
  for (int k = 0; k < pieces->count; k++) {
    bool is_edge = box_volume(rank, &pieces->box[k]) < largest / 8;
    QL_TRY(group_piece(planner, statement, rank, map, &pieces->box[k], is_edge, whole, &into));
  }
  return pieces->meets ? group_copy(planner, statement, rank, extent, &into, target) : QL_OK;
}

static QlStatus group_statement(Planner *planner, int statement) {
  const Statement *s = &planner->log->statements[statement];
  LogOperand stored;
  SlotView target, whole;
  int64_t extent[QL_MAX_DIMS];
  AxisMap map[QL_MAX_DIMS];
  log_operand(planner->log, s, 0, &stored);
  int rank = normalise(planner, s, &stored.view, extent, map);
  target = view_through(&stored.view, s->ndim, map);
  if (planner->statements[statement].tiled) {
    Pieces pieces;
    tiles_pieces(planner, statement, rank, extent, map, &target, &pieces);
    if (pieces.count > PIECE_ROOM)
      return ql_fail(planner->error, QL_ERR_COMPILE, "an expression falls into too many pieces");
    if (pieces.count > 1)
      return group_pieces(planner, statement, rank, extent, map, &pieces, &target);
  }
  Group *group;
  int node = -1;
  QL_TRY(open_with_value(planner, statement, rank, extent, map, &group, &node));
  QL_TRY(planner_decide_layout(planner, group, &target));
  if (!needs_temporary(planner, group, &target))
    return planner_store(planner, group, &target, node);
  QL_TRY(group_temporary(planner, (QlDtype)planner->plan->slots[target.slot].dtype, rank, extent,
                         &target, &whole));
  QL_TRY(planner_store(planner, group, &whole, node));
  return group_copy(planner, statement, rank, extent, &whole, &target);
}

static QlStatus group_import(Planner *planner, int statement) {
  const Statement *s = &planner->log->statements[statement];
  LogOperand target;
  log_operand(planner->log, s, 0, &target);
  Group *group =
      planner_open(planner, GROUP_IMPORT, statement, s->ndim, log_shape(planner->log, s));
  if (!group) return QL_ERR_MEMORY;
  return planner_store(planner, group, &target.view, -1);
}

QlStatus planner_group(Planner *planner) {
  for (int k = 0; k < planner->log->count; k++) {
    if (!planner->statements[k].live || planner->statements[k].inlined) continue;
    switch (planner->log->statements[k].kind) {
      case STATEMENT_IMPORT: QL_TRY(group_import(planner, k)); break;
      case STATEMENT_REDUCE: QL_TRY(planner_reduce(planner, k)); break;
      case STATEMENT_NEST: QL_TRY(planner_nest(planner, k)); break;
      case STATEMENT_CALL: QL_TRY(planner_call(planner, k)); break;
      default: QL_TRY(group_statement(planner, k)); break;
    }
  }
  return QL_OK;
}
