/* Every dtype at one level of the processor (TARGET, LEVEL): best.c includes this. */
#define OF(dtype) LEVEL(dtype)

#define ORDERED(a, b) ((a) < (b))
#define NO_MORE(a, b) ((a) <= (b))
#define UNKNOWN(a) false
#define WIDE 1
#define FLOATS 0
#define T int8_t
#define NAME(name) OF(name##_i8)
#include "best_of.h"
#define T int16_t
#define NAME(name) OF(name##_i16)
#include "best_of.h"
#define T int32_t
#define NAME(name) OF(name##_i32)
#include "best_of.h"
#define T int64_t
#define NAME(name) OF(name##_i64)
#include "best_of.h"
#define T uint8_t
#define NAME(name) OF(name##_u8)
#include "best_of.h"
#define T uint16_t
#define NAME(name) OF(name##_u16)
#include "best_of.h"
#define T uint32_t
#define NAME(name) OF(name##_u32)
#include "best_of.h"
#define T uint64_t
#define NAME(name) OF(name##_u64)
#include "best_of.h"
#undef UNKNOWN
#undef FLOATS

#define FLOATS 1
#define UNKNOWN(a) ((a) != (a))
#define T float
#define NAME(name) OF(name##_f32)
#include "best_of.h"
#define T double
#define NAME(name) OF(name##_f64)
#include "best_of.h"
#undef ORDERED
#undef UNKNOWN
#undef NO_MORE
#undef WIDE

/* Halves by their bits: the magnitude, and its sign. */
#ifndef BEST_HALF
#define BEST_HALF
static inline int half_rank(uint16_t half) {
  int magnitude = half & 0x7fff;
  return half & 0x8000 ? -magnitude : magnitude;
}
#endif
#define WIDE 0
#define UNKNOWN(a) (((a) & 0x7fff) > 0x7c00)
#define ORDERED(a, b) (half_rank(a) < half_rank(b) && !UNKNOWN(a) && !UNKNOWN(b))
#define NO_MORE(a, b) (half_rank(a) <= half_rank(b) && !UNKNOWN(a) && !UNKNOWN(b))
#define T uint16_t
#define NAME(name) OF(name##_f16)
#include "best_of.h"
#undef ORDERED
#undef UNKNOWN
#undef NO_MORE

/* Complex numbers by the real part, then by the other. */
#ifndef BEST_COMPLEX
#define BEST_COMPLEX
typedef struct Complex64 {
  float re, im;
} Complex64;
typedef struct Complex128 {
  double re, im;
} Complex128;
#endif
#define ORDERED(a, b) ((a).re < (b).re || ((a).re == (b).re && (a).im < (b).im))
#define UNKNOWN(a) (isnan((a).re) || isnan((a).im))
#define NO_MORE(a, b) ((a).re < (b).re && (a).im == (a).im && (b).im == (b).im)
#define T Complex64
#define NAME(name) OF(name##_c64)
#include "best_of.h"
#define T Complex128
#define NAME(name) OF(name##_c128)
#include "best_of.h"
#undef ORDERED
#undef UNKNOWN
#undef NO_MORE
#undef WIDE
#undef FLOATS

static TARGET void LEVEL(best)(QlDtype dtype, const BestJob *job) {
  switch (dtype) {
    case QL_BOOL:
    case QL_U8: OF(best_u8)(job); break;
    case QL_I8: OF(best_i8)(job); break;
    case QL_I16: OF(best_i16)(job); break;
    case QL_I32: OF(best_i32)(job); break;
    case QL_I64: OF(best_i64)(job); break;
    case QL_U16: OF(best_u16)(job); break;
    case QL_U32: OF(best_u32)(job); break;
    case QL_U64: OF(best_u64)(job); break;
    case QL_F16: OF(best_f16)(job); break;
    case QL_F32: OF(best_f32)(job); break;
    case QL_F64: OF(best_f64)(job); break;
    case QL_C64: OF(best_c64)(job); break;
    default: OF(best_c128)(job); break;
  }
}
#undef OF
