/* The context: everything that lives from ql_open to ql_close. */
#include "runtime.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

static int interrupted(void *data) {
  QlContext *ctx = data;
  if (rt_stops(ctx)) return 1;
  if (!ctx->options.interrupted || !ctx->options.interrupted(ctx->options.data)) return 0;
  if (ctx->info && ctx->info->size == 1) atomic_store(&ctx->stop, true);
  return 1;
}

static void where(void *data, char *text, size_t size) {
  QlContext *ctx = data;
  rt_describe(ctx, ctx->options.where ? ctx->options.where(ctx->options.data) : rt_source(ctx),
              text, size);
}

static void away(void *data, bool leaves) { rt_away(data, leaves); }

char *rt_find_cache_folder(const QlParams *params) {
  char *folder = NULL;
  const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
  if (!strcmp(params->cache, "off")) return NULL;
  if (*params->cache) return strdup(params->cache);
  if (base && *base) return asprintf(&folder, "%s/quelea", base) < 0 ? NULL : folder;
  if (home && *home) return asprintf(&folder, "%s/.cache/quelea", home) < 0 ? NULL : folder;
  return NULL;
}

/* Collective. Rank 0's on all ranks: cores of one machine may differ, plans may not. */
static QlStatus agree_on_caches(QlContext *ctx, QlError *error) {
  const QlParams *given = &ctx->params;
  QlCaches caches = {0}; /* and 0 for what others give */
  if (!ctx->info->rank) {
    caches = ql_caches();
    if (given->front_bytes) caches.front = given->front_bytes;
    if (given->near_bytes) caches.near = given->near_bytes;
    if (given->stream_bytes) caches.all = given->stream_bytes;
  }
  uint64_t value[2] = {(uint64_t)caches.front, (uint64_t)caches.near},
           more[2] = {(uint64_t)caches.all, 0};
  if (!ctx->info->rank) more[1] = (uint64_t)ctx->info->cores;
  QL_TRY(rt_agree_value(ctx, value, error));
  QL_TRY(rt_agree_value(ctx, more, error));
  ctx->front_bytes = (int64_t)value[0], ctx->near_bytes = (int64_t)value[1];
  ctx->stream_bytes = (int64_t)more[0], ctx->cores = (int)more[1];
  return QL_OK;
}

/* "alloc:3@1" is the third allocation, on rank 1. */
static int64_t fault_of(const QlParams *params, const char *kind, int rank) {
  size_t length = strlen(kind);
  long long nth = 0;
  int on = -1;
  if (strncmp(params->fault, kind, length) || params->fault[length] != ':') return 0;
  if (sscanf(params->fault + length + 1, "%lld@%d", &nth, &on) < 1) return 0;
  return on < 0 || on == rank ? nth : 0;
}

/* Is it among the words before a file? */
static bool traces(const QlParams *params, const char *what) {
  const char *file = strstr(params->trace, "file:"), *word = strstr(params->trace, what);
  if (!word) word = strstr(params->trace, "all");
  return word && (!file || word < file);
}

void ql_note_process(void) { comm_note_process(); }
int ql_launched_rank(void) { return comm_launched_rank(); }

QlStatus ql_open(const QlOptions *options, QlContext **context, QlError *error) {
  QlError local = {0};
  if (!error) error = &local;
  QlContext *ctx = calloc(1, sizeof *ctx);
  QlParams params = {0};
  QlError failure = {0};
  if (!ctx) ql_fail(&failure, QL_ERR_MEMORY, "out of memory for a context");
  (void)ql_params_read(&params, &failure);
  CommOptions comm = {.params = ctx ? &ctx->params : &params,
                      .mpi_comm = options ? options->mpi_comm : NULL,
                      .data = ctx,
                      .failure = failure.status ? &failure : NULL};
  if (ctx) {
    if (options) ctx->options = *options;
    ctx->params = params;
    ctx->log.epoch = 1;
    ctx->live_objects = 1; /* the open context itself */
    comm.interrupted = interrupted, comm.where = where, comm.away = away;
  }
  Comm *opened = NULL;
  QlStatus status = comm_open(&comm, &opened, error);
  if (status) {
    free(ctx);
    return status;
  }
  ctx->comm = opened;
  ctx->info = comm_info(ctx->comm);
  ctx->copies.most = ctx->params.keep ? ctx->params.keep : comm_arena_bytes(ctx->comm) / 8;
  ctx->cache_folder = rt_find_cache_folder(&ctx->params);
  ctx->heap.fail_at = fault_of(&ctx->params, "alloc", ctx->info->rank);
  ctx->trace_flush = traces(&ctx->params, "flush"), ctx->trace_plan = traces(&ctx->params, "plan");
  ctx->strict = ctx->params.strict;
  JitOptions jit = {.cache_folder = ctx->cache_folder,
                    .cache_bytes = ctx->params.cache_bytes,
                    .fastmath = ctx->params.fastmath,
                    .verify = ctx->params.check,
                    .fail_compile = fault_of(&ctx->params, "compile", ctx->info->rank)};
  status = jit_open(&jit, &ctx->jit, error);
  if (!status) status = rt_blas_open(error);
  bool to_file = strstr(ctx->params.trace, "file:") != NULL;
  if (!status && (ctx->params.profile || *ctx->params.profile_file || to_file))
    status = rt_profile_new(ctx, to_file, error);
  if (!status) status = rt_team_new(ctx, error);
  if ((status = rt_agree_status(ctx, status, error))) {
    ql_close(ctx);
    return status;
  }
  if ((status = agree_on_caches(ctx, error))) {
    ql_close(ctx);
    return status;
  }
  rt_profile_start(ctx);
  *context = ctx;
  return QL_OK;
}

void ql_close(QlContext *ctx) {
  if (!ctx || ctx->closed) return;
  rt_team_free(ctx);
  rt_profile_free(ctx);
  rt_log_clear(ctx);
  for (Storage *s = ctx->dropped; s; s = s->next_dropped) s->dead = true;
  for (int k = 0; k < ctx->unmatched_count; k++) ctx->unmatched[k]->dead = true;
  rt_drops_bury(ctx);
  free(ctx->unmatched);
  rt_elements_close(ctx);
  rt_plan_drop_all(ctx);
  rt_layout_release(ctx, ctx->replicated);
  rt_nest_close(ctx);
  rt_transforms_close(ctx);
  jit_close(ctx->jit);
  rt_templates_close(ctx);
  for (QlArray *a = ctx->free_arrays, *next; a; a = next) next = *(QlArray **)a, free(a);
  for (Storage *s = ctx->free_storages, *next; s; s = next) next = *(Storage **)s, free(s);
  free(ctx->heap.ranges), free(ctx->heap.backed), free(ctx->log.statements), free(ctx->log.words),
      free(ctx->log.scalars), free(ctx->log.slots);
  ql_pool_free(&ctx->planning), ql_pool_free(&ctx->building);
  rt_copies_close(ctx);
  rt_blocks_close(ctx);
  free(ctx->remarks.lines), free(ctx->cache_folder);
  ctx->closed = true;
  if (ctx->exports) ctx->kept = comm_arena_keep(ctx->comm);
  comm_close(ctx->comm);
  rt_context_unlink(ctx);
}

void ql_forked(QlContext *ctx) {
  if (!ctx->closed) comm_forked(ctx->comm);
}

void ql_abort(QlContext *ctx, int status, const char *message) {
  comm_end(ctx->comm, status, "%s", message);
}

QlInfo ql_info(const QlContext *ctx) {
  const CommInfo *info = ctx->info;
  return (QlInfo){.rank = info->rank,
                  .size = info->size,
                  .node = info->node,
                  .node_count = info->node_count,
                  .threads = info->threads,
                  .workers = info->workers,
                  .memory_budget = comm_arena_bytes(ctx->comm),
                  .replicated_size = rt_replicated_size(ctx),
                  .host = info->host,
                  .comm = info->text,
                  .target = jit_target(ctx->jit),
                  .cache_folder = ctx->cache_folder};
}

void ql_mpi(bool built, char *text, size_t size) { comm_mpi(built, text, size); }

QlCounters ql_counters(const QlContext *ctx) {
  QlCounters counters = ctx->counters;
  JitCounters jit = jit_counters(ctx->jit);
  counters.kernels_compiled = jit.compiled, counters.kernels_from_disk = jit.from_disk;
  counters.arena_bytes = ctx->heap.used, counters.arena_peak_bytes = ctx->heap.peak;
  counters.kept_copies_bytes = ctx->copies.bytes;
  CommCounters comm = comm_counters(ctx->comm);
  counters.agreements = comm.agreements;
  counters.messages = comm.messages, counters.message_bytes = comm.bytes;
  counters.objects = ctx->live_objects - 2 * ctx->element_count; /* handles and storages */
  counters.templates = ctx->template_count;
  counters.plans = ctx->plan_count, counters.plan_bytes = rt_plan_bytes(ctx);
  return counters;
}

void ql_at(QlContext *ctx, QlSource source) { ctx->source = source, ctx->source_is_late = false; }
void ql_at_caller(QlContext *ctx) { ctx->source_is_late = true; }

void ql_set_patient(QlContext *ctx, bool patient) { ctx->log.patient = patient; }

void ql_set_strict(QlContext *ctx, bool strict) {
  if (ctx->strict != strict) rt_history_call(ctx, EVENT_STRICT, strict);
  ctx->strict = strict;
}
