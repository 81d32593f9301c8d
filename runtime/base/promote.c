/* Which dtype computes: NumPy 2's type promotion (NEP 50), by rule instead of by table; tests/base
 * holds NumPy's own tables.
 *
 *   bool and anything    that
 *   int and uint         the larger when that is the int; else the int above the uint, and float64
 *                        above uint64
 *   integer and float    the larger of the float and the smallest float that holds the integer
 *                        (64-bit ones: float64)
 *   with complex         the complex dtype of the promoted parts
 *
 * A weak scalar (a Python literal) only lifts the kind of the dtype beside it: bool -> int64 ->
 * float64 -> complex. */
#include "base.h"

static inline const QlDtypeInfo *info_of(QlDtype dtype) { return &ql_dtype_info[dtype]; }
static inline bool is_integer(QlDtype dtype) {
  return info_of(dtype)->kind == QL_KIND_INT || info_of(dtype)->kind == QL_KIND_UINT;
}

/* ---- two dtypes ---- */

/* The dtype of a kind and a size; QL_DTYPE_NONE when there is none. */
static QlDtype find_dtype(QlKind kind, int size) {
  for (int dtype = 0; dtype < QL_DTYPE_COUNT; dtype++)
    if (ql_dtype_info[dtype].kind == kind && ql_dtype_info[dtype].size == size)
      return (QlDtype)dtype;
  return QL_DTYPE_NONE;
}

/* The float in which NumPy's inexact loops compute a dtype: the smallest one that holds a bool or
 * an integer. */
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
  QlDtype part_a = float_for((QlDtype)info_of(a)->part),
          part_b = float_for((QlDtype)info_of(b)->part);
  QlDtype part = info_of(part_a)->size >= info_of(part_b)->size ? part_a : part_b;
  if (info_of(a)->kind != QL_KIND_COMPLEX && info_of(b)->kind != QL_KIND_COMPLEX) return part;
  return part == QL_F64 ? QL_C128 : QL_C64;
}

bool ql_can_cast_safely(QlDtype from, QlDtype to) {
  /* NumPy calls 64-bit integers safe in float64, as promotion does. */
  return ql_promote(from, to) == to;
}

bool ql_can_cast_same_kind(QlDtype from, QlDtype to) {
  static const uint8_t order[] = {[QL_KIND_BOOL] = 0,
                                  [QL_KIND_UINT] = 1,
                                  [QL_KIND_INT] = 2,
                                  [QL_KIND_FLOAT] = 3,
                                  [QL_KIND_COMPLEX] = 4};
  return ql_can_cast_safely(from, to) || order[info_of(from)->kind] <= order[info_of(to)->kind];
}

/* ---- a dtype and a weak scalar ---- */

QlDtype ql_lift_weak(QlDtype dtype, QlDtype scalar) {
  QlKind kind = (QlKind)info_of(scalar)->kind, beside = (QlKind)info_of(dtype)->kind;
  if (kind == QL_KIND_BOOL || beside == QL_KIND_COMPLEX) return dtype;
  if (kind == QL_KIND_COMPLEX) return dtype == QL_F16 || dtype == QL_F32 ? QL_C64 : QL_C128;
  if (beside == QL_KIND_FLOAT) return dtype;
  if (kind == QL_KIND_FLOAT) return QL_F64;
  return beside == QL_KIND_BOOL ? QL_I64 : dtype;
}

/* Is the scalar's integer (I64 or U64) one of the values of the integer dtype? */
static bool integer_fits(QlDtype dtype, const QlScalar *scalar) {
  int bits = 8 * info_of(dtype)->size;
  bool negative = scalar->dtype == QL_I64 && scalar->value.i < 0;
  if (info_of(dtype)->kind == QL_KIND_UINT)
    return !negative && (bits == 64 || scalar->value.u >> bits == 0);
  /* The magnitude, less one below zero, must fit the bits beside the sign. */
  uint64_t magnitude = negative ? ~scalar->value.u : scalar->value.u;
  return magnitude >> (bits - 1) == 0;
}

QlStatus ql_weak_fits(QlDtype dtype, const QlScalar *scalar, QlError *error) {
  bool has_integer = scalar->dtype == QL_I64 || scalar->dtype == QL_U64;
  if (!has_integer || !is_integer(dtype) || integer_fits(dtype, scalar)) return QL_OK;
  if (scalar->dtype == QL_U64 && scalar->value.u > INT64_MAX)
    return ql_fail(error, QL_ERR_OVERFLOW, "Python int too large to convert to C long");
  return ql_fail(error, QL_ERR_OVERFLOW, "Python integer %lld out of bounds for %s",
                 (long long)scalar->value.i, info_of(dtype)->name);
}

QlStatus ql_promote_weak(QlDtype dtype, const QlScalar *value, QlDtype *result, QlError *error) {
  *result = ql_lift_weak(dtype, value->dtype);
  return ql_weak_fits(*result, value, error);
}
