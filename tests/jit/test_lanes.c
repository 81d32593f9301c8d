/* Values of several lanes, compiled and interpreted: every operation, every cast, loads and stores
 * at any address. */
#include "../check.h"
#include "generate.h"
#include "random.h"

#include <stdlib.h>
#include <string.h>

enum { ROW = IR_MOST_LANES * 16 + 64, ROWS = 3 + QL_OP_COUNT + QL_DTYPE_COUNT };

typedef struct Run {
  char memory[ROWS][ROW]; /* three operands, then a row for each result */
} Run;

static QlSource no_source(void) { return (QlSource){0}; }

static JitRef number(JitFn *fn, int64_t value) {
  return jit_const(fn, QL_I64, (QlValue){.i = value});
}

/* Rows begin at odd addresses. */
static JitRef row(JitFn *fn, int k) { return number(fn, (int64_t)k * ROW + 1); }

static bool same_number(QlDtype dtype, QlValue a, QlValue b) {
  if (ql_dtype_info[dtype].kind == QL_KIND_COMPLEX) {
    QlDtype part = (QlDtype)ql_dtype_info[dtype].part;
    for (int k = 0; k < 2; k++) {
      QlOp op = k ? QL_OP_IMAG : QL_OP_REAL;
      if (!same_number(part, ir_eval(op, dtype, &a), ir_eval(op, dtype, &b))) return false;
    }
    return true;
  }
  bool nan = ql_dtype_info[dtype].kind == QL_KIND_FLOAT && ir_eval(QL_OP_ISNAN, dtype, &a).b &&
             ir_eval(QL_OP_ISNAN, dtype, &b).b;
  return nan || a.bits[0] == b.bits[0];
}

static bool is_nan(QlDtype dtype, QlValue value) {
  return ir_has_loop(QL_OP_ISNAN, dtype) && ir_eval(QL_OP_ISNAN, dtype, &value).b;
}

/* Compiles the function, and runs it both ways on equal memory. */
static void run_both(Jit *jit, JitFn *fn, const Run *given, Run *interpreted, Run *compiled) {
  QlError error = {0};
  JitKey key;
  const JitKernel *kernel;
  *interpreted = *compiled = *given;
  JitCall call = {.param = (QlValue[]){{.i = (int64_t)(uintptr_t)interpreted->memory}}};
  if (!CHECK_INT_EQ(jit_interpret(fn, &call, &error), QL_OK)) fprintf(stderr, "%s\n", error.text);
  call.param = (QlValue[]){{.i = (int64_t)(uintptr_t)compiled->memory}};
  if (CHECK(jit_key(jit, fn, &key, &error) == QL_OK &&
            jit_compile(jit, fn, key, &kernel, &error) == QL_OK))
    jit_entry(kernel)(&call);
  else
    fprintf(stderr, "%s\n", error.text);
}

/* Row k is of that dtype, and has so many lanes. */
static void check_row(const Run *a, const Run *b, int k, QlDtype dtype, int lanes,
                      const char *what) {
  int size = ql_dtype_info[dtype].size;
  for (int lane = 0; lane < lanes; lane++) {
    QlValue x = ir_read(dtype, a->memory[k] + 1 + lane * size),
            y = ir_read(dtype, b->memory[k] + 1 + lane * size);
    if (!CHECK(same_number(dtype, x, y)))
      fprintf(stderr, "%s to %s, lane %d of %d\n", what, ql_dtype_info[dtype].name, lane, lanes);
  }
  size_t end = 1 + (size_t)(lanes * size);
  CHECK(!a->memory[k][0] && !memcmp(a->memory[k] + end, b->memory[k] + end, ROW - end));
}

/* Operands of a dtype, a third one of bools. What depends on a NaN's sign is given none. */
static void fill(Run *run, QlDtype dtype, uint64_t seed) {
  Random random = {seed};
  memset(run, 0, sizeof *run);
  for (int k = 0; k < 3; k++)
    for (int lane = 0; lane < IR_MOST_LANES; lane++) {
      QlDtype own = k == 2 ? QL_BOOL : dtype;
      QlValue value;
      do value = random_value(&random, own);
      while (is_nan(own, value) && seed % 2);
      ir_write(own, run->memory[k] + 1 + lane * ql_dtype_info[own].size, value);
    }
}

/* All operations of a dtype, and its casts. `spread`: the last operand is the same in all lanes. */
static JitFn *all_operations(QlDtype dtype, int lanes, bool spread) {
  JitFn *fn = jit_fn_new(0, NULL);
  jit_fn_param(fn, QL_I64);
  JitRef base = jit_param(fn, 0, no_source()), args[3];
  for (int k = 0; k < 3; k++)
    args[k] = ir_load_lanes(fn, k == 2 ? QL_BOOL : dtype, base, row(fn, k),
                            spread && k == 1 ? 0 : lanes, (JitRef){0}, no_source());
  for (int op = 0; op < QL_OP_COUNT; op++) {
    if (!ir_has_loop((QlOp)op, dtype)) continue;
    JitRef of[3] = {args[0], args[1]};
    if (op == QL_OP_SELECT) of[0] = args[2], of[1] = args[0], of[2] = args[1];
    jit_store_at(fn, base, row(fn, 3 + op),
                 jit_op(fn, (QlOp)op, ql_op_info[op].arity, of, no_source()), no_source());
  }
  for (int to = 0; to < QL_DTYPE_COUNT; to++)
    jit_store_at(fn, base, row(fn, 3 + QL_OP_COUNT + to),
                 jit_cast(fn, args[0], (QlDtype)to, no_source()), no_source());
  return fn;
}

static bool reads_nan_sign(QlOp op, QlDtype loop) {
  if (op == QL_OP_SIGNBIT || op == QL_OP_COPYSIGN || op == QL_OP_BITS) return true;
  return ql_dtype_info[loop].kind == QL_KIND_COMPLEX;
}

static void every_operation(void) {
  Jit *jit = NULL;
  QlError error = {0};
  Run *runs = malloc(3 * sizeof *runs);
  if (!CHECK(runs && jit_open(&(JitOptions){.verify = true}, &jit, &error) == QL_OK)) abort();
  for (int d = 0; d < QL_DTYPE_COUNT; d++) {
    QlDtype dtype = (QlDtype)d;
    int lanes = 2 << d % 6;
    for (uint64_t seed = 0; seed < 2; seed++) {
      JitFn *fn = all_operations(dtype, lanes, seed % 2);
      fill(runs, dtype, (uint64_t)(2 * d) + seed);
      run_both(jit, fn, runs, runs + 1, runs + 2);
      for (int op = 0; op < QL_OP_COUNT; op++)
        if (ir_has_loop((QlOp)op, dtype) && (seed % 2 || !reads_nan_sign((QlOp)op, dtype)))
          check_row(runs + 1, runs + 2, 3 + op, ir_result((QlOp)op, dtype), lanes,
                    ql_op_info[op].name);
      for (int to = 0; to < QL_DTYPE_COUNT; to++)
        check_row(runs + 1, runs + 2, 3 + QL_OP_COUNT + to, (QlDtype)to, lanes, "cast");
      jit_fn_free(fn);
    }
  }
  jit_close(jit);
  free(runs);
}

CHECK_MAIN(CHECK_TEST(every_operation))
