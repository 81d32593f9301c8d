/* Scans into groups (routine/scan.c has their order, which no choice here changes):
 *
 *   whole    a worker goes along whole lines, where these are not cut between nodes: it is alone on
 *            its node, or workers share the lines;
 *   short    lines of up to a leaf: a box begins anywhere, and reads the leaf from its beginning on
 *            (some of it may be ghosts);
 *   leaves   else three groups, with temporaries in which a leaf has one element:
 *            totals    who owns a leaf's first element goes along the leaf, as in reduce_plan.c;
 *            offsets   who needs some reads the totals before them, and adds these up;
 *            all       as `short`, with the offsets of the leaves. */
#include "planner.h"

#include <string.h>

/* The statement, its axis, and how its target lies. */
typedef struct Scan {
  Planner *planner;
  int statement, rank, axis;
  const int64_t *extent;
  SlotView target, input;
  Placement placement;
} Scan;

static void add_leaf(const Scan *scan, Group *group, const SlotView *view) {
  group->nodes[group->node_count++] =
      (ExprNode){.kind = NODE_LEAF,
                 .dtype = (QlDtype)scan->planner->plan->slots[view->slot].dtype,
                 .view = *view,
                 .statement = scan->statement};
}

static Group *open_group(const Scan *scan, ScanPart part, const int64_t *extent,
                         const SlotView *input) {
  Group *group = planner_open(scan->planner, GROUP_KERNEL, scan->statement, scan->rank, extent);
  if (!group) return NULL;
  group->routine = &routines[ROUTINE_SCAN];
  group->along.axes = 1u << scan->axis, group->along.axis = scan->axis, group->along.part = part;
  add_leaf(scan, group, input);
  return group;
}

/* ---- whole lines ---- */

/* The axis of the target along which workers of a node can share lines; -1. */
static int shared_axis(const Scan *scan) {
  const Placement *p = &scan->placement;
  int best = -1;
  for (int a = 0; a < p->slot_ndim; a++)
    if (p->axes[a].dim >= 0 && p->axes[a].dim != scan->axis &&
        (best < 0 || p->slot_shape[a] > p->slot_shape[best]))
      best = a;
  return best >= 0 && p->slot_shape[best] >= 4 * planner_all_workers(scan->planner) ? best : -1;
}

static bool is_cut(const Scan *scan) {
  const Placement *p = &scan->placement;
  for (int a = 0; a < p->slot_ndim; a++)
    if (p->axes[a].dim == scan->axis) return p->layout->template->cut[a];
  return false;
}

enum { LONGEST_LINE = 1 << 26 }; /* elements between two looks for a signal: a tenth of a second */

/* Can workers have whole lines? `shared`: by that axis of the target, or -1. */
static bool has_whole_lines(const Scan *scan, int *shared) {
  const Placement *p = &scan->placement;
  *shared = -1;
  if (p->replicated) return true;
  if (p->flat || p->everywhere || is_cut(scan)) return false;
  if (scan->extent[scan->axis] > LONGEST_LINE) return false;
  if (planner_all_workers(scan->planner) == scan->planner->ctx->info->node_count) return true;
  return (*shared = shared_axis(scan)) >= 0;
}

static QlStatus scan_whole(const Scan *scan, int shared) {
  Group *group = open_group(scan, SCAN_ALL, scan->extent, &scan->input);
  if (!group) return QL_ERR_MEMORY;
  group->form = JIT_WHOLE, group->reduce_axis = scan->axis; /* along it no box is cut */
  QL_TRY(planner_store(scan->planner, group, &scan->target, -1));
  if (shared >= 0) group->placement.in_lines = true, group->placement.by_rows = 1 + shared;
  return QL_OK;
}

/* ---- leaves ---- */

/* A temporary with an element for each leaf, of the target's dtype: each lies where the leaf's
 * first element does. The view is over the statement's dimensions; `axis`: which of the slot's is
 * that of the scan. */
static QlStatus leaves_slot(const Scan *scan, SlotView *view, int *axis) {
  Planner *planner = scan->planner;
  const Placement *p = &scan->placement;
  int64_t shape[QL_MAX_DIMS], offset[QL_MAX_DIMS], stride[QL_MAX_DIMS];
  memcpy(shape, p->slot_shape, sizeof shape), memcpy(offset, p->layout->offset, sizeof offset);
  *axis = 0;
  while (p->axes[*axis].dim != scan->axis) ++*axis;
  Template *template = rt_template_coarsen(planner->ctx, p->layout->template, *axis, offset[*axis],
                                           shape[*axis], JIT_LEAF, planner->error);
  if (!template) return QL_ERR_MEMORY;
  shape[*axis] = ceil_div(shape[*axis], JIT_LEAF), offset[*axis] = 0;
  Layout *layout = rt_layout_new(template, offset);
  if (!layout) rt_template_release(planner->ctx, template);
  QlDtype dtype = (QlDtype)planner->plan->slots[scan->target.slot].dtype;
  *view =
      (SlotView){.slot = layout ? planner_slot(planner, dtype, p->slot_ndim, shape, layout) : -1};
  if (view->slot < 0) return planner_no_memory(planner);
  c_strides(p->slot_ndim, shape, 1, stride);
  for (int a = 0; a < p->slot_ndim; a++)
    if (p->axes[a].dim >= 0) view->stride[p->axes[a].dim] = stride[a];
  return QL_OK;
}

/* The same seen by a group that reads it whole along the axis. */
static SlotView all_along(const Scan *scan, const SlotView *leaves) {
  SlotView view = *leaves;
  view.stride[scan->axis] = 0;
  return view;
}

static QlStatus add_totals(const Scan *scan, const SlotView *totals) {
  Group *group = open_group(scan, SCAN_TOTALS, scan->extent, &scan->input);
  if (!group) return QL_ERR_MEMORY;
  return planner_store_lines(scan->planner, group, totals, JIT_LEAVES, scan->axis);
}

static QlStatus add_offsets(const Scan *scan, const SlotView *totals, int slot_axis,
                            const SlotView *offsets) {
  int64_t extent[QL_MAX_DIMS];
  memcpy(extent, scan->extent, (size_t)scan->rank * sizeof *extent);
  extent[scan->axis] = ceil_div(extent[scan->axis], JIT_LEAF);
  SlotView read = all_along(scan, totals);
  Group *group = open_group(scan, SCAN_ADDS_TOTALS, extent, &read);
  if (!group) return QL_ERR_MEMORY;
  group->along.whole = 0, group->along.whole_axis = slot_axis;
  return planner_store(scan->planner, group, offsets, -1);
}

static QlStatus scan_parts(const Scan *scan) {
  SlotView totals, offsets, read;
  int slot_axis = 0;
  bool is_short = scan->extent[scan->axis] <= JIT_LEAF;
  if (!is_short) {
    QL_TRY(leaves_slot(scan, &totals, &slot_axis));
    QL_TRY(leaves_slot(scan, &offsets, &slot_axis));
    QL_TRY(add_totals(scan, &totals));
    QL_TRY(add_offsets(scan, &totals, slot_axis, &offsets));
  }
  Group *group = open_group(scan, SCAN_ALL, scan->extent, &scan->input);
  if (!group) return QL_ERR_MEMORY;
  group->along.before = JIT_LEAF - 1;
  if (!is_short) {
    read = all_along(scan, &offsets);
    add_leaf(scan, group, &read);
    group->along.whole = 1, group->along.whole_axis = slot_axis;
  }
  return planner_store(scan->planner, group, &scan->target, -1);
}

/* ---- the statement ---- */

/* Decides where the target lies: as the input, if it can. */
static QlStatus place(Scan *scan) {
  Planner *planner = scan->planner;
  ExprNode node[1];
  Group probe = {.statement = scan->statement, .rank = scan->rank, .nodes = node};
  memcpy(probe.extent, scan->extent, (size_t)scan->rank * sizeof *probe.extent);
  probe.reduce_axis = probe.placement.leaf_axis = -1;
  add_leaf(scan, &probe, &scan->input);
  QL_TRY(planner_decide_layout(planner, &probe, &scan->target));
  scan->placement = planner_place(planner, &probe, &(GroupStore){.view = scan->target});
  return QL_OK;
}

/* Between nodes an input that is no box of its array, with steps, is read from a copy that is: what
 * is before a point can be told of that. */
static QlStatus see_as_box(Scan *scan) {
  Planner *planner = scan->planner;
  AxisMap axes[QL_MAX_DIMS];
  SlotView whole;
  if (planner->ctx->info->node_count == 1 ||
      slot_axes(planner, scan->rank, scan->extent, &scan->input, axes))
    return QL_OK;
  QlDtype dtype = (QlDtype)planner->plan->slots[scan->input.slot].dtype;
  QL_TRY(group_temporary(planner, dtype, scan->rank, scan->extent, &scan->target, &whole));
  QL_TRY(group_copy(planner, scan->statement, scan->rank, scan->extent, &scan->input, &whole));
  scan->input = whole;
  return QL_OK;
}

QlStatus planner_scan(Planner *planner, int statement) {
  const Statement *s = &planner->log->statements[statement];
  LogOperand target, input;
  int shared;
  log_operand(planner->log, s, 0, &target), log_operand(planner->log, s, 1, &input);
  Scan scan = {.planner = planner,
               .statement = statement,
               .rank = s->ndim,
               .axis = __builtin_ctz(s->axes),
               .extent = log_shape(planner->log, s),
               .target = target.view,
               .input = input.view};
  QL_TRY(place(&scan));
  QL_TRY(see_as_box(&scan));
  return has_whole_lines(&scan, &shared) ? scan_whole(&scan, shared) : scan_parts(&scan);
}
