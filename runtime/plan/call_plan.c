/* Calls of routines into groups (routine/routine.h). A call has a group of its own, placed by the
 * owner of its target, of which it stores each element once. */
#include "planner.h"

#include <string.h>

QlStatus planner_call(Planner *planner, int statement) {
  const Statement *s = &planner->log->statements[statement];
  LogOperand target;
  log_operand(planner->log, s, 0, &target);
  Group *group =
      planner_open(planner, GROUP_KERNEL, statement, s->ndim, log_shape(planner->log, s));
  if (!group) return QL_ERR_MEMORY;
  group->routine = &routines[s->op];
  QL_TRY(planner_decide_layout(planner, group, &target.view));
  return planner_store(planner, group, &target.view, -1);
}
