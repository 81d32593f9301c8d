/* Calls of routines into groups (routine/routine.h). A call has a group of its own, placed by the
 * owner of its target, of which it stores each element once, or updates some. Routines of lines are
 * laid as nests by lines are (nest_plan.c, rows_plan.c). A routine with tiles is given whole ones:
 * its target is new, and is cut where tiles begin.
 *
 *     c = a @ b of 1000 x 700     tiles of 250 x 352     tile (i, j) touches the rows of a and the
 *     4 x 2 tiles on 3 nodes:     [0, 250), [250, 500), [500, 1000)     columns of b that it spans
 */
#include "planner.h"

#include <string.h>

static QlStatus add_input(Planner *planner, Group *group, NestArray *touched,
                          const LogOperand *operand) {
  PlanSlot *slot = &planner->plan->slots[operand->view.slot];
  const Storage *storage = planner->slots[operand->view.slot].storage;
  SlotView view = operand->view;
  if (operand->spans) {
    NestArray *array = &touched[group->node_count];
    QL_TRY(nest_read_array(planner, operand, array));
    array->leaf = group->node_count, group->touched = touched;
    view = nest_over_domain(array, true);
  }
  group->nodes[group->node_count++] = (ExprNode){.kind = NODE_LEAF,
                                                 .dtype = (QlDtype)slot->dtype,
                                                 .view = view,
                                                 .statement = group->statement};
  if (!slot->layout && storage->size == 0) /* nothing is ever stored there */
    slot->layout = rt_layout_for_storage(planner->ctx, storage, planner->error);
  return slot->layout || storage->size ? QL_OK : QL_ERR_MEMORY;
}

static bool reads_stretches(const Planner *planner, const Group *group, const SlotView *target) {
  return group->routine->stretches && planner->plan->slots[target->slot].ndim > 1;
}

/* A new target lies in rows, each of which reads a stretch: where it were cut along other axes too,
 * each part would read all of it. */
static QlStatus lay_in_rows(Planner *planner, int slot) {
  const PlanSlot *s = &planner->plan->slots[slot];
  return planner_set_layout(
      planner, slot, rt_template_rows(planner->ctx, s->ndim, s->shape, 0, false, planner->error));
}

/* So do workers share the rows, where there are several. */
static void share_rows(Group *group) {
  Placement *p = &group->placement;
  if (p->replicated || p->flat || p->everywhere || p->axes[0].dim < 0) return;
  p->by_rows = 1, p->in_lines = true; /* along its first axis */
}

/* ---- tiles ---- */

static QlStatus find_tiles(Planner *planner, const Statement *s, Group *group) {
  int64_t tile[QL_MAX_DIMS];
  if (!s->axes) return QL_OK;
  for (int a = 0; a < group->rank; a++)
    tile[a] = routine_tile(group->routine, s->axes, a, group->extent[a]);
  group->tile = ql_pool_copy(planner->pool, tile, (size_t)group->rank * sizeof *tile);
  return group->tile ? QL_OK : planner_no_memory(planner);
}

/* The partition of so many tiles: by rows alone, if there are enough, so that the nodes have what
 * they need of the left factor. */
static Template *cut_tiles(Planner *planner, int ndim, const int64_t *count) {
  QlContext *ctx = planner->ctx;
  int first = 0;
  while (first < ndim - 1 && count[first] == 1) first++;
  if (ctx->info->node_count > 1 && count[first] >= ctx->info->node_count)
    return rt_template_rows(ctx, ndim, count, first, false, planner->error);
  return rt_template_for_shape(ctx, ndim, count, planner->error);
}

static QlStatus lay_in_tiles(Planner *planner, const Group *group, const AxisMap *axes,
                             PlanSlot *slot) {
  int64_t count[QL_MAX_DIMS], tile[QL_MAX_DIMS], offset[QL_MAX_DIMS] = {0};
  for (int a = 0; a < slot->ndim; a++) {
    tile[a] = axes[a].dim < 0 ? 1 : group->tile[axes[a].dim];
    count[a] = ceil_div(slot->shape[a], tile[a]);
  }
  Template *template = cut_tiles(planner, slot->ndim, count);
  for (int a = 0; a < slot->ndim && template; a++) {
    if (tile[a] == 1) continue;
    Template *coarse = template;
    template = rt_template_refine(planner->ctx, coarse, a, slot->shape[a], tile[a], planner->error);
    rt_template_release(planner->ctx, coarse);
  }
  if (!template) return QL_ERR_MEMORY;
  slot->layout = rt_layout_new(template, offset);
  if (slot->layout) return QL_OK;
  rt_template_release(planner->ctx, template);
  return planner_no_memory(planner);
}

/* A target that every rank has is computed whole. */
static QlStatus decide_layout(Planner *planner, const Group *group, const SlotView *target) {
  PlanSlot *slot = &planner->plan->slots[target->slot];
  const Storage *storage = planner->slots[target->slot].storage;
  AxisMap axes[QL_MAX_DIMS];
  if (!slot->layout && reads_stretches(planner, group, target)) {
    QL_TRY(planner_decide_layout(planner, group, target));
    return slot->layout->template ? lay_in_rows(planner, target->slot) : QL_OK;
  }
  if (slot->layout || !group->tile || storage->replicated ||
      rt_is_replicated_size(planner->ctx, storage->size) ||
      !slot_axes(planner, group->rank, group->extent, target, axes))
    return planner_decide_layout(planner, group, target);
  return lay_in_tiles(planner, group, axes, slot);
}

/* ---- pieces ---- */

/* What a piece of a call brings of an input that follows the axis along which it is cut. */
enum { PANEL_BYTES = 16 << 20 };

/* Between nodes a call is cut along its last axis with tiles, so that what it brings at a time is
 * bounded: a product takes the right factor panel by panel. The axis must be whole on each node;
 * else they would take turns. Gives how long a piece is. */
static int64_t piece_along(const Planner *planner, const Group *group, int axis) {
  int64_t extent = group->extent[axis], length = extent;
  const Placement *p = &group->placement;
  if (planner->ctx->info->node_count == 1 || p->replicated || p->everywhere) return extent;
  for (int a = 0; a < p->slot_ndim; a++)
    if (p->axes[a].dim == axis && p->layout->template->cut[a]) return extent;
  for (int k = 0; k < group->node_count && group->touched; k++) {
    const NestArray *array = &group->touched[k];
    const PlanSlot *slot = &planner->plan->slots[array->view.slot];
    int64_t bytes = ql_dtype_info[slot->dtype].size;
    bool follows = false;
    for (int a = 0; a < array->ndim; a++) {
      const AxisSpan *span = &array->spans[a];
      follows |= span->dim == axis;
      if (span->dim != axis)
        bytes *= span->dim < 0 ? span->hi - span->lo + 1 : group->extent[span->dim];
    }
    if (follows && slot->layout && slot->layout->template)
      length = QL_MIN(length, PANEL_BYTES / bytes);
  }
  if (length >= extent) return extent;
  return QL_MAX(length / group->tile[axis], 1) * group->tile[axis];
}

/* Leaves the group the positions [lo, hi) of the axis, which it then counts from 0, as its operands
 * do. */
static void narrow(const Planner *planner, Group *group, NestArray *touched, SlotView *target,
                   int axis, int64_t lo, int64_t hi) {
  group->extent[axis] = hi - lo;
  target->offset += target->stride[axis] * lo;
  for (int k = 0; k < group->node_count; k++) {
    NestArray *array = &touched[k];
    for (int a = 0; a < array->ndim; a++) {
      const AxisSpan *span = &array->spans[a];
      if (span->dim != axis) continue;
      array->view.offset += array->view.stride[a] * span->step * lo;
      array->extent[a] = span->step * (hi - lo - 1) + span->hi + 1;
    }
    if (!array->ndim) continue;
    array->has_own = slot_axes(planner, array->ndim, array->extent, &array->view, array->own);
    group->nodes[k].view = nest_over_domain(array, true);
  }
}

static QlStatus open_call(Planner *planner, int statement, Group **group, NestArray **touched,
                          SlotView *target) {
  const Statement *s = &planner->log->statements[statement];
  LogOperand operand;
  *group = planner_open(planner, GROUP_KERNEL, statement, s->ndim, log_shape(planner->log, s));
  *touched = planner_zeros(planner, s->operands * sizeof **touched);
  if (!*group || !*touched) return QL_ERR_MEMORY;
  (*group)->routine = &routines[s->op];
  for (int k = 1; k < s->operands; k++)
    if (log_operand(planner->log, s, k, &operand))
      QL_TRY(add_input(planner, *group, *touched, &operand));
  log_operand(planner->log, s, 0, &operand);
  *target = operand.view;
  QL_TRY(find_tiles(planner, s, *group));
  return decide_layout(planner, *group, target);
}

QlStatus planner_call(Planner *planner, int statement) {
  const Statement *s = &planner->log->statements[statement];
  if (s->op == ROUTINE_BEST) return planner_best(planner, statement);
  if (s->op == ROUTINE_SCAN) return planner_scan(planner, statement);
  LogOperand first;
  log_operand(planner->log, s, 0, &first);
  if (first.spans) return planner_nest(planner, statement);
  int axis = s->axes ? 31 - __builtin_clz(s->axes) : 0;
  int64_t extent = log_shape(planner->log, s)[axis], lo = 0, piece = 0;
  while (lo < extent || !piece) {
    Group *group;
    NestArray *touched;
    SlotView target;
    QL_TRY(open_call(planner, statement, &group, &touched, &target));
    group->placement = planner_place(planner, group, &(GroupStore){.view = target});
    if (!piece) piece = group->tile ? piece_along(planner, group, axis) : QL_MAX(extent, 1);
    if (piece < extent)
      narrow(planner, group, touched, &target, axis, lo, QL_MIN(lo + piece, extent));
    QL_TRY(planner_store(planner, group, &target, -1));
    if (reads_stretches(planner, group, &target)) share_rows(group);
    lo += piece;
  }
  return QL_OK;
}

int call_line_axis(const Group *group) {
  for (int k = 0; group->nest && k < group->nest->count; k++)
    for (int a = 0; a < group->rank; a++)
      if (group->nest->arrays[k].spans[a].dim < 0) return a;
  return -1;
}

/* What goes along an axis touches all of it of one leaf, and of the first one more than its point.
 */
static void reach_along(const PlanSlot *slot, const GroupAlong *along, int leaf, Reach *reach) {
  for (int a = 0; a < slot->ndim && reach->has_axes; a++) {
    AxisSpan *span = &reach->axes[a];
    if (leaf == along->whole && a == along->whole_axis) span->lo = 0, span->hi = slot->shape[a] - 1;
    if (leaf == 0 && span->dim == along->axis)
      *(span->step > 0 ? &span->lo : &span->hi) -= along->before * span->step;
  }
}

void call_reach(const Planner *planner, const Group *group, int leaf, Reach *reach) {
  const SlotView *view = &group->nodes[leaf].view;
  const PlanSlot *slot = &planner->plan->slots[view->slot];
  if (group->touched && group->touched[leaf].ndim) {
    nest_array_reach(planner, &group->touched[leaf], 0, reach);
    return;
  }
  reach_along(slot, &group->along, leaf, reach);
  int behind = leaf - group->routine->anywhere;
  if (behind >= 0 && behind < group->routine->stretches) {
    /* of what has more axes, where it is all of one node, it may be anything */
    reach->has_axes &= slot->ndim == 1;
    reach->axes[0].hi += view->stride[0] - 1;
  }
  if (behind >= 0) return;
  reach->has_axes = reach->as_copy = true;
  for (int a = 0; a < slot->ndim; a++)
    reach->axes[a] = (AxisSpan){.hi = slot->shape[a] - 1, .dim = -1};
}

enum { TOUCHED = 16, MOST_COST = 1 << 24 };

int call_cost(const Group *group) {
  int64_t longest = 0;
  for (int k = 0; k < group->node_count && group->touched; k++)
    for (int a = 0; a < group->touched[k].ndim; a++) {
      const AxisSpan *span = &group->touched[k].spans[a];
      longest = QL_MAX(longest, span->hi - span->lo + 1);
    }
  if (!group->tile) return group->routine->cost;
  return (int)QL_MIN(group->routine->cost * (longest / TOUCHED + 1), MOST_COST);
}
