/* Out of memory on one rank while a context is opened, and while statements are recorded, after
 * which a context may be of no use: contexts one after another, in an MPI of the test's own. */
#include "memory.h"

#include <mpi.h>

/* A context that one rank cannot open is opened by none. In a job of its own: MPI ends with it. */
static void opening(void) {
  const char *rank = getenv("OMPI_COMM_WORLD_RANK");
  QlError error = {0};
  opens_here = !rank || strcmp(rank, "1") != 0;
  CHECK_INT_EQ(ql_open(NULL, &ctx, &error), QL_ERR_MEMORY);
  CHECK(strstr(error.text, "no compiler here"));
}

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

int main(int argc, char **argv) {
  static const CheckTest alone[] = {CHECK_TEST(opening)};
  static const CheckTest tests[] = {CHECK_TEST(openings),   CHECK_TEST(parameters),
                                    CHECK_TEST(recordings), CHECK_TEST(executions),
                                    CHECK_TEST(powers),     CHECK_TEST(repeated_calls)};
  if (argc > 1 && !strcmp(argv[1], alone->name)) return check_run(alone, 1, argc, argv);
  MPI_Init(&argc, &argv);
  int status = check_run(tests, sizeof tests / sizeof *tests, argc, argv);
  MPI_Finalize();
  return status;
}
