/* Where a group's operands are read.
 *
 *   replicated, or one node      in place: every worker sees all of it
 *   the owner of a point owns    in place
 *     what the point reads
 *   a few elements beyond        in place, with ghosts in the margins of the block: an exchange,
 *                                unless they are valid already
 *   anything else                from a copy of the box that the node needs: a redistribution,
 *                                counted and reported
 *
 * Every node computes the needs of all nodes from the same numbers, so sender and receiver list the
 * same transfers, in the same order. */
#include "planner.h"

#include <stdlib.h>
#include <string.h>

enum { GHOST_DEPTH = 128, FEW_ELEMENTS = 1024, BESIDE = 8 };

static QlStatus add_transfer(Group *group, const Transfer *transfer, QlError *error) {
  if (group->transfer_count == group->transfer_room) {
    int room = group->transfer_room ? 2 * group->transfer_room : 16;
    Transfer *transfers = realloc(group->transfers, (size_t)room * sizeof *transfers);
    if (!transfers) return ql_fail(error, QL_ERR_MEMORY, "out of memory for a plan");
    group->transfers = transfers, group->transfer_room = room;
  }
  group->transfers[group->transfer_count++] = *transfer;
  return QL_OK;
}

/* What look.c copies to every rank is counted there. */
static bool is_gather(const Planner *planner, const Group *group) {
  const Storage *target =
      group->store_count ? planner->slots[group->stores[0].view.slot].storage : NULL;
  return target && target->replicated;
}

/* For the counters, and the report per line. */
static QlStatus note_movement(Planner *planner, bool halo, int64_t bytes) {
  Plan *plan = planner->plan;
  QlCounters *adds = &plan->adds;
  if (halo)
    adds->halo_exchanges++, adds->halo_bytes += bytes;
  else
    adds->redistributions++, adds->redistributed_bytes += bytes;
  if (plan->movement_count == plan->movement_room) {
    int room = 2 * plan->movement_room + 8;
    PlanMovement *grown = realloc(plan->movements, (size_t)room * sizeof *grown);
    if (!grown) return ql_fail(planner->error, QL_ERR_MEMORY, "out of memory for a plan");
    plan->movements = grown, plan->movement_room = room;
  }
  QlMovementKind kind = halo ? QL_MOVE_HALO : QL_MOVE_REDISTRIBUTION;
  plan->movements[plan->movement_count++] = (PlanMovement){kind, planner->reader, bytes};
  return QL_OK;
}

/* Brings to every node p the box family[p] of a slot: into the ghosts of the slot itself, or into
 * the slot `into`. */
static QlStatus transfer_family(Planner *planner, Group *group, int slot, int into,
                                const Box *family) {
  const CommInfo *info = planner->ctx->info;
  const PlanSlot *source = &planner->plan->slots[slot];
  int64_t item = ql_dtype_info[source->dtype].size, received = 0;
  Box mine = rt_layout_node(source->layout, source->ndim, source->shape, info->node);
  for (int p = 0; p < info->node_count; p++) {
    Transfer t = {.peer = p, .source_slot = slot, .target_slot = into};
    if (p == info->node) {
      t.kind = TRANSFER_LOCAL;
      if (into != slot && box_intersect(source->ndim, &mine, &family[p], &t.box))
        QL_TRY(add_transfer(group, &t, planner->error));
      continue;
    }
    t.kind = TRANSFER_SEND;
    if (box_intersect(source->ndim, &mine, &family[p], &t.box))
      QL_TRY(add_transfer(group, &t, planner->error));
    Box theirs = rt_layout_node(source->layout, source->ndim, source->shape, p);
    t.kind = TRANSFER_RECEIVE;
    if (!box_intersect(source->ndim, &theirs, &family[info->node], &t.box)) continue;
    QL_TRY(add_transfer(group, &t, planner->error));
    received += box_volume(source->ndim, &t.box) * item;
  }
  group->exchanges = true;
  bool counts = into == slot || (slot < planner->log->slot_count && !is_gather(planner, group));
  return counts ? note_movement(planner, into == slot, received) : QL_OK;
}

/* A few elements, such as x[i, j], may go to every node. */
static QlStatus refuse_if_strict(const Planner *planner, int slot, const Box *family) {
  QlContext *ctx = planner->ctx;
  int64_t most = 0;
  for (int p = 0; p < ctx->info->node_count; p++)
    most = QL_MAX(most, box_volume(planner->plan->slots[slot].ndim, &family[p]));
  if (!ctx->strict || slot >= planner->log->slot_count || most <= FEW_ELEMENTS) return QL_OK;
  if (planner->error) planner->error->source = planner->log->statements[planner->reader].source;
  return ql_fail(planner->error, QL_ERR_REFUSED,
                 "this statement moves %lld elements of an array to one node (a redistribution), "
                 "which quelea.config.strict forbids",
                 (long long)most);
}

/* A copy of the family's box on every node. */
static QlStatus copy_slot(Planner *planner, Group *group, int slot, const Box *family, int *copy) {
  QL_TRY(refuse_if_strict(planner, slot, family));
  const PlanSlot *source = &planner->plan->slots[slot];
  int ndim = source->ndim;
  *copy = planner_slot(planner, source->dtype, ndim, source->shape, NULL);
  if (*copy < 0) return ql_fail(planner->error, QL_ERR_MEMORY, "out of memory for a plan");
  PlanSlot *made = &planner->plan->slots[*copy];
  source = &planner->plan->slots[slot];
  int64_t extent[QL_MAX_DIMS];
  made->geometry = (Block){.alloc = family[planner->ctx->info->node]};
  bool empty = box_empty(ndim, &made->geometry.alloc);
  for (int a = 0; a < ndim; a++)
    extent[a] = made->geometry.alloc.hi[a] - made->geometry.alloc.lo[a];
  c_strides(ndim, extent, ql_dtype_info[source->dtype].size, made->geometry.stride);
  made->geometry.bytes =
      empty ? 0 : box_volume(ndim, &made->geometry.alloc) * ql_dtype_info[source->dtype].size;
  made->flat =
      empty || box_is_stretch(ndim, source->shape, &made->geometry.alloc, &made->flat_start);
  return transfer_family(planner, group, slot, *copy, family);
}

typedef enum Need { NEED_NOTHING, NEED_GHOSTS, NEED_COPY } Need;

/* What all nodes together need of the slot beyond what they own; depth: how far beyond. */
static Need needs(const Planner *planner, const Group *group, const PlanSlot *slot,
                  const Box *family, bool stepped, int64_t depth[][2]) {
  bool beyond = false, deep = stepped || group->placement.replicated || group->placement.everywhere;
  for (int p = 0; p < planner->ctx->info->node_count; p++) {
    if (box_empty(slot->ndim, &family[p])) continue;
    Box owned = rt_layout_node(slot->layout, slot->ndim, slot->shape, p);
    if (box_contains(slot->ndim, &owned, &family[p])) continue;
    beyond = true;
    deep |= box_empty(slot->ndim, &owned);
    for (int a = 0; a < slot->ndim; a++) {
      depth[a][0] = QL_MAX(depth[a][0], owned.lo[a] - family[p].lo[a]);
      depth[a][1] = QL_MAX(depth[a][1], family[p].hi[a] - owned.hi[a]);
      deep |= depth[a][0] > GHOST_DEPTH || depth[a][1] > GHOST_DEPTH;
    }
  }
  return !beyond ? NEED_NOTHING : deep ? NEED_COPY : NEED_GHOSTS;
}

static void family_of(const Planner *planner, const Group *group, const PlanSlot *slot,
                      const SlotView *view, const Reach *reach, Box *family) {
  for (int p = 0; p < planner->ctx->info->node_count; p++) {
    Box domain = placement_node(group, p);
    if (box_empty(group->rank, &domain))
      family[p] = (Box){{0}, {0}};
    else if (reach->has_axes)
      family[p] = view_box(slot->ndim, reach->axes, &domain);
    else
      family[p] =
          view_stretch(slot->ndim, slot->shape, view->offset, view->stride, group->rank, &domain);
  }
}

static QlStatus reach_ghosts(Planner *planner, Group *group, int slot, const Box *family,
                             int64_t depth[][2]) {
  SlotInfo *info = &planner->slots[slot];
  for (int a = 0; a < planner->plan->slots[slot].ndim; a++)
    for (int side = 0; side < 2; side++)
      info->margin[a][side] = QL_MAX(info->margin[a][side], depth[a][side]);
  if (rt_ghosts_hold(info->ghosts, planner->plan->slots[slot].ndim, family)) return QL_OK;
  QL_TRY(transfer_family(planner, group, slot, slot, family));
  Ghosts *ghosts = rt_ghosts_with(info->ghosts, planner->plan->slots[slot].ndim,
                                  planner->ctx->info->node_count, family);
  if (!ghosts) return ql_fail(planner->error, QL_ERR_MEMORY, "out of memory for a plan");
  rt_ghosts_release(info->ghosts);
  info->ghosts = ghosts;
  return QL_OK;
}

/* ---- pieces ---- */

/* What a piece needs of an uncut axis grows by what smaller pieces beside it will need: one message
 * instead of one for each. */
static void widen(const Planner *planner, const PlanSlot *slot, Box *family) {
  for (int p = 0; p < planner->ctx->info->node_count; p++) {
    if (box_empty(slot->ndim, &family[p])) continue;
    for (int a = 0; a < slot->ndim; a++) {
      if (slot->layout->template->cut[a]) continue;
      family[p].lo[a] = QL_MAX(family[p].lo[a] - BESIDE, 0),
      family[p].hi[a] = QL_MIN(family[p].hi[a] + BESIDE, slot->shape[a]);
    }
  }
}

/* A copy that an earlier piece made and that holds the family; -1: none. */
static int find_shared(const Planner *planner, int slot, const Box *family) {
  for (int c = 0; c < planner->shared_count; c++) {
    const SharedCopy *shared = &planner->shared[c];
    bool holds = shared->source == slot;
    for (int p = 0; p < planner->ctx->info->node_count && holds; p++)
      holds = box_empty(planner->plan->slots[slot].ndim, &family[p]) ||
              box_contains(planner->plan->slots[slot].ndim, &shared->family[p], &family[p]);
    if (holds) return shared->copy;
  }
  return -1;
}

static QlStatus share(Planner *planner, int source, int copy, const Box *family) {
  size_t bytes = (size_t)planner->ctx->info->node_count * sizeof *family;
  if (planner->shared_count == planner->shared_room) {
    int room = 2 * planner->shared_room + 8;
    SharedCopy *grown = realloc(planner->shared, (size_t)room * sizeof *grown);
    if (!grown) return ql_fail(planner->error, QL_ERR_MEMORY, "out of memory for a plan");
    planner->shared = grown, planner->shared_room = room;
  }
  Box *kept = malloc(bytes);
  if (!kept) return ql_fail(planner->error, QL_ERR_MEMORY, "out of memory for a plan");
  memcpy(kept, family, bytes);
  planner->shared[planner->shared_count++] = (SharedCopy){source, copy, kept};
  return QL_OK;
}

void planner_forget_shared(Planner *planner) {
  for (int c = 0; c < planner->shared_count; c++) free(planner->shared[c].family);
  planner->shared_count = 0;
}

/* ---- leaves ---- */

typedef struct CopyMade {
  int source, copy;
} CopyMade;

static QlStatus reach_leaf(Planner *planner, Group *group, int leaf, Box *families,
                           CopyMade *copies, int *copy_count) {
  const SlotView *view = &group->nodes[leaf].view;
  Reach *reach = &group->reach[leaf];
  const PlanSlot *slot = &planner->plan->slots[view->slot];
  int nodes = planner->ctx->info->node_count, ndim = slot->ndim;
  planner->reader = group->nodes[leaf].statement;
  reach->slot = view->slot, reach->is_copy = false;
  reach->has_axes = slot_axes(planner, group->rank, group->extent, view, reach->axes);
  if (nodes == 1 || !slot->layout->template) return QL_OK;

  Box *family = families + (size_t)*copy_count * (size_t)nodes;
  family_of(planner, group, slot, view, reach, family);
  int64_t depth[QL_MAX_DIMS][2] = {{0}};
  bool stepped = !reach->has_axes;
  for (int a = 0; a < ndim && reach->has_axes; a++)
    stepped |= reach->axes[a].dim >= 0 && llabs(reach->axes[a].step) != 1;
  Need need = needs(planner, group, slot, family, stepped, depth);
  if (need == NEED_NOTHING && reach->has_axes) return QL_OK;
  if (group->is_piece && reach->has_axes) widen(planner, slot, family);
  if (need == NEED_GHOSTS) return reach_ghosts(planner, group, view->slot, family, depth);
  reach->is_copy = true;
  for (int c = 0; c < *copy_count; c++) { /* the same box was copied for an earlier leaf */
    if (copies[c].source != view->slot) continue;
    bool same = true;
    for (int p = 0; p < nodes && same; p++)
      same = box_equal(ndim, &families[c * nodes + p], &family[p]);
    if (!same) continue;
    reach->slot = copies[c].copy;
    return QL_OK;
  }
  int source = view->slot, found = group->is_piece ? find_shared(planner, source, family) : -1;
  if (found >= 0) {
    reach->slot = found;
    return QL_OK;
  }
  QL_TRY(copy_slot(planner, group, source, family, &reach->slot));
  if (group->is_piece) QL_TRY(share(planner, source, reach->slot, family));
  copies[*copy_count] = (CopyMade){source, reach->slot};
  ++*copy_count;
  return QL_OK;
}

/* A target that cannot be cut (many nodes): every node stores into a copy of all of it; then its
 * own part returns. */
static QlStatus store_into_copies(Planner *planner, Group *group) {
  planner->reader = group->statement;
  for (int k = 0; k < group->store_count; k++) {
    int target = group->stores[k].view.slot, nodes = planner->ctx->info->node_count;
    Box *family = malloc((size_t)nodes * sizeof *family);
    if (!family) return ql_fail(planner->error, QL_ERR_MEMORY, "out of memory for a plan");
    for (int p = 0; p < nodes; p++)
      family[p] =
          box_of_shape(planner->plan->slots[target].ndim, planner->plan->slots[target].shape);
    QlStatus status = copy_slot(planner, group, target, family, &group->stores[k].slot);
    free(family);
    QL_TRY(status);
  }
  return QL_OK;
}

/* The groups that move a group's copies back come right behind it. */
static QlStatus move_back(Planner *planner, int index) {
  int stores = planner->groups[index].store_count, statement = planner->groups[index].statement;
  for (int k = 0; k < stores; k++) {
    if (!planner_open(planner, GROUP_MOVE, statement, 0, NULL))
      return ql_fail(planner->error, QL_ERR_MEMORY, "out of memory for a plan");
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
  int nodes = planner->ctx->info->node_count, copy_count = 0, leaves = 0;
  for (int k = 0; k < group->node_count; k++) leaves += group->nodes[k].kind == NODE_LEAF;
  group->reach = calloc((size_t)group->node_count + 1, sizeof *group->reach);
  Box *families = malloc((size_t)(leaves + 1) * (size_t)nodes * sizeof *families);
  CopyMade *copies = malloc((size_t)(leaves + 1) * sizeof *copies);
  QlStatus status = QL_OK;
  if (!group->reach || !families || !copies)
    status = ql_fail(planner->error, QL_ERR_MEMORY, "out of memory for a plan");
  for (int k = 0; !status && k < group->node_count; k++)
    if (group->nodes[k].kind == NODE_LEAF)
      status = reach_leaf(planner, group, k, families, copies, &copy_count);
  if (!status && group->placement.everywhere) {
    status = store_into_copies(planner, group);
    if (!status) status = move_back(planner, index);
  }
  free(families), free(copies);
  QlCounters *adds = &planner->plan->adds;
  if (planner->groups[index].placement.replicated)
    adds->replicated_statements++;
  else
    adds->partitioned_statements++;
  adds->fused_statements += planner->groups[index].merged;
  return status;
}

static void forget_ghosts(Planner *planner, int slot) {
  rt_ghosts_release(planner->slots[slot].ghosts);
  planner->slots[slot].ghosts = NULL;
}

QlStatus planner_reach(Planner *planner) {
  int pieces_of = -1; /* the statement whose pieces share copies */
  for (int g = 0; g < planner->group_count; g++) {
    const Group *group = &planner->groups[g];
    if (!group->is_piece || group->statement != pieces_of) planner_forget_shared(planner);
    pieces_of = group->is_piece ? group->statement : -1;
    if (group->kind == GROUP_KERNEL) QL_TRY(reach_group(planner, g));
    group = &planner->groups[g];
    for (int k = 0; k < group->store_count; k++) forget_ghosts(planner, group->stores[k].view.slot);
  }
  return QL_OK;
}
