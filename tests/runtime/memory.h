/* The n-th allocation of a call fails on one rank: the linker routes the allocations here, those
 * from pools too: what a pool has kept fails as well. */
#ifndef QUELEA_TESTS_MEMORY_H
#define QUELEA_TESTS_MEMORY_H

#include "runtime.h"

#include "../check.h"

#include <stdlib.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_ql_pool_get(QlPool *pool, size_t bytes);
void __real_rt_plan_run(QlContext *ctx, const Plan *plan);
void __real_rt_plan_finish(QlContext *ctx, const Plan *plan);
QlStatus __real_jit_open(const JitOptions *options, Jit **jit, QlError *error);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_ql_pool_get(QlPool *pool, size_t bytes);
void __wrap_rt_plan_run(QlContext *ctx, const Plan *plan);
void __wrap_rt_plan_finish(QlContext *ctx, const Plan *plan);
QlStatus __wrap_jit_open(const JitOptions *options, Jit **jit, QlError *error);

static long countdown; /* the allocation that fails; 0: none. With the job, the tests' only state */
static QlContext *ctx;
static bool opens_here = true; /* else the compiler cannot be opened */
static bool is_storing;        /* a plan runs, or is finished; allocations meanwhile, and */
static long while_storing;
static int travelled; /* exchanges at once, at most */

static inline bool fails(void) {
  while_storing += is_storing;
  return countdown > 0 && --countdown == 0;
}

void *__wrap_malloc(size_t size) { return fails() ? NULL : __real_malloc(size); }
void *__wrap_calloc(size_t count, size_t size) {
  return fails() ? NULL : __real_calloc(count, size);
}
void *__wrap_realloc(void *old, size_t size) { return fails() ? NULL : __real_realloc(old, size); }
void *__wrap_ql_pool_get(QlPool *pool, size_t bytes) {
  return fails() ? NULL : __real_ql_pool_get(pool, bytes);
}

QlStatus __wrap_jit_open(const JitOptions *options, Jit **jit, QlError *error) {
  return opens_here ? __real_jit_open(options, jit, error)
                    : ql_fail(error, QL_ERR_MEMORY, "no compiler here");
}

void __wrap_rt_plan_run(QlContext *context, const Plan *plan) {
  is_storing = true;
  travelled = QL_MAX(travelled, plan->exchanges_at_once);
  __real_rt_plan_run(context, plan);
}

void __wrap_rt_plan_finish(QlContext *context, const Plan *plan) {
  __real_rt_plan_finish(context, plan);
  is_storing = false;
}

enum { COLUMNS = 6, ROWS = 300, ROUNDS = 3000 };

/* Is the word the same on all ranks? */
static inline bool same_everywhere(uint64_t word) {
  CommVerdict verdict;
  CHECK_INT_EQ(rt_history_hear(ctx, NULL), QL_OK);
  comm_agree(ctx->comm, &(CommWord){.state = word}, &verdict);
  return verdict.same_state;
}

/* Does some rank say so? */
static inline bool anywhere(bool here) {
  CommVerdict verdict;
  CHECK_INT_EQ(rt_history_hear(ctx, NULL), QL_OK);
  comm_agree(ctx->comm, &(CommWord){.status = here}, &verdict);
  return verdict.status != 0;
}

/* What is kept for later use, so that it is allocated anew. */
static inline void forget_spares(void) {
  for (QlArray *a = ctx->free_arrays, *next; a; a = next) next = *(QlArray **)a, free(a);
  for (Storage *s = ctx->free_storages, *next; s; s = next) next = *(Storage **)s, free(s);
  ctx->free_arrays = NULL, ctx->free_storages = NULL;
  if (ctx->log.count) return;
  free(ctx->log.statements), free(ctx->log.words), free(ctx->log.scalars), free(ctx->log.slots);
  ctx->log = (Log){.epoch = ctx->log.epoch};
}

/* In one context. */
static inline int run_tests(const CheckTest *tests, int count, int argc, char **argv) {
  QlError error = {0};
  if (ql_open(NULL, &ctx, &error)) {
    fprintf(stderr, "%s\n", error.text);
    return 1;
  }
  int status = check_run(tests, (size_t)count, argc, argv);
  ql_close(ctx);
  return status;
}

#endif
