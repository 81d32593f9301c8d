/* Calls of routines into groups (routine/routine.h). A call has a group of its own, placed by the
 * owner of its target, of which it stores each element once. */
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

QlStatus planner_call(Planner *planner, int statement) {
  const Statement *s = &planner->log->statements[statement];
  if (s->op == ROUTINE_BEST) return planner_best(planner, statement);
  if (s->op == ROUTINE_SCAN) return planner_scan(planner, statement);
  LogOperand target, input;
  log_operand(planner->log, s, 0, &target);
  Group *group =
      planner_open(planner, GROUP_KERNEL, statement, s->ndim, log_shape(planner->log, s));
  if (!group) return QL_ERR_MEMORY;
  group->routine = &routines[s->op];
  for (int k = 1; k < s->operands; k++)
    if (log_operand(planner->log, s, k, &input)) QL_TRY(add_input(planner, group, &input));
  QL_TRY(planner_decide_layout(planner, group, &target.view));
  return planner_store(planner, group, &target.view, -1);
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
  const PlanSlot *slot = &planner->plan->slots[group->nodes[leaf].view.slot];
  reach_along(slot, &group->along, leaf, reach);
  if (leaf >= group->routine->anywhere) return;
  reach->has_axes = reach->as_copy = true;
  for (int a = 0; a < slot->ndim; a++)
    reach->axes[a] = (AxisSpan){.hi = slot->shape[a] - 1, .dim = -1};
}
