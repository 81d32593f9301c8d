/* Functions of one real number, of both precisions: SLEEF's where these end before their results
 * do. vector_width.h includes this for each width and precision. */

#define SLEEF1(name, ulp) extern V SLEEF(name, ulp)(V) __attribute__((const));
#define SLEEF2(name, ulp) extern V SLEEF(name, ulp)(V, V) __attribute__((const));
SLEEF1(exp, u10)
SLEEF1(expm1, u10)
SLEEF1(log, u10)
SLEEF1(log1p, u10)
SLEEF1(sin, u10)
SLEEF1(cos, u10)
SLEEF1(tan, u10)
SLEEF1(asin, u10)
SLEEF1(acos, u10)
SLEEF1(atan, u10)
SLEEF1(sinh, u10)
SLEEF1(cosh, u10)
SLEEF1(asinh, u10)
SLEEF1(acosh, u10)
SLEEF2(atan2, u10)
SLEEF2(pow, u10)
#undef SLEEF1
#undef SLEEF2

#define OF_PRECISION(in_double, in_float) ((REAL)(sizeof(REAL) == 8 ? (in_double) : (in_float)))
#define LN_2 ((REAL)0.693147180559945309417232121458176568)
#define SMALLEST OF_PRECISION(0x1p-1022, 0x1p-126) /* less is its own sine, tangent, ... */
#define LARGE OF_PRECISION(0x1p500, 0x1p60)        /* squares of larger numbers may overflow */
#define EDGE OF_PRECISION(709, 88)                 /* the exponentials of larger numbers may */

static inline V L(unless_tiny)(V x, V result) {
  return L(choose)(L(less)(L(magnitude)(x), L(all)(SMALLEST)), x, result);
}

V EXPORT(tan)(V x) { return L(unless_tiny)(x, SLEEF(tan, u10)(x)); }

V EXPORT(log1p)(V x) {
  V result = SLEEF(log1p, u10)(x);
  M large = L(less)(L(all)(LARGE), x);
  if (L(lanes)(large)) result = L(choose)(large, SLEEF(log, u10)(x), result);
  return L(unless_tiny)(x, result);
}

V EXPORT(asinh)(V x) {
  V size = L(magnitude)(x), result = SLEEF(asinh, u10)(x);
  M large = L(less)(L(all)(LARGE), size);
  if (L(lanes)(large))
    result = L(choose)(large, L(with_sign)(SLEEF(log, u10)(size) + LN_2, x), result);
  return L(unless_tiny)(x, result);
}

V EXPORT(acosh)(V x) {
  V result = SLEEF(acosh, u10)(x);
  M large = L(less)(L(all)(LARGE), x);
  return L(lanes)(large) ? L(choose)(large, SLEEF(log, u10)(x) + LN_2, result) : result;
}

/* exp(x) / 2 of x > EDGE: high + low is n ln 2, x - high exact up to 2 EDGE, scale 2^(n - 1). */
static inline V L(half_of_large)(V x) {
  const REAL high = OF_PRECISION(0x1.62e42fefa39efp9, 0x1.62e43p6),
             low = OF_PRECISION(0x1.abc9e3b39803fp-46, -0x1.05c61p-22),
             scale = OF_PRECISION(0x1p1023, 0x1p127);
  return SLEEF(exp, u10)((x - high) - low) * scale;
}

static inline V L(exp_of_sleef)(V x) {
  V result = SLEEF(exp, u10)(x);
  M over = L(less)(L(all)(EDGE), x);
  if (sizeof(REAL) == 4 || !L(lanes)(over)) return result;
  return L(choose)(over, L(half_of_large)(x) * 2, result);
}

/* The hyperbolic sine (odd) or cosine of x, from `result`, which holds below EDGE. */
static inline V L(hyperbolic_of)(V x, V result, bool odd) {
  V size = L(magnitude)(x);
  M over = L(less)(L(all)(EDGE), size);
  if (!L(lanes)(over)) return result;
  V half = L(half_of_large)(size);
  return L(choose)(over, odd ? L(with_sign)(half, x) : half, result);
}

#if !FUSED
V EXPORT(exp)(V x) { return L(exp_of_sleef)(x); }
V EXPORT(sinh)(V x) { return L(hyperbolic_of)(x, SLEEF(sinh, u10)(x), true); }
V EXPORT(cosh)(V x) { return L(hyperbolic_of)(x, SLEEF(cosh, u10)(x), false); }
V EXPORT(pow)(V x, V y) { return SLEEF(pow, u10)(x, y); }
#endif

#undef LN_2
#undef SMALLEST
#undef LARGE
#undef EDGE
