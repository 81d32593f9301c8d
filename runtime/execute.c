/* Running a plan: blocks are allocated, the groups run in order on every worker, the storages get their new state.
 *
 * The cell of a worker says how many groups it has finished. Before a group a worker waits for the workers that the plan names; and for the node's
 * leader where the group begins with an exchange (the extra cell 0). */
#include "record.h"
#include "team.h"

#include <stdlib.h>
#include <string.h>

/* ---- before ---- */

static QlStatus reserve(Run *run, int slots, QlError *error) {
  if (slots <= run->room) return QL_OK;
  Block **blocks = realloc(run->blocks, (size_t)slots * sizeof *blocks);
  if (blocks) run->blocks = blocks;
  Block **old_blocks = realloc(run->old_blocks, (size_t)slots * sizeof *old_blocks);
  if (old_blocks) run->old_blocks = old_blocks;
  char **data = realloc(run->data, (size_t)slots * sizeof *data);
  if (data) run->data = data;
  if (!blocks || !old_blocks || !data) return ql_fail(error, QL_ERR_MEMORY, "out of memory for running a plan");
  run->room = slots;
  return QL_OK;
}

/* The line that first stores a slot. */
static QlSource source_of(const QlContext *ctx, const Plan *plan, int slot) {
  for (int g = 0; g < plan->group_count; g++)
    if (plan->groups[g].operand_count && plan->groups[g].operands[0].slot == slot)
      return ctx->log.statements[plan->groups[g].statement].source;
  return (QlSource){0};
}

QlStatus rt_plan_prepare(QlContext *ctx, const Plan *plan, QlError *error) {
  Run *run = &ctx->team->run;
  QL_TRY(reserve(run, plan->slot_count, error));
  for (int k = 0; k < plan->slot_count; k++) {
    Storage *storage = k < plan->log_slots ? ctx->log.slots[k] : NULL;
    run->blocks[k] = storage ? storage->block : NULL, run->old_blocks[k] = NULL;
    if (!plan->slots[k].allocate) continue;
    run->old_blocks[k] = run->blocks[k];
    QlStatus status = rt_block_new(ctx, &plan->slots[k].geometry, &run->blocks[k], error);
    if (!status) continue;
    if (error) error->source = source_of(ctx, plan, k);
    while (--k >= 0)
      if (plan->slots[k].allocate) rt_block_release(ctx, run->blocks[k]);
    return status;
  }
  for (int k = 0; k < plan->slot_count; k++) run->data[k] = run->blocks[k] ? run->blocks[k]->data : NULL;
  run->plan = plan;
  return QL_OK;
}

void rt_plan_undo(QlContext *ctx, const Plan *plan) {
  Run *run = &ctx->team->run;
  for (int k = plan->slot_count - 1; k >= 0; k--)
    if (plan->slots[k].allocate) rt_block_release(ctx, run->blocks[k]);
}

/* ---- during ---- */

enum { FEW = 24 };

static void run_kernel(QlContext *ctx, const Run *run, const PlanGroup *group, const PlanTask *task) {
  int64_t extent[QL_MAX_DIMS];
  char *base_room[FEW], **base = base_room;
  QlValue param_room[FEW], *param = param_room;
  if (group->operand_count > FEW) base = malloc((size_t)group->operand_count * sizeof *base);
  if (group->param_count > FEW) param = malloc((size_t)group->param_count * sizeof *param);
  if (!base || !param) comm_abort(ctx->comm, "out of memory while a kernel is about to run");
  for (int r = 0; r < group->rank; r++) extent[r] = task->box.hi[r] - task->box.lo[r];
  for (int o = 0; o < group->operand_count; o++) {
    const PlanOperand *operand = &group->operands[o];
    char *at = run->data[operand->slot] + operand->offset;
    for (int r = 0; r < group->rank; r++) {
      int64_t position = o == 0 && r == group->reduce_axis ? task->box.lo[r] / JIT_LEAF : task->box.lo[r];
      at += position * operand->stride[r];
    }
    base[o] = at;
  }
  for (int p = 0; p < group->param_count; p++) param[p] = ctx->log.scalars[group->params[p]].value;
  JitCall call = {.extent = extent, .origin = task->box.lo, .base = base, .stride = group->strides, .param = param};
  group->entry(&call);
  if (base != base_room) free(base);
  if (param != param_room) free(param);
}

static void run_import(QlContext *ctx, const Run *run, const PlanGroup *group, const PlanTask *task) {
  int slot = group->operands[0].slot;
  const PlanSlot *to = &run->plan->slots[slot];
  const ImportPart *part = ctx->log.statements[group->statement].payload;
  box_copy(to->ndim, &task->box, ql_dtype_info[to->dtype].size, run->data[slot], &to->geometry.alloc, to->geometry.stride,
           part->data, &part->box, part->stride);
}

static void run_move(const Run *run, const PlanGroup *group, const PlanTask *task) {
  int to = group->operands[0].slot, from = group->operands[1].slot;
  const PlanSlot *slot = &run->plan->slots[to];
  const Block *source = to == from ? run->old_blocks[to] : run->blocks[from];
  box_copy(slot->ndim, &task->box, ql_dtype_info[slot->dtype].size, run->data[to], &slot->geometry.alloc, slot->geometry.stride,
           source->data, &source->alloc, source->stride);
}

void run_worker(QlContext *ctx, const Run *run, int thread) {
  const CommInfo *info = ctx->info;
  int me = info->node_rank * info->threads + thread, exchange_cell = info->workers;
  bool is_main = thread == 0, leads = is_main && info->node_rank == 0;
  for (int g = 0; g < run->plan->group_count; g++) {
    const PlanGroup *group = &run->plan->groups[g];
    const PlanTask *task = &group->tasks[thread];
    if (group->exchanges) {
      if (leads) {
        for (int x = 0; group->transfer_after >= 0 && x < info->workers; x++)
          if (x != me) comm_await(ctx->comm, x, run->base + (uint64_t)group->transfer_after + 1, is_main);
        rt_transfers_run(ctx, run->plan, group, run->data);
        comm_publish(ctx->comm, exchange_cell, run->base + (uint64_t)g + 1);
      } else {
        comm_await(ctx->comm, exchange_cell, run->base + (uint64_t)g + 1, is_main);
      }
    }
    if (!task->empty) {
      for (int k = 0; k < task->wait_count; k++)
        comm_await(ctx->comm, task->waits[k].worker, run->base + (uint64_t)task->waits[k].group + 1, is_main);
      switch (group->kind) {
        case GROUP_KERNEL: run_kernel(ctx, run, group, task); break;
        case GROUP_IMPORT: run_import(ctx, run, group, task); break;
        case GROUP_MOVE: run_move(run, group, task); break;
      }
    }
    comm_publish(ctx->comm, me, run->base + (uint64_t)g + 1);
    if (QUELEA_CANARIES && leads) rt_canary_stored(ctx, run->plan, group, run->data, run->base + (uint64_t)g + 1);
  }
}

void rt_plan_run(QlContext *ctx, const Plan *plan) {
  Run *run = &ctx->team->run;
  if (!plan->group_count) return;
  run->base = ctx->progress + 1;
  if (QUELEA_CANARIES) rt_canary_fresh(ctx, plan, run->blocks, run->base);
  team_start(ctx->team);
  run_worker(ctx, run, 0);
  ctx->progress = run->base + (uint64_t)plan->group_count;
  int mine = ctx->info->node_rank * ctx->info->threads;
  for (int t = 1; t < ctx->info->threads; t++) comm_await(ctx->comm, mine + t, ctx->progress, true);
}

void rt_wait_node(QlContext *ctx) {
  for (int x = 0; x < ctx->info->workers; x++) comm_await(ctx->comm, x, ctx->progress, true);
}

/* ---- after ---- */

void rt_plan_finish(QlContext *ctx, const Plan *plan) {
  Run *run = &ctx->team->run;
  for (int k = 0; k < plan->slot_count; k++) {
    const PlanSlot *slot = &plan->slots[k];
    if (k >= plan->log_slots) {
      if (slot->allocate) rt_block_release(ctx, run->blocks[k]);
      continue;
    }
    Storage *storage = ctx->log.slots[k];
    if (slot->allocate) {
      if (slot->renew) rt_block_release(ctx, run->old_blocks[k]);
      storage->block = run->blocks[k];
    }
    if (!storage->layout && slot->layout) storage->layout = rt_layout_retain(slot->layout);
    if (storage->ghosts == slot->ghosts_after) continue;
    rt_ghosts_release(storage->ghosts);
    storage->ghosts = slot->ghosts_after;
    if (storage->ghosts) storage->ghosts->references++;
  }
}
