/* Vectors of one width and one precision: vector_math.h includes this once for each, with BITS (of
 * a vector; 0: a scalar), REAL and INTEGER (of its size), PRECISION (pd or ps) and LIBM (C's
 * suffix).
 *
 * V is a vector, M a truth per lane, L(name) this width's `name`. Arithmetic is written with C's
 * operators, which compilers have for vectors too; what they lack is here, an instruction or two.
 */

#define V L(Vector)
#define M L(Mask)

#if BITS == 0

typedef REAL V;
typedef bool M;
typedef INTEGER L(Bits);
static inline L(Bits) L(to_bits)(V a) {
  L(Bits) bits;
  memcpy(&bits, &a, sizeof bits);
  return bits;
}
static inline V L(from_bits)(L(Bits) bits) {
  V a;
  memcpy(&a, &bits, sizeof a);
  return a;
}
static inline V L(all)(REAL a) { return a; }
static inline M L(less)(V a, V b) { return a < b; }
static inline M L(equal)(V a, V b) { return a == b; }
static inline M L(both)(M a, M b) { return a & b; }
static inline M L(either)(M a, M b) { return a | b; }
static inline M L(opposite)(M a) { return !a; }
static inline unsigned L(lanes)(M a) { return a; }
static inline V L(choose)(M m, V a, V b) { return m ? a : b; }
static inline V L(root)(V a) { return LIBM(sqrt)(a); }
static inline V L(magnitude)(V a) { return LIBM(fabs)(a); }
static inline V L(with_sign)(V a, V b) { return LIBM(copysign)(a, b); }
static inline V L(whole)(V a) { return LIBM(trunc)(a); } /* towards 0 */
#if FUSED
static inline V L(fused)(V a, V b, V c) { return LIBM(fma)(a, b, c); } /* a * b + c, rounded once */
#endif

#else

typedef REAL V __attribute__((vector_size(BITS / 8)));
typedef INTEGER L(Bits) __attribute__((vector_size(BITS / 8)));
#define VI L(Bits)
#define SIGN_BIT ((INTEGER)1 << (sizeof(INTEGER) * 8 - 1))

#if BITS == 512
#define MM(name) PASTE(PASTE(_mm512_, name), PASTE(_, PRECISION))
#elif BITS == 256
#define MM(name) PASTE(PASTE(_mm256_, name), PASTE(_, PRECISION))
#else
#define MM(name) PASTE(PASTE(_mm_, name), PASTE(_, PRECISION))
#endif

static inline L(Bits) L(to_bits)(V a) { return (VI)a; }
static inline V L(from_bits)(L(Bits) bits) { return (V)bits; }
static inline V L(all)(REAL a) { return MM(set1)(a); }
static inline V L(root)(V a) { return MM(sqrt)(a); }
static inline V L(magnitude)(V a) { return (V)((VI)a & ~SIGN_BIT); }
static inline V L(with_sign)(V a, V b) { return (V)(((VI)a & ~SIGN_BIT) | ((VI)b & SIGN_BIT)); }

#if BITS == 512
#if LANES == 16
typedef __mmask16 M;
#else
typedef __mmask8 M;
#endif
static inline M L(less)(V a, V b) { return PASTE(MM(cmp), _mask)(a, b, _CMP_LT_OQ); }
static inline M L(equal)(V a, V b) { return PASTE(MM(cmp), _mask)(a, b, _CMP_EQ_OQ); }
static inline M L(both)(M a, M b) { return a & b; }
static inline M L(either)(M a, M b) { return a | b; }
static inline M L(opposite)(M a) { return (M)~a; }
static inline unsigned L(lanes)(M a) { return a; }
static inline V L(choose)(M m, V a, V b) { return MM(mask_blend)(m, b, a); }
static inline V L(whole)(V a) { return MM(roundscale)(a, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC); }
#else
typedef V M;
static inline M L(both)(M a, M b) { return (V)((VI)a & (VI)b); }
static inline M L(either)(M a, M b) { return (V)((VI)a | (VI)b); }
static inline M L(opposite)(M a) { return (V) ~(VI)a; }
static inline unsigned L(lanes)(M a) { return (unsigned)MM(movemask)(a); }
static inline M L(less)(V a, V b) { return (V)(a < b); }
static inline M L(equal)(V a, V b) { return (V)(a == b); }
static inline V L(choose)(M m, V a, V b) { return (V)(((VI)m & (VI)a) | (~(VI)m & (VI)b)); }
#ifdef __AVX__
static inline V L(whole)(V a) { return MM(round)(a, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC); }
#else
static inline V L(whole)(V a) {
  for (int lane = 0; lane < LANES; lane++) a[lane] = LIBM(trunc)(a[lane]);
  return a;
}
#endif
#endif

#if FUSED
static inline V L(fused)(V a, V b, V c) { return MM(fmadd)(a, b, c); }
#endif
#undef VI
#undef SIGN_BIT

#endif

/* The larger and the smaller of two; the second when one is NaN. */
#if BITS == 0
static inline V L(max)(V a, V b) { return a > b ? a : b; }
static inline V L(min)(V a, V b) { return a < b ? a : b; }
#else
static inline V L(max)(V a, V b) { return MM(max)(a, b); }
static inline V L(min)(V a, V b) { return MM(min)(a, b); }
#undef MM
#endif

/* a * b + c, and the products and sums that come with what rounding took from them. */
static inline V L(multiply_add)(V a, V b, V c) {
#if FUSED
  return L(fused)(a, b, c);
#else
  return a * b + c;
#endif
}

static inline V L(product)(V a, V b, V *rest) {
  V product = a * b;
#if FUSED
  *rest = L(fused)(a, b, -product);
#else /* Dekker: halves of 26 bits, whose products are exact */
  const REAL split = (REAL)(sizeof(REAL) == 8 ? 0x1p27 + 1 : 0x1p12 + 1);
  V s = a * split, t = b * split, a1 = s - (s - a), b1 = t - (t - b), a2 = a - a1, b2 = b - b1;
  *rest = ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2;
#endif
  return product;
}

static inline V L(sum)(V a, V b, V *rest) {
  V sum = a + b, part = sum - a;
  *rest = (a - (sum - part)) + (b - part);
  return sum;
}

/* The larger magnitude of two; NaN when one is NaN, or infinite beside it. */
static inline V L(largest)(V a, V b) {
  V p = L(magnitude)(a), q = L(magnitude)(b);
  return L(choose)(L(less)(p, q), q, p) + (q - q);
}
/* Not between the two, or NaN. */
static inline M L(outside)(V a, REAL low, REAL high) {
  return L(opposite)(L(both)(L(less)(L(all)(low), a), L(less)(a, L(all)(high))));
}

/* ---- what this width exports ---- */

#define IR_OURS1(OP, name) V EXPORT(name)(V);
#define IR_OURS2(OP, name) V EXPORT(name)(V, V);
#define IR_COMPLEX1(OP, name) V EXPORT(name##_re)(V, V), EXPORT(name##_im)(V, V);
#define IR_EXACT1 IR_COMPLEX1
#define IR_EXACT2(OP, name) V EXPORT(name##_re)(V, V, V, V), EXPORT(name##_im)(V, V, V, V);
#include "math.def"
