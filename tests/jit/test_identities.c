/* What fold takes for granted, by brute force: a cast of a cast, an operation on a constant 0, 1 or
 * -1 or on one value twice, and an operation on its own result give the same bits folded and as
 * written, for every dtype and for the values at the edges. Random functions meet such combinations
 * too rarely. */
#include "../check.h"
#include "ir.h"

#include <math.h>
#include <stdlib.h>

enum { POINTS = 24 };

typedef union Elements {
  char bytes[POINTS * sizeof(QlValue)];
  QlValue aligned;
} Elements;

static const QlSource here = {NULL, 0};

static QlValue edge_of(QlDtype dtype, int k) {
  static const int64_t whole[POINTS] = {
      0,         1,         -1,           2,         -2,         3,          7,
      127,       128,       -128,         -129,      255,        32767,      -32768,
      65535,     65536,     INT32_MAX,    INT32_MIN, 3000000001, UINT32_MAX, (1LL << 53) + 1,
      INT64_MAX, INT64_MIN, INT64_MIN + 1};
  static const double real[POINTS] = {0.0,    -0.0,    1.0,          -1.0,     0.5,       -2.5,
                                      3.0,    127.5,   -128.5,       255.0,    65504.0,   65520.0,
                                      0x1p31, -0x1p31, 3000000001.0, 0x1p32,   0x1p63,    -0x1p63,
                                      0x1p64, 1e300,   5e-324,       INFINITY, -INFINITY, NAN};
  QlDtype part = (QlDtype)ql_dtype_info[dtype].part;
  if (ql_dtype_info[dtype].kind < QL_KIND_FLOAT)
    return ql_convert(QL_I64, (QlValue){.i = whole[k]}, dtype);
  if (part == dtype) return ql_convert(QL_F64, (QlValue){.d = real[k]}, dtype);
  return ql_convert(QL_C128, (QlValue){.z = {real[k], real[(k * 7 + 1) % POINTS]}}, dtype);
}

/* Equal bits, or two NaNs. */
static bool is_same(QlDtype dtype, QlValue a, QlValue b) {
  QlDtype part = (QlDtype)ql_dtype_info[dtype].part;
  int parts = part == dtype ? 1 : 2, size = ql_dtype_info[part].size;
  for (int p = 0; p < parts; p++) {
    QlValue x = ir_read(part, (const char *)&a + p * size),
            y = ir_read(part, (const char *)&b + p * size);
    bool nan = ql_dtype_info[part].kind == QL_KIND_FLOAT && ir_eval(QL_OP_ISNAN, part, &x).b;
    if (nan ? !ir_eval(QL_OP_ISNAN, part, &y).b : x.bits[0] != y.bits[0]) return false;
  }
  return true;
}

/* A function of one operand $0; what it is stored to is $1. */
static JitFn *function_of(QlDtype from, JitRef *x) {
  JitFn *fn = jit_fn_new(1, NULL);
  jit_fn_array(fn, from, JIT_READ, (JitStride[]){JIT_STRIDE_UNIT});
  *x = jit_load(fn, 0, NULL, here);
  return fn;
}

static bool run(const JitFn *fn, const Elements *in, Elements *out) {
  QlError error = {0};
  JitCall call = {.lo = (int64_t[]){0},
                  .hi = (int64_t[]){POINTS},
                  .base = (char *[]){(char *)in->bytes, out->bytes},
                  .stride = (int64_t[]){ql_dtype_info[fn->arrays[0].dtype].size,
                                        ql_dtype_info[fn->arrays[1].dtype].size}};
  return jit_interpret(fn, &call, &error) == QL_OK;
}

/* Stores `value`, folds, and compares what comes out. Frees the function. */
static void hold(JitFn *fn, JitRef value) {
  Elements in, plain, folded;
  QlError error = {0};
  QlDtype from = (QlDtype)fn->arrays[0].dtype, to = (QlDtype)fn->ins[value.id].dtype;
  int wrong = -1;
  jit_fn_array(fn, to, JIT_WRITE, (JitStride[]){JIT_STRIDE_UNIT});
  jit_store(fn, 1, value, here);
  for (int k = 0; k < POINTS; k++)
    ir_write(from, in.bytes + k * ql_dtype_info[from].size, edge_of(from, k));
  JitFn *changed = jit_fn_copy(fn);
  bool ran = changed && run(fn, &in, &plain) && jit_fold(changed, &error) == QL_OK &&
             run(changed, &in, &folded);
  for (int k = 0; ran && k < POINTS; k++) {
    int at = k * ql_dtype_info[to].size;
    if (!is_same(to, ir_read(to, plain.bytes + at), ir_read(to, folded.bytes + at))) wrong = k;
  }
  if (!CHECK(ran) || !CHECK_INT_EQ(wrong, -1)) {
    char *text = jit_print(fn);
    fprintf(stderr, "%s", text ? text : "");
    free(text);
  }
  jit_fn_free(fn), jit_fn_free(changed);
}

static void casts_of_casts(void) {
  for (int from = 0; from < QL_DTYPE_COUNT; from++)
    for (int through = 0; through < QL_DTYPE_COUNT; through++)
      for (int to = 0; to < QL_DTYPE_COUNT; to++) {
        JitRef x;
        JitFn *fn = function_of((QlDtype)from, &x);
        hold(fn, jit_cast(fn, jit_cast(fn, x, (QlDtype)through, here), (QlDtype)to, here));
      }
}

/* 0, 1, -1 and -0 of a dtype (of bools and integers without sign: what they wrap to). */
static JitRef constant(JitFn *fn, QlDtype dtype, int k) {
  static const double values[] = {0.0, 1.0, -1.0, -0.0};
  QlValue value = {.z = {values[k], k == 3 ? -0.0 : 0.0}};
  return jit_const(fn, dtype, ql_convert(QL_C128, value, dtype));
}

static void operations_on_constants(void) {
  for (int op = 0; op < QL_OP_COUNT; op++)
    for (int loop = 0; loop < QL_DTYPE_COUNT; loop++)
      for (int k = 0; k < 8 && ql_op_info[op].arity == 2 && ir_has_loop((QlOp)op, (QlDtype)loop);
           k++) {
        JitRef x, args[2];
        JitFn *fn = function_of((QlDtype)loop, &x);
        args[k % 2] = x, args[1 - k % 2] = constant(fn, (QlDtype)loop, k / 2);
        hold(fn, jit_op(fn, (QlOp)op, 2, args, here));
      }
}

static void operations_on_one_value(void) {
  for (int op = 0; op < QL_OP_COUNT; op++)
    for (int loop = 0; loop < QL_DTYPE_COUNT; loop++) {
      JitRef x;
      if (ql_op_info[op].arity != 2 || !ir_has_loop((QlOp)op, (QlDtype)loop)) continue;
      JitFn *fn = function_of((QlDtype)loop, &x);
      hold(fn, jit_op(fn, (QlOp)op, 2, (JitRef[]){x, x}, here));
    }
}

static void operations_on_their_results(void) {
  for (int op = 0; op < QL_OP_COUNT; op++)
    for (int loop = 0; loop < QL_DTYPE_COUNT; loop++) {
      JitRef x;
      if (ql_op_info[op].arity != 1 || !ir_has_loop((QlOp)op, (QlDtype)loop)) continue;
      if (!ir_has_loop((QlOp)op, ir_result((QlOp)op, (QlDtype)loop))) continue;
      JitFn *fn = function_of((QlDtype)loop, &x);
      JitRef once = jit_op(fn, (QlOp)op, 1, &x, here);
      hold(fn, jit_op(fn, (QlOp)op, 1, &once, here));
    }
}

static void choices(void) {
  for (int dtype = 0; dtype < QL_DTYPE_COUNT; dtype++)
    for (int k = 0; k < 16; k++) {
      JitRef x;
      JitFn *fn = function_of((QlDtype)dtype, &x);
      JitRef args[3] = {jit_cast(fn, x, QL_BOOL, here), constant(fn, (QlDtype)dtype, k % 4),
                        constant(fn, (QlDtype)dtype, k / 4)};
      hold(fn, jit_op(fn, QL_OP_SELECT, 3, args, here));
    }
}

CHECK_MAIN(CHECK_TEST(casts_of_casts), CHECK_TEST(operations_on_constants),
           CHECK_TEST(operations_on_one_value), CHECK_TEST(operations_on_their_results),
           CHECK_TEST(choices))
