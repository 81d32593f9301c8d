/* Out of memory on one rank: the n-th allocation of a flush fails there, for every n until none is
 * left to fail. All ranks raise the same error, or none does and the values are right; nobody waits
 * for another; and what follows is computed as if nothing had been. The linker routes the
 * allocations here, those from pools too: what a pool has kept fails as well. What happens after
 * the first store, or within a gather of messages, ends the job and is left out. */
#include "runtime.h"

#include "../check.h"

#include <stdlib.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_ql_pool_get(QlPool *pool, size_t bytes);
void __real_rt_plan_run(QlContext *ctx, const Plan *plan);
QlStatus __real_jit_open(const JitOptions *options, Jit **jit, QlError *error);
QlStatus __real_comm_allgather(Comm *comm, const void *mine, int64_t size, char **all,
                               int64_t **offset, QlError *error);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_ql_pool_get(QlPool *pool, size_t bytes);
void __wrap_rt_plan_run(QlContext *ctx, const Plan *plan);
QlStatus __wrap_jit_open(const JitOptions *options, Jit **jit, QlError *error);
QlStatus __wrap_comm_allgather(Comm *comm, const void *mine, int64_t size, char **all,
                               int64_t **offset, QlError *error);

static long countdown; /* the allocation that fails; 0: none. With the job, the tests' only state */
static QlContext *ctx;
static bool opens_here = true; /* else the compiler cannot be opened */

static bool fails(void) { return countdown > 0 && --countdown == 0; }

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
  long saved = countdown;
  countdown = 0;
  __real_rt_plan_run(context, plan);
  countdown = saved;
}

QlStatus __wrap_comm_allgather(Comm *comm, const void *mine, int64_t size, char **all,
                               int64_t **offset, QlError *error) {
  long saved = countdown;
  countdown = 0;
  QlStatus status = __real_comm_allgather(comm, mine, size, all, offset, error);
  countdown = saved;
  return status;
}

enum { COLUMNS = 6, ROWS = 300, ROUNDS = 3000 };

/* Is the word the same on all ranks? */
static bool same_everywhere(uint64_t word) {
  CommVerdict verdict;
  comm_agree(ctx->comm, &(CommWord){.state = word}, &verdict);
  return verdict.same_state;
}

/* Does some rank say so? */
static bool anywhere(bool here) {
  CommVerdict verdict;
  comm_agree(ctx->comm, &(CommWord){.status = here}, &verdict);
  return verdict.status != 0;
}

/* What a round works with; the shapes change from round to round, so that the plan is a new one. */
typedef struct Round {
  int64_t rows;
  QlArray *u, *v, *twice, *sum;
} Round;

static void release(Round *r) {
  ql_release(r->u), ql_release(r->v), ql_release(r->twice), ql_release(r->sum);
}

static void make(Round *r) {
  int64_t shape[] = {r->rows, COLUMNS};
  CHECK_INT_EQ(ql_ramp(ctx, QL_F64, 2, shape, 0, ql_f64(0), ql_f64(1), &r->u, NULL), QL_OK);
  CHECK_INT_EQ(ql_full(ctx, QL_F64, 2, shape, ql_f64(0), &r->v, NULL), QL_OK);
}

/* v[1:-1] = u[:-2] + u[2:]; twice = u + u; sum = u.sum() */
static void record(Round *r) {
  int64_t shape[] = {r->rows - 2, COLUMNS}, strides[] = {COLUMNS, 1};
  QlArray *above, *below, *inner, *sum;
  CHECK_INT_EQ(ql_view(r->u, 2, shape, strides, 0, &above, NULL), QL_OK);
  CHECK_INT_EQ(ql_view(r->u, 2, shape, strides, 2 * COLUMNS, &below, NULL), QL_OK);
  CHECK_INT_EQ(ql_view(r->v, 2, shape, strides, COLUMNS, &inner, NULL), QL_OK);
  QlOperand in[] = {{.array = above}, {.array = below}},
            twice[] = {{.array = r->u}, {.array = r->u}};
  CHECK_INT_EQ(ql_ufunc(ctx, QL_OP_ADD, 2, in, NULL, NULL, QL_DTYPE_NONE, &sum, NULL), QL_OK);
  CHECK_INT_EQ(ql_assign(ctx, inner, &(QlOperand){.array = sum}, NULL), QL_OK);
  CHECK_INT_EQ(ql_ufunc(ctx, QL_OP_ADD, 2, twice, NULL, NULL, QL_DTYPE_NONE, &r->twice, NULL),
               QL_OK);
  CHECK_INT_EQ(ql_reduce(ctx, QL_REDUCE_SUM, r->u, 3, false, QL_DTYPE_NONE, NULL, &r->sum, NULL),
               QL_OK);
  ql_release(above), ql_release(below), ql_release(inner), ql_release(sum);
}

static void compare(const Round *r) {
  static double host[ROWS + ROUNDS][COLUMNS];
  QlScalar sum;
  int wrong = 0;
  CHECK_INT_EQ(ql_gather(r->v, -1, host, NULL), QL_OK);
  for (int64_t i = 0; i < r->rows; i++)
    for (int j = 0; j < COLUMNS; j++)
      wrong += host[i][j] != (i && i < r->rows - 1 ? 2.0 * (double)i : 0);
  CHECK_INT_EQ(ql_gather(r->twice, -1, host, NULL), QL_OK);
  for (int64_t i = 0; i < r->rows; i++)
    for (int j = 0; j < COLUMNS; j++) wrong += host[i][j] != 2.0 * (double)i;
  CHECK_INT_EQ(wrong, 0);
  CHECK_INT_EQ(ql_item(r->sum, &sum, NULL), QL_OK);
  CHECK(sum.value.d == 3.0 * (double)(r->rows * (r->rows - 1)));
}

/* One round; `other` is dropped before the flush by rank 0 and behind it by the others. True:
 * something failed. */
static bool attempt(int number, int rank, QlArray *other) {
  Round r = {.rows = ROWS + number}, again = {.rows = ROWS + number};
  QlError error = {0};
  make(&r);
  CHECK_INT_EQ(ql_flush(ctx, NULL), QL_OK);
  record(&r);
  if (ctx->info->rank == 0) ql_release(other);
  if (ctx->info->rank == rank) countdown = number;
  QlStatus status = ql_flush(ctx, &error);
  bool failed = anywhere(ctx->info->rank == rank && countdown == 0);
  countdown = 0;
  if (ctx->info->rank != 0) ql_release(other);
  CHECK(same_everywhere(status));
  CHECK(status == QL_OK || (failed && status == QL_ERR_MEMORY));
  CHECK(!status == !*error.text);
  if (!status) compare(&r);
  release(&r);
  make(&again), record(&again), compare(&again), release(&again);
  return failed;
}

static void fails_on(int rank) {
  bool failed = true;
  for (int number = 1; failed && number < ROUNDS; number++) {
    QlArray *other;
    CHECK_INT_EQ(ql_full(ctx, QL_F64, 2, (int64_t[]){ROWS, number}, ql_f64(3), &other, NULL),
                 QL_OK);
    CHECK_INT_EQ(ql_flush(ctx, NULL), QL_OK);
    failed = attempt(number, rank, other);
    CHECK(failed || number > 60);
  }
  CHECK(!failed);
}

static void on_the_first_rank(void) { fails_on(0); }
static void on_the_last_rank(void) { fails_on(ctx->info->size - 1); }

/* A context that one rank cannot open is opened by none. In a job of its own: MPI ends with it. */
static void opening(void) {
  const char *rank = getenv("OMPI_COMM_WORLD_RANK");
  QlError error = {0};
  opens_here = !rank || strcmp(rank, "1") != 0;
  CHECK_INT_EQ(ql_open(NULL, &ctx, &error), QL_ERR_MEMORY);
  CHECK(strstr(error.text, "no compiler here"));
}

int main(int argc, char **argv) {
  static const CheckTest tests[] = {CHECK_TEST(on_the_first_rank), CHECK_TEST(on_the_last_rank)},
                         alone[] = {CHECK_TEST(opening)};
  QlError error = {0};
  if (argc > 1 && !strcmp(argv[1], alone->name)) return check_run(alone, 1, argc, argv);
  if (ql_open(NULL, &ctx, &error)) {
    fprintf(stderr, "%s\n", error.text);
    return 1;
  }
  int status = check_run(tests, sizeof tests / sizeof *tests, argc, argv);
  ql_close(ctx);
  return status;
}
