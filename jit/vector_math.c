/* The functions of math.def that SLEEF does not have, or is slow at, for vectors: ours. CMake
 * compiles this file once per level of the processor (math.c lists them), with LEVEL and the flags
 * of its instructions. A function's steps are the same at every width of a family, so that an
 * element has the same bits whoever computes it.
 *
 *   vector_width.h     one width: both precisions
 *   lanes.h            what vectors lack in C
 *   vector_any.h       functions of both precisions
 *   vector_complex.h   functions of complex numbers in doubles
 *   vector_power.h     real powers
 *   vector_narrow.h    the same in floats, by those in doubles */
#include "vector_names.h"

#include <complex.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

/* What LEVEL may be. */
#define PLAIN 0
#define AVX 1
#define FMA 2
#define AVX512 3

#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)

/* ---- what the C library computes, in doubles ---- */

static inline double _Complex complex_of(double re, double im) {
  double parts[2] = {re, im};
  double _Complex result;
  memcpy(&result, parts, sizeof result);
  return result;
}

static inline double _Complex scaled(double _Complex a, double by) {
  return complex_of(creal(a) * by, cimag(a) * by);
}

static inline double _Complex c_exp2(double _Complex a) {
  return cexp(scaled(a, 0.693147180559945309417232121458176568));
}
static inline double _Complex c_log2(double _Complex a) {
  return scaled(clog(a), 1.442695040888963407359924681001892137);
}
static inline double _Complex c_log10(double _Complex a) {
  return scaled(clog(a), 0.434294481903251827651128918916605082);
}
static inline double _Complex c_expm1(double _Complex a) {
  double half = sin(cimag(a) / 2);
  return complex_of(expm1(creal(a)) * cos(cimag(a)) - 2 * half * half,
                    exp(creal(a)) * sin(cimag(a)));
}
static inline double _Complex c_log1p(double _Complex a) {
  double re = creal(a) + 1;
  return complex_of(log(hypot(re, cimag(a))), atan2(cimag(a), re));
}
#define c_sqrt csqrt
#define c_exp cexp
#define c_log clog
#define c_sin csin
#define c_cos ccos
#define c_tan ctan
#define c_asin casin
#define c_acos cacos
#define c_atan catan
#define c_sinh csinh
#define c_cosh ccosh
#define c_tanh ctanh
#define c_asinh casinh
#define c_acosh cacosh
#define c_atanh catanh

#define IR_COMPLEX1(OP, name)                                                                    \
  static double name##_re_lane(double x, double y) { return creal(c_##name(complex_of(x, y))); } \
  static double name##_im_lane(double x, double y) { return cimag(c_##name(complex_of(x, y))); }
#include "math.def"

/* ---- the widths ---- */

#define FUSED (LEVEL >= FMA)
#if LEVEL >= FMA
#define FAMILY finz
#include "vector_tables.h"
#else
#define FAMILY cinz
#endif

#if LEVEL == PLAIN || LEVEL == FMA
#define BITS 0
#define DOUBLES d1
#define FLOATS f1
#define WIDTH 1
#if LEVEL == FMA
#define VARIANT purecfma
#else
#define VARIANT purec
#endif
#include "vector_width.h"
#endif

#ifdef __x86_64__

#if LEVEL == PLAIN || LEVEL == FMA
#define BITS 128
#define DOUBLES d2
#define FLOATS f4
#define WIDTH 2
#if LEVEL == FMA
#define VARIANT avx2128
#else
#define VARIANT sse2
#endif
#include "vector_width.h"
#endif

#if LEVEL == AVX || LEVEL == FMA
#define BITS 256
#define DOUBLES d4
#define FLOATS f8
#define WIDTH 4
#if LEVEL == FMA
#define VARIANT avx2
#else
#define VARIANT avx
#endif
#include "vector_width.h"
#endif

#if LEVEL == AVX512
#define BITS 512
#define DOUBLES d8
#define FLOATS f16
#define WIDTH 8
#define VARIANT avx512f
#include "vector_width.h"
#endif

#endif
