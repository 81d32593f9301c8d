/* Which loop an operation runs: NumPy 2's ufunc resolution over the domains of ops.def.
 *
 * NumPy searches the loops of a ufunc for the first that holds the inputs. For most operations that
 * is the loop of the promoted dtype; what ql_op_resolve adds to ql_promote, ql_promote_weak and
 * ql_op_types is the rest of NumPy's behaviour:
 *   - Loops over floats alone are searched operand by operand: arctan2(int8, uint8) is float16
 *     though the two promote to int16.
 *   - A weak integer must fit the loop, not the array: uint8 / 300 is right, uint8 + 300 overflows.
 *   - Comparisons compare values: uint8 < 300 is true everywhere, and int64 beside uint64 is
 *     compared exactly, where both promote to float64. The loop is uint64 then, and the signed
 *     input stays an int64.
 *   - Logical operations ask for the truth of each input alone.
 *   - `where` wraps a weak integer instead of refusing it. */
#include "base.h"

#include <assert.h>
#include <stdio.h>

static inline const QlDtypeInfo *info_of(QlDtype dtype) { return &ql_dtype_info[dtype]; }

/* The smallest float that holds a bool or an integer, as NumPy counts; floats and complex dtypes
 * stay. */
static QlDtype float_for(QlDtype dtype) { return ql_promote(dtype, QL_F16); }

/* The dtype of a kind with elements of so many bytes; QL_DTYPE_NONE: there is none. */
static QlDtype of_size(QlKind kind, int size) {
  for (int dtype = 0; dtype < QL_DTYPE_COUNT; dtype++)
    if (ql_dtype_info[dtype].kind == kind && ql_dtype_info[dtype].size == size)
      return (QlDtype)dtype;
  return QL_DTYPE_NONE;
}

/* ---- the loops of an operation ---- */

static QlStatus no_loop(QlOp op, QlDtype promoted, QlError *error) {
  const char *name = ql_op_name(op);
  if (promoted == QL_BOOL && op == QL_OP_NEGATIVE)
    return ql_fail(
        error, QL_ERR_CAST,
        "The numpy boolean negative, the `-` operator, is not supported, use the `~` operator or "
        "the logical_not function instead.");
  if (promoted == QL_BOOL && op == QL_OP_SUBTRACT)
    return ql_fail(
        error, QL_ERR_CAST,
        "numpy boolean subtract, the `-` operator, is not supported, use the bitwise_xor, the "
        "`^` operator, or the logical_xor function instead.");
  if (promoted == QL_BOOL)
    return ql_fail(error, QL_ERR_CAST,
                   "ufunc '%s' did not contain a loop with signature matching types "
                   "<class 'numpy.dtypes.BoolDType'> -> None",
                   name);
  return ql_fail(
      error, QL_ERR_CAST,
      "ufunc '%s' not supported for the input types, and the inputs could not be safely coerced "
      "to any supported types according to the casting rule ''safe''",
      name);
}

/* The loop of a domain for a dtype, as ops.def describes the domains; QL_DTYPE_NONE: there is none.
 */
static QlDtype loop_of(QlDomain domain, QlDtype dtype) {
  QlKind kind = (QlKind)info_of(dtype)->kind;
  bool is_bool = kind == QL_KIND_BOOL, is_complex = kind == QL_KIND_COMPLEX,
       is_float = kind == QL_KIND_FLOAT;
  switch (domain) {
    case QL_DOMAIN_ANY: return dtype;
    case QL_DOMAIN_NUMBER: return is_bool ? QL_I8 : dtype;
    case QL_DOMAIN_NOBOOL: return is_bool ? QL_DTYPE_NONE : dtype;
    case QL_DOMAIN_REAL: return is_complex ? QL_DTYPE_NONE : is_bool ? QL_I8 : dtype;
    case QL_DOMAIN_ORDERED: return is_complex ? QL_DTYPE_NONE : dtype;
    case QL_DOMAIN_DIVIDE: return is_float || is_complex ? dtype : QL_F64;
    case QL_DOMAIN_WIDE: return is_complex ? QL_C128 : QL_F64;
    case QL_DOMAIN_INEXACT: return float_for(dtype);
    case QL_DOMAIN_FLOAT: return is_complex ? QL_DTYPE_NONE : float_for(dtype);
    case QL_DOMAIN_INTEGER: return is_float || is_complex ? QL_DTYPE_NONE : is_bool ? QL_I8 : dtype;
    case QL_DOMAIN_BITS: return is_float || is_complex ? QL_DTYPE_NONE : dtype;
    case QL_DOMAIN_WHOLE: return is_bool || is_float || is_complex ? QL_DTYPE_NONE : dtype;
    case QL_DOMAIN_COMPLEX: return ql_promote(dtype, QL_C64);
    case QL_DOMAIN_WORD:
      return is_bool || is_float || is_complex || info_of(dtype)->size == 1
                 ? QL_DTYPE_NONE
                 : of_size(QL_KIND_UINT, info_of(dtype)->size);
  }
  return QL_DTYPE_NONE;
}

QlDtype ql_op_result(QlOp op, QlDtype loop) {
  switch ((QlResult)ql_op_info[op].result) {
    case QL_RESULT_SAME: return loop;
    case QL_RESULT_BOOL: return QL_BOOL;
    case QL_RESULT_PART: return info_of(loop)->part;
    case QL_RESULT_BYTE: return QL_U8;
    case QL_RESULT_INT: return QL_I32;
    case QL_RESULT_UNSIGNED: return of_size(QL_KIND_UINT, info_of(loop)->size);
    case QL_RESULT_FLOAT: return of_size(QL_KIND_FLOAT, info_of(loop)->size);
  }
  return QL_DTYPE_NONE;
}

QlStatus ql_op_types(QlOp op, QlDtype promoted, QlDtype *loop, QlDtype *result, QlError *error) {
  const QlOpInfo *info = &ql_op_info[op];
  *loop = loop_of((QlDomain)info->domain, promoted);
  if (*loop == QL_DTYPE_NONE) return no_loop(op, promoted, error);
  *result = ql_op_result(op, *loop);
  return QL_OK;
}

/* ---- one application of an operation ---- */

enum { MAX_VALUES = 2 }; /* the inputs that take the loop dtype */

static bool is_logical(QlOp op) { return op >= QL_OP_LOGICAL_AND && op <= QL_OP_LOGICAL_XOR; }

static bool is_integer(QlDtype dtype) {
  return info_of(dtype)->kind == QL_KIND_INT || info_of(dtype)->kind == QL_KIND_UINT;
}

static QlDtype promote_two(QlOp op, QlDtype a, QlDtype b) {
  QlDtype both = ql_promote(a, b);
  return ql_is_comparison(op) && both == QL_F64 && is_integer(a) && is_integer(b) ? QL_U64 : both;
}

QlDtype ql_op_input(QlOp op, int k, QlDtype from, QlDtype loop) {
  if (op == QL_OP_SELECT && k == 0) return QL_BOOL;
  return ql_is_comparison(op) && loop == QL_U64 && info_of(from)->kind == QL_KIND_INT ? QL_I64
                                                                                      : loop;
}

/* The dtype to which the inputs promote, before the weak ones are held against the loop. */
static QlDtype promote_inputs(QlOp op, const QlScalar *inputs, int count) {
  QlDomain domain = (QlDomain)ql_op_info[op].domain;
  bool by_operand = domain == QL_DOMAIN_FLOAT || domain == QL_DOMAIN_INEXACT, any_weak = false;
  for (int k = 0; k < count; k++) any_weak |= inputs[k].weak;
  QlDtype strong = QL_DTYPE_NONE;
  for (int k = 0; k < count; k++) {
    if (inputs[k].weak) continue;
    QlDtype dtype = by_operand && !any_weak ? float_for(inputs[k].dtype) : inputs[k].dtype;
    strong = strong == QL_DTYPE_NONE ? dtype : promote_two(op, strong, dtype);
  }
  /* Scalars alone take the default dtype of the highest kind among them; a lone one keeps its own
   * (uint64 above int64).
   * */
  if (strong == QL_DTYPE_NONE) strong = count == 1 ? inputs[0].dtype : QL_BOOL;
  for (int k = 0; k < count; k++)
    if (inputs[k].weak) strong = ql_lift_weak(strong, inputs[k].dtype);
  return strong;
}

static bool truth_of(QlDtype dtype, QlValue value) { return ql_convert(dtype, value, QL_BOOL).b; }

/* Holds one weak input against the loop: widens the loop, or fails. */
static QlStatus admit_weak(QlOp op, const QlScalar *input, QlDtype *loop, QlError *error) {
  if (op == QL_OP_SELECT) return QL_OK;
  if (ql_is_comparison(op)) {
    if (ql_weak_fits(*loop, input, NULL) != QL_OK) *loop = promote_two(op, *loop, input->dtype);
    return QL_OK;
  }
  if (is_logical(op)) {
    if (truth_of(*loop, ql_convert(input->dtype, input->value, *loop)) !=
        truth_of(input->dtype, input->value))
      *loop = ql_promote(*loop, input->dtype);
    return QL_OK;
  }
  return ql_weak_fits(*loop, input, error);
}

/* Beside booleans, and as a truth, a Python integer is a C long. */
static QlStatus check_long(QlOp op, const QlScalar *inputs, int count, QlError *error) {
  bool is_long = is_logical(op);
  for (int k = 0; k < count; k++)
    is_long |= ql_is_comparison(op) && !inputs[k].weak && inputs[k].dtype == QL_BOOL;
  for (int k = 0; k < count && is_long; k++)
    if (inputs[k].weak && inputs[k].dtype == QL_U64)
      return ql_fail(error, QL_ERR_OVERFLOW, "Python int too large to convert to C long");
  return QL_OK;
}

static QlStatus check_power(QlOp op, const QlScalar *inputs, QlDtype loop, QlError *error) {
  bool is_whole = op == QL_OP_POWER && info_of(loop)->kind == QL_KIND_INT;
  if (is_whole && info_of(inputs[1].dtype)->kind == QL_KIND_INT && inputs[1].value.i < 0)
    return ql_fail(error, QL_ERR_VALUE, "Integers to negative integer powers are not allowed.");
  return QL_OK;
}

/* ldexp(x, exponent): the loop is that of x, alone; the exponent is an integer of up to 64 bits, of
 * Python's of 32 but beside bools. Beside an array of exponents, no bools, a Python integer is no
 * more than a float16. */
static QlStatus resolve_ldexp(const QlScalar *inputs, QlDtype *loop, QlDtype *result,
                              QlError *error) {
  const QlScalar *x = &inputs[0], *exponent = &inputs[1];
  QlKind kind = (QlKind)info_of(exponent->dtype)->kind;
  bool is_whole =
      exponent->weak ? kind <= QL_KIND_UINT : ql_can_cast_safely(exponent->dtype, QL_I64);
  bool is_small = x->weak && is_integer(x->dtype) && !exponent->weak && exponent->dtype != QL_BOOL;
  QlDtype of_x = is_small ? QL_F16 : x->weak && exponent->weak ? QL_F64 : x->dtype;
  *loop = is_whole ? loop_of(QL_DOMAIN_FLOAT, of_x) : QL_DTYPE_NONE;
  if (*loop == QL_DTYPE_NONE) return no_loop(QL_OP_LDEXP, QL_C128, error);
  *result = *loop;
  QlDtype widest = x->dtype == QL_BOOL ? QL_I64 : QL_I32;
  return exponent->weak ? ql_weak_fits(widest, exponent, error) : QL_OK;
}

QlStatus ql_op_resolve(QlOp op, const QlScalar *inputs, QlDtype *loop, QlDtype *result,
                       QlError *error) {
  int count = ql_op_info[op].arity;
  if (op == QL_OP_SELECT) inputs++, count--; /* the condition is a bool whatever the others are */
  assert(count <= MAX_VALUES);
  bool doubles = true; /* what is asked most */
  for (int k = 0; k < count; k++) doubles &= inputs[k].dtype == QL_F64;
  if (op == QL_OP_LDEXP) return resolve_ldexp(inputs, loop, result, error);
  if (doubles) return ql_op_types(op, QL_F64, loop, result, error);
  QL_TRY(check_long(op, inputs, count, error));
  QL_TRY(ql_op_types(op, promote_inputs(op, inputs, count), loop, result, error));
  for (int k = 0; k < count; k++)
    if (inputs[k].weak) QL_TRY(admit_weak(op, &inputs[k], loop, error));
  return check_power(op, inputs, *loop, error);
}

/* ---- dtype= ---- */

/* The loop that gives results of that dtype; QL_DTYPE_NONE: there is none. */
static QlDtype loop_giving(const QlOpInfo *info, const QlScalar *inputs, QlDtype dtype) {
  if (info->result == QL_RESULT_BYTE) {
    QlDtype loop = loop_of((QlDomain)info->domain, inputs[0].dtype);
    return dtype != QL_U8 ? QL_DTYPE_NONE : loop == QL_DTYPE_NONE ? QL_U8 : loop;
  }
  if (info->result == QL_RESULT_INT || info->result == QL_RESULT_UNSIGNED ||
      info->result == QL_RESULT_FLOAT)
    return QL_DTYPE_NONE;
  if (info->result != QL_RESULT_PART)
    return loop_of((QlDomain)info->domain, dtype) == dtype ? dtype : QL_DTYPE_NONE;
  if (info_of(dtype)->kind == QL_KIND_COMPLEX) return QL_DTYPE_NONE;
  if (info_of(inputs[0].dtype)->kind != QL_KIND_COMPLEX) return dtype;
  return dtype == QL_F32 ? QL_C64 : dtype == QL_F64 ? QL_C128 : dtype;
}

/* An input must be of the loop's kind, Python's numbers too; a complex one whose part is asked for
 * must fit the loop. */
static QlStatus check_kind(QlOp op, int k, const QlScalar *input, QlDtype loop, QlError *error) {
  QlDtype from = input->weak ? ql_lift_weak(loop, input->dtype) : input->dtype;
  bool is_narrower = ql_op_info[op].result == QL_RESULT_PART && !ql_can_cast_safely(from, loop) &&
                     info_of(from)->kind == QL_KIND_COMPLEX;
  if (ql_can_cast_same_kind(from, loop) && !is_narrower) return QL_OK;
  char place[16] = "";
  if (ql_op_info[op].arity > 1) snprintf(place, sizeof place, " %d", k);
  QlDtype to = is_narrower ? (QlDtype)info_of(loop)->part : loop;
  return ql_fail(error, QL_ERR_CAST,
                 "Cannot cast ufunc '%s' input%s from dtype('%s') to dtype('%s') with casting rule "
                 "'same_kind'",
                 ql_op_name(op), place, ql_dtype_name(from), ql_dtype_name(to));
}

QlStatus ql_op_resolve_as(QlOp op, const QlScalar *inputs, QlDtype dtype, QlDtype *loop,
                          QlDtype *result, QlError *error) {
  const QlOpInfo *info = &ql_op_info[op];
  if (info->result == QL_RESULT_BOOL && dtype == QL_BOOL)
    return ql_op_resolve(op, inputs, loop, result, error);
  *loop = info->result == QL_RESULT_BOOL ? QL_DTYPE_NONE : loop_giving(info, inputs, dtype);
  if (op == QL_OP_LDEXP && *loop != QL_DTYPE_NONE) { /* it must hold what there is */
    QlDtype least;
    QlStatus status = resolve_ldexp(inputs, &least, result, NULL);
    if (status == QL_ERR_OVERFLOW) return resolve_ldexp(inputs, &least, result, error);
    if (!status && (inputs[0].weak || ql_can_cast_safely(least, dtype)))
      return *result = dtype, QL_OK;
    *loop = QL_DTYPE_NONE;
  }
  if (*loop == QL_DTYPE_NONE && dtype == QL_BOOL && info->domain == QL_DOMAIN_NOBOOL)
    return no_loop(op, dtype, error);
  if (*loop == QL_DTYPE_NONE)
    return ql_fail(error, QL_ERR_TYPE,
                   "No loop matching the specified signature and casting was found for ufunc %s",
                   ql_op_name(op));
  for (int k = op == QL_OP_SELECT; k < info->arity; k++)
    if (inputs[k].weak) QL_TRY(ql_weak_fits(*loop, &inputs[k], error));
  for (int k = op == QL_OP_SELECT; k < info->arity; k++)
    QL_TRY(check_kind(op, k, &inputs[k], *loop, error));
  *result = dtype;
  return check_power(op, inputs, *loop, error);
}
