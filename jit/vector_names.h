/* How the functions of math.def are called: SLEEF's Sleef_finz_expd8_u10avx512f, ours
 * ql_finz_hypot_d8. */
#ifndef QUELEA_JIT_VECTOR_NAMES_H
#define QUELEA_JIT_VECTOR_NAMES_H

#define SLEEF_NAME_(family, name, width, ulp, variant) \
  Sleef_##family##_##name##width##_##ulp##variant
#define SLEEF_NAME(family, name, width, ulp, variant) SLEEF_NAME_(family, name, width, ulp, variant)
#define OURS_(family, name, width) ql_##family##_##name##_##width
#define OURS(family, name, width) OURS_(family, name, width)

#endif
