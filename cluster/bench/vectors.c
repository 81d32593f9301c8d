/* What passes over long vectors take at best: sum, dot product, triad and copy, in C with OpenMP.
 * Those that store are also tried with stores that pass the caches by; the faster way counts.
 *
 *     OMP_NUM_THREADS=2 OMP_PROC_BIND=true vectors [ELEMENTS [REPEATS]]
 *
 * prints: sum S dot S triad S copy S checksum C             (S: seconds, the median of REPEATS)
 * All elements are integers, so that every order of additions gives the same bits. */
#include "common.h"

enum { WIDE = 4 * LINE };

typedef struct Vectors {
  int64_t n;
  double *a, *b, *c;
  double result; /* of the reductions */
} Vectors;

static double whole(int64_t number) { return (double)(number * 2654435761 % 1000); }

/* WIDE sums at once: an addition waits for the one before it. */
static void sum(Vectors *v) {
  double total = 0, sums[WIDE] = {0};
#pragma omp parallel for schedule(static) reduction(+ : sums[ : WIDE])
  for (int64_t i = 0; i < v->n / WIDE; i++)
    for (int j = 0; j < WIDE; j++) sums[j] += v->a[i * WIDE + j];
  for (int64_t i = v->n / WIDE * WIDE; i < v->n; i++) total += v->a[i];
  for (int j = 0; j < WIDE; j++) total += sums[j];
  v->result = total;
}

static void dot(Vectors *v) {
  double total = 0, sums[WIDE] = {0};
#pragma omp parallel for schedule(static) reduction(+ : sums[ : WIDE])
  for (int64_t i = 0; i < v->n / WIDE; i++)
    for (int j = 0; j < WIDE; j++) sums[j] += v->a[i * WIDE + j] * v->b[i * WIDE + j];
  for (int64_t i = v->n / WIDE * WIDE; i < v->n; i++) total += v->a[i] * v->b[i];
  for (int j = 0; j < WIDE; j++) total += sums[j];
  v->result = total;
}

static void triad(Vectors *v) {
  const double *restrict a = v->a, *restrict b = v->b;
  double *restrict c = v->c;
#pragma omp parallel for simd schedule(static)
  for (int64_t i = 0; i < v->n; i++) c[i] = b[i] + 3.0 * a[i];
}

static void copy(Vectors *v) {
  const double *restrict a = v->a;
  double *restrict c = v->c;
#pragma omp parallel for simd schedule(static)
  for (int64_t i = 0; i < v->n; i++) c[i] = a[i];
}

static void triad_streamed(Vectors *v) {
#pragma omp parallel for schedule(static)
  for (int64_t i = 0; i < v->n / LINE; i++) {
    double line[LINE];
    for (int j = 0; j < LINE; j++) line[j] = v->b[i * LINE + j] + 3.0 * v->a[i * LINE + j];
    stream_line(v->c + i * LINE, line);
  }
  for (int64_t i = v->n / LINE * LINE; i < v->n; i++) v->c[i] = v->b[i] + 3.0 * v->a[i];
}

static void copy_streamed(Vectors *v) {
#pragma omp parallel for schedule(static)
  for (int64_t i = 0; i < v->n / LINE; i++) stream_line(v->c + i * LINE, v->a + i * LINE);
  for (int64_t i = v->n / LINE * LINE; i < v->n; i++) v->c[i] = v->a[i];
}

static const struct {
  const char *name;
  void (*ways[2])(Vectors *);
  int stores; /* or it has a result */
} passes[] = {{"sum", {sum}, 0},
              {"dot", {dot}, 0},
              {"triad", {triad, triad_streamed}, 1},
              {"copy", {copy, copy_streamed}, 1}};

static int compare(const void *a, const void *b) {
  return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

static double median(Vectors *v, void (*way)(Vectors *), int repeats) {
  double times[repeats];
  way(v);
  for (int k = 0; k < repeats; k++) {
    double start = seconds();
    way(v);
    times[k] = seconds() - start;
  }
  qsort(times, (size_t)repeats, sizeof *times, compare);
  return times[repeats / 2];
}

int main(int count, char **words) {
  int64_t n = argument(count, words, 1, 100000000);
  int repeats = (int)argument(count, words, 2, 5);
  if (n < 1 || repeats < 1) return 2;
  Vectors v = {n, pages_make(n), pages_make(n), pages_make(n), 0};
#pragma omp parallel for schedule(static)
  for (int64_t i = 0; i < n; i++) v.a[i] = whole(i), v.b[i] = whole(n + i), v.c[i] = 0;

  uint64_t check = 0;
  for (size_t k = 0; k < sizeof passes / sizeof *passes; k++) {
    double best = 1e9;
    for (int w = 0; w < 2 && passes[k].ways[w]; w++) {
      double time = median(&v, passes[k].ways[w], repeats);
      best = time < best ? time : best;
    }
    check += passes[k].stores ? check_line(v.c, n, 0) : (uint64_t)v.result;
    printf("%s %.9f ", passes[k].name, best);
  }
  printf("checksum %llu\n", (unsigned long long)check);
  free(v.a), free(v.b), free(v.c);
}
