/* What debug builds (QUELEA_CANARIES) do so that a mistake in memory shows: sanitizers see neither
 * the arena nor compiled code.
 *
 * Canaries. Memory that nobody has written holds signalling NaNs, or 0xa5 where the dtype has none:
 * fresh blocks, copies and temporaries of a plan, the margins of a block as soon as a store makes
 * its ghosts invalid, and copies of remote elements as soon as their array is stored.
 *
 * Guards. A block ends where a page ends, and the next page cannot be touched; nor can the one
 * before it, nor any memory of the arena that is free:
 *
 *     | no access | slack   | the block's bytes | no access |
 *                 ^ page    ^ data              ^ page
 *
 * The slack holds 0xa5, and is looked at when the block goes. Each rank protects its own mapping of
 * the arena, in the same order.
 *
 * All calls are compiled in every build, and made where QUELEA_CANARIES is 1. */
#include "runtime.h"

#include <assert.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SLACK = 0xa5, FRESH_CELL = COMM_EXTRA_CELLS - 1 };

/* ---- canaries ---- */

static uint64_t pattern(QlDtype dtype) {
  switch ((QlDtype)ql_dtype_info[dtype].part) {
    case QL_F16: return 0x7d5e7d5e7d5e7d5e;
    case QL_F32: return 0x7fa5c0de7fa5c0de;
    case QL_F64: return 0x7ff5c0dec0dec0de;
    default: return 0xa5a5a5a5a5a5a5a5;
  }
}

QlValue rt_canary(QlDtype dtype) {
  uint64_t bits = pattern(dtype);
  int unused = 64 - 8 * ql_dtype_info[dtype].size;
  switch ((QlKind)ql_dtype_info[dtype].kind) {
    case QL_KIND_BOOL: return (QlValue){.b = true};
    case QL_KIND_INT: return (QlValue){.i = (int64_t)bits >> unused};
    case QL_KIND_UINT: return (QlValue){.u = bits >> unused};
    default: return (QlValue){.bits = {bits, bits}};
  }
}

static void fill(char *data, int64_t bytes, QlDtype dtype) {
  uint64_t word = pattern(dtype);
  for (; bytes >= (int64_t)sizeof word; data += sizeof word, bytes -= (int64_t)sizeof word)
    memcpy(data, &word, sizeof word);
  memcpy(data, &word, (size_t)bytes);
}

/* Private blocks by their rank, those of the arena by the leader, for whom the others wait. All
 * ranks of the node have left the plans before this one, to which the memory may have belonged. */
void rt_canary_fresh(QlContext *ctx, const Run *run) {
  bool leads = ctx->info->node_rank == 0;
  if (leads && run->staging) fill(run->staging->data, run->staging->bytes, QL_U8);
  for (int k = 0; k < run->plan->slot_count; k++) {
    const PlanSlot *slot = &run->plan->slots[k];
    if (!slot->allocate || slot->follows || slot->place < 0) continue;
    Block *block = run->blocks[slot->place];
    block->watched = true;
    if (!block->private_memory && !leads) continue;
    int64_t slack = rt_guard_slack(block->bytes);
    memset(block->data - slack, SLACK, (size_t)slack);
    fill(block->data, block->bytes, (QlDtype)slot->dtype);
  }
  if (leads)
    comm_publish(ctx->comm, ctx->info->workers + FRESH_CELL, run->base);
  else
    comm_await(ctx->comm, ctx->info->workers + FRESH_CELL, run->base, true);
}

void rt_canary_follow(QlContext *ctx, const Run *run, int group, bool is_main) {
  const CommInfo *info = ctx->info;
  int step = run->plan->groups[group].first_step;
  uint64_t here = step ? run_behind(run, step - 1) : run->base, filled = here + 1;
  bool leads = is_main && info->node_rank == 0, any = false;
  for (int k = 0; k < run->plan->slot_count; k++) {
    const PlanSlot *slot = &run->plan->slots[k];
    if (!slot->allocate || !slot->follows || slot->begins != group) continue;
    for (int x = 0; x < info->workers && step && is_main && !any; x++)
      comm_await(ctx->comm, x, here, true); /* nobody is in a step before this one */
    any = true;
    if (run->blocks[slot->place]->private_memory ? is_main : leads)
      fill(run->data[k], slot->geometry.bytes, (QlDtype)slot->dtype);
  }
  if (!any) return;
  if (leads)
    comm_publish(ctx->comm, info->workers + FRESH_CELL, filled);
  else
    comm_await(ctx->comm, info->workers + FRESH_CELL, filled, is_main);
}

static bool has_margin(const PlanSlot *slot) {
  bool any = false;
  for (int a = 0; a < slot->ndim; a++)
    any |= slot->geometry.margin[a][0] || slot->geometry.margin[a][1];
  return any && slot->geometry.bytes;
}

static void fill_box(const PlanSlot *slot, const Box *box, char *data) {
  const int64_t standing[QL_MAX_DIMS] = {0};
  uint64_t word[2] = {pattern((QlDtype)slot->dtype), pattern((QlDtype)slot->dtype)};
  box_copy(slot->ndim, box, ql_dtype_info[slot->dtype].size, data, &slot->geometry.alloc,
           slot->geometry.stride, (const char *)word, box, standing);
}

static void fill_margins(const QlContext *ctx, const PlanSlot *slot, char *data) {
  Box owned = rt_layout_node(slot->layout, slot->ndim, slot->shape, ctx->info->node),
      rest = slot->geometry.alloc;
  for (int a = 0; a < slot->ndim;
       a++) { /* what lies below and above along an axis, within the axes before it */
    Box side = rest;
    side.hi[a] = owned.lo[a], fill_box(slot, &side, data);
    side = rest;
    side.lo[a] = owned.hi[a], fill_box(slot, &side, data);
    rest.lo[a] = owned.lo[a], rest.hi[a] = owned.hi[a];
  }
}

/* Does the slot hold a copy of what `stored` was before group g? Its place may be another's by now.
 */
static bool is_stale(const Plan *plan, int k, int stored, int g) {
  const PlanSlot *copy = &plan->slots[k];
  if (!copy->is_copy || copy->copied != stored || copy->place < 0 || !copy->geometry.bytes)
    return false;
  if (copy->number < 0 && copy->begins > g) return false;
  for (int j = 0; j < plan->slot_count; j++)
    if (plan->slots[j].place == copy->place && plan->slots[j].follows &&
        plan->slots[j].begins > copy->begins && plan->slots[j].begins <= g)
      return false;
  return true;
}

/* Has a later group, which may have computed beyond, stored the slot by the end of a step? */
static bool is_stored_again(const Plan *plan, int slot, int g, int step) {
  for (int j = g + 1; j < plan->group_count; j++)
    for (int o = 0; o < plan->groups[j].store_count && plan->groups[j].last_step <= step; o++)
      if (plan->groups[j].operands[o].slot == slot) return true;
  return false;
}

/* Others may still read the margins, and the copies, in the step: they are waited for. */
static void spoil(QlContext *ctx, const Run *run, int g, int step) {
  const Plan *plan = run->plan;
  const PlanGroup *group = &plan->groups[g];
  const CommInfo *info = ctx->info;
  bool renews = group->kind == GROUP_MOVE &&
                group->operands[0].slot == group->operands[1].slot; /* valid ghosts move with it */
  if (group->widened) return; /* the margins hold what it has computed */
  for (int o = 0; o < group->store_count && !renews; o++) {
    int k = group->operands[o].slot;
    bool margins = has_margin(&plan->slots[k]) && !is_stored_again(plan, k, g, step);
    bool waits = margins;
    for (int c = plan->log_slots; c < plan->slot_count; c++) waits |= is_stale(plan, c, k, g);
    if (!waits) continue;
    for (int x = 1; x < info->workers; x++) comm_await(ctx->comm, x, run_behind(run, step), true);
    if (margins) fill_margins(ctx, &plan->slots[k], run->data[k]);
    for (int c = plan->log_slots; c < plan->slot_count; c++)
      if (is_stale(plan, c, k, g))
        fill(run->data[c], plan->slots[c].geometry.bytes, (QlDtype)plan->slots[c].dtype);
  }
}

/* Steps are not always in the order of the groups: where a node has nothing to do for a group that
 * others compute within a sweep, its step comes before the sweep, which still reads what the group
 * makes invalid. */
void rt_canary_stored(QlContext *ctx, const Run *run, int step) {
  const Plan *plan = run->plan;
  for (int g = 0, last = -1; g < plan->group_count; g++) {
    last = QL_MAX(last, plan->groups[g].last_step);
    if (last > step) return;
    if (last == step) spoil(ctx, run, g, step);
  }
}

/* ---- guards ---- */

static int64_t pages(int64_t bytes) {
  int64_t page = sysconf(_SC_PAGESIZE);
  return (QL_MAX(bytes, 1) + page - 1) / page * page;
}

int64_t rt_guard_slack(int64_t bytes) { return pages(bytes) - bytes; }
int64_t rt_guard_size(int64_t bytes) { return pages(bytes) + pages(1); }

QlStatus rt_guard_open(QlContext *ctx, int64_t offset, int64_t bytes, QlError *error) {
  if (!mprotect(comm_arena_base(ctx->comm) + offset, (size_t)pages(bytes), PROT_READ | PROT_WRITE))
    return QL_OK;
  return ql_fail(error, QL_ERR_MEMORY, "a block of %lld bytes cannot be guarded", (long long)bytes);
}

void rt_guard_shut(QlContext *ctx, int64_t offset, int64_t bytes) {
  int failed = mprotect(comm_arena_base(ctx->comm) + offset, (size_t)pages(bytes), PROT_NONE);
  assert(!failed), (void)failed;
}

char *rt_guard_private(int64_t bytes) {
  size_t page = (size_t)pages(1), inner = (size_t)pages(bytes);
  char *whole = mmap(NULL, inner + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (whole == MAP_FAILED) return NULL;
  if (!mprotect(whole + page, inner, PROT_READ | PROT_WRITE))
    return whole + page + rt_guard_slack(bytes);
  munmap(whole, inner + 2 * page);
  return NULL;
}

void rt_guard_private_free(char *data, int64_t bytes) {
  size_t page = (size_t)pages(1);
  munmap(data - rt_guard_slack(bytes) - page, (size_t)pages(bytes) + 2 * page);
}

void rt_guard_check(QlContext *ctx, const Block *block) {
  if (!block->watched) return;
  for (int64_t k = 1; k <= rt_guard_slack(block->bytes); k++)
    if ((unsigned char)block->data[-k] != SLACK)
      comm_abort(ctx->comm,
                 "something wrote %lld bytes before the first element of a block of %lld bytes",
                 (long long)k, (long long)block->bytes);
}
