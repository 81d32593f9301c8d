/* Threads hand their work over by cells alone. TSan does not see compiled code; here it does: plans
 * that the planner made run with functions of this file in place of their kernels, so that every
 * read of a neighbour's elements, of a ghost and of a copy needs the wait that orders it. Without
 * TSan the values are compared, which finds what is grossly wrong. On any ranks, nodes and threads.
 */
#include "runtime.h"

#include "nests.h"

#include <string.h>
#include <time.h>

enum { COUNT = 3000, STEPS = 6, ROUNDS = 5, ROWS = 60, COLUMNS = 50 };

/* ---- threads that the system does not let run (TEST_MEMBERS) ---- */

static bool are_late, are_absent;
void __real_rt_run_course(QlContext *ctx, Run *run, int thread);
StepEnd __real_run_part(QlContext *ctx, Run *run, Course *course, int thread, CourseWait *wait);
void __wrap_rt_run_course(QlContext *ctx, Run *run, int thread);
StepEnd __wrap_run_part(QlContext *ctx, Run *run, Course *course, int thread, CourseWait *wait);

/* Up to a millisecond, which is longer than the main thread takes for a plan, mostly none. */
static void doze(int thread) {
  static _Thread_local unsigned state;
  state = 1664525 * state + 1013904223 + (unsigned)thread;
  if (are_late && thread && (state >> 16) % 4 == 0)
    nanosleep(&(struct timespec){.tv_nsec = (long)(state >> 12)}, NULL);
}

void __wrap_rt_run_course(QlContext *ctx, Run *run, int thread) {
  doze(thread);
  if (!are_absent) __real_rt_run_course(ctx, run, thread);
}

StepEnd __wrap_run_part(QlContext *ctx, Run *run, Course *course, int thread, CourseWait *wait) {
  doze(thread);
  return __real_run_part(ctx, run, course, thread, wait);
}

/* ---- what stands in for compiled code ---- */

/* target[i] = source[i] - source[i + 2] */
static void difference(const JitCall *call) {
  for (int64_t i = call->lo[0]; i < call->hi[0]; i++) {
    const char *from = call->base[1] + i * call->stride[1];
    *(double *)(call->base[0] + i * call->stride[0]) =
        *(const double *)from - *(const double *)(from + 2 * call->stride[1]);
  }
}

/* The same as a nest: target[i + 1] = source[i] - source[i + 2]. */
static void difference_in_nest(const JitCall *call) {
  if (call->base) {
    difference(call);
    return;
  }
  char *to = (char *)call->param[2].i, *from = (char *)call->param[4].i;
  int64_t step = call->param[3].i, other = call->param[5].i;
  for (int64_t i = call->param[0].i; i < call->param[1].i; i++)
    *(double *)(to + (i + 1) * step) =
        *(const double *)(from + i * other) - *(const double *)(from + (i + 2) * other);
}

/* target[i] = source[i] + 1 as a nest, target[i] = source[i] elsewhere. */
static void count_in_nest(const JitCall *call) {
  for (int64_t i = call->base ? call->lo[0] : call->param[0].i,
               hi = call->base ? call->hi[0] : call->param[1].i;
       i < hi; i++) {
    if (call->base)
      *(double *)(call->base[0] + i * call->stride[0]) =
          *(const double *)(call->base[1] + i * call->stride[1]);
    else
      *(double *)((char *)call->param[2].i + i * call->param[3].i) =
          *(const double *)((char *)call->param[4].i + i * call->param[5].i) + 1;
  }
}

/* A nest whose points cost different amounts. */
static const char uneven[] =
    "@0\n"
    "%lo0: i64 = param ?0\n%hi0: i64 = param ?1\n"
    "%out: i64 = param ?2\n%o0: i64 = param ?3\n"
    "%in: i64 = param ?4\n%s0: i64 = param ?5\n"
    "%zero: i64 = const 0\n%one: i64 = const 1\n"
    "jmp @points\n"
    "@points\n"
    "%i: i64 = phi @0 %lo0, @store %i1\n"
    "%more: b8 = less %i, %hi0\n"
    "jnz %more, @point, @end\n"
    "@point\n"
    "%x: i64 = multiply %i, %s0\n"
    "%turns: i64 = load at %in + %x\n"
    "jmp @turn\n"
    "@turn\n"
    "%k: i64 = phi @point %zero, @again %k1\n"
    "%goes: b8 = less %k, %turns\n"
    "jnz %goes, @again, @store\n"
    "@again\n"
    "%k1: i64 = add %k, %one\n"
    "jmp @turn\n"
    "@store\n"
    "%y: i64 = multiply %i, %o0\n"
    "store at %out + %y, %k\n"
    "%i1: i64 = add %i, %one\n"
    "jmp @points\n"
    "@end\n"
    "ret\n";

/* target[i] = source[i] */
static void copy_row(const JitCall *call) {
  for (int64_t i = call->lo[0]; i < call->hi[0]; i++)
    *(double *)(call->base[0] + i * call->stride[0]) =
        *(const double *)(call->base[1] + i * call->stride[1]);
}

/* The same for two targets, and the sources behind them. */
static void copy_two_rows(const JitCall *call) {
  for (int64_t i = call->lo[0]; i < call->hi[0]; i++)
    for (int k = 0; k < 2; k++)
      *(double *)(call->base[k] + i * call->stride[k]) =
          *(const double *)(call->base[2 + k] + i * call->stride[2 + k]);
}

/* target[i][j] = source[i][j], each by its own strides */
static void copy(const JitCall *call) {
  for (int64_t i = call->lo[0]; i < call->hi[0]; i++)
    for (int64_t j = call->lo[1]; j < call->hi[1]; j++)
      *(double *)(call->base[0] + i * call->stride[0] + j * call->stride[1]) =
          *(const double *)(call->base[1] + i * call->stride[2] + j * call->stride[3]);
}

static int moves; /* of plans */

/* Runs what is recorded with `entry` in every kernel, `two` in those that store two arrays. The
 * flush finds the plan that was made here, or moves the one that it finds here. */
static void run_with(JitEntry *entry, JitEntry *two, int expected) {
  CHECK_INT_EQ(rt_drops_assume(job.ctx, NULL), QL_OK);
  if (!CHECK_INT_EQ(rt_plan_key(job.ctx, &job.error), QL_OK)) return;
  Plan *plan = rt_plan_find(job.ctx);
  PlanMove *move = plan ? NULL : rt_plan_movable(job.ctx);
  if (move) plan = rt_plan_of(move), moves++;
  if (!plan && !CHECK_INT_EQ(rt_plan_make(job.ctx, &plan, &job.error), QL_OK)) return;
  int kernels = 0;
  for (int g = 0; g < plan->group_count; g++) {
    if (plan->groups[g].kind != GROUP_KERNEL) continue;
    CHECK_INT_EQ(plan->groups[g].operand_count, 2 * plan->groups[g].store_count);
    if (!CHECK(plan->groups[g].store_count <= (two ? 2 : 1))) return;
    plan->groups[g].entry = plan->groups[g].store_count == 2 ? two : entry;
    kernels++;
  }
  CHECK_INT_EQ(kernels, expected);
  CHECK_INT_EQ(ql_flush(job.ctx, &job.error), QL_OK);
}

static QlArray *ramp(int ndim, const int64_t *shape) {
  QlArray *made = NULL;
  CHECK_INT_EQ(ql_ramp(job.ctx, QL_F64, ndim, shape, 0, ql_f64(1), ql_f64(3), &made, &job.error),
               QL_OK);
  CHECK_INT_EQ(ql_flush(job.ctx, &job.error), QL_OK);
  return made;
}

/* ---- neighbours, and ghosts ---- */

/* v[1:-1] = u[:-2] - u[2:], of the elements from `first` on, so many */
static void record_difference(int64_t first, int64_t count, QlArray *v, QlArray *u) {
  QlArray *to, *left, *right, *value;
  int64_t shape[] = {count - 2}, stride[] = {1};
  CHECK_INT_EQ(ql_view(v, 1, shape, stride, first + 1, &to, &job.error), QL_OK);
  CHECK_INT_EQ(ql_view(u, 1, shape, stride, first, &left, &job.error), QL_OK);
  CHECK_INT_EQ(ql_view(u, 1, shape, stride, first + 2, &right, &job.error), QL_OK);
  QlOperand in[] = {{.array = left}, {.array = right}};
  CHECK_INT_EQ(
      ql_ufunc(job.ctx, QL_OP_SUBTRACT, 2, in, NULL, NULL, QL_DTYPE_NONE, &value, &job.error),
      QL_OK);
  CHECK_INT_EQ(ql_assign(job.ctx, to, &(QlOperand){.array = value}, &job.error), QL_OK);
  ql_release(to), ql_release(left), ql_release(right), ql_release(value);
}

/* What it reads and stores is anywhere on the node, by whoever takes that portion. */
static void record_nest(QlArray *v, QlArray *u, int64_t around) {
  int64_t extent[] = {COUNT - 2 * around};
  NestOperand operand[] = {{v, LOG_WRITE | LOG_ALL, {at(0, 1, around, around)}},
                           {u, LOG_READ, {at(0, 1, 0, 2 * around)}}};
  CHECK_INT_EQ(run(&(NestRequest){kernel(uneven, "11", 0, 0), 1, extent, 2, 0, operand, NULL}),
               QL_OK);
}

static void check_steps(bool by_nests) {
  static double want[2][COUNT], host[COUNT];
  int64_t shape[] = {COUNT};
  QlArray *u = ramp(1, shape), *v = ramp(1, shape);
  for (int i = 0; i < COUNT; i++) want[0][i] = want[1][i] = 1 + 3.0 * i;
  for (int round = 0; round < ROUNDS; round++) {
    for (int step = 0; step < STEPS; step++) {
      const double *from = want[step % 2];
      double *to = want[1 - step % 2];
      if (by_nests && step % 3 != 1)
        record_nest(step % 2 ? u : v, step % 2 ? v : u, 1);
      else
        record_difference(0, COUNT, step % 2 ? u : v, step % 2 ? v : u);
      for (int i = 1; i < COUNT - 1; i++) to[i] = from[i - 1] - from[i + 1];
    }
    run_with(difference_in_nest, NULL, STEPS);
    CHECK_INT_EQ(ql_gather(u, -1, host, &job.error), QL_OK);
    CHECK_INT_EQ(memcmp(host, want[0], sizeof host), 0);
  }
  ql_release(u), ql_release(v);
}

static void steps_of_a_stencil(void) { check_steps(false); }

static void steps_in_portions(void) {
  const CommInfo *info = job.ctx->info;
  int64_t before = job.ctx->counters.portioned_kernels;
  check_steps(true);
  bool is_one = info->node_size == 1 && (info->threads == 1 || job.ctx->params.share > 1 << 20),
       swept = job.ctx->params.time_block > 1;
  CHECK(is_one || swept || job.ctx->counters.portioned_kernels > before);
}

/* Between steps of which each worker has a share, which it needs nobody else for. */
static void portions_between_shares(void) {
  static double host[COUNT];
  int64_t shape[] = {COUNT};
  QlArray *u = ramp(1, shape), *v = ramp(1, shape);
  for (int round = 1; round <= ROUNDS; round++) {
    for (int step = 0; step < STEPS; step++) {
      record_nest(v, u, 0);
      CHECK_INT_EQ(ql_assign(job.ctx, u, &(QlOperand){.array = v}, &job.error), QL_OK);
    }
    run_with(count_in_nest, NULL, 2 * STEPS);
    int wrong = 0;
    CHECK_INT_EQ(ql_gather(u, -1, host, &job.error), QL_OK);
    for (int i = 0; i < COUNT; i++) wrong += host[i] != 1 + 3.0 * i + STEPS * round;
    CHECK_INT_EQ(wrong, 0);
  }
  ql_release(u), ql_release(v);
}

/* Ghosts that come again: v[FIRST:-1] = u[FIRST + 1:]; u = w. Of two nodes the first only receives,
 * and its leader computes nothing of v: only the wait before it unpacks tells it that the old ones
 * have been read. */
static void ghosts_are_replaced(void) {
  enum { PAIRS = STEPS / 2, FIRST = COUNT / 2 - 100 };
  static double host[COUNT];
  int64_t shape[] = {COUNT}, shorter[] = {COUNT - 1 - FIRST}, stride[] = {1};
  QlArray *u = ramp(1, shape), *ahead, *v[PAIRS], *to[PAIRS], *w[PAIRS];
  CHECK_INT_EQ(ql_view(u, 1, shorter, stride, FIRST + 1, &ahead, &job.error), QL_OK);
  for (int k = 0; k < PAIRS; k++) {
    v[k] = ramp(1, shape);
    CHECK_INT_EQ(ql_view(v[k], 1, shorter, stride, FIRST, &to[k], &job.error), QL_OK);
    CHECK_INT_EQ(ql_ramp(job.ctx, QL_F64, 1, shape, 0, ql_f64(k), ql_f64(k), &w[k], &job.error),
                 QL_OK);
    CHECK_INT_EQ(ql_flush(job.ctx, &job.error), QL_OK);
  }
  for (int round = 0; round < ROUNDS; round++) {
    for (int k = 0; k < PAIRS; k++) {
      CHECK_INT_EQ(ql_assign(job.ctx, to[k], &(QlOperand){.array = ahead}, &job.error), QL_OK);
      CHECK_INT_EQ(ql_assign(job.ctx, u, &(QlOperand){.array = w[k]}, &job.error), QL_OK);
    }
    run_with(copy_row, NULL, STEPS);
    for (int k = 1; k < PAIRS; k++) {
      int wrong = 0;
      CHECK_INT_EQ(ql_gather(v[k], -1, host, &job.error), QL_OK);
      for (int i = FIRST; i < COUNT - 1; i++) wrong += host[i] != (k - 1) * (i + 2.0);
      CHECK_INT_EQ(wrong, 0);
    }
  }
  for (int k = 0; k < PAIRS; k++) ql_release(v[k]), ql_release(to[k]), ql_release(w[k]);
  ql_release(u), ql_release(ahead);
}

/* Several fields, whose messages travel together, in staging that later ones have after them. */
static void fields_together(void) {
  enum { FIELDS = 6 };
  static double want[2][FIELDS][COUNT], host[COUNT];
  QlArray *u[FIELDS], *v[FIELDS];
  for (int k = 0; k < FIELDS; k++) {
    int64_t shape[] = {COUNT - k};
    u[k] = ramp(1, shape), v[k] = ramp(1, shape);
    for (int i = 0; i < COUNT - k; i++) want[0][k][i] = want[1][k][i] = 1 + 3.0 * i;
  }
  for (int round = 0; round < ROUNDS; round++) {
    for (int step = 0; step < STEPS; step++)
      for (int k = 0; k < FIELDS; k++) {
        const double *from = want[step % 2][k];
        double *to = want[1 - step % 2][k];
        record_difference(0, COUNT - k, step % 2 ? u[k] : v[k], step % 2 ? v[k] : u[k]);
        for (int i = 1; i < COUNT - k - 1; i++) to[i] = from[i - 1] - from[i + 1];
      }
    run_with(difference, NULL, STEPS * FIELDS);
    for (int k = 0; k < FIELDS; k++) {
      CHECK_INT_EQ(ql_gather(u[k], -1, host, &job.error), QL_OK);
      CHECK_INT_EQ(memcmp(host, want[0][k], (size_t)(COUNT - k) * sizeof *host), 0);
    }
  }
  for (int k = 0; k < FIELDS; k++) ql_release(u[k]), ql_release(v[k]);
}

/* ---- copies of what other workers own ---- */

static void steps_of_transposes(void) {
  static double host[ROWS][COLUMNS];
  int64_t shape[] = {ROWS, COLUMNS}, turned[] = {COLUMNS, ROWS};
  QlArray *u = ramp(2, shape), *v = ramp(2, turned), *u_turned, *v_turned;
  CHECK_INT_EQ(ql_view(u, 2, turned, (int64_t[]){1, COLUMNS}, 0, &u_turned, &job.error), QL_OK);
  CHECK_INT_EQ(ql_view(v, 2, shape, (int64_t[]){1, ROWS}, 0, &v_turned, &job.error), QL_OK);
  for (int round = 0; round < ROUNDS; round++) {
    for (int step = 0; step < STEPS; step++)
      CHECK_INT_EQ(ql_assign(job.ctx, step % 2 ? u : v,
                             &(QlOperand){.array = step % 2 ? v_turned : u_turned}, &job.error),
                   QL_OK);
    run_with(copy, NULL, STEPS);
    int wrong = 0;
    CHECK_INT_EQ(ql_gather(u, -1, host, &job.error), QL_OK);
    for (int i = 0; i < ROWS; i++)
      for (int j = 0; j < COLUMNS; j++) wrong += host[i][j] != 1 + 3.0 * i;
    CHECK_INT_EQ(wrong, 0);
  }
  ql_release(u), ql_release(v), ql_release(u_turned), ql_release(v_turned);
}

/* ---- blocks that one array leaves to another ---- */

/* t = x[::-1], an array of its own, since x changes before t is read: x = w; y = t[::-1]. */
static void record_turn(int64_t count, QlArray *x, QlArray *w, QlArray *y) {
  QlArray *t, *x_back, *t_back;
  int64_t shape[] = {count}, stride[] = {-1};
  CHECK_INT_EQ(ql_empty(job.ctx, QL_F64, 1, shape, &t, &job.error), QL_OK);
  CHECK_INT_EQ(ql_view(x, 1, shape, stride, count - 1, &x_back, &job.error), QL_OK);
  CHECK_INT_EQ(ql_view(t, 1, shape, stride, count - 1, &t_back, &job.error), QL_OK);
  CHECK_INT_EQ(ql_assign(job.ctx, t, &(QlOperand){.array = x_back}, &job.error), QL_OK);
  CHECK_INT_EQ(ql_assign(job.ctx, x, &(QlOperand){.array = w}, &job.error), QL_OK);
  CHECK_INT_EQ(ql_assign(job.ctx, y, &(QlOperand){.array = t_back}, &job.error), QL_OK);
  ql_release(t), ql_release(x_back), ql_release(t_back);
}

static void expect(QlArray *array, int64_t count, double start, double step) {
  static double host[COUNT];
  int wrong = 0;
  CHECK_INT_EQ(ql_gather(array, -1, host, &job.error), QL_OK);
  for (int64_t i = 0; i < count; i++) wrong += host[i] != start + step * (double)i;
  CHECK_INT_EQ(wrong, 0);
}

/* Each turn has nothing to do with the one before, but for the block in which its t lies. */
static void arrays_in_turn(void) {
  enum { TURNS = 3 };
  QlArray *x[TURNS], *y[TURNS], *w[TURNS];
  for (int k = 0; k < TURNS; k++) {
    int64_t shape[] = {COUNT - k};
    x[k] = ramp(1, shape), y[k] = ramp(1, shape), w[k] = ramp(1, shape);
    CHECK_INT_EQ(ql_assign(job.ctx, w[k], &(QlOperand){.scalar = ql_f64(7)}, &job.error), QL_OK);
  }
  CHECK_INT_EQ(ql_flush(job.ctx, &job.error), QL_OK);
  for (int round = 0; round < ROUNDS; round++) {
    for (int k = 0; k < TURNS; k++) record_turn(COUNT - k, x[k], w[k], y[k]);
    run_with(copy_row, copy_two_rows, 2 * TURNS); /* x = w beside y = t[::-1] */
    for (int k = 0; k < TURNS; k++) {
      expect(x[k], COUNT - k, 7, 0), expect(y[k], COUNT - k, 1, 3);
      QlArray *next = y[k];
      y[k] = x[k], x[k] = next;
    }
  }
  for (int k = 0; k < TURNS; k++) ql_release(x[k]), ql_release(y[k]), ql_release(w[k]);
}

/* ---- plans that move ---- */

static void forget_plans(void) {
  if (job.ctx->info->rank == 0) rt_plan_drop_all(job.ctx);
}

/* The stencil on fewer elements, at another place each time. On one node the plan moves; when a
 * rank has forgotten it, all make it. */
static void moving_places(void) {
  enum { PLACES = 24, WINDOW = COUNT - 2 * PLACES };
  static double want[2][COUNT], host[COUNT];
  int64_t shape[] = {COUNT};
  QlArray *u = ramp(1, shape), *v = ramp(1, shape);
  for (int i = 0; i < COUNT; i++) want[0][i] = want[1][i] = 1 + 3.0 * i;
  moves = 0;
  for (int place = 0; place < PLACES; place++) {
    for (int step = 0; step < STEPS; step++) {
      const double *from = want[step % 2];
      double *to = want[1 - step % 2];
      record_difference(place, WINDOW, step % 2 ? u : v, step % 2 ? v : u);
      for (int i = place + 1; i < place + WINDOW - 1; i++) to[i] = from[i - 1] - from[i + 1];
    }
    if (place % 8 == 7) {
      forget_plans();
      CHECK_INT_EQ(ql_flush(job.ctx, &job.error), QL_OK);
    } else {
      run_with(difference, NULL, STEPS);
    }
    CHECK_INT_EQ(ql_gather(u, -1, host, &job.error), QL_OK);
    CHECK_INT_EQ(memcmp(host, want[0], sizeof host), 0);
  }
  bool swept = job.ctx->params.time_block > 1; /* such plans stay where they are */
  CHECK(job.ctx->info->node_count > 1 || swept || moves > 0);
  ql_release(u), ql_release(v);
}

int main(int argc, char **argv) {
  static const CheckTest tests[] = {
      CHECK_TEST(steps_of_a_stencil), CHECK_TEST(ghosts_are_replaced),
      CHECK_TEST(fields_together),    CHECK_TEST(steps_of_transposes),
      CHECK_TEST(arrays_in_turn),     CHECK_TEST(moving_places),
      CHECK_TEST(steps_in_portions),  CHECK_TEST(portions_between_shares)};
  setenv("QUELEA_FLUSH", "1000", 1), setenv("QUELEA_OVERLAP", "1", 1);
  setenv("QUELEA_SHARE", "0", 0);     /* the arrays are small */
  setenv("QUELEA_POSITIONS", "4", 1); /* fewer than places between two that a rank forgets */
  const char *members = getenv("TEST_MEMBERS");
  are_late = members && !strcmp(members, "late"),
  are_absent = members && !strcmp(members, "absent");
  return job_run(tests, sizeof tests / sizeof *tests, argc, argv);
}
