/* What will be done of what is recorded: the plan, told and forgotten. It is made of the same log
 * by the same passes as when it is executed, so it is that plan, unless more is recorded first. */
#include "planner.h"

#include <string.h>

typedef struct Telling {
  QlContext *ctx;
  const Plan *plan;
  QlTell *tell;
  void *data;
} Telling;

static void tell(const Telling *t, const QlPlanned *item) { t->tell(t->data, item); }

/* ---- the array ---- */

/* The last statement that stores it. */
static QlSource source_of_value(const QlContext *ctx, const Storage *storage) {
  for (int k = ctx->log.count - 1; k >= 0 && rt_is_stored(storage); k--)
    if (log_accesses(&ctx->log, &ctx->log.statements[k], LOG_WRITE, storage->slot))
      return ctx->log.statements[k].source;
  return storage->made;
}

/* In how many parts nodes have the axis of a storage. */
static int64_t parts_along(const Layout *layout, int axis) {
  const Grid *grid = layout && layout->template ? &layout->template->nodes : NULL;
  for (int g = 0; grid && g < grid->count; g++)
    if (grid->axis[g].axis == axis) return grid->axis[g].cells;
  return 1;
}

static void tell_array(const Telling *t, const QlArray *array) {
  const Storage *storage = array->storage;
  bool pending = rt_is_stored(storage), partitioned = ql_is_partitioned(array);
  QlPlannedState state = storage->poisoned ? QL_STATE_LOST
                         : !array->size    ? QL_STATE_EMPTY
                         : pending         ? QL_STATE_PENDING
                         : !storage->block ? QL_STATE_BLANK
                                           : QL_STATE_COMPUTED;
  QlPlanned item = {
      .kind = QL_PLANNED_ARRAY,
      .text = "",
      .source = source_of_value(t->ctx, storage),
      .ndim = 2 * storage->ndim,
      .numbers = {state, partitioned, storage->layout != NULL,
                  storage->size * (int64_t)ql_dtype_info[storage->dtype].size, t->ctx->log.count}};
  for (int a = 0; a < storage->ndim; a++) {
    item.shape[a] = storage->shape[a];
    item.shape[storage->ndim + a] = parts_along(storage->layout, a);
  }
  tell(t, &item);
}

/* ---- groups ---- */

static const char *operation_of(const Statement *s) {
  static const char *const names[STATEMENT_KINDS] = {[STATEMENT_COPY] = "copy",
                                                     [STATEMENT_RAMP] = "ramp",
                                                     [STATEMENT_IMPORT] = "import",
                                                     [STATEMENT_NEST] = "loop"};
  switch ((StatementKind)s->kind) {
    case STATEMENT_MAP: return ql_op_info[s->op].name;
    case STATEMENT_REDUCE: return ql_reduction_info[s->op].name;
    case STATEMENT_CALL: return routines[s->op].name;
    default: return names[s->kind];
  }
}

static const char *computer_of(const Telling *t, const PlanGroup *group) {
  const Statement *s = &t->ctx->log.statements[group->statement];
  if (group->kind == GROUP_IMPORT) return "import";
  if (group->kind == GROUP_MOVE)
    return group->operands[0].slot == group->operands[1].slot ? "renewal" : "move";
  if (group->routine) return operation_of(s);
  return group->is_nest ? "loop" : "kernel";
}

static QlPlannedWhere where_of(const PlanGroup *group) {
  const Placement *p = group->placement;
  if (group->replicated) return QL_WHERE_RANKS;
  if (!p) return QL_WHERE_OWNERS;
  if (p->everywhere) return QL_WHERE_NODES;
  if (p->in_order) return QL_WHERE_ORDER;
  return group->portions ? QL_WHERE_TURNS : QL_WHERE_OWNERS;
}

static int sweep_of(const Plan *plan, int g) {
  for (int w = 0; w < plan->sweep_count; w++)
    for (int k = 0; k < plan->sweeps[w].count; k++)
      if (plan->sweeps[w].groups[k].group == g) return w;
  return -1;
}

static void tell_stores(const Telling *t, const PlanGroup *group) {
  for (int o = 0; o < group->store_count; o++) {
    int k = group->operands[o].slot;
    const PlanSlot *slot = &t->plan->slots[k];
    bool kept = k < t->plan->log_slots && !t->ctx->log.slots[k]->dead;
    QlPlanned item = {.kind = QL_PLANNED_STORE,
                      .text = ql_dtype_info[slot->dtype].name,
                      .ndim = slot->ndim,
                      .numbers = {kept}};
    memcpy(item.shape, slot->shape, slot->ndim * sizeof *slot->shape);
    tell(t, &item);
  }
}

/* Statements of one line that do the same are told once. */
static void tell_lines(const Telling *t, const PlanGroup *group) {
  const Statement *all = t->ctx->log.statements;
  for (int k = 0; k < group->share_count; k++) {
    const Statement *s = &all[group->shares[k].statement];
    int64_t count = 0;
    bool again = false;
    for (int j = 0; j < group->share_count; j++) {
      const Statement *other = &all[group->shares[j].statement];
      bool alike = other->source.code == s->source.code && other->source.at == s->source.at &&
                   !strcmp(operation_of(other), operation_of(s));
      again |= alike && j < k;
      count += alike;
    }
    if (again) continue;
    tell(t, &(QlPlanned){.kind = QL_PLANNED_LINE,
                         .text = operation_of(s),
                         .source = s->source,
                         .numbers = {count}});
  }
}

/* 0, or the number of the kernel that the group lacks, from 1 on; others may lack the same one. */
static int missing_kernel(const Plan *plan, int g) {
  const PlanKernel *all = plan->kernels;
  for (int k = 0; k < plan->kernel_count; k++) {
    if (all[k].group != g || !all[k].fn) continue;
    int first = 0;
    while (!all[first].fn || memcmp(&all[first].key, &all[k].key, sizeof all[k].key)) first++;
    return 1 + first;
  }
  return 0;
}

static void tell_group(const Telling *t, int g) {
  const PlanGroup *group = &t->plan->groups[g];
  const PlanSlot *target = &t->plan->slots[group->operands[0].slot];
  bool counts = group->extent != NULL; /* its points */
  int64_t received = 0, sent = 0;
  const PlanExchange *exchange = group->exchange;
  for (int m = 0; exchange && m < exchange->message_count; m++) {
    if (exchange->messages[m].receive) received += exchange->messages[m].bytes;
    sent += !exchange->messages[m].receive;
  }
  QlPlanned item = {.kind = QL_PLANNED_GROUP,
                    .text = computer_of(t, group),
                    .source = t->ctx->log.statements[group->statement].source,
                    .ndim = counts ? group->rank : target->ndim};
  memcpy(item.shape, counts ? group->extent : target->shape,
         (size_t)item.ndim * sizeof *item.shape);
  int64_t points = shape_volume(item.ndim, item.shape);
  int64_t numbers[] = {where_of(group),
                       missing_kernel(t->plan, g),
                       sweep_of(t->plan, g),
                       sent,
                       received,
                       (int64_t)(group->touched * (double)points),
                       group->reduce_axis >= 0 || group->whole_axis >= 0,
                       group->apart};
  memcpy(item.numbers, numbers, sizeof numbers);
  tell(t, &item);
  tell_stores(t, group);
  tell_lines(t, group);
}

/* ---- all ---- */

static void tell_plan(const Telling *t, const PlanSketch *sketch, bool known) {
  const Plan *plan = t->plan;
  tell(t, &(QlPlanned){.kind = QL_PLANNED_SUMMARY,
                       .text = "",
                       .numbers = {t->ctx->log.count, sketch->live, sketch->inlined, plan->threads,
                                   plan->new_bytes, known}});
  for (int g = 0; g < plan->group_count; g++) tell_group(t, g);
  for (int w = 0; w < plan->sweep_count; w++) {
    const PlanSweep *sweep = &plan->sweeps[w];
    tell(t, &(QlPlanned){.kind = QL_PLANNED_SWEEP,
                         .text = "",
                         .numbers = {sweep->count, sweep->fronts, sweep->height, sweep->strips,
                                     sweep->slabs}});
  }
  for (int k = 0; k < plan->remark_count; k++) {
    const PlanRemark *m = &plan->remarks[k];
    tell(t, &(QlPlanned){.kind = QL_PLANNED_REMARK,
                         .text = ql_remark_name(m->kind),
                         .source = t->ctx->log.statements[m->statement].source,
                         .numbers = {m->kind, m->bytes}});
  }
}

QlStatus ql_explain(QlArray *array, QlTell *told, void *data, QlError *error) {
  QlContext *ctx = array->context;
  PlanSketch sketch;
  QL_ERROR(local);
  if (!error) error = &local;
  QL_TRY(rt_check_whole(ctx, error));
  Telling telling = {ctx, &sketch.plan, told, data};
  tell_array(&telling, array);
  if (array->storage->poisoned || !array->size || !rt_is_stored(array->storage)) return QL_OK;
  uint64_t next_template = ctx->next_template;
  QL_TRY(rt_drops_assume(ctx, error));
  QlStatus status = rt_plan_key(ctx, error);
  bool known = !status && (rt_plan_find(ctx) || rt_plan_movable(ctx));
  if (!status) status = rt_plan_sketch(ctx, &sketch, error);
  if (!status) {
    ctx->executes = true; /* lines are asked for, which may run handlers of the program's */
    tell_plan(&telling, &sketch, known);
    ctx->executes = false;
    rt_plan_discard(ctx, &sketch);
  }
  rt_drops_forget(ctx);
  ctx->next_template = next_template;
  return status;
}
