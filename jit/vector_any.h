/* What both precisions compute by the same steps: hypot, fmod, the sign and the whole powers of
 * complex numbers. vector_math.h includes this for each width and precision. */

/* Lanes that the steps above a call do not hold for, one by one. */
static V __attribute__((noinline)) L(mend)(unsigned lanes, V value, V x, V y,
                                           REAL (*function)(REAL, REAL)) {
  REAL a[LANES], b[LANES], result[LANES];
  memcpy(a, &x, sizeof x), memcpy(b, &y, sizeof y), memcpy(result, &value, sizeof value);
  for (; lanes; lanes &= lanes - 1) {
    int lane = __builtin_ctz(lanes);
    result[lane] = function(a[lane], b[lane]);
  }
  memcpy(&value, result, sizeof value);
  return value;
}

/* Where squares leave the range: scaled by a power of 2, of which back is the inverse. Infinite if
 * a part is, also beside NaN. */
static V __attribute__((noinline)) L(scaled_length)(V a, V b, REAL large, REAL small) {
  const bool wide = sizeof(REAL) == 8;
  V one = L(all)(1), down = L(all)((REAL)(wide ? 0x1p-600 : 0x1p-80)),
    up = L(all)((REAL)(wide ? 0x1p600 : 0x1p100)), infinity = L(all)(INFINITY);
  M is_large = L(less)(L(all)(large), a), is_small = L(less)(a, L(all)(small));
  V scale = L(choose)(is_large, down, L(choose)(is_small, up, one)), s = a * scale, t = b * scale;
  V back = L(choose)(is_large, one / down, L(choose)(is_small, one / up, one));
  V result = L(root)(L(multiply_add)(s, s, t * t)) * back;
  return L(choose)(L(either)(L(equal)(a, infinity), L(equal)(b, infinity)), infinity, result);
}

/* sqrt(x x + y y). A NaN is in one of a and b. */
static inline V L(length)(V x, V y) {
  const bool wide = sizeof(REAL) == 8;
  const REAL large = (REAL)(wide ? 0x1p511 : 0x1p63), small = (REAL)(wide ? 0x1p-459 : 0x1p-50);
  V p = L(magnitude)(x), q = L(magnitude)(y), a = L(max)(p, q), b = L(min)(q, p);
  if (__builtin_expect(L(lanes)(L(outside)(a, small, large)) != 0, 0))
    return L(scaled_length)(a, b, large, small);
  return L(root)(L(multiply_add)(a, a, b * b));
}

V EXPORT(hypot)(V x, V y) { return L(length)(x, y); }

/* The rest of x / y with the sign of x. The quotient of less than 2^(digits - 1) is whole within
 * one below: rounding can reach the next whole number, nothing more, and then the rest has the
 * other sign. Both rests are numbers of the precision, so that fused steps are exact. */
static REAL L(fmod_lane)(REAL x, REAL y) { return LIBM(fmod)(x, y); }

V EXPORT(fmod)(V x, V y) {
#if FUSED
  const REAL most = (REAL)(sizeof(REAL) == 8 ? 0x1p52 : 0x1p23);
  V quotient = x / y, size = L(magnitude)(y), rest = L(fused)(-L(whole)(quotient), y, x);
  V sign = L(with_sign)(L(all)(1), x);
  rest = L(choose)(L(less)(rest * sign, L(all)(0)), rest + L(with_sign)(size, x), rest);
  rest = L(choose)(L(less)(L(magnitude)(x), size), x, L(with_sign)(rest, x));
  unsigned rare = L(lanes)(L(opposite)(L(less)(L(magnitude)(quotient), L(all)(most))));
  return __builtin_expect(rare != 0, 0) ? L(mend)(rare, rest, x, y, L(fmod_lane)) : rest;
#else
  return L(mend)((1u << LANES) - 1, x, x, y, L(fmod_lane));
#endif
}

/* ---- real powers ---- */

#if FUSED
/* The C library's rules: of x < 0 only whole powers; those that are odd keep the sign of x. */
static inline V L(signed_power)(V size, V x, V y) {
  V zero = L(all)(0), half = y * (REAL)0.5;
  M negative = L(less)(x, zero), whole = L(equal)(L(whole)(y), y),
    odd = L(both)(whole, L(opposite)(L(equal)(L(whole)(half), half)));
  size = L(choose)(L(equal)(x, zero), L(choose)(L(less)(y, zero), L(all)(INFINITY), zero), size);
  size = L(choose)(L(both)(negative, L(opposite)(whole)), L(all)((REAL)NAN), size);
  size = L(choose)(L(equal)(y, zero), L(all)(1), size);
  return L(choose)(odd, L(with_sign)(size, x), size);
}
#endif

/* ---- complex numbers ---- */

typedef struct L(Pair) {
  V re, im;
} L(Pair);
#define PAIR L(Pair)

static inline PAIR L(select)(M m, PAIR a, PAIR b) {
  return (PAIR){L(choose)(m, a.re, b.re), L(choose)(m, a.im, b.im)};
}

static inline PAIR L(multiply)(PAIR a, PAIR b) {
  return (PAIR){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

/* 1 / b by Smith's algorithm: the steps are eval_complex.h's. */
static inline PAIR L(inverse)(PAIR b) {
  V re = L(magnitude)(b.re), im = L(magnitude)(b.im), zero = L(all)(0), one = L(all)(1);
  M by_real = L(either)(L(less)(im, re), L(equal)(im, re)),
    none = L(both)(by_real, L(equal)(re, zero));
  V den = L(choose)(by_real, b.re, b.im), num = L(choose)(by_real, b.im, b.re);
  V ratio = num / den, inverse = one / (den + num * ratio);
  PAIR result = {L(choose)(by_real, one + zero * ratio, ratio + zero) * inverse,
                 L(choose)(by_real, zero - ratio, zero * ratio - one) * inverse};
  return L(select)(none, (PAIR){one / re, zero / re}, result);
}

/* z / |z| (eval_complex.h has the rules). */
static inline PAIR L(unit)(PAIR a) {
  V length = L(length)(a.re, a.im), zero = L(all)(0), one = L(all)(1), infinity = L(all)(INFINITY);
  V re = L(magnitude)(a.re), im = L(magnitude)(a.im);
  M re_infinite = L(equal)(re, infinity), im_infinite = L(equal)(im, infinity);
  PAIR result =
      L(select)(L(equal)(length, zero), (PAIR){zero, zero}, (PAIR){a.re / length, a.im / length});
  if (!L(lanes)(L(opposite)(L(less)(length, infinity)))) return result;
  result = L(select)(L(equal)(length, infinity), (PAIR){zero, L(with_sign)(one, a.im)}, result);
  result = L(select)(re_infinite, (PAIR){L(with_sign)(one, a.re), zero}, result);
  V nan = L(all)((REAL)NAN);
  M undefined = L(either)(L(both)(re_infinite, im_infinite),
                          L(opposite)(L(both)(L(equal)(re, re), L(equal)(im, im))));
  return L(select)(undefined, (PAIR){nan, nan}, result);
}

/* Exponents that power computes by multiplications: real, whole, below 100. */
static inline M L(is_whole)(PAIR b) {
  M real = L(both)(L(equal)(b.im, L(all)(0)), L(equal)(L(whole)(b.re), b.re));
  return L(both)(real, L(less)(L(magnitude)(b.re), L(all)(100)));
}

/* a to such an exponent, as NumPy multiplies: eval_complex.h has the steps. */
static PAIR L(whole_power)(PAIR a, V n) {
  V left = L(magnitude)(n), zero = L(all)(0), one = L(all)(1);
  M first = L(equal)(n, one), second = L(equal)(n, L(all)(2)), third = L(equal)(n, L(all)(3));
  M other = L(opposite)(L(either)(first, L(either)(second, third)));
  PAIR square = L(multiply)(a, a), result = {one, zero};
  if (L(lanes)(other)) {
    for (PAIR factor = a;; factor = L(multiply)(factor, factor)) {
      V half = L(whole)(left * L(all)((REAL)0.5));
      M odd = L(less)(half + half, left);
      result = L(select)(odd, L(multiply)(result, factor), result);
      left = half;
      if (!L(lanes)(L(less)(zero, left))) break;
    }
    M negative = L(less)(n, zero);
    if (L(lanes)(negative)) result = L(select)(negative, L(inverse)(result), result);
  }
  result = L(select)(first, a, L(select)(second, square, result));
  return L(select)(third, L(multiply)(a, square), result);
}

static V __attribute__((noinline)) L(mend_power)(unsigned lanes, V value, V ar, V ai, V br, V bi,
                                                 int part) {
  REAL a[2][LANES], b[2][LANES], result[LANES];
  memcpy(a[0], &ar, sizeof ar), memcpy(a[1], &ai, sizeof ai), memcpy(b[0], &br, sizeof br),
      memcpy(b[1], &bi, sizeof bi), memcpy(result, &value, sizeof value);
  for (; lanes; lanes &= lanes - 1) {
    int k = __builtin_ctz(lanes);
    REAL _Complex power = LIBM(cpow)((REAL _Complex)complex_of(a[0][k], a[1][k]),
                                     (REAL _Complex)complex_of(b[0][k], b[1][k]));
    result[k] = part ? LIBM(cimag)(power) : LIBM(creal)(power);
  }
  memcpy(&value, result, sizeof value);
  return value;
}

/* exp(b log a), a part of it. */
static V L(general_power)(V ar, V ai, V br, V bi, int part);

/* a^0 is 1; 0^b is 0 for b.re > 0, otherwise NaN. */
static V L(power)(V ar, V ai, V br, V bi, int part) {
  PAIR a = {ar, ai}, b = {br, bi}, power;
  V zero = L(all)(0), one = L(all)(1), result = zero;
  M whole = L(is_whole)(b), no_a = L(both)(L(equal)(ar, zero), L(equal)(ai, zero)),
    known = L(either)(whole, no_a);
  if (L(lanes)(L(opposite)(known)))
    result = L(general_power)(L(choose)(known, one, ar), L(choose)(known, zero, ai),
                              L(choose)(known, one, br), L(choose)(known, zero, bi), part);
  if (L(lanes)(whole)) {
    power = L(whole_power)(a, L(choose)(whole, br, one));
    result = L(choose)(whole, part ? power.im : power.re, result);
  }
  if (!L(lanes)(L(either)(no_a, L(equal)(br, zero)))) return result;
  V of_zero = L(choose)(L(less)(zero, br), zero, L(all)((REAL)NAN));
  M no_b = L(both)(L(equal)(br, zero), L(equal)(bi, zero));
  return L(choose)(no_b, part ? zero : one, L(choose)(no_a, of_zero, result));
}

V EXPORT(sign_re)(V x, V y) { return L(unit)((PAIR){x, y}).re; }
V EXPORT(sign_im)(V x, V y) { return L(unit)((PAIR){x, y}).im; }

V EXPORT(power_re)(V ar, V ai, V br, V bi) { return L(power)(ar, ai, br, bi, 0); }
V EXPORT(power_im)(V ar, V ai, V br, V bi) { return L(power)(ar, ai, br, bi, 1); }
