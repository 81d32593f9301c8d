/* Real powers in doubles, x^y = exp(y log x), and exponentials, where the processor fuses:
 * vector_width.h includes this for each width, behind vector_complex.h. SLEEF's have no tables, and
 * take twice the time.
 *
 *   x = 2^k z, 0.707 <= z < 1.4143, in the interval i of 32: log x = k ln 2 + logarithms[i] +
 *     log1p(r), r = z inverses[i] - 1, |r| < 2^-6, to some 66 bits: a head and a rest
 *   exp(a) = 2^(n / 16) exp(s), |s| < 2^-5.5 */

static inline V L(from_word)(uint64_t word) {
  REAL a;
  memcpy(&a, &word, sizeof a);
  return L(all)(a);
}
static inline L(Bits) L(words)(uint64_t word) { return L(to_bits)(L(from_word)(word)); }

/* table[at mod 16], or 32 */
static inline V L(of_16)(const double *table, L(Bits) at) {
#if BITS == 512
  return _mm512_permutex2var_pd(_mm512_loadu_pd(table), (__m512i)at, _mm512_loadu_pd(table + 8));
#elif BITS == 0
  return table[at & 15];
#else
  V value;
  for (int lane = 0; lane < LANES; lane++) value[lane] = table[at[lane] & 15];
  return value;
#endif
}

static inline V L(of_32)(const double *table, L(Bits) at) {
#if BITS == 512
  __mmask8 high = _mm512_test_epi64_mask((__m512i)at, (__m512i)L(words)(16));
  return _mm512_mask_blend_pd(high, L(of_16)(table, at), L(of_16)(table + 16, at));
#elif BITS == 0
  return table[at & 31];
#else
  V value;
  for (int lane = 0; lane < LANES; lane++) value[lane] = table[at[lane] & 31];
  return value;
#endif
}

/* z and k of a positive normal x, and its interval above the lowest 47 bits of *from. */
static inline V L(reduced)(V x, V *k, L(Bits) * from) {
  const uint64_t first = 0x3fe6a00000000000, bias = UINT64_C(1024) << 52; /* first: 0.70703125 */
  *from = L(to_bits)(x) + L(words)(bias - first);
  *k = L(from_bits)((*from >> 52) | L(words)(0x4330000000000000)) - (0x1p52 + 1024);
  return L(from_bits)((*from & L(words)(0x000fffffffffffff)) + L(words)(first));
}

/* log x, and its rest. What z inverses[i] loses when it is rounded is *lost* behind its point: that
 * over 1 + r is added; so is what the terms up to r^2 lose. */
static inline V L(logarithm)(V x, V *rest) {
  L(Bits) from;
  V k, lost, z = L(reduced)(x, &k, &from), inverse = L(of_32)(inverses, from >> 47);
  V r = L(product)(z, inverse, &lost) - 1;
  V whole = L(fused)(k, L(all)(0x1.62e42fefa3800p-1), L(of_32)(logarithms, from >> 47));
  lost = L(fused)(-lost, L(fused)(-r, r, r), lost);
  lost = L(fused)(k, L(all)(0x1.ef35793c76730p-45), lost);
  V half = r * -0.5, square = r * half, first = whole + r, head = first + square;
  V r2 = r * r, r4 = r2 * r2, cube = r2 * r;
  V a = L(fused)(r, L(all)(-1. / 4), L(all)(1. / 3)),
    b = L(fused)(r, L(all)(-1. / 6), L(all)(1. / 5)),
    c = L(fused)(r, L(all)(-1. / 8), L(all)(1. / 7)),
    d = L(fused)(r, L(all)(-1. / 10), L(all)(1. / 9));
  V series = L(fused)(r4, L(fused)(r2, L(fused)(r2, L(all)(1. / 11), d), c), L(fused)(r2, b, a));
  lost += (whole - first) + r;
  lost += L(fused)(half, r, -square);
  lost += (first - head) + square;
  lost = L(fused)(cube, series, lost);
  V result = head + lost;
  *rest = (head - result) + lost;
  return result;
}

/* exp(a + rest) / 2^(n / 16) - 1 for |a| < 800, and n in the lowest bits of *n. */
static inline V L(exponential)(V a, V rest, L(Bits) * n) {
  V shifted = L(fused)(a, L(all)(0x1.71547652b82fep+4), L(all)(0x1.8p52)),
    whole = shifted - 0x1.8p52;
  V s = L(fused)(whole, L(all)(-0x1.62e42fefa3800p-5), a) +
        L(fused)(whole, L(all)(-0x1.ef35793c76730p-49), rest);
  V s2 = s * s, b = L(fused)(s, L(all)(1. / 6), L(all)(1. / 2)),
    c = L(fused)(s, L(all)(1. / 120), L(all)(1. / 24)),
    d = L(fused)(s, L(all)(1. / 5040), L(all)(1. / 720));
  V series = L(fused)(s2, L(fused)(s2, L(fused)(s2, L(all)(1. / 40320), d), c), b);
  *n = L(to_bits)(shifted);
  return L(fused)(s2, series, L(of_16)(power_rests, *n)) + s;
}

extern REAL SLEEF_NAME(FAMILY, pow, d1, u10, purecfma)(REAL, REAL);

/* exp(a + rest): infinite and 0 beyond the range, rounded once more below the normal numbers. */
static V __attribute__((noinline)) L(any_exponential)(V a, V rest) {
  V zero = L(all)(0), limit = L(all)(790);
  M far = L(less)(limit, L(magnitude)(a));
  L(Bits) n;
  a = L(choose)(far, L(with_sign)(limit, a), a);
  V more = L(exponential)(a, L(choose)(far, zero, rest), &n);
  V power = L(from_bits)(L(to_bits)(L(of_16)(powers, n)) + ((n & 15) << 48));
  /* by 2^floor(n / 16), in two steps: k is that and 2048 */
  L(Bits) k = ((n - 0x4338000000000000 + 2048 * 16) >> 4) & 4095, half = k >> 1;
  V result = L(fused)(power, more, power) * L(from_bits)((half - 1) << 52) *
             L(from_bits)((k - half - 1) << 52);
  return L(choose)(L(equal)(a, a), result, a);
}

/* Lanes of subnormal, infinite or no numbers are SLEEF's. */
static V __attribute__((noinline)) L(any_power)(V x, V y) {
  V size = L(magnitude)(x), rest;
  M none = L(equal)(x, L(all)(0));
  V log = L(logarithm)(L(choose)(none, L(all)(1), size), &rest), product = y * log;
  rest = L(fused)(y, rest, L(fused)(y, log, -product));
  V result = L(signed_power)(L(any_exponential)(product, rest), x, y);
  M plain = L(both)(L(opposite)(L(less)(size, L(all)(0x1p-1022))), L(less)(size, L(all)(INFINITY)));
  M usual = L(both)(L(either)(plain, none), L(less)(L(magnitude)(y), L(all)(0x1p900)));
  unsigned rare = L(lanes)(L(opposite)(usual));
  return rare ? L(mend)(rare, result, x, y, SLEEF_NAME(FAMILY, pow, d1, u10, purecfma)) : result;
}

V EXPORT(pow)(V x, V y) {
  V rest, log = L(logarithm)(x, &rest), product = y * log;
  rest = L(fused)(y, rest, L(fused)(y, log, -product));
  M usual = L(both)(L(less)(L(all)(0x1p-1022), x), L(less)(x, L(all)(INFINITY)));
  usual = L(both)(usual, L(less)(L(magnitude)(product), L(all)(700)));
  if (__builtin_expect(L(lanes)(L(opposite)(usual)) != 0, 0)) return L(any_power)(x, y);
  L(Bits) n;
  V more = L(exponential)(product, rest, &n);
  V power = L(from_bits)(L(to_bits)(L(of_16)(powers, n)) + (n << 48));
  return L(fused)(power, more, power);
}

/* ---- exponentials ---- */

/* exp(a) of |a| < 709, and what it loses. */
static inline V L(exact_exponential)(V a, V *rest) {
  L(Bits) n;
  V more = L(exponential)(a, L(all)(0), &n);
  V power = L(from_bits)(L(to_bits)(L(of_16)(powers, n)) + (n << 48)),
    result = L(fused)(power, more, power);
  *rest = L(fused)(power, more, power - result);
  return result;
}

V EXPORT(exp)(V x) {
  V rest, result = L(exact_exponential)(x, &rest);
  M usual = L(less)(L(magnitude)(x), L(all)(708));
  return __builtin_expect(L(lanes)(L(opposite)(usual)) != 0, 0) ? L(any_exponential)(x, L(all)(0))
                                                                : result;
}

/* (e - 1 / e) / 2, or x + x^3 / 3! + ..., where that cancels; (e + 1 / e) / 2. */
V EXPORT(sinh)(V x) {
  V rest, e = L(exact_exponential)(L(magnitude)(x), &rest), inverse = 1 / e, s = x * x;
  V difference = e - inverse, result = (difference + (((e - difference) - inverse) + rest)) * 0.5;
  result = L(choose)(L(less)(L(magnitude)(x), L(all)(1)), L(fused)(x * s, L(sinh_series)(s), x),
                     L(with_sign)(result, x));
  return L(hyperbolic_of)(x, result, true);
}

V EXPORT(cosh)(V x) {
  V rest, e = L(exact_exponential)(L(magnitude)(x), &rest), inverse = 1 / e;
  V sum = e + inverse, result = (sum + (((e - sum) + inverse) + rest)) * 0.5;
  return L(hyperbolic_of)(x, result, false);
}

/* ---- of floats, which doubles hold, x >= 0: to 37 bits, rounded once ---- */

static inline V L(short_product)(V x, V y) { /* y log x */
  L(Bits) from;
  V k, z = L(reduced)(x, &k, &from);
  V r = L(fused)(z, L(of_16)(short_inverses, from >> 48), L(all)(-1)), r2 = r * r;
  V whole = L(fused)(k, L(all)(0x1.62e42fefa39efp-1), L(of_16)(short_logarithms, from >> 48));
  /* (log1p(r) - r) / r^2: the term r^5 / 7 is spread over r^3 and r */
  V a = L(fused)(r, L(all)(0.33333322791982933), L(all)(-1. / 2)),
    b = L(fused)(r, L(all)(0.20027440000000002), L(all)(-1. / 4));
  return y * (L(fused)(r2, L(fused)(r2, L(fused)(r2, L(all)(-1. / 6), b), a), r) + whole);
}

static inline V L(short_exponential)(V a) { /* |a| < 700 */
  V shifted = L(fused)(a, L(all)(0x1.71547652b82fep+4), L(all)(0x1.8p52));
  V s = L(fused)(shifted - 0x1.8p52, L(all)(-0x1.62e42fefa39efp-5), a), s2 = s * s;
  /* exp(s) - 1: the term s^4 / 24 is in that of s^2 */
  V more = L(fused)(s2, L(fused)(s, L(all)(1. / 6), L(all)(0.5000195662041667)), s);
  L(Bits) n = L(to_bits)(shifted);
  V power = L(from_bits)(L(to_bits)(L(of_16)(powers, n)) + (n << 48));
  return L(fused)(power, more, power);
}

static inline V L(short_power)(V x, V y, unsigned *far) {
  V product = L(short_product)(x, y);
  *far |= L(lanes)(L(opposite)(L(less)(L(magnitude)(product), L(all)(200))));
  return L(short_exponential)(product);
}

static inline V L(limited_power)(V x, V y) { /* of 0 anything */
  V product = L(short_product)(x, y), limit = L(all)(200);
  M near = L(less)(L(magnitude)(product), limit);
  return L(short_exponential)(L(choose)(near, product, L(with_sign)(limit, product)));
}

/* e and 1 / e of doubles that hold floats: infinite as floats where they must be. */
static inline V L(short_sinh)(V x) {
  V e = L(short_exponential)(L(min)(L(all)(200), L(magnitude)(x))), s = x * x;
  V series = L(fused)(s, L(fused)(s, L(all)(1. / 362880), L(all)(1. / 5040)), L(all)(1. / 120));
  series = L(fused)(s, series, L(all)(1. / 6));
  return L(choose)(L(less)(L(magnitude)(x), L(all)(0.5)), L(fused)(x * s, series, x),
                   L(with_sign)((e - 1 / e) * 0.5, x));
}

static inline V L(short_cosh)(V x) {
  V e = L(short_exponential)(L(min)(L(all)(200), L(magnitude)(x)));
  return (e + 1 / e) * 0.5;
}
