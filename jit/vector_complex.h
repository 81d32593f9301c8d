/* Functions of complex numbers in doubles: vector_math.h includes this for each width. A function
 * gives both parts and the lanes that it does not hold for, which the C library computes; of the
 * two that are exported for it, each keeps one part, and the compiler drops the steps of the other.
 */

/* A result and the lanes that the C library must compute. */
typedef struct L(Result) {
  V re, im;
  M rare;
} L(Result);
#define RESULT L(Result)

/* sinh(x) = x + x s (1 / 3! + s / 5! + ...), s = x x, |x| < 1 */
static inline V L(sinh_series)(V s) {
  V series = s * 8.2206352466243297e-18 + 2.8114572543455206e-15;
  series = series * s + 7.6471637318198164e-13;
  series = series * s + 1.6059043836821613e-10;
  series = series * s + 2.5052108385441720e-08;
  series = series * s + 2.7557319223985893e-06;
  series = series * s + 1.9841269841269841e-04;
  series = series * s + 8.3333333333333332e-03;
  return series * s + 1.6666666666666666e-01;
}

/* Both hyperbolic functions of |x| < 709: (e - 1/e) / 2, or the series where that cancels. */
static inline void L(hyperbolic)(V x, V *sinh, V *cosh) {
  V size = L(magnitude)(x), e = SLEEF(exp, u10)(size), inverse = 1 / e, s = x * x;
  *cosh = (e + inverse) * 0.5;
  *sinh = L(choose)(L(less)(size, L(all)(1)), x + x * s * L(sinh_series)(s),
                    L(with_sign)((e - inverse) * 0.5, x));
}

static inline M L(not_finite)(V x) {
  return L(opposite)(L(less)(L(magnitude)(x), L(all)(INFINITY)));
}
static inline M L(not_below)(V x, double limit) { return L(opposite)(L(less)(x, L(all)(limit))); }

/* ---- exponentials ---- */

static inline RESULT L(exp)(V x, V y) {
  V size = SLEEF(exp, u10)(x);
  return (RESULT){size * SLEEF(cos, u10)(y), size * SLEEF(sin, u10)(y),
                  L(either)(L(not_below)(x, 709), L(not_finite)(y))};
}

static inline RESULT L(exp2)(V x, V y) {
  const double ln_2 = 0.693147180559945309417232121458176568;
  return L(exp)(x * ln_2, y * ln_2);
}

/* (expm1(x) cos(y) - 2 sin(y / 2)^2, exp(x) sin(y)) */
static inline RESULT L(expm1)(V x, V y) {
  V half = SLEEF(sin, u10)(y * 0.5);
  return (RESULT){SLEEF(expm1, u10)(x) * SLEEF(cos, u10)(y) - 2 * half * half,
                  SLEEF(exp, u10)(x) * SLEEF(sin, u10)(y),
                  L(either)(L(not_below)(x, 709), L(not_finite)(y))};
}

/* ---- logarithms ---- */

/* log1p of what is left of a + b + the squares of x and y when a = -1, or 0: their sum is near 0 or
 * loses nothing. */
static inline V L(log_of_sum)(V a, V x, V y) {
  V p_rest, q_rest, squares_rest, rest, p = L(product)(x, x, &p_rest),
                                        q = L(product)(y, y, &q_rest);
  V squares = L(sum)(p, q, &squares_rest), total = L(sum)(a, squares, &rest);
  return EXPORT(log1p)(total + (rest + (squares_rest + (p_rest + q_rest)))) * 0.5;
}

/* log |z| = log(x x + y y) / 2, near |z| = 1 by log1p(x x + y y - 1). */
static inline RESULT L(log)(V x, V y) {
  V size = L(largest)(x, y), square = L(multiply_add)(x, x, y * y), result = x;
  M near = L(both)(L(less)(L(all)(0.5), square), L(less)(square, L(all)(2)));
  if (L(lanes)(L(opposite)(near))) result = SLEEF(log, u10)(square) * 0.5;
  if (L(lanes)(near)) result = L(choose)(near, L(log_of_sum)(L(all)(-1), x, y), result);
  return (RESULT){result, SLEEF(atan2, u10)(y, x), L(outside)(size, 0x1p-500, 0x1p500)};
}

static inline RESULT L(log_scaled)(V x, V y, double scale) {
  RESULT result = L(log)(x, y);
  return (RESULT){result.re * scale, result.im * scale, result.rare};
}
static inline RESULT L(log2)(V x, V y) {
  return L(log_scaled)(x, y, 1.442695040888963407359924681001892137);
}
static inline RESULT L(log10)(V x, V y) {
  return L(log_scaled)(x, y, 0.434294481903251827651128918916605082);
}

/* Of small z from 2 x + x x + y y, else the logarithm of 1 + z. */
static inline RESULT L(log1p)(V x, V y) {
  RESULT result = L(log)(x + 1, y);
  V size = L(largest)(x, y);
  M small = L(less)(size, L(all)(0.25));
  if (L(lanes)(small)) result.re = L(choose)(small, L(log_of_sum)(x + x, x, y), result.re);
  return result;
}

/* ---- roots ---- */

/* t = sqrt((|x| + |z|) / 2); (t, y / 2t), of x < 0 (|y| / 2t, t with the sign of y). */
static inline RESULT L(sqrt)(V x, V y) {
  V p = L(magnitude)(x), size = L(largest)(x, y), zero = L(all)(0);
  V t = L(root)((p + L(root)(L(multiply_add)(x, x, y * y))) * 0.5);
  V other = L(choose)(L(equal)(t, zero), y, y / (t + t));
  M left = L(less)(x, zero), none = L(equal)(size, zero);
  return (RESULT){L(choose)(left, L(magnitude)(other), t),
                  L(choose)(left, L(with_sign)(t, y), other),
                  L(both)(L(outside)(size, 0x1p-500, 0x1p500), L(opposite)(none))};
}

/* ---- trigonometric and hyperbolic functions ---- */

static inline RESULT L(sinh)(V x, V y) {
  V sinh, cosh;
  L(hyperbolic)(x, &sinh, &cosh);
  return (RESULT){sinh * SLEEF(cos, u10)(y), cosh * SLEEF(sin, u10)(y),
                  L(either)(L(not_below)(L(magnitude)(x), 709), L(not_finite)(y))};
}

static inline RESULT L(cosh)(V x, V y) {
  V sinh, cosh;
  L(hyperbolic)(x, &sinh, &cosh);
  return (RESULT){cosh * SLEEF(cos, u10)(y), sinh * SLEEF(sin, u10)(y),
                  L(either)(L(not_below)(L(magnitude)(x), 709), L(not_finite)(y))};
}

/* (sinh(x) cosh(x), sin(y) cos(y)) / (sinh(x)^2 + cos(y)^2) */
static inline RESULT L(tanh)(V x, V y) {
  V sinh, cosh, sin = SLEEF(sin, u10)(y), cos = SLEEF(cos, u10)(y);
  L(hyperbolic)(x, &sinh, &cosh);
  V den = L(multiply_add)(sinh, sinh, cos * cos);
  return (RESULT){sinh * cosh / den, sin * cos / den,
                  L(either)(L(not_below)(L(magnitude)(x), 350), L(not_finite)(y))};
}

/* Those of z are those of i z, turned: sin(x + i y) = -i sinh(-y + i x), ... */
static inline RESULT L(sin)(V x, V y) {
  RESULT turned = L(sinh)(y, x);
  return (RESULT){turned.im, turned.re, turned.rare};
}
static inline RESULT L(cos)(V x, V y) {
  RESULT turned = L(cosh)(y, x);
  return (RESULT){turned.re, -turned.im, turned.rare};
}
static inline RESULT L(tan)(V x, V y) {
  RESULT turned = L(tanh)(y, x);
  return (RESULT){turned.im, turned.re, turned.rare};
}

/* ---- their inverses ---- */

/* asin and acos of x + i y in the first quadrant, after Hull, Fairgrieve and Tang (1997): with
 *   r = |z + 1|, s = |z - 1|, a = (r + s) / 2, b = x / a
 * the real part is asin(b), the imaginary one acosh(a), where b is near 1 and a is near 1 from
 *   a - 1 = (y y / (r + (x + 1)) + (x < 1 ? y y / (s + (1 - x)) : s + (x - 1))) / 2. */
typedef struct L(Arc) {
  V sine, cosine, height; /* asin(b), acos(b), acosh(a) */
  M rare;
} L(Arc);

static inline L(Arc) L(arc)(V x, V y) {
  V one = L(all)(1), zero = L(all)(0), above = x + 1, below = x - 1, square = y * y;
  V r = L(root)(L(multiply_add)(above, above, square)),
    s = L(root)(L(multiply_add)(below, below, square)), a = (r + s) * 0.5, b = x / a;
  M inside = L(less)(x, one), low = L(less)(b, L(all)(0.6417));
  V far = square / (r + above), close = square / (s - below),
    a_1 = (far + L(choose)(inside, close, s + below)) * 0.5, a_x = a + x;
  V height = L(choose)(L(less)(a, L(all)(1.5)), EXPORT(log1p)(a_1 + L(root)(a_1 * (a + 1))),
                       SLEEF(log, u10)(a + L(root)(a * a - 1)));
  /* sqrt(a a - x x), the other leg beside x */
  V leg = L(choose)(L(either)(inside, L(equal)(x, one)), L(root)(a_x * 0.5 * (far + (s - below))),
                    y * L(root)((a_x / (r + above) + a_x / (s + below)) * 0.5));
  V tangent = SLEEF(atan, u10)(L(choose)(low, zero, leg / x));
  V slope = SLEEF(atan, u10)(L(choose)(low, zero, x / leg));
  M rare = L(opposite)(L(both)(L(less)(x, L(all)(0x1p250)), L(less)(y, L(all)(0x1p250))));
  M tiny = L(both)(L(less)(y, L(all)(0x1p-500)), L(opposite)(L(equal)(y, zero)));
  return (L(Arc)){L(choose)(low, SLEEF(asin, u10)(b), slope),
                  L(choose)(low, SLEEF(acos, u10)(b), tangent), height, L(either)(rare, tiny)};
}

static inline RESULT L(asin)(V x, V y) {
  L(Arc) arc = L(arc)(L(magnitude)(x), L(magnitude)(y));
  return (RESULT){L(with_sign)(arc.sine, x), L(with_sign)(arc.height, y), arc.rare};
}

static inline RESULT L(acos)(V x, V y) {
  const double pi = 3.141592653589793238462643383279502884;
  L(Arc) arc = L(arc)(L(magnitude)(x), L(magnitude)(y));
  return (RESULT){L(choose)(L(less)(x, L(all)(0)), pi - arc.cosine, arc.cosine),
                  L(with_sign)(arc.height, -y), arc.rare};
}

static inline RESULT L(asinh)(V x, V y) {
  RESULT turned = L(asin)(y, x);
  return (RESULT){turned.im, turned.re, turned.rare};
}

static inline RESULT L(acosh)(V x, V y) {
  RESULT turned = L(acos)(x, y);
  return (RESULT){L(magnitude)(turned.im), L(with_sign)(turned.re, y), turned.rare};
}

/* (log1p(4 x / ((1 - x)^2 + y^2)) / 4, atan2(2 y, (1 - x) (1 + x) - y^2) / 2) of |x| */
static inline RESULT L(atanh)(V x, V y) {
  V p = L(magnitude)(x), size = L(largest)(x, y), square = y * y;
  V den = L(multiply_add)(1 - p, 1 - p, square), re = EXPORT(log1p)(4 * p / den) * 0.25;
  V im = SLEEF(atan2, u10)(y + y, (1 - p) * (1 + p) - square) * 0.5;
  M rare = L(either)(L(not_below)(size, 0x1p250), L(less)(den, L(all)(0x1p-900)));
  return (RESULT){L(with_sign)(re, x), im, rare};
}

static inline RESULT L(atan)(V x, V y) {
  RESULT turned = L(atanh)(y, x);
  return (RESULT){turned.im, turned.re, turned.rare};
}

/* ---- power ---- */

static V L(general_power)(V ar, V ai, V br, V bi, int part) {
  RESULT log = L(log)(ar, ai);
  RESULT power = L(exp)(br * log.re - bi * log.im, br * log.im + bi * log.re);
  V result = part ? power.im : power.re;
  unsigned rare = L(lanes)(L(either)(power.rare, log.rare));
  return __builtin_expect(rare != 0, 0) ? L(mend_power)(rare, result, ar, ai, br, bi, part)
                                        : result;
}

/* ---- what is exported ---- */

#define EXPORT_PART(name, part)                                                                    \
  V EXPORT(name##_##part)(V x, V y) {                                                              \
    RESULT result = L(name)(x, y);                                                                 \
    unsigned rare = L(lanes)(result.rare);                                                         \
    return __builtin_expect(rare != 0, 0) ? L(mend)(rare, result.part, x, y, name##_##part##_lane) \
                                          : result.part;                                           \
  }
#define IR_COMPLEX1(OP, name) EXPORT_PART(name, re) EXPORT_PART(name, im)
#include "math.def"
#undef EXPORT_PART
#undef RESULT
