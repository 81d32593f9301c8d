/* Running a plan: blocks are allocated, the groups run in order on every worker, the storages get
 * their new state.
 *
 * The cell of a worker says how many groups it has finished. Before a group a worker waits for the
 * workers that the plan names; where the group begins with messages between nodes it computes what
 * needs none of them, and waits for the node's leader, who exchanges them. What is not worth waking
 * a thread for each rank's main thread does alone, in the place of all its workers. */
#include "runtime.h"

#include <stdlib.h>
#include <string.h>

/* ---- before ---- */

static QlStatus reserve_slots(Run *run, int slots, QlError *error) {
  if (slots <= run->room) return QL_OK;
  Block **blocks = realloc(run->blocks, (size_t)slots * sizeof *blocks);
  if (blocks) run->blocks = blocks;
  char **data = realloc(run->data, (size_t)slots * sizeof *data);
  if (data) run->data = data;
  if (!blocks || !data) return ql_fail(error, QL_ERR_MEMORY, "out of memory for running a plan");
  run->room = slots;
  return QL_OK;
}

static bool grow(void *items, int *room, int need, size_t size) {
  void *grown = NULL;
  if (need <= *room) return true;
  memcpy(&grown, items, sizeof grown);
  if (!(grown = realloc(grown, (size_t)need * size))) return false;
  memcpy(items, &grown, sizeof grown);
  *room = need;
  return true;
}

static QlStatus reserve_calls(Run *run, const Plan *plan, QlError *error) {
  int operands = 0, params = 0;
  for (int g = 0; g < plan->group_count; g++)
    operands += plan->groups[g].operand_count, params += plan->groups[g].param_count;
  if (grow(&run->calls, &run->call_room, plan->group_count, sizeof *run->calls) &&
      grow(&run->bases, &run->base_room, operands, sizeof *run->bases) &&
      grow(&run->params, &run->param_room, params, sizeof *run->params))
    return QL_OK;
  return ql_fail(error, QL_ERR_MEMORY, "out of memory for running a plan");
}

/* What the kernels are called with, whichever box: an operand's base is the address of its element
 * at position 0 of the domain, also where no block of this node holds that. */
static void prepare_calls(QlContext *ctx, Run *run, const Plan *plan) {
  char **base = run->bases;
  QlValue *param = run->params;
  for (int g = 0; g < plan->group_count; g++) {
    const PlanGroup *group = &plan->groups[g];
    if (group->kind != GROUP_KERNEL) continue;
    run->calls[g] = (JitCall){.base = base, .stride = group->strides, .param = param};
    for (int o = 0; o < group->operand_count; o++) {
      const PlanOperand *operand = &group->operands[o];
      *base++ = (char *)((uintptr_t)run->data[operand->slot] + (uintptr_t)operand->offset);
    }
    for (int p = 0; p < group->param_count; p++) {
      const PlanParam *given = &group->params[p];
      *param++ =
          given->scalar < 0 ? (QlValue){.i = given->value} : ctx->log.scalars[given->scalar].value;
    }
  }
}

/* The line that first stores what makes the block so large. */
static QlSource source_of(const QlContext *ctx, const Plan *plan, int place) {
  for (int g = 0; g < plan->group_count; g++) {
    if (!plan->groups[g].operand_count) continue;
    const PlanSlot *slot = &plan->slots[plan->groups[g].operands[0].slot];
    if (slot->place == place && slot->geometry.bytes == plan->places[place].bytes)
      return ctx->log.statements[plan->groups[g].statement].source;
  }
  return (QlSource){0};
}

/* Where a slot begins. In debug builds each ends where its block ends, at a guard page. */
static char *data_of(const Run *run, const PlanSlot *slot) {
  const Block *block = slot->place < 0 ? NULL : run->blocks[slot->place];
  if (!block || !QUELEA_CANARIES) return block ? block->data : NULL;
  return block->data + (block->bytes - slot->geometry.bytes);
}

/* The block that a storage brings to a place; NULL: the place's block is new. */
static Block *brought(const QlContext *ctx, const PlanPlace *place) {
  return place->from < 0 ? NULL : ctx->log.slots[place->from]->block;
}

/* Of the first so many places. */
static void release_new(QlContext *ctx, const Plan *plan, int places) {
  const Run *run = &ctx->team->run;
  for (int p = places - 1; p >= 0; p--)
    if (run->blocks[p] != brought(ctx, &plan->places[p])) rt_block_release(ctx, run->blocks[p]);
}

/* An export of this rank shares the block of a replicated array that the plan writes: the plan gets
 * a copy, on this rank alone. */
static bool must_copy(const PlanPlace *place, const Block *block) {
  return place->stored && block->private_memory && block->references > 1;
}

QlStatus rt_plan_prepare(QlContext *ctx, const Plan *plan, QlError *error) {
  Run *run = &ctx->team->run;
  QL_TRY(reserve_slots(run, plan->slot_count, error));
  QL_TRY(reserve_calls(run, plan, error));
  QL_TRY(rt_transfers_reserve(ctx, run, plan, error));
  for (int p = 0; p < plan->place_count; p++) {
    const PlanPlace *place = &plan->places[p];
    Block geometry = {.private_memory = place->private_memory, .bytes = place->bytes};
    const Block *old = run->blocks[p] = brought(ctx, place);
    if (old && !must_copy(place, old)) continue;
    QlStatus status = rt_block_new(ctx, old ? old : &geometry, &run->blocks[p], error);
    if (!status && old) memcpy(run->blocks[p]->data, old->data, (size_t)old->bytes);
    if (!status) continue;
    if (error) error->source = source_of(ctx, plan, p);
    release_new(ctx, plan, p);
    return status;
  }
  for (int k = 0; k < plan->slot_count; k++) run->data[k] = data_of(run, &plan->slots[k]);
  prepare_calls(ctx, run, plan);
  run->plan = plan;
  return QL_OK;
}

void rt_plan_undo(QlContext *ctx, const Plan *plan) { release_new(ctx, plan, plan->place_count); }

/* ---- during ---- */

static void run_kernel(const Run *run, const PlanGroup *group, const Box *box) {
  JitCall call = run->calls[group - run->plan->groups];
  call.lo = box->lo, call.hi = box->hi;
  group->entry(&call);
}

static void run_import(QlContext *ctx, const Run *run, const PlanGroup *group, const Box *box) {
  int slot = group->operands[0].slot;
  const PlanSlot *to = &run->plan->slots[slot];
  const ImportPart *part = ctx->log.statements[group->statement].payload;
  box_copy(to->ndim, box, ql_dtype_info[to->dtype].size, run->data[slot], &to->geometry.alloc,
           to->geometry.stride, part->data, &part->box, part->stride);
}

static void run_move(const QlContext *ctx, const Run *run, const PlanGroup *group, const Box *box) {
  int to = group->operands[0].slot, from = group->operands[1].slot;
  const PlanSlot *slot = &run->plan->slots[to];
  bool renews = to == from; /* the storage has its old block until the plan has run */
  const Block *source = renews ? ctx->log.slots[to]->block : &run->plan->slots[from].geometry;
  box_copy(slot->ndim, box, ql_dtype_info[slot->dtype].size, run->data[to], &slot->geometry.alloc,
           slot->geometry.stride, renews ? source->data : run->data[from], &source->alloc,
           source->stride);
}

void run_box(QlContext *ctx, const Run *run, const PlanGroup *group, const Box *box) {
  switch (group->kind) {
    case GROUP_KERNEL: run_kernel(run, group, box); break;
    case GROUP_IMPORT: run_import(ctx, run, group, box); break;
    case GROUP_MOVE: run_move(ctx, run, group, box); break;
  }
}

/* A main thread that does the work of all threads of its rank does not wait for them. */
static void wait_for(QlContext *ctx, const Run *run, const PlanWaits *waits, bool is_main) {
  const CommInfo *info = ctx->info;
  for (int k = 0; k < waits->count; k++) {
    if (run->plan->alone && waits->list[k].worker / info->threads == info->node_rank) continue;
    comm_await(ctx->comm, waits->list[k].worker, run->base + (uint64_t)waits->list[k].group + 1,
               is_main);
  }
}

/* A box in slices, between which messages are moved along: Open MPI moves large ones only inside
 * its calls. */
static void run_polling(QlContext *ctx, const Run *run, const PlanGroup *group, const Box *box) {
  int axis = 0;
  while (axis < group->rank - 1 && box->hi[axis] - box->lo[axis] == 1) axis++;
  int64_t points = 1, left = group->rank ? box->hi[axis] - box->lo[axis] : 1, step;
  for (int r = axis + 1; r < group->rank; r++) points *= box->hi[r] - box->lo[r];
  Box slice = *box;
  bool done = false;
  double before = rt_microseconds(), now;
  step = QL_MAX(1024 / points, 1);
  while (left > 0 && !done) {
    slice.hi[axis] = slice.lo[axis] + QL_MIN(step, left);
    run_kernel(run, group, &slice);
    left -= QL_MIN(step, left);
    slice.lo[axis] = slice.hi[axis];
    done = comm_exchange_poll(run->exchange);
    now = rt_microseconds();
    if (now - before < 0.5 * ctx->params.poll)
      step *= 2;
    else if (now - before > 2 * ctx->params.poll)
      step = QL_MAX(step / 2, 1);
    before = now;
  }
  slice.hi[axis] = box->hi[axis];
  if (left > 0) run_kernel(run, group, &slice);
}

/* What is left of a box around its interior: below and above along an axis, within the axes before
 * it. */
static void run_edges(const Run *run, const PlanGroup *group, const PlanTask *task) {
  Box rest = task->box;
  for (int r = 0; r < group->rank; r++) {
    Box side = rest;
    side.hi[r] = task->interior->lo[r];
    if (!box_empty(group->rank, &side)) run_kernel(run, group, &side);
    side.hi[r] = rest.hi[r], side.lo[r] = task->interior->hi[r];
    if (!box_empty(group->rank, &side)) run_kernel(run, group, &side);
    rest.lo[r] = task->interior->lo[r], rest.hi[r] = task->interior->hi[r];
  }
}

/* The cells beyond the workers': the last group whose messages the leader has unpacked, and packed.
 */
enum { UNPACKED_CELL, PACKED_CELL };

/* A group that begins with messages: when this returns they have come, and the interior is
 * computed. */
static void run_exchange(QlContext *ctx, Run *run, int g, const PlanTask *task, bool leads,
                         bool is_main) {
  const PlanGroup *group = &run->plan->groups[g];
  int cells = ctx->info->workers;
  uint64_t here = run->base + (uint64_t)g + 1;
  if (leads) {
    wait_for(ctx, run, &group->before_packing, is_main);
    rt_transfers_start(ctx, run, group);
    comm_publish(ctx->comm, cells + PACKED_CELL, here);
  }
  if (task->interior) {
    if (!leads && group->stores_source) comm_await(ctx->comm, cells + PACKED_CELL, here, is_main);
    wait_for(ctx, run, &task->waits, is_main);
    if (leads)
      run_polling(ctx, run, group, task->interior);
    else
      run_kernel(run, group, task->interior);
  }
  if (leads) {
    wait_for(ctx, run, &group->before_unpacking, is_main);
    rt_transfers_finish(ctx, run, group);
    comm_publish(ctx->comm, cells + UNPACKED_CELL, here);
  } else {
    comm_await(ctx->comm, cells + UNPACKED_CELL, here, is_main);
  }
}

/* inside: what needs no messages has been computed already. False: stopped. */
static bool run_task(QlContext *ctx, Run *run, const PlanGroup *group, const PlanTask *task,
                     bool inside, int thread) {
  if (task->empty) return true;
  wait_for(ctx, run, &task->waits, thread == 0);
  if (!inside) return rt_run_slices(ctx, run, group, &task->box, thread);
  run_edges(run, group, task);
  return true;
}

static bool stop(Run *run, int first, int end, Reached reached) {
  for (int t = first; t < end; t++) run->reached[t] = reached;
  return true;
}

/* A thread runs its own task of each group; the main thread, where it is alone, those of all
 * threads of its rank, in whose place it publishes. */
void run_worker(QlContext *ctx, Run *run, int thread) {
  const CommInfo *info = ctx->info;
  int me = info->node_rank * info->threads;
  bool is_main = thread == 0, leads = is_main && info->node_rank == 0;
  bool stopped = false;
  int count = run->plan->group_count; /* when a thread has published the last, the main one may free
                                         the plan and start another run */
  int end = run->plan->alone ? info->threads : thread + 1;
  for (int g = 0; g < count; g++) {
    const PlanGroup *group = &run->plan->groups[g];
    const PlanTask *tasks = group->tasks;
    if (QUELEA_CANARIES) rt_canary_follow(ctx, run, g, is_main);
    if (!stopped && rt_stops(ctx)) stopped = stop(run, thread, end, (Reached){g, g});
    if (group->exchanges) run_exchange(ctx, run, g, &tasks[thread], leads, is_main);
    for (int t = thread; t < end && !stopped; t++)
      if (!run_task(ctx, run, group, &tasks[t], t == thread && tasks[t].interior, thread))
        stopped = stop(run, thread, end, (Reached){g, g + 1});
    for (int t = thread; t < end; t++) comm_publish(ctx->comm, me + t, run->base + (uint64_t)g + 1);
    if (QUELEA_CANARIES && leads)
      rt_canary_stored(ctx, run->plan, group, run->data, run->base + (uint64_t)g + 1);
  }
}

void rt_plan_run(QlContext *ctx, const Plan *plan) {
  Run *run = &ctx->team->run;
  if (!plan->group_count) return;
  run->base = ctx->progress + 1;
  run->unlooked = 0;
  for (int t = 0; t < ctx->info->threads; t++)
    run->reached[t] = (Reached){plan->group_count, plan->group_count};
  if (QUELEA_CANARIES) rt_canary_fresh(ctx, run);
  if (!plan->alone) team_start(ctx->team);
  run_worker(ctx, run, 0);
  ctx->progress = run->base + (uint64_t)plan->group_count;
  int mine = ctx->info->node_rank * ctx->info->threads;
  for (int t = 1; t < ctx->info->threads; t++) comm_await(ctx->comm, mine + t, ctx->progress, true);
}

void rt_wait_node(QlContext *ctx) {
  for (int x = 0; x < ctx->info->workers; x++) comm_await(ctx->comm, x, ctx->progress, true);
}

/* ---- after ---- */

/* All ranks have agreed on the plan by now: what a rank knows of a template never depends on a plan
 * that failed. */
static void remember_margins(const PlanSlot *slot) {
  Template *template = slot->layout ? slot->layout->template : NULL;
  for (int a = 0; template && a < slot->ndim; a++)
    for (int side = 0; side < 2; side++)
      template->margin[a][side] = QL_MAX(template->margin[a][side], slot->geometry.margin[a][side]);
}

/* The storage that keeps a block gets it, and who had it before has it no longer. When the run was
 * stopped before it was stored, nothing changes. */
static void hand_over(QlContext *ctx, const Run *run, const PlanPlace *place, Block *block) {
  bool is_kept = place->keeper >= 0 && rt_slot_end(ctx, run, place->keeper) != SLOT_AS_BEFORE;
  bool is_brought = block == brought(ctx, place);
  if (is_brought && (place->from == place->keeper || !is_kept)) return;
  if (is_brought) ctx->log.slots[place->from]->block = NULL;
  if (!is_kept) {
    rt_block_release(ctx, block);
    return;
  }
  Storage *storage = ctx->log.slots[place->keeper];
  const Block *geometry = &run->plan->slots[place->keeper].geometry;
  rt_block_release(ctx, storage->block); /* it is renewed or copied, or had none */
  block->alloc = geometry->alloc;
  memcpy(block->stride, geometry->stride, sizeof block->stride);
  memcpy(block->margin, geometry->margin, sizeof block->margin);
  storage->block = block;
}

void rt_plan_finish(QlContext *ctx, const Plan *plan) {
  Run *run = &ctx->team->run;
  rt_transfers_relax(run);
  for (int p = 0; p < plan->place_count; p++) hand_over(ctx, run, &plan->places[p], run->blocks[p]);
  for (int k = 0; k < plan->slot_count; k++) {
    const PlanSlot *slot = &plan->slots[k];
    if (slot->allocate) remember_margins(slot);
    if (k >= plan->log_slots) continue;
    Storage *storage = ctx->log.slots[k];
    SlotEnd end = rt_slot_end(ctx, run, k);
    storage->poisoned |= end == SLOT_TORN;
    if (end == SLOT_AS_BEFORE) continue;
    if (!storage->layout && slot->layout) storage->layout = rt_layout_retain(slot->layout);
    if (storage->ghosts == slot->ghosts_after) continue;
    rt_ghosts_release(storage->ghosts);
    storage->ghosts = slot->ghosts_after;
    if (storage->ghosts) storage->ghosts->references++;
  }
}
