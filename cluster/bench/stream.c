/* The machine's memory bandwidth, as STREAM (McCalpin) counts it: bytes read plus bytes written by
 * the program. The arrays together exceed the last cache, or take a quarter of the memory,
 * whichever is less.
 *
 *     OMP_NUM_THREADS=2 OMP_PROC_BIND=true stream [MEGABYTES]      prints: copy GB/s triad GB/s */
#include "common.h"

#include <unistd.h>

static double best_of(double best, double now) { return now < best ? now : best; }

int main(int count, char **words) {
  int64_t cache = sysconf(_SC_LEVEL3_CACHE_SIZE),
          memory = sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
  int64_t wanted = cache > (64 << 20) ? 4 * cache : 256 << 20;
  int64_t bytes = argument(count, words, 1, (wanted < memory / 4 ? wanted : memory / 4) >> 20)
                  << 20;
  int64_t n = bytes / 3 / (int64_t)sizeof(double);
  double *restrict a = pages_make(n), *restrict b = pages_make(n), *restrict c = pages_make(n);
#pragma omp parallel for schedule(static)
  for (int64_t i = 0; i < n; i++) a[i] = 1, b[i] = 2, c[i] = 0;

  double copy = 1e9, triad = 1e9;
  for (int repeat = 0; repeat < 5; repeat++) {
    double start = seconds();
#pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < n; i++) c[i] = a[i];
    double middle = seconds();
#pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < n; i++) a[i] = b[i] + 3.0 * c[i];
    copy = best_of(copy, middle - start), triad = best_of(triad, seconds() - middle);
  }
  printf("copy %.2f triad %.2f\n", 16e-9 * (double)n / copy, 24e-9 * (double)n / triad);
  int wrong = c[n / 2] == 0;
  free(a), free(b), free(c);
  return wrong;
}
