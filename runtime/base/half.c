/* float16 (IEEE 754 binary16) by its bits: 1 sign bit, 5 exponent bits (bias 15), 10 fraction bits.
 *
 * Narrowing rounds once, to nearest even, from either width: going from double through float would
 * round twice. A NaN stays a NaN. Both narrowings share one routine on a significand of which
 * enough bits have been kept:
 *
 *   normal     2^e * 1.f,  -14 <= e <= 15      bits = (e + 15) << 10 | f
 *   subnormal  2^-24 * f                       bits = f
 *   e > 15                                     bits = 0x7c00, infinity
 *
 * A carry out of f in rounding is right as it stands: it makes the next binade, the smallest
 * normal, or infinity. */
#include "base.h"

#include <string.h>

float ql_half_to_float(uint16_t bits) {
  uint32_t sign = (uint32_t)(bits & 0x8000u) << 16, exponent = bits >> 10 & 0x1f,
           fraction = bits & 0x3ffu;
  uint32_t word;
  if (exponent == 0x1f) {
    word = sign | 0x7f800000u | fraction << 13;
  } else if (exponent > 0) {
    word = sign | (exponent + 127 - 15) << 23 | fraction << 13;
  } else { /* zero or subnormal: fraction * 2^-24 is exact in float */
    float magnitude = (float)fraction * 0x1p-24f;
    memcpy(&word, &magnitude, sizeof word);
    word |= sign;
  }
  float value;
  memcpy(&value, &word, sizeof value);
  return value;
}

/* The magnitude significand * 2^(exponent - width), where 2^width <= significand < 2^(width + 1): a
 * value in [2^exponent, 2^(exponent + 1)). Gives the bits without the sign. */
static uint16_t round_to_half(uint64_t significand, int width, int exponent) {
  if (exponent > 15) return 0x7c00;
  if (exponent < -25) return 0; /* below half of the smallest subnormal */
  int shift = width - 10 + (exponent < -14 ? -14 - exponent : 0);
  uint64_t kept = significand >> shift, rest = significand - (kept << shift),
           half = UINT64_C(1) << (shift - 1);
  if (rest > half || (rest == half && (kept & 1))) kept++;
  /* A normal's leading bit (1 << 10) counts as one step of the exponent field. */
  return (uint16_t)(exponent < -14 ? kept : kept + ((uint64_t)(exponent + 14) << 10));
}

uint16_t ql_half_from_float(float value) {
  uint32_t word;
  memcpy(&word, &value, sizeof word);
  uint16_t sign = (uint16_t)(word >> 16 & 0x8000u);
  uint32_t fraction = word & 0x7fffffu;
  int exponent = (int)(word >> 23 & 0xff);
  if (exponent == 0xff && fraction) return (uint16_t)(sign | 0x7e00u | fraction >> 13);
  if (exponent == 0) return sign; /* zero, or a subnormal of float: far below float16's */
  return sign | round_to_half(fraction | 0x800000u, 23, exponent - 127);
}

uint16_t ql_half_from_double(double value) {
  uint64_t word;
  memcpy(&word, &value, sizeof word);
  uint16_t sign = (uint16_t)(word >> 48 & 0x8000u);
  uint64_t fraction = word & 0xfffffffffffffu;
  int exponent = (int)(word >> 52 & 0x7ff);
  if (exponent == 0x7ff && fraction) return (uint16_t)(sign | 0x7e00u | fraction >> 42);
  if (exponent == 0) return sign;
  return sign | round_to_half(fraction | UINT64_C(1) << 52, 52, exponent - 1023);
}
