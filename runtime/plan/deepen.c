/* What nodes compute beyond what they own, into the margins of their blocks, so that a run of
 * groups brings its ghosts once:
 *
 *     v[1:-1] = f(u[:-2], u[2:])      wider 2: reads ghosts of u of depth 3, which are brought
 *     u[1:-1] = f(v[:-2], v[2:])      wider 1: reads v two beyond, which the node has computed
 *     v[1:-1] = f(u[:-2], u[2:])      wider 0
 *
 * A *block* is such a run. What it reads beyond, and does not compute, is brought before its first
 * group, in one message to each neighbour; what its groups do not store of their targets (edges)
 * too. Backwards from the end, each group says how deep its operands are wanted, and computes its
 * targets as deep as those behind it want them. Where that would be too deep, or cannot be computed
 * so, what is stored there is brought afterwards, as it always was: a block begins behind it.
 *
 * Elements have the same value wherever they are computed. All of it follows from grids and
 * extents, and is the same on all nodes.
 *
 * Requires groups in their final order, with their targets' layouts. Ensures group->block. */
#include "planner.h"

#include <string.h>

enum {
  PART = 16,   /* of a node's extent: it is computed twice at most, on either side, */
  DEEPEST = 64 /* and so many elements */
};

typedef int64_t Depth[QL_MAX_DIMS][2]; /* along a slot's axes, below and above */

typedef struct Deepener {
  Planner *planner;
  Depth *want; /* [slots] how deep the groups of the block that is being found want each */
  int slots;
  int64_t most; /* a slot's ghosts may be so deep; 0: parts of its extents */
} Deepener;

bool deepen_beside(const PlanSlot *slot, const AxisMap *axes, const int64_t *extent, int axis,
                   int side, Box *box) {
  const AxisMap *map = &axes[axis];
  int64_t first = map->start, last = first;
  if (map->dim >= 0) last += map->step * (extent[map->dim] - 1);
  *box = box_of_shape(slot->ndim, slot->shape);
  if (side)
    box->lo[axis] = QL_MAX(first, last) + 1;
  else
    box->hi[axis] = QL_MIN(first, last);
  return !box_empty(slot->ndim, box);
}

/* ---- what can be computed beyond ---- */

static bool same_place(const PlanSlot *a, const PlanSlot *b) {
  size_t axes = (size_t)a->ndim * sizeof(int64_t);
  return a->ndim == b->ndim && a->layout->template == b->layout->template &&
         !memcmp(a->layout->offset, b->layout->offset, axes) && !memcmp(a->shape, b->shape, axes);
}

/* What a loop may leave as it is, or reads where it stores, would have to be there before. */
static bool nest_may_widen(const GroupNest *nest) {
  bool may = nest->form == JIT_NEST_POINTS;
  for (int k = 0; k < nest->count; k++) may &= nest->arrays[k].store < 0 || nest->arrays[k].always;
  return may;
}

static bool may_widen(const Planner *planner, const Group *group) {
  const PlanSlot *slots = planner->plan->slots;
  const Placement *p = &group->placement;
  if (group->kind != GROUP_KERNEL || group->reduce_axis >= 0 || group->routine) return false;
  if (group->nest && !nest_may_widen(group->nest)) return false;
  if (p->replicated || p->everywhere || p->flat || p->in_order || p->in_lines || p->by_rows)
    return false;
  for (int a = 0; a < p->slot_ndim; a++)
    if (p->axes[a].dim >= 0 && p->axes[a].step != 1 && p->axes[a].step != -1) return false;
  const PlanSlot *first = &slots[group->stores[0].view.slot];
  for (int k = 0; k < group->store_count; k++) {
    const PlanSlot *slot = &slots[group->stores[k].view.slot];
    AxisMap axes[QL_MAX_DIMS];
    if (!same_place(first, slot) || !store_axes(planner, group, &group->stores[k], axes))
      return false;
    for (int a = 0; a < slot->ndim; a++)
      if (axes[a].dim != p->axes[a].dim || axes[a].start != p->axes[a].start ||
          axes[a].step != p->axes[a].step)
        return false;
  }
  return true;
}

/* How deep ghosts along an axis of a slot may be. */
static int64_t deepest(const Deepener *d, const PlanSlot *slot, int axis) {
  const Grid *grid = &slot->layout->template->nodes;
  int64_t least = INT64_MAX;
  for (int g = 0; g < grid->count; g++)
    for (int c = 0; grid->axis[g].axis == axis && c < grid->axis[g].cells; c++) {
      Interval owned = rt_layout_along(slot->layout, slot->shape, &grid->axis[g], c);
      if (owned.lo < owned.hi) least = QL_MIN(least, owned.hi - owned.lo);
    }
  return d->most ? QL_MIN(least, d->most) : QL_MIN(least / PART, DEEPEST);
}

/* ---- backwards ---- */

static bool any(const Depth *depth, int ndim) {
  for (int a = 0; a < ndim; a++)
    if ((*depth)[a][0] || (*depth)[a][1]) return true;
  return false;
}

static void deepen(Depth *depth, const Depth *by, int ndim) {
  for (int a = 0; a < ndim; a++)
    for (int side = 0; side < 2; side++)
      (*depth)[a][side] = QL_MAX((*depth)[a][side], (*by)[a][side]);
}

/* How deep a leaf reads beyond what nodes own. */
static Need wants(const Deepener *d, Group *group, int leaf, const Readers *readers, Depth *depth) {
  const PlanSlot *slot = &d->planner->plan->slots[group->nodes[leaf].view.slot];
  memset(*depth, 0, sizeof *depth);
  if (!slot->layout || !slot->layout->template) return NEED_NOTHING;
  if (group->reach[leaf].as_copy) return NEED_COPY;
  return needs_beyond(group, leaf, slot, readers, *depth);
}

/* What the group's leaves want, if it computes so much beyond. False: some leaf is not read in
 * ghosts then, or in too deep ones. */
static bool add_wants(Deepener *d, Group *group, bool check) {
  Readers readers = needs_readers(group);
  for (int pass = check ? 0 : 1; pass < 2; pass++)
    for (int k = 0; k < group->node_count; k++) {
      if (group->nodes[k].kind != NODE_LEAF) continue;
      int slot = group->nodes[k].view.slot;
      const PlanSlot *s = &d->planner->plan->slots[slot];
      Depth depth;
      Need need = wants(d, group, k, &readers, &depth);
      if (pass) {
        if (need == NEED_GHOSTS) deepen(&d->want[slot], &depth, s->ndim);
        continue;
      }
      if (need == NEED_COPY) return false;
      for (int a = 0; need == NEED_GHOSTS && a < s->ndim; a++)
        if (QL_MAX(depth[a][0], depth[a][1]) > deepest(d, s, a)) return false;
    }
  return true;
}

/* The groups behind this one are a block, if any of them computes more than what nodes own. */
static QlStatus end_block(Deepener *d, int first, int end) {
  const Planner *planner = d->planner;
  bool widened = false;
  for (int g = first; g < end; g++) widened |= planner->groups[g].placement.widened;
  if (!widened) {
    memset(d->want, 0, (size_t)d->slots * sizeof *d->want);
    return QL_OK;
  }
  Depth *want = ql_pool_copy(planner->pool, d->want, (size_t)d->slots * sizeof *want);
  if (!want) return planner_no_memory(planner);
  for (int g = first; g < end; g++) {
    planner->groups[g].block = first;
    planner->groups[g].wanted = (const int64_t(*)[QL_MAX_DIMS][2])want;
  }
  memset(d->want, 0, (size_t)d->slots * sizeof *d->want);
  return QL_OK;
}

/* Lets the group compute what is wanted of its targets. False: it cannot, or need not. */
static bool widen(Deepener *d, Group *group, bool *wanted) {
  const Planner *planner = d->planner;
  Placement *p = &group->placement;
  Depth wider = {{0}};
  *wanted = false;
  for (int k = 0; k < group->store_count; k++) {
    int slot = group->stores[k].view.slot, ndim = planner->plan->slots[slot].ndim;
    *wanted |= any(&d->want[slot], ndim);
    deepen(&wider, &d->want[slot], ndim);
  }
  if (!*wanted || !may_widen(planner, group)) return false;
  memcpy(p->wider, wider, sizeof p->wider), p->widened = true;
  if (add_wants(d, group, true)) {
    for (int k = 0; k < group->store_count; k++) /* what it leaves of them is wanted before */
      deepen(&d->want[group->stores[k].view.slot], &wider, p->slot_ndim);
    return true;
  }
  memset(p->wider, 0, sizeof p->wider), p->widened = false;
  return false;
}

static QlStatus find_axes(const Planner *planner, Group *group) {
  size_t bytes = (size_t)group->node_count * sizeof *group->reach;
  if (!(group->reach = planner_zeros(planner, bytes))) return QL_ERR_MEMORY;
  for (int k = 0; k < group->node_count; k++)
    if (group->nodes[k].kind == NODE_LEAF) reach_axes(planner, group, k);
  return QL_OK;
}

QlStatus planner_deepen(Planner *planner) {
  const QlContext *ctx = planner->ctx;
  int64_t depth = ctx->params.time_block;
  for (int g = 0; g < planner->group_count; g++) planner->groups[g].block = g;
  if (ctx->info->node_count == 1 || depth == 1) return QL_OK;
  Deepener d = {.planner = planner,
                .slots = planner->plan->slot_count,
                .most = depth > 1 ? QL_MIN(depth, GHOST_DEPTH) : 0};
  if (!(d.want = planner_zeros(planner, (size_t)d.slots * sizeof *d.want))) return QL_ERR_MEMORY;
  int end = planner->group_count;
  for (int g = end - 1; g >= 0; g--) {
    Group *group = &planner->groups[g];
    bool wanted = false;
    if (group->kind == GROUP_KERNEL) QL_TRY(find_axes(planner, group));
    if (widen(&d, group, &wanted)) continue;
    if (wanted || group->kind != GROUP_KERNEL) {
      QL_TRY(end_block(&d, g + 1, end));
      end = g + 1;
    }
    if (group->kind == GROUP_KERNEL) (void)add_wants(&d, group, false);
  }
  return end_block(&d, 0, end);
}
