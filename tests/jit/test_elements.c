/* What is computed without a kernel, element by element or by loops of our own, against ir_eval and
 * the tree of jit.h: the same bits, with any strides, in place, with scalars. */
#include "../check.h"
#include "ir.h"

enum { POINTS = 300, ROOM = 16 * 3 * POINTS };

static uint64_t seed = 1;

/* Numbers of every size, and the special ones. */
static QlValue some_value(QlDtype dtype) {
  static const double numbers[] = {0.0, -0.0, 1,      -1,        0.5,      3,
                                   -7,  1e30, -1e-30, 1.0 / 0.0, 0.0 / 0.0};
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  uint64_t draw = seed >> 33;
  QlValue value = {.bits = {0, 0}};
  double x = draw % 3 ? (double)(draw % 1000) / 8 - 50 : numbers[draw / 3 % 11];
  if (ql_dtype_info[dtype].kind <= QL_KIND_UINT)
    value.u = draw % 5 ? draw % 100 : seed;
  else
    value = ql_convert(QL_F64, (QlValue){.d = x}, dtype);
  return ir_canonical(dtype, value);
}

static void fill(QlDtype dtype, char *at, int64_t stride) {
  for (int64_t k = 0; k < POINTS; k++) ir_write(dtype, at + k * stride, some_value(dtype));
}

static bool same(QlDtype dtype, const char *got, QlValue want) {
  char bytes[16] = {0};
  ir_write(dtype, bytes, want);
  return !memcmp(got, bytes, ql_dtype_info[dtype].size);
}

/* stride: in elements; 0: a scalar. */
static JitElements operand(QlDtype dtype, char *room, int64_t stride) {
  int64_t item = (int64_t)ql_dtype_info[dtype].size;
  JitElements e = {.at = room, .stride = stride * item, .dtype = dtype};
  if (stride) {
    fill(dtype, room, e.stride);
    return e;
  }
  return (JitElements){.dtype = dtype, .value = some_value(dtype)};
}

static QlValue element(const JitElements *e, int64_t k) {
  return e->at ? ir_read(e->dtype, e->at + k * e->stride) : e->value;
}

static char rooms[4][ROOM] __attribute__((aligned(64)));
static char before[3][ROOM] __attribute__((aligned(64)));

static void check_map(QlOp op, QlDtype loop, const int64_t *strides, int64_t points) {
  int count = ql_op_info[op].arity;
  JitElements in[3], out = {.at = rooms[3], .dtype = ir_result(op, loop)};
  for (int k = 0; k < count; k++)
    in[k] = operand(op == QL_OP_SELECT && k == 0 ? QL_BOOL : loop, rooms[k], strides[k]);
  out.stride = strides[3] * (int64_t)ql_dtype_info[out.dtype].size;
  bool in_place = strides[3] == strides[0] && strides[0] && out.dtype == in[0].dtype;
  if (in_place) out.at = in[0].at;
  memcpy(before, rooms, sizeof before);
  jit_map_elements(op, loop, count, in, &out, points);
  int wrong = 0;
  for (int64_t k = 0; k < points; k++) {
    QlValue args[3];
    for (int a = 0; a < count; a++) {
      JitElements was = in[a];
      if (was.at) was.at = before[a];
      args[a] = element(&was, k);
    }
    wrong += !same(out.dtype, out.at + k * out.stride, ir_eval(op, loop, args));
  }
  if (!CHECK_INT_EQ(wrong, 0))
    printf("%s of %s, strides %d %d %d %d\n", ql_op_info[op].name, ql_dtype_info[loop].name,
           (int)strides[0], (int)strides[1], (int)strides[2], (int)strides[3]);
}

static void maps(void) {
  static const int64_t strides[][4] = {{1, 1, 1, 1}, {2, 1, 1, 1}, {1, 0, 1, 1}, {0, 1, 1, 3},
                                       {2, 3, 0, 2}, {1, 2, 2, 2}, {0, 0, 0, 1}};
  for (int op = 0; op < QL_OP_COUNT; op++)
    for (int loop = 0; loop < QL_DTYPE_COUNT; loop++)
      for (size_t s = 0;
           s < sizeof strides / sizeof *strides && ir_has_loop((QlOp)op, (QlDtype)loop); s++) {
        check_map((QlOp)op, (QlDtype)loop, strides[s], 37);
        check_map((QlOp)op, (QlDtype)loop, strides[s], 1);
      }
}

static void copies(void) {
  for (int from = 0; from < QL_DTYPE_COUNT; from++)
    for (int to = 0; to < QL_DTYPE_COUNT; to++)
      for (int64_t step = 0; step < 3; step++) {
        JitElements in = operand((QlDtype)from, rooms[0], step), out = {.at = rooms[3]};
        out.dtype = (QlDtype)to, out.stride = (1 + step / 2) * (int64_t)ql_dtype_info[to].size;
        jit_copy_elements((QlDtype)to, &in, &out, POINTS);
        int wrong = 0;
        for (int64_t k = 0; k < POINTS; k++)
          wrong += !same(
              (QlDtype)to, out.at + k * out.stride,
              ir_canonical((QlDtype)to, ql_convert((QlDtype)from, element(&in, k), (QlDtype)to)));
        CHECK_INT_EQ(wrong, 0);
      }
}

static QlValue by_tree(QlReduction reduction, const JitElements *in, int64_t points) {
  IrTree tree = {.reduction = reduction, .dtype = in->dtype};
  for (int64_t first = 0; first < points; first += JIT_LEAF) {
    int64_t count = QL_MIN(points - first, (int64_t)JIT_LEAF);
    for (int64_t k = 0; k < count; k++) ir_tree_element(&tree, k, element(in, first + k));
    ir_tree_push(&tree, ir_tree_leaf(&tree, count));
  }
  return ir_tree_finish(&tree);
}

static void reductions(void) {
  static const int64_t counts[] = {1, 2, 3, 7, 8, 9, 15, 16, 17, 127, 128, 129, 136, 300};
  for (int reduction = 0; reduction < QL_REDUCE_COUNT; reduction++)
    for (int dtype = 0; dtype < QL_DTYPE_COUNT; dtype++)
      for (size_t c = 0; c < 2 * sizeof counts / sizeof *counts; c++) {
        bool truth = reduction == QL_REDUCE_ANY || reduction == QL_REDUCE_ALL;
        if (truth != (dtype == QL_BOOL)) continue;
        JitElements in = operand((QlDtype)dtype, rooms[0], 1 + (int64_t)c % 2);
        char result[16] = {0};
        JitElements out = {.at = result, .dtype = (QlDtype)dtype};
        int64_t points = counts[c / 2];
        jit_reduce_elements((QlReduction)reduction, (QlDtype)dtype, &in, &out, points);
        CHECK(same((QlDtype)dtype, result, by_tree((QlReduction)reduction, &in, points)));
      }
}

/* A line in chunks of some leaves, whose values are put together as leaves' are. */
static void parts_of_lines(void) {
  static const int64_t counts[] = {1, 127, 128, 129, 255, 256, 257, 300};
  for (int reduction = 0; reduction < QL_REDUCE_COUNT; reduction++)
    for (int dtype = 0; dtype < QL_DTYPE_COUNT; dtype++)
      for (size_t c = 0; c < 2 * sizeof counts / sizeof *counts; c++) {
        bool truth = reduction == QL_REDUCE_ANY || reduction == QL_REDUCE_ALL;
        if (truth != (dtype == QL_BOOL)) continue;
        char parts[8][16] = {{0}}, result[16] = {0};
        JitElements in = operand((QlDtype)dtype, rooms[0], 1);
        int64_t points = counts[c / 2], chunk = JIT_LEAF << c % 2, count = 0;
        for (int64_t first = 0; first < points; first += chunk) {
          JitElements some = in, out = {.at = parts[count++], .dtype = (QlDtype)dtype};
          some.at += first * in.stride;
          jit_reduce_elements((QlReduction)reduction, (QlDtype)dtype, &some, &out,
                              QL_MIN(chunk, points - first));
        }
        JitElements of = {.at = parts[0], .stride = 16, .dtype = (QlDtype)dtype},
                    out = {.at = result, .dtype = (QlDtype)dtype};
        jit_reduce_leaves((QlReduction)reduction, (QlDtype)dtype, &of, &out, count);
        CHECK(same((QlDtype)dtype, result, by_tree((QlReduction)reduction, &in, points)));
      }
}

CHECK_MAIN(CHECK_TEST(maps), CHECK_TEST(copies), CHECK_TEST(reductions), CHECK_TEST(parts_of_lines))
