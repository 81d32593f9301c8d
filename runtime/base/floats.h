/* The floating-point environment in which everything is computed here: round to nearest, subnormal
 * numbers kept, nothing traps. A thread's own may differ: a library that was linked with
 * -ffast-math switches subnormals off in the thread that loads it, and threads inherit it. So what
 * computes elements runs between ql_floats_enter and ql_floats_leave, and our threads begin with
 * the former.
 *
 *   x86     MXCSR without its flags (bits 0 to 5) is 0x1f80; DAZ is bit 6, FTZ bit 15
 *   ARM64   FPCR is 0; FZ is bit 24 */
#ifndef QUELEA_FLOATS_H
#define QUELEA_FLOATS_H

#include <stdint.h>

#if defined(__x86_64__)
#include <xmmintrin.h>

typedef uint32_t QlFloats;
enum { QL_FLOATS_FLAGS = 0x3f, QL_FLOATS_DEFAULT = 0x1f80 };
static inline QlFloats ql_floats_read(void) { return _mm_getcsr() & ~(uint32_t)QL_FLOATS_FLAGS; }
static inline void ql_floats_write(QlFloats state) { _mm_setcsr(state); }

#elif defined(__aarch64__)

typedef uint64_t QlFloats;
enum { QL_FLOATS_DEFAULT = 0 };
static inline QlFloats ql_floats_read(void) {
  QlFloats state;
  __asm__ volatile("mrs %0, fpcr" : "=r"(state));
  return state;
}
static inline void ql_floats_write(QlFloats state) {
  __asm__ volatile("msr fpcr, %0" : : "r"(state) : "memory");
}

#else
#error "the floating-point environment of this processor is not known here"
#endif

/* The state to be given back to ql_floats_leave. Nothing is written where it is the default. */
static inline QlFloats ql_floats_enter(void) {
  QlFloats before = ql_floats_read();
  if (__builtin_expect(before != QL_FLOATS_DEFAULT, 0)) ql_floats_write(QL_FLOATS_DEFAULT);
  return before;
}

/* Compilers move arithmetic across changes of the environment, of which they know nothing: what is
 * computed between them begins and ends with a variable that was held. */
#define QL_FLOATS_HOLD(variable) __asm__ volatile("" : "+m"(variable) : : "memory")

static inline void ql_floats_leave(QlFloats before) {
  if (__builtin_expect(before != QL_FLOATS_DEFAULT, 0)) ql_floats_write(before);
}

#endif
