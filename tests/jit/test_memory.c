/* Out of memory is an error like any other: the n-th allocation fails, for every n until the work
 * succeeds. Every failure must be reported, leak nothing (under ASan) and leave the next try able
 * to succeed. The linker routes the compiler's allocations here. */
#include "../check.h"
#include "ir.h"

#include <stdlib.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static long countdown; /* the allocation that fails: the tests' only state */

static bool fails(void) { return countdown > 0 && --countdown == 0; }

void *__wrap_malloc(size_t size) { return fails() ? NULL : __real_malloc(size); }
void *__wrap_calloc(size_t count, size_t size) {
  return fails() ? NULL : __real_calloc(count, size);
}
void *__wrap_realloc(void *old, size_t size) { return fails() ? NULL : __real_realloc(old, size); }

static const char program[] =
    "function rank 1\n"
    "array $0: f64 read (unit)\n"
    "array $1: f64 write (unit)\n"
    "array $2: f64 read (zero)\n"
    "param ?0: b8\n"
    "@0\n"
    "  %1: f64[:] = load $0[0]\n"
    "  %2: b8 = const true\n"
    "  %3: b8 = param ?0\n"
    "  jnz %3, @1, @2\n"
    "@1\n"
    "  %4: f64 = load $2[0]\n"
    "  %5: f64 = sqrt %4\n"
    "  %6: f64[:] = add %1, %5\n"
    "  jnz %2, @2, @3\n"
    "@2\n"
    "  %7: f64[:] = phi @0 %1, @1 %6\n"
    "  %8: f64[:] = add %1, %7\n"
    "  %9: f64[:] = add %7, %1\n"
    "  %10: f64[:] = multiply %8, %9\n"
    "  store $1, %10\n"
    "  ret\n"
    "@3\n"
    "  ret\n";

static const char module[] =
    "function rank 0\n"
    "param ?0: i64\n"
    "@0\n"
    "  %1: i64 = param ?0\n"
    "  %2: i64 = const 8\n"
    "  %3: f64 = load at %1 + %2\n"
    "  %4: f64 = call @@twice %3\n"
    "  store at %1 + %2, %4\n"
    "  host release %2\n"
    "  ret\n"
    "local @@twice (f64) -> f64\n"
    "@0\n"
    "  %1: f64 = param ?0\n"
    "  %2: f64 = add %1, %1\n"
    "  ret %2\n";

/* out[j] = the sum of in[j + k] or, where they are above 5, of their squares: of 2 turns */
static const char strips[] =
    "function rank 0\n"
    "param ?0: i64\n"
    "param ?1: i64\n"
    "@0\n"
    "  %in: i64 = param ?0\n"
    "  %out: i64 = param ?1\n"
    "  %zero: i64 = const 0\n"
    "  %one: i64 = const 1\n"
    "  %two: i64 = const 2\n"
    "  %size: i64 = const 8\n"
    "  %n: i64 = const 40\n"
    "  %five: f64 = const 5.0\n"
    "  %none: f64 = const 0.0\n"
    "  jmp @head\n"
    "@head\n"
    "  %j: i64 = phi @0 %zero, @last %next\n"
    "  %go: b8 = less %j, %n\n"
    "  jnz %go, @body, @end\n"
    "@body\n"
    "  %at: i64 = multiply %j, %size\n"
    "  %own: i64 = stack 8\n"
    "  jmp @window\n"
    "@window\n"
    "  %k: i64 = phi @body %zero, @join %k1\n"
    "  %sum: f64 = phi @body %none, @join %more\n"
    "  %on: b8 = less %k, %two\n"
    "  jnz %on, @turn, @last\n"
    "@turn\n"
    "  %jk: i64 = add %j, %k\n"
    "  %o: i64 = multiply %jk, %size\n"
    "  %x: f64 = load at %in + %o\n"
    "  store at %own + %zero, %x\n"
    "  %high: b8 = less %five, %x\n"
    "  jnz %high, @square, @join\n"
    "@square\n"
    "  %kept: f64 = load at %own + %zero\n"
    "  %other: f64 = load at %in + %at\n"
    "  %xx: f64 = multiply %x, %kept\n"
    "  %xxx: f64 = maximum %xx, %other\n"
    "  jmp @join\n"
    "@join\n"
    "  %added: f64 = phi @turn %x, @square %xxx\n"
    "  %more: f64 = add %sum, %added\n"
    "  %k1: i64 = add %k, %one\n"
    "  jmp @window\n"
    "@last\n"
    "  store at %out + %at, %sum\n"
    "  %next: i64 = add %j, %one\n"
    "  jmp @head\n"
    "@end\n"
    "  ret\n";

/* Parses, copies, optimises, prints and runs. */
static QlStatus work(const char *source, const JitCall *call, QlError *error) {
  JitFn *fn = NULL, *copy = NULL;
  char *text = NULL;
  QlStatus status = jit_parse(source, &fn, error);
  if (status != QL_OK) goto out;
  copy = jit_fn_copy(fn);
  text = jit_print(fn);
  status = QL_ERR_MEMORY;
  if (!copy || !text) goto out;
  if ((status = jit_optimise(copy, error)) != QL_OK) goto out;
  status = jit_interpret(copy, call, error);
out:
  free(text);
  jit_fn_free(fn), jit_fn_free(copy);
  return status;
}

/* Gives the number of allocations. */
static long fail_each(const char *source, const JitCall *call) {
  QlStatus status = QL_ERR_MEMORY;
  long n = 0;
  while (status == QL_ERR_MEMORY) {
    QlError error = {0};
    countdown = ++n;
    status = work(source, call, &error);
    CHECK(status == QL_ERR_MEMORY || countdown > 0);
    countdown = 0;
    if (status != QL_OK && status != QL_ERR_MEMORY)
      fprintf(stderr, "allocation %ld: %s\n", n, error.text);
  }
  CHECK_INT_EQ(status, QL_OK);
  return n;
}

static void every_allocation_may_fail(void) {
  double in[3] = {1, 2, 3}, out[3] = {0}, uniform = 16;
  JitCall call = {.lo = (int64_t[]){0},
                  .hi = (int64_t[]){3},
                  .base = (char *[]){(char *)in, (char *)out, (char *)&uniform},
                  .stride = (int64_t[]){8, 8, 0},
                  .param = (QlValue[]){{.b = true}}};
  CHECK(fail_each(program, &call) > 30);
  for (int k = 0; k < 3; k++) CHECK(out[k] == (2 * in[k] + 4) * (2 * in[k] + 4));
}

static void also_of_strips(void) {
  double in[41], out[40] = {0};
  for (int k = 0; k < 41; k++) in[k] = k % 11;
  JitCall call = {.param =
                      (QlValue[]){{.i = (int64_t)(uintptr_t)in}, {.i = (int64_t)(uintptr_t)out}}};
  CHECK(fail_each(strips, &call) > 40);
  for (int k = 0; k < 40; k++) {
    double a = in[k], b = in[k + 1];
    CHECK(out[k] == (a > 5 ? a * a : a) + (b > 5 ? b * b : b));
  }
}

static void also_of_modules(void) {
  double memory[2] = {0, 3};
  JitCall call = {.param = (QlValue[]){{.i = (int64_t)(uintptr_t)memory}}};
  CHECK(fail_each(module, &call) > 30);
  CHECK(memory[1] == 6);
}

/* Building: the n-th allocation fails and the builder goes on, unaware. */
static void building_notes_it(void) {
  for (long n = 1;; n++) {
    countdown = n;
    JitFn *fn = jit_fn_new(1, NULL);
    QlError error = {0};
    if (fn) {
      jit_fn_array(fn, QL_F64, JIT_WRITE, (JitStride[]){JIT_STRIDE_UNIT});
      JitRef value = jit_const(fn, QL_F64, (QlValue){.d = 1});
      for (int k = 0; k < 100; k++) value = jit_op(fn, QL_OP_SQRT, 1, &value, (QlSource){0});
      JitBlock next = jit_block_new(fn);
      jit_jump(fn, next);
      jit_block_open(fn, next);
      jit_store(fn, 0, value, (QlSource){0});
    }
    bool failed = countdown == 0;
    countdown = 0;
    QlStatus status = fn ? jit_verify(fn, &error) : QL_ERR_MEMORY;
    CHECK_INT_EQ(status, failed ? QL_ERR_MEMORY : QL_OK);
    jit_fn_free(fn);
    if (!failed) return;
  }
}

CHECK_MAIN(CHECK_TEST(every_allocation_may_fail), CHECK_TEST(also_of_modules),
           CHECK_TEST(also_of_strips), CHECK_TEST(building_notes_it))
