/* Functions of complex numbers in floats, by those in doubles: a vector is widened to two. */

#define WIDE_V PASTE(Vector_, WIDE)
#define W(name) PASTE(PASTE(name, _), WIDE)

#if BITS == 0
static inline WIDE_V L(low)(V x) { return x; }
#define NARROW1(f, x, y) ((float)f(L(low)(x), L(low)(y)))
#define NARROW2(f, a, b, c, d, ...) \
  ((float)f(L(low)(a), L(low)(b), L(low)(c), L(low)(d), __VA_ARGS__))
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
#define NARROW1(f, x, y) L(joined)(f(L(low)(x), L(low)(y)), f(L(high)(x), L(high)(y)))
#define NARROW2(f, a, b, c, d, ...)                                     \
  L(joined)(f(L(low)(a), L(low)(b), L(low)(c), L(low)(d), __VA_ARGS__), \
            f(L(high)(a), L(high)(b), L(high)(c), L(high)(d), __VA_ARGS__))
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

#undef NARROW1
#undef NARROW2
#undef WIDE_V
#undef W
