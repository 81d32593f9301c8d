/* Compiled loop nests by rows, or lines, into groups (log/nest.c). A row of a target must lie on
 * one node whole, those of all targets that a point stores on the same one. A target that lies
 * otherwise is copied into a temporary that lies so, and from it behind the nest:
 *
 *     node 0    | rows of v: 0 .. 9      elements of y: 0 .. 9     |
 *     node 1    | rows of v: 10 .. 19    elements of y: 10 .. 19   |
 *
 * In order, the nodes take their parts in turn: there is a group for each, which has points on that
 * node alone, and whose exchange brings what it reads of the rows that were stored before. These
 * are read where they are stored, in ghosts; where points read farther than ghosts reach, the first
 * node stores everything.
 *
 * Lines lie in such rows too, those of one of the dimensions that they do not run along. Those of a
 * routine are stored whole, into a new array: what was there before is not copied.
 *
 * What one node computes alone, the first one has whole, as what it stores everything of. */
#include "planner.h"

#include <stdlib.h>
#include <string.h>

typedef struct Rows {
  Planner *planner;
  Group *probe;
  GroupNest *nest;
  int dim;          /* of the domain: what follows it are rows */
  int count, first; /* first: the target by which the nest is placed */
  NestArray *target[GROUP_STORES];
  int slot[GROUP_STORES], temporary[GROUP_STORES]; /* -1: it stays */
  bool is_new[GROUP_STORES];                       /* it can be laid anywhere */
} Rows;

/* ---- targets ---- */

/* Which axis of its slot follows that dimension; -1: none. */
static int axis_along(const Rows *rows, const NestArray *array, int dim) {
  const PlanSlot *slot = &rows->planner->plan->slots[array->view.slot];
  for (int a = 0; a < slot->ndim && array->has_own; a++) {
    int own = array->own[a].dim;
    if (own >= 0 && array->spans[own].dim == dim && array->spans[own].step) return a;
  }
  return -1;
}

/* Which axis of its slot the rows of a target lie along; -1: it has one row. */
static int axis_of_rows(const Rows *rows, const NestArray *array) {
  return axis_along(rows, array, rows->dim);
}

/* Of a target with one row, or without rows of its own. A row that is not there, which no point
 * stores, is no node's: then the point goes with one that is. */
static Placement place_one_row(const Rows *rows, const Group *group, const SlotView *view) {
  Placement p = planner_place(rows->planner, group, &(GroupStore){.view = *view});
  for (int a = 0; a < p.slot_ndim; a++)
    if (p.axes[a].dim < 0)
      p.axes[a].start = QL_MAX(0, QL_MIN(p.axes[a].start, p.slot_shape[a] - 1));
  return p;
}

/* Of one line: who has its first element computes it, whoever has the others. */
static Placement place_one_line(const Rows *rows, const NestArray *array) {
  const PlanSlot *slot = &rows->planner->plan->slots[array->view.slot];
  Placement p = {.origin = array->view.origin, .layout = slot->layout, .slot_ndim = slot->ndim};
  p.leaf_axis = -1;
  memcpy(p.slot_shape, slot->shape, sizeof p.slot_shape);
  for (int a = 0; a < slot->ndim; a++) {
    int64_t start = array->has_own ? array->own[a].start : 0;
    p.axes[a] = (AxisMap){QL_MAX(0, QL_MIN(start, slot->shape[a] - 1)), 0, -1};
  }
  return p;
}

/* Of a domain whose position 0 is `from`. */
static Placement place_from(const Rows *rows, int t, const Group *group, int64_t from) {
  const NestArray *array = rows->target[t];
  const PlanSlot *slot = &rows->planner->plan->slots[array->view.slot];
  int axis = axis_of_rows(rows, array);
  SlotView view = nest_over_domain(array, false);
  if (axis < 0 && slot->layout->template && rows->nest->form == JIT_NEST_LINES)
    return place_one_line(rows, array);
  if (!slot->layout->template || axis < 0) return place_one_row(rows, group, &view);
  Placement p = {.origin = array->view.origin, .layout = slot->layout, .slot_ndim = slot->ndim};
  p.leaf_axis = -1, p.by_rows = axis + 1;
  memcpy(p.slot_shape, slot->shape, sizeof p.slot_shape);
  for (int a = 0; a < slot->ndim; a++) p.axes[a] = (AxisMap){array->own[a].start, 0, -1};
  const AxisMap *own = &array->own[axis];
  const AxisSpan *span = &array->spans[own->dim];
  int64_t at = span->lo + span->step * from;
  p.axes[axis] = (AxisMap){own->start + own->step * at, own->step * span->step, rows->dim};
  p.in_lines = rows->nest->form == JIT_NEST_LINES;
  return p;
}

static Placement place_of(const Rows *rows, int t) { return place_from(rows, t, rows->probe, 0); }

static bool is_in_rows(const Rows *rows, int t) {
  const PlanSlot *slot = &rows->planner->plan->slots[rows->target[t]->view.slot];
  int axis = axis_of_rows(rows, rows->target[t]);
  return rows->planner->ctx->info->node_count == 1 ||
         (axis >= 0 && rt_template_is_rows(slot->layout->template, axis));
}

/* Of a target that nothing has stored, unless each rank has it. */
static QlStatus decide_layout(Rows *rows, int t) {
  Planner *planner = rows->planner;
  PlanSlot *slot = &planner->plan->slots[rows->target[t]->view.slot];
  if (slot->layout) return QL_OK;
  rows->is_new[t] = true;
  SlotView view = nest_over_domain(rows->target[t], false);
  QL_TRY(planner_decide_layout(planner, rows->probe, &view));
  int axis = axis_of_rows(rows, rows->target[t]);
  if (!slot->layout->template || is_in_rows(rows, t) || axis < 0) return QL_OK;
  if (rows->probe->routine && slot->shape[axis] < planner->ctx->info->node_count)
    return QL_OK; /* some nodes would have nothing: the result is moved */
  return planner_set_layout(
      planner, view.slot,
      rt_template_rows(planner->ctx, slot->ndim, slot->shape, axis, false, planner->error));
}

static void find_targets(Rows *rows) {
  for (int k = 0; k < rows->nest->count; k++) {
    NestArray *array = &rows->nest->arrays[k];
    if (array->store < 0) continue;
    rows->target[rows->count] = array;
    rows->slot[rows->count] = array->view.slot, rows->temporary[rows->count++] = -1;
  }
}

/* By one that lies in rows before one that is partitioned otherwise, and before one that each rank
 * has. */
static QlStatus choose_first(Rows *rows) {
  int best = -1;
  for (int t = 0; t < rows->count; t++) {
    QL_TRY(decide_layout(rows, t));
    const PlanSlot *slot = &rows->planner->plan->slots[rows->slot[t]];
    int rank = !slot->layout->template ? 0 : is_in_rows(rows, t) ? 2 : 1;
    if (rank > best) best = rank, rows->first = t;
  }
  return QL_OK;
}

/* ---- temporaries ---- */

/* All that is stored in the slot, and all that is read of it where that may have been stored, is
 * there from now on. */
static void move_arrays(Rows *rows, int slot, int temporary) {
  bool all = rows->nest->form != JIT_NEST_ROWS;
  for (int k = 0; k < rows->nest->count; k++) {
    NestArray *array = &rows->nest->arrays[k];
    if (array->view.slot != slot || (array->store < 0 && !all)) continue;
    array->view.slot = temporary, array->view.origin = 0;
    array->has_own = slot_axes(rows->planner, array->ndim, array->extent, &array->view, array->own);
    if (array->leaf < 0) continue;
    SlotView *view = &rows->probe->nodes[array->leaf].view;
    view->slot = temporary, view->origin = 0;
  }
}

/* Of the target's storage. One without axes gets one: a box without axes has its element on every
 * node. */
static int temporary_shape(const PlanSlot *slot, int64_t *shape) {
  shape[0] = 1;
  memcpy(shape, slot->shape, (size_t)slot->ndim * sizeof *shape);
  return QL_MAX(slot->ndim, 1);
}

static QlStatus add_temporary(Rows *rows, int t, Template *template) {
  Planner *planner = rows->planner;
  const PlanSlot *slot = &planner->plan->slots[rows->slot[t]];
  int64_t shape[QL_MAX_DIMS] = {0};
  int ndim = temporary_shape(slot, shape);
  Layout *layout = template ? rt_layout_new(template, (int64_t[QL_MAX_DIMS]){0}) : NULL;
  if (template && !layout) rt_template_release(planner->ctx, template);
  if (!layout) return planner_no_memory(planner);
  int made = planner_slot(planner, (QlDtype)slot->dtype, ndim, shape, layout);
  if (made < 0) return planner_no_memory(planner);
  for (int k = 0; k < rows->count; k++)
    if (rows->slot[k] == rows->slot[t]) rows->temporary[k] = made;
  move_arrays(rows, rows->target[t]->view.slot, made);
  return QL_OK;
}

/* Are they computed where those of the first target are, row by row? */
static bool lie_alike(const Rows *rows, int t) {
  const CommInfo *info = rows->planner->ctx->info;
  Group one = *rows->probe, other = *rows->probe;
  one.placement = place_of(rows, rows->first), other.placement = place_of(rows, t);
  if (one.placement.replicated || other.placement.replicated)
    return one.placement.replicated && other.placement.replicated;
  if (info->node_count == 1) return true;
  if (!is_in_rows(rows, t)) return false;
  int a = axis_of_rows(rows, rows->target[rows->first]), b = axis_of_rows(rows, rows->target[t]);
  for (int c = 0; c < info->node_count; c++) {
    Interval here, there;
    bool some = placement_along(&one, a, c, &here), others = placement_along(&other, b, c, &there);
    if (some != others || (some && (here.lo != there.lo || here.hi != there.hi))) return false;
  }
  return true;
}

/* A temporary of that target beside the first; NULL: there can be none, or no memory is left. */
static Template *beside_first(const Rows *rows, int t) {
  Planner *planner = rows->planner;
  const PlanSlot *slot = &planner->plan->slots[rows->slot[t]];
  int64_t shape[QL_MAX_DIMS];
  int ndim = temporary_shape(slot, shape);
  if (planner->ctx->info->node_count == 1)
    return rt_template_for_shape(planner->ctx, ndim, shape, planner->error);
  Placement p = place_of(rows, rows->first), q = place_of(rows, t);
  int from = axis_of_rows(rows, rows->target[rows->first]),
      axis = axis_of_rows(rows, rows->target[t]);
  if (axis < 0 || p.axes[from].dim < 0 || q.axes[axis].dim < 0 ||
      p.axes[from].step != q.axes[axis].step)
    return NULL;
  int64_t shift = q.axes[axis].start - p.axes[from].start - p.layout->offset[from];
  return rt_template_beside(planner->ctx, p.layout->template, from, ndim, shape, axis, shift,
                            planner->error);
}

static QlStatus all_on_first_node(Rows *rows) {
  Planner *planner = rows->planner;
  for (int t = 0; t < rows->count; t++) {
    const PlanSlot *slot = &planner->plan->slots[rows->slot[t]];
    int64_t shape[QL_MAX_DIMS];
    int ndim = temporary_shape(slot, shape), axis = QL_MAX(axis_of_rows(rows, rows->target[t]), 0);
    bool had = false; /* with another target of its slot */
    for (int k = 0; k < t; k++) had |= rows->slot[k] == rows->slot[t];
    if (!had)
      QL_TRY(add_temporary(
          rows, t, rt_template_rows(planner->ctx, ndim, shape, axis, true, planner->error)));
  }
  return QL_OK;
}

/* On one node every place is at hand, but for what each rank has for itself. */
static QlStatus all_at_hand(Rows *rows) {
  Planner *planner = rows->planner;
  if (planner->ctx->info->node_count > 1) return all_on_first_node(rows);
  for (int t = 0; t < rows->count; t++) {
    const PlanSlot *slot = &planner->plan->slots[rows->slot[t]];
    int64_t shape[QL_MAX_DIMS];
    int ndim = temporary_shape(slot, shape);
    if (!slot->layout->template && rows->temporary[t] < 0)
      QL_TRY(
          add_temporary(rows, t, rt_template_for_shape(planner->ctx, ndim, shape, planner->error)));
  }
  return QL_OK;
}

/* Gives every target a place in rows; `beside`: it was possible. */
static QlStatus lay_in_rows(Rows *rows, bool *beside) {
  Planner *planner = rows->planner;
  const PlanSlot *slot = &planner->plan->slots[rows->slot[rows->first]];
  int axis = axis_of_rows(rows, rows->target[rows->first]);
  *beside = true;
  if (!slot->layout->template) return QL_OK; /* of all */
  if (!is_in_rows(rows, rows->first)) {
    *beside = axis >= 0;
    if (!*beside) return QL_OK;
    QL_TRY(add_temporary(
        rows, rows->first,
        rt_template_rows(planner->ctx, slot->ndim, slot->shape, axis, false, planner->error)));
  }
  for (int t = 0; t < rows->count && *beside; t++) {
    if (t == rows->first || lie_alike(rows, t)) continue;
    Template *template = rows->temporary[t] < 0 ? beside_first(rows, t) : NULL;
    *beside = template != NULL;
    bool moves = rows->is_new[t] && planner->plan->slots[rows->slot[t]].layout->template;
    if (*beside)
      QL_TRY(moves ? planner_set_layout(rows->planner, rows->slot[t], template)
                   : add_temporary(rows, t, template));
    else if (planner->error && planner->error->status)
      return planner->error->status;
    *beside = *beside && lie_alike(rows, t);
  }
  return QL_OK;
}

static QlStatus copy_all(const Rows *rows, int t, bool back) {
  Planner *planner = rows->planner;
  for (int k = 0; k < t; k++)
    if (rows->slot[k] == rows->slot[t]) return QL_OK; /* it is one */
  if (rows->temporary[t] < 0) return QL_OK;
  const PlanSlot *slot = &planner->plan->slots[rows->slot[t]];
  int ndim = slot->ndim;
  int64_t shape[QL_MAX_DIMS];
  SlotView array = {.slot = rows->slot[t]}, temporary = {.slot = rows->temporary[t]};
  memcpy(shape, slot->shape, sizeof shape);
  c_strides(ndim, shape, 1, array.stride), c_strides(ndim, shape, 1, temporary.stride);
  return group_copy(planner, rows->probe->statement, ndim, shape, back ? &temporary : &array,
                    back ? &array : &temporary);
}

/* ---- groups ---- */

static bool is_stored(const Rows *rows, int slot) {
  bool stored = false;
  for (int t = 0; t < rows->count; t++) stored |= rows->target[t]->view.slot == slot;
  return stored;
}

/* Of the positions from lo to hi, whose stores are set and which is placed. */
static void make_part(const Rows *rows, int64_t lo, int64_t hi, Group *part) {
  Box box = box_of_shape(rows->probe->rank, rows->probe->extent);
  box.lo[0] = lo, box.hi[0] = hi;
  part->nest = rows->nest, part->nest_from = lo, part->store_count = 0;
  part->routine = rows->probe->routine;
  for (int t = 0; t < rows->count; t++) {
    SlotView view = nest_over_domain(rows->target[t], false);
    view = view_of_piece(&view, part->rank, &box);
    part->stores[part->store_count++] = (GroupStore){.view = view, .node = -1, .slot = view.slot};
  }
  for (int k = 0; k < part->node_count; k++)
    part->nodes[k].view = view_of_piece(&part->nodes[k].view, part->rank, &box);
  part->placement = place_from(rows, rows->first, part, lo);
  part->placement.in_order = rows->nest->form >= JIT_NEST_IN_ORDER;
}

static ExprNode *copy_nodes(const Rows *rows) {
  size_t bytes = (size_t)rows->probe->node_count * sizeof *rows->probe->nodes;
  return ql_pool_copy(rows->planner->pool, rows->probe->nodes, bytes + 1);
}

static QlStatus open_part(const Rows *rows, int64_t lo, int64_t hi) {
  Planner *planner = rows->planner;
  int64_t extent[QL_MAX_DIMS];
  memcpy(extent, rows->probe->extent, sizeof extent);
  extent[0] = hi - lo;
  Group *part =
      planner_open(planner, GROUP_KERNEL, rows->probe->statement, rows->probe->rank, extent);
  if (!part) return QL_ERR_MEMORY;
  if (!(part->nodes = copy_nodes(rows))) return planner_no_memory(planner);
  part->node_count = part->node_room = rows->probe->node_count;
  make_part(rows, lo, hi, part);
  for (int t = 0; t < rows->count; t++) planner->slots[part->stores[t].slot].stored = true;
  return QL_OK;
}

/* Does the part read where it is stored what it reads of what is stored? */
static QlStatus reads_in_place(const Rows *rows, int64_t lo, int64_t hi, bool *in_place) {
  Planner *planner = rows->planner;
  Group part = {.statement = rows->probe->statement, .rank = 1, .extent = {hi - lo}};
  part.reduce_axis = -1, part.node_count = rows->probe->node_count;
  part.nodes = copy_nodes(rows);
  part.reach = planner_zeros(planner, (size_t)part.node_count * sizeof *part.reach + 1);
  if (!part.nodes || !part.reach) return planner_no_memory(planner);
  make_part(rows, lo, hi, &part);
  Readers readers = needs_readers(&part);
  for (int k = 0; k < part.node_count && *in_place; k++) {
    const PlanSlot *slot = &planner->plan->slots[part.nodes[k].view.slot];
    int64_t depth[QL_MAX_DIMS][2] = {{0}};
    if (!is_stored(rows, part.nodes[k].view.slot)) continue;
    nest_reach(planner, &part, k, &part.reach[k]);
    *in_place =
        !part.reach[k].as_copy && needs_beyond(&part, k, slot, &readers, depth) != NEED_COPY;
  }
  return QL_OK;
}

typedef QlStatus PartDo(const Rows *rows, int64_t lo, int64_t hi, bool *go);

static QlStatus open_in_turn(const Rows *rows, int64_t lo, int64_t hi, bool *go) {
  (void)go;
  return open_part(rows, lo, hi);
}

/* The parts of the nodes, in the order of the domain, as long as *go. */
static QlStatus each_part(const Rows *rows, PartDo *what, bool *go) {
  Group all = *rows->probe;
  all.placement = place_of(rows, rows->first);
  int nodes = rows->planner->ctx->info->node_count;
  int axis = axis_of_rows(rows, rows->target[rows->first]);
  bool back = axis >= 0 && all.placement.axes[axis].step < 0;
  if (axis < 0 || nodes == 1 || all.placement.replicated) return what(rows, 0, all.extent[0], go);
  for (int k = 0; k < nodes && *go; k++) {
    Interval part;
    if (placement_along(&all, axis, back ? nodes - 1 - k : k, &part) && part.lo < part.hi)
      QL_TRY(what(rows, part.lo, part.hi, go));
  }
  return QL_OK;
}

/* ---- the statement ---- */

/* Does an input lie in rows along that dimension? */
static bool is_read_in_rows(const Rows *rows, int dim) {
  for (int k = 0; k < rows->nest->count; k++) {
    const NestArray *array = &rows->nest->arrays[k];
    const PlanSlot *slot = &rows->planner->plan->slots[array->view.slot];
    int axis = axis_along(rows, array, dim);
    if (array->leaf >= 0 && axis >= 0 && slot->layout && slot->layout->template &&
        rt_template_is_rows(slot->layout->template, axis))
      return true;
  }
  return false;
}

/* Of those that lines do not run along, the longest: that nodes and workers share. A routine's
 * result lies where nothing must be moved for it, if there is such a dimension. */
static int shared_along(const Rows *rows, uint32_t along) {
  const Group *probe = rows->probe;
  int best = -1;
  bool stays = false;
  for (int d = 0; d < probe->rank; d++) {
    if (!(along >> d & 1)) continue;
    bool is_stay = probe->routine && probe->extent[d] >= rows->planner->ctx->info->node_count &&
                   is_read_in_rows(rows, d);
    bool better = is_stay == stays ? best < 0 || probe->extent[d] > probe->extent[best] : is_stay;
    if (better) best = d, stays = is_stay;
  }
  return QL_MAX(best, 0);
}

QlStatus planner_rows(Planner *planner, Group *probe, GroupNest *nest) {
  Rows rows = {.planner = planner, .probe = probe, .nest = nest};
  if (nest->form == JIT_NEST_LINES) rows.dim = shared_along(&rows, nest->along);
  bool in_order = nest->form == JIT_NEST_IN_ORDER, on_one = nest->form == JIT_NEST_ON_ONE,
       fits = true, all = true;
  find_targets(&rows);
  probe->store_count = 0;
  QL_TRY(choose_first(&rows));
  if (on_one) {
    rows.first = 0; /* what it hands on, of which there is always some */
    QL_TRY(all_at_hand(&rows));
  } else {
    QL_TRY(lay_in_rows(&rows, &fits));
  }
  if (fits && in_order && planner->ctx->info->node_count > 1 &&
      !place_of(&rows, rows.first).replicated)
    QL_TRY(each_part(&rows, reads_in_place, &fits));
  if (!fits) QL_TRY(all_on_first_node(&rows));
  for (int t = 0; t < rows.count && !probe->routine; t++) QL_TRY(copy_all(&rows, t, false));
  if (in_order)
    QL_TRY(each_part(&rows, open_in_turn, &all));
  else
    QL_TRY(open_part(&rows, 0, probe->extent[0]));
  for (int t = 0; t < rows.count; t++) QL_TRY(copy_all(&rows, t, true));
  return QL_OK;
}
