/* Compiled loop nests as statements, on every number of ranks: windows, whole axes, several targets
 * that lie differently, views, and what is refused. The kernels are IR as text. */
#include "nests.h"

#include <math.h>

enum { ROWS = 41, COLUMNS = 23 };

/* ---- kernels ---- */

/* Loops over the box around `point`, which jumps to @next; of two dimensions. */
#define PARAMS_2 \
  "@0\n"         \
  "%lo0: i64 = param ?0\n%hi0: i64 = param ?1\n%lo1: i64 = param ?2\n%hi1: i64 = param ?3\n"
#define LOOPS_2                                 \
  "%zero: i64 = const 0\n%one: i64 = const 1\n" \
  "jmp @rows\n"                                 \
  "@rows\n"                                     \
  "%i: i64 = phi @0 %lo0, @after %i1\n"         \
  "%more: b8 = less %i, %hi0\n"                 \
  "jnz %more, @row, @end\n"                     \
  "@row\n"                                      \
  "jmp @columns\n"                              \
  "@columns\n"                                  \
  "%j: i64 = phi @row %lo1, @next %j1\n"        \
  "%inside: b8 = less %j, %hi1\n"               \
  "jnz %inside, @point, @after\n"               \
  "@after\n"                                    \
  "%i1: i64 = add %i, %one\n"                   \
  "jmp @rows\n"                                 \
  "@next\n"                                     \
  "%j1: i64 = add %j, %one\n"                   \
  "jmp @columns\n"                              \
  "@end\n"                                      \
  "ret\n"

/* out[i, j] = max of u[max(i - k, 0) : min(i + k + 1, m), max(j - k, 0) : min(j + k + 1, n)] */
static const char window[] = PARAMS_2
    "%out: i64 = param ?4\n%o0: i64 = param ?5\n%o1: i64 = param ?6\n"
    "%in: i64 = param ?7\n%s0: i64 = param ?8\n%s1: i64 = param ?9\n"
    "%m: i64 = param ?10\n%n: i64 = param ?11\n%k: i64 = param ?12\n" LOOPS_2
    "@point\n"
    "%a0: i64 = subtract %i, %k\n%a: i64 = maximum %a0, %zero\n"
    "%b0: i64 = add %i, %k\n%b1: i64 = add %b0, %one\n%b: i64 = minimum %b1, %m\n"
    "%c0: i64 = subtract %j, %k\n%c: i64 = maximum %c0, %zero\n"
    "%d0: i64 = add %j, %k\n%d1: i64 = add %d0, %one\n%d: i64 = minimum %d1, %n\n"
    "%least: f64 = const -inf\n"
    "jmp @down\n"
    "@down\n"
    "%ii: i64 = phi @point %a, @lower %ii1\n"
    "%best: f64 = phi @point %least, @lower %along\n"
    "%goes: b8 = less %ii, %b\n"
    "jnz %goes, @line, @store\n"
    "@line\n"
    "jmp @right\n"
    "@right\n"
    "%jj: i64 = phi @line %c, @step %jj1\n"
    "%along: f64 = phi @line %best, @step %better\n"
    "%stays: b8 = less %jj, %d\n"
    "jnz %stays, @step, @lower\n"
    "@step\n"
    "%x0: i64 = multiply %ii, %s0\n%x1: i64 = multiply %jj, %s1\n%x: i64 = add %x0, %x1\n"
    "%value: f64 = load at %in + %x\n"
    "%better: f64 = maximum %along, %value\n"
    "%jj1: i64 = add %jj, %one\n"
    "jmp @right\n"
    "@lower\n"
    "%ii1: i64 = add %ii, %one\n"
    "jmp @down\n"
    "@store\n"
    "%y0: i64 = multiply %i, %o0\n%y1: i64 = multiply %j, %o1\n%y: i64 = add %y0, %y1\n"
    "store at %out + %y, %best\n"
    "jmp @next\n";

/* v[i, j] = u[i, n - 1 - j] * s, and w[j + 1, m - i] += u[i, n - 1 - j] */
static const char two[] = PARAMS_2
    "%v: i64 = param ?4\n%v0: i64 = param ?5\n%v1: i64 = param ?6\n"
    "%w: i64 = param ?7\n%w0: i64 = param ?8\n%w1: i64 = param ?9\n"
    "%u: i64 = param ?10\n%u0: i64 = param ?11\n%u1: i64 = param ?12\n"
    "%m: i64 = param ?13\n%n: i64 = param ?14\n%s: f64 = param ?15\n" LOOPS_2
    "@point\n"
    "%r0: i64 = subtract %n, %one\n%r: i64 = subtract %r0, %j\n"
    "%x0: i64 = multiply %i, %u0\n%x1: i64 = multiply %r, %u1\n%x: i64 = add %x0, %x1\n"
    "%read: f64 = load at %u + %x\n"
    "%y0: i64 = multiply %i, %v0\n%y1: i64 = multiply %j, %v1\n%y: i64 = add %y0, %y1\n"
    "%scaled: f64 = multiply %read, %s\n"
    "store at %v + %y, %scaled\n"
    "%p: i64 = add %j, %one\n%q: i64 = subtract %m, %i\n"
    "%z0: i64 = multiply %p, %w0\n%z1: i64 = multiply %q, %w1\n%z: i64 = add %z0, %z1\n"
    "%before: f64 = load at %w + %z\n"
    "%sum: f64 = add %before, %read\n"
    "store at %w + %z, %sum\n"
    "jmp @next\n";

/* y[i] = sum of a[i, j] * x[j], in the order of j */
static const char product[] =
    "@0\n"
    "%lo0: i64 = param ?0\n%hi0: i64 = param ?1\n"
    "%y: i64 = param ?2\n%y0: i64 = param ?3\n"
    "%a: i64 = param ?4\n%a0: i64 = param ?5\n%a1: i64 = param ?6\n"
    "%x: i64 = param ?7\n%x0: i64 = param ?8\n%n: i64 = param ?9\n"
    "%zero: i64 = const 0\n%one: i64 = const 1\n%nothing: f64 = const 0.0\n"
    "jmp @rows\n"
    "@rows\n"
    "%i: i64 = phi @0 %lo0, @store %i1\n"
    "%more: b8 = less %i, %hi0\n"
    "jnz %more, @row, @end\n"
    "@row\n"
    "jmp @terms\n"
    "@terms\n"
    "%j: i64 = phi @row %zero, @term %j1\n"
    "%sum: f64 = phi @row %nothing, @term %sum1\n"
    "%inside: b8 = less %j, %n\n"
    "jnz %inside, @term, @store\n"
    "@term\n"
    "%p0: i64 = multiply %i, %a0\n%p1: i64 = multiply %j, %a1\n%p: i64 = add %p0, %p1\n"
    "%left: f64 = load at %a + %p\n"
    "%q: i64 = multiply %j, %x0\n"
    "%right: f64 = load at %x + %q\n"
    "%both: f64 = multiply %left, %right\n"
    "%sum1: f64 = add %sum, %both\n"
    "%j1: i64 = add %j, %one\n"
    "jmp @terms\n"
    "@store\n"
    "%r: i64 = multiply %i, %y0\n"
    "store at %y + %r, %sum\n"
    "%i1: i64 = add %i, %one\n"
    "jmp @rows\n"
    "@end\n"
    "ret\n";

/* ---- tests ---- */

static void check_window(QlArray *out, QlArray *in, const double *given, int64_t k) {
  int64_t m = in->shape[0], n = in->shape[1], extent[] = {m, n};
  NestOperand operand[] = {{out, LOG_WRITE | LOG_ALL, {at(0, 1, 0, 0), at(1, 1, 0, 0)}},
                           {in, LOG_READ, {at(0, 1, -k, k), at(1, 1, -k, k)}}};
  LogScalar param[] = {integer(m), integer(n), integer(k)};
  CHECK_INT_EQ(run(&(NestRequest){kernel(window, "22", 3, 0), 2, extent, 2, 3, operand, param}),
               QL_OK);
  double *got = malloc((size_t)(m * n) * sizeof *got);
  if (!CHECK_INT_EQ(ql_gather(out, -1, got, &job.error), QL_OK)) puts(job.error.text);
  int wrong = 0;
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j++) {
      double best = -INFINITY;
      for (int64_t ii = QL_MAX(i - k, 0); ii < QL_MIN(i + k + 1, m); ii++)
        for (int64_t jj = QL_MAX(j - k, 0); jj < QL_MIN(j + k + 1, n); jj++)
          best = fmax(best, given[ii * n + jj]);
      wrong += got[i * n + j] != best;
    }
  CHECK_INT_EQ(wrong, 0);
  free(got);
}

/* Narrower than a block, wider than one, wider than the array. */
static void windows(void) {
  static const int64_t widths[] = {0, 1, 3, 12, 60};
  QlArray *u = field(ROWS, COLUMNS);
  double given[ROWS * COLUMNS];
  CHECK_INT_EQ(ql_gather(u, -1, given, &job.error), QL_OK);
  for (int w = 0; w < 5; w++) {
    QlArray *out = filled(2, u->shape, 0);
    check_window(out, u, given, widths[w]);
    check_window(out, u, given, widths[w]); /* the plan again */
    ql_release(out);
  }
  ql_release(u);
}

/* u[1:-2, ::-1], transposed, into out[3:, 1:]. */
static void views(void) {
  QlArray *u = field(ROWS, COLUMNS), *in, *out, *whole;
  int64_t shape[] = {COLUMNS, ROWS - 3}, all[] = {COLUMNS + 3, ROWS};
  double given[ROWS * COLUMNS];
  CHECK_INT_EQ(
      ql_view(u, 2, shape, (int64_t[]){-1, COLUMNS}, COLUMNS + COLUMNS - 1, &in, &job.error),
      QL_OK);
  whole = filled(2, all, 7);
  CHECK_INT_EQ(ql_view(whole, 2, shape, whole->strides, 3 * ROWS + 1, &out, &job.error), QL_OK);
  CHECK_INT_EQ(ql_gather(in, -1, given, &job.error), QL_OK);
  check_window(out, in, given, 2);
  double row[ROWS];
  QlArray *first;
  CHECK_INT_EQ(ql_view(whole, 1, (int64_t[]){ROWS}, (int64_t[]){1}, 2 * ROWS, &first, &job.error),
               QL_OK);
  CHECK_INT_EQ(ql_gather(first, -1, row, &job.error), QL_OK);
  for (int k = 0; k < ROWS; k++) CHECK(row[k] == 7);
  ql_release(first), ql_release(u), ql_release(in), ql_release(out), ql_release(whole);
}

/* The second target lies across the first, and is changed in place. */
static void two_targets(void) {
  QlArray *u = field(ROWS, COLUMNS);
  int64_t extent[] = {ROWS, COLUMNS}, across[] = {COLUMNS + 2, ROWS + 1};
  QlArray *v = NULL, *w = filled(2, across, 0.5);
  static double given[ROWS][COLUMNS], scaled[ROWS][COLUMNS], summed[COLUMNS + 2][ROWS + 1];
  CHECK_INT_EQ(ql_empty(job.ctx, QL_F64, 2, extent, &v, &job.error), QL_OK);
  NestOperand operand[] = {{v, LOG_WRITE | LOG_ALL, {at(0, 1, 0, 0), at(1, 1, 0, 0)}},
                           {w, LOG_READ | LOG_WRITE, {at(1, 1, 1, 1), at(0, -1, ROWS, ROWS)}},
                           {u, LOG_READ, {at(0, 1, 0, 0), at(1, -1, COLUMNS - 1, COLUMNS - 1)}}};
  LogScalar param[] = {integer(ROWS), integer(COLUMNS), {{.d = 3}, QL_F64}};
  NestRequest request = {kernel(two, "222", 2, 1), 2, extent, 3, 3, operand, param};
  CHECK_INT_EQ(run(&request), QL_OK);
  CHECK_INT_EQ(run(&request), QL_OK);
  CHECK_INT_EQ(ql_gather(u, -1, given, &job.error), QL_OK);
  if (!CHECK_INT_EQ(ql_gather(v, -1, scaled, &job.error), QL_OK)) puts(job.error.text);
  CHECK_INT_EQ(ql_gather(w, -1, summed, &job.error), QL_OK);
  int wrong = 0;
  for (int i = 0; i < ROWS; i++)
    for (int j = 0; j < COLUMNS; j++) {
      double read = given[i][COLUMNS - 1 - j];
      wrong += scaled[i][j] != 3 * read;
      wrong += summed[j + 1][ROWS - i] != 0.5 + read + read;
    }
  for (int i = 0; i <= ROWS; i++) wrong += summed[0][i] != 0.5 || summed[COLUMNS + 1][i] != 0.5;
  CHECK_INT_EQ(wrong, 0);
  ql_release(u), ql_release(v), ql_release(w);
}

/* Each row needs all of x. */
static void products(void) {
  QlArray *a = field(ROWS, COLUMNS), *rows = field(1, COLUMNS), *x;
  int64_t extent[] = {ROWS};
  QlArray *y = filled(1, extent, 0);
  static double left[ROWS][COLUMNS], got[ROWS];
  double right[COLUMNS];
  CHECK_INT_EQ(ql_view(rows, 1, (int64_t[]){COLUMNS}, (int64_t[]){1}, 0, &x, &job.error), QL_OK);
  NestOperand operand[] = {{y, LOG_WRITE, {at(0, 1, 0, 0)}},
                           {a, LOG_READ, {at(0, 1, 0, 0), at(-1, 0, 0, COLUMNS - 1)}},
                           {x, LOG_READ, {at(-1, 0, 0, COLUMNS - 1)}}};
  LogScalar param[] = {integer(COLUMNS)};
  CHECK_INT_EQ(run(&(NestRequest){kernel(product, "121", 1, 0), 1, extent, 3, 1, operand, param}),
               QL_OK);
  CHECK_INT_EQ(ql_gather(a, -1, left, &job.error), QL_OK);
  CHECK_INT_EQ(ql_gather(x, -1, right, &job.error), QL_OK);
  CHECK_INT_EQ(ql_gather(y, -1, got, &job.error), QL_OK);
  int wrong = 0;
  for (int i = 0; i < ROWS; i++) {
    double sum = 0;
    for (int j = 0; j < COLUMNS; j++) sum += left[i][j] * right[j];
    wrong += got[i] != sum;
  }
  CHECK_INT_EQ(wrong, 0);
  ql_release(a), ql_release(rows), ql_release(x), ql_release(y);
}

/* What a nest runs is named in the log, which must be the same on ranks of unlike processors. */
static void one_name_on_all_processors(void) {
  Jit *here = job.ctx->jit, *elsewhere = NULL;
  const NestKernel *made = kernel(product, "121", 1, 0);
  CHECK_INT_EQ(jit_open(&(JitOptions){.fastmath = true}, &elsewhere, &job.error), QL_OK);
  job.ctx->jit = elsewhere;
  CHECK(kernel(product, "121", 1, 0) == made);
  CHECK(kernel(window, "22", 3, 0) != made);
  job.ctx->jit = here;
  jit_close(elsewhere);
}

/* What is stored before and behind a nest, and what it is computed of, in one log: in this order.
 */
static void order(void) {
  QlArray *u = field(ROWS, COLUMNS), *twice = NULL, *out = filled(2, u->shape, 0), *end = NULL;
  double given[ROWS * COLUMNS], got[ROWS * COLUMNS];
  CHECK_INT_EQ(ql_gather(u, -1, given, &job.error), QL_OK);
  QlOperand in[] = {{.array = u}, {.array = u}};
  CHECK_INT_EQ(ql_ufunc(job.ctx, QL_OP_ADD, 2, in, NULL, NULL, QL_DTYPE_NONE, &twice, &job.error),
               QL_OK);
  for (int k = 0; k < ROWS * COLUMNS; k++) given[k] *= 2;
  int64_t k = 1;
  NestOperand operand[] = {{out, LOG_WRITE | LOG_ALL, {at(0, 1, 0, 0), at(1, 1, 0, 0)}},
                           {twice, LOG_READ, {at(0, 1, -k, k), at(1, 1, -k, k)}}};
  LogScalar param[] = {integer(ROWS), integer(COLUMNS), integer(k)};
  NestRequest request = {kernel(window, "22", 3, 0), 2, u->shape, 2, 3, operand, param};
  CHECK_INT_EQ(run(&request), QL_OK);
  CHECK_INT_EQ(ql_assign(job.ctx, twice, &(QlOperand){.scalar = ql_f64(-1)}, &job.error), QL_OK);
  QlOperand of[] = {{.array = out}, {.array = twice}};
  CHECK_INT_EQ(ql_ufunc(job.ctx, QL_OP_ADD, 2, of, NULL, NULL, QL_DTYPE_NONE, &end, &job.error),
               QL_OK);
  CHECK_INT_EQ(ql_gather(end, -1, got, &job.error), QL_OK);
  int wrong = 0;
  for (int i = 0; i < ROWS; i++)
    for (int j = 0; j < COLUMNS; j++) {
      double best = -INFINITY;
      for (int ii = QL_MAX(i - 1, 0); ii < QL_MIN(i + 2, ROWS); ii++)
        for (int jj = QL_MAX(j - 1, 0); jj < QL_MIN(j + 2, COLUMNS); jj++)
          best = fmax(best, given[ii * COLUMNS + jj]);
      wrong += got[i * COLUMNS + j] != best - 1;
    }
  CHECK_INT_EQ(wrong, 0);
  ql_release(u), ql_release(twice), ql_release(out), ql_release(end);
}

static void mistakes(void) {
  QlArray *u = field(ROWS, COLUMNS), *low, *high;
  int64_t extent[] = {ROWS, COLUMNS}, part[] = {ROWS - 1, COLUMNS}, none[] = {0, COLUMNS};
  LogScalar param[] = {integer(ROWS), integer(COLUMNS), integer(1)};
  NestOperand operand[] = {{u, LOG_WRITE | LOG_ALL, {at(0, 1, 1, 1), at(1, 1, 0, 0)}},
                           {u, LOG_READ, {at(0, 1, -1, 1), at(1, 1, -1, 1)}}};
  NestRequest request = {kernel(window, "22", 3, 0), 2, extent, 2, 3, operand, param};
  double before[ROWS * COLUMNS], got[ROWS * COLUMNS];
  CHECK_INT_EQ(ql_gather(u, -1, before, &job.error), QL_OK);
  CHECK_INT_EQ(run(&request), QL_ERR_INDEX);
  CHECK_STR_EQ(job.error.text, "index 41 is out of bounds for axis 0 with size 41");
  operand[0].spans[0] = at(0, 1, 0, 0);
  CHECK_INT_EQ(run(&request), QL_ERR_VALUE);
  CHECK_INT_EQ(ql_view(u, 2, part, u->strides, 0, &low, &job.error), QL_OK);
  CHECK_INT_EQ(ql_view(u, 2, part, u->strides, COLUMNS, &high, &job.error), QL_OK);
  operand[0].spans[1] = at(0, 1, 0, 0), operand[1].array = low;
  CHECK_INT_EQ(run(&request), QL_ERR_INDEX);
  request.extent = (int64_t[]){COLUMNS, ROWS};
  CHECK_INT_EQ(run(&request), QL_ERR_VALUE);
  CHECK_STR_EQ(job.error.text, "several points store the same element");
  operand[0].spans[1] = at(1, 1, 0, 0), operand[0].array = high;
  request.extent = part;
  CHECK_INT_EQ(run(&request), QL_ERR_VALUE);
  request.extent = none;
  CHECK_INT_EQ(run(&request), QL_OK);
  CHECK_INT_EQ(ql_gather(u, -1, got, &job.error), QL_OK);
  CHECK(!memcmp(before, got, sizeof got));
  ql_release(low), ql_release(high), ql_release(u);
}

/* Parts of one array that do not meet. */
static void halves(void) {
  QlArray *u = field(2 * ROWS, COLUMNS), *low, *high;
  int64_t part[] = {ROWS, COLUMNS};
  double given[ROWS * COLUMNS];
  CHECK_INT_EQ(ql_view(u, 2, part, u->strides, 0, &low, &job.error), QL_OK);
  CHECK_INT_EQ(ql_view(u, 2, part, u->strides, ROWS * COLUMNS, &high, &job.error), QL_OK);
  CHECK_INT_EQ(ql_gather(low, -1, given, &job.error), QL_OK);
  check_window(high, low, given, 1);
  ql_release(low), ql_release(high), ql_release(u);
}

static const CheckTest tests[] = {
    CHECK_TEST(windows),
    CHECK_TEST(views),
    CHECK_TEST(two_targets),
    CHECK_TEST(products),
    CHECK_TEST(one_name_on_all_processors),
    CHECK_TEST(order),
    CHECK_TEST(mistakes),
    CHECK_TEST(halves),
};

int main(int argc, char **argv) { return job_run(tests, sizeof tests / sizeof *tests, argc, argv); }
