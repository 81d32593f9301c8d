/* Elements as unsigned numbers in the order in which they are sorted.
 *
 *     float64     -2.0   -0.0   0.0   1.0   inf   NaN
 *     its bits    c0..   80..   00..  3f..  7ff0  7ff8 or fff8
 *     key         3f..   7f..   80..  bf..  fff0  fff8
 *
 * Complex numbers ascend by real parts, then imaginary parts; behind all of them, as NumPy has it,
 * those with NaN as imaginary part, by real parts; as real part, by imaginary parts; as both. A
 * key's high half has room for that above infinity:
 *
 *     R + Ij    key of R | key of I          NaN + Ij     above + 1 | key of I
 *     R + NaNj  above    | key of R          NaN + NaNj   above + 2 | 0
 *
 * Zeros are equal there whatever their signs, since a sign must not weigh more than an imaginary
 * part: signs travel beside the key. */
#include "sorting.h"

#include <string.h>

enum { SIGN_REAL, SIGN_IMAG, SIGNS }; /* bits of what is beside a key, below the index */

typedef struct More {
  uint64_t more, key;
} More;
typedef struct MoreWide {
  uint64_t low, high, more;
} MoreWide;

const SortFormInfo sort_forms[SORT_FORMS] = {
    [SORT_8] = {1, 8, false},        [SORT_16] = {2, 16, false},         [SORT_32] = {4, 32, true},
    [SORT_64] = {8, 64, true},       [SORT_F32] = {4, 32, true},         [SORT_F64] = {8, 64, true},
    [SORT_64_MORE] = {16, 64, true}, [SORT_128_MORE] = {24, 128, false},
};

SortForm sort_form(QlDtype dtype, bool indices) {
  if (dtype == QL_C128) return SORT_128_MORE;
  if (dtype == QL_C64 || indices) return SORT_64_MORE;
  if (dtype == QL_F32) return SORT_F32;
  if (dtype == QL_F64) return SORT_F64;
  switch (ql_dtype_info[dtype].size) {
    case 1: return SORT_8;
    case 2: return SORT_16;
    case 4: return SORT_32;
    default: return SORT_64;
  }
}

bool sort_is_in_place(QlDtype dtype, bool indices) {
  return !indices && ql_dtype_info[dtype].kind != QL_KIND_COMPLEX;
}

/* ---- one number ---- */

/* Real floats of each width: their bits to keys and back. NaN is one. */
#define FLOATS(bits, INFINITE, NAN_BITS)                                          \
  static inline uint##bits##_t ascend##bits(uint##bits##_t x) {                   \
    const uint##bits##_t top = (uint##bits##_t)((uint##bits##_t)1 << (bits - 1)); \
    uint##bits##_t size = (uint##bits##_t)(x & (uint##bits##_t) ~top);            \
    x = size > INFINITE ? (uint##bits##_t)NAN_BITS : x;                           \
    return (uint##bits##_t)(x & top ? ~x : x | top);                              \
  }                                                                               \
  static inline uint##bits##_t descend##bits(uint##bits##_t key) {                \
    const uint##bits##_t top = (uint##bits##_t)((uint##bits##_t)1 << (bits - 1)); \
    return (uint##bits##_t)(key & top ? key ^ top : ~key);                        \
  }                                                                               \
  /* Without the sign of zero. */                                                 \
  static inline uint##bits##_t unsigned_zero##bits(uint##bits##_t x) {            \
    return (uint##bits##_t)(x << 1) ? x : 0;                                      \
  }
FLOATS(16, 0x7c00, 0x7e00)
FLOATS(32, 0x7f800000u, 0x7fc00000u)
FLOATS(64, 0x7ff0000000000000u, 0x7ff8000000000000u)
#undef FLOATS

static const uint64_t above32 = 0xff800001u, above64 = 0xfff0000000000001u;

#define LOAD(type, from)                \
  ({                                    \
    type load_;                         \
    memcpy(&load_, from, sizeof load_); \
    load_;                              \
  })

static inline SortKey complex_key(uint64_t real, uint64_t imag, uint64_t above, int bits) {
  if (real < above && imag < above) return (SortKey)real << bits | imag;
  if (real < above) return (SortKey)above << bits | real;
  if (imag < above) return (SortKey)(above + 1) << bits | imag;
  return (SortKey)(above + 2) << bits;
}

static inline SortKey key_of(QlDtype dtype, const char *from) {
  switch (dtype) {
    case QL_BOOL: return LOAD(uint8_t, from) != 0;
    case QL_U8: return LOAD(uint8_t, from);
    case QL_U16: return LOAD(uint16_t, from);
    case QL_U32: return LOAD(uint32_t, from);
    case QL_U64: return LOAD(uint64_t, from);
    case QL_I8: return LOAD(uint8_t, from) ^ 0x80u;
    case QL_I16: return LOAD(uint16_t, from) ^ 0x8000u;
    case QL_I32: return LOAD(uint32_t, from) ^ 0x80000000u;
    case QL_I64: return LOAD(uint64_t, from) ^ 1ull << 63;
    case QL_F16: return ascend16(unsigned_zero16(LOAD(uint16_t, from)));
    case QL_F32: return ascend32(unsigned_zero32(LOAD(uint32_t, from)));
    case QL_F64: return ascend64(unsigned_zero64(LOAD(uint64_t, from)));
    case QL_C64:
      return complex_key(ascend32(unsigned_zero32(LOAD(uint32_t, from))),
                         ascend32(unsigned_zero32(LOAD(uint32_t, from + 4))), above32, 32);
    case QL_C128:
      return complex_key(ascend64(unsigned_zero64(LOAD(uint64_t, from))),
                         ascend64(unsigned_zero64(LOAD(uint64_t, from + 8))), above64, 64);
    default: return 0;
  }
}

SortKey sort_key(QlDtype dtype, const char *element) { return key_of(dtype, element); }

/* ---- elements that are keys alone ---- */

static void encode_alone(QlDtype dtype, const char *from, int64_t stride, int64_t count, char *to) {
#define EACH(type, expression)                        \
  for (int64_t k = 0; k < count; k++) {               \
    type x = LOAD(type, from + k * stride);           \
    x = (type)(expression);                           \
    memcpy(to + k * (int64_t)sizeof x, &x, sizeof x); \
  }                                                   \
  break
#define LINE(type, expression)           \
  if (stride == (int64_t)sizeof(type)) { \
    stride = (int64_t)sizeof(type);      \
    EACH(type, expression);              \
  }                                      \
  EACH(type, expression)
  switch (dtype) {
    case QL_BOOL: LINE(uint8_t, x != 0);
    case QL_U8: LINE(uint8_t, x);
    case QL_U16: LINE(uint16_t, x);
    case QL_U32: LINE(uint32_t, x ^ SORT_TOP_32);
    case QL_U64: LINE(uint64_t, x ^ SORT_TOP_64);
    case QL_I8: LINE(uint8_t, x ^ 0x80u);
    case QL_I16: LINE(uint16_t, x ^ 0x8000u);
    case QL_I32:
    case QL_F32:
      if (from == to) break;
      LINE(uint32_t, x);
    case QL_I64:
    case QL_F64:
      if (from == to) break;
      LINE(uint64_t, x);
    case QL_F16: LINE(uint16_t, ascend16(x));
    default: break;
  }
}

static void decode_alone(QlDtype dtype, const char *from, int64_t count, char *to) {
  const int64_t stride = (int64_t)ql_dtype_info[dtype].size;
  switch (dtype) {
    case QL_I8: EACH(uint8_t, x ^ 0x80u);
    case QL_I16: EACH(uint16_t, x ^ 0x8000u);
    case QL_U32: EACH(uint32_t, x ^ SORT_TOP_32);
    case QL_U64: EACH(uint64_t, x ^ SORT_TOP_64);
    case QL_F16: EACH(uint16_t, descend16(x));
    default:
      if (to != from) memmove(to, from, (size_t)(count * stride));
      break;
  }
#undef LINE
#undef EACH
}

/* ---- elements with more beside the key ---- */

/* Which zeros are negative: of a real number, or of both parts. */
static inline uint64_t signs_of(QlDtype dtype, const char *from) {
  switch (dtype) {
    case QL_F16: return (uint64_t)(LOAD(uint16_t, from) == 0x8000u) << SIGN_REAL;
    case QL_F32: return (uint64_t)(LOAD(uint32_t, from) == 0x80000000u) << SIGN_REAL;
    case QL_F64: return (uint64_t)(LOAD(uint64_t, from) == 1ull << 63) << SIGN_REAL;
    case QL_C64:
      return (uint64_t)(LOAD(uint32_t, from) == 0x80000000u) << SIGN_REAL |
             (uint64_t)(LOAD(uint32_t, from + 4) == 0x80000000u) << SIGN_IMAG;
    case QL_C128:
      return (uint64_t)(LOAD(uint64_t, from) == 1ull << 63) << SIGN_REAL |
             (uint64_t)(LOAD(uint64_t, from + 8) == 1ull << 63) << SIGN_IMAG;
    default: return 0;
  }
}

static inline void encode_more(QlDtype dtype, const char *from, int64_t stride, int64_t count,
                               int64_t index, char *to) {
  for (int64_t k = 0; k < count; k++) {
    const char *at = from + k * stride;
    More more = {(uint64_t)(index + k) << SIGNS | signs_of(dtype, at), (uint64_t)key_of(dtype, at)};
    memcpy(to + k * (int64_t)sizeof more, &more, sizeof more);
  }
}

static void encode_wide(const char *from, int64_t stride, int64_t count, int64_t index, char *to) {
  for (int64_t k = 0; k < count; k++) {
    const char *at = from + k * stride;
    SortKey key = key_of(QL_C128, at);
    MoreWide more = {(uint64_t)key, (uint64_t)(key >> 64),
                     (uint64_t)(index + k) << SIGNS | signs_of(QL_C128, at)};
    memcpy(to + k * (int64_t)sizeof more, &more, sizeof more);
  }
}

void sort_encode(QlDtype dtype, bool indices, const char *from, int64_t stride, int64_t count,
                 int64_t index, char *to) {
  if (sort_is_in_place(dtype, indices)) {
    encode_alone(dtype, from, stride, count, to);
    return;
  }
  switch (dtype) { /* a loop for each of those that are met most */
    case QL_F64: encode_more(QL_F64, from, stride, count, index, to); break;
    case QL_I64: encode_more(QL_I64, from, stride, count, index, to); break;
    case QL_C128: encode_wide(from, stride, count, index, to); break;
    default: encode_more(dtype, from, stride, count, index, to); break;
  }
}

/* The parts of a complex number, as keys of real ones. */
static inline void parts_of(SortKey key, uint64_t above, int bits, uint64_t not_a_number,
                            uint64_t part[2]) {
  uint64_t high = (uint64_t)(key >> bits), low = (uint64_t)(key & (((SortKey)1 << bits) - 1));
  part[0] = high < above ? high : high == above ? low : not_a_number;
  part[1] = high < above || high == above + 1 ? low : not_a_number;
}

static inline void store_value(QlDtype dtype, SortKey key, uint64_t more, char *to) {
  uint64_t part[2], real = more >> SIGN_REAL & 1, imag = more >> SIGN_IMAG & 1;
  switch (dtype) {
    case QL_F16: {
      uint16_t x = (uint16_t)(descend16((uint16_t)key) | real << 15);
      memcpy(to, &x, sizeof x);
      break;
    }
    case QL_F32: {
      uint32_t x = descend32((uint32_t)key) | (uint32_t)real << 31;
      memcpy(to, &x, sizeof x);
      break;
    }
    case QL_F64: {
      uint64_t x = descend64((uint64_t)key) | real << 63;
      memcpy(to, &x, sizeof x);
      break;
    }
    case QL_C64: {
      parts_of(key, above32, 32, ascend32(0x7fc00000u), part);
      uint32_t x[2] = {descend32((uint32_t)part[0]) | (uint32_t)real << 31,
                       descend32((uint32_t)part[1]) | (uint32_t)imag << 31};
      memcpy(to, x, sizeof x);
      break;
    }
    case QL_C128: {
      parts_of(key, above64, 64, ascend64(0x7ff8000000000000u), part);
      uint64_t x[2] = {descend64(part[0]) | real << 63, descend64(part[1]) | imag << 63};
      memcpy(to, x, sizeof x);
      break;
    }
    default: {
      size_t size = ql_dtype_info[dtype].size; /* of an integer, and of its key */
      uint64_t top = size == 8 ? SORT_TOP_64 : size == 4 ? SORT_TOP_32 : 0;
      uint64_t whole = (uint64_t)key ^ top;
      decode_alone(dtype, (const char *)&whole, 1, to);
      break;
    }
  }
}

void sort_decode(QlDtype dtype, bool indices, const char *from, int64_t count, char *values,
                 int64_t *index) {
  int64_t item = (int64_t)ql_dtype_info[dtype].size;
  if (sort_is_in_place(dtype, indices)) {
    decode_alone(dtype, from, count, values);
    return;
  }
  for (int64_t k = 0; k < count; k++) {
    SortKey key;
    uint64_t more;
    if (dtype == QL_C128) {
      MoreWide wide = LOAD(MoreWide, from + k * (int64_t)sizeof wide);
      key = (SortKey)wide.high << 64 | wide.low, more = wide.more;
    } else {
      More one = LOAD(More, from + k * (int64_t)sizeof one);
      key = one.key, more = one.more;
    }
    if (values) store_value(dtype, key, more, values + k * item);
    if (index) index[k] = (int64_t)(more >> SIGNS);
  }
}
