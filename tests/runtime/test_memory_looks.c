/* Out of memory on one rank in what looks at values, and in what lets memory in: as test_memory.c.
 */
#include "memory.h"

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

int main(int argc, char **argv) {
  static const CheckTest tests[] = {
      CHECK_TEST(gathers_to_all), CHECK_TEST(gathers_to_one), CHECK_TEST(gathers_of_parts),
      CHECK_TEST(elements),       CHECK_TEST(snapshots),      CHECK_TEST(fetches),
      CHECK_TEST(sorts),          CHECK_TEST(imports),        CHECK_TEST(shares)};
  return run_tests(tests, sizeof tests / sizeof *tests, argc, argv);
}
