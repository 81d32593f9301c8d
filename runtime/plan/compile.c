/* The kernels of a plan. Usually all ranks know them all. Where some rank misses one, the ranks of
 * each node tell one another what they miss, in a table in the arena; each kernel is compiled (or
 * read from disk) by one of the ranks that miss it, in turn, so that several are compiled at a
 * time; the others take its object code from the arena.
 *
 *     table    missing[ranks of the node][kernels] | size[kernels]
 *     code     the kernels that more than one rank misses, one behind the other
 *
 * Ranks of a node plan alike, so kernel k is the same on all of them. The steps are separated by
 * agreements, which are barriers too; all ranks of the job make as many. */
#include "planner.h"
#include "run/profile.h"

#include <string.h>

static int64_t padded(int64_t size) { return (size + 63) / 64 * 64; }

/* Gives the kernel to its group. */
static void settle(Plan *plan, PlanKernel *kernel, const JitKernel *known) {
  PlanGroup *group = &plan->groups[kernel->group];
  if (kernel->terms >= 0) group = group->terms[kernel->terms].reducer;
  group->entry = jit_entry(known);
  jit_fn_free(kernel->fn);
  kernel->fn = NULL;
}

QlStatus planner_wants_kernel(Planner *planner, const JitFn *fn, int group, int terms) {
  Plan *plan = planner->plan;
  PlanKernel *made = &plan->kernels[plan->kernel_count];
  *made = (PlanKernel){.group = group, .terms = terms};
  QL_TRY(jit_key(planner->ctx->jit, fn, &made->key, planner->error));
  const JitKernel *known = jit_find(planner->ctx->jit, made->key);
  if (!known && !(made->fn = jit_fn_copy(fn))) return planner_no_memory(planner);
  plan->kernel_count++;
  if (known) settle(plan, made, known);
  return QL_OK;
}

int rt_kernels_missing(const Plan *plan) {
  int missing = 0;
  for (int k = 0; k < plan->kernel_count; k++) missing += plan->kernels[k].fn != NULL;
  return missing;
}

/* ---- together ---- */

typedef struct Fetch {
  QlContext *ctx;
  Plan *plan;
  Block *table, *code; /* in the arena; NULL */
  QlStatus status;     /* of this rank */
  QlError error;
} Fetch;

static char *missing_of(const Fetch *f, int node_rank) {
  return f->table->data + (int64_t)node_rank * f->plan->kernel_count;
}

static int64_t *sizes(const Fetch *f) {
  return (int64_t *)(f->table->data +
                     padded((int64_t)f->ctx->info->node_size * f->plan->kernel_count));
}

/* How many ranks of the node miss the kernel, and which of them compiles it; -1: none. */
static int who_misses(const Fetch *f, int k, int *compiler) {
  int count = 0, seen = 0;
  for (int r = 0; r < f->ctx->info->node_size; r++) count += missing_of(f, r)[k];
  *compiler = -1;
  for (int r = 0; count && r < f->ctx->info->node_size && *compiler < 0; r++)
    if (missing_of(f, r)[k] && seen++ == k % count) *compiler = r;
  return count;
}

/* Where the kernel's code begins, and how much code there is in all. */
static int64_t place_of(const Fetch *f, int kernel, int64_t *total) {
  int64_t at = -1;
  *total = 0;
  for (int k = 0; k < f->plan->kernel_count; k++) {
    int compiler;
    if (k == kernel) at = *total;
    if (who_misses(f, k, &compiler) > 1) *total += padded(sizes(f)[k]);
  }
  return at;
}

static void fail_at(Fetch *f, const PlanKernel *kernel) {
  f->error.source = f->ctx->log.statements[f->plan->groups[kernel->group].statement].source;
}

static QlStatus new_block(Fetch *f, int64_t bytes, Block **block) {
  return rt_block_new(f->ctx, "a kernel needs", &(Block){.bytes = padded(QL_MAX(bytes, 1))}, block,
                      &f->error);
}

/* Groups may share a kernel: it counts where it comes first, and the others then find it. */
static bool is_first(const Plan *plan, int k) {
  for (int j = 0; j < k; j++)
    if (!memcmp(&plan->kernels[j].key, &plan->kernels[k].key, sizeof(JitKey))) return false;
  return true;
}

static void make_table(Fetch *f) {
  int64_t kernels = f->plan->kernel_count;
  int64_t bytes = padded(f->ctx->info->node_size * kernels) + kernels * (int64_t)sizeof(int64_t);
  if ((f->status = new_block(f, bytes, &f->table))) return;
  for (int k = 0; k < kernels; k++)
    missing_of(f, f->ctx->info->node_rank)[k] = f->plan->kernels[k].fn && is_first(f->plan, k);
}

static QlStatus compile_one(Fetch *f, const PlanKernel *kernel, const JitKernel **known) {
  uint64_t began = f->ctx->profile ? profile_ticks() : 0;
  rt_away(f->ctx, true);
  QlStatus status = jit_compile(f->ctx->jit, kernel->fn, kernel->key, known, &f->error);
  rt_away(f->ctx, false);
  if (status) return status;
  const PlanGroup *group = &f->plan->groups[kernel->group];
  if (began) rt_profile_compiled(f->ctx, f->ctx->log.statements[group->statement].source, began);
  return QL_OK;
}

static void compile_mine(Fetch *f) {
  for (int k = 0; k < f->plan->kernel_count && !f->status; k++) {
    PlanKernel *kernel = &f->plan->kernels[k];
    const JitKernel *known;
    const void *bytes;
    size_t size;
    int compiler;
    who_misses(f, k, &compiler);
    if (compiler != f->ctx->info->node_rank) continue;
    if (rt_interrupted(f->ctx))
      f->status = ql_fail(&f->error, QL_ERR_INTERRUPTED, "interrupted");
    else
      f->status = compile_one(f, kernel, &known);
    if (!f->status) f->status = jit_object(known, &bytes, &size);
    if (f->status) {
      fail_at(f, kernel);
      return;
    }
    sizes(f)[k] = (int64_t)size;
  }
}

static void give_mine(Fetch *f) {
  int64_t total;
  place_of(f, -1, &total);
  if ((f->status = new_block(f, total, &f->code))) return;
  for (int k = 0; k < f->plan->kernel_count; k++) {
    const void *bytes;
    size_t size;
    int compiler, count = who_misses(f, k, &compiler);
    if (count < 2 || compiler != f->ctx->info->node_rank) continue;
    jit_object(jit_find(f->ctx->jit, f->plan->kernels[k].key), &bytes, &size);
    memcpy(f->code->data + place_of(f, k, &total), bytes, size);
  }
}

static void take_others(Fetch *f) {
  for (int k = 0; k < f->plan->kernel_count && !f->status; k++) {
    PlanKernel *kernel = &f->plan->kernels[k];
    int64_t total;
    if (!kernel->fn) continue;
    const JitKernel *known = jit_find(f->ctx->jit, kernel->key);
    if (!known) {
      const char *code = f->code->data + place_of(f, k, &total);
      f->status =
          jit_install(f->ctx->jit, kernel->key, code, (size_t)sizes(f)[k], &known, &f->error);
    }
    if (f->status)
      fail_at(f, kernel);
    else
      settle(f->plan, kernel, known);
  }
}

QlStatus rt_kernels_fetch(QlContext *ctx, Plan *plan, QlError *error) {
  static void (*const steps[])(Fetch *) = {make_table, compile_mine, give_mine, take_others};
  Fetch f = {.ctx = ctx, .plan = plan};
  QlStatus status = QL_OK;
  QlPhase before = rt_phase(ctx, QL_PHASE_COMPILE);
  for (size_t s = 0; s < sizeof steps / sizeof *steps && !status; s++) {
    steps[s](&f);
    *error = f.error;
    status = rt_agree_status(ctx, f.status, error);
  }
  (void)rt_phase(ctx, before);
  rt_block_release(ctx, f.code), rt_block_release(ctx, f.table);
  return status;
}
