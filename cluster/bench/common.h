/* What all references share: the clock, start values that any language makes bit by bit, memory of
 * huge pages, stores past the caches, the check of an answer. */
#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#ifdef __SSE2__
#include <immintrin.h>
#endif

/* A loop over elements: where it were inlined, "restrict" would be forgotten. */
#define KERNEL __attribute__((noinline)) static

enum { LINE = 8 }; /* doubles of a cache line */

static inline double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

/* Of the element with this number; from integers alone, and never denormal later. */
static inline double start_value(int64_t number) {
  return (double)(number * 2654435761 % 1000) / 1000.0;
}

/* Elements from one line of a grid to the next, with `left` in front: lines begin alike, and do not
 * repeat at a power of two. */
static inline int64_t line_pitch(int64_t left, int64_t n) {
  int64_t pitch = (left + n + LINE - 1) / LINE * LINE;
  return pitch % 512 ? pitch : pitch + LINE;
}

static inline double *pages_make(int64_t elements) {
  size_t huge = 2u << 20, bytes = ((size_t)elements * sizeof(double) + huge - 1) / huge * huge;
  double *pages = aligned_alloc(huge, bytes);
  if (!pages) fprintf(stderr, "out of memory\n"), exit(1);
  madvise(pages, bytes, MADV_HUGEPAGE);
  return pages;
}

/* A line to memory, past the caches. */
static inline void stream_line(double *to, const double *line) {
#if defined(__AVX512F__)
  _mm512_stream_pd(to, _mm512_loadu_pd(line));
#elif defined(__SSE2__)
  for (int j = 0; j < LINE; j += 2) _mm_stream_pd(to + j, _mm_loadu_pd(line + j));
#else
  memcpy(to, line, LINE * sizeof *to);
#endif
}

/* Sum of every element's bits times its odd position, modulo 2^64: exact, and the same in any
 * order. These are `count` elements from number `first`. */
static inline uint64_t check_line(const double *line, int64_t count, int64_t first) {
  uint64_t sum = 0, bits;
  for (int64_t j = 0; j < count; j++) {
    memcpy(&bits, &line[j], sizeof bits);
    sum += bits * (uint64_t)(2 * (first + j) + 1);
  }
  return sum;
}

static inline int64_t argument(int count, char **words, int at, int64_t fallback) {
  return count > at ? strtoll(words[at], NULL, 10) : fallback;
}

#endif
