/* Compiled loop nests by rows, on every number of ranks: in any order and in the domain's, up and
 * down, with rows near and far, targets that lie otherwise, and more nodes than rows. */
#include "nests.h"

#include <string.h>

/* for i: r = first + i * step, q = from + i * along
 *     for j: v[r, j] = x[q, j] * 0.5 + u[i, j]
 *     y[i] = v[r, 0]                                     x is v, or what sees it */
static const char recurrence[] =
    "@0\n"
    "%lo: i64 = param ?0\n%hi: i64 = param ?1\n"
    "%y: i64 = param ?2\n%y0: i64 = param ?3\n"
    "%v: i64 = param ?4\n%v0: i64 = param ?5\n%v1: i64 = param ?6\n"
    "%u: i64 = param ?7\n%u0: i64 = param ?8\n%u1: i64 = param ?9\n"
    "%x: i64 = param ?10\n%x0: i64 = param ?11\n%x1: i64 = param ?12\n"
    "%first: i64 = param ?13\n%step: i64 = param ?14\n%from: i64 = param ?15\n"
    "%along: i64 = param ?16\n%n: i64 = param ?17\n"
    "%zero: i64 = const 0\n%one: i64 = const 1\n%half: f64 = const 0.5\n"
    "jmp @rows\n"
    "@rows\n"
    "%i: i64 = phi @0 %lo, @after %i1\n"
    "%more: b8 = less %i, %hi\n"
    "jnz %more, @row, @end\n"
    "@row\n"
    "%r0: i64 = multiply %i, %step\n%r: i64 = add %r0, %first\n"
    "%q0: i64 = multiply %i, %along\n%q: i64 = add %q0, %from\n"
    "%vr: i64 = multiply %r, %v0\n%xq: i64 = multiply %q, %x0\n%ui: i64 = multiply %i, %u0\n"
    "jmp @columns\n"
    "@columns\n"
    "%j: i64 = phi @row %zero, @point %j1\n"
    "%inside: b8 = less %j, %n\n"
    "jnz %inside, @point, @after\n"
    "@point\n"
    "%a0: i64 = multiply %j, %x1\n%a: i64 = add %xq, %a0\n"
    "%before: f64 = load at %x + %a\n"
    "%b0: i64 = multiply %j, %u1\n%b: i64 = add %ui, %b0\n"
    "%given: f64 = load at %u + %b\n"
    "%part: f64 = multiply %before, %half\n%value: f64 = add %part, %given\n"
    "%c0: i64 = multiply %j, %v1\n%c: i64 = add %vr, %c0\n"
    "store at %v + %c, %value\n"
    "%j1: i64 = add %j, %one\n"
    "jmp @columns\n"
    "@after\n"
    "%end: f64 = load at %v + %vr\n"
    "%yi: i64 = multiply %i, %y0\n"
    "store at %y + %yi, %end\n"
    "%i1: i64 = add %i, %one\n"
    "jmp @rows\n"
    "@end\n"
    "ret\n";

/* The same of all rows at once, whatever the domain is: their number is the last parameter. */
static const char *at_once(void) {
  static char text[sizeof recurrence + 1];
  const char *hi = strstr(recurrence, "param ?1\n");
  snprintf(text, sizeof text, "%.*sparam ?18\n%s", (int)(hi - recurrence), recurrence,
           hi + strlen("param ?1\n"));
  return text;
}

typedef struct Case {
  int64_t rows, columns, extent, first, step, from, along; /* of v; of the domain */
} Case;

static void expect(const Case *c, const double *u, double *v, double *y) {
  for (int64_t i = 0; i < c->extent; i++) {
    int64_t r = c->first + i * c->step, q = c->from + i * c->along;
    for (int64_t j = 0; j < c->columns; j++)
      v[r * c->columns + j] = v[q * c->columns + j] * 0.5 + u[i * c->columns + j];
    y[i] = v[r * c->columns];
  }
}

/* What another array got: how much is wrong. */
static int compare(QlArray *array, const double *want) {
  double *got = malloc((size_t)array->size * sizeof *got + 1);
  int wrong = 0;
  if (!CHECK_INT_EQ(ql_gather(array, -1, got, &job.error), QL_OK)) puts(job.error.text);
  for (int64_t k = 0; k < array->size; k++) wrong += got[k] != want[k];
  free(got);
  return wrong;
}

/* u has columns of its own, of which none is cut where v's are. `across`: v is seen transposed. */
static void run_case(const Case *c, JitNestForm form, bool across) {
  QlArray *v = across ? field(c->columns, c->rows) : field(c->rows, c->columns), *seen = v;
  QlArray *u = field(c->extent, c->columns);
  QlArray *y = filled(1, &c->extent, 0);
  int64_t shape[] = {c->rows, c->columns}, strides[] = {1, c->rows};
  if (across) CHECK_INT_EQ(ql_view(v, 2, shape, strides, 0, &seen, &job.error), QL_OK);
  size_t size = (size_t)(c->rows * c->columns), inputs = (size_t)(c->extent * c->columns);
  double *want = malloc(size * sizeof *want), *given = malloc(inputs * sizeof *given),
         *sums = malloc((size_t)c->extent * sizeof *sums);
  CHECK_INT_EQ(ql_gather(seen, -1, want, &job.error), QL_OK);
  CHECK_INT_EQ(ql_gather(u, -1, given, &job.error), QL_OK);
  AxisSpan all = at(-1, 0, 0, c->columns - 1);
  NestOperand operand[] = {
      {y, LOG_WRITE, {at(0, 1, 0, 0)}},
      {seen, LOG_WRITE, {at(0, c->step, c->first, c->first), all}},
      {u, LOG_READ, {at(0, 1, 0, 0), all}},
      {seen, LOG_READ, {at(c->along ? 0 : -1, c->along, c->from, c->from), all}}};
  LogScalar param[] = {integer(c->first), integer(c->step),    integer(c->from),
                       integer(c->along), integer(c->columns), integer(c->extent)};
  bool on_one = form == JIT_NEST_ON_ONE;
  int64_t one = 1;
  for (int k = 0; k < 4 && on_one; k++)
    for (int a = 0; a < operand[k].array->ndim; a++)
      operand[k].spans[a] = at(-1, 0, 0, operand[k].array->shape[a] - 1);
  NestRequest request = {kernel(on_one ? at_once() : recurrence, "1222", 5 + on_one, 0),
                         1,
                         on_one ? &one : &c->extent,
                         4,
                         5 + on_one,
                         operand,
                         param,
                         form};
  for (int turn = 0; turn < 2; turn++) { /* the plan again */
    if (!CHECK_INT_EQ(run(&request), QL_OK)) puts(job.error.text);
    expect(c, given, want, sums);
    CHECK_INT_EQ(compare(seen, want), 0);
    CHECK_INT_EQ(compare(y, sums), 0);
  }
  free(want), free(given), free(sums);
  if (across) ql_release(seen);
  ql_release(v), ql_release(u), ql_release(y);
}

static const struct {
  int64_t rows, columns;
} sizes[] = {{41, 23}, {41, 1}, {5, 23}, {3, 300}, {300, 7}, {2, 2}};

static void all_sizes(int64_t back, int64_t step, bool across) {
  int64_t far = back < 0 ? -back : back;
  for (int s = 0; s < (int)(sizeof sizes / sizeof *sizes); s++) {
    int64_t rows = sizes[s].rows, extent = (rows - far + llabs(step) - 1) / llabs(step);
    if (rows <= far) continue;
    int64_t first = step > 0 ? QL_MAX(-back, 0) : rows - 1 - QL_MAX(back, 0);
    run_case(&(Case){rows, sizes[s].columns, extent, first, step, first + back, step},
             JIT_NEST_ROWS, across);
  }
}

/* v[r] of v[r - 1] and the like: each part reads what the one before has stored. */
static void upwards(void) {
  all_sizes(-1, 1, false), all_sizes(-3, 1, false), all_sizes(-2, 2, false);
  all_sizes(-1, 1, true);
}
static void downwards(void) {
  all_sizes(1, -1, false), all_sizes(2, -2, false), all_sizes(2, -1, true);
}
/* v[r] of v[r + 1]: each reads what was there before. */
static void of_old_rows(void) {
  all_sizes(1, 1, false), all_sizes(-1, -1, false), all_sizes(30, 1, true);
}
/* Farther than a block, and than ghosts reach. */
static void far_rows(void) {
  all_sizes(-20, 1, false), all_sizes(-140, 1, false), all_sizes(140, -1, true);
}

/* v[r] of v[2], as an elimination does; where row 2 is stored on the way, in order. */
static void of_one_row(void) {
  run_case(&(Case){41, 23, 38, 3, 1, 2, 0}, JIT_NEST_ROWS, false);
  run_case(&(Case){41, 23, 38, 3, 1, 2, 0}, JIT_NEST_IN_ORDER, false);
  run_case(&(Case){41, 23, 41, 0, 1, 2, 0}, JIT_NEST_ROWS, false);
  run_case(&(Case){3, 300, 2, 1, 1, 0, 0}, JIT_NEST_ROWS, false);
  run_case(&(Case){41, 23, 41, 40, -1, 2, 0}, JIT_NEST_ROWS, true);
}

/* By one node, which has all that it touches. */
static void on_one_node(void) {
  run_case(&(Case){41, 23, 40, 1, 1, 0, 1}, JIT_NEST_ON_ONE, false);
  run_case(&(Case){41, 23, 38, 40, -1, 2, 0}, JIT_NEST_ON_ONE, true);
  run_case(&(Case){2, 300, 1, 1, 1, 0, 1}, JIT_NEST_ON_ONE, false);
}

static void mistakes(void) {
  QlArray *v = field(5, 4), *y = filled(1, (int64_t[]){5}, 0), *u = field(5, 4), *low;
  int64_t extent = 5, part[] = {4, 4};
  AxisSpan all = at(-1, 0, 0, 3);
  NestOperand operand[] = {{y, LOG_WRITE, {at(0, 1, 0, 0)}},
                           {v, LOG_WRITE, {at(0, 1, 1, 1), all}},
                           {u, LOG_READ, {at(0, 1, 0, 0), all}},
                           {v, LOG_READ, {at(0, 1, 0, 0), all}}};
  LogScalar param[] = {integer(1), integer(1), integer(0), integer(1), integer(4)};
  NestRequest request = {
      kernel(recurrence, "1222", 5, 0), 1, &extent, 4, 5, operand, param, JIT_NEST_ROWS};
  CHECK_INT_EQ(run(&request), QL_ERR_VALUE); /* row 5 */
  operand[1].spans[0] = at(-1, 0, 2, 2);
  CHECK_INT_EQ(run(&request), QL_ERR_VALUE);
  CHECK_STR_EQ(job.error.text, "several points store the same row");
  operand[1].spans[0] = at(0, 1, 0, 1);
  CHECK_INT_EQ(run(&request), QL_ERR_VALUE);
  CHECK_INT_EQ(ql_view(v, 2, part, v->strides, 4, &low, &job.error), QL_OK);
  extent = 4;
  operand[1].spans[0] = at(0, 1, 0, 0);
  operand[0] = (NestOperand){low, LOG_WRITE, {at(0, 1, 0, 0), all}};
  CHECK_INT_EQ(run(&request), QL_ERR_VALUE); /* stored under two names */
  ql_release(low), ql_release(v), ql_release(y), ql_release(u);
}

static const CheckTest tests[] = {
    CHECK_TEST(upwards),    CHECK_TEST(downwards),   CHECK_TEST(of_old_rows), CHECK_TEST(far_rows),
    CHECK_TEST(of_one_row), CHECK_TEST(on_one_node), CHECK_TEST(mistakes)};

int main(int argc, char **argv) { return job_run(tests, sizeof tests / sizeof *tests, argc, argv); }
