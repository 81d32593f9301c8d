/* The inside of the runtime: the context. A folder is an idea, and has a header of its own:
 *
 *   array/   what exists: storages, partitions, blocks, views      array.h
 *   log/     what was asked for: statements, drops, divergence     log.h
 *   plan/    a log turned into a plan                              plan.h; inside: planner.h
 *   routine/ what statements CALL do                               routine.h
 *   run/     agreeing on a plan, running it, looking at results    run.h
 *
 *   handle (QlArray) ──> storage ──> block                   what the user holds, is, lies in
 *   record ──> log ──> plan (cached) ──> agree ──> execute   what happens to a statement
 *
 * Three index spaces. *Storage* coordinates count elements of an array along its axes. *Template*
 * coordinates are those of the partition; a layout shifts storage coordinates into them. *Domain*
 * coordinates count the points of a statement. All are int64_t; a struct says which it holds. */
#ifndef QUELEA_RUNTIME_H
#define QUELEA_RUNTIME_H

#include "array/array.h"
#include "log/log.h"
#include "plan/plan.h"
#include "run/run.h"

struct QlContext {
  QlOptions options;
  QlParams params;
  Comm *comm;
  const CommInfo *info;
  Jit *jit;
  Team *team;
  Log log;
  Pace pace;
  History history;
  PlanKey key; /* of the log that is being executed */
  NestKernel *nests;
  struct Transform *transforms; /* their tables (routine/transform.c) */
  uint64_t nests_number;
  QlPool planning; /* what lives only while a plan is sought and made, */
  QlPool building; /* and only while one of its kernels is written down */
  Heap heap;
  KeptCopies copies;
  QlSource source;     /* of what is recorded next; rt_source gives it */
  bool source_is_late; /* and asks the front end for it first */
  Storage *dropped;    /* by this rank since the last agreement */
  uint64_t dropped_hash;
  Storage **unmatched;
  int unmatched_count, unmatched_room; /* dropped here, not yet everywhere */
  uint64_t next_id, next_template, plan_clock;
  Template *templates[TEMPLATE_BUCKETS];
  int template_count;
  Layout *replicated; /* of all that is, on the immediate path; NULL: not needed yet */
  ImmediateForm immediate[IMMEDIATE_FORMS];
  ImmediateSpell spell;
  Plan *plans[PLAN_BUCKETS], *forms[PLAN_BUCKETS]; /* by hash, and by form */
  QlPool spare_memory[PLAN_LIMIT / 2];             /* of plans that went */
  int plan_count, spare_count;
  int64_t plan_weight;
  SpareBlocks spare_blocks[SPARE_SIZES];
  QlArray *elements[SPARE_ELEMENTS]; /* spare ones of no axes */
  int element_count;
  QlArray *free_arrays;
  Storage *free_storages; /* linked through their first words */
  atomic_uint asks;       /* QlAsk: of this rank, which the others do not know of yet, */
  double ask_at;          /* and, on rank 0, when it asks for QL_ASK_TIME: microseconds; 0: never */
  unsigned asked;         /* what some rank has asked for by the last agreement, and */
  int64_t agreements;     /* how many there were; */
  int64_t looked_after;   /* of them when the program last looked for that, */
  int looks;              /* so often without another one */
  atomic_bool stop;       /* a signal has come to a lone rank while a plan runs */
  uint64_t progress;      /* the value of every worker's cell when nothing runs, */
  uint64_t waited;        /* which this rank has seen in all of them */
  QlCounters counters;
  struct Profile *profile; /* NULL: nobody asks what takes how long */
  Remarks remarks;
  int64_t front_bytes;  /* of a worker's cache, that the fronts of a sweep may take */
  int64_t near_bytes;   /* of a core's share of the arrays that lie near enough as they are */
  int cores;            /* of a node */
  int64_t stream_bytes; /* results from this size on are stored past the caches; -1: none */
  bool broken;          /* the ranks have diverged: nothing can be agreed any more */
  bool executes;        /* a run is under way: what it calls cannot begin another */
  bool strict, ending, closed, trace_flush, trace_plan;
  bool frugal;          /* memory was lacking: what is planned keeps no copies */
  int64_t exports;      /* of this rank; */
  CommMapping kept;     /* where they lie, from ql_close to the end of the last */
  int64_t live_objects; /* handles, storages and exports; a closed context goes when it reaches 0 */
  char *cache_folder;
};

/* Is there an immediate path? */
static inline bool rt_is_immediate(const QlContext *ctx) { return ctx->params.immediate > 0; }

/* Does this rank have all of the storage, once it is computed, for itself? A process that is alone
 * has; of several ranks each has what is replicated. */
static inline bool rt_is_own(const Storage *storage) {
  return storage->context->info->size == 1 || (storage->layout && !storage->layout->template);
}

/* Where the program is. */
static inline QlSource rt_source(QlContext *ctx) {
  if (ctx->source_is_late) ql_at(ctx, ctx->options.where(ctx->options.data));
  return ctx->source;
}
/* The folder of compiled kernels, malloc'ed; NULL: none. */
char *rt_find_cache_folder(const QlParams *params);

/* Can anything still be agreed? */
static inline QlStatus rt_check_whole(const QlContext *ctx, QlError *error) {
  bool refuses = ctx->broken || ctx->executes || ctx->info->finalised;
  return refuses ? rt_fail_broken(ctx, error) : QL_OK;
}

/* Executes the log first if it is long and a statement has just ended; every recording call begins
 * with it. */
static inline QlStatus rt_log_due(QlContext *ctx, QlError *error) {
  return ctx->log.count ? rt_log_due_now(ctx, error) : rt_check_whole(ctx, error);
}

/* Does a recorded statement name the storage; does one store it? */
static inline bool rt_is_pending(const Storage *storage) {
  return storage->log_epoch == storage->context->log.epoch;
}
static inline bool rt_is_stored(const Storage *storage) {
  return storage->stored_epoch == storage->context->log.epoch;
}

/* Around what takes long on the calling thread (QlOptions.away). */
static inline void rt_away(const QlContext *ctx, bool leaves) {
  if (ctx->options.away) ctx->options.away(ctx->options.data, leaves);
}

static inline bool rt_stops(const QlContext *ctx) {
  return atomic_load_explicit(&ctx->stop, memory_order_relaxed);
}

#endif
