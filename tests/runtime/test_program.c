/* One program through quelea.h alone, the same on every number of ranks: make, compute, view,
 * assign, reduce, look, fail, release. */
#include "quelea.h"

#include "job.h"

#include <stdlib.h>

enum { ROWS = 37, COLUMNS = 50 };

static QlArray *field(void) {
  QlArray *rows = NULL, *columns = NULL, *sum = NULL;
  int64_t shape[] = {ROWS, COLUMNS};
  CHECK_INT_EQ(ql_ramp(job.ctx, QL_F64, 2, shape, 0, ql_f64(0), ql_f64(1000), &rows, &job.error),
               QL_OK);
  CHECK_INT_EQ(ql_ramp(job.ctx, QL_F64, 2, shape, 1, ql_f64(0), ql_f64(1), &columns, &job.error),
               QL_OK);
  QlOperand in[] = {{.array = rows}, {.array = columns}};
  CHECK_INT_EQ(ql_ufunc(job.ctx, QL_OP_ADD, 2, in, NULL, NULL, QL_DTYPE_NONE, &sum, &job.error),
               QL_OK);
  ql_release(rows), ql_release(columns);
  return sum;
}

static double total(QlArray *array) {
  QlArray *sum;
  QlScalar value = {{0}, QL_F64, false};
  if (!CHECK_INT_EQ(ql_reduce(job.ctx, QL_REDUCE_SUM, array, (1u << array->ndim) - 1, false,
                              QL_DTYPE_NONE, NULL, &sum, &job.error),
                    QL_OK))
    return 0;
  CHECK_INT_EQ(ql_item(sum, &value, &job.error), QL_OK);
  ql_release(sum);
  return value.value.d;
}

static void sums(void) {
  QlArray *u = field();
  double want = 0;
  for (int i = 0; i < ROWS; i++)
    for (int j = 0; j < COLUMNS; j++) want += 1000.0 * i + j;
  CHECK(total(u) == want);
  ql_release(u);
}

/* u[1:] = u[:-1][:, ::-1], as if read first; then everything is gathered. */
static void overlaps(void) {
  QlArray *u = field(), *to, *from;
  static double host[ROWS][COLUMNS];
  int64_t shape[] = {ROWS - 1, COLUMNS};
  CHECK_INT_EQ(ql_view(u, 2, shape, u->strides, COLUMNS, &to, &job.error), QL_OK);
  CHECK_INT_EQ(ql_view(u, 2, shape, (int64_t[]){COLUMNS, -1}, COLUMNS - 1, &from, &job.error),
               QL_OK);
  CHECK_INT_EQ(ql_assign(job.ctx, to, &(QlOperand){.array = from}, &job.error), QL_OK);
  CHECK_INT_EQ(ql_gather(u, -1, host, &job.error), QL_OK);
  int wrong = 0;
  for (int i = 0; i < ROWS; i++)
    for (int j = 0; j < COLUMNS; j++)
      wrong += host[i][j] != (i ? 1000.0 * (i - 1) + (COLUMNS - 1 - j) : j);
  CHECK_INT_EQ(wrong, 0);
  ql_release(to), ql_release(from), ql_release(u);
}

static void transposes_and_imports(void) {
  QlArray *u = field(), *v, *t, *sum;
  static double given[COLUMNS][ROWS], host[COLUMNS][ROWS];
  for (int j = 0; j < COLUMNS; j++)
    for (int i = 0; i < ROWS; i++) given[j][i] = -1000.0 * i;
  int64_t shape[] = {COLUMNS, ROWS};
  CHECK_INT_EQ(ql_import(job.ctx, QL_F64, 2, shape, given, NULL, &v, &job.error), QL_OK);
  CHECK_INT_EQ(ql_view(u, 2, shape, (int64_t[]){1, COLUMNS}, 0, &t, &job.error), QL_OK);
  QlOperand in[] = {{.array = v}, {.array = t}};
  CHECK_INT_EQ(ql_ufunc(job.ctx, QL_OP_ADD, 2, in, NULL, NULL, QL_DTYPE_NONE, &sum, &job.error),
               QL_OK);
  CHECK_INT_EQ(ql_gather(sum, -1, host, &job.error), QL_OK);
  int wrong = 0;
  for (int j = 0; j < COLUMNS; j++)
    for (int i = 0; i < ROWS; i++) wrong += host[j][i] != j;
  CHECK_INT_EQ(wrong, 0);
  ql_release(u), ql_release(v), ql_release(t), ql_release(sum);
}

/* A snapshot keeps its values while the array goes on. */
static void exports(void) {
  QlArray *u = field();
  const void *data;
  int64_t strides[2];
  QlExport *token;
  double before = total(u);
  CHECK_INT_EQ(ql_export(u, &data, strides, &token, &job.error), QL_OK);
  CHECK_INT_EQ(data != NULL, ql_info(job.ctx).node_count == 1);
  CHECK_INT_EQ(ql_assign(job.ctx, u, &(QlOperand){.scalar = ql_f64(-1)}, &job.error), QL_OK);
  CHECK(total(u) == -1.0 * ROWS * COLUMNS);
  CHECK(before != total(u));
  if (data) {
    const double *last =
        (const double *)((const char *)data + (ROWS - 1) * strides[0] + (COLUMNS - 1) * strides[1]);
    CHECK(*last == 1000.0 * (ROWS - 1) + COLUMNS - 1);
  }
  ql_unexport(token);
  ql_release(u);
}

/* Nobody needs to ask for the error, and only the root gives memory. */
static void gathers_to_one_rank(void) {
  QlArray *u = field();
  QlInfo info = ql_info(job.ctx);
  static double host[ROWS][COLUMNS];
  int root = info.size - 1, wrong = 0;
  CHECK_INT_EQ(ql_gather(u, root, info.rank == root ? host : NULL, NULL), QL_OK);
  for (int i = 0; i < ROWS && info.rank == root; i++)
    for (int j = 0; j < COLUMNS; j++) wrong += host[i][j] != 1000.0 * i + j;
  CHECK_INT_EQ(wrong, 0);
  CHECK_INT_EQ(ql_gather(u, info.size, NULL, NULL), QL_ERR_VALUE);
  ql_release(u);
}

static void mistakes_change_nothing(void) {
  QlArray *u = field(), *row, *result = NULL;
  QlScalar value;
  double before = total(u);
  CHECK_INT_EQ(ql_full(job.ctx, QL_F64, 1, (int64_t[]){7}, ql_f64(1), &row, &job.error), QL_OK);
  QlOperand in[] = {{.array = u}, {.array = row}};
  CHECK_INT_EQ(ql_ufunc(job.ctx, QL_OP_ADD, 2, in, NULL, NULL, QL_DTYPE_NONE, &result, &job.error),
               QL_ERR_VALUE);
  CHECK(!result);
  CHECK_INT_EQ(ql_assign(job.ctx, u, &(QlOperand){.array = row}, &job.error), QL_ERR_VALUE);
  CHECK_INT_EQ(ql_item(u, &value, &job.error), QL_ERR_VALUE);
  CHECK_INT_EQ(ql_ramp(job.ctx, QL_F64, 0, NULL, 0, ql_f64(0), ql_f64(1), &result, NULL),
               QL_ERR_VALUE);
  CHECK(total(u) == before);
  ql_release(u), ql_release(row);
}

static void memory_returns(void) {
  int64_t used = 0;
  for (int round = 0; round < 20; round++) {
    QlArray *u = field(), *v = field();
    CHECK(total(u) == total(v));
    ql_release(u), ql_release(v);
    u = field();
    CHECK(total(u) > 0); /* an agreement, after which what was dropped is gone */
    if (round == 5) used = ql_counters(job.ctx).arena_bytes;
    if (round > 5) CHECK_INT_EQ(ql_counters(job.ctx).arena_bytes, used);
    ql_release(u);
  }
}

int main(int argc, char **argv) {
  static const CheckTest tests[] = {CHECK_TEST(sums),
                                    CHECK_TEST(overlaps),
                                    CHECK_TEST(transposes_and_imports),
                                    CHECK_TEST(exports),
                                    CHECK_TEST(gathers_to_one_rank),
                                    CHECK_TEST(mistakes_change_nothing),
                                    CHECK_TEST(memory_returns)};
  return job_run(tests, sizeof tests / sizeof *tests, argc, argv);
}
