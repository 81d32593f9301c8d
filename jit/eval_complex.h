/* The complex arithmetic of one precision: eval_complex.c includes this for float and for double,
 * with REAL, PAIR and MEMBER (of QlValue), LOOP (the dtype), PART (that of REAL), NAME (a suffix)
 * and LIBM (C's suffix). */

typedef struct NAME(Number) {
  REAL re, im;
} NAME(Number);
#define NUMBER NAME(Number)

static bool NAME(nan)(NUMBER a) { return isnan(a.re) || isnan(a.im); }
static bool NAME(truth)(NUMBER a) { return a.re != 0 || a.im != 0; }

static REAL NAME(modulus)(NUMBER a) {
  const IrMath *math = ir_math(QL_OP_HYPOT, PART);
  assert(math);
  return ((REAL(*)(REAL, REAL))math->address)(a.re, a.im);
}

static NUMBER NAME(multiply)(NUMBER a, NUMBER b) {
  return (NUMBER){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

/* Smith's algorithm (1962):  |b.re| >= |b.im|: both zero: a / |b.re| by parts; otherwise
 *   r = b.im / b.re;  s = 1 / (b.re + b.im * r);  ((a.re + a.im * r) * s, (a.im - a.re * r) * s)
 * else (also when a part of b is NaN):
 *   r = b.re / b.im;  s = 1 / (b.im + b.re * r);  ((a.re * r + a.im) * s, (a.im * r - a.re) * s) */
static NUMBER NAME(divide)(NUMBER a, NUMBER b) {
  REAL re = LIBM(fabs)(b.re), im = LIBM(fabs)(b.im);
  if (re >= im) {
    if (re == 0 && im == 0) return (NUMBER){a.re / re, a.im / re};
    REAL ratio = b.im / b.re, inverse = 1 / (b.re + b.im * ratio);
    return (NUMBER){(a.re + a.im * ratio) * inverse, (a.im - a.re * ratio) * inverse};
  }
  REAL ratio = b.re / b.im, inverse = 1 / (b.im + b.re * ratio);
  return (NUMBER){(a.re * ratio + a.im) * inverse, (a.im * ratio - a.re) * inverse};
}

/* 1 / a:  |a.im| <= |a.re|: r = a.im / a.re;  d = a.re + a.im * r;  (1 / d, -r / d)
 * else:                     r = a.re / a.im;  d = a.re * r + a.im;  (r / d, -1 / d) */
static NUMBER NAME(reciprocal)(NUMBER a) {
  if (LIBM(fabs)(a.im) <= LIBM(fabs)(a.re)) {
    REAL ratio = a.im / a.re, norm = a.re + a.im * ratio;
    return (NUMBER){1 / norm, -ratio / norm};
  }
  REAL ratio = a.re / a.im, norm = a.re * ratio + a.im;
  return (NUMBER){ratio / norm, -1 / norm};
}

/* Sign, power and the transcendental functions: those of ir_math_part. The sign is z / |z|: 0 of 0;
 * NaN when |z| is; when |z| is infinite: NaN if both parts are, otherwise the unit of the real axis
 * if the real part is, and of the imaginary axis if not (of finite parts too, when |z| overflows).
 *
 * NumPy's power: a^0 is 1; 0^b is 0 for b.re > 0, otherwise NaN; real whole exponents below 100 by
 * squaring, low bit first (1, 2 and 3 written out, negative ones by 1 / a^n); the rest is
 * exp(b log a). */
static NUMBER NAME(library)(QlOp op, NUMBER a, NUMBER b) {
  REAL parts[2];
  if (op == QL_OP_FLOAT_POWER) op = QL_OP_POWER;
  for (int part = 0; part < 2; part++) {
    const IrMath *math = ir_math_part(op, LOOP, part);
    assert(math);
    parts[part] = ql_op_info[op].arity == 1
                      ? ((REAL(*)(REAL, REAL))math->address)(a.re, a.im)
                      : ((REAL(*)(REAL, REAL, REAL, REAL))math->address)(a.re, a.im, b.re, b.im);
  }
  return (NUMBER){parts[0], parts[1]};
}

static NUMBER NAME(unary)(QlOp op, NUMBER a) {
  switch (op) {
    case QL_OP_POSITIVE: return a;
    case QL_OP_NEGATIVE: return (NUMBER){-a.re, -a.im};
    case QL_OP_CONJUGATE: return (NUMBER){a.re, -a.im};
    case QL_OP_SQUARE: return NAME(multiply)(a, a);
    case QL_OP_RECIPROCAL: return NAME(reciprocal)(a);
    case QL_OP_RINT: return (NUMBER){LIBM(rint)(a.re), LIBM(rint)(a.im)};
    default: return NAME(library)(op, a, a);
  }
}

/* The order is lexicographic; a number with a NaN part compares false, unless the real parts decide
 * without it. */
static bool NAME(after)(NUMBER a, NUMBER b, bool or_equal) {
  return (a.re > b.re && !isnan(a.im) && !isnan(b.im)) ||
         (a.re == b.re && (or_equal ? a.im >= b.im : a.im > b.im));
}

/* minimum and maximum: the first when it is NaN, or in front, or equal; fmin and fmax: the first
 * unless it is NaN. */
static NUMBER NAME(binary)(QlOp op, NUMBER a, NUMBER b) {
  switch (op) {
    case QL_OP_ADD: return (NUMBER){a.re + b.re, a.im + b.im};
    case QL_OP_SUBTRACT: return (NUMBER){a.re - b.re, a.im - b.im};
    case QL_OP_MULTIPLY: return NAME(multiply)(a, b);
    case QL_OP_DIVIDE: return NAME(divide)(a, b);
    case QL_OP_FROM_PARTS: return (NUMBER){a.re, b.re};
    case QL_OP_MINIMUM: return NAME(nan)(a) || NAME(after)(b, a, true) ? a : b;
    case QL_OP_MAXIMUM: return NAME(nan)(a) || NAME(after)(a, b, true) ? a : b;
    case QL_OP_FMIN: return NAME(nan)(b) || NAME(after)(b, a, true) ? a : b;
    case QL_OP_FMAX: return NAME(nan)(b) || NAME(after)(a, b, true) ? a : b;
    default: assert(op == QL_OP_POWER || op == QL_OP_FLOAT_POWER); return NAME(library)(op, a, b);
  }
}

static bool NAME(predicate)(QlOp op, NUMBER a, NUMBER b) {
  switch (op) {
    case QL_OP_ISNAN: return NAME(nan)(a);
    case QL_OP_ISINF: return isinf(a.re) || isinf(a.im);
    case QL_OP_ISFINITE: return isfinite(a.re) && isfinite(a.im);
    case QL_OP_LOGICAL_NOT: return !NAME(truth)(a);
    case QL_OP_EQUAL: return a.re == b.re && a.im == b.im;
    case QL_OP_NOT_EQUAL: return a.re != b.re || a.im != b.im;
    case QL_OP_LESS: return NAME(after)(b, a, false);
    case QL_OP_LESS_EQUAL: return NAME(after)(b, a, true);
    case QL_OP_GREATER: return NAME(after)(a, b, false);
    case QL_OP_GREATER_EQUAL: return NAME(after)(a, b, true);
    case QL_OP_LOGICAL_AND: return NAME(truth)(a) && NAME(truth)(b);
    case QL_OP_LOGICAL_OR: return NAME(truth)(a) || NAME(truth)(b);
    default: assert(op == QL_OP_LOGICAL_XOR); return NAME(truth)(a) != NAME(truth)(b);
  }
}

static QlValue NAME(eval)(QlOp op, const QlValue *args) {
  bool two = ql_op_info[op].arity > 1;
  NUMBER a = {args[0].PAIR[0], args[0].PAIR[1]},
         b = two ? (NUMBER){args[1].PAIR[0], args[1].PAIR[1]} : a;
  QlValue value = {.bits = {0, 0}};
  switch (ql_op_info[op].result) {
    case QL_RESULT_BOOL: return logical(NAME(predicate)(op, a, b));
    case QL_RESULT_PART:
      value.MEMBER = op == QL_OP_REAL ? a.re : op == QL_OP_IMAG ? a.im : NAME(modulus)(a);
      return value;
    default: {
      NUMBER result = two ? NAME(binary)(op, a, b) : NAME(unary)(op, a);
      value.PAIR[0] = result.re, value.PAIR[1] = result.im;
      return value;
    }
  }
}

#undef NUMBER
#undef REAL
#undef PAIR
#undef MEMBER
#undef PART
#undef LOOP
#undef NAME
#undef LIBM
