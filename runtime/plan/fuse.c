/* Groups over one domain become one kernel. What both read is read once, what one stores and the
 * other reads stays in a register, and a kernel call is saved:
 *
 *     s = a + b            group 0   domain [n]         s, d <- a + b, a - b     domain [n]
 *     t = m * 2            group 1   domain [k, k]      t <- m * 2               domain [k, k]
 *     d = a - b            group 2   domain [n]
 *
 * A group joins an earlier one across the groups between when it touches nothing that they store
 * and stores nothing that they read. With the group that it joins it may share elements as long as
 * every point touches its own. Reductions of one form and axis join, and join what they read:
 *
 *     s = a * b            group 0   domain [n]         s, leaves <- a * b, sums of 128
 *     leaves of sum(s)     group 1   domain [n]         sum <- tree of leaves
 *     sum(s)               group 2   domain [leaves]
 *
 * What is computed of the results of a reduction, over a domain of theirs, is done once per line
 * by the kernel that reduces it. A temporary that nobody reads any more is not stored, and one that
 * gets what another array gets is that array:
 *
 *     t = x.sum(1)         group 0   domain [n, m]      m <- (tree of x) / k
 *     m = t / k            group 1   domain [n] */
#include "planner.h"

#include <string.h>

enum {
  LOOK_BACK = 8, /* groups that one may cross or join: what is stored early leaves the cache */
  STREAMS = 8,   /* arrays of a kernel made of groups that have none in common */
  CHEAP = 10     /* costs of such groups' operations: dearer ones hide a kernel call */
};

/* ---- what groups touch ---- */

/* Does a store of `group` meet the view of another group, which it has at points or (`line`) once
 * per line? Elements that both have at the same points, or lines, do not count if `pointwise`. */
static bool meets_store(const Planner *planner, const Group *group, const Group *other,
                        const SlotView *view, bool line, bool pointwise) {
  for (int k = 0; k < group->store_count; k++) {
    const SlotView *stored = &group->stores[k].view;
    if (stored->slot != view->slot) continue;
    if (pointwise && group->stores[k].line == line && view_equal(group->rank, stored, view))
      continue;
    if (views_overlap(planner, group, stored, other, view)) return true;
  }
  return false;
}

static bool meets_leaf_or_store(const Planner *planner, const Group *a, const Group *b,
                                bool pointwise) {
  for (int k = 0; k < b->store_count; k++)
    if (meets_store(planner, a, b, &b->stores[k].view, b->stores[k].line, pointwise)) return true;
  for (int k = 0; k < b->node_count; k++)
    if (b->nodes[k].kind == NODE_LEAF &&
        meets_store(planner, a, b, &b->nodes[k].view, b->nodes[k].line, pointwise))
      return true;
  return false;
}

/* Must the two groups run in their order? */
static bool conflict(const Planner *planner, const Group *a, const Group *b, bool pointwise) {
  return meets_leaf_or_store(planner, a, b, pointwise) ||
         meets_leaf_or_store(planner, b, a, pointwise);
}

/* ---- what is worth it ---- */

static bool touches_slot(const Group *group, int slot) {
  for (int k = 0; k < group->store_count; k++)
    if (group->stores[k].view.slot == slot) return true;
  for (int k = 0; k < group->node_count; k++)
    if (group->nodes[k].kind == NODE_LEAF && group->nodes[k].view.slot == slot) return true;
  return false;
}

/* Has the group met the slot before node number `before`? */
static bool met_before(const Group *group, int before, int slot) {
  for (int k = 0; k < before; k++)
    if (group->nodes[k].kind == NODE_LEAF && group->nodes[k].view.slot == slot) return true;
  return false;
}

/* Counts the slots that a group touches, and how many of them the other one touches too. */
static int count_slots(const Group *group, const Group *other, int *common) {
  int count = group->store_count;
  for (int k = 0; k < group->store_count; k++)
    *common += touches_slot(other, group->stores[k].view.slot);
  for (int k = 0; k < group->node_count; k++) {
    const ExprNode *node = &group->nodes[k];
    if (node->kind != NODE_LEAF || met_before(group, k, node->view.slot)) continue;
    bool stored = false;
    for (int s = 0; s < group->store_count; s++)
      stored |= group->stores[s].view.slot == node->view.slot;
    if (stored) continue;
    count++;
    *common += touches_slot(other, node->view.slot);
  }
  return count;
}

static bool is_cheap(const Group *group) {
  for (int k = 0; k < group->node_count; k++) {
    const ExprNode *node = &group->nodes[k];
    if (node->kind == NODE_OP && ql_op_info[node->op].cost >= CHEAP) return false;
    if (ql_dtype_info[node->dtype].kind == QL_KIND_COMPLEX) return false;
  }
  return true;
}

/* Groups that have no array in common save a kernel call only, and cost streams. */
static bool worth_joining(const Group *into, const Group *group) {
  int common = 0, none = 0;
  int streams = count_slots(group, into, &common);
  if (common) return true;
  if (into->reduce_axis != group->reduce_axis) return false;
  return streams + count_slots(into, group, &none) <= STREAMS && is_cheap(into) && is_cheap(group);
}

/* ---- who computes the points ---- */

/* Are the points of both computed by the same workers? */
static bool same_place(const Placement *a, const Placement *b) {
  if (a->replicated || b->replicated) return a->replicated && b->replicated;
  if (a->flat || b->flat || a->everywhere || b->everywhere) return false;
  if (a->layout->template != b->layout->template || a->slot_ndim != b->slot_ndim) return false;
  if (a->leaf_axis != b->leaf_axis) return false;
  for (int k = 0; k < a->slot_ndim; k++) {
    if (a->axes[k].dim != b->axes[k].dim) return false;
    if (a->axes[k].start + a->layout->offset[k] != b->axes[k].start + b->layout->offset[k])
      return false;
    if (a->axes[k].dim >= 0 && a->axes[k].step != b->axes[k].step) return false;
  }
  return true;
}

/* Are the results of reductions along `axis` of the domain where its points are: leaves, of which
 * each worker has those that begin in its part, or whole lines? */
static bool results_beside(const Placement *points, const Placement *results, int axis) {
  if (points->replicated || points->flat || points->everywhere) return false;
  if (results->replicated || results->flat || results->everywhere) return false;
  const Template *of_points = points->layout->template, *of_results = results->layout->template;
  bool leaves = results->leaf_axis >= 0;
  if (of_results->recipe.parent != of_points->id || points->slot_ndim != of_points->ndim ||
      of_results->ndim != of_points->ndim - !leaves || results->slot_ndim != of_results->ndim)
    return false;
  for (int k = 0, j = 0; k < of_points->ndim; k++) {
    const AxisMap *point = &points->axes[k], *result = &results->axes[j];
    int64_t at = point->start + points->layout->offset[k];
    bool reduced = k == of_results->recipe.axis;
    if (reduced != (point->dim == axis) || (point->dim >= 0 && point->step != 1)) return false;
    if (reduced && leaves && at != of_results->recipe.origin) return false;
    if (reduced && !leaves) continue;
    if (!reduced && at != result->start + results->layout->offset[j]) return false;
    if (point->dim != result->dim && of_points->extent[k] != 1) return false;
    j++;
  }
  return true;
}

/* Does every node compute the same points of both? (Workers may compute a few that others of their
 * node own.) */
static bool same_nodes(const Planner *planner, const Group *points, const Group *results) {
  if (planner->ctx->info->node_count == 1) return true;
  const Grid *a = placement_grid(points), *b = placement_grid(results);
  if (a->count != b->count) return false;
  for (int g = 0; g < a->count; g++) {
    if (a->axis[g].cells != b->axis[g].cells) return false;
    if (b->axis[g].axis < 0 && b->axis[g].cells > 1) return false; /* lines are cut */
    for (int c = 0; c < a->axis[g].cells && b->axis[g].axis >= 0; c++) {
      Interval of_a, of_b;
      bool some = placement_along(points, g, c, &of_a);
      if (some != placement_along(results, g, c, &of_b)) return false;
      if (some && (of_a.lo != of_b.lo || of_a.hi != of_b.hi)) return false;
    }
  }
  return true;
}

/* On several nodes a reduction waits for its messages before it computes anything: no group that
 * needs some joins it. */
static bool reads_in_place(const Planner *planner, const Group *group) {
  if (planner->ctx->info->node_count == 1) return true;
  for (int k = 0; k < group->node_count; k++) {
    const ExprNode *node = &group->nodes[k];
    if (node->kind != NODE_LEAF || !planner->plan->slots[node->view.slot].layout->template)
      continue;
    Placement there = planner_place(planner, group, &(GroupStore){.view = node->view});
    if (!same_place(&there, &group->placement)) return false;
  }
  return true;
}

static bool may_reduce_beside(const Planner *planner, const Group *points, const Group *sums) {
  if (points->placement.replicated && sums->placement.replicated) return true;
  return results_beside(&points->placement, &sums->placement, sums->reduce_axis) &&
         same_nodes(planner, points, sums) && reads_in_place(planner, points);
}

static bool same_points(const Planner *planner, const Group *a, const Group *b) {
  if (a->rank != b->rank || memcmp(a->extent, b->extent, (size_t)a->rank * sizeof *a->extent))
    return false;
  if (a->reduce_axis == b->reduce_axis)
    return (a->reduce_axis < 0 || a->form == b->form) && same_place(&a->placement, &b->placement);
  if (a->reduce_axis >= 0 && b->reduce_axis >= 0) return false;
  return a->reduce_axis < 0 ? may_reduce_beside(planner, a, b) : may_reduce_beside(planner, b, a);
}

static bool may_join(const Planner *planner, const Group *into, const Group *group) {
  return into->kind == GROUP_KERNEL && !into->is_piece &&
         into->store_count + group->store_count <= GROUP_STORES &&
         into->node_count + group->node_count <= GROUP_NODES / 2 &&
         same_points(planner, into, group) && worth_joining(into, group) &&
         !conflict(planner, into, group, true);
}

/* ---- one group into another ---- */

static bool same_value(const Group *group, const ExprNode *a, const ExprNode *b) {
  if (a->kind != b->kind || a->dtype != b->dtype || a->line != b->line) return false;
  switch (a->kind) {
    case NODE_LEAF: return view_equal(group->rank, &a->view, &b->view);
    case NODE_SCALAR: return a->scalar == b->scalar;
    case NODE_RAMP:
      return a->scalar == b->scalar && a->ramp.start == b->ramp.start &&
             a->ramp.step == b->ramp.step && a->ramp.dim == b->ramp.dim;
    default:
      return a->op == b->op && a->reduction == b->reduction && a->count == b->count &&
             !memcmp(a->args, b->args, (size_t)a->count * sizeof *a->args);
  }
}

/* The node of `into` that has the value: of a leaf that is stored there, what is stored. -1: there
 * is none. */
static int find_node(const Group *into, const ExprNode *node) {
  for (int k = 0; k < into->store_count && node->kind == NODE_LEAF; k++)
    if (into->stores[k].line == node->line &&
        view_equal(into->rank, &into->stores[k].view, &node->view))
      return into->stores[k].node;
  for (int k = 0; k < into->node_count; k++)
    if (same_value(into, &into->nodes[k], node)) return k;
  return -1;
}

/* How many values `into` would have to compute beyond its own. */
static int count_new(const Group *into, const Group *group) {
  int found[GROUP_NODES], count = 0;
  for (int k = 0; k < group->node_count; k++) {
    ExprNode node = group->nodes[k];
    bool known = true;
    for (int a = 0; a < node.count; a++)
      node.args[a] = found[node.args[a]], known &= node.args[a] >= 0;
    found[k] = known ? find_node(into, &node) : -1;
    count += found[k] < 0;
  }
  return count;
}

/* The leaf is what the group reads or stores already. */
static void tie_leaf(Planner *planner, const Group *into, const SlotView *leaf) {
  for (int k = 0; k < into->store_count; k++)
    if (view_equal(into->rank, &into->stores[k].view, leaf))
      planner_tie(planner, &into->stores[k].view, leaf);
  for (int k = 0; k < into->node_count; k++)
    if (into->nodes[k].kind == NODE_LEAF && view_equal(into->rank, &into->nodes[k].view, leaf))
      planner_tie(planner, &into->nodes[k].view, leaf);
}

static int take_node(Planner *planner, Group *into, const ExprNode *node) {
  int found = find_node(into, node);
  if (found >= 0 && node->kind == NODE_LEAF) {
    planner->slots[node->view.slot].reads--;
    tie_leaf(planner, into, &node->view);
  }
  if (found >= 0) return found;
  into->nodes[into->node_count] = *node;
  return into->node_count++;
}

/* Does nobody hold it behind the flush? */
static bool is_temporary(const Planner *planner, int slot) {
  return slot >= planner->log->slot_count ||
         (!planner->slots[slot].alive && planner->slots[slot].fresh);
}

static bool same_layout(const PlanSlot *a, const PlanSlot *b) {
  if (!a->layout->template || !b->layout->template)
    return !a->layout->template && !b->layout->template;
  return a->layout->template == b->layout->template && a->ndim == b->ndim &&
         !memcmp(a->shape, b->shape, a->ndim * sizeof *a->shape) &&
         !memcmp(a->layout->offset, b->layout->offset, a->ndim * sizeof *a->layout->offset);
}

/* The store of an array that nothing else stores, and that gets the same value at the same places
 * as the temporary which `store` is all of; NULL: there is none. */
static const GroupStore *stored_already(const Planner *planner, const Group *into,
                                        const GroupStore *store, int node) {
  const PlanSlot *slots = planner->plan->slots, *slot = &slots[store->view.slot];
  if (!is_temporary(planner, store->view.slot) || planner->slots[store->view.slot].stores > 1)
    return NULL;
  for (int k = 0; k < into->store_count; k++) {
    const GroupStore *other = &into->stores[k];
    SlotView there = {.slot = store->view.slot, .offset = other->view.offset};
    memcpy(there.stride, other->view.stride, sizeof there.stride);
    if (other->node == node && other->line == store->line &&
        planner->slots[other->view.slot].stores == 1 &&
        view_equal(into->rank, &there, &store->view) &&
        slots[other->view.slot].dtype == slot->dtype && same_layout(&slots[other->view.slot], slot))
      return other;
  }
  return NULL;
}

/* Groups from `first` on read `slot` instead of the temporary, which is not stored. */
static void replace_temporary(Planner *planner, int first, int temporary, int slot) {
  for (int g = first; g < planner->group_count; g++)
    for (int k = 0; k < planner->groups[g].node_count; k++) {
      ExprNode *node = &planner->groups[g].nodes[k];
      if (node->kind == NODE_LEAF && node->view.slot == temporary) node->view.slot = slot;
    }
  planner->slots[slot].reads += planner->slots[temporary].reads;
  planner->slots[temporary].reads = planner->slots[temporary].stores = 0;
  planner->slots[temporary].stored = false;
}

/* Temporaries that no group reads any more are not stored. */
static void drop_stores(Planner *planner, Group *group) {
  int kept = 0;
  for (int k = 0; k < group->store_count; k++) {
    int slot = group->stores[k].view.slot;
    bool is_last = kept == 0 && k == group->store_count - 1;
    if (is_temporary(planner, slot) && !planner->slots[slot].reads && !is_last) {
      if (--planner->slots[slot].stores == 0) planner->slots[slot].stored = false;
    } else {
      group->stores[kept++] = group->stores[k];
    }
  }
  group->store_count = kept;
}

/* The same place again: only the last value counts. `next`: the first group behind. */
static void take_store(Planner *planner, Group *into, const GroupStore *store, int node, int next) {
  const GroupStore *other = stored_already(planner, into, store, node);
  if (other) {
    planner_tie(planner, &other->view, &store->view);
    replace_temporary(planner, next, store->view.slot, other->view.slot);
    return;
  }
  int k = 0;
  while (k < into->store_count && (into->stores[k].line != store->line ||
                                   !view_equal(into->rank, &into->stores[k].view, &store->view)))
    k++;
  if (k == into->store_count) {
    into->stores[into->store_count++] = *store;
  } else {
    planner_tie(planner, &into->stores[k].view, &store->view);
    planner->slots[store->view.slot].stores--;
  }
  into->stores[k].node = node;
}

static void merge(Planner *planner, Group *into, const Group *group, int next) {
  int taken[GROUP_NODES];
  for (int k = 0; k < group->node_count; k++) {
    ExprNode node = group->nodes[k];
    for (int a = 0; a < node.count; a++) node.args[a] = taken[node.args[a]];
    taken[k] = take_node(planner, into, &node);
  }
  for (int k = 0; k < group->store_count; k++)
    take_store(planner, into, &group->stores[k], taken[group->stores[k].node], next);
  drop_stores(planner, into);
  into->merged += group->merged + 1;
  if (into->reduce_axis >= 0 || group->reduce_axis < 0) return;
  into->reduce_axis = group->reduce_axis, into->form = group->form;
  into->placement = group->placement;
}

/* ---- what is computed of reductions ---- */

/* What `into` stores once per line and the group reads at its points. False: nothing. */
static bool find_result(const Group *into, const Group *group, const SlotView **result,
                        const SlotView **read) {
  for (int s = 0; s < into->store_count; s++)
    for (int k = 0; k < group->node_count; k++) {
      *result = &into->stores[s].view, *read = &group->nodes[k].view;
      if (group->nodes[k].kind == NODE_LEAF && into->stores[s].line &&
          (*read)->slot == (*result)->slot)
        return true;
    }
  return false;
}

/* How the axes of a domain of results follow that of the lines, by how the one reads a result and
 * the other stores it. */
static bool map_to_lines(const Group *lines, const SlotView *result, const Group *group,
                         const SlotView *read, AxisMap *map) {
  bool taken[QL_MAX_DIMS] = {false};
  for (int r = 0; r < group->rank; r++) {
    map[r] = (AxisMap){.dim = -1};
    if (group->extent[r] == 1) continue;
    for (int a = 0; a < lines->rank && map[r].dim < 0; a++) {
      bool along = read->stride[r] == result->stride[a];
      if (a == lines->reduce_axis || taken[a] || lines->extent[a] != group->extent[r]) continue;
      if (!along && read->stride[r] != -result->stride[a]) continue;
      map[r] = along ? (AxisMap){0, 1, a} : (AxisMap){group->extent[r] - 1, -1, a};
      taken[a] = true;
    }
    if (map[r].dim < 0) return false;
  }
  for (int a = 0; a < lines->rank; a++)
    if (a != lines->reduce_axis && lines->extent[a] != 1 && !taken[a]) return false;
  return true;
}

static bool has_axis(const Group *lines, int64_t extent) {
  for (int a = 0; a < lines->rank; a++)
    if (a != lines->reduce_axis && lines->extent[a] == extent) return true;
  return false;
}

/* Two neighbouring axes of the group that are one axis of the lines (order.c) become one. False:
 * there are none. */
static bool merge_axes(const Group *lines, Group *group) {
  for (int r = 0; r + 1 < group->rank; r++) {
    bool one = has_axis(lines, group->extent[r] * group->extent[r + 1]) && group_runs_on(group, r);
    for (int k = 0; k < group->store_count; k++)
      one &= view_runs_on(&group->stores[k].view, group->extent, r);
    if (!one) continue;
    for (int k = 0; k < group->store_count; k++)
      view_drop_axis(&group->stores[k].view, group->rank, r);
    group_merge(group, r);
    return true;
  }
  return false;
}

/* The group over the domain of `lines`, which it reads results of: what is done at a point of its
 * domain is done once per line. False: its points are not those lines. */
static bool over_lines(const Planner *planner, const Group *lines, Group *group) {
  ExprNode *nodes = planner->nodes; /* all groups have theirs already */
  const SlotView *result, *read;
  AxisMap map[QL_MAX_DIMS];
  if (lines->reduce_axis < 0 || jit_form_steps(lines->form) || group->reduce_axis >= 0)
    return false;
  if (!find_result(lines, group, &result, &read)) return false;
  memcpy(nodes, group->nodes, (size_t)group->node_count * sizeof *nodes);
  group->nodes = nodes;
  while (group->rank >= lines->rank && merge_axes(lines, group)) continue;
  find_result(lines, group, &result, &read);
  if (!map_to_lines(lines, result, group, read, map)) return false;
  for (int k = 0; k < group->node_count; k++) {
    ExprNode *node = &nodes[k];
    node->line = node->kind == NODE_LEAF || node->kind == NODE_RAMP;
    for (int a = 0; a < node->count; a++) node->line |= nodes[node->args[a]].line;
    if (node->kind == NODE_LEAF) node->view = view_through(&node->view, group->rank, map);
    if (node->kind != NODE_RAMP || node->ramp.dim < 0) continue;
    const AxisMap *axis = &map[node->ramp.dim];
    node->ramp.start += node->ramp.step * axis->start;
    node->ramp.step *= axis->step, node->ramp.dim = axis->dim;
  }
  for (int k = 0; k < group->store_count; k++) {
    GroupStore *store = &group->stores[k];
    store->view = view_through(&store->view, group->rank, map), store->line = true;
    if (!nodes[store->node].line) return false;
  }
  group->rank = lines->rank, group->reduce_axis = lines->reduce_axis, group->form = lines->form;
  memcpy(group->extent, lines->extent, sizeof group->extent);
  group->placement = planner_place(planner, group, &group->stores[0]);
  return reads_in_place(planner, group);
}

/* ---- the pass ---- */

/* Room for the nodes of another group; false: out of memory, and planner->error says so. */
static bool make_room(Planner *planner, Group *into, const Group *group) {
  int room = into->node_count + group->node_count;
  if (room <= into->node_room) return true;
  ExprNode *nodes = ql_pool_get(planner->pool, 2 * (size_t)room * sizeof *nodes);
  if (!nodes) return (void)planner_no_memory(planner), false;
  memcpy(nodes, into->nodes, (size_t)into->node_count * sizeof *nodes);
  into->nodes = nodes, into->node_room = 2 * room;
  return true;
}

/* Merges group number `number` into one of the `count` groups that are left of those before it:
 * that which has most of its values, the nearest of several. */
static bool join(Planner *planner, int count, int number) {
  const Group *group = &planner->groups[number];
  int best = -1, least = GROUP_NODES + 1;
  if (group->kind != GROUP_KERNEL || group->is_piece || group_is_given(group)) return false;
  for (int k = count - 1; k >= QL_MAX(count - LOOK_BACK, 0) && least > 0; k--) {
    Group *into = &planner->groups[k], once = *group;
    bool joins = !group_is_given(into) && may_join(planner, into, group);
    int added = joins ? count_new(into, group) : 0;
    if (joins && added < least) best = k, least = added;
    if (best < 0 && !group_is_given(into) && over_lines(planner, into, &once) &&
        may_join(planner, into, &once)) {
      if (!make_room(planner, into, group)) return false;
      merge(planner, into, &once, number + 1);
      return true;
    }
    if (conflict(planner, into, group, false)) break;
  }
  if (best < 0 || !make_room(planner, &planner->groups[best], group)) return false;
  merge(planner, &planner->groups[best], group, number + 1);
  return true;
}

static void count_uses(Planner *planner) {
  for (int k = 0; k < planner->plan->slot_count; k++)
    planner->slots[k].stores = planner->slots[k].reads = 0;
  for (int g = 0; g < planner->group_count; g++) {
    const Group *group = &planner->groups[g];
    for (int k = 0; k < group->store_count; k++)
      planner->slots[group->stores[k].view.slot].stores++;
    for (int k = 0; k < group->node_count && group->kind == GROUP_KERNEL; k++)
      if (group->nodes[k].kind == NODE_LEAF) planner->slots[group->nodes[k].view.slot].reads++;
  }
}

/* Why did the group not join that before it? */
static QlApart why_apart(const Planner *planner, const Group *before, const Group *group) {
  if (group->kind != GROUP_KERNEL || before->kind != GROUP_KERNEL) return QL_APART_NOT;
  if (group_is_given(group) || group_is_given(before)) return QL_APART_GIVEN;
  if (group->is_piece || before->is_piece) return QL_APART_PIECE;
  if (before->rank != group->rank ||
      memcmp(before->extent, group->extent, (size_t)group->rank * sizeof *group->extent))
    return QL_APART_SHAPE;
  if (conflict(planner, before, group, true)) return QL_APART_ORDER;
  if (!same_points(planner, before, group)) return QL_APART_PLACE;
  return worth_joining(before, group) ? QL_APART_SIZE : QL_APART_WORTH;
}

const char *ql_apart_text(QlApart apart) {
  static const char *const texts[] = {
      [QL_APART_NOT] = "",
      [QL_APART_GIVEN] = "for routines and compiled loops are not fused",
      [QL_APART_PIECE] = "for what it reads, or the other, was written in parts: a kernel for each",
      [QL_APART_SHAPE] = "for its points are others",
      [QL_APART_ORDER] =
          "for it needs at other points what that one stores, or overwrites what that one reads",
      [QL_APART_PLACE] = "for others compute its points, or it reduces along another axis",
      [QL_APART_WORTH] = "for they have no array in common, and nothing is saved",
      [QL_APART_SIZE] = "for one kernel would be too large"};
  return texts[apart];
}

QlStatus planner_fuse(Planner *planner) {
  int count = 0;
  count_uses(planner);
  for (int g = 0; g < planner->group_count; g++) {
    Group group = planner->groups[g];
    if (join(planner, count, g)) continue;
    if (planner->explains && count)
      group.apart = why_apart(planner, &planner->groups[count - 1], &group);
    planner->groups[count++] = group;
  }
  planner->group_count = count;
  return planner->error->status;
}
