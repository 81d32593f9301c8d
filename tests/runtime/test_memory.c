/* Out of memory on one rank: the n-th allocation of a flush fails there, for every n until none is
 * left to fail. All ranks raise the same error, or none does and the values are right; nobody waits
 * for another; the ranks know the same numbers afterwards; and what follows is computed as if
 * nothing had been. From the first store on nothing is allocated, so that nothing can fail. */
#include "memory.h"

#include <math.h>

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

int main(int argc, char **argv) {
  static const CheckTest tests[] = {CHECK_TEST(on_the_first_rank),
                                    CHECK_TEST(on_the_last_rank),
                                    CHECK_TEST(along_axes),
                                    CHECK_TEST(moves_on_the_first_rank),
                                    CHECK_TEST(moves_on_the_last_rank),
                                    CHECK_TEST(exchanges),
                                    CHECK_TEST(nothing_is_allocated_behind_the_first_store)};
  return run_tests(tests, sizeof tests / sizeof *tests, argc, argv);
}
