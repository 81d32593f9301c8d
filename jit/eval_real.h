/* The arithmetic of one precision: eval_real.c includes this for float and for double, with REAL,
 * MEMBER (of QlValue), DTYPE, NAME (a suffix for functions here), LIBM and LITERAL (C's suffixes).
 * Every line rounds as written: no contraction. */

static QlValue NAME(real)(REAL value) {
  QlValue result = {.bits = {0, 0}};
  result.MEMBER = value;
  return result;
}

static REAL NAME(math1)(QlOp op, REAL x) {
  const IrMath *math = ir_math(op, DTYPE);
  assert(math);
  return ((REAL(*)(REAL))math->address)(x);
}

static REAL NAME(math2)(QlOp op, REAL x, REAL y) {
  const IrMath *math = ir_math(op, DTYPE);
  assert(math);
  return ((REAL(*)(REAL, REAL))math->address)(x, y);
}

/* Python's remainder, with the sign of the divisor, as NumPy computes it:
 *   m = fmod(a, b);  b = 0: m.  m = 0: copysign(0, b).  m and b of different signs: m + b.  Else m.
 */
static REAL NAME(remainder)(REAL a, REAL b) {
  REAL rest = LIBM(fmod)(a, b);
  if (b == 0) return rest;
  if (rest == 0) return LIBM(copysign)(0, b);
  return (b < 0) != (rest < 0) ? rest + b : rest;
}

/* NumPy's (and Python's) floor division; `unordered` counts as true for "not 0":
 *   b = 0: a / b.  Otherwise
 *   m = fmod(a, b);  q = (a - m) / b;  m not 0 and of another sign than b: q = q - 1.
 *   q = 0: copysign(0, a / b).  Otherwise f = floor(q), and f + 1 when q - f > 0.5. */
static REAL NAME(floor_divide)(REAL a, REAL b) {
  if (b == 0) return a / b;
  REAL rest = LIBM(fmod)(a, b), quotient = (a - rest) / b;
  if (rest != 0 && (b < 0) != (rest < 0)) quotient -= 1;
  if (quotient == 0) return LIBM(copysign)(0, a / b);
  REAL whole = LIBM(floor)(quotient);
  return quotient - whole > LITERAL(0.5) ? whole + 1 : whole;
}

/* log(exp(x) + exp(y)):  x = y: x + ln 2.  d = x - y;  d > 0: x + log1p(exp(-d));  d <= 0: y +
 * log1p(exp(d));  else d (NaN). */
static REAL NAME(logaddexp)(REAL x, REAL y) {
  if (x == y) return x + LITERAL(0.693147180559945309417232121458176568);
  REAL difference = x - y;
  if (difference > 0) return x + NAME(math1)(QL_OP_LOG1P, NAME(math1)(QL_OP_EXP, -difference));
  if (difference <= 0) return y + NAME(math1)(QL_OP_LOG1P, NAME(math1)(QL_OP_EXP, difference));
  return difference;
}

/* log2(2^x + 2^y): the same with x + 1, exp2, and log2(1 + t) = log2(e) * log1p(t). */
static REAL NAME(logaddexp2)(REAL x, REAL y) {
  const REAL log2_e = LITERAL(1.442695040888963407359924681001892137);
  if (x == y) return x + 1;
  REAL difference = x - y;
  if (difference > 0)
    return x + log2_e * NAME(math1)(QL_OP_LOG1P, NAME(math1)(QL_OP_EXP2, -difference));
  if (difference <= 0)
    return y + log2_e * NAME(math1)(QL_OP_LOG1P, NAME(math1)(QL_OP_EXP2, difference));
  return difference;
}

/* To the next number away from zero; of a zero it is positive. */
static REAL NAME(spacing)(REAL x) {
  if (!isfinite(x)) return x - x;
  return x == 0 ? LIBM(nextafter)(0, 1) : LIBM(nextafter)(x, x < 0 ? -INFINITY : INFINITY) - x;
}

/* x = mantissa * 2^exponent, 0.5 <= |mantissa| < 1; 0, infinities and NaN are themselves, with 0.
 */
static REAL NAME(split)(REAL x, int *exponent) {
  *exponent = 0;
  return x == 0 || !isfinite(x) ? x : LIBM(frexp)(x, exponent);
}

/* x * 2^exponent, rounded once; the exponent is truncated, and 0 in the place of NaN. */
static REAL NAME(scale)(REAL x, REAL exponent) {
  const REAL most = 10000; /* beyond any that matters */
  if (isnan(exponent)) exponent = 0;
  return LIBM(ldexp)(x, (int)(exponent > most ? most : exponent < -most ? -most : exponent));
}

static REAL NAME(unary)(QlOp op, REAL x) {
  const REAL pi = LITERAL(3.141592653589793238462643383279502884);
  int unused;
  switch (op) {
    case QL_OP_SPACING: return NAME(spacing)(x);
    case QL_OP_MANTISSA: return NAME(split)(x, &unused);
    case QL_OP_POSITIVE:
    case QL_OP_CONJUGATE:
    case QL_OP_REAL: return x;
    case QL_OP_IMAG: return 0;
    case QL_OP_NEGATIVE: return -x;
    case QL_OP_ABSOLUTE:
    case QL_OP_FABS: return LIBM(fabs)(x);
    case QL_OP_SIGN: return x > 0 ? 1 : x < 0 ? -1 : x == 0 ? 0 : x;
    case QL_OP_SQUARE: return x * x;
    case QL_OP_RECIPROCAL: return 1 / x;
    case QL_OP_SQRT: return LIBM(sqrt)(x);
    case QL_OP_FLOOR: return LIBM(floor)(x);
    case QL_OP_CEIL: return LIBM(ceil)(x);
    case QL_OP_TRUNC: return LIBM(trunc)(x);
    case QL_OP_RINT: return LIBM(rint)(x); /* half to even: the environment is the default one */
    case QL_OP_DEG2RAD: return x * (pi / LITERAL(180.0));
    case QL_OP_RAD2DEG: return x * (LITERAL(180.0) / pi);
    default: return NAME(math1)(op, x);
  }
}

/* For equal arguments minimum, maximum, fmin and fmax give the second (zeros of both signs), like
 * the machine's instructions. minimum and maximum give the first NaN, fmin and fmax ignore a NaN of
 * one argument. */
static REAL NAME(binary)(QlOp op, REAL x, REAL y) {
  switch (op) {
    case QL_OP_ADD: return x + y;
    case QL_OP_SUBTRACT: return x - y;
    case QL_OP_MULTIPLY: return x * y;
    case QL_OP_DIVIDE: return x / y;
    case QL_OP_FLOOR_DIVIDE: return NAME(floor_divide)(x, y);
    case QL_OP_REMAINDER: return NAME(remainder)(x, y);
    case QL_OP_FMOD: return LIBM(fmod)(x, y);
    case QL_OP_POWER:
    case QL_OP_FLOAT_POWER: return y == 1 ? x : NAME(math2)(QL_OP_POWER, x, y);
    case QL_OP_LOGADDEXP: return NAME(logaddexp)(x, y);
    case QL_OP_LOGADDEXP2: return NAME(logaddexp2)(x, y);
    case QL_OP_COPYSIGN: return LIBM(copysign)(x, y);
    case QL_OP_LDEXP: return NAME(scale)(x, y);
    case QL_OP_NEXTAFTER: return LIBM(nextafter)(x, y);
    case QL_OP_HEAVISIDE: return isnan(x) ? x : x == 0 ? y : x < 0 ? 0 : 1;
    case QL_OP_MINIMUM: return x < y || isnan(x) ? x : y;
    case QL_OP_MAXIMUM: return x > y || isnan(x) ? x : y;
    case QL_OP_FMIN: return x < y || isnan(y) ? x : y;
    case QL_OP_FMAX: return x > y || isnan(y) ? x : y;
    default: return NAME(math2)(op, x, y);
  }
}

static bool NAME(predicate)(QlOp op, REAL x, REAL y) {
  switch (op) {
    case QL_OP_ISNAN: return isnan(x);
    case QL_OP_ISINF: return isinf(x);
    case QL_OP_ISFINITE: return isfinite(x);
    case QL_OP_SIGNBIT: return signbit(x);
    case QL_OP_LOGICAL_NOT: return x == 0;
    case QL_OP_EQUAL: return x == y;
    case QL_OP_NOT_EQUAL: return x != y;
    case QL_OP_LESS: return x < y;
    case QL_OP_LESS_EQUAL: return x <= y;
    case QL_OP_GREATER: return x > y;
    case QL_OP_GREATER_EQUAL: return x >= y;
    case QL_OP_LOGICAL_AND: return x != 0 && y != 0;
    case QL_OP_LOGICAL_OR: return x != 0 || y != 0;
    default: assert(op == QL_OP_LOGICAL_XOR); return (x != 0) != (y != 0);
  }
}

static QlValue NAME(eval)(QlOp op, const QlValue *args) {
  bool two = ql_op_info[op].arity > 1;
  REAL x = args[0].MEMBER, y = two ? args[1].MEMBER : x;
  if (op == QL_OP_BITS) return ir_canonical(WORD, args[0]);
  if (op == QL_OP_EXPONENT) {
    int exponent;
    NAME(split)(x, &exponent);
    return (QlValue){.i = exponent};
  }
  if (ql_op_info[op].result == QL_RESULT_BOOL) return logical(NAME(predicate)(op, x, y));
  return NAME(real)(two ? NAME(binary)(op, x, y) : NAME(unary)(op, x));
}

#undef REAL
#undef MEMBER
#undef DTYPE
#undef WORD
#undef NAME
#undef LIBM
#undef LITERAL
