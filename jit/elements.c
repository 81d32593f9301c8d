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

void jit_map_elements(QlOp op, QlDtype loop, int count, const JitElements *in,
                      const JitElements *out, int64_t points) {
  QlDtype result = ir_result(op, loop), dtype[3];
  for (int a = 0; a < count; a++) dtype[a] = ql_op_input(op, a, in[a].dtype, loop);
  for (int64_t k = 0; k < points; k++) {
    QlValue args[3];
    for (int a = 0; a < count; a++) args[a] = cast(in[a].dtype, element_at(&in[a], k), dtype[a]);
    put(out, k, result, ir_eval(op, loop, args));
  }
}

void jit_copy_elements(QlDtype loop, const JitElements *in, const JitElements *out,
                       int64_t points) {
  int64_t item = (int64_t)ql_dtype_info[out->dtype].size;
  if (points > 1 && in->at && in->dtype == out->dtype && loop == out->dtype && in->stride == item &&
      out->stride == item) {
    memmove(out->at, in->at, (size_t)(points * item));
    return;
  }
  for (int64_t k = 0; k < points; k++) put(out, k, loop, cast(in->dtype, element_at(in, k), loop));
}

/* As JIT_WHOLE. */
void jit_reduce_elements(QlReduction reduction, QlDtype loop, const JitElements *in,
                         const JitElements *out, int64_t points) {
  IrTree tree;
  bool counts = reduction == QL_REDUCE_COUNT; /* the sum of what is not zero */
  QlDtype read = counts ? QL_BOOL : in->dtype;
  tree.reduction = reduction, tree.dtype = loop, tree.depth = 0;
  for (int64_t first = 0; first < points; first += JIT_LEAF) {
    int64_t count = QL_MIN(points - first, (int64_t)JIT_LEAF);
    for (int64_t k = 0; k < count; k++)
      ir_tree_element(&tree, k, cast(read, cast(in->dtype, element_at(in, first + k), read), loop));
    ir_tree_push(&tree, ir_tree_leaf(&tree, count));
  }
  put(out, 0, loop, ir_tree_finish(&tree));
}
