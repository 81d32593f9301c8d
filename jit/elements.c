/* Operations on a few elements, one after the other, without a kernel: what is not worth compiling.
 * The values are those of the interpreter, and so of compiled code. */
#include "ir.h"

#include <string.h>

static QlValue cast(QlDtype from, QlValue value, QlDtype to) {
  return from == to ? value : ir_canonical(to, ql_convert(from, value, to));
}

static QlValue element_at(const JitElements *e, int64_t k) {
  return e->at ? ir_read(e->dtype, e->at + k * e->stride) : ir_canonical(e->dtype, e->value);
}

static void put(const JitElements *e, int64_t k, QlDtype dtype, QlValue value) {
  ir_write(e->dtype, e->at + k * e->stride, cast(dtype, value, e->dtype));
}

/* ---- loops of what is met most ---- */

/* What the compiler makes a loop of: where all operands run on, the strides are known. */
#define LOOP(in_type, out_type, operands, value)                                       \
  do {                                                                                 \
    const int64_t item = (int64_t)sizeof(in_type), stored = (int64_t)sizeof(out_type); \
    if (a_step == item && (operands < 2 || b_step == item) && o_step == stored) {      \
      const in_type *p = (const in_type *)a, *q = (const in_type *)b;                  \
      out_type *r = (out_type *)o;                                                     \
      for (int64_t k = 0; k < points; k++) {                                           \
        in_type x = p[k], y = operands < 2 ? p[k] : q[k];                              \
        (void)y, r[k] = (out_type)(value);                                             \
      }                                                                                \
      return true;                                                                     \
    }                                                                                  \
    for (int64_t k = 0; k < points; k++, a += a_step, b += b_step, o += o_step) {      \
      in_type x = *(const in_type *)a, y = operands < 2 ? x : *(const in_type *)b;     \
      (void)y, *(out_type *)o = (out_type)(value);                                     \
    }                                                                                  \
    return true;                                                                       \
  } while (0)

#define COMPARISONS(type)                                   \
  case QL_OP_LESS: LOOP(type, uint8_t, 2, x < y);           \
  case QL_OP_LESS_EQUAL: LOOP(type, uint8_t, 2, x <= y);    \
  case QL_OP_GREATER: LOOP(type, uint8_t, 2, x > y);        \
  case QL_OP_GREATER_EQUAL: LOOP(type, uint8_t, 2, x >= y); \
  case QL_OP_EQUAL: LOOP(type, uint8_t, 2, x == y);         \
  case QL_OP_NOT_EQUAL: LOOP(type, uint8_t, 2, x != y)

#define REAL_LOOPS(name, type)                                                                     \
  static bool name(QlOp op, const char *a, int64_t a_step, const char *b, int64_t b_step, char *o, \
                   int64_t o_step, int64_t points) {                                               \
    switch (op) {                                                                                  \
      case QL_OP_ADD: LOOP(type, type, 2, x + y);                                                  \
      case QL_OP_SUBTRACT: LOOP(type, type, 2, x - y);                                             \
      case QL_OP_MULTIPLY: LOOP(type, type, 2, x *y);                                              \
      case QL_OP_DIVIDE: LOOP(type, type, 2, x / y);                                               \
      case QL_OP_NEGATIVE: LOOP(type, type, 1, -x);                                                \
      case QL_OP_SQUARE: LOOP(type, type, 1, x *x); COMPARISONS(type);                             \
      default: return false;                                                                       \
    }                                                                                              \
  }
REAL_LOOPS(loops_f64, double)
REAL_LOOPS(loops_f32, float)

static bool loops_i64(QlOp op, const char *a, int64_t a_step, const char *b, int64_t b_step,
                      char *o, int64_t o_step, int64_t points) {
  switch (op) { /* they wrap around */
    case QL_OP_ADD: LOOP(uint64_t, uint64_t, 2, x + y);
    case QL_OP_SUBTRACT: LOOP(uint64_t, uint64_t, 2, x - y);
    case QL_OP_MULTIPLY: LOOP(uint64_t, uint64_t, 2, x *y);
    case QL_OP_NEGATIVE: LOOP(uint64_t, uint64_t, 1, 0 - x);
    case QL_OP_SQUARE: LOOP(uint64_t, uint64_t, 1, x *x); COMPARISONS(int64_t);
    default: return false;
  }
}

/* Of operands that need no cast. */
static bool map_fast(QlOp op, QlDtype loop, int count, const JitElements *in,
                     const JitElements *out, int64_t points) {
  if (count > 2 || out->dtype != ir_result(op, loop)) return false;
  const char *at[2] = {NULL, NULL};
  int64_t step[2] = {0, 0};
  for (int a = 0; a < count; a++) {
    if (in[a].dtype != loop) return false;
    at[a] = in[a].at ? in[a].at : (const char *)&in[a].value;
    step[a] = in[a].at ? in[a].stride : 0;
  }
  switch (loop) {
    case QL_F64: return loops_f64(op, at[0], step[0], at[1], step[1], out->at, out->stride, points);
    case QL_F32: return loops_f32(op, at[0], step[0], at[1], step[1], out->at, out->stride, points);
    case QL_I64: return loops_i64(op, at[0], step[0], at[1], step[1], out->at, out->stride, points);
    default: return false;
  }
}

void jit_map_elements(QlOp op, QlDtype loop, int count, const JitElements *in,
                      const JitElements *out, int64_t points) {
  if (map_fast(op, loop, count, in, out, points)) return;
  QlDtype result = ir_result(op, loop), dtype[3];
  for (int a = 0; a < count; a++) dtype[a] = ql_op_input(op, a, in[a].dtype, loop);
  for (int64_t k = 0; k < points; k++) {
    QlValue args[3];
    for (int a = 0; a < count; a++) args[a] = cast(in[a].dtype, element_at(&in[a], k), dtype[a]);
    put(out, k, result, ir_eval(op, loop, args));
  }
}

/* The same bits. */
static void copy_fast(const char *from, int64_t from_step, char *to, int64_t to_step, int64_t item,
                      int64_t points) {
  if (from_step == item && to_step == item) {
    memmove(to, from, (size_t)(points * item));
    return;
  }
  for (int64_t k = 0; k < points; k++, from += from_step, to += to_step) switch (item) {
      case 8: memcpy(to, from, 8); break;
      case 4: memcpy(to, from, 4); break;
      default: memcpy(to, from, (size_t)item);
    }
}

void jit_copy_elements(QlDtype loop, const JitElements *in, const JitElements *out,
                       int64_t points) {
  int64_t item = (int64_t)ql_dtype_info[out->dtype].size;
  if (in->dtype == out->dtype && loop == out->dtype && ql_dtype_info[loop].kind != QL_KIND_BOOL) {
    copy_fast(in->at ? in->at : (const char *)&in->value, in->at ? in->stride : 0, out->at,
              out->stride, item, points);
    return;
  }
  for (int64_t k = 0; k < points; k++) put(out, k, loop, cast(in->dtype, element_at(in, k), loop));
}

/* The same, of the dtypes that are met most; integers wrap. False: another one. */
static bool ramp_fast(QlValue start, QlValue step, const JitElements *out, int64_t points) {
  char *at = out->at;
  if (out->dtype != QL_F64 && out->dtype != QL_I64) return false;
  for (int64_t k = 0; k < points; k++, at += out->stride) {
    QlValue value;
    if (out->dtype == QL_F64)
      value.d = start.d + (double)k * step.d;
    else
      value.u = start.u + (uint64_t)k * step.u;
    memcpy(at, &value, sizeof value.u);
  }
  return true;
}

void jit_ramp_elements(QlValue start, QlValue step, const JitElements *out, int64_t points) {
  if (ramp_fast(start, step, out, points)) return;
  QlDtype dtype = out->dtype == QL_F16 ? QL_F32 : out->dtype;
  start = cast(out->dtype, ir_canonical(out->dtype, start), dtype);
  step = cast(out->dtype, ir_canonical(out->dtype, step), dtype);
  for (int64_t k = 0; k < points; k++) {
    QlValue at = cast(QL_I64, (QlValue){.i = k}, dtype);
    QlValue moved = ir_eval(QL_OP_MULTIPLY, dtype, (QlValue[]){at, step});
    put(out, k, dtype, ir_eval(QL_OP_ADD, dtype, (QlValue[]){start, moved}));
  }
}

/* Leaves of what needs no cast; x: what there is, y: what comes to it. */
#define LEAF(name, type, field, value)                                   \
  static QlValue name(const char *at, int64_t step, int64_t count) {     \
    type lanes[JIT_LANES];                                               \
    int64_t present = QL_MIN(count, (int64_t)JIT_LANES), k = present;    \
    for (int64_t lane = 0; lane < present; lane++)                       \
      lanes[lane] = *(const type *)(at + lane * step);                   \
    if (step == (int64_t)sizeof(type))                                   \
      for (; k + JIT_LANES <= count; k += JIT_LANES)                     \
        for (int lane = 0; lane < JIT_LANES; lane++) {                   \
          type x = lanes[lane], y = ((const type *)at)[k + lane];        \
          lanes[lane] = value;                                           \
        }                                                                \
    for (; k < count; k++) {                                             \
      type x = lanes[k % JIT_LANES], y = *(const type *)(at + k * step); \
      lanes[k % JIT_LANES] = value;                                      \
    }                                                                    \
    for (int64_t by = 1; by < JIT_LANES; by *= 2)                        \
      for (int64_t lane = 0; lane + by < present; lane += 2 * by) {      \
        type x = lanes[lane], y = lanes[lane + by];                      \
        lanes[lane] = value;                                             \
      }                                                                  \
    QlValue result = {.bits = {0, 0}};                                   \
    result.field = lanes[0];                                             \
    return result;                                                       \
  }
#define REAL_LEAVES(suffix, type, field)                      \
  LEAF(sum_##suffix, type, field, x + y)                      \
  LEAF(prod_##suffix, type, field, x *y)                      \
  LEAF(min_##suffix, type, field, (x < y) | (x != x) ? x : y) \
  LEAF(max_##suffix, type, field, (x > y) | (x != x) ? x : y)
REAL_LEAVES(f64, double, d)
REAL_LEAVES(f32, float, f)
LEAF(sum_i64, uint64_t, u, x + y)

typedef QlValue Leaf(const char *at, int64_t step, int64_t count);
static Leaf *const leaves[QL_REDUCE_COUNT + 1][QL_DTYPE_COUNT] = {
    [QL_REDUCE_SUM] = {[QL_F64] = sum_f64, [QL_F32] = sum_f32, [QL_I64] = sum_i64},
    [QL_REDUCE_PROD] = {[QL_F64] = prod_f64, [QL_F32] = prod_f32},
    [QL_REDUCE_MIN] = {[QL_F64] = min_f64, [QL_F32] = min_f32},
    [QL_REDUCE_MAX] = {[QL_F64] = max_f64, [QL_F32] = max_f32},
};

/* As JIT_TREE. */
void jit_reduce_leaves(QlReduction reduction, QlDtype loop, const JitElements *in,
                       const JitElements *out, int64_t points) {
  IrTree tree;
  tree.reduction = reduction, tree.dtype = loop, tree.depth = 0;
  for (int64_t k = 0; k < points; k++) ir_tree_push(&tree, element_at(in, k));
  put(out, 0, loop, ir_tree_finish(&tree));
}

/* As JIT_WHOLE. */
void jit_reduce_elements(QlReduction reduction, QlDtype loop, const JitElements *in,
                         const JitElements *out, int64_t points) {
  IrTree tree;
  bool counts = reduction == QL_REDUCE_COUNT; /* the sum of what is not zero */
  Leaf *leaf = in->at && in->dtype == loop ? leaves[reduction][loop] : NULL;
  QlDtype read = counts ? QL_BOOL : in->dtype;
  tree.reduction = reduction, tree.dtype = loop, tree.depth = 0;
  for (int64_t first = 0; first < points; first += JIT_LEAF) {
    int64_t count = QL_MIN(points - first, (int64_t)JIT_LEAF);
    if (leaf) {
      ir_tree_push(&tree, leaf(in->at + first * in->stride, in->stride, count));
      continue;
    }
    for (int64_t k = 0; k < count; k++)
      ir_tree_element(&tree, k, cast(read, cast(in->dtype, element_at(in, first + k), read), loop));
    ir_tree_push(&tree, ir_tree_leaf(&tree, count));
  }
  put(out, 0, loop, ir_tree_finish(&tree));
}
