/* The planner, top to bottom, and the cache of plans.
 *
 * The key of a plan is the log's words and, for each slot, what the plan depends on: dtype, shape,
 * layout, the geometry of the block, valid ghosts, kept copies, whether it lives on, whether it is
 * shared with an export. Equal keys mean equal plans, so that a loop is planned once however long
 * it runs. All ranks usually know the same plans; one that has forgotten a plan makes it again,
 * while the others wait for it (run/flush.c). */
#include "planner.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- key ---- */

static bool is_alive(const Storage *storage) { return !storage->dead; }

static int describe_ghosts(const Ghosts *ghosts, int ndim, int64_t *words) {
  int n = 0;
  words[n++] = ghosts ? ghosts->count : 0;
  for (int k = 0; ghosts && k < ghosts->count; k++)
    for (int a = 0; a < ndim; a++) {
      const Halo *halo = &ghosts->halo[k];
      words[n++] = halo->depth[a][0], words[n++] = halo->depth[a][1];
      words[n++] = halo->region.lo[a], words[n++] = halo->region.hi[a];
    }
  return n;
}

/* What a plan depends on in a storage, and all ranks have in common: all but whether it is alive,
 * which they are still to agree on. A replicated block that is shared with an export is renewed by
 * each rank for itself, when it has such an export. */
static int describe_slot(const Storage *storage, int64_t *words) {
  const Layout *layout = storage->layout;
  const Block *block = storage->block;
  int n = 0, copies = 0;
  for (const KeptCopy *copy = storage->copies; copy; copy = copy->next) copies++;
  bool partitioned = layout && layout->template,
       shared = partitioned && block && block->references > 1;
  words[n++] = storage->dtype | storage->ndim << 8 | (block != NULL) << 17 |
               storage->replicated << 18 | shared << 19 | (layout != NULL) << 20 | copies << 21;
  for (int a = 0; a < storage->ndim; a++) words[n++] = storage->shape[a];
  if (!layout) return n;
  words[n++] = partitioned ? (int64_t)layout->template->id : 0;
  if (!partitioned) return n;
  for (int a = 0; a < storage->ndim; a++) {
    words[n++] = layout->offset[a];
    if (block) words[n++] = block->margin[a][0], words[n++] = block->margin[a][1];
  }
  return n + describe_ghosts(storage->ghosts, storage->ndim, words + n);
}

enum { SLOT_WORDS = 4 + 4 * QL_MAX_DIMS * (1 + GHOST_HALOS) };

/* At most so many, and whether it is alive. */
static int64_t slot_words(const Storage *storage) {
  int64_t room = 4 + 4 * storage->ndim * (1 + (storage->ghosts ? storage->ghosts->count : 0));
  for (const KeptCopy *copy = storage->copies; copy; copy = copy->next)
    room += copy->reading->count;
  return room;
}

QlStatus rt_plan_key(QlContext *ctx, QlError *error) {
  const Log *log = &ctx->log;
  PlanKey *key = &ctx->key;
  int64_t room = 1, spare[SLOT_WORDS], options = ctx->strict | ctx->frugal << 1;
  ql_pool_clear(&ctx->planning);
  for (int s = 0; s < log->slot_count; s++) room += slot_words(log->slots[s]);
  int64_t *words = ql_pool_get(&ctx->planning, (size_t)room * sizeof *words);
  int *first = ql_pool_get(&ctx->planning, (size_t)(log->slot_count + 1) * sizeof *first);
  if (!first) words = NULL;
  if (words) words[0] = options;
  key->words = words, key->first = first, key->count = 1, key->form = key->hash = 0;
  key->state = ql_mix(5, (uint64_t)options);
  for (int s = 0; s < log->slot_count; s++) {
    if (words) first[s] = (int)key->count;
    int64_t *slot = words ? words + key->count : spare;
    int count = describe_slot(log->slots[s], slot);
    key->state = ql_hash_bytes(key->state, slot, (size_t)count * sizeof *slot);
    for (const KeptCopy *copy = log->slots[s]->copies; copy; copy = copy->next) {
      key->state = ql_mix(key->state, copy->reading->hash);
      if (!words) continue;
      memcpy(slot + count, copy->reading->words, (size_t)copy->reading->count * sizeof *slot);
      count += copy->reading->count;
    }
    slot[count++] = is_alive(log->slots[s]);
    if (is_alive(log->slots[s])) key->hash = ql_mix(key->hash, (uint64_t)s);
    key->count += count;
  }
  if (words) first[log->slot_count] = (int)key->count;
  key->hash = ql_mix(key->hash, key->state);
  for (int k = 0; k < log->count; k++) key->hash = ql_mix(key->hash, log->statements[k].hash);
  return words ? QL_OK : ql_fail(error, QL_ERR_MEMORY, "out of memory for a plan");
}

/* ---- plans ---- */

enum { SMALL_PLAN = 1 << 15 }; /* bytes */

/* The memory of a small plan that goes serves the next ones: a loop that makes plans makes them
 * alike. */
static void give_memory(QlContext *ctx, QlPool pool) {
  if (ctx->spare_count < PLAN_LIMIT / 2 && ql_pool_is_whole(&pool) && pool.capacity <= SMALL_PLAN)
    ctx->spare_memory[ctx->spare_count++] = pool;
  else
    ql_pool_free(&pool);
}

static void take_memory(QlContext *ctx, Plan *plan, size_t bytes) {
  assert(!plan->pool.newest); /* else what is kept there already would be lost */
  plan->pool.usual = bytes;
  if (!ctx->spare_count) return;
  QlPool *spare = &ctx->spare_memory[ctx->spare_count - 1];
  if (spare->capacity < bytes || spare->capacity > 2 * bytes) {
    ql_pool_free(spare);
  } else {
    plan->pool = *spare;
    plan->pool.usual = bytes;
    ql_pool_clear(&plan->pool);
  }
  ctx->spare_count--;
}

static void free_memory(QlContext *ctx) {
  while (ctx->spare_count) ql_pool_free(&ctx->spare_memory[--ctx->spare_count]);
}

/* All that the plan holds; it may lie in its own pool. */
static void release(QlContext *ctx, Plan *plan) {
  for (int k = 0; k < plan->slot_count; k++) {
    rt_layout_release(ctx, plan->slots[k].layout);
    rt_ghosts_release(plan->slots[k].ghosts_after);
    rt_reading_release(plan->slots[k].reading);
  }
  for (int k = 0; k < plan->kernel_count; k++) jit_fn_free(plan->kernels[k].fn);
  give_memory(ctx, plan->pool);
}

void rt_plan_drop_all(QlContext *ctx) {
  for (int b = 0; b < PLAN_BUCKETS; b++)
    for (Plan *plan = ctx->plans[b], *next; plan; plan = next)
      next = plan->next, release(ctx, plan);
  memset(ctx->plans, 0, sizeof ctx->plans);
  memset(ctx->forms, 0, sizeof ctx->forms);
  ctx->plan_count = 0, ctx->plan_weight = 0;
  free_memory(ctx);
}

int64_t rt_plan_bytes(const QlContext *ctx) {
  size_t bytes = ctx->planning.capacity + ctx->building.capacity;
  for (int b = 0; b < PLAN_BUCKETS; b++)
    for (const Plan *plan = ctx->plans[b]; plan; plan = plan->next) bytes += plan->pool.capacity;
  for (int k = 0; k < ctx->spare_count; k++) bytes += ctx->spare_memory[k].capacity;
  return (int64_t)bytes;
}

/* About a plan's size; its bytes differ from node to node. */
static int64_t weight_of(const Plan *plan) { return plan->slot_count + plan->group_count; }

static int compare_times(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

/* When the cache is full, the half that was not used for longest goes, by the times of last use. */
static void trim_cache(QlContext *ctx) {
  uint64_t used[PLAN_LIMIT];
  int count = 0;
  if (ctx->plan_count < PLAN_LIMIT && ctx->plan_weight < PLAN_WEIGHT) return;
  for (int b = 0; b < PLAN_BUCKETS; b++)
    for (const Plan *plan = ctx->plans[b]; plan; plan = plan->next) used[count++] = plan->last_used;
  qsort(used, (size_t)count, sizeof *used, compare_times);
  uint64_t oldest_kept = used[count / 2];
  for (int b = 0; b < PLAN_BUCKETS; b++)
    for (Plan *plan = ctx->plans[b], *next; plan; plan = next) {
      next = plan->next;
      if (plan->last_used < oldest_kept) rt_plan_forget(ctx, plan);
    }
}

void rt_plan_forget(QlContext *ctx, Plan *plan) {
  Plan **link = &ctx->plans[plan->hash % PLAN_BUCKETS], *alike = plan->next_alike;
  while (*link != plan) link = &(*link)->next;
  *link = plan->next, *plan->from_alike = alike;
  if (alike) alike->from_alike = plan->from_alike;
  ctx->plan_count--, ctx->plan_weight -= weight_of(plan);
  release(ctx, plan);
}

/* ---- memory ---- */

QlStatus planner_no_memory(const Planner *planner) {
  return ql_fail(planner->error, QL_ERR_MEMORY, "out of memory for a plan");
}

static void *checked(const Planner *planner, void *memory) {
  if (!memory) (void)planner_no_memory(planner);
  return memory;
}

void *planner_zeros(const Planner *planner, size_t bytes) {
  return checked(planner, ql_pool_zeros(planner->pool, bytes));
}

void *planner_keep(const Planner *planner, const void *items, size_t bytes) {
  return checked(planner, ql_pool_copy(&planner->plan->pool, items, bytes));
}

void *planner_keep_zeros(const Planner *planner, size_t bytes) {
  return checked(planner, ql_pool_zeros(&planner->plan->pool, bytes));
}

QlStatus planner_grow(const Planner *planner, void *items, int count, int *room, size_t size) {
  return ql_pool_grow(planner->pool, items, count, room, size) ? QL_OK : planner_no_memory(planner);
}

/* ---- the pipeline ---- */

int planner_slot(Planner *planner, QlDtype dtype, int ndim, const int64_t *shape, Layout *layout) {
  Plan *plan = planner->plan;
  PlanSlot made = {.dtype = (uint8_t)dtype, .ndim = (uint8_t)ndim, .layout = layout};
  memcpy(made.shape, shape,
         (size_t)ndim * sizeof *shape); /* it may be another slot's, which is about to move */
  if (planner_grow(planner, &plan->slots, plan->slot_count, &planner->slot_room,
                   sizeof *plan->slots) ||
      planner_grow(planner, &planner->slots, plan->slot_count, &planner->info_room,
                   sizeof *planner->slots)) {
    rt_layout_release(planner->ctx, layout);
    return -1;
  }
  int index = plan->slot_count++;
  plan->slots[index] = made;
  planner->slots[index] =
      (SlotInfo){.fresh = true, .producer = -1, .first_write = -1, .last_write = -1};
  return index;
}

static QlStatus take_slots(Planner *planner) {
  for (int k = 0; k < planner->log->slot_count; k++) {
    Storage *storage = planner->log->slots[k];
    int slot = planner_slot(planner, (QlDtype)storage->dtype, storage->ndim, storage->shape,
                            rt_layout_retain(storage->layout));
    if (slot < 0) return QL_ERR_MEMORY;
    SlotInfo *info = &planner->slots[slot];
    info->storage = storage, info->alive = is_alive(storage), info->fresh = storage->block == NULL;
    info->ghosts = storage->ghosts;
    if (info->ghosts) info->ghosts->references++;
  }
  return QL_OK;
}

/* About how much the plan keeps, which is then asked for at once. */
static size_t kept_bytes(const Planner *planner) {
  const Plan *plan = planner->plan;
  size_t threads = (size_t)planner->ctx->info->threads, slots = (size_t)plan->slot_count;
  size_t bytes = sizeof *plan +
                 (size_t)(planner->log->word_count + planner->ctx->key.count) * sizeof(int64_t) +
                 slots * (sizeof *plan->slots + sizeof *plan->places) +
                 (size_t)plan->remark_count * sizeof *plan->remarks;
  for (int g = 0; g < planner->group_count; g++) {
    const Group *group = &planner->groups[g];
    size_t operands = (size_t)(group->node_count + group->store_count);
    bytes += sizeof *plan->groups + sizeof *plan->kernels + sizeof *plan->steps +
             sizeof group->placement + sizeof group->extent +
             threads * (sizeof(PlanTask) + sizeof(PlanWaits) + 4 * sizeof(PlanWait)) +
             operands * (sizeof(PlanOperand) + (size_t)group->rank * sizeof(int64_t)) +
             (size_t)group->transfer_count * (sizeof(Transfer) + sizeof(Box) + sizeof(PlanMessage));
  }
  return bytes + bytes / 16;
}

/* By what it will be found. */
static QlStatus keep_key(const Planner *planner) {
  const PlanKey *key = &planner->ctx->key;
  const Log *log = planner->log;
  Plan *plan = planner->plan;
  plan_set_form(planner->ctx);
  plan->hash = key->hash, plan->form = key->form, plan->log_word_count = log->word_count,
  plan->key_word_count = key->count;
  plan->log_words = planner_keep(planner, log->words, (size_t)log->word_count * sizeof *log->words);
  plan->key_words = planner_keep(planner, key->words, (size_t)key->count * sizeof *key->words);
  return plan->log_words && plan->key_words ? QL_OK : QL_ERR_MEMORY;
}

/* What was collected while the number of slots was growing. */
static QlStatus keep_slots(const Planner *planner) {
  Plan *plan = planner->plan;
  PlanSlot *slots = planner_keep(planner, plan->slots, (size_t)plan->slot_count * sizeof *slots);
  if (!slots) return QL_ERR_MEMORY;
  plan->slots = slots;
  return QL_OK;
}

static QlStatus keep_remarks(const Planner *planner) {
  Plan *plan = planner->plan;
  size_t bytes = (size_t)plan->remark_count * sizeof *plan->remarks;
  return (plan->remarks = planner_keep(planner, plan->remarks, bytes)) ? QL_OK : QL_ERR_MEMORY;
}

QlStatus planner_remark(Planner *planner, QlRemarkKind kind, int statement, int64_t bytes) {
  Plan *plan = planner->plan;
  QL_TRY(planner_grow(planner, &plan->remarks, plan->remark_count, &planner->remark_room,
                      sizeof *plan->remarks));
  plan->remarks[plan->remark_count++] = (PlanRemark){kind, statement, bytes};
  return QL_OK;
}

static QlStatus run_pipeline(Planner *planner) {
  Plan *plan = planner->plan;
  planner->statements =
      planner_zeros(planner, (size_t)planner->log->count * sizeof *planner->statements);
  planner->nodes = ql_pool_get(planner->pool, GROUP_NODES * sizeof *planner->nodes);
  if (!planner->statements || !planner->nodes) return planner_no_memory(planner);
  QL_TRY(take_slots(planner));
  plan->log_slots = plan->slot_count;
  QL_TRY(planner_analyse(planner));
  QL_TRY(planner_group(planner));
  QL_TRY(planner_terms(planner));
  QL_TRY(planner_fuse(planner));
  QL_TRY(planner_deepen(planner));
  QL_TRY(planner_reach(planner));
  take_memory(planner->ctx, plan, kept_bytes(planner));
  QL_TRY(keep_key(planner));
  QL_TRY(keep_slots(planner));
  QL_TRY(planner_kernels(planner));
  QL_TRY(planner_live(planner));
  QL_TRY(planner_exchange(planner));
  QL_TRY(planner_sweeps(planner));
  QL_TRY(planner_streams(planner));
  QL_TRY(planner_portions(planner));
  QL_TRY(keep_remarks(planner));
  QL_TRY(planner_overlap(planner));
  QL_TRY(planner_schedule(planner));
  QL_TRY(planner_depend(planner));
  QL_TRY(planner_guards(planner));
  for (int k = 0; k < plan->log_slots; k++)
    plan->slots[k].ghosts_after = planner->slots[k].ghosts, planner->slots[k].ghosts = NULL;
  return planner->error->status; /* where memory was lacking for a choice, and another was taken,
                                    other ranks have not taken it */
}

/* Makes the plan; what it holds is its own, and that of the planner gone but for its pool. */
static QlStatus make(QlContext *ctx, Planner *planner, Plan *made) {
  planner->ctx = ctx, planner->log = &ctx->log, planner->pool = &ctx->planning;
  planner->plan = made;
  QlStatus status = run_pipeline(planner);
  for (int k = 0; k < made->slot_count; k++) rt_ghosts_release(planner->slots[k].ghosts);
  if (status) release(ctx, made);
  return status;
}

QlStatus rt_plan_make(QlContext *ctx, Plan **result, QlError *error) {
  trim_cache(ctx); /* whatever fails here and not elsewhere */
  Plan made = {0}, *plan = NULL;
  Planner planner = {.error = error, .shares = ctx->profile != NULL};
  QlStatus status = make(ctx, &planner, &made);
  if (!status && !(plan = planner_keep(&planner, &made, sizeof made))) {
    status = QL_ERR_MEMORY;
    release(ctx, &made);
  }
  ql_pool_clear(&ctx->planning);
  if (status) return status;
  Plan **bucket = &ctx->plans[plan->hash % PLAN_BUCKETS];
  Plan **alike = &ctx->forms[plan->form % PLAN_BUCKETS];
  const Plan *newest = plan_newest(ctx, plan->form);
  plan->made_since = newest ? newest->made_since + 1 : 0;
  plan->next = *bucket, plan->next_alike = *alike, plan->from_alike = alike;
  if (*alike) (*alike)->from_alike = &plan->next_alike;
  *bucket = *alike = plan;
  ctx->plan_count++, ctx->plan_weight += weight_of(plan);
  *result = plan;
  return QL_OK;
}

QlStatus rt_plan_sketch(QlContext *ctx, PlanSketch *sketch, QlError *error) {
  *sketch = (PlanSketch){.live = 0};
  Planner planner = {.error = error, .shares = true, .explains = true};
  QlStatus status = make(ctx, &planner, &sketch->plan);
  for (int k = 0; !status && k < ctx->log.count; k++) {
    sketch->live += planner.statements[k].live;
    sketch->inlined += planner.statements[k].live && planner.statements[k].inlined;
  }
  ql_pool_clear(&ctx->planning);
  return status;
}

void rt_plan_discard(QlContext *ctx, PlanSketch *sketch) { release(ctx, &sketch->plan); }

/* Templates may have learnt of deeper ghosts since, for which the blocks that it allocates have no
 * room. */
bool plan_is_current(const Plan *plan) {
  for (int k = 0; k < plan->slot_count; k++) {
    const PlanSlot *slot = &plan->slots[k];
    const Template *template = slot->allocate && slot->layout ? slot->layout->template : NULL;
    for (int a = 0; template && a < slot->ndim; a++)
      for (int side = 0; side < 2; side++)
        if (template->margin[a][side] > slot->geometry.margin[a][side]) return false;
  }
  return true;
}

static bool same_words(const int64_t *a, int64_t a_count, const int64_t *b, int64_t b_count) {
  return a_count == b_count && !memcmp(a, b, (size_t)a_count * sizeof *a);
}

Plan *rt_plan_find(const QlContext *ctx) {
  const PlanKey *key = &ctx->key;
  const Log *log = &ctx->log;
  Plan *plan = ctx->plans[key->hash % PLAN_BUCKETS];
  while (plan && !(plan->hash == key->hash &&
                   same_words(plan->log_words, plan->log_word_count, log->words, log->word_count) &&
                   same_words(plan->key_words, plan->key_word_count, key->words, key->count) &&
                   plan_is_current(plan)))
    plan = plan->next;
  return plan;
}

/* What planning must give on all nodes alike: everything but boxes, addresses and messages. */
uint64_t rt_plan_skeleton(const Plan *plan) {
  uint64_t hash = ql_mix((uint64_t)plan->slot_count, (uint64_t)plan->group_count);
  for (int k = 0; k < plan->slot_count; k++) {
    const PlanSlot *slot = &plan->slots[k];
    const Template *template = slot->layout ? slot->layout->template : NULL;
    hash = ql_mix(hash, slot->dtype | (uint64_t)slot->ndim << 8 | (uint64_t)slot->allocate << 16 |
                            (uint64_t)slot->renew << 17 | (uint64_t)slot->is_copy << 18);
    if (slot->is_copy)
      hash = ql_mix(hash, (uint64_t)slot->copied << 32 | (uint64_t)(slot->number + 1));
    if (slot->reading) hash = ql_mix(hash, slot->reading->hash);
    hash = ql_hash_bytes(hash, slot->shape, slot->ndim * sizeof *slot->shape);
    hash = ql_mix(hash, template ? template->id : 0);
  }
  for (int g = 0; g < plan->group_count; g++) {
    const PlanGroup *group = &plan->groups[g];
    hash = ql_mix(hash, group->kind | (uint64_t)group->replicated << 8 |
                            (uint64_t)(group->exchange != NULL) << 9 | (uint64_t)group->rank << 16);
    hash = ql_mix(hash, (uint64_t)group->statement << 32 | (uint64_t)group->store_count << 16 |
                            (uint64_t)group->term_count << 8 | (uint64_t)(group->reduce_axis + 1));
    for (int o = 0; o < group->store_count; o++)
      hash = ql_mix(hash, (uint64_t)group->operands[o].slot);
  }
  uint64_t steps = 0; /* nodes may compute several groups as one step, and post earlier */
  for (int s = 0; s < plan->step_count; s++)
    if (plan->groups[plan->steps[s].group].exchange && plan->steps[s].kind < STEP_GROUP &&
        plan->steps[s].kind != STEP_INTERIOR)
      steps += ql_mix(plan->steps[s].kind, (uint64_t)plan->steps[s].group);
  return ql_mix(hash, steps);
}
