/* What the processor and its memory give at best: additions and multiplications, and bytes as
 * STREAM (McCalpin) counts them, those that the program reads plus those that it writes, of arrays
 * that lie in each cache, and in memory. Each thread has arrays of its own; a shared cache is
 * divided.
 *
 *     OMP_NUM_THREADS=2 OMP_PROC_BIND=true limits [EFFORT]      (64; the figures of 1 say nothing)
 *
 * prints: adds A muladds M                                  GFLOP/s
 *         L1_bytes B L1_read R L1_copy C L1_triad T         and so for each level, up to memory:
 *                                                           bytes of a thread's arrays; GB/s */
#include "common.h"

#include <math.h>
#include <omp.h>
#include <unistd.h>

#if defined(__AVX512F__)
enum { LANES = 8 };
#elif defined(__AVX__)
enum { LANES = 4 };
#else
enum { LANES = 2 };
#endif
typedef double Vector __attribute__((vector_size(8 * LANES)));

enum { CHAINS = 12, ROUNDS = 1 << 14, REPEATS = 5, MEGABYTE = 1 << 20, WIDE = 8 * LANES };
enum { APART = 20 * LINE }; /* arrays begin at different lines of a page */

static volatile double zero = 0, one = 1; /* what no compiler knows */
static int64_t effort; /* so many times ROUNDS, and megabytes in each measurement */

/* ---- arithmetic: chains that do not wait for each other ---- */

KERNEL double add_all(void) {
  Vector sums[CHAINS], with;
  for (int l = 0; l < LANES; l++) with[l] = zero;
  for (int c = 0; c < CHAINS; c++) sums[c] = with + c;
  for (int64_t k = 0; k < ROUNDS * effort; k++)
#pragma GCC unroll 12
    for (int c = 0; c < CHAINS; c++) sums[c] += with;
  double total = 0;
  for (int c = 0; c < CHAINS; c++) total += sums[c][0];
  return total;
}

__attribute__((optimize("fp-contract=fast"))) KERNEL double muladd_all(void) {
  Vector sums[CHAINS], with, by;
  for (int l = 0; l < LANES; l++) with[l] = zero, by[l] = one;
  for (int c = 0; c < CHAINS; c++) sums[c] = with + c;
  for (int64_t k = 0; k < ROUNDS * effort; k++)
#pragma GCC unroll 12
    for (int c = 0; c < CHAINS; c++) sums[c] = sums[c] * by + with;
  double total = 0;
  for (int c = 0; c < CHAINS; c++) total += sums[c][0];
  return total;
}

/* GFLOP/s of all threads. */
static double arithmetic(double (*kernel)(void), int operations) {
  double best = 1e9, total = 0;
  for (int r = 0; r < REPEATS; r++) {
    double start = seconds();
#pragma omp parallel reduction(+ : total)
    total += kernel();
    double taken = seconds() - start;
    best = taken < best ? taken : best;
  }
  if (isnan(total)) exit(1);
  return 1e-9 * operations * CHAINS * LANES * (double)(ROUNDS * effort) * omp_get_max_threads() /
         best;
}

/* ---- memory ---- */

KERNEL double read_pass(const double *restrict a, int64_t n) {
  double sums[WIDE] = {0}, total = 0;
  for (int64_t i = 0; i < n / WIDE; i++)
    for (int j = 0; j < WIDE; j++) sums[j] += a[i * WIDE + j];
  for (int j = 0; j < WIDE; j++) total += sums[j];
  return total;
}

KERNEL void copy_pass(double *restrict c, const double *restrict a, int64_t n) {
  for (int64_t i = 0; i < n; i++) c[i] = a[i] + 1;
}

KERNEL void triad_pass(double *restrict c, const double *restrict a, const double *restrict b,
                       int64_t n) {
  for (int64_t i = 0; i < n; i++) c[i] = b[i] + 3.0 * a[i];
}

KERNEL void copy_streamed(double *restrict c, const double *restrict a, int64_t n) {
  for (int64_t i = 0; i < n / LINE; i++) stream_line(c + i * LINE, a + i * LINE);
}

KERNEL void triad_streamed(double *restrict c, const double *restrict a, const double *restrict b,
                           int64_t n) {
  for (int64_t i = 0; i < n / LINE; i++) {
    double line[LINE];
    for (int j = 0; j < LINE; j++) line[j] = b[i * LINE + j] + 3.0 * a[i * LINE + j];
    stream_line(c + i * LINE, line);
  }
}

typedef enum Pass { READ, COPY, TRIAD, COPY_STREAMED, TRIAD_STREAMED, PASSES } Pass;
static const int arrays_of[PASSES] = {1, 2, 3, 2, 3};

static double pass_once(Pass pass, double *const arrays[3], int64_t n) {
  double *a = arrays[0], *b = arrays[1], *c = arrays[2];
  switch (pass) {
    case READ: return read_pass(a, n);
    case COPY: copy_pass(b, a, n); break;
    case TRIAD: triad_pass(c, a, b, n); break;
    case COPY_STREAMED: copy_streamed(b, a, n); break;
    default: triad_streamed(c, a, b, n);
  }
  return arrays[arrays_of[pass] - 1][n / 2];
}

/* GB/s of all threads, each of which passes over so many bytes again and again. */
static double bandwidth(Pass pass, int64_t bytes) {
  int64_t n = bytes / arrays_of[pass] / (int64_t)sizeof(double) / WIDE * WIDE;
  int64_t passes = 1 + effort * MEGABYTE / bytes;
  double best = 1e9, total = 0;
#pragma omp parallel reduction(+ : total)
  {
    double *pages[3], *arrays[3] = {NULL};
    for (int k = 0; k < arrays_of[pass]; k++) {
      pages[k] = pages_make(n + 3 * APART), arrays[k] = pages[k] + k * APART;
      for (int64_t i = 0; i < n; i++) arrays[k][i] = k;
    }
    for (int r = 0; r < REPEATS; r++) {
#pragma omp barrier
      double start = seconds();
      for (int64_t p = 0; p < passes; p++) total += pass_once(pass, arrays, n);
#pragma omp barrier
      double taken = seconds() - start;
#pragma omp master
      best = taken < best ? taken : best;
    }
    for (int k = 0; k < arrays_of[pass]; k++) free(pages[k]);
  }
  if (isnan(total)) exit(1);
  double moved = (double)(arrays_of[pass] * n * (int64_t)sizeof(double) * passes);
  return 1e-9 * moved * omp_get_max_threads() / best;
}

static double larger(double a, double b) { return a > b ? a : b; }

typedef struct Level {
  const char *name;
  int64_t bytes; /* 0: it is none */
  double read, copy, triad;
} Level;

static Level level(const char *name, int64_t bytes) {
  if (bytes <= 0) return (Level){.bytes = 0};
  return (Level){name, bytes, bandwidth(READ, bytes), bandwidth(COPY, bytes),
                 bandwidth(TRIAD, bytes)};
}

static Level memory_level(int64_t bytes) {
  Level memory = level("memory", bytes);
  memory.copy = larger(memory.copy, bandwidth(COPY_STREAMED, bytes));
  memory.triad = larger(memory.triad, bandwidth(TRIAD_STREAMED, bytes));
  return memory;
}

/* Virtual machines claim caches that they share with others: as much counts as is faster than
 * memory.
 */
static Level last_cache(int64_t bytes, int64_t before, const Level *memory) {
  for (; bytes > 2 * before; bytes /= 2)
    if (bandwidth(TRIAD, bytes) > 1.5 * memory->triad) return level("L3", bytes);
  return (Level){.bytes = 0};
}

static void print(const Level *l) {
  if (l->bytes)
    printf("%s_bytes %lld %s_read %.2f %s_copy %.2f %s_triad %.2f ", l->name, (long long)l->bytes,
           l->name, l->read, l->name, l->copy, l->name, l->triad);
}

int main(int count, char **words) {
  const int64_t threads = omp_get_max_threads();
  effort = argument(count, words, 1, 64);
  if (effort < 1) return 2;
  int64_t first = sysconf(_SC_LEVEL1_DCACHE_SIZE), second = sysconf(_SC_LEVEL2_CACHE_SIZE),
          third = sysconf(_SC_LEVEL3_CACHE_SIZE),
          most = sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE) / 8;
  int64_t large = 4 * third > 256 * MEGABYTE ? 4 * third : 256 * MEGABYTE;
  if (most > 16 * effort * MEGABYTE) most = 16 * effort * MEGABYTE;
  printf("adds %.2f muladds %.2f ", arithmetic(add_all, 1), arithmetic(muladd_all, 2));
  Level memory = memory_level((large < most ? large : most) / threads);
  Level caches[] = {level("L1", first / 2), level("L2", second / 2),
                    last_cache(third / 2 / threads, second, &memory)};
  for (int k = 0; k < 3; k++) print(&caches[k]);
  print(&memory);
  printf("threads %lld\n", (long long)threads);
}
