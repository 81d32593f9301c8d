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

/* Nodes that get ghosts get them in the full depth, corners included, in all of the region that the
 * statement reads and a little beyond: so what is read next is often there. */
static QlStatus reach_ghosts(Planner *planner, Group *group, int leaf, int64_t depth[][2]) {
  int index = group->nodes[leaf].view.slot;
  SlotInfo *info = &planner->slots[index];
  const PlanSlot *slot = &planner->plan->slots[index];
  Box domain = box_of_shape(group->rank, group->extent);
  Halo halo = {.region =
                   span_box_within(slot->ndim, group->reach[leaf].axes, &domain, slot->shape)};
  for (int a = 0; a < slot->ndim; a++)
    for (int side = 0; side < 2; side++) {
      halo.depth[a][side] = depth[a][side];
      info->margin[a][side] = QL_MAX(info->margin[a][side], depth[a][side]);
    }
  if (rt_ghosts_hold(info->ghosts, slot->ndim, &halo)) return QL_OK;
  for (int a = 0; a < slot->ndim; a++) {
    halo.region.lo[a] = QL_MAX(halo.region.lo[a] - BEYOND, 0);
    halo.region.hi[a] = QL_MIN(halo.region.hi[a] + BEYOND, slot->shape[a]);
  }
  Bring bring = {.planner = planner, .group = group, .slot = index, .into = index, .halo = &halo};
  group->reach[leaf].is_brought = true;
  group->exchange_bytes += 2 * bytes_of_ghosts(slot, depth);
  QL_TRY(bring_all(&bring));
  Ghosts *ghosts = rt_ghosts_with(info->ghosts, slot->ndim, &halo);
  if (!ghosts) return ql_fail(planner->error, QL_ERR_MEMORY, "out of memory for a plan");
  rt_ghosts_release(info->ghosts);
  info->ghosts = ghosts;
  return QL_OK;
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

static QlStatus reach_leaf(Planner *planner, Group *group, int leaf, const Readers *readers) {
  const SlotView *view = &group->nodes[leaf].view;
  Reach *reach = &group->reach[leaf];
  const PlanSlot *slot = &planner->plan->slots[view->slot];
  planner->reader = group->nodes[leaf].statement;
  reach->slot = view->slot, reach->is_copy = false;
  AxisMap axes[QL_MAX_DIMS];
  if (group->nest) {
    nest_reach(planner, group, leaf, reach);
  } else {
    reach->has_axes = slot_axes(planner, group->rank, group->extent, view, axes);
    if (reach->has_axes) span_of_map(slot->ndim, axes, reach->axes);
  }
  if (planner->ctx->info->node_count == 1 || !slot->layout->template) return QL_OK;

  int64_t depth[QL_MAX_DIMS][2] = {{0}};
  Need need = reach->as_copy ? NEED_COPY : needs_beyond(group, leaf, slot, readers, depth);
  if (need == NEED_NOTHING) return QL_OK;
  if (need == NEED_GHOSTS) return reach_ghosts(planner, group, leaf, depth);
  reach->is_copy = true;
  return reach_copy(planner, group, leaf);
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
  }
  return QL_OK;
}

static QlStatus reach_group(Planner *planner, int index) {
  Group *group = &planner->groups[index];
  group->reach = planner_zeros(planner, (size_t)group->node_count * sizeof *group->reach);
  if (!group->reach) return QL_ERR_MEMORY;
  bool reads = false;
  for (int k = 0; k < group->node_count; k++) reads |= group->nodes[k].kind == NODE_LEAF;
  Readers readers = reads ? needs_readers(group) : (Readers){.none = true};
  for (int k = 0; k < group->node_count; k++)
    if (group->nodes[k].kind == NODE_LEAF) QL_TRY(reach_leaf(planner, group, k, &readers));
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

/* The slot is written: what other nodes hold of it is no longer valid. */
static void forget(Planner *planner, int slot) {
  rt_ghosts_release(planner->slots[slot].ghosts);
  planner->slots[slot].ghosts = NULL;
  copies_forget(planner, slot);
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
    for (int k = 0; k < group->store_count; k++) forget(planner, group->stores[k].view.slot);
  }
  return copies_keep(planner);
}
