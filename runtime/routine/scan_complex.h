/* Scans of complex numbers, which are in order by the real part, then by the other: scan.c includes
 * this with T and NAME. */
static inline T NAME(add)(T a, T b) { return (T){a.re + b.re, a.im + b.im}; }
static inline T NAME(multiply)(T a, T b) {
  return (T){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}
static inline bool NAME(is_nan)(T a) { return isnan(a.re) || isnan(a.im); }
static inline bool NAME(is_less)(T a, T b) { /* or equal */
  return (a.re < b.re && !isnan(a.im) && !isnan(b.im)) || (a.re == b.re && a.im <= b.im);
}
static inline T NAME(smaller)(T a, T b) { return NAME(is_nan)(a) || NAME(is_less)(a, b) ? a : b; }
static inline T NAME(larger)(T a, T b) { return NAME(is_nan)(a) || NAME(is_less)(b, a) ? a : b; }
#define ADD(a, b) NAME(add)(a, b)
#define MULTIPLY(a, b) NAME(multiply)(a, b)
#define SMALLER(a, b) NAME(smaller)(a, b)
#define LARGER(a, b) NAME(larger)(a, b)
#include "scan_reals.h"
#undef ADD
#undef MULTIPLY
#undef SMALLER
#undef LARGER
