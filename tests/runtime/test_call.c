/* Routines as statements, on every number of ranks: the random ones give what one process gives, by
 * parts; one plan serves all states of a generator; elements are taken by their numbers; lines are
 * transformed whole, as each is alone. */
#include "job.h"
#include "lines.h"
#include "runtime.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS = 61, COLUMNS = 47, SIZE = ROWS * COLUMNS };

/* numpy.random.PCG64(7) and Philox(7) */
static const QlRandom pcg = {
    .generator = QL_GENERATOR_PCG64,
    .state = {0x9d0aecc4e7b18891, 0x9ae2415a6b292038, 0xc4751896ce8acebf, 0x66887f5ac070d959},
    .distribution = QL_RANDOM_INTEGERS,
    .width = 64,
    .second = {.u = UINT64_MAX}};
static const QlRandom philox = {.generator = QL_GENERATOR_PHILOX,
                                .state = {0, 0, 0, 0, 0xead0f7017c326e58, 0x879c4f0f97e037a},
                                .taken = 4,
                                .distribution = QL_RANDOM_INTEGERS,
                                .width = 64,
                                .second = {.u = UINT64_MAX}};

static QlRandom reals(QlRandom random, QlDistribution distribution) {
  random.distribution = distribution;
  random.first.d = 2, random.second.d = 3;
  return random;
}

static QlRandom integers(QlRandom random, int width, uint64_t most) {
  random.width = width, random.first.u = 5, random.second.u = most;
  return random;
}

static QlArray *made(QlDtype dtype, int ndim, const int64_t *shape, const QlRandom *random) {
  QlArray *array = NULL;
  CHECK_INT_EQ(ql_random(job.ctx, dtype, ndim, shape, random, &array, &job.error), QL_OK);
  return array;
}

static void get(QlArray *array, void *values) {
  CHECK_INT_EQ(ql_gather(array, -1, values, &job.error), QL_OK);
}

/* The routine over the whole at once: as the only worker there is. */
static void at_once(QlDtype dtype, int64_t size, const QlRandom *random, void *values) {
  QlValue given[16] = {{.u = random->generator}, {.u = random->distribution}};
  int k = 2;
  for (int w = 0; w < QL_RANDOM_STATE; w++) given[k++].u = random->state[w];
  given[k++].u = random->taken, given[k++].u = random->has_half, given[k++].u = random->half;
  given[k++].u = (uint64_t)random->width;
  given[k++] = random->first, given[k] = random->second;
  int64_t none = 0, stride = (int64_t)ql_dtype_size(dtype);
  char *base = values;
  RoutineShape shape = {&routines[ROUTINE_RANDOM], 1, 1, dtype, &size};
  run_random(&shape, &(JitCall){&none, &size, &base, &stride, given});
}

static void check_parts(QlDtype dtype, QlRandom random) {
  static uint64_t got[SIZE], want[SIZE];
  int64_t shape[] = {ROWS, COLUMNS}, deep[] = {1, ROWS, 1, COLUMNS}, line = SIZE;
  size_t bytes = SIZE * ql_dtype_size(dtype);
  for (int half = 0; half < 2; half++) {
    random.has_half = half, random.half = 0xdeadbeef;
    at_once(dtype, SIZE, &random, want);
    QlArray *array[] = {made(dtype, 2, shape, &random), made(dtype, 1, &line, &random),
                        made(dtype, 4, deep, &random)};
    for (int k = 0; k < 3; k++) {
      get(array[k], got);
      if (!CHECK(!memcmp(got, want, bytes)))
        printf("generator %d, distribution %d, width %d, dtype %s, array %d\n", random.generator,
               random.distribution, random.width, ql_dtype_name(dtype), k);
      ql_release(array[k]);
    }
  }
}

static void parts(void) {
  for (int g = 0; g < 2; g++) {
    QlRandom random = g ? philox : pcg;
    for (int d = QL_RANDOM_UNIFORM; d <= QL_RANDOM_EXPONENTIAL; d++) {
      check_parts(QL_F64, reals(random, (QlDistribution)d));
      check_parts(QL_F32, reals(random, (QlDistribution)d));
    }
    check_parts(QL_U64, integers(random, 64, UINT64_MAX));
    check_parts(QL_I64, integers(random, 64, UINT64_C(3) << 61)); /* many are rejected */
    check_parts(QL_I64, integers(random, 32, 1000));
    check_parts(QL_I32, integers(random, 32, UINT32_MAX));
    check_parts(QL_U16, integers(random, 16, 40000));
    check_parts(QL_I8, integers(random, 8, 100));
    random = integers(random, 1, 1), random.first.u = 0;
    check_parts(QL_BOOL, random);
  }
}

/* NumPy's numbers, where a computation of ours could be wrong alike everywhere. */
static void known_numbers(void) {
  static const uint64_t of_pcg[] = {0xa00641a9f1e54a8b, 0xe5afcdbcaf266a95, 0xc693565f940af962};
  static const uint64_t of_philox[] = {0x78046c3e44c57fae, 0x6d17e4bdf94f8ac5, 0x5cec5e6620741a73,
                                       0x3cc339ccc49e4166, 0x23842adb3b9998c3, 0x83118b48f65c3034};
  int64_t three = 3, six = 6, none[] = {4, 0}, all = 1;
  uint64_t got[6];
  QlArray *array = made(QL_U64, 1, &three, &pcg);
  get(array, got);
  CHECK(!memcmp(got, of_pcg, sizeof of_pcg));
  ql_release(array);
  array = made(QL_U64, 1, &six, &philox);
  get(array, got);
  CHECK(!memcmp(got, of_philox, sizeof of_philox));
  ql_release(array);
  array = made(QL_U64, 0, &all, &pcg);
  get(array, got);
  CHECK_INT_EQ(got[0], of_pcg[0]);
  ql_release(array);
  array = made(QL_U64, 2, none, &pcg);
  CHECK_INT_EQ(array->size, 0);
  get(array, got);
  ql_release(array);
}

/* The statements around it see it as any other; one plan serves all states. */
static void among_others(void) {
  static double want[SIZE], got[SIZE], twice[SIZE];
  int64_t shape[] = {ROWS, COLUMNS};
  int64_t plans = 0;
  for (int turn = 0; turn < 6; turn++) {
    QlRandom random = reals(pcg, QL_RANDOM_UNIFORM);
    random.state[1] += (uint64_t)turn;
    at_once(QL_F64, SIZE, &random, want);
    QlArray *array = made(QL_F64, 2, shape, &random), *sum = NULL, *product = NULL;
    QlOperand one[] = {{.array = array}, {.scalar = ql_f64(1)}}, two[] = {{.array = array}, one[0]};
    CHECK_INT_EQ(ql_ufunc(job.ctx, QL_OP_ADD, 2, one, array, NULL, QL_DTYPE_NONE, &sum, &job.error),
                 QL_OK);
    CHECK_INT_EQ(
        ql_ufunc(job.ctx, QL_OP_ADD, 2, two, NULL, NULL, QL_DTYPE_NONE, &product, &job.error),
        QL_OK);
    CHECK_INT_EQ(ql_flush(job.ctx, &job.error), QL_OK);
    get(array, got), get(product, twice);
    int wrong = 0;
    for (int k = 0; k < SIZE; k++) wrong += got[k] != want[k] + 1 || twice[k] != 2 * (want[k] + 1);
    CHECK_INT_EQ(wrong, 0);
    ql_release(sum), ql_release(product), ql_release(array);
    if (turn == 2) plans = ql_counters(job.ctx).plans_made; /* blocks are there now */
  }
  CHECK_INT_EQ(ql_counters(job.ctx).plans_made, plans);
}

/* ---- elements by their numbers ---- */

enum { TAKEN = 211 };

static QlArray *imported(QlDtype dtype, int ndim, const int64_t *shape, const void *data) {
  QlArray *array = NULL;
  CHECK_INT_EQ(ql_import(job.ctx, dtype, ndim, shape, data, NULL, &array, &job.error), QL_OK);
  return array;
}

/* x[i], x[:, j] and x[i, j], of what is stored by the statement before. */
static void taking(void) {
  static int64_t x[ROWS][COLUMNS], i[TAKEN], j[TAKEN], got[TAKEN * ROWS];
  int64_t shape[] = {ROWS, COLUMNS}, count = TAKEN;
  for (int r = 0; r < ROWS; r++)
    for (int c = 0; c < COLUMNS; c++) x[r][c] = 100 * r + c;
  for (int k = 0; k < TAKEN; k++) i[k] = k * 29 % ROWS, j[k] = k * 31 % COLUMNS - COLUMNS;
  QlArray *source = imported(QL_I64, 2, shape, x), *sum = NULL, *taken[3];
  QlArray *index[] = {imported(QL_I64, 1, &count, i), imported(QL_I64, 1, &count, j)};
  QlOperand one[] = {{.array = source}, {.scalar = ql_i64(1)}};
  CHECK_INT_EQ(ql_ufunc(job.ctx, QL_OP_ADD, 2, one, source, NULL, QL_DTYPE_NONE, &sum, &job.error),
               QL_OK);
  QlTake take[] = {
      {source, 1, 1, 0, index}, {source, 2, 1, 1, index + 1}, {source, 3, 2, 0, index}};
  for (int k = 0; k < 3; k++)
    CHECK_INT_EQ(ql_take(job.ctx, &take[k], &taken[k], &job.error), QL_OK);
  int wrong = 0;
  get(taken[0], got);
  for (int k = 0; k < TAKEN * COLUMNS; k++) wrong += got[k] != x[i[k / COLUMNS]][k % COLUMNS] + 1;
  get(taken[1], got);
  for (int k = 0; k < ROWS * TAKEN; k++)
    wrong += got[k] != x[k / TAKEN][j[k % TAKEN] + COLUMNS] + 1;
  get(taken[2], got);
  for (int k = 0; k < TAKEN; k++) wrong += got[k] != x[i[k]][j[k] + COLUMNS] + 1;
  CHECK_INT_EQ(wrong, 0);
  QlArray *none = NULL, *others[] = {source, index[1]};
  QlTake bad[] = {{source, 4, 1, 0, index}, {source, 1, 2, 0, index},  {source, 1, 1, 2, index},
                  {source, 3, 1, 0, index}, {source, 3, 2, 0, others}, {source, 0, 0, 0, index}};
  for (int k = 0; k < 6; k++)
    CHECK_INT_EQ(ql_take(job.ctx, &bad[k], &none, &job.error), QL_ERR_VALUE);
  CHECK(!none);
  for (int k = 0; k < 3; k++) ql_release(taken[k]);
  ql_release(source), ql_release(sum), ql_release(index[0]), ql_release(index[1]);
}

/* Where every seventh element is, and some more; of which worker by worker finds its own. */
static void truths(void) {
  enum { CHUNK = 50, CHUNKS = (SIZE + CHUNK - 1) / CHUNK };
  static bool mask[SIZE];
  static int64_t want[SIZE], got[SIZE], counts[CHUNKS], starts[CHUNKS + 1];
  int64_t size = SIZE, edges = CHUNKS + 1, found = 0, none = 0, wrong = 0;
  for (int64_t k = 0; k < SIZE; k++)
    if ((mask[k] = k % 7 == 3 || (k > 500 && k < 700))) want[found++] = k;
  QlArray *array = imported(QL_BOOL, 1, &size, mask), *counted = NULL, *places = NULL, *bad = NULL;
  CHECK_INT_EQ(ql_count_true(job.ctx, array, CHUNK, &counted, &job.error), QL_OK);
  get(counted, counts);
  for (int c = 0; c < CHUNKS; c++) starts[c + 1] = starts[c] + counts[c];
  CHECK_INT_EQ(starts[CHUNKS], found);
  QlArray *begins = imported(QL_I64, 1, &edges, starts);
  CHECK_INT_EQ(ql_find_true(job.ctx, array, CHUNK, begins, found, &places, &job.error), QL_OK);
  get(places, got);
  for (int64_t k = 0; k < found; k++) wrong += got[k] != want[k];
  CHECK_INT_EQ(wrong, 0);
  CHECK_INT_EQ(ql_find_true(job.ctx, array, 2 * CHUNK, begins, found, &bad, &job.error),
               QL_ERR_VALUE);
  CHECK_INT_EQ(ql_count_true(job.ctx, array, 0, &bad, &job.error), QL_ERR_VALUE);
  CHECK_INT_EQ(ql_count_true(job.ctx, begins, CHUNK, &bad, &job.error), QL_ERR_VALUE);
  ql_release(array), ql_release(counted), ql_release(places), ql_release(begins);
  array = imported(QL_BOOL, 1, &none, mask);
  CHECK_INT_EQ(ql_count_true(job.ctx, array, CHUNK, &counted, &job.error), QL_OK);
  CHECK_INT_EQ(counted->size, 0);
  ql_release(array), ql_release(counted);
}

/* ---- lines ---- */

/* One line, alone. */
static void transform_line(int64_t length, const char *from, int64_t from_stride, char *to,
                           int64_t to_stride) {
  int64_t none = 0;
  FftTables *tables = fft_tables_new(FFT_COMPLEX, false, length);
  void *scratch = malloc((size_t)fft_scratch_bytes(tables));
  fft_lines(tables,
            &(FftBox){.kind = FFT_COMPLEX,
                      .rank = 1,
                      .lo = &none,
                      .hi = &length,
                      .from = from,
                      .from_stride = &from_stride,
                      .to = to,
                      .to_stride = &to_stride,
                      .given = length,
                      .factor = 1},
            scratch);
  free(scratch), fft_tables_free(tables);
}

enum { COMPLEX = 16, ROW = COLUMNS * COMPLEX };

static void transform_rows(const char *from, char *to) {
  for (int64_t r = 0; r < ROWS; r++)
    transform_line(COLUMNS, from + r * ROW, COMPLEX, to + r * ROW, COMPLEX);
}

static void transform_columns(const char *from, char *to) {
  for (int64_t c = 0; c < COLUMNS; c++)
    transform_line(ROWS, from + c * COMPLEX, ROW, to + c * COMPLEX, ROW);
}

static QlArray *transformed(QlArray *source, int axis, bool *on_one) {
  QlTransform transform = {.axis = axis, .length = source->shape[axis], .factor = 1};
  QlArray *array = NULL;
  CHECK_INT_EQ(ql_transform(job.ctx, source, &transform, &array, on_one, &job.error), QL_OK);
  return array;
}

/* Rows, columns, columns of rows, one row and all numbers as one line. */
static void lines(void) {
  static char x[ROWS * ROW], rows[ROWS * ROW], columns[ROWS * ROW], both[ROWS * ROW],
      line[ROWS * ROW], got[ROWS * ROW];
  int64_t shape[] = {ROWS, COLUMNS}, size = SIZE, one[] = {1, COLUMNS}, strides[] = {COLUMNS, 1};
  for (int64_t k = 0; k < 2 * SIZE; k++) ((double *)(void *)x)[k] = (double)(k * k % 1009) - 500;
  transform_rows(x, rows), transform_columns(x, columns), transform_columns(rows, both);
  transform_line(SIZE, x, COMPLEX, line, COMPLEX);
  bool several = job.ctx->info->node_count > 1, on_one[5];
  QlArray *source = imported(QL_C128, 2, shape, x), *flat = imported(QL_C128, 1, &size, x);
  QlArray *row, *array[5];
  CHECK_INT_EQ(ql_view(source, 2, one, strides, 17 * COLUMNS, &row, &job.error), QL_OK);
  array[0] = transformed(source, 1, &on_one[0]), array[1] = transformed(source, 0, &on_one[1]);
  array[2] = transformed(array[0], 0, &on_one[2]), array[3] = transformed(row, 1, &on_one[3]);
  array[4] = transformed(flat, 0, &on_one[4]);
  const char *want[] = {rows, columns, both, rows + (ptrdiff_t)17 * ROW, line};
  for (int k = 0; k < 5; k++) {
    CHECK_INT_EQ(on_one[k], several && k > 2);
    get(array[k], got);
    CHECK(!memcmp(got, want[k], (size_t)array[k]->size * COMPLEX));
    ql_release(array[k]);
  }
  QlArray *none = NULL;
  QlTransform bad[] = {{.axis = 2, .length = 4},
                       {.axis = -1, .length = 4},
                       {.length = 0},
                       {.kind = QL_TRANSFORM_HALF, .length = 4}};
  for (int k = 0; k < 4; k++)
    CHECK_INT_EQ(ql_transform(job.ctx, source, &bad[k], &none, &several, &job.error),
                 k == 3 ? QL_ERR_TYPE : QL_ERR_VALUE);
  CHECK(!none);
  ql_release(source), ql_release(flat), ql_release(row);
}

/* x[i] = v, x[:, j] += w and one for each truth, of what is stored by the statement before: the
 * last of equal places stays, and all of them are added. */
static void scattering(void) {
  static int64_t x[ROWS][COLUMNS], got[SIZE], i[TAKEN], j[TAKEN], v[TAKEN][COLUMNS], some[SIZE];
  static bool mask[SIZE];
  enum { CHUNK = 50, CHUNKS = (SIZE + CHUNK - 1) / CHUNK };
  static int64_t starts[CHUNKS + 1];
  int64_t shape[] = {ROWS, COLUMNS}, turned[] = {COLUMNS, ROWS}, strides[] = {1, COLUMNS},
          count = TAKEN, block[] = {TAKEN, COLUMNS}, size = SIZE, edges = CHUNKS + 1, found = 0;
  for (int k = 0; k < TAKEN; k++) i[k] = k * 29 % ROWS - ROWS, j[k] = k * 31 % (COLUMNS / 2);
  for (int k = 0; k < TAKEN * COLUMNS; k++) v[k / COLUMNS][k % COLUMNS] = 7 * k + 1;
  for (int k = 0; k < SIZE; k++) {
    mask[k] = k % 7 == 3 || (k > 500 && k < 700);
    if (mask[k]) some[found] = -(found + 1), found++;
    if (k % CHUNK == CHUNK - 1) starts[k / CHUNK + 1] = found;
  }
  starts[CHUNKS] = found;
  QlArray *target = NULL, *view = NULL, *column = NULL;
  CHECK_INT_EQ(ql_full(job.ctx, QL_I64, 2, shape, ql_i64(1), &target, &job.error), QL_OK);
  CHECK_INT_EQ(ql_view(target, 2, turned, strides, 0, &view, &job.error), QL_OK);
  QlArray *rows = imported(QL_I64, 1, &count, i), *columns = imported(QL_I64, 1, &count, j),
          *values = imported(QL_I64, 2, block, v), *truths = imported(QL_BOOL, 1, &size, mask),
          *begins = imported(QL_I64, 1, &edges, starts),
          *numbers = imported(QL_I64, 1, &found, some);
  int64_t each[] = {TAKEN, ROWS}, still[] = {COLUMNS, 0}; /* one number for all of a column */
  CHECK_INT_EQ(ql_view(values, 2, each, still, 0, &column, &job.error), QL_OK);
  QlScatter stores = {.target = target, .lead = 1, .places = rows, .values = values},
            adds = {.target = view,
                    .lead = 1,
                    .places = columns,
                    .values = column,
                    .computes = true,
                    .op = QL_OP_ADD};
  QlSpread spread = {target, truths, CHUNK, begins, numbers};
  CHECK_INT_EQ(ql_scatter(job.ctx, &stores, &job.error), QL_OK);
  CHECK_INT_EQ(ql_scatter(job.ctx, &adds, &job.error), QL_OK);
  CHECK_INT_EQ(ql_spread(job.ctx, &spread, &job.error), QL_OK);
  for (int k = 0; k < SIZE; k++) x[k / COLUMNS][k % COLUMNS] = 1;
  for (int k = 0; k < TAKEN; k++) memcpy(x[i[k] + ROWS], v[k], sizeof v[k]);
  for (int k = 0; k < TAKEN; k++)
    for (int r = 0; r < ROWS; r++) x[r][j[k]] += v[k][0];
  int wrong = 0;
  for (int64_t k = 0, n = 0; k < SIZE; k++)
    if (mask[k]) x[k / COLUMNS][k % COLUMNS] = some[n++];
  get(target, got);
  for (int k = 0; k < SIZE; k++) wrong += got[k] != x[k / COLUMNS][k % COLUMNS];
  CHECK_INT_EQ(wrong, 0);
  QlScatter bad[] = {stores, stores, stores, stores, adds};
  bad[0].lead = 0, bad[1].lead = 2, bad[2].places = truths, bad[3].values = column;
  bad[4].values = NULL;
  for (int k = 0; k < 5; k++) CHECK_INT_EQ(ql_scatter(job.ctx, &bad[k], &job.error), QL_ERR_VALUE);
  spread.values = truths;
  CHECK_INT_EQ(ql_spread(job.ctx, &spread, &job.error), QL_ERR_VALUE);
  ql_release(target), ql_release(view), ql_release(column), ql_release(rows), ql_release(columns);
  ql_release(values), ql_release(truths), ql_release(begins), ql_release(numbers);
}

/* Numbers of a column, with weights, in more than one chunk; and in which bin they lie. */
static void counting(void) {
  enum { LONG = 40000, STEP = 3, COUNT = LONG / STEP + 1, BINS = 23 };
  static int64_t numbers[LONG], counts[BINS], got[BINS], bins[LONG];
  static double weights[LONG], sums[BINS], summed[BINS], values[LONG], edges[] = {0, 2, 2, 5, 22.5};
  int64_t size = LONG, count = COUNT, step = STEP, edge_count = 5;
  for (int64_t k = 0; k < LONG; k++) {
    numbers[k] = k * k % 31 - 2, weights[k] = (double)(k % 8), values[k] = (double)numbers[k];
    if (k % STEP || numbers[k] < 0 || numbers[k] >= BINS) continue;
    counts[numbers[k]]++, sums[numbers[k]] += weights[k];
  }
  QlArray *x = imported(QL_I64, 1, &size, numbers), *w = imported(QL_F64, 1, &size, weights),
          *v = imported(QL_F64, 1, &size, values), *e = imported(QL_F64, 1, &edge_count, edges);
  QlArray *some = NULL, *their = NULL, *counted = NULL, *weighed = NULL, *found = NULL, *bad = NULL;
  CHECK_INT_EQ(ql_view(x, 1, &count, &step, 0, &some, &job.error), QL_OK);
  CHECK_INT_EQ(ql_view(w, 1, &count, &step, 0, &their, &job.error), QL_OK);
  CHECK_INT_EQ(ql_tally(job.ctx, some, NULL, BINS, &counted, &job.error), QL_OK);
  CHECK_INT_EQ(ql_tally(job.ctx, some, their, BINS, &weighed, &job.error), QL_OK);
  get(counted, got), get(weighed, summed);
  CHECK(!memcmp(got, counts, sizeof got));
  CHECK(!memcmp(summed, sums, sizeof sums));
  int wrong = 0;
  for (int uniform = 0; uniform < 2; uniform++) {
    CHECK_INT_EQ(ql_bins(job.ctx, v, e, uniform ? 22.5 : 0, &found, &job.error), QL_OK);
    get(found, bins);
    for (int k = 0; k < LONG; k++) {
      int64_t want = values[k] < 0 || values[k] > 22.5 ? -1
                     : values[k] < 2                   ? 0
                     : values[k] < 5                   ? 2
                                                       : 3;
      wrong += bins[k] != want;
    }
    ql_release(found);
  }
  CHECK_INT_EQ(wrong, 0);
  CHECK_INT_EQ(ql_tally(job.ctx, v, NULL, BINS, &bad, &job.error), QL_ERR_VALUE);
  CHECK_INT_EQ(ql_tally(job.ctx, some, w, BINS, &bad, &job.error), QL_ERR_VALUE);
  CHECK_INT_EQ(ql_tally(job.ctx, x, NULL, 0, &bad, &job.error), QL_ERR_VALUE);
  CHECK_INT_EQ(ql_bins(job.ctx, x, e, 0, &bad, &job.error), QL_ERR_VALUE);
  CHECK(!bad);
  ql_release(x), ql_release(w), ql_release(v), ql_release(e), ql_release(some), ql_release(their);
  ql_release(counted), ql_release(weighed);
}

/* ---- matrices ---- */

enum { LEFT_ROWS = 300, INNER = 40, RIGHT_COLUMNS = 530 };

/* Of integers in any dtype, which are exact: tiles of several rows and columns, one of them
 * transposed, of what the statement before has stored. */
static void products(void) {
  static double a[LEFT_ROWS][INNER], b[RIGHT_COLUMNS][INNER], got[LEFT_ROWS][RIGHT_COLUMNS];
  static int64_t exact[LEFT_ROWS][RIGHT_COLUMNS];
  int64_t left[] = {LEFT_ROWS, INNER}, right[] = {RIGHT_COLUMNS, INNER};
  int64_t turned[] = {INNER, RIGHT_COLUMNS}, strides[] = {1, INNER}, wrong = 0;
  for (int i = 0; i < LEFT_ROWS; i++)
    for (int k = 0; k < INNER; k++) a[i][k] = (i * 7 + k * 3) % 11 - 5;
  for (int j = 0; j < RIGHT_COLUMNS; j++)
    for (int k = 0; k < INNER; k++) b[j][k] = (j * 5 + k) % 13 - 6;
  QlArray *x = imported(QL_F64, 2, left, a), *y = imported(QL_F64, 2, right, b);
  QlArray *sum, *seen, *made, *whole[3];
  QlOperand one[] = {{.array = x}, {.scalar = ql_f64(1)}};
  CHECK_INT_EQ(ql_ufunc(job.ctx, QL_OP_ADD, 2, one, x, NULL, QL_DTYPE_NONE, &sum, &job.error),
               QL_OK);
  CHECK_INT_EQ(ql_view(y, 2, turned, strides, 0, &seen, &job.error), QL_OK);
  CHECK_INT_EQ(ql_product(job.ctx, x, seen, &made, &job.error), QL_OK);
  get(made, got);
  ql_release(made);
  CHECK_INT_EQ(ql_astype(job.ctx, x, QL_I64, QL_ORDER_C, &whole[0], &job.error), QL_OK);
  CHECK_INT_EQ(ql_astype(job.ctx, seen, QL_I64, QL_ORDER_C, &whole[1], &job.error), QL_OK);
  CHECK_INT_EQ(ql_product(job.ctx, whole[0], whole[1], &whole[2], &job.error), QL_OK);
  get(whole[2], exact);
  for (int i = 0; i < LEFT_ROWS; i++)
    for (int j = 0; j < RIGHT_COLUMNS; j++) {
      double want = 0;
      for (int k = 0; k < INNER; k++) want += (a[i][k] + 1) * b[j][k];
      wrong += got[i][j] != want || exact[i][j] != (int64_t)want;
    }
  CHECK_INT_EQ(wrong, 0);
  for (int k = 0; k < 3; k++) ql_release(whole[k]);
  ql_release(x), ql_release(y), ql_release(sum), ql_release(seen);
}

/* Inverses of a stack of diagonal matrices, one of which has none; what is no stack of matrices. */
static void factors(void) {
  enum { STACK = 9, N = 6 };
  static double a[STACK][N][N], got[STACK][N + 1][N];
  int64_t shape[] = {STACK, N, N}, line = N, wrong = 0;
  for (int s = 0; s < STACK; s++)
    for (int k = 0; k < N && s != 4; k++) a[s][k][k] = s + 1;
  QlArray *x = imported(QL_F64, 3, shape, a), *v = imported(QL_F64, 1, &line, a), *made, *none;
  QlArray *integers;
  QlFactor inverse = {.kind = QL_FACTOR_INV, .a = x};
  CHECK_INT_EQ(ql_factor(job.ctx, &inverse, &made, &job.error), QL_OK);
  get(made, got);
  for (int s = 0; s < STACK; s++) {
    wrong += (got[s][N][0] != 0) != (s == 4);
    for (int k = 0; k < N && s != 4; k++) wrong += got[s][k][k] != 1.0 / (s + 1);
  }
  CHECK_INT_EQ(wrong, 0);
  CHECK_INT_EQ(ql_astype(job.ctx, x, QL_I64, QL_ORDER_C, &integers, &job.error), QL_OK);
  QlFactor bad[] = {{.kind = QL_FACTOR_INV, .a = v},
                    {.kind = QL_FACTOR_INV, .a = integers},
                    {.kind = QL_FACTOR_INV, .a = x, .b = x},
                    {.kind = QL_FACTOR_SOLVE, .a = x},
                    {.kind = QL_FACTOR_SOLVE, .a = x, .b = v}};
  for (int k = 0; k < 5; k++)
    CHECK_INT_EQ(ql_factor(job.ctx, &bad[k], &none, &job.error), QL_ERR_VALUE);
  ql_release(x), ql_release(v), ql_release(made), ql_release(integers);
}

/* ---- along axes ---- */

enum { LINE = 1000, LEAVES = (LINE + JIT_LEAF - 1) / JIT_LEAF };

/* A part of a scan, over the positions from lo to hi. */
static void scan_part(ScanPart part, int64_t lo, int64_t hi, const void *in, const void *offsets,
                      void *out) {
  int64_t extent = part == SCAN_ADDS_TOTALS ? LEAVES : LINE, item = sizeof(double);
  int64_t stride[] = {item, item, 0};
  char *base[] = {out, (char *)(uintptr_t)in, (char *)(uintptr_t)offsets};
  QlValue op = {.i = QL_OP_ADD};
  RoutineShape shape = {.routine = &routines[ROUTINE_SCAN],
                        .rank = 1,
                        .operands = offsets ? 3 : 2,
                        .dtype = QL_F64,
                        .extent = &extent,
                        .from = QL_F64,
                        .axes = 1,
                        .stores = 1,
                        .steps = part == SCAN_TOTALS,
                        .part = (int)part,
                        .along = item};
  run_scan(&shape, &(JitCall){&lo, &hi, base, stride, &op});
}

/* Boxes that begin anywhere have the bits of the whole. */
static void scan_in_parts(void) {
  static double x[LINE], whole[LINE], totals[LEAVES], offsets[LEAVES], y[LINE];
  static const int64_t cuts[] = {0, 1, 130, 131, 255, 256, 512, 999, LINE};
  for (int k = 0; k < LINE; k++) x[k] = 1.0 / (k + 1);
  scan_part(SCAN_ALL, 0, LINE, x, NULL, whole);
  scan_part(SCAN_TOTALS, 0, 384, x, NULL, totals);
  scan_part(SCAN_TOTALS, 384, LINE, x, NULL, totals);
  scan_part(SCAN_ADDS_TOTALS, 3, LEAVES, totals, NULL, offsets);
  scan_part(SCAN_ADDS_TOTALS, 0, 3, totals, NULL, offsets);
  for (int c = 0; c + 1 < (int)(sizeof cuts / sizeof *cuts); c++)
    scan_part(SCAN_ALL, cuts[c], cuts[c + 1], x, offsets, y);
  CHECK(!memcmp(y, whole, sizeof y));
  CHECK(whole[0] == 1 && whole[1] == 1.5);
  double sum = 0;
  for (int k = 0; k < JIT_LEAF; k++) CHECK(whole[k] == (sum += x[k])); /* C's, and NumPy's, order */
}

/* Sums along both axes, and the best elements over all sets of axes. */
static void along_axes(void) {
  static int64_t x[ROWS][COLUMNS], got[SIZE];
  int64_t shape[] = {ROWS, COLUMNS};
  for (int r = 0; r < ROWS; r++)
    for (int c = 0; c < COLUMNS; c++) x[r][c] = (r * 37 + c * 11) % 101;
  QlArray *array = imported(QL_I64, 2, shape, x), *made = NULL;
  for (int axis = 0; axis < 2; axis++) {
    int64_t wrong = 0, sum[ROWS] = {0};
    CHECK_INT_EQ(ql_scan(job.ctx, QL_OP_ADD, array, axis, QL_DTYPE_NONE, &made, &job.error), QL_OK);
    get(made, got);
    for (int k = 0; k < SIZE; k++) {
      int r = k / COLUMNS, c = k % COLUMNS, line = axis ? r : c;
      wrong += got[k] != (sum[line] += x[r][c]);
    }
    CHECK_INT_EQ(wrong, 0);
    ql_release(made);
  }
  for (uint32_t axes = 1; axes < 4; axes++) {
    int64_t best[ROWS], value[ROWS], wrong = 0;
    int lines = axes == 3 ? 1 : axes == 2 ? ROWS : COLUMNS;
    for (int l = 0; l < lines; l++) value[l] = -1;
    CHECK_INT_EQ(ql_best(job.ctx, true, array, axes, false, &made, &job.error), QL_OK);
    get(made, got);
    for (int k = 0; k < SIZE; k++) {
      int r = k / COLUMNS, c = k % COLUMNS, l = axes == 3 ? 0 : axes == 2 ? r : c;
      if (x[r][c] > value[l]) value[l] = x[r][c], best[l] = axes == 3 ? k : axes == 2 ? c : r;
    }
    for (int l = 0; l < lines; l++) wrong += got[l] != best[l];
    CHECK_INT_EQ(wrong, 0);
    ql_release(made);
  }
  made = NULL;
  CHECK_INT_EQ(ql_scan(job.ctx, QL_OP_SUBTRACT, array, 0, QL_DTYPE_NONE, &made, &job.error),
               QL_ERR_TYPE);
  CHECK_INT_EQ(ql_scan(job.ctx, QL_OP_ADD, array, 2, QL_DTYPE_NONE, &made, &job.error),
               QL_ERR_VALUE);
  CHECK(!made);
  ql_release(array);
}

static void mistakes(void) {
  int64_t shape[] = {ROWS, COLUMNS}, negative = -1;
  QlArray *array = NULL;
  QlRandom random = integers(pcg, 8, 256);
  CHECK_INT_EQ(ql_random(job.ctx, QL_U8, 2, shape, &random, &array, &job.error), QL_ERR_VALUE);
  random = integers(pcg, 7, 1);
  CHECK_INT_EQ(ql_random(job.ctx, QL_U8, 2, shape, &random, &array, &job.error), QL_ERR_VALUE);
  CHECK_INT_EQ(ql_random(job.ctx, QL_F64, 2, shape, &pcg, &array, &job.error), QL_ERR_VALUE);
  random = reals(pcg, QL_RANDOM_NORMAL), job.error = (QlError){0};
  CHECK_INT_EQ(ql_random(job.ctx, QL_C128, 2, shape, &random, &array, &job.error), QL_ERR_VALUE);
  CHECK_STR_EQ(job.error.text, "no such random numbers of dtype complex128");
  CHECK_INT_EQ(ql_random(job.ctx, QL_F64, 1, &negative, &random, &array, &job.error), QL_ERR_VALUE);
  CHECK(!array);
}

static const CheckTest tests[] = {
    CHECK_TEST(parts),      CHECK_TEST(known_numbers), CHECK_TEST(among_others),
    CHECK_TEST(taking),     CHECK_TEST(truths),        CHECK_TEST(lines),
    CHECK_TEST(scattering), CHECK_TEST(counting),      CHECK_TEST(products),
    CHECK_TEST(factors),    CHECK_TEST(scan_in_parts), CHECK_TEST(along_axes),
    CHECK_TEST(mistakes),
};

int main(int argc, char **argv) { return job_run(tests, sizeof tests / sizeof *tests, argc, argv); }
