/* Operations on integers: two's complement, wrapping to the width of the dtype.
 *
 * All widths compute in 64 bits and are cut to theirs at the end. */
#include "ir.h"

#include <assert.h>

static QlValue logical(bool value) { return (QlValue){.bits = {value, 0}}; }

/* Division rounds to minus infinity. By zero everything is 0; MIN // -1 wraps to MIN, and its
 * remainder is 0. */
static int64_t floor_divide(int64_t a, int64_t b) {
  if (b == 0) return 0;
  if (b == -1) return (int64_t)(0 - (uint64_t)a);
  return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

static int64_t fmod_int(int64_t a, int64_t b) { return b == 0 || b == -1 ? 0 : a % b; }

static int64_t remainder_int(int64_t a, int64_t b) { /* the sign of the divisor */
  int64_t rest = fmod_int(a, b);
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

/* By squaring, low bit of the exponent first. A negative exponent is read as unsigned; in 64 bits
 * or in the dtype's width, the product is the same. */
static uint64_t power(uint64_t base, uint64_t exponent) {
  uint64_t result = 1;
  for (; exponent; exponent >>= 1, base *= base)
    if (exponent & 1) result *= base;
  return result;
}

/* 1 / x, truncated; 1 / 0 is what NumPy's conversion of infinity gives: the smallest number in
 * int32 and int64, 0 in others. */
static QlValue reciprocal(QlDtype loop, bool is_signed, QlValue x) {
  if (x.i != 0) return (QlValue){.i = is_signed ? 1 / x.i : (int64_t)(1 / x.u)};
  return (QlValue){.i = loop == QL_I32 ? INT32_MIN : loop == QL_I64 ? INT64_MIN : 0};
}

/* A count of the width or more, or a negative one, shifts everything out: what stays is 0, or -1
 * from a negative number shifted right. */
static QlValue shift(QlOp op, QlDtype loop, bool is_signed, QlValue a, QlValue count) {
  uint64_t width = ql_dtype_info[loop].size * 8u;
  bool out = count.u >= width;
  if (op == QL_OP_LEFT_SHIFT) return (QlValue){.u = out ? 0 : a.u << count.u};
  if (is_signed) return (QlValue){.i = out ? (a.i < 0 ? -1 : 0) : a.i >> count.u};
  return (QlValue){.u = out ? 0 : a.u >> count.u};
}

static uint64_t magnitude(bool is_signed, QlValue x) {
  return is_signed && x.i < 0 ? 0 - x.u : x.u;
}

/* Euclid's; gcd(0, b) = b. */
static uint64_t gcd(uint64_t a, uint64_t b) {
  while (a) {
    uint64_t rest = b % a;
    b = a, a = rest;
  }
  return b;
}

static uint64_t lcm(uint64_t a, uint64_t b) {
  uint64_t common = gcd(a, b);
  return common ? a / common * b : 0;
}

static QlValue arithmetic(QlOp op, QlDtype loop, bool is_signed, QlValue a, QlValue b) {
  switch (op) {
    case QL_OP_NEGATIVE: return (QlValue){.u = 0 - a.u};
    case QL_OP_ABSOLUTE: return (QlValue){.u = is_signed && a.i < 0 ? 0 - a.u : a.u};
    case QL_OP_SIGN: return (QlValue){.i = a.u == 0 ? 0 : is_signed && a.i < 0 ? -1 : 1};
    case QL_OP_IMAG: return (QlValue){.i = 0};
    case QL_OP_GCD: return (QlValue){.u = gcd(magnitude(is_signed, a), magnitude(is_signed, b))};
    case QL_OP_LCM: return (QlValue){.u = lcm(magnitude(is_signed, a), magnitude(is_signed, b))};
    case QL_OP_SQUARE: return (QlValue){.u = a.u * a.u};
    case QL_OP_RECIPROCAL: return reciprocal(loop, is_signed, a);
    case QL_OP_INVERT: return (QlValue){.u = ~a.u};
    case QL_OP_ADD: return (QlValue){.u = a.u + b.u};
    case QL_OP_SUBTRACT: return (QlValue){.u = a.u - b.u};
    case QL_OP_MULTIPLY: return (QlValue){.u = a.u * b.u};
    case QL_OP_FLOOR_DIVIDE:
      return is_signed ? (QlValue){.i = floor_divide(a.i, b.i)}
                       : (QlValue){.u = b.u ? a.u / b.u : 0};
    case QL_OP_REMAINDER:
      return is_signed ? (QlValue){.i = remainder_int(a.i, b.i)}
                       : (QlValue){.u = b.u ? a.u % b.u : 0};
    case QL_OP_FMOD:
      return is_signed ? (QlValue){.i = fmod_int(a.i, b.i)} : (QlValue){.u = b.u ? a.u % b.u : 0};
    case QL_OP_POWER: return (QlValue){.u = power(a.u, b.u)};
    case QL_OP_BITWISE_AND: return (QlValue){.u = a.u & b.u};
    case QL_OP_BITWISE_OR: return (QlValue){.u = a.u | b.u};
    case QL_OP_BITWISE_XOR: return (QlValue){.u = a.u ^ b.u};
    case QL_OP_LEFT_SHIFT:
    case QL_OP_RIGHT_SHIFT: return shift(op, loop, is_signed, a, b);
    default:
      assert(ql_op_info[op].arity == 1);
      return a; /* positive, conjugate, real, floor, ceil, trunc */
  }
}

QlValue ir_eval_int(QlOp op, QlDtype loop, const QlValue *args) {
  bool is_signed = ql_dtype_info[loop].kind == QL_KIND_INT;
  QlValue a = args[0], b = ql_op_info[op].arity > 1 ? args[1] : a;
  bool less = is_signed ? a.i < b.i : a.u < b.u;
  switch (op) {
    case QL_OP_ISNAN:
    case QL_OP_ISINF: return logical(false);
    case QL_OP_ISFINITE: return logical(true);
    case QL_OP_BITWISE_COUNT: return (QlValue){.i = __builtin_popcountll(magnitude(is_signed, a))};
    case QL_OP_FROM_BITS: return a;
    case QL_OP_LOGICAL_NOT: return logical(a.u == 0);
    case QL_OP_LOGICAL_AND: return logical(a.u && b.u);
    case QL_OP_LOGICAL_OR: return logical(a.u || b.u);
    case QL_OP_LOGICAL_XOR: return logical(!a.u != !b.u);
    case QL_OP_EQUAL: return logical(a.u == b.u);
    case QL_OP_NOT_EQUAL: return logical(a.u != b.u);
    case QL_OP_LESS: return logical(less);
    case QL_OP_LESS_EQUAL: return logical(less || a.u == b.u);
    case QL_OP_GREATER: return logical(!less && a.u != b.u);
    case QL_OP_GREATER_EQUAL: return logical(!less);
    case QL_OP_MINIMUM:
    case QL_OP_FMIN: return less ? a : b;
    case QL_OP_MAXIMUM:
    case QL_OP_FMAX: return less ? b : a;
    default: return ir_canonical(loop, arithmetic(op, loop, is_signed, a, b));
  }
}
