/* Where a group's operands are read.
 *
 *   replicated, or one node      in place: every worker sees all of it
 *   the owner of a point owns    in place
 *     what the point reads
 *   a few elements beyond,       in place, with ghosts in the margins of the block: an exchange,
 *     of neighbours' blocks      unless they are valid already
 *   anything else                from a copy of the box that the node needs: a redistribution,
 *                                counted and reported
 *
 * Every node decides alike, from the grids of the operand and of the target, axis by axis; and it
 * lists the transfers between itself and those nodes with which it has any, which it finds by
 * halving the grids. So nothing here takes time or memory for pairs of nodes, or for nodes as such.
 */
#include "planner.h"

#include <string.h>

enum { FEW_ELEMENTS = 1024, BEYOND = 8 };

/* ---- ghosts ---- */

/* Of the node that gets most. */
static int64_t bytes_of_ghosts(const PlanSlot *slot, int64_t depth[][2]) {
  const Grid *grid = &slot->layout->template->nodes;
  int64_t longest[QL_MAX_DIMS], bytes = 0, item = ql_dtype_info[slot->dtype].size;
  memcpy(longest, slot->shape, sizeof longest);
  for (int g = 0; g < grid->count; g++) {
    const GridAxis *axis = &grid->axis[g];
    if (axis->axis < 0) continue;
    longest[axis->axis] = 0;
    for (int c = 0; c < axis->cells; c++) {
      Interval owned = rt_layout_along(slot->layout, slot->shape, axis, c);
      longest[axis->axis] = QL_MAX(longest[axis->axis], owned.hi - owned.lo);
    }
  }
  for (int a = 0; a < slot->ndim; a++) {
    int64_t face = item * (depth[a][0] + depth[a][1]);
    for (int b = 0; b < slot->ndim; b++) face *= b == a ? 1 : longest[b];
    bytes += face;
  }
  return bytes;
}

static void deepen_margin(SlotInfo *info, int ndim, int64_t (*depth)[2]) {
  for (int a = 0; a < ndim; a++)
    for (int side = 0; side < 2; side++)
      info->margin[a][side] = QL_MAX(info->margin[a][side], depth[a][side]);
}

static QlStatus note_brought(const Planner *planner, Group *first, int slot) {
  QL_TRY(planner_grow(planner, &first->brought, first->brought_count, &first->brought_room,
                      sizeof *first->brought));
  first->brought[first->brought_count++] = slot;
  return QL_OK;
}

static bool stores(const Planner *planner, int slot, int from, int to) {
  for (int g = from; g < to; g++)
    for (int k = 0; k < planner->groups[g].store_count; k++)
      if (planner->groups[g].stores[k].view.slot == slot) return true;
  return false;
}

/* Brings ghosts that the nodes do not have yet: before the group, or before the first one of those
 * that share what is brought (deepen.c), none of which has stored the slot by now. */
static QlStatus bring_ghosts(Planner *planner, Group *group, int index, bool reads, Halo *halo) {
  SlotInfo *info = &planner->slots[index];
  const PlanSlot *slot = &planner->plan->slots[index];
  if (rt_ghosts_hold(info->ghosts, slot->ndim, halo)) return QL_OK;
  int number = (int)(group - planner->groups);
  Group *first = group;
  if (group->wanted && !stores(planner, index, group->block, number)) {
    /* beside what is stored first a new array has no values */
    if (!reads && info->fresh && !stores(planner, index, 0, group->block)) return QL_OK;
    first = &planner->groups[group->block];
    if (reads) halo->region = box_of_shape(slot->ndim, slot->shape);
    for (int a = 0; a < slot->ndim; a++)
      for (int side = 0; side < 2; side++)
        halo->depth[a][side] = QL_MAX(halo->depth[a][side], group->wanted[index][a][side]);
    deepen_margin(info, slot->ndim, halo->depth);
    QL_TRY(note_brought(planner, first, index));
  }
  Bring bring = {.planner = planner, .group = first, .slot = index, .into = index, .halo = halo};
  first->exchange_bytes += 2 * bytes_of_ghosts(slot, halo->depth);
  QL_TRY(bring_all(&bring));
  Ghosts *ghosts = rt_ghosts_with(info->ghosts, slot->ndim, halo);
  if (!ghosts) return ql_fail(planner->error, QL_ERR_MEMORY, "out of memory for a plan");
  rt_ghosts_release(info->ghosts);
  info->ghosts = ghosts;
  return QL_OK;
}

/* Nodes that get ghosts get them in the full depth, corners included, in all of the region that the
 * statement reads and a little beyond: so what is read next is often there. */
static QlStatus reach_ghosts(Planner *planner, Group *group, int leaf, int64_t depth[][2]) {
  int index = group->nodes[leaf].view.slot;
  SlotInfo *info = &planner->slots[index];
  const PlanSlot *slot = &planner->plan->slots[index];
  Box domain = box_of_shape(group->rank, group->extent);
  Halo halo = {.region =
                   span_box_within(slot->ndim, group->reach[leaf].axes, &domain, slot->shape)};
  memcpy(halo.depth, depth, sizeof halo.depth);
  deepen_margin(info, slot->ndim, depth);
  if (rt_ghosts_hold(info->ghosts, slot->ndim, &halo)) return QL_OK;
  for (int a = 0; a < slot->ndim; a++) {
    halo.region.lo[a] = QL_MAX(halo.region.lo[a] - BEYOND, 0);
    halo.region.hi[a] = QL_MIN(halo.region.hi[a] + BEYOND, slot->shape[a]);
  }
  group->reach[leaf].is_brought = true;
  return bring_ghosts(planner, group, index, true, &halo);
}

/* ---- copies ---- */

/* Raises `most` to the largest number of elements that one of the nodes needs and does not own, if
 * that is more. */
static void find_most(const Planner *planner, const Group *group, int leaf, const Grid *grid,
                      Cells cells, int64_t *most) {
  const PlanSlot *slot = &planner->plan->slots[group->nodes[leaf].view.slot];
  Box box = needs_of_cells(planner, group, leaf, &cells), owned;
  int64_t volume = box_volume(slot->ndim, &box);
  Cells rest;
  if (volume <= QL_MAX(*most, FEW_ELEMENTS)) return;
  if (!grid || !grid_halve(grid, &cells, &rest)) {
    if (grid) {
      owned = rt_layout_node(slot->layout, slot->ndim, slot->shape, grid_part(grid, &cells));
      if (box_intersect(slot->ndim, &box, &owned, &owned)) volume -= box_volume(slot->ndim, &owned);
    }
    *most = QL_MAX(*most, volume);
    return;
  }
  find_most(planner, group, leaf, grid, cells, most);
  find_most(planner, group, leaf, grid, rest, most);
}

/* A few elements, such as x[i, j], may go to every node. leaf -1: all of the slot does. */
static QlStatus refuse_if_strict(const Planner *planner, const Group *group, int slot, int leaf) {
  if (!planner->ctx->strict || slot >= planner->log->slot_count) return QL_OK;
  const PlanSlot *source = &planner->plan->slots[slot];
  const Grid *grid = placement_grid(group);
  int64_t most = leaf < 0 ? shape_volume(source->ndim, source->shape) : 0;
  if (leaf >= 0)
    find_most(planner, group, leaf, grid, grid ? grid_all(grid) : (Cells){{0}, {0}}, &most);
  if (most <= FEW_ELEMENTS) return QL_OK;
  if (planner->error) planner->error->source = planner->log->statements[planner->reader].source;
  return ql_fail(planner->error, QL_ERR_REFUSED,
                 "this statement moves %lld elements of an array to one node (a redistribution), "
                 "which quelea.config.strict forbids",
                 (long long)most);
}

/* On every node a copy of what the leaf needs there; leaf -1: of all of the slot. */
static QlStatus copy_slot(Planner *planner, Group *group, int slot, int leaf, int *copy) {
  QL_TRY(refuse_if_strict(planner, group, slot, leaf));
  const PlanSlot *source = &planner->plan->slots[slot];
  Box needed = leaf < 0 ? box_of_shape(source->ndim, source->shape)
                        : needs_of_node(planner, group, leaf, planner->ctx->info->node);
  group->exchange_bytes +=
      2 * (leaf < 0 ? shape_volume(source->ndim, source->shape) * ql_dtype_info[source->dtype].size
                    : needs_most(planner, group, leaf));
  QL_TRY(copies_slot(planner, slot, &needed, copy));
  Bring bring = {.planner = planner, .group = group, .slot = slot, .into = *copy, .leaf = leaf};
  return bring_all(&bring);
}

/* In a copy that is there, or in a new one. */
static QlStatus reach_copy(Planner *planner, Group *group, int leaf) {
  Reach *reach = &group->reach[leaf];
  const Reading *reading = copies_reading(planner, group, leaf);
  if (!reading) return QL_ERR_MEMORY;
  QL_TRY(copies_find(planner, group, leaf, reading, &reach->slot));
  if (reach->slot >= 0) return QL_OK;
  reach->is_brought = true;
  QL_TRY(copy_slot(planner, group, group->nodes[leaf].view.slot, leaf, &reach->slot));
  return copies_add(planner, group, leaf, reading, reach->slot);
}

/* ---- leaves ---- */

void reach_axes(const Planner *planner, Group *group, int leaf) {
  const SlotView *view = &group->nodes[leaf].view;
  Reach *reach = &group->reach[leaf];
  AxisMap axes[QL_MAX_DIMS];
  if (group->nest) {
    nest_reach(planner, group, leaf, reach);
    return;
  }
  reach->has_axes = slot_axes(planner, group->rank, group->extent, view, axes);
  if (reach->has_axes) span_of_map(planner->plan->slots[view->slot].ndim, axes, reach->axes);
  if (group->routine) call_reach(planner, group, leaf, reach);
}

static QlStatus reach_leaf(Planner *planner, Group *group, int leaf, const Readers *readers) {
  const SlotView *view = &group->nodes[leaf].view;
  Reach *reach = &group->reach[leaf];
  const PlanSlot *slot = &planner->plan->slots[view->slot];
  planner->reader = group->nodes[leaf].statement;
  reach->slot = view->slot, reach->is_copy = false;
  reach_axes(planner, group, leaf);
  if (planner->ctx->info->node_count == 1 || !slot->layout->template) return QL_OK;

  int64_t depth[QL_MAX_DIMS][2] = {{0}};
  Need need = reach->as_copy ? NEED_COPY : needs_beyond(group, leaf, slot, readers, depth);
  if (need == NEED_NOTHING) return QL_OK;
  if (need == NEED_GHOSTS) return reach_ghosts(planner, group, leaf, depth);
  reach->is_copy = true;
  return reach_copy(planner, group, leaf);
}

/* Has no node ghosts of the slot at that end of the axis? The node that owns it owns more than the
 * deepest ghosts reach over, and nodes have no ghosts along other axes. */
static bool is_out_of_reach(const PlanSlot *slot, int axis, int side, const Halo *halo) {
  const Grid *grid = &slot->layout->template->nodes;
  int64_t reached = halo->region.hi[axis] - halo->region.lo[axis] +
                    QL_MAX(halo->depth[axis][0], halo->depth[axis][1]);
  for (int g = 0; g < grid->count; g++)
    if (grid->axis[g].axis != axis && grid->axis[g].cells > 1) return false;
  for (int g = 0; g < grid->count; g++) {
    const GridAxis *along = &grid->axis[g];
    if (along->axis != axis || along->cells == 1) continue;
    Interval owned = rt_layout_along(slot->layout, slot->shape, along, side ? along->cells - 1 : 0);
    return owned.hi - owned.lo >= reached;
  }
  return false;
}

/* Nodes that compute beyond what they own keep ghosts of the target so deep: of what the group does
 * not store they must have them before. */
static QlStatus reach_beside(Planner *planner, Group *group, const GroupStore *store) {
  const Placement *p = &group->placement;
  int index = store->view.slot;
  const PlanSlot *slot = &planner->plan->slots[index];
  planner->reader = group->statement;
  for (int a = 0; a < slot->ndim; a++)
    for (int side = 0; side < 2; side++) {
      Halo halo;
      memcpy(halo.depth, p->wider, sizeof halo.depth);
      deepen_margin(&planner->slots[index], slot->ndim, halo.depth);
      if (deepen_beside(slot, p->axes, group->extent, a, side, &halo.region) &&
          !is_out_of_reach(slot, a, side, &halo))
        QL_TRY(bring_ghosts(planner, group, index, false, &halo));
    }
  return QL_OK;
}

/* A target that cannot be cut (many nodes): every node stores into a copy of all of it; then its
 * own part returns. */
static QlStatus store_into_copies(Planner *planner, Group *group) {
  planner->reader = group->statement;
  for (int k = 0; k < group->store_count; k++)
    QL_TRY(copy_slot(planner, group, group->stores[k].view.slot, -1, &group->stores[k].slot));
  return QL_OK;
}

/* The groups that move a group's copies back come right behind it. */
static QlStatus move_back(Planner *planner, int index) {
  int stores = planner->groups[index].store_count, statement = planner->groups[index].statement;
  for (int k = 0; k < stores; k++) {
    if (!planner_open(planner, GROUP_MOVE, statement, 0, NULL)) return QL_ERR_MEMORY;
    int last = planner->group_count - 1;
    Group move = planner->groups[last], *next = &planner->groups[index + 1];
    move.move_from = planner->groups[index].stores[k].slot;
    move.move_to = planner->groups[index].stores[k].view.slot;
    memmove(next + 1, next, (size_t)(last - index - 1) * sizeof *next);
    *next = move;
    for (int g = index + 1; g <= last; g++)
      if (planner->groups[g].block > index) planner->groups[g].block++;
  }
  return QL_OK;
}

static QlStatus reach_group(Planner *planner, int index) {
  Group *group = &planner->groups[index];
  if (!group->reach &&
      !(group->reach = planner_zeros(planner, (size_t)group->node_count * sizeof *group->reach)))
    return QL_ERR_MEMORY;
  bool reads = false;
  for (int k = 0; k < group->node_count; k++) reads |= group->nodes[k].kind == NODE_LEAF;
  Readers readers = reads ? needs_readers(group) : (Readers){.none = true};
  for (int k = 0; k < group->node_count; k++)
    if (group->nodes[k].kind == NODE_LEAF) QL_TRY(reach_leaf(planner, group, k, &readers));
  for (int k = 0; k < group->store_count && group->placement.widened; k++)
    QL_TRY(reach_beside(planner, group, &group->stores[k]));
  if (group->placement.everywhere) {
    QL_TRY(store_into_copies(planner, group));
    QL_TRY(move_back(planner, index));
  }
  QlCounters *adds = &planner->plan->adds;
  if (planner->groups[index].placement.replicated)
    adds->replicated_statements++;
  else
    adds->partitioned_statements++;
  adds->fused_statements += planner->groups[index].merged;
  return QL_OK;
}

/* The slot is written: what other nodes hold of it is no longer valid, but for what they have
 * computed themselves, and what lies beside it. */
static QlStatus forget(Planner *planner, const Group *group, int index) {
  SlotInfo *info = &planner->slots[index];
  const PlanSlot *slot = &planner->plan->slots[index];
  Ghosts *before = info->ghosts, *after = NULL;
  QlStatus status = QL_OK;
  copies_forget(planner, index);
  info->ghosts = NULL;
  if (group->placement.widened) {
    Halo halo = {.region = box_of_shape(slot->ndim, slot->shape)};
    memcpy(halo.depth, group->placement.wider, sizeof halo.depth);
    after = rt_ghosts_with(NULL, slot->ndim, &halo);
    for (int k = 0; before && after && k < before->count; k++) {
      const Halo *old = &before->halo[k];
      bool beside = false;
      for (int a = 0; a < slot->ndim && !beside; a++)
        for (int side = 0; side < 2 && !beside; side++)
          beside =
              deepen_beside(slot, group->placement.axes, group->extent, a, side, &halo.region) &&
              box_contains(slot->ndim, &halo.region, &old->region);
      if (!beside) continue;
      Ghosts *more = rt_ghosts_with(after, slot->ndim, old);
      rt_ghosts_release(after);
      after = more;
    }
    if (!after) status = ql_fail(planner->error, QL_ERR_MEMORY, "out of memory for a plan");
  }
  rt_ghosts_release(before);
  info->ghosts = after;
  return status;
}

QlStatus planner_reach(Planner *planner) {
  int pieces_of = -1; /* the statement whose pieces share copies */
  QL_TRY(copies_begin(planner));
  for (int g = 0; g < planner->group_count; g++) {
    const Group *group = &planner->groups[g];
    if (!group->is_piece || group->statement != pieces_of) copies_end_statement(planner);
    pieces_of = group->is_piece ? group->statement : -1;
    if (group->kind == GROUP_KERNEL) QL_TRY(reach_group(planner, g));
    group = &planner->groups[g];
    for (int k = 0; k < group->store_count; k++)
      QL_TRY(forget(planner, group, group->stores[k].view.slot));
  }
  return copies_keep(planner);
}
