/* Compiled loop nests into groups (log/nest.c). A nest has a group of its own, placed by what it
 * stores; its leaves touch spans. Its kernel finds elements by the array's own indices, so a target
 * that lies otherwise than the one by which the nest is placed is stored into a temporary beside
 * that, into which its elements are copied before, and from which they return. */
#include "planner.h"

#include <stdlib.h>
#include <string.h>

/* ---- operands ---- */

SlotView nest_over_domain(const NestArray *array, bool at_centre) {
  SlotView view = {.slot = array->view.slot, .origin = array->view.origin};
  view.offset = array->view.offset;
  for (int a = 0; a < array->ndim; a++) {
    const AxisSpan *span = &array->spans[a];
    int64_t at = at_centre ? span->lo + (span->hi - span->lo) / 2 : span->lo;
    view.offset += array->view.stride[a] * at;
    if (span->dim >= 0) view.stride[span->dim] += array->view.stride[a] * span->step;
  }
  return view;
}

QlStatus nest_read_array(Planner *planner, const LogOperand *operand, NestArray *array) {
  PlanSlot *slot = &planner->plan->slots[operand->view.slot];
  const Storage *storage = planner->slots[operand->view.slot].storage;
  *array = (NestArray){.store = -1, .leaf = -1, .ndim = operand->ndim, .view = operand->view};
  for (int a = 0; a < array->ndim; a++) array->spans[a] = log_span(operand, a, &array->extent[a]);
  array->has_own = slot_axes(planner, array->ndim, array->extent, &array->view, array->own);
  if (!slot->layout && storage->size == 0) /* nothing is ever stored there */
    slot->layout = rt_layout_for_storage(planner->ctx, storage, planner->error);
  return slot->layout || storage->size ? QL_OK : QL_ERR_MEMORY;
}

/* The operands, the targets first; the group's nodes are the leaves. */
static QlStatus read_arrays(Planner *planner, const Statement *s, Group *group, GroupNest *nest) {
  LogOperand operand;
  for (int k = 0; k < s->operands; k++) {
    if (!log_operand(planner->log, s, k, &operand)) continue;
    NestArray *array = &nest->arrays[nest->count++];
    QL_TRY(nest_read_array(planner, &operand, array));
    if (operand.access & LOG_WRITE) {
      array->store = group->store_count++;
      array->always = operand.access & LOG_ALL && !(operand.access & LOG_READ);
      continue;
    }
    array->leaf = group->node_count;
    group->nodes[group->node_count++] =
        (ExprNode){.kind = NODE_LEAF,
                   .dtype = (QlDtype)planner->plan->slots[array->view.slot].dtype,
                   .view = nest_over_domain(array, true),
                   .statement = group->statement};
  }
  return QL_OK;
}

/* ---- what a leaf touches ---- */

/* The span along an own axis, through how an axis of the slot follows that. */
static AxisSpan through(const AxisMap *own, const AxisSpan *span, int64_t extent) {
  int64_t lo = span->lo, hi = span->hi;
  if (span->dim < 0) lo = QL_MAX(lo, 0), hi = QL_MIN(hi, extent - 1);
  AxisSpan result = {.lo = own->start + own->step * (own->step > 0 ? lo : hi),
                     .hi = own->start + own->step * (own->step > 0 ? hi : lo),
                     .step = own->step * span->step,
                     .dim = span->dim};
  if (result.step == 0) result.dim = -1;
  return result;
}

void nest_reach(const Planner *planner, const Group *group, int leaf, Reach *reach) {
  const GroupNest *nest = group->nest;
  int k = 0;
  while (nest->arrays[k].leaf != leaf) k++;
  nest_array_reach(planner, &nest->arrays[k], group->nest_from, reach);
}

void nest_array_reach(const Planner *planner, const NestArray *array, int64_t nest_from,
                      Reach *reach) {
  const PlanSlot *slot = &planner->plan->slots[array->view.slot];
  reach->has_axes = true, reach->as_copy = !array->has_own;
  for (int a = 0; a < slot->ndim; a++) {
    const AxisMap *own = &array->own[a];
    if (!array->has_own)
      reach->axes[a] = (AxisSpan){.hi = slot->shape[a] - 1, .dim = -1};
    else if (own->dim < 0)
      reach->axes[a] = (AxisSpan){.lo = own->start, .hi = own->start, .dim = -1};
    else
      reach->axes[a] = through(own, &array->spans[own->dim], array->extent[own->dim]);
    AxisSpan *span = &reach->axes[a];
    if (span->dim != 0) continue;
    span->lo += span->step * nest_from, span->hi += span->step * nest_from;
  }
}

/* ---- targets ---- */

static bool placed_alike(const Placement *a, const Placement *b) {
  if (a->replicated || b->replicated) return a->replicated && b->replicated;
  if (a->everywhere || b->everywhere || a->flat || b->flat) return false;
  if (a->layout->template != b->layout->template || a->slot_ndim != b->slot_ndim) return false;
  for (int k = 0; k < a->slot_ndim; k++)
    if (a->axes[k].dim != b->axes[k].dim || a->axes[k].step != b->axes[k].step ||
        a->axes[k].start + a->layout->offset[k] != b->axes[k].start + b->layout->offset[k])
      return false;
  return true;
}

/* A target that nothing has stored lies beside the one by which the nest is placed, if it can. */
static QlStatus lay_beside(Planner *planner, const Group *probe, const SlotView *target) {
  PlanSlot *slot = &planner->plan->slots[target->slot];
  const Placement *p = &probe->placement;
  AxisMap axes[QL_MAX_DIMS];
  bool beside = !slot->layout && p->layout && p->layout->template && !p->flat && !p->everywhere &&
                slot->ndim == p->slot_ndim &&
                slot_axes(planner, probe->rank, probe->extent, target, axes);
  int64_t offset[QL_MAX_DIMS] = {0};
  for (int a = 0; a < slot->ndim && beside; a++) {
    offset[a] = p->layout->offset[a] + p->axes[a].start - axes[a].start;
    beside = axes[a].dim == p->axes[a].dim && axes[a].step == 1 && p->axes[a].step == 1 &&
             offset[a] >= 0 && offset[a] + slot->shape[a] <= p->layout->template->extent[a];
  }
  const Storage *storage = planner->slots[target->slot].storage;
  if (!beside || storage->replicated || rt_is_replicated_size(planner->ctx, storage->size))
    return planner_decide_layout(planner, probe, target);
  p->layout->template->references++;
  if ((slot->layout = rt_layout_new(p->layout->template, offset))) return QL_OK;
  p->layout->template->references--;
  return planner_no_memory(planner);
}

/* The array seen in a temporary over the domain, whose position p is index step * p + lo. */
static QlStatus move_to_temporary(Planner *planner, const SlotView *whole, NestArray *array) {
  SlotView view = {.slot = whole->slot};
  for (int a = 0; a < array->ndim; a++) {
    const AxisSpan *span = &array->spans[a];
    if (span->dim >= 0 && span->step != 1 && span->step != -1)
      return ql_fail(planner->error, QL_ERR_VALUE,
                     "a loop stores into arrays that lie otherwise than one another, with steps of "
                     "more than one; split it into one loop for each");
    array->extent[a] = INT64_MAX;
    if (span->dim < 0) continue;
    int64_t stride = whole->stride[span->dim] * span->step;
    view.stride[a] = stride, view.offset -= stride * span->lo;
    array->own[span->dim] = (AxisMap){-span->lo * span->step, span->step, a};
  }
  array->view = view, array->has_own = true;
  return QL_OK;
}

/* ---- the statement ---- */

typedef struct Targets {
  int count, first; /* first: the one by which the nest is placed */
  NestArray *array[GROUP_STORES];
  SlotView view[GROUP_STORES];  /* over the domain */
  SlotView whole[GROUP_STORES]; /* temporaries, or slot -1 */
} Targets;

static void find_targets(GroupNest *nest, Targets *targets) {
  for (int k = 0; k < nest->count; k++) {
    if (nest->arrays[k].store < 0) continue;
    targets->array[targets->count] = &nest->arrays[k];
    targets->view[targets->count] = nest_over_domain(&nest->arrays[k], false);
    targets->whole[targets->count++].slot = -1;
  }
}

/* Decides where targets lie, and by which the nest is placed: one that is partitioned before one
 * that each rank has; one that is cut before one that cannot be. */
static QlStatus place(Planner *planner, Group *probe, Targets *targets) {
  int best = -1;
  for (int t = 0; t < targets->count; t++) {
    QL_TRY(best < 0 ? planner_decide_layout(planner, probe, &targets->view[t])
                    : lay_beside(planner, probe, &targets->view[t]));
    Placement p = planner_place(planner, probe, &(GroupStore){.view = targets->view[t]});
    int rank = p.replicated ? 0 : p.everywhere || p.flat ? 1 : 2;
    if (rank > best) best = rank, targets->first = t, probe->placement = p;
  }
  return QL_OK;
}

/* Into its temporary, what is there before the nest too. */
static QlStatus move_target(Planner *planner, int statement, const Group *probe, Targets *targets,
                            int t) {
  QL_TRY(group_copy(planner, statement, probe->rank, probe->extent, &targets->view[t],
                    &targets->whole[t]));
  return move_to_temporary(planner, &targets->whole[t], targets->array[t]);
}

static QlStatus add_temporary(Planner *planner, int statement, const Group *probe,
                              const SlotView *beside, Targets *targets, int t) {
  QlDtype dtype = (QlDtype)planner->plan->slots[targets->view[t].slot].dtype;
  QL_TRY(group_temporary(planner, dtype, probe->rank, probe->extent, beside, &targets->whole[t]));
  return move_target(planner, statement, probe, targets, t);
}

/* Do the target's axes follow the domain's, in order? Only beside such a one another array can lie
 * whose parts are computed where its are. */
static bool is_straight(const Group *probe) {
  const Placement *p = &probe->placement;
  bool straight = !p->replicated && !p->everywhere && !p->flat && p->slot_ndim == probe->rank;
  for (int a = 0; a < probe->rank && straight; a++)
    straight = p->axes[a].dim == a && p->axes[a].step == 1;
  return straight;
}

/* Can the nest store into the target where it lies? On one node all is in its memory, but for what
 * each rank has. */
static bool stays(const Planner *planner, const Group *probe, const SlotView *target) {
  Placement p = planner_place(planner, probe, &(GroupStore){.view = *target});
  if (planner->ctx->info->node_count == 1) return p.replicated == probe->placement.replicated;
  return placed_alike(&p, &probe->placement);
}

static QlStatus add_temporaries(Planner *planner, int statement, Group *probe, Targets *targets) {
  SlotView beside = targets->view[targets->first];
  bool all_stay = true;
  for (int t = 0; t < targets->count; t++) all_stay &= stays(planner, probe, &targets->view[t]);
  if (all_stay) return QL_OK;
  if (planner->ctx->info->node_count > 1 && !is_straight(probe)) {
    QL_TRY(add_temporary(planner, statement, probe, &beside, targets, targets->first));
    beside = targets->whole[targets->first];
    probe->placement = planner_place(planner, probe, &(GroupStore){.view = beside});
  }
  for (int t = 0; t < targets->count; t++)
    if (targets->whole[t].slot < 0 && !stays(planner, probe, &targets->view[t]))
      QL_TRY(add_temporary(planner, statement, probe, &beside, targets, t));
  return QL_OK;
}

/* ---- few targets of much ---- */

/* How many of the elements that nodes share a leaf touches, at all points together. */
static int64_t touched_of(const Planner *planner, const Group *probe, const NestArray *array) {
  const PlanSlot *slot = &planner->plan->slots[array->view.slot];
  if (array->leaf < 0 || !slot->layout || !slot->layout->template) return 0;
  Box domain = box_of_shape(probe->rank, probe->extent),
      touched = span_box_within(array->ndim, array->spans, &domain, array->extent);
  return box_empty(array->ndim, &touched) ? 0 : box_volume(array->ndim, &touched);
}

/* The array of which most would be brought to each rank; NULL: none is more than each rank may
 * have, or there is but one that computes. */
static const NestArray *most_touched(const Planner *planner, const Group *probe,
                                     const GroupNest *nest) {
  const NestArray *most = NULL;
  int64_t best = 0;
  for (int k = 0; k < nest->count; k++) {
    int64_t touched = touched_of(planner, probe, &nest->arrays[k]);
    if (touched > best) best = touched, most = &nest->arrays[k];
    bool strides = false; /* no temporary is seen so (move_to_temporary) */
    for (int a = 0; nest->arrays[k].store >= 0 && a < nest->arrays[k].ndim; a++)
      strides |= llabs(nest->arrays[k].spans[a].step) > 1;
    if (strides) return NULL;
  }
  if (rt_is_replicated_size(planner->ctx, best)) return NULL;
  return planner->ctx->info->size > 1 ? most : NULL;
}

/* Cuts the domain where the array is cut, if it is cut along one axis that follows a dimension. */
static Template *cut_beside(Planner *planner, const Group *probe, const NestArray *array) {
  const PlanSlot *slot = &planner->plan->slots[array->view.slot];
  QlContext *ctx = planner->ctx;
  bool is_shared = ctx->info->node_count > 1 && array->has_own;
  for (int a = 0; a < slot->ndim && is_shared; a++) {
    const AxisMap *own = &array->own[a];
    const AxisSpan *span = own->dim < 0 ? NULL : &array->spans[own->dim];
    if (!span || span->dim < 0 || own->step * span->step != 1 ||
        !rt_template_is_rows(slot->layout->template, a))
      continue;
    int64_t middle = span->lo + (span->hi - span->lo) / 2,
            first = own->start + own->step * middle + slot->layout->offset[a];
    return rt_template_beside(ctx, slot->layout->template, a, probe->rank, probe->extent, span->dim,
                              -first, planner->error);
  }
  return rt_template_for_shape(ctx, probe->rank, probe->extent, planner->error);
}

/* Each rank has all that is stored, but not what most of it is made of: the points are shared out,
 * and their elements return from temporaries to all ranks. */
static QlStatus share_out(Planner *planner, int statement, Group *probe, const GroupNest *nest,
                          Targets *targets) {
  const NestArray *most = probe->placement.replicated ? most_touched(planner, probe, nest) : NULL;
  if (!most) return QL_OK;
  Template *template = cut_beside(planner, probe, most);
  if (!template) return planner_no_memory(planner);
  Layout *layout = rt_layout_new(template, (int64_t[QL_MAX_DIMS]){0});
  if (!layout) {
    rt_template_release(planner->ctx, template);
    return planner_no_memory(planner);
  }
  int first = targets->first;
  SlotView *whole = &targets->whole[first];
  QlDtype dtype = (QlDtype)planner->plan->slots[targets->view[first].slot].dtype;
  whole->slot = planner_slot(planner, dtype, probe->rank, probe->extent, layout);
  if (whole->slot < 0) return planner_no_memory(planner);
  c_strides(probe->rank, probe->extent, 1, whole->stride);
  QL_TRY(move_target(planner, statement, probe, targets, first));
  for (int t = 0; t < targets->count; t++)
    if (t != first) QL_TRY(add_temporary(planner, statement, probe, whole, targets, t));
  probe->placement = planner_place(planner, probe, &(GroupStore){.view = *whole});
  return QL_OK;
}

static QlStatus open_nest(Planner *planner, const Group *probe, const GroupNest *nest,
                          const Targets *targets) {
  Group *group = planner_open(planner, GROUP_KERNEL, probe->statement, probe->rank, probe->extent);
  if (!group) return QL_ERR_MEMORY;
  size_t bytes = (size_t)probe->node_count * sizeof *probe->nodes;
  group->nodes = ql_pool_copy(planner->pool, probe->nodes, bytes);
  if (!group->nodes) return planner_no_memory(planner);
  group->node_count = group->node_room = probe->node_count;
  group->nest = nest;
  for (int t = 0; t < targets->count; t++) {
    const SlotView *view = targets->whole[t].slot >= 0 ? &targets->whole[t] : &targets->view[t];
    group->stores[group->store_count++] =
        (GroupStore){.view = *view, .node = -1, .slot = view->slot};
    planner->slots[view->slot].stored = true;
    if (t == targets->first) group->placement = planner_place(planner, group, &group->stores[t]);
  }
  return QL_OK;
}

/* A routine of lines is a nest by lines whose kernel is ours; without axes that could be shared all
 * of it is computed on one node. */
static void name_kernel(const Planner *planner, const Statement *s, Group *probe, GroupNest *nest) {
  nest->along = s->axes;
  if (s->kind == STATEMENT_CALL) {
    probe->routine = &routines[s->op];
    nest->form = s->axes ? JIT_NEST_LINES : JIT_NEST_ON_ONE;
  } else {
    nest->kernel = rt_nest_kernel_of(planner->ctx, log_kernel(planner->log, s));
    nest->form = (JitNestForm)s->op;
  }
}

QlStatus planner_nest(Planner *planner, int statement) {
  const Statement *s = &planner->log->statements[statement];
  GroupNest *nest = planner_zeros(planner, sizeof *nest);
  ExprNode *nodes = planner_zeros(planner, NEST_OPERANDS * sizeof *nodes);
  Group probe = {.statement = statement, .rank = s->ndim, .nodes = nodes, .reduce_axis = -1};
  Targets targets = {0};
  if (!nest || !nodes) return QL_ERR_MEMORY;
  memcpy(probe.extent, log_shape(planner->log, s), (size_t)s->ndim * sizeof *probe.extent);
  name_kernel(planner, s, &probe, nest);
  QL_TRY(read_arrays(planner, s, &probe, nest));
  if (nest->form != JIT_NEST_POINTS) return planner_rows(planner, &probe, nest);
  find_targets(nest, &targets);
  probe.store_count = 0;
  QL_TRY(place(planner, &probe, &targets));
  QL_TRY(share_out(planner, statement, &probe, nest, &targets));
  QL_TRY(add_temporaries(planner, statement, &probe, &targets));
  QL_TRY(open_nest(planner, &probe, nest, &targets));
  for (int t = 0; t < targets.count; t++)
    if (targets.whole[t].slot >= 0)
      QL_TRY(group_copy(planner, statement, probe.rank, probe.extent, &targets.whole[t],
                        &targets.view[t]));
  return QL_OK;
}
