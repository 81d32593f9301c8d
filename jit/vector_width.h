/* All functions of one width: vector_math.c includes this with BITS (of a vector; 0: scalars),
 * DOUBLES and FLOATS (how names of the width end: d8, f16), WIDTH (lanes of doubles) and VARIANT
 * (SLEEF's, of that width). */

#define LIBM(name) name
#define REAL double
#define INTEGER uint64_t
#define PRECISION pd
#define LANES WIDTH
#define L(name) PASTE(PASTE(name, _), DOUBLES)
#define EXPORT(name) OURS(FAMILY, name, DOUBLES)
#define SLEEF(name, ulp) SLEEF_NAME(FAMILY, name, DOUBLES, ulp, VARIANT)
#include "lanes.h"
#include "vector_any.h"
#include "vector_real.h"
#include "vector_complex.h"
#if FUSED
#include "vector_power.h"
#endif
#undef LIBM
#undef REAL
#undef INTEGER
#undef PRECISION
#undef LANES
#undef L
#undef EXPORT
#undef SLEEF
#undef V
#undef M
#undef PAIR

#define LIBM(name) name##f
#define REAL float
#define INTEGER uint32_t
#define PRECISION ps
#if BITS
#define LANES (2 * WIDTH)
#else
#define LANES 1
#endif
#define L(name) PASTE(PASTE(name, _), FLOATS)
#define WIDE DOUBLES
#define EXPORT(name) OURS(FAMILY, name, FLOATS)
#define SLEEF(name, ulp) SLEEF_NAME(FAMILY, name, FLOATS, ulp, VARIANT)
#define EXPORT_WIDE(name) OURS(FAMILY, name, DOUBLES)
#include "lanes.h"
#include "vector_any.h"
#include "vector_real.h"
#include "vector_narrow.h"
#undef LIBM
#undef REAL
#undef INTEGER
#undef PRECISION
#undef LANES
#undef L
#undef WIDE
#undef EXPORT
#undef EXPORT_WIDE
#undef SLEEF
#undef V
#undef M
#undef PAIR

#undef BITS
#undef DOUBLES
#undef FLOATS
#undef WIDTH
#undef VARIANT
