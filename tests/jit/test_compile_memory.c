/* The n-th allocation of the compiler itself fails while it opens, compiles, caches and installs,
 * for every n: the call fails with QL_ERR_MEMORY or does without (the folder), leaks nothing (under
 * ASan), and the next try succeeds. (LLVM's own allocations are not reached: LLVM ends the process
 * when it has no memory.) The linker routes the compiler's allocations here. */
#include "../check.h"
#include "ir.h"

#include <stdlib.h>
#include <unistd.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static long countdown; /* the allocation that fails: the test's only state */

static bool fails(void) { return countdown > 0 && --countdown == 0; }

void *__wrap_malloc(size_t size) { return fails() ? NULL : __real_malloc(size); }
void *__wrap_calloc(size_t count, size_t size) {
  return fails() ? NULL : __real_calloc(count, size);
}
void *__wrap_realloc(void *old, size_t size) { return fails() ? NULL : __real_realloc(old, size); }

/* A sum of exponentials over rows: loops, a reduction, a library function. */
static JitFn *build(void) {
  JitFn *fn = jit_fn_new(2, NULL);
  JitStride in[2] = {JIT_STRIDE_ANY, JIT_STRIDE_UNIT}, out[2] = {JIT_STRIDE_ANY, JIT_STRIDE_ZERO};
  if (!fn) return NULL;
  jit_fn_array(fn, QL_F64, JIT_READ, in), jit_fn_array(fn, QL_F64, JIT_WRITE, out);
  QlSource none = {0};
  JitRef value = jit_op(fn, QL_OP_EXP, 1, (JitRef[]){jit_load(fn, 0, NULL, none)}, none);
  jit_store(fn, 1, jit_reduce(fn, QL_REDUCE_SUM, JIT_WHOLE, 1, value, none), none);
  return fn;
}

static QlStatus compile(Jit *jit, JitKey *key, const JitKernel **kernel, QlError *error) {
  JitFn *fn = build();
  if (!fn) return ql_fail(error, QL_ERR_MEMORY, "no function");
  QlStatus status = jit_key(jit, fn, key, error);
  if (status == QL_OK) status = jit_compile(jit, fn, *key, kernel, error);
  jit_fn_free(fn);
  return status;
}

static void run(const JitKernel *kernel) {
  double in[6] = {0, 0, 0, 0, 0, 0}, out[2] = {-1, -1};
  jit_entry(kernel)(&(JitCall){(int64_t[]){0, 0}, (int64_t[]){2, 3},
                               (char *[]){(char *)in, (char *)out}, (int64_t[]){24, 8, 8, 0},
                               NULL});
  CHECK(out[0] == 3 && out[1] == 3);
}

static QlStatus work(const char *folder, QlError *error) {
  Jit *first = NULL, *second = NULL;
  const JitKernel *kernel, *installed;
  JitKey key;
  const void *bytes;
  size_t size;
  JitOptions options = {.cache_folder = folder, .cache_bytes = 1 << 20};
  QlStatus status = jit_open(&options, &first, error);
  if (status == QL_OK) status = jit_open(&options, &second, error);
  if (status == QL_OK) status = compile(first, &key, &kernel, error);
  if (status == QL_OK) run(kernel);
  if (status == QL_OK) status = jit_object(kernel, &bytes, &size);
  if (status == QL_OK) status = jit_install(second, key, bytes, size, &installed, error);
  if (status == QL_OK) run(installed);
  jit_close(first), jit_close(second);
  return status;
}

static void every_allocation_may_fail(void) {
  char folder[] = "/tmp/quelea-test-XXXXXX", command[64];
  if (!CHECK(mkdtemp(folder))) return;
  bool reached = true;
  for (long n = 1; reached; n++) {
    QlError error = {0};
    snprintf(command, sizeof command, "rm -rf %s/*", folder);
    CHECK_INT_EQ(system(command), 0); /* every second time the kernel is compiled, not found */
    for (int turn = 0; turn < 2; turn++) {
      countdown = n;
      QlStatus status = work(folder, &error);
      reached = countdown == 0;
      countdown = 0;
      CHECK(status == QL_ERR_MEMORY || status == QL_OK);
      CHECK(reached || status == QL_OK);
      CHECK((status == QL_OK) == (error.status == QL_OK));
      error = (QlError){0};
    }
  }
  snprintf(command, sizeof command, "rm -rf %s", folder);
  CHECK_INT_EQ(system(command), 0);
}

CHECK_MAIN(CHECK_TEST(every_allocation_may_fail))
