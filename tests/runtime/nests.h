/* What tests of compiled loop nests share: kernels of IR as text, and arrays. */
#ifndef QUELEA_TEST_NESTS_H
#define QUELEA_TEST_NESTS_H

#include "job.h"
#include "runtime.h"

#include <stdlib.h>

/* ---- kernels ---- */

static void declare(char *text, size_t size, int integers, int floats) {
  size_t used = (size_t)snprintf(text, size, "function rank 0\n");
  for (int k = 0; k < integers + floats; k++)
    used += (size_t)snprintf(text + used, size - used, "param ?%d: %s\n", k,
                             k < integers ? "i64" : "f64");
}

/* The operands' addresses and strides, by their numbers of axes, then scalars. */
static int parameters(const char *axes, int scalars, JitNestParam *params) {
  int count = 0;
  for (int k = 0; axes[k]; k++) {
    params[count++] = (JitNestParam){.kind = JIT_NEST_BASE, .operand = (uint8_t)k};
    for (int a = 0; a < axes[k] - '0'; a++)
      params[count++] =
          (JitNestParam){.kind = JIT_NEST_STRIDE, .operand = (uint8_t)k, .axis = (uint8_t)a};
  }
  for (int k = 0; k < scalars; k++) params[count++] = (JitNestParam){.kind = JIT_NEST_SCALAR};
  return count;
}

static const NestKernel *kernel(const char *body, const char *axes, int integers, int floats) {
  char text[8192];
  JitFn *fn = NULL;
  JitNestParam params[64];
  const NestKernel *made = NULL;
  int ndim = axes[0] - '0', count = parameters(axes, integers + floats, params);
  integers += 2 * ndim + count - integers - floats;
  declare(text, sizeof text, integers, floats);
  snprintf(text + strlen(text), sizeof text - strlen(text), "%s", body);
  if (!CHECK_INT_EQ(jit_parse(text, &fn, &job.error), QL_OK)) puts(job.error.text);
  if (!CHECK_INT_EQ(jit_verify(fn, &job.error), QL_OK)) puts(job.error.text);
  JitNest nest = {fn, ndim, count, params};
  CHECK_INT_EQ(rt_nest_kernel(job.ctx, &nest, &made, &job.error), QL_OK);
  jit_fn_free(fn);
  return made;
}

/* ---- arrays ---- */

static double value_at(int64_t k) { return (double)(k * 7919 % 1009) - 500; }

static inline QlArray *field(int64_t rows, int64_t columns) {
  int64_t shape[] = {rows, columns};
  double *data = malloc((size_t)(rows * columns) * sizeof *data);
  QlArray *made = NULL;
  for (int64_t k = 0; k < rows * columns; k++) data[k] = value_at(k);
  CHECK_INT_EQ(ql_import(job.ctx, QL_F64, 2, shape, data, NULL, &made, &job.error), QL_OK);
  free(data);
  return made;
}

static inline QlArray *filled(int ndim, const int64_t *shape, double value) {
  QlArray *made = NULL;
  CHECK_INT_EQ(ql_full(job.ctx, QL_F64, ndim, shape, ql_f64(value), &made, &job.error), QL_OK);
  return made;
}

static inline LogScalar integer(int64_t value) { return (LogScalar){{.i = value}, QL_I64}; }

static AxisSpan at(int dim, int64_t step, int64_t lo, int64_t hi) {
  return (AxisSpan){.lo = lo, .hi = hi, .step = step, .dim = dim};
}

static int run(const NestRequest *request) {
  job.error = (QlError){0};
  return (int)rt_nest(job.ctx, request, &job.error);
}

#endif
