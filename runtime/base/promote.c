/* Which dtype computes: NumPy 2's type promotion (NEP 50), by rule instead of by table; tests/base holds NumPy's own tables.
 *
 *   bool < every integer;   int + uint of the same or a larger size: the next larger int, and float64 beyond int64;
 *   integer + float: the larger of the float and the smallest float that holds the integer exactly (64-bit ones: float64);
 *   + complex: the complex dtype of the promoted parts.
 *
 * A weak scalar (a Python literal) only lifts the kind of the dtype beside it: bool -> int64 -> float64 -> complex. */
#include "base.h"

static inline const QlDtypeInfo *info_of(QlDtype dtype) { return &ql_dtype_info[dtype]; }
static inline bool is_integer(QlDtype dtype) {
  return info_of(dtype)->kind == QL_KIND_INT || info_of(dtype)->kind == QL_KIND_UINT;
}

/* ---- two dtypes ---- */

/* The dtype of a kind and a size; QL_DTYPE_NONE when there is none. */
static QlDtype find_dtype(QlKind kind, int size) {
  for (int dtype = 0; dtype < QL_DTYPE_COUNT; dtype++)
    if (ql_dtype_info[dtype].kind == kind && ql_dtype_info[dtype].size == size) return (QlDtype)dtype;
  return QL_DTYPE_NONE;
}

/* The float in which NumPy's inexact loops compute a dtype: the smallest one that holds a bool or an integer. */
static QlDtype float_for(QlDtype dtype) {
  if (info_of(dtype)->kind >= QL_KIND_FLOAT) return dtype;
  int size = info_of(dtype)->size;
  return size == 1 ? QL_F16 : size == 2 ? QL_F32 : QL_F64;
}

static QlDtype promote_integers(QlDtype a, QlDtype b) {
  if (info_of(a)->kind == info_of(b)->kind) return info_of(a)->size >= info_of(b)->size ? a : b;
  QlDtype with_sign = info_of(a)->kind == QL_KIND_INT ? a : b, without = with_sign == a ? b : a;
  if (info_of(with_sign)->size > info_of(without)->size) return with_sign;
  return info_of(without)->size == 8 ? QL_F64 : find_dtype(QL_KIND_INT, 2 * info_of(without)->size);
}

QlDtype ql_promote(QlDtype a, QlDtype b) {
  if (a == b || b == QL_BOOL) return a;
  if (a == QL_BOOL) return b;
  if (is_integer(a) && is_integer(b)) return promote_integers(a, b);
  QlDtype part_a = float_for((QlDtype)info_of(a)->part), part_b = float_for((QlDtype)info_of(b)->part);
  QlDtype part = info_of(part_a)->size >= info_of(part_b)->size ? part_a : part_b;
  if (info_of(a)->kind != QL_KIND_COMPLEX && info_of(b)->kind != QL_KIND_COMPLEX) return part;
  return part == QL_F64 ? QL_C128 : QL_C64;
}

bool ql_can_cast_safely(QlDtype from, QlDtype to) {
  /* NumPy calls 64-bit integers safe in float64, as promotion does. */
  return ql_promote(from, to) == to;
}

bool ql_can_cast_same_kind(QlDtype from, QlDtype to) {
  static const uint8_t order[] = {[QL_KIND_BOOL] = 0, [QL_KIND_UINT] = 1, [QL_KIND_INT] = 2, [QL_KIND_FLOAT] = 3,
                                  [QL_KIND_COMPLEX] = 4};
  return ql_can_cast_safely(from, to) || order[info_of(from)->kind] <= order[info_of(to)->kind];
}

/* ---- a dtype and a weak scalar ---- */

/* Does the integer of `scalar` (BOOL, I64 or U64) fit the integer dtype? */
static bool integer_fits(QlDtype dtype, const QlScalar *scalar) {
  int bits = 8 * info_of(dtype)->size;
  bool large = scalar->dtype == QL_U64 && scalar->value.u > INT64_MAX;
  if (info_of(dtype)->kind == QL_KIND_UINT) {
    if (scalar->dtype == QL_I64 && scalar->value.i < 0) return false;
    return bits == 64 || scalar->value.u >> bits == 0;
  }
  if (large) return false;
  int64_t limit = bits == 64 ? INT64_MAX : (INT64_C(1) << (bits - 1)) - 1;
  return scalar->value.i <= limit && scalar->value.i >= -limit - 1;
}

static QlStatus out_of_bounds(QlDtype dtype, const QlScalar *scalar, QlError *error) {
  if (scalar->dtype == QL_U64 && scalar->value.u > INT64_MAX)
    return ql_fail(error, QL_ERR_OVERFLOW, "Python int too large to convert to C long");
  return ql_fail(error, QL_ERR_OVERFLOW, "Python integer %lld out of bounds for %s", (long long)scalar->value.i,
                 info_of(dtype)->name);
}

QlStatus ql_promote_weak(QlDtype dtype, const QlScalar *value, QlDtype *result, QlError *error) {
  QlKind kind = (QlKind)info_of(value->dtype)->kind, beside = (QlKind)info_of(dtype)->kind;
  *result = dtype;
  if (kind == QL_KIND_COMPLEX) {
    if (beside < QL_KIND_FLOAT) *result = QL_C128;
    if (beside == QL_KIND_FLOAT) *result = dtype == QL_F64 ? QL_C128 : QL_C64;
  } else if (kind == QL_KIND_FLOAT) {
    if (beside < QL_KIND_FLOAT) *result = QL_F64;
  } else if (kind != QL_KIND_BOOL && beside < QL_KIND_FLOAT) {
    if (beside == QL_KIND_BOOL) *result = QL_I64;
    if (!integer_fits(*result, value)) return out_of_bounds(*result, value, error);
  }
  return QL_OK;
}

/* ---- the loops of an operation ---- */

static QlStatus no_loop(QlOp op, QlDtype promoted, QlError *error) {
  const char *name = ql_op_name(op);
  if (promoted == QL_BOOL && op == QL_OP_NEGATIVE)
    return ql_fail(error, QL_ERR_CAST, "The numpy boolean negative, the `-` operator, is not supported, use the `~` operator or "
                                       "the logical_not function instead.");
  if (promoted == QL_BOOL && op == QL_OP_SUBTRACT)
    return ql_fail(error, QL_ERR_CAST, "numpy boolean subtract, the `-` operator, is not supported, use the bitwise_xor, the "
                                       "`^` operator, or the logical_xor function instead.");
  if (promoted == QL_BOOL)
    return ql_fail(error, QL_ERR_CAST, "ufunc '%s' did not contain a loop with signature matching types "
                                       "<class 'numpy.dtypes.BoolDType'> -> None", name);
  return ql_fail(error, QL_ERR_CAST, "ufunc '%s' not supported for the input types, and the inputs could not be safely coerced "
                                     "to any supported types according to the casting rule ''safe''", name);
}

/* The loop of a domain for a dtype, as ops.def describes the domains; QL_DTYPE_NONE: there is none. */
static QlDtype loop_of(QlDomain domain, QlDtype dtype) {
  QlKind kind = (QlKind)info_of(dtype)->kind;
  bool is_bool = kind == QL_KIND_BOOL, is_complex = kind == QL_KIND_COMPLEX, is_float = kind == QL_KIND_FLOAT;
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
  }
  return QL_DTYPE_NONE;
}

QlStatus ql_op_types(QlOp op, QlDtype promoted, QlDtype *loop, QlDtype *result, QlError *error) {
  const QlOpInfo *info = &ql_op_info[op];
  *loop = loop_of((QlDomain)info->domain, promoted);
  if (*loop == QL_DTYPE_NONE) return no_loop(op, promoted, error);
  *result = info->result == QL_RESULT_BOOL ? QL_BOOL : info->result == QL_RESULT_PART ? info_of(*loop)->part : *loop;
  return QL_OK;
}
