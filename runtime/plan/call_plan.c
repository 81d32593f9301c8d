/* Calls of routines into groups (routine/routine.h). A call has a group of its own, placed by the
 * owner of its target, of which it stores each element once, or updates some. */
#include "planner.h"

#include <string.h>

static QlStatus add_input(Planner *planner, Group *group, const LogOperand *operand) {
  PlanSlot *slot = &planner->plan->slots[operand->view.slot];
  const Storage *storage = planner->slots[operand->view.slot].storage;
  group->nodes[group->node_count++] = (ExprNode){.kind = NODE_LEAF,
                                                 .dtype = (QlDtype)slot->dtype,
                                                 .view = operand->view,
                                                 .statement = group->statement};
  if (!slot->layout && storage->size == 0) /* nothing is ever stored there */
    slot->layout = rt_layout_for_storage(planner->ctx, storage, planner->error);
  return slot->layout || storage->size ? QL_OK : QL_ERR_MEMORY;
}

/* A new target lies in rows, each of which reads a stretch: where it were cut along other axes too,
 * each part would read all of it. */
static QlStatus lay_in_rows(Planner *planner, int slot) {
  const PlanSlot *s = &planner->plan->slots[slot];
  return planner_set_layout(
      planner, slot, rt_template_rows(planner->ctx, s->ndim, s->shape, 0, false, planner->error));
}

/* So do workers share the rows. */
static void share_rows(Group *group) {
  Placement *p = &group->placement;
  if (p->replicated || p->flat || p->everywhere || group->rank < 2) return;
  p->by_rows = 1, p->in_lines = true; /* along its first axis */
}

QlStatus planner_call(Planner *planner, int statement) {
  const Statement *s = &planner->log->statements[statement];
  LogOperand target, input;
  log_operand(planner->log, s, 0, &target);
  Group *group =
      planner_open(planner, GROUP_KERNEL, statement, s->ndim, log_shape(planner->log, s));
  if (!group) return QL_ERR_MEMORY;
  group->routine = &routines[s->op];
  for (int k = 1; k < s->operands; k++)
    if (log_operand(planner->log, s, k, &input)) QL_TRY(add_input(planner, group, &input));
  const PlanSlot *slot = &planner->plan->slots[target.view.slot];
  bool is_new = !slot->layout, in_rows = group->routine->stretches && slot->ndim > 1;
  QL_TRY(planner_decide_layout(planner, group, &target.view));
  if (is_new && in_rows && slot->layout->template) QL_TRY(lay_in_rows(planner, target.view.slot));
  QL_TRY(planner_store(planner, group, &target.view, -1));
  if (in_rows) share_rows(group);
  return QL_OK;
}

void call_reach(const Planner *planner, const Group *group, int leaf, Reach *reach) {
  const SlotView *view = &group->nodes[leaf].view;
  const PlanSlot *slot = &planner->plan->slots[view->slot];
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
