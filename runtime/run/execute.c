/* Running a plan: blocks are allocated, every worker takes the plan's steps in order (course.c),
 * the storages get their new state. */
#include "profile.h"

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
      grow(&run->tables, &run->table_room, plan->group_count, sizeof *run->tables) &&
      grow(&run->bases, &run->base_room, operands, sizeof *run->bases) &&
      grow(&run->params, &run->param_room, params, sizeof *run->params))
    return QL_OK;
  return ql_fail(error, QL_ERR_MEMORY, "out of memory for running a plan");
}

static QlValue value_of(const QlContext *ctx, const JitCall *call, const PlanParam *given) {
  if (given->scalar == PLAN_BASE) return (QlValue){.i = (int64_t)call->base[given->value]};
  return given->scalar < 0 ? (QlValue){.i = given->value} : ctx->log.scalars[given->scalar].value;
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
      *param++ = value_of(ctx, &run->calls[g], given);
    }
  }
}

/* Does this rank compute some of it? */
static bool has_part(const QlContext *ctx, const PlanGroup *group) {
  bool has = group->portions || group->replicated;
  for (int t = 0; t < ctx->info->threads && !has; t++) has = !group->tasks[t].empty;
  return has;
}

/* What routines need beside their operands, and nests for terms. */
static QlStatus prepare_routines(QlContext *ctx, Run *run, const Plan *plan, QlError *error) {
  int64_t scratch = 0;
  for (int g = 0; g < plan->group_count; g++) {
    const PlanGroup *group = &plan->groups[g];
    scratch = QL_MAX(scratch, group->bytes);
    if (!group->routine || !group->routine->routine->prepare || !has_part(ctx, group)) continue;
    QlValue param[NEST_PARAMS];
    for (int p = 0; p < group->param_count; p++)
      param[p] = ctx->log.scalars[group->params[p].scalar].value;
    RoutineNeeds needs;
    QL_TRY(rt_routine_needs(ctx, group->routine, param, &needs, error));
    run->tables[g] = needs.tables, scratch = QL_MAX(scratch, needs.scratch);
  }
  return scratch ? rt_scratch_reserve(ctx, scratch, error) : QL_OK;
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

/* The kept copy that a slot is; NULL: it is none, or made by the plan. */
static KeptCopy *kept_copy(const QlContext *ctx, const PlanSlot *slot) {
  if (!slot->is_copy || slot->number < 0) return NULL;
  KeptCopy *copy = rt_copy_at(ctx->log.slots[slot->copied], slot->number);
  if (QUELEA_CANARIES && copy->stores != copy->of->stores)
    comm_abort(ctx->comm, "a copy of remote elements is older than the last store of their array");
  return copy;
}

/* The block that a storage brings to a place; NULL: the place's block is new. */
static Block *brought(const QlContext *ctx, const Plan *plan, const PlanPlace *place) {
  if (place->from < 0) return NULL;
  const KeptCopy *copy = kept_copy(ctx, &plan->slots[place->from]);
  return copy ? copy->block : ctx->log.slots[place->from]->block;
}

/* The line of the largest exchange. */
static QlSource source_of_staging(const QlContext *ctx, const Plan *plan) {
  const PlanGroup *largest = NULL;
  for (int g = 0; g < plan->group_count; g++) {
    const PlanGroup *group = &plan->groups[g];
    if (group->exchange && (!largest || group->exchange->bytes > largest->exchange->bytes))
      largest = group;
  }
  return largest ? ctx->log.statements[largest->statement].source : (QlSource){0};
}

static QlStatus new_staging(QlContext *ctx, Run *run, const Plan *plan, QlError *error) {
  run->staging = NULL;
  if (!plan->staging_bytes) return QL_OK;
  QlStatus status = rt_block_new(ctx, "messages between nodes need",
                                 &(Block){.bytes = plan->staging_bytes}, &run->staging, error);
  if (status && error) error->source = source_of_staging(ctx, plan);
  return status;
}

/* Of the first so many places. */
static void release_new(QlContext *ctx, const Plan *plan, int places) {
  const Run *run = &ctx->team->run;
  for (int p = places - 1; p >= 0; p--)
    if (run->blocks[p] != brought(ctx, plan, &plan->places[p]))
      rt_block_release(ctx, run->blocks[p]);
  rt_block_release(ctx, run->staging);
  rt_scratch_release(ctx);
}

/* An export of this rank shares the block of a replicated array that the plan writes: the plan gets
 * a copy, on this rank alone. */
static bool must_copy(const PlanPlace *place, const Block *block) {
  return place->stored && block->private_memory && block->references > 1;
}

static int copies_kept(const Plan *plan) {
  int count = 0;
  for (int k = plan->log_slots; k < plan->slot_count; k++) count += plan->slots[k].reading != NULL;
  return count;
}

QlStatus rt_plan_prepare(QlContext *ctx, const Plan *plan, QlError *error) {
  Run *run = &ctx->team->run;
  QL_TRY(reserve_slots(run, plan->slot_count, error));
  QL_TRY(reserve_calls(run, plan, error));
  QL_TRY(rt_profile_reserve(ctx, plan->group_count, error));
  QL_TRY(rt_messages_reserve(ctx, run, plan, error));
  QL_TRY(rt_copies_reserve(ctx, copies_kept(plan), error));
  QL_TRY(prepare_routines(ctx, run, plan, error));
  QL_TRY(new_staging(ctx, run, plan, error));
  for (int p = 0; p < plan->place_count; p++) {
    const PlanPlace *place = &plan->places[p];
    Block geometry = {.private_memory = place->private_memory, .bytes = place->bytes};
    const Block *old = run->blocks[p] = brought(ctx, plan, place);
    if (old && !must_copy(place, old)) continue;
    QlStatus status =
        rt_block_new(ctx, "an array needs", old ? old : &geometry, &run->blocks[p], error);
    if (!status && old) memcpy(run->blocks[p]->data, old->data, (size_t)old->bytes);
    if (!status) continue;
    if (error) error->source = source_of(ctx, plan, p);
    release_new(ctx, plan, p);
    return status;
  }
  for (int k = 0; k < plan->slot_count; k++) run->data[k] = data_of(run, &plan->slots[k]);
  run->plan = plan;
  return QL_OK;
}

void rt_plan_undo(QlContext *ctx, const Plan *plan) { release_new(ctx, plan, plan->place_count); }

/* ---- during ---- */

static void run_nest(const PlanGroup *group, const JitCall *call, const Box *box) {
  QlValue params[NEST_PARAMS];
  memcpy(params, call->param, (size_t)group->param_count * sizeof *params);
  for (int r = 0; r < group->rank; r++)
    params[2 * r].i = box->lo[r], params[2 * r + 1].i = box->hi[r];
  params[0].i += group->nest_from, params[1].i += group->nest_from;
  group->entry(&(JitCall){.param = params});
}

static void run_routine(const Run *run, const PlanGroup *group, const JitCall *call, int thread) {
  RoutineShape shape = *group->routine;
  if (shape.routine->prepare) {
    shape.tables = run->tables[group - run->plan->groups];
    shape.scratch = rt_scratch_of(&run->scratch, thread);
  }
  shape.routine->run(&shape, call);
}

static void run_kernel(const Run *run, const PlanGroup *group, const Box *box, int thread) {
  JitCall call = run->calls[group - run->plan->groups];
  if (group->is_nest) {
    if (group->term_count)
      run_terms(run, group, &call, box, thread);
    else
      run_nest(group, &call, box);
    return;
  }
  call.lo = box->lo, call.hi = box->hi;
  if (group->routine)
    run_routine(run, group, &call, thread);
  else
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

void run_box(QlContext *ctx, const Run *run, const PlanGroup *group, const Box *box, int thread) {
  switch (group->kind) {
    case GROUP_KERNEL: run_kernel(run, group, box, thread); break;
    case GROUP_IMPORT: run_import(ctx, run, group, box); break;
    case GROUP_MOVE: run_move(ctx, run, group, box); break;
  }
}

/* What is left of a box around its interior: below and above along an axis, within the axes before
 * it. */
static void run_edges(QlContext *ctx, Run *run, const PlanGroup *group, const PlanTask *task,
                      int thread) {
  Box rest = task->box;
  for (int r = 0; r < group->rank; r++) {
    Box side = rest;
    side.hi[r] = task->interior->lo[r];
    if (!box_empty(group->rank, &side)) (void)rt_run_slices(ctx, run, group, &side, thread);
    side.hi[r] = rest.hi[r], side.lo[r] = task->interior->hi[r];
    if (!box_empty(group->rank, &side)) (void)rt_run_slices(ctx, run, group, &side, thread);
    rest.lo[r] = task->interior->lo[r], rest.hi[r] = task->interior->hi[r];
  }
}

/* The points that it computes of a step of its group. */
static int64_t points_of(const Run *run, const PlanStep *step, const PlanTask *task) {
  const PlanGroup *group = &run->plan->groups[step->group];
  if (step->kind != STEP_GROUP && step->kind != STEP_INTERIOR) return 0;
  int ndim =
      group->kind == GROUP_KERNEL ? group->rank : run->plan->slots[group->operands[0].slot].ndim;
  int64_t inside = task->interior ? box_volume(ndim, task->interior) : 0;
  return step->kind == STEP_INTERIOR ? inside : box_volume(ndim, &task->box) - inside;
}

/* Of what is not cut beforehand as much as is left. False: stopped. */
static bool run_portions(QlContext *ctx, Run *run, const PlanStep *step, const PlanTask *task,
                         int thread, int64_t *points) {
  const PlanGroup *group = &run->plan->groups[step->group];
  const PlanPortions *portions = plan_portions(group, step->kind);
  uint64_t turn = run_behind(run, (int)(step - run->plan->steps));
  int64_t before = thread ? 0 : run->computed, own = points_of(run, step, task);
  int portion;
  if (!thread) run->glanced = rt_microseconds();
  while (!rt_stops(ctx) && comm_take(ctx->comm, turn, portions->count, &portion)) {
    Box box = portions_box(portions, group->rank, portion);
    *points += box_volume(group->rank, &box);
    if (!rt_run_slices(ctx, run, group, &box, thread)) return false;
    if (thread) continue;
    rt_has_computed(ctx, run, group, before + own / portions->count * (portion + 1));
    if (run->flying) (void)rt_messages_poll(run);
  }
  return !rt_stops(ctx);
}

/* False: stopped. */
static bool run_task(QlContext *ctx, Run *run, const PlanStep *step, const PlanTask *task,
                     int thread, int64_t *points) {
  const PlanGroup *group = &run->plan->groups[step->group];
  bool inside = step->kind == STEP_INTERIOR;
  if (plan_portions(group, step->kind)) return run_portions(ctx, run, step, task, thread, points);
  if (ctx->profile) *points = points_of(run, step, task);
  if (inside) return rt_run_slices(ctx, run, group, task->interior, thread);
  if (!task->interior) return rt_run_slices(ctx, run, group, &task->box, thread);
  run_edges(ctx, run, group, task, thread);
  return true; /* there are several ranks: nothing stops a run */
}

static bool takes_part(const QlContext *ctx, const Run *run, const PlanStep *step, int task) {
  const PlanGroup *group = &run->plan->groups[step->group];
  const PlanTask *own = &group->tasks[task];
  if (plan_portions(group, step->kind))
    return plan_slab(ctx->info->threads, run->plan->threads, task) >= 0;
  switch (step->kind) {
    case STEP_PACK:
    case STEP_UNPACK: return step->parts[task].count > 0;
    case STEP_INTERIOR: return own->interior != NULL;
    case STEP_GROUP: return !own->empty;
    case STEP_SWEEP: return plan_slab(ctx->info->threads, run->plan->threads, task) >= 0;
    default: return false; /* the leader's */
  }
}

static bool have_reached(const QlContext *ctx, const Run *run, const PlanWaits *waits,
                         CourseWait *wait) {
  for (int k = 0; k < waits->count; k++) {
    uint64_t value = run_behind(run, waits->list[k].step);
    if (comm_peek(ctx->comm, waits->list[k].worker) >= value) continue;
    *wait = (CourseWait){waits->list[k].worker, value};
    return false;
  }
  return true;
}

StepEnd run_part(QlContext *ctx, Run *run, Course *course, int thread, CourseWait *wait) {
  const PlanStep *step = &run->plan->steps[course->step];
  const PlanGroup *group = &run->plan->groups[step->group];
  int task = course->task;
  if (!takes_part(ctx, run, step, task)) return STEP_DONE;
  if (!course->front && !have_reached(ctx, run, &step->waits[task], wait)) return STEP_WAITS;
  if (step->kind == STEP_SWEEP) return rt_run_front(ctx, run, course, thread, wait);
  rt_profile_spent(ctx, thread, step->group, SPENT_WAITING, 0);
  bool goes_on = true;
  int64_t points = 0;
  if (step->parts)
    rt_parts_copy(run, group->exchange, &step->parts[task]);
  else
    goes_on = run_task(ctx, run, step, &group->tasks[task], thread, &points);
  rt_profile_spent(ctx, thread, step->group, step->parts ? SPENT_MOVING : SPENT_COMPUTING, points);
  return goes_on ? STEP_DONE : STEP_STOPPED;
}

bool run_messages(QlContext *ctx, Run *run, const PlanStep *step, CourseWait *wait) {
  if (step->kind != STEP_POST && step->kind != STEP_COMPLETE) return true;
  if (!have_reached(ctx, run, &step->waits[0], wait)) return false;
  rt_profile_spent(ctx, 0, step->group, SPENT_WAITING, 0);
  if (step->kind == STEP_POST)
    rt_messages_post(ctx, run, step->group);
  else
    rt_messages_complete(ctx, run, step->group);
  rt_profile_spent(ctx, 0, step->group, step->kind == STEP_POST ? SPENT_MOVING : SPENT_RECEIVING,
                   0);
  return true;
}

static void back_new(QlContext *ctx, const Run *run, const Plan *plan) {
  for (int p = 0; p < plan->place_count; p++)
    if (plan->places[p].bytes >= COMM_PIECE &&
        run->blocks[p] != brought(ctx, plan, &plan->places[p]))
      rt_block_back(ctx, run->blocks[p]);
}

void rt_plan_run(QlContext *ctx, const Plan *plan) {
  Run *run = &ctx->team->run;
  if (!plan->step_count) return;
  QlPhase before = rt_phase(ctx, QL_PHASE_STEPS);
  rt_profile_begin(ctx, 0);
  prepare_calls(ctx, run, plan);
  back_new(ctx, run, plan);
  run->base = ctx->progress + 1;
  run->computed = run->looked = 0, run->began = 0;
  if (QUELEA_CANARIES) rt_canary_fresh(ctx, run);
  rt_run_courses(ctx, plan->threads, plan->work, run_behind(run, plan->step_count - 1));
  rt_profile_spent(ctx, 0, plan->steps[plan->step_count - 1].group, SPENT_WAITING, 0);
  (void)rt_phase(ctx, before);
}

void rt_wait_node(QlContext *ctx) {
  if (ctx->waited == ctx->progress) return;
  QlPhase before = rt_phase(ctx, QL_PHASE_LOOK);
  for (int x = 0; x < ctx->info->workers; x++) comm_await(ctx->comm, x, ctx->progress, true);
  (void)rt_phase(ctx, before);
  ctx->waited = ctx->progress;
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
  if (place->from >= 0 && run->plan->slots[place->from].is_copy) return;
  bool is_brought = block == brought(ctx, run->plan, place);
  if (is_brought && (place->from == place->keeper || !is_kept)) return;
  if (is_brought) ctx->log.slots[place->from]->block = NULL;
  if (!is_kept) {
    rt_block_release(ctx, block);
    return;
  }
  const PlanSlot *slot = &run->plan->slots[place->keeper];
  const Block *geometry = &slot->geometry;
  block->alloc = geometry->alloc;
  memcpy(block->stride, geometry->stride, sizeof block->stride);
  memcpy(block->margin, geometry->margin, sizeof block->margin);
  if (slot->is_copy) {
    rt_copy_keep(ctx->log.slots[slot->copied], slot->reading, block, slot->kept_bytes);
    return;
  }
  Storage *storage = ctx->log.slots[place->keeper];
  rt_block_release(ctx, storage->block); /* it is renewed or copied, or had none */
  storage->block = block;
}

/* Kept copies of what was stored hold what it was before. Several nodes are never stopped on the
 * way, and one has no copies. */
static void forget_copies(QlContext *ctx, const Plan *plan) {
  for (int k = plan->log_slots; k < plan->slot_count; k++) {
    KeptCopy *copy = kept_copy(ctx, &plan->slots[k]);
    if (copy) rt_copy_used(ctx, copy);
  }
  for (int k = 0; k < plan->log_slots; k++)
    if (plan->slots[k].stored) ctx->log.slots[k]->stores++, rt_copies_forget(ctx->log.slots[k]);
}

void rt_plan_finish(QlContext *ctx, const Plan *plan) {
  Run *run = &ctx->team->run;
  rt_block_release(ctx, run->staging);
  run->staging = NULL;
  rt_scratch_release(ctx);
  forget_copies(ctx, plan);
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
  rt_copies_trim(ctx);
}
