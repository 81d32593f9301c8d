/* Transfers between this node and others, which are found by halving a grid: of a box that is
 * sought those halves of the nodes are looked into that may hold something of it. So a node lists
 * its own transfers, in time for those alone. Sender and receiver find the same boxes, from the
 * same numbers. */
#include "planner.h"

static QlStatus add_transfer(const Planner *planner, Group *group, const Transfer *transfer) {
  QL_TRY(planner_grow(planner, &group->transfers, group->transfer_count, &group->transfer_room,
                      sizeof *group->transfers));
  group->transfers[group->transfer_count++] = *transfer;
  return QL_OK;
}

bool bring_is_gather(const Planner *planner, const Group *group) {
  const Storage *target =
      group->store_count ? planner->slots[group->stores[0].view.slot].storage : NULL;
  return target && target->replicated;
}

/* For the counters, and the report per line. */
static QlStatus note_moved(Planner *planner, bool halo, int64_t bytes) {
  QlCounters *adds = &planner->plan->adds;
  if (halo)
    adds->halo_exchanges++, adds->halo_bytes += bytes;
  else
    adds->redistributions++, adds->redistributed_bytes += bytes;
  return planner_remark(planner, halo ? QL_MOVE_HALO : QL_MOVE_REDISTRIBUTION, planner->reader,
                        bytes);
}

/* A search for nodes: those that own something of a box, or those to which something of it is
 * brought. */
typedef struct Search {
  Bring *bring;
  bool owners;
  Box sought;
} Search;

static Box halo_of_cells(const PlanSlot *slot, const Halo *halo, const Cells *cells) {
  Box box = rt_layout_cells(slot->layout, slot->ndim, slot->shape, cells);
  if (box_empty(slot->ndim, &box)) return box;
  for (int a = 0; a < slot->ndim; a++)
    box.lo[a] -= halo->depth[a][0], box.hi[a] += halo->depth[a][1];
  box_intersect(slot->ndim, &box, &halo->region, &box);
  return box;
}

/* Of some nodes: what is brought to them. */
static Box brought(const Bring *bring, const Cells *cells) {
  const PlanSlot *slot = &bring->planner->plan->slots[bring->slot];
  if (bring->halo) return halo_of_cells(slot, bring->halo, cells);
  if (bring->leaf < 0) return box_of_shape(slot->ndim, slot->shape);
  return needs_of_cells(bring->planner, bring->group, bring->leaf, cells);
}

/* The grid by whose cells things are brought; NULL: every node gets the same. */
static const Grid *bring_grid(const Bring *bring) {
  if (bring->halo) return &bring->planner->plan->slots[bring->slot].layout->template->nodes;
  return bring->leaf < 0 ? NULL : placement_grid(bring->group);
}

static Box brought_to_node(const Bring *bring, int node) {
  const Grid *grid = bring_grid(bring);
  Cells cells = {{0}, {0}};
  if (grid) cells = grid_cells_of(grid, node);
  return brought(bring, &cells);
}

static QlStatus transfer_with(Bring *bring, TransferKind kind, int node, const Box *box) {
  const PlanSlot *slot = &bring->planner->plan->slots[bring->slot];
  Transfer t = {.kind = kind, .peer = node, .source_slot = bring->slot, .target_slot = bring->into};
  if (!bring->box || !box_equal(slot->ndim, bring->box, box)) {
    bring->box = ql_pool_copy(bring->planner->pool, box, sizeof *box);
    if (!bring->box) return planner_no_memory(bring->planner);
  }
  t.box = bring->box;
  if (kind == TRANSFER_RECEIVE)
    bring->received += box_volume(slot->ndim, box) * ql_dtype_info[slot->dtype].size;
  return add_transfer(bring->planner, bring->group, &t);
}

/* A transfer with each other node among those of the cells. */
static QlStatus search_cells(const Search *search, const Grid *grid, Cells cells) {
  Bring *bring = search->bring;
  const PlanSlot *slot = &bring->planner->plan->slots[bring->slot];
  Box box = search->owners ? rt_layout_cells(slot->layout, slot->ndim, slot->shape, &cells)
                           : brought(bring, &cells);
  Cells rest;
  if (!box_intersect(slot->ndim, &box, &search->sought, &box)) return QL_OK;
  if (grid_halve(grid, &cells, &rest)) {
    QL_TRY(search_cells(search, grid, cells));
    return search_cells(search, grid, rest);
  }
  int node = grid_part(grid, &cells);
  if (node == bring->planner->ctx->info->node) return QL_OK;
  return transfer_with(bring, search->owners ? TRANSFER_RECEIVE : TRANSFER_SEND, node, &box);
}

/* To every other node the same. */
static QlStatus send_to_all(Bring *bring, const Box *box) {
  const CommInfo *info = bring->planner->ctx->info;
  for (int node = 0; node < info->node_count; node++)
    if (node != info->node) QL_TRY(transfer_with(bring, TRANSFER_SEND, node, box));
  return QL_OK;
}

QlStatus bring_all(Bring *bring) {
  Planner *planner = bring->planner;
  int me = planner->ctx->info->node;
  const PlanSlot *slot = &planner->plan->slots[bring->slot];
  const Grid *owners = &slot->layout->template->nodes, *readers = bring_grid(bring);
  Box mine = rt_layout_node(slot->layout, slot->ndim, slot->shape, me),
      mine_brought = brought_to_node(bring, me), both;
  bool has_some = box_intersect(slot->ndim, &mine, &mine_brought, &both);
  if (bring->into != bring->slot && has_some)
    QL_TRY(transfer_with(bring, TRANSFER_LOCAL, me, &both));
  Search from = {bring, true, mine_brought}, to = {bring, false, mine};
  if (readers)
    QL_TRY(search_cells(&to, readers, grid_all(readers)));
  else if (has_some)
    QL_TRY(send_to_all(bring, &both));
  QL_TRY(search_cells(&from, owners, grid_all(owners)));
  bring->group->exchanges = true;
  bool halo = bring->into == bring->slot,
       counts = halo ||
                (bring->slot < planner->log->slot_count && !bring_is_gather(planner, bring->group));
  return counts ? note_moved(planner, halo, bring->received) : QL_OK;
}
