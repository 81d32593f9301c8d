/* Functions of complex numbers in floats, by those in doubles: a vector is widened to two. */

#define WIDE_V PASTE(Vector_, WIDE)
#define W(name) PASTE(PASTE(name, _), WIDE)

#if BITS == 0
static inline WIDE_V L(low)(V x) { return x; }
#define NARROW1(f, x, y) ((float)f(L(low)(x), L(low)(y)))
#define NARROW2(f, a, b, c, d, ...) \
  ((float)f(L(low)(a), L(low)(b), L(low)(c), L(low)(d), __VA_ARGS__))
#define NARROW(f, x) ((float)f(L(low)(x)))
#else
#if LANES == 16
#define LOW 0, 1, 2, 3, 4, 5, 6, 7
#define HIGH 8, 9, 10, 11, 12, 13, 14, 15
#elif LANES == 8
#define LOW 0, 1, 2, 3
#define HIGH 4, 5, 6, 7
#else
#define LOW 0, 1
#define HIGH 2, 3
#endif
typedef float L(Half) __attribute__((vector_size(BITS / 16)));
#if BITS == 512 /* some compilers have no better code than halves of halves for what is below */
static inline WIDE_V L(low)(V x) { return _mm512_cvtps_pd(_mm512_castps512_ps256(x)); }
static inline WIDE_V L(high)(V x) {
  return _mm512_cvtps_pd(_mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(x), 1)));
}
static inline V L(joined)(WIDE_V low, WIDE_V high) {
  __m512d half = _mm512_castpd256_pd512(_mm256_castps_pd(_mm512_cvtpd_ps(low)));
  return _mm512_castpd_ps(_mm512_insertf64x4(half, _mm256_castps_pd(_mm512_cvtpd_ps(high)), 1));
}
#else
static inline WIDE_V L(low)(V x) {
  return __builtin_convertvector(__builtin_shufflevector(x, x, LOW), WIDE_V);
}
static inline WIDE_V L(high)(V x) {
  return __builtin_convertvector(__builtin_shufflevector(x, x, HIGH), WIDE_V);
}
static inline V L(joined)(WIDE_V low, WIDE_V high) {
  return __builtin_shufflevector(__builtin_convertvector(low, L(Half)),
                                 __builtin_convertvector(high, L(Half)), LOW, HIGH);
}
#endif
#define NARROW1(f, x, y) L(joined)(f(L(low)(x), L(low)(y)), f(L(high)(x), L(high)(y)))
#define NARROW2(f, a, b, c, d, ...)                                     \
  L(joined)(f(L(low)(a), L(low)(b), L(low)(c), L(low)(d), __VA_ARGS__), \
            f(L(high)(a), L(high)(b), L(high)(c), L(high)(d), __VA_ARGS__))
#define NARROW(f, x) L(joined)(f(L(low)(x)), f(L(high)(x)))
#undef LOW
#undef HIGH
#endif

#define IR_COMPLEX1(OP, name)                                                     \
  V EXPORT(name##_re)(V x, V y) { return NARROW1(EXPORT_WIDE(name##_re), x, y); } \
  V EXPORT(name##_im)(V x, V y) { return NARROW1(EXPORT_WIDE(name##_im), x, y); }
#include "math.def"

/* Exponents whose products leave the range of floats are the C library's. */
static V L(general_power)(V ar, V ai, V br, V bi, int part) {
  V result = NARROW2(W(general_power), ar, ai, br, bi, part), size = L(largest)(br, bi);
  unsigned rare = L(lanes)(L(opposite)(L(less)(size, L(all)(0x1p100f))));
  return __builtin_expect(rare != 0, 0) ? L(mend_power)(rare, result, ar, ai, br, bi, part)
                                        : result;
}

#if FUSED
extern float SLEEF_NAME(FAMILY, pow, f1, u10, purecfma)(float, float);

/* Lanes of infinite or no numbers are SLEEF's. */
static V __attribute__((noinline)) L(any_power)(V x, V y) {
  V size = L(magnitude)(x), result = NARROW1(W(limited_power), size, y);
  result = L(signed_power)(result, x, y);
  unsigned rare = L(lanes)(L(opposite)(L(less)(L(largest)(x, y), L(all)(INFINITY))));
  return rare ? L(mend)(rare, result, x, y, SLEEF_NAME(FAMILY, pow, f1, u10, purecfma)) : result;
}

V EXPORT(pow)(V x, V y) {
  unsigned far = 0;
#define SHORT_POWER(x, y) W(short_power)(x, y, &far)
  V result = NARROW1(SHORT_POWER, x, y);
#undef SHORT_POWER
  M usual = L(both)(L(less)(L(all)(0), x), L(less)(x, L(all)(INFINITY)));
  far |= L(lanes)(L(opposite)(usual));
  return __builtin_expect(far != 0, 0) ? L(any_power)(x, y) : result;
}

V EXPORT(exp)(V x) { return L(exp_of_sleef)(x); }
V EXPORT(sinh)(V x) { return NARROW(W(short_sinh), x); }
V EXPORT(cosh)(V x) { return NARROW(W(short_cosh), x); }
#endif

#undef NARROW
#undef NARROW1
#undef NARROW2
#undef WIDE_V
#undef W
