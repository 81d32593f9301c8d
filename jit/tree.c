/* The fixed order of reductions (contract C7; jit.h has it), on single values: for the interpreter
 * and for what is reduced without a kernel. */
#include "ir.h"

static QlValue combine(const IrTree *tree, QlValue a, QlValue b) {
  return ir_reduce_combine(tree->reduction, tree->dtype, a, b);
}

void ir_tree_element(IrTree *tree, int64_t k, QlValue value) {
  QlValue *lane = &tree->lanes[k % JIT_LANES];
  *lane = k < JIT_LANES ? value : combine(tree, *lane, value);
}

QlValue ir_tree_leaf(IrTree *tree, int64_t count) {
  QlValue *lanes = tree->lanes;
  int64_t present = QL_MIN(count, (int64_t)JIT_LANES);
  for (int64_t step = 1; step < JIT_LANES; step *= 2)
    for (int64_t lane = 0; lane + step < present; lane += 2 * step)
      lanes[lane] = combine(tree, lanes[lane], lanes[lane + step]);
  return lanes[0];
}

void ir_tree_push(IrTree *tree, QlValue value) {
  int64_t size = 1;
  while (tree->depth && tree->size[tree->depth - 1] == size) {
    value = combine(tree, tree->value[--tree->depth], value);
    size *= 2;
  }
  tree->value[tree->depth] = value;
  tree->size[tree->depth++] = size;
}

QlValue ir_tree_branch(IrTree *tree) {
  QlValue value = tree->value[--tree->depth];
  while (tree->depth) value = combine(tree, tree->value[--tree->depth], value);
  return value;
}

QlValue ir_tree_finish(IrTree *tree) {
  const QlValue zero = {.bits = {0, 0}};
  QlValue value = ir_tree_branch(tree);
  return jit_has_zero(tree->reduction, tree->dtype) ? combine(tree, value, zero) : value;
}
