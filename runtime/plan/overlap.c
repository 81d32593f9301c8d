/* What is computed while messages travel. A worker whose points mostly read what the node owns
 * computes those, its interior, before the messages have come, and the rest, its edges, then.
 *
 *     leader    pack - post - interior, looking at the messages - complete - unpack - edges
 *     others    pack ------- interior .................................... unpack - edges
 *
 * Bits do not depend on it: an element is the same in any box. */
#include "planner.h"

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); } /* b > 0 */

/* Cuts `box` to the points at which the leaf reads what this node owns; false: there are none. */
static bool cut_to_owned(const Planner *planner, const Reach *reach, Box *box) {
  const PlanSlot *slot = &planner->plan->slots[reach->slot];
  Box owned = rt_layout_node(slot->layout, slot->ndim, slot->shape, planner->ctx->info->node);
  for (int a = 0; a < slot->ndim; a++) {
    const AxisSpan *span = &reach->axes[a];
    int64_t low = owned.lo[a] - span->lo,
            high = owned.hi[a] - 1 - span->hi; /* low <= step * x <= high, */
    bool below = owned.lo[a] > 0, above = owned.hi[a] < slot->shape[a]; /* where others own more */
    int r = span->dim;
    if (r < 0 || span->step == 0) {
      if ((below && low > 0) || (above && high < 0)) return false;
    } else if (span->step > 0) {
      if (below) box->lo[r] = QL_MAX(box->lo[r], -floor_div(-low, span->step));
      if (above) box->hi[r] = QL_MIN(box->hi[r], floor_div(high, span->step) + 1);
    } else {
      if (above) box->lo[r] = QL_MAX(box->lo[r], -floor_div(high, -span->step));
      if (below) box->hi[r] = QL_MIN(box->hi[r], floor_div(-low, -span->step) + 1);
    }
  }
  return true;
}

static bool is_received(const PlanExchange *exchange, int slot) {
  for (int k = 0; k < exchange->transfer_count; k++)
    if (exchange->transfers[k].target_slot == slot &&
        exchange->transfers[k].kind == TRANSFER_RECEIVE)
      return true;
  return false;
}

/* The points of a box that need nothing that the exchange brings; false: none, or too few to be
 * worth it. */
static bool find_interior(const Planner *planner, const Group *group, const PlanGroup *out,
                          Box *interior) {
  for (int k = 0; k < group->node_count; k++) {
    const Reach *reach = &group->reach[k];
    if (group->nodes[k].kind != NODE_LEAF) continue;
    if (reach->is_copy && reach->is_brought) return false; /* also this node's own part is copied */
    if (reach->is_copy || !is_received(out->exchange, reach->slot)) continue;
    if (!reach->has_axes || !cut_to_owned(planner, reach, interior)) return false;
  }
  return !box_empty(group->rank, interior) &&
         box_volume(group->rank, interior) >= QL_MAX(planner->ctx->params.overlap, 1);
}

bool overlap_may_split(const Planner *planner, const Group *group) {
  return group->exchanges && !group->swept && group->kind == GROUP_KERNEL && !group->tile &&
         group->reduce_axis < 0 && !group->placement.everywhere && !group->placement.in_order &&
         !group->placement.in_lines && planner->ctx->params.overlap >= 0;
}

/* Of what the node computes the interior is taken in turn; each worker's edges are what of its own
 * box lies around that. */
static bool split_portions(const Planner *planner, const Group *group, PlanGroup *out) {
  PlanPortions cut = *out->portions;
  Box interior = cut.whole;
  if (!find_interior(planner, group, out, &interior) ||
      !portions_cut(planner, group, &interior, &cut))
    return false;
  cut.inside = true;
  *out->portions = cut;
  return true;
}

/* Of a worker's box; false: it has none of it. */
static bool find_own_interior(const Planner *planner, const Group *group, const PlanGroup *out,
                              const PlanTask *task, Box *interior) {
  *interior = task->box;
  if (task->empty) return false;
  if (!out->portions) return find_interior(planner, group, out, interior);
  return box_intersect(group->rank, &task->box, &out->portions->box, interior);
}

QlStatus planner_overlap(Planner *planner) {
  for (int g = 0; g < planner->group_count; g++) {
    const Group *group = &planner->groups[g];
    PlanGroup *out = &planner->plan->groups[g];
    bool any = false, splits = overlap_may_split(planner, group);
    if (splits && out->portions) splits = any = split_portions(planner, group, out);
    for (int t = 0; t < planner->ctx->info->threads && splits; t++) {
      PlanTask *task = &out->tasks[t];
      Box interior;
      if (!find_own_interior(planner, group, out, task, &interior)) continue;
      if (!(task->interior = planner_keep(planner, &interior, sizeof interior)))
        return QL_ERR_MEMORY;
      any = true;
    }
    planner->plan->adds.overlapped_statements += any;
  }
  return QL_OK;
}
