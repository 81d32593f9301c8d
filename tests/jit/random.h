/* Random numbers and nasty values, from a seed. The generator is splitmix64 (Steele, Lea and Flood,
 * 2014). */
#ifndef QUELEA_TESTS_JIT_RANDOM_H
#define QUELEA_TESTS_JIT_RANDOM_H

#include "base.h"

#include <math.h>

typedef struct Random {
  uint64_t state;
} Random;

static inline uint64_t random_bits(Random *random) {
  uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

static inline uint64_t random_below(Random *random, uint64_t bound) {
  return random_bits(random) % bound;
}
static inline bool random_chance(Random *random, unsigned percent) {
  return random_below(random, 100) < percent;
}

/* Half of them where things go wrong: zeros, ones, infinities, NaN, the extremes. */
static inline double random_double(Random *random) {
  /* clang-format off */
  static const double nasty[] = {
      0.0, -0.0, 1.0, -1.0, 2.0, 0.5, -0.5, 1.5, 2.5, 3.0, -7.0, 100.0, 128.0, -129.0,
      65504.0, 1e10, -1e10, 2147483648.0, 9.3e18, 1.9e19, 1e30, 3.4e38, 1e300,
      1.7976931348623157e308, 1e-5, 6e-8, 1e-38, 1e-45, 2.2250738585072014e-308, 5e-324,
      -5e-324, -1e-45, 88.9, -89.1, 709.9, -710.2, INFINITY, -INFINITY, NAN};
  /* clang-format on */
  uint64_t bits = random_bits(random);
  double unit = (double)(int64_t)random_bits(random) * 0x1p-63;
  if (bits % 2) return nasty[(bits >> 8) % (sizeof nasty / sizeof nasty[0])];
  return bits % 4 ? unit * 4 : unit * ldexp(1, (int)((bits >> 8) % 80) - 40);
}

static inline int64_t random_int(Random *random) {
  static const int64_t nasty[] = {
      0,   1,   -1,   2,   -2,    3,      7,         8,         31,         32,        63,       64,
      127, 128, -128, 255, 32767, -32768, INT32_MAX, INT32_MIN, UINT32_MAX, INT64_MAX, INT64_MIN};
  uint64_t bits = random_bits(random);
  if (bits % 2) return nasty[(bits >> 8) % (sizeof nasty / sizeof nasty[0])];
  return (int64_t)random_bits(random) >> (bits >> 8) % 64;
}

/* An element of the dtype. The conversions are base's own. */
static inline QlValue random_value(Random *random, QlDtype dtype) {
  QlDtype part = (QlDtype)ql_dtype_info[dtype].part;
  switch (ql_dtype_info[dtype].kind) {
    case QL_KIND_BOOL: return (QlValue){.bits = {random_bits(random) & 1, 0}};
    case QL_KIND_INT:
    case QL_KIND_UINT:
      return ql_convert(QL_I64, (QlValue){.bits = {(uint64_t)random_int(random), 0}}, dtype);
    case QL_KIND_FLOAT: return ql_convert(QL_F64, (QlValue){.d = random_double(random)}, part);
    default:
      return ql_convert(QL_C128, (QlValue){.z = {random_double(random), random_double(random)}},
                        dtype);
  }
}

#endif
