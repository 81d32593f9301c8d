/* Python's lists of numbers. A list lies in memory as an array of one dtype, and is marked: its
 * operators are Python's (+ joins, * repeats), slices of it are copies, and an item of a list of
 * Python's own numbers is one. NumPy's functions take it as an array. A list of anything else has a
 * known number of items: it is a tuple here. */
#include "lower.h"

bool low_is_list(const Value *value) { return value->kind == JIT_ARRAY && value->array->list; }

static bool of_numbers(const Value *items) {
  for (int k = 0; k < items->count; k++) {
    const Value *item = &items->items[k];
    if (item->kind != JIT_SCALAR && (item->kind != JIT_TUPLE || !of_numbers(item))) return false;
  }
  return true;
}

static bool of_weak(const Value *items) {
  for (int k = 0; k < items->count; k++) {
    const Value *item = &items->items[k];
    if (item->kind == JIT_TUPLE ? !of_weak(item) : !item->weak) return false;
  }
  return true;
}

bool low_list_elsewhere(Lower *l, const Node *node) {
  if (!l->ranks || l->nest) return false;
  low_refuse(l, node, "QJ400",
             "a list of numbers is not there yet for arrays that are partitioned among ranks",
             "make an array: np.array([...])");
  return true;
}

Value low_as_list(Lower *l, const Node *node, const Value *items) {
  if (low_dead(l) || items->kind != JIT_TUPLE || !of_numbers(items)) return *items;
  if (low_list_elsewhere(l, node)) return low_unknown();
  Value list = low_call_known(l, node, "numpy.array", 1, items, NULL);
  if (list.kind == JIT_ARRAY) list.array->list = true, list.array->weak = of_weak(items);
  return list;
}

Value low_refuse_list(Lower *l, const Node *node, const Value *item) {
  if (item->kind == JIT_UNKNOWN) return low_unknown();
  return low_refuse(l, node, "QJ334",
                    low_text(l, "a list of %s is not in the language", low_type_text(l, item)),
                    "fill an array in a loop");
}

Value low_without_list(Lower *l, const Node *node, const Value *value, bool aside) {
  if (!low_is_list(value)) return *value;
  if (aside) return low_copy(l, node, value);
  Array *array = low_get(l, sizeof *array);
  *array = *value->array, array->list = array->weak = false;
  return low_array_value(array);
}

static Array *part_of(Lower *l, const Array *list, JitRef start, JitRef count) {
  Array *part = low_get(l, sizeof *part);
  *part = *list, part->shape[0] = count, part->extent[0] = -1;
  part->base = low_add(l, list->base, low_op(l, QL_OP_MULTIPLY, start, list->stride[0]));
  return part;
}

static Value joined(Lower *l, const Node *node, const Array *a, const Array *b) {
  JitRef length = low_add(l, a->shape[0], b->shape[0]);
  Array *list = low_new_array(l, node, (QlDtype)a->dtype, 1, &length, NULL);
  Value first = low_array_value((Array *)a), second = low_array_value((Array *)b);
  low_copy_into(l, node, part_of(l, list, low_const(l, 0), a->shape[0]), &first);
  low_copy_into(l, node, part_of(l, list, a->shape[0], b->shape[0]), &second);
  list->list = true, list->weak = a->weak && b->weak;
  return low_array_value(list);
}

/* As an array of as many rows, each of which is the list. */
static Value repeated(Lower *l, const Node *node, const Array *a, const Value *times) {
  JitRef count = low_op(l, QL_OP_MAXIMUM, low_ref_as(l, times, QL_I64), low_const(l, 0)),
         length = low_op(l, QL_OP_MULTIPLY, count, a->shape[0]);
  Array *list = low_new_array(l, node, (QlDtype)a->dtype, 1, &length, NULL),
        *rows = low_get(l, sizeof *rows);
  *rows = *list, rows->ndim = 2;
  rows->shape[0] = count, rows->shape[1] = a->shape[0], rows->extent[0] = -1,
  rows->extent[1] = a->extent[0];
  low_set_strides(l, rows);
  Value row = low_array_value((Array *)a);
  low_copy_into(l, node, rows, &row);
  list->list = true, list->weak = a->weak;
  return low_array_value(list);
}

Value low_list_operation(Lower *l, const Node *node, QlOp op, const Value *a, const Value *b) {
  const Value *list = low_is_list(a) ? a : b, *other = list == a ? b : a;
  bool both = low_is_list(a) && low_is_list(b);
  if (op == QL_OP_ADD && both && a->array->ndim == 1 && b->array->ndim == 1 &&
      a->dtype == b->dtype && a->array->weak == b->array->weak)
    return joined(l, node, a->array, b->array);
  if (op == QL_OP_MULTIPLY && !both && list->array->ndim == 1 && low_is_int(other) && other->weak)
    return repeated(l, node, list->array, other);
  return low_refuse(l, node, "QJ347",
                    low_text(l, "%s of lists is not there: %s and %s", ql_op_name(op),
                             low_type_text(l, a), low_type_text(l, b)),
                    "make arrays of them: np.array([...])");
}
