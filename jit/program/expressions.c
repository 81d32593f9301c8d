/* Expressions: literals, names, operators with the types and signs of Python and NumPy, calls.
 *
 * Of Python's own numbers (weak) the results are Python's: int / int is a float, bool + bool an
 * int; integers are of 64 bits and wrap. Beside another number they take its dtype, as in NumPy 2.
 */
#include "lower.h"

#include <math.h>
#include <stdlib.h>

/* ---- operators ---- */

typedef struct Operator {
  const char *name;
  QlOp op;
} Operator;
static const Operator operators[] = {
    {"add", QL_OP_ADD},
    {"sub", QL_OP_SUBTRACT},
    {"mul", QL_OP_MULTIPLY},
    {"truediv", QL_OP_DIVIDE},
    {"floordiv", QL_OP_FLOOR_DIVIDE},
    {"mod", QL_OP_REMAINDER},
    {"pow", QL_OP_POWER},
    {"lshift", QL_OP_LEFT_SHIFT},
    {"rshift", QL_OP_RIGHT_SHIFT},
    {"and", QL_OP_BITWISE_AND},
    {"or", QL_OP_BITWISE_OR},
    {"xor", QL_OP_BITWISE_XOR},
    {"eq", QL_OP_EQUAL},
    {"ne", QL_OP_NOT_EQUAL},
    {"lt", QL_OP_LESS},
    {"le", QL_OP_LESS_EQUAL},
    {"gt", QL_OP_GREATER},
    {"ge", QL_OP_GREATER_EQUAL},
    {"neg", QL_OP_NEGATIVE},
    {"pos", QL_OP_POSITIVE},
    {"invert", QL_OP_INVERT},
};
enum { MOST_ITEMS = 4096 }; /* of a tuple */
enum { OPERATORS = sizeof operators / sizeof *operators };

static QlOp op_named(const char *name) {
  for (int k = 0; k < OPERATORS; k++)
    if (!strcmp(operators[k].name, name)) return operators[k].op;
  return QL_OP_COUNT;
}

static bool all_weak(int count, const Value *arguments) {
  for (int k = 0; k < count; k++)
    if (arguments[k].kind != JIT_SCALAR || !arguments[k].weak) return false;
  return true;
}

static bool is_bool(const Value *value) {
  return value->kind == JIT_SCALAR && value->dtype == QL_BOOL;
}

static JitRef is_zero(Lower *l, const Value *value) {
  JitRef ref = low_ref(l, value);
  return low_op(l, QL_OP_EQUAL, ref,
                jit_const(l->fn, (QlDtype)value->dtype, (QlValue){.bits = {0, 0}}));
}

/* Division by zero: of integers always, of floats where it was asked for. */
static void check_division(Lower *l, const Node *node, QlOp op, const Value *a, const Value *b) {
  if (op != QL_OP_DIVIDE && op != QL_OP_FLOOR_DIVIDE && op != QL_OP_REMAINDER) return;
  if (a->kind != JIT_SCALAR || b->kind != JIT_SCALAR) return;
  bool whole = low_is_int(a) && low_is_int(b);
  if (!whole && !l->options->python_error) return;
  bool truth;
  if (low_known_truth(b, &truth) && truth) return;
  const char *text = !whole               ? "float division by zero"
                     : op == QL_OP_DIVIDE ? "division by zero"
                                          : "integer division or modulo by zero";
  low_raise_if(l, node, is_zero(l, b), "ZeroDivisionError", text);
}

/* Python's own numbers: bools count as integers, int / int and int ** -1 are floats. */
static QlDtype weak_loop(QlOp op, QlDtype dtype, const Value *arguments) {
  if (dtype == QL_BOOL && op != QL_OP_BITWISE_AND && op != QL_OP_BITWISE_OR &&
      op != QL_OP_BITWISE_XOR && !ql_is_comparison(op))
    dtype = QL_I64;
  bool is_whole = dtype == QL_I64;
  if (is_whole && op == QL_OP_DIVIDE) return QL_F64;
  if (is_whole && op == QL_OP_POWER && arguments[1].known && arguments[1].constant.i < 0)
    return QL_F64;
  return dtype;
}

/* Python's complex numbers have no order; NumPy's have. */
static bool has_order(QlOp op, QlDtype dtype) {
  bool orders = ql_is_comparison(op) && op != QL_OP_EQUAL && op != QL_OP_NOT_EQUAL;
  return !orders || ql_dtype_info[dtype].kind != QL_KIND_COMPLEX;
}

static bool can_be_known(QlOp op) { return op != QL_OP_POWER; }

/* What is known stays known. */
static Value compute_known(Lower *l, QlOp op, QlDtype loop, QlDtype result, int count,
                           const Value *arguments) {
  QlValue values[2];
  for (int k = 0; k < count; k++)
    values[k] = ql_convert((QlDtype)arguments[k].dtype, arguments[k].constant, loop);
  (void)l;
  Value value = result == QL_BOOL ? low_bool(false) : low_int(0);
  value.dtype = (uint8_t)result;
  value.constant = ir_eval(op, loop, values);
  value.natural = result == QL_I64 && value.constant.i >= 0;
  return value;
}

/* Is a sum never negative, since one part is not below some number: i - 1 of range(1, n)? */
static bool find_floor(QlOp op, QlDtype loop, const Value *arguments, int64_t *floor) {
  bool adds = op == QL_OP_ADD;
  if (loop != QL_I64 || (!adds && op != QL_OP_SUBTRACT)) return false;
  const Value *a = &arguments[0], *b = &arguments[1];
  if (adds && a->known) a = b, b = &arguments[0];
  if (!a->natural) return false;
  if (!b->known && (!adds || !b->natural)) return false;
  int64_t sum, by = b->known ? ql_convert((QlDtype)b->dtype, b->constant, QL_I64).i : low_floor(b);
  if (adds ? __builtin_add_overflow(low_floor(a), by, &sum)
           : __builtin_sub_overflow(low_floor(a), by, &sum))
    return false;
  *floor = QL_MAX(sum, 0);
  return sum >= 0;
}

static void check_power(Lower *l, const Node *node, QlOp op, QlDtype loop, const Value *arguments) {
  bool is_signed = ql_dtype_info[loop].kind == QL_KIND_INT;
  if (op != QL_OP_POWER || !is_signed || arguments[1].natural || !low_is_int(&arguments[1])) return;
  if (ql_dtype_info[arguments[1].dtype].kind == QL_KIND_UINT) return;
  JitRef exponent = low_ref_as(l, &arguments[1], QL_I64);
  low_raise_if(l, node, low_op(l, QL_OP_LESS, exponent, low_const(l, 0)), "ValueError",
               "Integers to negative integer powers are not allowed.");
}

/* Python's integers are not shifted by less than nothing. */
static void check_shift(Lower *l, const Node *node, QlOp op, const Value *arguments) {
  if ((op != QL_OP_LEFT_SHIFT && op != QL_OP_RIGHT_SHIFT) || arguments[1].natural) return;
  JitRef by = low_ref_as(l, &arguments[1], QL_I64);
  low_raise_if(l, node, low_op(l, QL_OP_LESS, by, low_const(l, 0)), "ValueError",
               "negative shift count");
}

static Value weak_operation(Lower *l, const Node *node, QlOp op, int count,
                            const Value *arguments) {
  QlDtype dtype = (QlDtype)arguments[0].dtype, loop, result;
  for (int k = 1; k < count; k++) dtype = ql_promote(dtype, (QlDtype)arguments[k].dtype);
  QL_ERROR(error);
  if (!has_order(op, dtype) ||
      ql_op_types(op, weak_loop(op, dtype, arguments), &loop, &result, &error))
    return low_refuse(
        l, node, "QJ340",
        low_text(l, "%s is not defined for %s%s%s", ql_op_name(op), low_type_text(l, &arguments[0]),
                 count > 1 ? " and " : "", count > 1 ? low_type_text(l, &arguments[1]) : ""),
        "convert with int(...) or float(...)");
  check_shift(l, node, op, arguments);
  bool known = can_be_known(op);
  for (int k = 0; k < count; k++) known = known && arguments[k].known;
  if (known) return compute_known(l, op, loop, result, count, arguments);
  check_power(l, node, op, loop, arguments);
  JitRef refs[2];
  for (int k = 0; k < count; k++) refs[k] = low_ref_as(l, &arguments[k], loop);
  Value value = low_scalar(result, true, jit_op(l->fn, op, count, refs, low_source(l)));
  bool natural = count == 2 && arguments[0].natural && arguments[1].natural;
  if (result == QL_I64)
    value.span = low_span_of(l, op, &arguments[0], count > 1 ? &arguments[1] : NULL);
  if (find_floor(op, loop, arguments, &value.floor)) natural = value.natural = true;
  value.natural =
      value.natural ||
      (natural && (op == QL_OP_ADD || op == QL_OP_MULTIPLY || op == QL_OP_FLOOR_DIVIDE)) ||
      (op == QL_OP_REMAINDER && arguments[1].natural && result == QL_I64) || result == QL_BOOL;
  return value;
}

static QlScalar as_input(const Value *value) {
  if (value->kind == JIT_ARRAY) return (QlScalar){.dtype = (QlDtype)value->array->dtype};
  return (QlScalar){.dtype = (QlDtype)value->dtype,
                    .weak = value->weak,
                    .value = value->known ? value->constant : (QlValue){.bits = {0, 0}}};
}

/* Comparisons are of numbers, not of what fits: one of Python's integers that is not known is an
 * int64 beside NumPy's. */
static void widen_compared(QlScalar *inputs, const Value *arguments) {
  for (int k = 0; k < 2; k++) {
    const QlScalar *other = &inputs[1 - k];
    bool beside = !other->weak && ql_dtype_info[other->dtype].kind <= QL_KIND_UINT;
    if (inputs[k].weak && inputs[k].dtype == QL_I64 && !arguments[k].known && beside)
      inputs[k].weak = false;
  }
}

static bool is_number(const Value *value) {
  return value->kind == JIT_SCALAR || value->kind == JIT_ARRAY;
}

Value low_ufunc(Lower *l, const Node *node, QlOp op, int count, const Value *arguments) {
  QlScalar inputs[3] = {0};
  bool any_array = false;
  for (int k = 0; k < count; k++) {
    if (arguments[k].kind == JIT_UNKNOWN) return low_unknown();
    if (!is_number(&arguments[k]))
      return low_refuse(l, node, "QJ341",
                        low_text(l, "%s takes numbers and arrays, not %s", ql_op_name(op),
                                 low_type_text(l, &arguments[k])),
                        "give it numbers or arrays");
    inputs[k] = as_input(&arguments[k]);
    any_array |= arguments[k].kind == JIT_ARRAY;
  }
  if (ql_is_comparison(op)) widen_compared(inputs, arguments);
  QlDtype loop, result;
  QL_ERROR(error);
  if (ql_op_resolve(op, inputs, &loop, &result, &error))
    return low_refuse(l, node, "QJ342", low_text(l, "%s", error.text),
                      "convert one side, as with np.float64(...) or .astype(...)");
  if (any_array) return low_elementwise(l, node, op, loop, result, count, arguments);
  JitRef refs[3];
  for (int k = 0; k < count; k++)
    refs[k] = low_ref_as(l, &arguments[k], ql_op_input(op, k, (QlDtype)arguments[k].dtype, loop));
  if (count == 2) check_power(l, node, op, loop, arguments);
  if (low_dead(l)) return low_unknown();
  Value value = low_scalar(result, false, jit_op(l->fn, op, count, refs, low_source(l)));
  if (result == QL_I64 && count < 3)
    value.span = low_span_of(l, op, &arguments[0], count > 1 ? &arguments[1] : NULL);
  return value;
}

/* Tuples: + and *, comparisons for equality. */
static Value tuple_operation(Lower *l, const Node *node, QlOp op, const Value *a, const Value *b) {
  if (op == QL_OP_ADD && a->kind == JIT_TUPLE && b->kind == JIT_TUPLE) {
    Value *items = low_get(l, (size_t)(a->count + b->count) * sizeof *items + 1);
    if (a->count) memcpy(items, a->items, (size_t)a->count * sizeof *items);
    if (b->count) memcpy(items + a->count, b->items, (size_t)b->count * sizeof *items);
    return low_tuple(l, a->count + b->count, items);
  }
  if (op == QL_OP_MULTIPLY && a->kind == JIT_TUPLE && b->known && low_is_int(b)) {
    int64_t times = a->count ? QL_MAX(0, b->constant.i) : 0;
    if (times > MOST_ITEMS / QL_MAX(a->count, 1))
      return low_refuse(l, node, "QJ343", "a tuple has at most 4096 items in @jit", "use an array");
    Value *items = low_get(l, (size_t)(a->count * times) * sizeof *items + 1);
    for (int k = 0; k < a->count * times; k++) items[k] = a->items[k % a->count];
    return low_tuple(l, (int)(a->count * times), items);
  }
  return low_refuse(l, node, "QJ343",
                    low_text(l, "%s is not defined for %s and %s", ql_op_name(op),
                             low_type_text(l, a), low_type_text(l, b)),
                    "take the items of tuples one by one");
}

/* Powers by some constants are other operations, as outside of @jit (contract C6). */
static QlOp op_of_power(const Value *a, const Value *b) {
  if (!b->known || !b->weak || b->kind != JIT_SCALAR) return QL_OP_POWER;
  bool is_float =
      ql_dtype_info[a->kind == JIT_ARRAY ? a->array->dtype : a->dtype].kind >= QL_KIND_FLOAT;
  double exponent = b->dtype == QL_F64   ? b->constant.d
                    : b->dtype == QL_I64 ? (double)b->constant.i
                                         : 0;
  bool whole = b->dtype == QL_I64 || is_float;
  if (exponent == 2 && whole) return QL_OP_SQUARE;
  if (exponent == 1 && whole) return QL_OP_POSITIVE;
  if (exponent == 0.5 && is_float) return QL_OP_SQRT;
  return exponent == -1 && is_float ? QL_OP_RECIPROCAL : QL_OP_POWER;
}

/* An operator of Python's lists; beside an array of NumPy's a list is one too. */
static bool is_of_lists(const Value *a, const Value *b) {
  bool one = low_is_list(a), other = low_is_list(b);
  return (one && (other || b->kind != JIT_ARRAY)) || (other && a->kind != JIT_ARRAY);
}

Value low_binary(Lower *l, const Node *node, const char *name, const Value *a, const Value *b) {
  if (a->kind == JIT_UNKNOWN || b->kind == JIT_UNKNOWN || low_dead(l)) return low_unknown();
  if (!strcmp(name, "matmul")) {
    Value both[2] = {*a, *b};
    return low_call_known(l, node, "numpy.matmul", 2, both, NULL);
  }
  QlOp op = op_named(name);
  Value both[2] = {*a, *b};
  if (!is_number(a) || !is_number(b)) return tuple_operation(l, node, op, a, b);
  if (is_of_lists(a, b)) return low_list_operation(l, node, op, a, b);
  check_division(l, node, op, a, b);
  if (low_dead(l)) return low_unknown();
  QlOp power = op == QL_OP_POWER && !(a->known && b->known) ? op_of_power(a, b) : op;
  if (power != op && (a->kind == JIT_ARRAY || a->dtype != QL_BOOL))
    return all_weak(2, both) ? weak_operation(l, node, power, 1, both)
                             : low_ufunc(l, node, power, 1, both);
  return all_weak(2, both) ? weak_operation(l, node, op, 2, both) : low_ufunc(l, node, op, 2, both);
}

static Value unary(Lower *l, const Node *node) {
  Value value = low_expression(l, node->items[0]);
  if (value.kind == JIT_UNKNOWN || low_dead(l)) return low_unknown();
  if (!strcmp(node->text, "not")) {
    bool truth;
    if (low_known_truth(&value, &truth)) return low_bool(!truth);
    JitRef ref = low_truth(l, node, &value);
    if (!ref.id) return low_unknown();
    return low_scalar(QL_BOOL, true, low_op1(l, QL_OP_LOGICAL_NOT, ref));
  }
  QlOp op = op_named(node->text);
  if (low_is_list(&value)) return low_list_operation(l, node, op, &value, &value);
  if (value.kind == JIT_SCALAR && value.weak) {
    if (is_bool(&value))
      value = low_convert(l, &value, &(JitType){.kind = JIT_SCALAR, .dtype = QL_I64, .weak = true});
    return weak_operation(l, node, op, 1, &value);
  }
  return low_ufunc(l, node, op, 1, &value);
}

/* ---- comparisons ---- */

/* a and b, a or b, of truths that may be known. */
static Value both_truths(Lower *l, QlOp op, const Value *a, const Value *b) {
  if (a->known && b->known)
    return low_bool(op == QL_OP_LOGICAL_OR ? a->constant.b || b->constant.b
                                           : a->constant.b && b->constant.b);
  JitRef ref = low_op(l, op, low_ref_as(l, a, QL_BOOL), low_ref_as(l, b, QL_BOOL));
  return low_scalar(QL_BOOL, true, ref);
}

static Value not_truth(Lower *l, const Value *value, bool negated) {
  if (!negated) return *value;
  return value->known ? low_bool(!value->constant.b)
                      : low_scalar(QL_BOOL, true, low_op1(l, QL_OP_LOGICAL_NOT, value->ref));
}

static Value compare_identity(Lower *l, const Node *node, const char *name, const Value *a,
                              const Value *b) {
  bool negated = !strcmp(name, "isnot");
  if (a->kind == JIT_NONE || b->kind == JIT_NONE) return low_bool((a->kind == b->kind) != negated);
  if (is_bool(a) && is_bool(b)) return low_compare(l, node, negated ? "ne" : "eq", a, b);
  if (a->kind == JIT_FUNCTION)
    return low_bool((a->kind == b->kind && low_same_function(a, b)) != negated);
  return low_refuse(l, node, "QJ344",
                    "'is' compares with None, and bools and functions with each other", "write ==");
}

static Value any_of(Lower *l, const Node *node, const Value *a, const Value *items, bool negated) {
  Value found = low_bool(false);
  for (int k = 0; k < items->count; k++) {
    Value one = low_compare(l, node, "eq", a, &items->items[k]);
    if (one.kind == JIT_UNKNOWN) return one;
    found = both_truths(l, QL_OP_LOGICAL_OR, &found, &one);
  }
  return not_truth(l, &found, negated);
}

/* Is a number among those of a range? */
static Value in_range(Lower *l, const Node *node, const Value *a, const Value *range,
                      bool negated) {
  const Value *start = &range->items[0], *stop = &range->items[1], *step = &range->items[2],
              zero = low_int(0);
  Value up = low_compare(l, node, "gt", step, &zero), falls = not_truth(l, &up, true);
  Value after = low_compare(l, node, "le", start, a), before = low_compare(l, node, "lt", a, stop),
        until = low_compare(l, node, "le", a, start), beyond = low_compare(l, node, "lt", stop, a);
  Value distance = low_binary(l, node, "sub", a, start);
  Value part = low_binary(l, node, "mod", &distance, step);
  Value meets = low_compare(l, node, "eq", &part, &zero);
  Value rising = both_truths(l, QL_OP_LOGICAL_AND, &after, &before),
        falling = both_truths(l, QL_OP_LOGICAL_AND, &until, &beyond);
  rising = both_truths(l, QL_OP_LOGICAL_AND, &rising, &up);
  falling = both_truths(l, QL_OP_LOGICAL_AND, &falling, &falls);
  Value inside = both_truths(l, QL_OP_LOGICAL_OR, &rising, &falling);
  inside = both_truths(l, QL_OP_LOGICAL_AND, &inside, &meets);
  return not_truth(l, &inside, negated);
}

/* a in b: an item of it is equal. */
static Value contained(Lower *l, const Node *node, const Value *a, const Value *b, bool negated) {
  if (b->kind == JIT_TUPLE) return any_of(l, node, a, b, negated);
  if (b->kind == JIT_RANGE && !strcmp(b->text, "range") && low_is_int(a))
    return in_range(l, node, a, b, negated);
  if (b->kind != JIT_ARRAY || a->kind != JIT_SCALAR)
    return low_refuse(l, node, "QJ346",
                      low_text(l,
                               "'in' looks for numbers in tuples, ranges and arrays, not for %s "
                               "in %s",
                               low_type_text(l, a), low_type_text(l, b)),
                      "write a loop");
  Value both[2] = {low_without_list(l, node, b, false), *a},
        equal = low_ufunc(l, node, QL_OP_EQUAL, 2, both);
  Value found = low_reduce(l, node, QL_REDUCE_ANY, &equal, NULL, false);
  if (found.kind == JIT_SCALAR) found.weak = true;
  return found.kind == JIT_SCALAR ? not_truth(l, &found, negated) : found;
}

static Value compare_tuples(Lower *l, const Node *node, const char *name, const Value *a,
                            const Value *b) {
  bool negated = !strcmp(name, "ne");
  if ((!negated && strcmp(name, "eq")) || a->kind != b->kind)
    return low_refuse(
        l, node, "QJ345",
        low_text(l, "%s and %s cannot be compared so", low_type_text(l, a), low_type_text(l, b)),
        "compare numbers, or tuples for equality");
  if (a->kind == JIT_TEXT) return low_bool((strcmp(a->text, b->text) == 0) != negated);
  if (a->kind != JIT_TUPLE)
    return low_bool((a->dtype == b->dtype && low_same_function(a, b)) != negated);
  if (a->count != b->count) return low_bool(negated);
  Value all = low_bool(true);
  for (int k = 0; k < a->count; k++) {
    Value one = low_compare(l, node, "eq", &a->items[k], &b->items[k]);
    if (one.kind == JIT_UNKNOWN) return one;
    all = both_truths(l, QL_OP_LOGICAL_AND, &all, &one);
  }
  return not_truth(l, &all, negated);
}

Value low_compare(Lower *l, const Node *node, const char *name, const Value *a, const Value *b) {
  if (a->kind == JIT_UNKNOWN || b->kind == JIT_UNKNOWN || low_dead(l)) return low_unknown();
  if (!strcmp(name, "is") || !strcmp(name, "isnot")) return compare_identity(l, node, name, a, b);
  if (!strcmp(name, "in") || !strcmp(name, "notin"))
    return contained(l, node, a, b, !strcmp(name, "notin"));
  if (!is_number(a) || !is_number(b)) return compare_tuples(l, node, name, a, b);
  if (is_of_lists(a, b)) return low_list_operation(l, node, op_named(name), a, b);
  Value both[2] = {*a, *b};
  return all_weak(2, both) ? weak_operation(l, node, op_named(name), 2, both)
                           : low_ufunc(l, node, op_named(name), 2, both);
}

/* a < b < c: each next part is looked at only while all before hold. */
static Value comparison(Lower *l, const Node *node) {
  /* items: value, operator (text), value, operator, value ... */
  Edges after = {0};
  Value left = low_expression(l, node->items[0]), value = low_unknown();
  int temporaries = l->temporary_count;
  for (int k = 1; k + 1 < node->count; k += 2) {
    if (low_may_store(node->items[k + 1])) left = low_settled(l, node, &left);
    Value right = low_expression(l, node->items[k + 1]);
    value = low_compare(l, node, node->items[k]->text, &left, &right);
    bool is_last = k + 3 >= node->count, truth;
    if (is_last || value.kind == JIT_UNKNOWN) break;
    JitRef ref = low_truth(l, node, &value);
    if (low_known_truth(&value, &truth) && !truth) break;
    if (!ref.id) return low_unknown();
    low_leave_unless(l, ref, &after, low_bool(false), temporaries);
    left = right;
  }
  if (!after.first) return value;
  low_leave_with(l, &after, value, temporaries);
  return low_join(l, &after);
}

/* ---- and, or, if else: one of several values ---- */

/* a and b: the last value, or the first that is not true. */
static Value short_circuit(Lower *l, const Node *node, bool is_and) {
  Edges after = {0};
  int temporaries = l->temporary_count;
  Value value = low_unknown();
  for (int k = 0; k < node->count; k++) {
    value = low_expression(l, node->items[k]);
    if (low_dead(l)) break;
    value = low_settled(l, node, &value);
    bool truth, known = low_known_truth(&value, &truth);
    if (k + 1 == node->count || (known && truth != is_and)) break;
    if (known) continue;
    JitRef ref = low_truth(l, node->items[k], &value);
    if (!ref.id) continue; /* refused, or of what was */
    if (!is_and) ref = low_op1(l, QL_OP_LOGICAL_NOT, ref);
    low_leave_unless(l, ref, &after, value, temporaries);
    low_nest_learn(l, node->items[k], is_and);
  }
  if (!after.first) return value;
  low_leave_with(l, &after, value, temporaries);
  const Node *statement = l->at;
  l->at = node;
  value = low_join(l, &after);
  l->at = statement;
  low_temporary(l, &value);
  return value;
}

static Value choose(Lower *l, const Node *node) {
  Value condition = low_expression(l, node->items[0]);
  bool truth;
  if (low_known_truth(&condition, &truth)) return low_expression(l, node->items[truth ? 1 : 2]);
  JitRef ref = low_truth(l, node->items[0], &condition);
  if (low_dead(l)) return low_unknown();
  if (!ref.id) ref = jit_const(l->fn, QL_BOOL, (QlValue){.b = true});
  Edges otherwise = {0}, after = {0};
  int temporaries = l->temporary_count;
  const Node *statement = l->at;
  low_branch(l, ref, &otherwise);
  for (int way = 1; way <= 2; way++) {
    if (way == 2) low_join(l, &otherwise);
    low_nest_learn(l, node->items[0], way == 1);
    Value value = low_dead(l) ? low_unknown() : low_expression(l, node->items[way]);
    value = low_settled(l, node, &value);
    low_leave_with(l, &after, value, temporaries);
  }
  l->at = node;
  Value value = low_join(l, &after);
  l->at = statement;
  low_temporary(l, &value);
  return value;
}

bool low_may_store(const Node *node) {
  if (node->kind == NODE_NAMED) return true;
  if (node->kind == NODE_CALL &&
      (node->items[0]->kind != NODE_REF || !strncmp(node->items[0]->text, "external ", 9)))
    return true;
  for (int k = 0; k < node->count; k++)
    if (low_may_store(node->items[k])) return true;
  return false;
}

/* ---- calls ---- */

/* The arguments of a call, with *tuple taken apart, and their keywords. */
static int arguments_of(Lower *l, const Node *node, Value **arguments, const char ***keywords) {
  int count = 0, room = node->count;
  const Node *callee = node->items[0];
  bool makes_array = callee->kind == NODE_REF && (!strcmp(callee->text, "numpy.array") ||
                                                  !strcmp(callee->text, "quelea.array"));
  *arguments = low_get(l, (size_t)room * sizeof **arguments + 1);
  *keywords = low_get(l, (size_t)room * sizeof **keywords + 1);
  for (int k = 1; k < node->count; k++) {
    const Node *item = node->items[k];
    bool starred = item->kind == NODE_STARRED, keyword = item->kind == NODE_KEYWORD;
    const Node *own = starred || keyword ? item->items[0] : item;
    bool is_list = makes_array && k == 1 && own->kind == NODE_LIST;
    Value value = is_list ? low_list_items(l, own) : low_expression(l, own);
    for (int m = k + 1; m < node->count; m++)
      if (low_may_store(node->items[m])) value = low_settled(l, node, &value);
    if (!starred) {
      (*arguments)[count] = value, (*keywords)[count++] = keyword ? item->text : NULL;
      continue;
    }
    if (value.kind != JIT_TUPLE) {
      if (value.kind != JIT_UNKNOWN)
        low_refuse(l, item, "QJ325",
                   low_text(l, "* takes a tuple here, not %s", low_type_text(l, &value)),
                   "give the arguments one by one");
      return -1;
    }
    room += value.count;
    Value *more = low_get(l, (size_t)room * sizeof *more + 1);
    const char **names = low_get(l, (size_t)room * sizeof *names + 1);
    memcpy(more, *arguments, (size_t)count * sizeof *more);
    memcpy(names, *keywords, (size_t)count * sizeof *names);
    *arguments = more, *keywords = names;
    for (int m = 0; m < value.count; m++) (*arguments)[count++] = value.items[m];
  }
  for (int k = 0; k < count; k++)
    if ((*arguments)[k].kind == JIT_UNKNOWN) return -1;
  return count;
}

Value low_apply(Lower *l, const Node *node, const Value *function, int count,
                const Value *arguments, const char *const *keywords) {
  if (low_dead(l)) return low_unknown();
  if (function->kind == JIT_FUNCTION && function->node)
    return low_call(l, node, function->node, count, arguments, keywords);
  if (function->kind == JIT_FUNCTION && function->text)
    return low_call_known(l, node, function->text, count, arguments, keywords);
  if (function->kind == JIT_DTYPE && count == 1 && low_is_list(&arguments[0])) {
    Value array = low_without_list(l, node, &arguments[0], false);
    return low_astype(l, node, &array, (QlDtype)function->dtype);
  }
  if (function->kind == JIT_DTYPE && count == 1)
    return low_astype(l, node, &arguments[0], (QlDtype)function->dtype);
  if (function->kind == JIT_DTYPE && count == 0) {
    Value zero = low_int(0);
    return low_astype(l, node, &zero, (QlDtype)function->dtype);
  }
  if (function->kind == JIT_UNKNOWN || function->kind == JIT_FUNCTION) return low_unknown();
  return low_refuse(l, node, "QJ326",
                    low_text(l, "%s cannot be called", low_type_text(l, function)),
                    "call functions");
}

static Value call(Lower *l, const Node *node) {
  const Node *callee = node->items[0];
  Value *arguments, function = low_unknown(), self = low_unknown();
  const char **keywords;
  bool is_method = callee->kind == NODE_ATTR;
  if (is_method)
    self = low_expression(l, callee->items[0]);
  else
    function = low_expression(l, callee);
  for (int k = 1; k < node->count; k++)
    if (low_may_store(node->items[k])) self = low_settled(l, node, &self);
  int count = arguments_of(l, node, &arguments, &keywords);
  if (count < 0 || low_dead(l)) return low_unknown();
  if (is_method && self.kind == JIT_TUPLE && self.text) { /* p.f(x): a field of a named tuple */
    function = low_attribute(l, node, &self, callee->text);
    is_method = false;
  }
  if (is_method)
    return self.kind == JIT_UNKNOWN ? self
                                    : low_method(l, node, &self, callee->text, count, arguments,
                                                 (const char *const *)keywords);
  return low_apply(l, node, &function, count, arguments, (const char *const *)keywords);
}

/* ---- the kinds of expressions ---- */

/* How often a name is a target in there. */
static int count_targets(const Node *node, int variable) {
  bool is_target = node->kind == NODE_ASSIGN || node->kind == NODE_AUGMENT ||
                   node->kind == NODE_FOR || node->kind == NODE_TUPLE || node->kind == NODE_LIST ||
                   node->kind == NODE_STARRED;
  int count = 0, targets = node->kind == NODE_ASSIGN ? node->count - 1 : node->count;
  for (int k = 0; k < node->count; k++) {
    const Node *item = node->items[k];
    count += is_target && k < targets && item->kind == NODE_NAME && item->number == variable;
    count += count_targets(item, variable);
  }
  return count;
}

/* A function that calls itself knows of the variables around it those that are one function: it is
 * built once, whatever the others are then. */
static Value function_around(Lower *l, const Node *node, const Node *around) {
  int v = 0;
  while (v < around->variables && strcmp(around->names[v], node->items[0]->text)) v++;
  for (const Frame *frame = l->outer; frame && v < around->variables;
       frame = frame->caller ? frame->caller : frame->outer_link) {
    if (frame->function != around || !frame->now || frame->now[v].defined != ALWAYS) continue;
    if (frame->now[v].value.kind == JIT_FUNCTION && count_targets(around, v) == 1)
      return frame->now[v].value;
    return low_refuse(
        l, node, "QJ202",
        low_text(l, "'%s' is a variable around a function that calls itself", node->items[0]->text),
        "give it the variable as an argument");
  }
  return low_refuse(l, node, "QJ202",
                    low_text(l, "a function inside %s() is called outside of it", around->text),
                    "call it where it is defined, or give it the variable");
}

/* A variable of the function around, which is one of those that are open: the node has its number,
 * and inside it the name as it is there. */
const Value *low_outer(const Lower *l, const Node *node) {
  const Node *around = l->program->functions[node->number];
  const Frame *frame = l->frame;
  while (frame && frame->function != around) frame = frame->caller;
  for (int v = 0; frame && frame->now && v < around->variables; v++)
    if (!strcmp(around->names[v], node->items[0]->text))
      return frame->now[v].defined == ALWAYS ? &frame->now[v].value : NULL;
  return NULL;
}

static Value outer_variable(Lower *l, const Node *node) {
  Frame *own = l->frame, *frame = own;
  const Node *around = l->program->functions[node->number];
  const Value *value = low_outer(l, node);
  if (value) return *value;
  while (frame && frame->function != around) frame = frame->caller;
  if (!frame && l->nest)
    return low_refuse(l, node, "QJ408",
                      low_text(l,
                               "'%s' of %s() is used in a loop over distributed arrays of "
                               "another function",
                               node->items[0]->text, around->text),
                      "give it as an argument");
  if (!frame) return function_around(l, node, around);
  int v = 0;
  while (v < around->variables && strcmp(around->names[v], node->items[0]->text)) v++;
  if (v == around->variables || !frame->now || frame->now[v].defined == NEVER ||
      frame->now[v].hidden)
    return low_refuse(l, node, "QJ201", low_text(l, "'%s' has no value here", node->items[0]->text),
                      "assign it before");
  low_raise_if(l, node, low_op1(l, QL_OP_LOGICAL_NOT, frame->now[v].flag), "NameError",
               low_text(l,
                        "cannot access free variable '%s' where it is not associated with a value "
                        "in enclosing scope",
                        node->items[0]->text));
  return frame->now[v].value;
}

static Value items_of(Lower *l, const Node *node) {
  Value *items = low_get(l, (size_t)node->count * sizeof *items + 1);
  int count = 0, room = node->count;
  for (int k = 0; k < node->count; k++) {
    const Node *item = node->items[k];
    bool starred = item->kind == NODE_STARRED;
    Value value = low_expression(l, starred ? item->items[0] : item);
    if (value.kind == JIT_ARRAY) value = low_in_memory(l, node, &value);
    if (!starred) {
      items[count++] = value;
      continue;
    }
    if (value.kind != JIT_TUPLE) {
      if (value.kind == JIT_UNKNOWN) return value;
      return low_refuse(l, item, "QJ325",
                        low_text(l, "* takes a tuple here, not %s", low_type_text(l, &value)),
                        "give the items one by one");
    }
    room += value.count;
    Value *more = low_get(l, (size_t)room * sizeof *more + 1);
    memcpy(more, items, (size_t)count * sizeof *more);
    if (value.count) memcpy(more + count, value.items, (size_t)value.count * sizeof *more);
    items = more, count += value.count;
  }
  return low_tuple(l, count, items);
}

/* Lists in lists are one array. */
Value low_list_items(Lower *l, const Node *node) {
  bool nested = node->count > 0;
  for (int k = 0; k < node->count; k++) nested = nested && node->items[k]->kind == NODE_LIST;
  if (!nested) return items_of(l, node);
  Value *items = low_get(l, (size_t)node->count * sizeof *items);
  for (int k = 0; k < node->count; k++) items[k] = low_list_items(l, node->items[k]);
  return low_tuple(l, node->count, items);
}

static Value slice(Lower *l, const Node *node) {
  Value parts[3];
  for (int k = 0; k < 3; k++) parts[k] = low_expression(l, node->items[k]);
  return low_slice(l, parts[0], parts[1], parts[2]);
}

/* The variable, or nothing of its type where no way has assigned it. */
static Value variable_or_nothing(Lower *l, const Node *node) {
  const Variable *variable = &l->frame->now[node->items[0]->number];
  if (variable->hidden == HIDDEN_TORN) return low_get_variable(l, node->items[0]);
  return variable->defined == NEVER || variable->hidden ? low_none() : variable->value;
}

Value low_expression(Lower *l, const Node *node) {
  if (low_dead(l)) return low_unknown();
  switch (node->kind) {
    case NODE_NAME: return low_get_variable(l, node);
    case NODE_INT: return low_int((int64_t)strtoull(node->text, NULL, 10));
    case NODE_FLOAT: return low_float(strtod(node->text, NULL));
    case NODE_COMPLEX: {
      Value value = low_float(0);
      value.dtype = QL_C128, value.natural = false;
      value.constant.z[0] = 0, value.constant.z[1] = strtod(node->text, NULL);
      return value;
    }
    case NODE_TRUE:
    case NODE_FALSE: return low_bool(node->kind == NODE_TRUE);
    case NODE_NONE: return low_none();
    case NODE_ELLIPSIS: return (Value){.kind = JIT_ELLIPSIS};
    case NODE_TEXT: return (Value){.kind = JIT_TEXT, .text = node->text};
    case NODE_TUPLE: return items_of(l, node);
    case NODE_LIST: {
      Value items = low_list_items(l, node);
      return low_as_list(l, node, &items);
    }
    case NODE_MAYBE: return variable_or_nothing(l, node);
    case NODE_NAMED: {
      Value value = low_expression(l, node->items[1]);
      value = low_settled(l, node, &value);
      low_assign(l, node->items[0], value);
      return low_dead(l) ? low_unknown() : value;
    }
    case NODE_BINARY: {
      Value a = low_expression(l, node->items[0]);
      if (low_may_store(node->items[1])) a = low_settled(l, node, &a);
      Value b = low_expression(l, node->items[1]);
      return low_binary(l, node, node->text, &a, &b);
    }
    case NODE_UNARY: return unary(l, node);
    case NODE_AND:
    case NODE_OR: return short_circuit(l, node, node->kind == NODE_AND);
    case NODE_COMPARE: return comparison(l, node);
    case NODE_IFEXP: return choose(l, node);
    case NODE_CALL: return call(l, node);
    case NODE_ATTR: {
      Value value = low_expression(l, node->items[0]);
      return value.kind == JIT_UNKNOWN ? value : low_attribute(l, node, &value, node->text);
    }
    case NODE_INDEX: {
      Value value = low_expression(l, node->items[0]);
      if (low_may_store(node->items[1])) value = low_settled(l, node, &value);
      Value index = low_expression(l, node->items[1]);
      return low_dead(l) ? low_unknown() : low_index(l, node, &value, &index);
    }
    case NODE_SLICE: return slice(l, node);
    case NODE_REF: return low_constant(node->text);
    case NODE_OUTER: return outer_variable(l, node);
    case NODE_COMPREHENSION: return low_comprehension(l, node);
    case NODE_USE:
      return (Value){.kind = JIT_FUNCTION, .node = l->program->functions[node->number]};
    case NODE_CAPTURE: return l->captures[node->number];
    case NODE_REFUSE:
      return low_refuse(l, node, node->text, node->items[0]->text, node->items[1]->text);
    default:
      return low_refuse(l, node, "QJ100",
                        low_text(l, "'%s' is not an expression", jit_node_name[node->kind]), "");
  }
}
