/* Out of memory on one rank: the n-th allocation of a call fails there, for every n until none is
 * left to fail: of a flush, and of all that looks at values or lets memory in. All ranks raise the
 * same error, or none does and the values are right; nobody waits for another; the ranks know the
 * same numbers afterwards; and what follows is computed as if nothing had been. The linker routes
 * the allocations here, those from pools too: what a pool has kept fails as well. From the first
 * store on nothing is allocated, so that nothing can fail. */
#include "runtime.h"

#include "../check.h"

#include <mpi.h>
#include <math.h>
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

static bool fails(void) {
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
  QlArray *u, *v, *twice, *sum, *numbers, *lines;
  bool goes_along; /* axes: then `twice` is u.cumsum(0), `sum` u.argmax(), and that is all */
} Round;

static void release(Round *r) {
  ql_release(r->u), ql_release(r->v), ql_release(r->twice), ql_release(r->sum);
  ql_release(r->numbers), ql_release(r->lines);
}

static void make(Round *r) {
  int64_t shape[] = {r->rows, COLUMNS};
  CHECK_INT_EQ(ql_ramp(ctx, QL_F64, 2, shape, 0, ql_f64(0), ql_f64(1), &r->u, NULL), QL_OK);
  CHECK_INT_EQ(ql_full(ctx, QL_F64, 2, shape, ql_f64(0), &r->v, NULL), QL_OK);
}

/* Philox(key=0) */
static const QlRandom counted = {.generator = QL_GENERATOR_PHILOX,
                                 .taken = 4,
                                 .distribution = QL_RANDOM_INTEGERS,
                                 .width = 64,
                                 .second = {.u = UINT64_MAX}};

/* v[1:-1] = u[:-2] + u[2:]; twice = u + u; numbers at random; columns of u transformed, of a length
 * that is new; sum = u.sum() */
static void record(Round *r) {
  if (r->goes_along) {
    CHECK_INT_EQ(ql_scan(ctx, QL_OP_ADD, r->u, 0, QL_DTYPE_NONE, &r->twice, NULL), QL_OK);
    CHECK_INT_EQ(ql_best(ctx, true, r->u, 3, false, &r->sum, NULL), QL_OK);
    return;
  }
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
  CHECK_INT_EQ(ql_random(ctx, QL_U64, 2, r->u->shape, &counted, &r->numbers, NULL), QL_OK);
  QlTransform transform = {.kind = QL_TRANSFORM_HALF, .length = r->rows, .factor = 1};
  bool on_one;
  CHECK_INT_EQ(ql_transform(ctx, r->u, &transform, &r->lines, &on_one, NULL), QL_OK);
  CHECK_INT_EQ(ql_reduce(ctx, QL_REDUCE_SUM, r->u, 3, false, QL_DTYPE_NONE, NULL, &r->sum, NULL),
               QL_OK);
  ql_release(above), ql_release(below), ql_release(inner), ql_release(sum);
}

/* They are what one worker makes of the whole. */
static void check_numbers(const Round *r) {
  static uint64_t host[(ROWS + ROUNDS) * COLUMNS], want[(ROWS + ROUNDS) * COLUMNS];
  int64_t none = 0, size = r->rows * COLUMNS, stride = sizeof *want;
  char *base = (char *)want;
  QlValue given[] = {[0].u = QL_GENERATOR_PHILOX,
                     [1].u = QL_RANDOM_INTEGERS,
                     [8].u = 4,
                     [11].u = 64,
                     [13].u = UINT64_MAX};
  RoutineShape shape = {&routines[ROUTINE_RANDOM], 1, 1, QL_U64, &size};
  run_random(&shape, &(JitCall){&none, &size, &base, &stride, given});
  CHECK_INT_EQ(ql_gather(r->numbers, -1, host, NULL), QL_OK);
  CHECK(!memcmp(host, want, (size_t)size * sizeof *want));
}

/* The sum of a column first, then what has -rows / 2 in its real part. */
static void check_lines(const Round *r) {
  static double host[ROWS + ROUNDS][COLUMNS][2];
  double n = (double)r->rows, sum = n * (n - 1) / 2;
  int wrong = 0;
  CHECK_INT_EQ(ql_gather(r->lines, -1, host, NULL), QL_OK);
  for (int64_t i = 0; i < r->rows / 2 + 1; i++)
    for (int j = 0; j < COLUMNS; j++)
      wrong += fabs(host[i][j][0] - (i ? -n / 2 : sum)) > 1e-12 * sum || host[i][j][1] < -1e-9;
  CHECK_INT_EQ(wrong, 0);
}

static void compare_along(const Round *r) {
  static double host[ROWS + ROUNDS][COLUMNS];
  QlScalar last;
  int wrong = 0;
  CHECK_INT_EQ(ql_gather(r->twice, -1, host, NULL), QL_OK);
  for (int64_t i = 0; i < r->rows; i++)
    for (int j = 0; j < COLUMNS; j++) wrong += host[i][j] != (double)(i * (i + 1) / 2);
  CHECK_INT_EQ(wrong, 0);
  CHECK_INT_EQ(ql_item(r->sum, &last, NULL), QL_OK);
  CHECK_INT_EQ(last.value.i, (r->rows - 1) * COLUMNS);
}

static void compare(const Round *r) {
  if (r->goes_along) {
    compare_along(r);
    return;
  }
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
  check_numbers(r), check_lines(r);
}

/* One round; `other` is dropped before the flush by rank 0 and behind it by the others. True:
 * something failed. */
static bool attempt(int number, int rank, QlArray *other, bool goes_along) {
  Round r = {.rows = ROWS + number, .goes_along = goes_along}, again = r;
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

static void fails_on(int rank, bool goes_along) {
  bool failed = true;
  for (int number = 1; failed && number < ROUNDS; number++) {
    QlArray *other;
    CHECK_INT_EQ(ql_full(ctx, QL_F64, 2, (int64_t[]){ROWS, number}, ql_f64(3), &other, NULL),
                 QL_OK);
    CHECK_INT_EQ(ql_flush(ctx, NULL), QL_OK);
    failed = attempt(number, rank, other, goes_along);
    CHECK(failed || number > (goes_along ? 30 : 60));
  }
  CHECK(!failed);
}

/* ---- what looks, and what lets in ---- */

enum { LARGE = 1 << 17, TO_ALL = -1, SHAPES = 20000 }; /* elements whose memory enters at once */

typedef struct Looked {
  QlArray *u, *z; /* of float64: row * 1 + 0, and of complex128: u + 2u j */
  int64_t rows;
  QlArray *entered;
} Looked;

static void make_looked(Looked *l) {
  int64_t shape[] = {l->rows, COLUMNS};
  QlScalar unit = {.value = {.z = {1, 2}}, .dtype = QL_C128};
  CHECK_INT_EQ(ql_ramp(ctx, QL_F64, 2, shape, 0, ql_f64(0), ql_f64(1), &l->u, NULL), QL_OK);
  QlOperand in[] = {{.array = l->u}, {.scalar = unit}};
  CHECK_INT_EQ(ql_ufunc(ctx, QL_OP_MULTIPLY, 2, in, NULL, NULL, QL_DTYPE_NONE, &l->z, NULL), QL_OK);
}

/* Rows from the last to the first, every second one, gathered. */
static QlStatus gather_view(QlArray *of, double factor, int64_t rows, int root, QlError *error) {
  static double host[ROWS + SHAPES][COLUMNS];
  int64_t count = (rows + 1) / 2, shape[] = {count, COLUMNS}, stride[] = {-2 * COLUMNS, 1};
  QlArray *view;
  int wrong = 0;
  bool wanted = root < 0 || root == ctx->info->rank;
  long saved = countdown;
  countdown = 0;
  CHECK_INT_EQ(ql_view(of, 2, shape, stride, (rows - 1) * COLUMNS, &view, NULL), QL_OK);
  countdown = saved;
  QlStatus status = ql_gather(view, root, wanted ? host : NULL, error);
  for (int64_t i = 0; i < count && !status && wanted; i++)
    for (int j = 0; j < COLUMNS; j++) wrong += host[i][j] != factor * (double)(rows - 1 - 2 * i);
  CHECK_INT_EQ(wrong, 0);
  ql_release(view);
  return status;
}

static QlStatus gather_part(Looked *l, int root, QlError *error) {
  QlArray *imag;
  long saved = countdown;
  countdown = 0;
  CHECK_INT_EQ(ql_part(l->z, QL_PART_IMAG, &imag, NULL), QL_OK);
  countdown = saved;
  QlStatus status = gather_view(imag, 2, l->rows, root, error);
  ql_release(imag);
  return status;
}

static QlStatus gather_whole(Looked *l, int root, QlError *error) {
  static double host[ROWS + SHAPES][COLUMNS];
  bool wanted = root < 0 || root == ctx->info->rank;
  QlStatus status = ql_gather(l->u, root, wanted ? host : NULL, error);
  for (int64_t i = 0; i < l->rows && !status && wanted; i++) CHECK(host[i][1] == (double)i);
  return status;
}

static QlStatus whole_to_all(Looked *l, QlError *error) { return gather_whole(l, TO_ALL, error); }
static QlStatus whole_to_one(Looked *l, QlError *error) { return gather_whole(l, 0, error); }
static QlStatus view_to_all(Looked *l, QlError *error) {
  return gather_view(l->u, 1, l->rows, TO_ALL, error);
}
static QlStatus view_to_one(Looked *l, QlError *error) {
  return gather_view(l->u, 1, l->rows, ctx->info->size - 1, error);
}
static QlStatus part_to_all(Looked *l, QlError *error) { return gather_part(l, TO_ALL, error); }
static QlStatus part_to_one(Looked *l, QlError *error) { return gather_part(l, 0, error); }

/* Of the last row, which the last node owns. */
static QlStatus element(Looked *l, QlError *error) {
  QlArray *last;
  QlScalar value;
  long saved = countdown;
  countdown = 0;
  CHECK_INT_EQ(ql_view(l->u, 0, NULL, NULL, l->rows * COLUMNS - 1, &last, NULL), QL_OK);
  countdown = saved;
  QlStatus status = ql_item(last, &value, error);
  CHECK(status || value.value.d == (double)(l->rows - 1));
  ql_release(last);
  return status;
}

static QlStatus snapshot(Looked *l, QlError *error) {
  const void *data;
  int64_t stride[QL_MAX_DIMS];
  QlExport *token;
  QlStatus status = ql_export(l->u, &data, stride, &token, error);
  CHECK_INT_EQ(!status && data != NULL, !status && ctx->info->node_count == 1);
  ql_unexport(token);
  return status;
}

/* All elements from the last to the first, of which most lie on other nodes. */
static QlStatus fetch(Looked *l, QlError *error) {
  static double host[(ROWS + SHAPES) * COLUMNS];
  int64_t size = l->rows * COLUMNS;
  QlArray *places, *made;
  QlError local = {0};
  long saved = countdown;
  int wrong = 0;
  countdown = 0;
  CHECK_INT_EQ(ql_ramp(ctx, QL_I64, 1, &size, 0, ql_i64(size - 1), ql_i64(-1), &places, NULL),
               QL_OK);
  CHECK_INT_EQ(ql_astype(ctx, places, QL_F64, QL_ORDER_C, &made, NULL), QL_OK);
  CHECK_INT_EQ(ql_flush(ctx, NULL), QL_OK);
  countdown = saved;
  QlStatus status = rt_fetch(ctx, l->u, places, made, error ? error : &local);
  saved = countdown, countdown = 0;
  if (!status) CHECK_INT_EQ(ql_gather(made, -1, host, NULL), QL_OK);
  for (int64_t k = 0; k < size && !status; k++)
    wrong += host[k] != (double)((size - 1 - k) / COLUMNS);
  CHECK_INT_EQ(wrong, 0);
  ql_release(places), ql_release(made);
  countdown = saved;
  return status;
}

/* All elements as one axis, downwards at first, and where they were. */
static QlStatus sort(Looked *l, QlError *error) {
  static double host[(ROWS + SHAPES) * COLUMNS];
  static int64_t index[(ROWS + SHAPES) * COLUMNS];
  int64_t size = l->rows * COLUMNS, stride = -1;
  QlArray *down, *values = NULL, *indices = NULL;
  long saved = countdown;
  int wrong = 0;
  countdown = 0;
  CHECK_INT_EQ(ql_view(l->u, 1, &size, &stride, size - 1, &down, NULL), QL_OK);
  countdown = saved;
  QlStatus status = ql_sort(ctx, down, &values, &indices, error);
  saved = countdown, countdown = 0;
  if (!status) CHECK_INT_EQ(ql_gather(values, -1, host, NULL), QL_OK);
  if (!status) CHECK_INT_EQ(ql_gather(indices, -1, index, NULL), QL_OK);
  for (int64_t k = 0; k < size && !status; k++)
    wrong += host[k] != (double)(k / COLUMNS) || (size - 1 - index[k]) / COLUMNS != k / COLUMNS;
  CHECK_INT_EQ(wrong, 0);
  ql_release(down), ql_release(values), ql_release(indices);
  countdown = saved;
  return status;
}

static QlStatus enter(Looked *l, QlError *error) {
  static double memory[LARGE + SHAPES];
  int64_t shape[] = {LARGE + l->rows - ROWS};
  for (int64_t i = 0; i < shape[0]; i++) memory[i] = (double)i;
  return ql_import(ctx, QL_F64, 1, shape, memory, NULL, &l->entered, error);
}

static QlStatus share(Looked *l, QlError *error) {
  char *all;
  int64_t size;
  QlStatus status = ql_share(ctx, l, sizeof *l, &all, &size, error);
  if (!status) CHECK_INT_EQ(size, sizeof *l), free(all);
  return status;
}

typedef QlStatus Look(Looked *l, QlError *error);

/* What all ranks must know alike. */
static bool ranks_are_alike(void) {
  uint64_t known[] = {ctx->next_id, ctx->next_template, ctx->history.chain,
                      (uint64_t)ctx->log.count, ctx->heap.colour};
  return same_everywhere(ql_hash_bytes(0, known, sizeof known));
}

/* What is kept for later use, so that it is allocated anew. */
static void forget_spares(void) {
  for (QlArray *a = ctx->free_arrays, *next; a; a = next) next = *(QlArray **)a, free(a);
  for (Storage *s = ctx->free_storages, *next; s; s = next) next = *(Storage **)s, free(s);
  ctx->free_arrays = NULL, ctx->free_storages = NULL;
  if (ctx->log.count) return;
  free(ctx->log.statements), free(ctx->log.words), free(ctx->log.scalars), free(ctx->log.slots);
  ctx->log = (Log){.epoch = ctx->log.epoch};
}

/* Of a shape that is new, and so are its plans; what it is computed by is pending, or not. True:
 * something failed. */
static bool attempt_look(Look *look, int number, int rank, bool pending) {
  static int shapes;
  Looked l = {.rows = ROWS + ++shapes}, again = {.rows = l.rows};
  CHECK(shapes < SHAPES);
  QlError error = {0};
  QlScalar sum;
  QlArray *total;
  make_looked(&l);
  if (!pending) CHECK_INT_EQ(ql_flush(ctx, NULL), QL_OK);
  forget_spares();
  if (ctx->info->rank == rank) countdown = number;
  QlStatus status = look(&l, &error);
  bool failed = anywhere(ctx->info->rank == rank && countdown == 0);
  countdown = 0;
  CHECK(same_everywhere(status));
  CHECK(status == QL_OK || (failed && status == QL_ERR_MEMORY));
  CHECK(!status == !*error.text);
  CHECK(ranks_are_alike());
  ql_release(l.u), ql_release(l.z), ql_release(l.entered);
  make_looked(&again);
  CHECK_INT_EQ(look(&again, NULL), QL_OK);
  QlArray *summed = again.entered ? again.entered : again.u;
  int64_t count = again.entered ? summed->size : again.rows;
  CHECK_INT_EQ(ql_reduce(ctx, QL_REDUCE_SUM, summed, (1u << summed->ndim) - 1, false, QL_DTYPE_NONE,
                         NULL, &total, NULL),
               QL_OK);
  CHECK_INT_EQ(ql_item(total, &sum, NULL), QL_OK);
  CHECK(sum.value.d == 0.5 * (double)(count * (count - 1)) * (again.entered ? 1 : COLUMNS));
  ql_release(total), ql_release(again.u), ql_release(again.z), ql_release(again.entered);
  CHECK(ranks_are_alike());
  return failed;
}

static void look_fails(Look *look) {
  for (int rank = 0; rank < ctx->info->size; rank += QL_MAX(ctx->info->size - 1, 1))
    for (int pending = 0; pending < 2; pending++) {
      bool failed = true;
      int number = 1;
      for (; failed && number < ROUNDS; number++)
        failed = attempt_look(look, number, rank, pending);
      CHECK(!failed && number > pending);
    }
}

static void gathers_to_all(void) { look_fails(whole_to_all), look_fails(view_to_all); }
static void gathers_to_one(void) { look_fails(whole_to_one), look_fails(view_to_one); }
static void gathers_of_parts(void) { look_fails(part_to_all), look_fails(part_to_one); }
static void elements(void) { look_fails(element); }
static void snapshots(void) { look_fails(snapshot); }
static void fetches(void) { look_fails(fetch); }
static void sorts(void) { look_fails(sort); }
static void imports(void) { look_fails(enter); }
static void shares(void) { look_fails(share); }

/* ---- exchanges that travel together ---- */

void comm_messages_close(Comm *comm); /* lets go of what it keeps for exchanges */

enum { FIELDS = 6, FIELD = 400 };

/* Fields of different lengths that have nothing to do with each other: v[1:-1] = u[:-2] + u[2:],
 * and then the same back. True: something failed. */
static bool attempt_fields(int number, int rank) {
  static double host[FIELD + ROUNDS + FIELDS];
  QlArray *u[FIELDS], *v[FIELDS];
  QlError error = {0};
  for (int k = 0; k < FIELDS; k++) {
    int64_t shape[] = {FIELD + number + k};
    CHECK_INT_EQ(ql_ramp(ctx, QL_F64, 1, shape, 0, ql_f64(0), ql_f64(1), &u[k], NULL), QL_OK);
    CHECK_INT_EQ(ql_full(ctx, QL_F64, 1, shape, ql_f64(0), &v[k], NULL), QL_OK);
  }
  CHECK_INT_EQ(ql_flush(ctx, NULL), QL_OK);
  for (int turn = 0; turn < 2; turn++)
    for (int k = 0; k < FIELDS; k++) {
      QlArray *below, *above, *inner, *sum, *from = turn ? v[k] : u[k], *to = turn ? u[k] : v[k];
      int64_t shape[] = {FIELD + number + k - 2}, stride[] = {1};
      CHECK_INT_EQ(ql_view(from, 1, shape, stride, 0, &below, NULL), QL_OK);
      CHECK_INT_EQ(ql_view(from, 1, shape, stride, 2, &above, NULL), QL_OK);
      CHECK_INT_EQ(ql_view(to, 1, shape, stride, 1, &inner, NULL), QL_OK);
      QlOperand in[] = {{.array = below}, {.array = above}};
      CHECK_INT_EQ(ql_ufunc(ctx, QL_OP_ADD, 2, in, NULL, NULL, QL_DTYPE_NONE, &sum, NULL), QL_OK);
      CHECK_INT_EQ(ql_assign(ctx, inner, &(QlOperand){.array = sum}, NULL), QL_OK);
      ql_release(below), ql_release(above), ql_release(inner), ql_release(sum);
    }
  comm_messages_close(ctx->comm);
  if (ctx->info->rank == rank) countdown = number;
  QlStatus status = ql_flush(ctx, &error);
  bool failed = anywhere(ctx->info->rank == rank && countdown == 0);
  countdown = 0;
  CHECK(same_everywhere(status));
  CHECK(status == QL_OK || (failed && status == QL_ERR_MEMORY));
  for (int k = 0; k < FIELDS; k++) {
    int n = FIELD + number + k, wrong = 0;
    if (!status) CHECK_INT_EQ(ql_gather(u[k], -1, host, NULL), QL_OK);
    for (int i = 2; i < n - 2 && !status; i++) wrong += host[i] != 4.0 * i;
    CHECK_INT_EQ(wrong, 0);
    ql_release(u[k]), ql_release(v[k]);
  }
  return failed;
}

static void exchanges(void) {
  bool failed = true;
  int number = 1;
  for (; failed && number < ROUNDS; number++) failed = attempt_fields(number, ctx->info->size - 1);
  CHECK(!failed && number > 60);
  bool apart = ctx->params.time_block == 1; /* else nodes bring most of it together, once */
  if (ctx->info->node_count > 1 && apart) CHECK_INT_EQ(travelled, 4);
}

/* In all that ran before. */
static void nothing_is_allocated_behind_the_first_store(void) { CHECK_INT_EQ(while_storing, 0); }

static void on_the_first_rank(void) { fails_on(0, false); }
static void on_the_last_rank(void) { fails_on(ctx->info->size - 1, false); }
static void along_axes(void) { fails_on(ctx->info->size - 1, true); }

/* ---- plans that move ---- */

enum { PLACES = 1000, WINDOW = 500 };

/* v[k:][:WINDOW] = u[k:][:WINDOW] + u[k + 3:][:WINDOW], k = 0, 1, ...: on one node a plan
 * that is there moves. */
static void record_window(QlArray *v, QlArray *u, int64_t k) {
  int64_t shape[] = {WINDOW}, stride[] = {1};
  QlArray *to, *here, *ahead, *sum;
  CHECK_INT_EQ(ql_view(v, 1, shape, stride, k, &to, NULL), QL_OK);
  CHECK_INT_EQ(ql_view(u, 1, shape, stride, k, &here, NULL), QL_OK);
  CHECK_INT_EQ(ql_view(u, 1, shape, stride, k + 3, &ahead, NULL), QL_OK);
  QlOperand in[] = {{.array = here}, {.array = ahead}};
  CHECK_INT_EQ(ql_ufunc(ctx, QL_OP_ADD, 2, in, NULL, NULL, QL_DTYPE_NONE, &sum, NULL), QL_OK);
  CHECK_INT_EQ(ql_assign(ctx, to, &(QlOperand){.array = sum}, NULL), QL_OK);
  ql_release(to), ql_release(here), ql_release(ahead), ql_release(sum);
}

static void moves_on(int rank) {
  static double want[PLACES + WINDOW], host[PLACES + WINDOW];
  int64_t shape[] = {PLACES + WINDOW};
  QlArray *u, *v;
  CHECK_INT_EQ(ql_ramp(ctx, QL_F64, 1, shape, 0, ql_f64(0), ql_f64(1), &u, NULL), QL_OK);
  CHECK_INT_EQ(ql_full(ctx, QL_F64, 1, shape, ql_f64(0), &v, NULL), QL_OK);
  memset(want, 0, sizeof want);
  bool failed = true;
  for (int k = 0, number = 0; failed && k < PLACES - 3; k++) {
    record_window(v, u, k);
    if (k > 10 && ctx->info->rank == rank) countdown = number + 1;
    number += k > 10;
    QlStatus status = ql_flush(ctx, NULL);
    failed = k <= 10 || anywhere(ctx->info->rank == rank && countdown == 0);
    countdown = 0;
    CHECK(same_everywhere(status));
    CHECK(status == QL_OK || (failed && status == QL_ERR_MEMORY));
    for (int i = k; i < k + WINDOW && !status; i++) want[i] = 2 * i + 3;
  }
  CHECK(!failed);
  CHECK_INT_EQ(ql_gather(v, -1, host, NULL), QL_OK);
  CHECK_INT_EQ(memcmp(host, want, sizeof host), 0);
  ql_release(u), ql_release(v);
}

static void moves_on_the_first_rank(void) { moves_on(0); }
static void moves_on_the_last_rank(void) { moves_on(ctx->info->size - 1); }

/* A context that one rank cannot open is opened by none. In a job of its own: MPI ends with it. */
static void opening(void) {
  const char *rank = getenv("OMPI_COMM_WORLD_RANK");
  QlError error = {0};
  opens_here = !rank || strcmp(rank, "1") != 0;
  CHECK_INT_EQ(ql_open(NULL, &ctx, &error), QL_ERR_MEMORY);
  CHECK(strstr(error.text, "no compiler here"));
}

/* ---- contexts one after another, in an MPI of the test's own ---- */

static int world_rank(void) {
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}

static bool on_any_rank(bool here) {
  int mine = here, any;
  MPI_Allreduce(&mine, &any, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  return any;
}

static bool on_all_ranks(bool here) { return !on_any_rank(!here); }

static bool open_here(QlError *error) { return ql_open(NULL, &ctx, error) == QL_OK; }

/* The n-th allocation of opening a context fails on the last rank: nobody has one, or all have. */
static void openings(void) {
  int size, rank = world_rank();
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  bool failed = true;
  int number = 1, refused = 0;
  for (; failed && number < ROUNDS; number++) {
    QlError error = {0};
    if (rank == size - 1) countdown = number;
    bool opened = open_here(&error);
    failed = on_any_rank(rank == size - 1 && countdown == 0);
    countdown = 0;
    CHECK(opened ? on_all_ranks(opened) : !on_any_rank(opened));
    CHECK(opened || (failed && error.status == QL_ERR_MEMORY && *error.text));
    refused += !opened;
    if (opened) ql_close(ctx);
  }
  CHECK(!failed && refused > 4);
}

/* A parameter that one rank alone cannot read is refused by all. */
static void parameters(void) {
  QlError error = {0};
  if (world_rank() == 0) setenv("QUELEA_FLUSH", "many", 1);
  CHECK(!open_here(&error));
  CHECK_INT_EQ(error.status, QL_ERR_VALUE);
  CHECK(strstr(error.text, "QUELEA_FLUSH='many'"));
  if (world_rank() == 0) unsetenv("QUELEA_FLUSH");
}

/* w = u + u, w.real = u + w, s = w.sum(), by calls that one rank may not have the memory for. */
static QlStatus record_some(QlArray *u, QlArray **s, QlError *error) {
  QlArray *w = NULL, *z = NULL, *real = NULL, *sum = NULL;
  QlOperand twice[] = {{.array = u}, {.array = u}};
  QlStatus status = ql_ufunc(ctx, QL_OP_ADD, 2, twice, NULL, NULL, QL_DTYPE_NONE, &w, error);
  if (!status) status = ql_astype(ctx, w, QL_C128, QL_ORDER_K, &z, error);
  if (!status) status = ql_part(z, QL_PART_REAL, &real, error);
  QlOperand both[] = {{.array = u}, {.array = w}};
  if (!status) status = ql_ufunc(ctx, QL_OP_ADD, 2, both, NULL, NULL, QL_DTYPE_NONE, &sum, error);
  if (!status) status = ql_assign(ctx, real, &(QlOperand){.array = sum}, error);
  if (!status)
    status = ql_reduce(ctx, QL_REDUCE_SUM, real, 1, false, QL_DTYPE_NONE, NULL, s, error);
  ql_release(w), ql_release(z), ql_release(real), ql_release(sum);
  return status;
}

/* What one rank cannot record is recorded by the others: all are told so, and where. The context
 * can be used no more. */
static void recordings(void) {
  int size, rank = world_rank();
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  bool failed = true;
  int number = 1;
  for (; failed && number < ROUNDS; number++) {
    QlError error = {0};
    QlArray *u, *s = NULL;
    QlScalar sum;
    CHECK(open_here(&error));
    CHECK_INT_EQ(ql_ramp(ctx, QL_F64, 1, (int64_t[]){5000}, 0, ql_f64(0), ql_f64(1), &u, NULL),
                 QL_OK);
    CHECK_INT_EQ(ql_flush(ctx, NULL), QL_OK);
    forget_spares();
    ql_at(ctx, (QlSource){"program", number});
    if (rank == size - 1) countdown = number;
    QlStatus status = record_some(u, &s, &error);
    failed = on_any_rank(rank == size - 1 && countdown == 0);
    countdown = 0;
    CHECK(!status || (failed && rank == size - 1 && status == QL_ERR_MEMORY));
    ql_at(ctx, (QlSource){"later", number});
    error = (QlError){0};
    if (!failed) {
      CHECK_INT_EQ(ql_item(s, &sum, NULL), QL_OK);
      CHECK(sum.value.d == 3.0 * 5000 * 4999 / 2);
    } else if (size > 1) {
      char text[100];
      snprintf(text, sizeof text, "rank %d had no memory to record %s, at program:%d:", size - 1,
               "what other ranks have recorded", number);
      CHECK_INT_EQ(s && number % 2 ? ql_item(s, &sum, &error) : ql_flush(ctx, &error),
                   QL_ERR_DIVERGED);
      CHECK(strstr(error.text, text));
      CHECK_INT_EQ(ql_flush(ctx, NULL), QL_ERR_DIVERGED);
    }
    ql_release(s), ql_release(u);
    ql_close(ctx);
  }
  CHECK(!failed && number > 8);
}

/* d = c + c, d[3] = d[2], s = d.sum(), of few elements that each rank has. */
static QlStatus execute_some(QlArray *c, QlArray **s, QlError *error) {
  QlArray *d = NULL, *element = NULL;
  QlOperand twice[] = {{.array = c}, {.array = c}};
  QlStatus status = ql_ufunc(ctx, QL_OP_ADD, 2, twice, NULL, NULL, QL_DTYPE_NONE, &d, error);
  if (!status) status = ql_get_element(d, 2, &element, error);
  if (!status) status = ql_set_element(d, 3, &(QlOperand){.array = element}, error);
  if (!status) status = ql_reduce(ctx, QL_REDUCE_SUM, d, 1, false, QL_DTYPE_NONE, NULL, s, error);
  ql_release(d), ql_release(element);
  return status;
}

/* What one rank has no memory to execute at once it records; the others, who have executed it, are
 * told when they meet. One process executes it then. */
static void executions(void) {
  int size, rank = world_rank();
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  setenv("QUELEA_REPLICATE", "64", 1);
  bool failed = true;
  int number = 1;
  for (; failed && number < ROUNDS; number++) {
    QlError error = {0};
    QlArray *c, *s = NULL;
    QlScalar sum;
    CHECK(open_here(&error));
    CHECK_INT_EQ(ql_ramp(ctx, QL_F64, 1, (int64_t[]){50}, 0, ql_f64(0), ql_f64(1), &c, NULL),
                 QL_OK);
    CHECK_INT_EQ(ql_flush(ctx, NULL), QL_OK);
    forget_spares();
    ql_at(ctx, (QlSource){"program", number});
    if (rank == size - 1) countdown = number;
    QlStatus status = execute_some(c, &s, &error);
    failed = on_any_rank(rank == size - 1 && countdown == 0);
    countdown = 0;
    CHECK(!status || (failed && rank == size - 1 && status == QL_ERR_MEMORY));
    ql_at(ctx, (QlSource){"later", number});
    error = (QlError){0};
    status = ql_flush(ctx, &error);
    CHECK(on_all_ranks(!status) || on_all_ranks(failed && size > 1 && status == QL_ERR_DIVERGED));
    if (status) CHECK(strstr(error.text, "had no memory to record"));
    if (!status && s) {
      CHECK_INT_EQ(ql_item(s, &sum, NULL), QL_OK);
      CHECK(sum.value.d == 2.0 * (50 * 49 / 2 - 1));
    }
    ql_release(s), ql_release(c);
    ql_close(ctx);
  }
  setenv("QUELEA_REPLICATE", "-1", 1);
  CHECK(!failed && number > 5);
}

/* A call that looks at values while it records: all raise the error of the look, or one rank that
 * of its recording and then all that the ranks are not alike. */
static void powers(void) {
  int size, rank = world_rank();
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  bool failed = true;
  int number = 1, apart = 0;
  for (; failed && number < ROUNDS; number++) {
    QlError error = {0};
    QlArray *base, *exponent, *power = NULL;
    QlScalar two = {.value = {.i = 2}, .dtype = QL_I64}, one = {.value = {.i = 1}, .dtype = QL_I64},
             value;
    CHECK(open_here(&error));
    int64_t shape[] = {5000};
    CHECK_INT_EQ(ql_ramp(ctx, QL_I64, 1, shape, 0, two, one, &base, NULL), QL_OK);
    CHECK_INT_EQ(ql_full(ctx, QL_I64, 1, shape, two, &exponent, NULL), QL_OK);
    CHECK_INT_EQ(ql_flush(ctx, NULL), QL_OK);
    forget_spares();
    QlOperand in[] = {{.array = base}, {.array = exponent}};
    if (rank == size - 1) countdown = number;
    QlStatus status = ql_ufunc(ctx, QL_OP_POWER, 2, in, NULL, NULL, QL_DTYPE_NONE, &power, &error);
    bool fails_here = rank == size - 1 && countdown == 0;
    countdown = 0;
    if (status != QL_ERR_DIVERGED) error = (QlError){0};
    QlStatus later = ql_flush(ctx, &error); /* meets those who still look */
    failed = on_any_rank(fails_here);
    if (on_all_ranks(later == QL_OK)) {
      CHECK(on_all_ranks(status == QL_OK) || (failed && on_all_ranks(status == QL_ERR_MEMORY)));
      if (status)
        CHECK_INT_EQ(ql_ufunc(ctx, QL_OP_POWER, 2, in, NULL, NULL, QL_DTYPE_NONE, &power, NULL),
                     QL_OK);
      QlArray *last;
      CHECK_INT_EQ(ql_view(power, 0, NULL, NULL, shape[0] - 1, &last, NULL), QL_OK);
      CHECK_INT_EQ(ql_item(last, &value, NULL), QL_OK);
      CHECK_INT_EQ(value.value.i, 5001 * 5001);
      ql_release(last);
    } else {
      apart++;
      CHECK(failed && size > 1 && later == QL_ERR_DIVERGED);
      CHECK(rank == size - 1 ? status == QL_ERR_MEMORY : !status || status == QL_ERR_DIVERGED);
      CHECK(strstr(error.text, "had no memory to record"));
    }
    ql_release(power), ql_release(base), ql_release(exponent);
    ql_close(ctx);
  }
  CHECK(!failed && number > 30 && (apart > 4 || size == 1));
}

/* Who makes the call again has done the same as the others. */
static void repeated_calls(void) {
  int size, rank = world_rank();
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  bool failed = true;
  CHECK(open_here(NULL));
  for (int number = 1; failed && number < ROUNDS; number++) {
    QlArray *u, *w = NULL;
    QlScalar value;
    CHECK_INT_EQ(
        ql_ramp(ctx, QL_F64, 5, (int64_t[]){5, 4, 3, 2, 9}, 0, ql_f64(0), ql_f64(1), &u, NULL),
        QL_OK);
    CHECK_INT_EQ(ql_flush(ctx, NULL), QL_OK);
    forget_spares();
    QlOperand twice[] = {{.array = u}, {.array = u}};
    if (rank == size - 1) countdown = number;
    QlStatus status = ql_ufunc(ctx, QL_OP_ADD, 2, twice, NULL, NULL, QL_DTYPE_NONE, &w, NULL);
    failed = on_any_rank(rank == size - 1 && countdown == 0);
    countdown = 0;
    CHECK_INT_EQ(status, failed && rank == size - 1 ? QL_ERR_MEMORY : QL_OK);
    if (status)
      CHECK_INT_EQ(ql_ufunc(ctx, QL_OP_ADD, 2, twice, NULL, NULL, QL_DTYPE_NONE, &w, NULL), QL_OK);
    QlArray *last;
    CHECK_INT_EQ(ql_view(w, 0, NULL, NULL, w->size - 1, &last, NULL), QL_OK);
    CHECK_INT_EQ(ql_item(last, &value, NULL), QL_OK);
    CHECK(value.value.d == 8);
    ql_release(u), ql_release(w), ql_release(last);
  }
  CHECK(!failed);
  ql_close(ctx);
}

static int run_again(int argc, char **argv) {
  static const CheckTest tests[] = {CHECK_TEST(openings),   CHECK_TEST(parameters),
                                    CHECK_TEST(recordings), CHECK_TEST(executions),
                                    CHECK_TEST(powers),     CHECK_TEST(repeated_calls)};
  MPI_Init(&argc, &argv);
  int status = check_run(tests, sizeof tests / sizeof *tests, 1, argv);
  MPI_Finalize();
  return status;
}

int main(int argc, char **argv) {
  static const CheckTest tests[] = {CHECK_TEST(on_the_first_rank),
                                    CHECK_TEST(on_the_last_rank),
                                    CHECK_TEST(along_axes),
                                    CHECK_TEST(gathers_to_all),
                                    CHECK_TEST(gathers_to_one),
                                    CHECK_TEST(gathers_of_parts),
                                    CHECK_TEST(elements),
                                    CHECK_TEST(snapshots),
                                    CHECK_TEST(fetches),
                                    CHECK_TEST(sorts),
                                    CHECK_TEST(imports),
                                    CHECK_TEST(shares),
                                    CHECK_TEST(moves_on_the_first_rank),
                                    CHECK_TEST(moves_on_the_last_rank),
                                    CHECK_TEST(exchanges),
                                    CHECK_TEST(nothing_is_allocated_behind_the_first_store)},
                         alone[] = {CHECK_TEST(opening)};
  QlError error = {0};
  if (argc > 1 && !strcmp(argv[1], alone->name)) return check_run(alone, 1, argc, argv);
  if (argc > 1 && !strcmp(argv[1], "contexts")) return run_again(argc, argv);
  if (ql_open(NULL, &ctx, &error)) {
    fprintf(stderr, "%s\n", error.text);
    return 1;
  }
  int status = check_run(tests, sizeof tests / sizeof *tests, argc, argv);
  ql_close(ctx);
  return status;
}
