/* Lines have the same bits by code for vectors of every width, beside others or alone, and no
 * memory is touched beyond what is asked for. */
#include "../check.h"
#include "lines.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

extern const FftVariant fft_variant_plain;
#ifdef __x86_64__
extern const FftVariant fft_variant_avx2, fft_variant_avx512;
#endif

/* Every call, while lines are transformed too. */
static long taken;
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size) {
  taken++;
  return __real_malloc(size);
}

static int variants(const FftVariant **variant) {
  int count = 0;
  variant[count++] = &fft_variant_plain;
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx2")) variant[count++] = &fft_variant_avx2;
  if (__builtin_cpu_supports("avx512f")) variant[count++] = &fft_variant_avx512;
#endif
  return count;
}

enum { LINES = 37, LONGEST = 20011, WIDEST = 16, GUARD = 0x5a };

/* Numbers of a line that are read, and stored, and their bytes. */
typedef struct Form {
  int64_t given, stored, from, to;
} Form;

static Form form_of(FftKind kind, bool single, int64_t length) {
  int64_t real = single ? 4 : 8, half = length / 2 + 1;
  bool reads_half = kind == FFT_REAL, reads_complex = reads_half || kind == FFT_COMPLEX;
  return (Form){.given = reads_half ? half : length,
                .stored = kind == FFT_HALF ? half : length,
                .from = reads_complex ? 2 * real : real,
                .to = kind == FFT_REAL ? real : 2 * real};
}

static void fill(char *to, int64_t bytes, bool single) {
  for (int64_t k = 0; k * (single ? 4 : 8) < bytes; k++) {
    double number = (double)(k * k % 2003 - 1000) / 7 + (double)(k % 11);
    float near = (float)number;
    if (single)
      memcpy(to + 4 * k, &near, 4);
    else
      memcpy(to + 8 * k, &number, 8);
  }
}

/* Lines lie one after another, or side by side. */
static FftBox box_of(FftKind kind, const Form *form, const int64_t *none, int64_t *hi,
                     int64_t (*stride)[2], int axis, int64_t lines) {
  hi[axis] = form->stored, hi[1 - axis] = lines;
  for (int k = 0; k < 2; k++) {
    int64_t item = k ? form->to : form->from, numbers = k ? form->stored : form->given;
    stride[k][axis] = axis ? item : LINES * item;
    stride[k][1 - axis] = axis ? numbers * item : item;
  }
  return (FftBox){.kind = kind,
                  .rank = 2,
                  .axis = axis,
                  .lo = none,
                  .hi = hi,
                  .from_stride = stride[0],
                  .to_stride = stride[1],
                  .given = form->given,
                  .factor = 0.3};
}

/* One line of a box whose lines lie one after another. */
static void gather(const char *from, const Form *form, int axis, int64_t line, char *to) {
  for (int64_t k = 0; k < form->stored; k++)
    memcpy(to + k * form->to, from + (axis ? line * form->stored + k : k * LINES + line) * form->to,
           (size_t)form->to);
}

static bool check_variant(const FftVariant *variant, FftKind kind, bool single, int64_t length,
                          int axis, const char *from, const char *want, char *got) {
  static char line[LONGEST * WIDEST];
  const int64_t none[2] = {0, 0};
  int64_t hi[2], stride[2][2], bytes, scratch_bytes;
  Form form = form_of(kind, single, length);
  FftBox box = box_of(kind, &form, none, hi, stride, axis, LINES);
  void *plan = variant->make(kind != FFT_COMPLEX, single, length, &bytes, &scratch_bytes);
  char *scratch = malloc((size_t)scratch_bytes + 1);
  int64_t size = LINES * form.stored * form.to, wrong = 0;
  scratch[scratch_bytes] = GUARD, got[size] = GUARD;
  box.from = from, box.to = got;
  long before = taken;
  variant->run(plan, single, length, &box, scratch, scratch_bytes);
  bool fine = CHECK_INT_EQ(taken, before);
  for (int64_t k = 0; k < LINES; k++) {
    gather(got, &form, axis, k, line);
    wrong += memcmp(line, want + k * form.stored * form.to, (size_t)(form.stored * form.to)) != 0;
  }
  fine &=
      CHECK_INT_EQ(wrong, 0) && CHECK(scratch[scratch_bytes] == GUARD) && CHECK(got[size] == GUARD);
  free(scratch), variant->drop(plan, kind != FFT_COMPLEX, single);
  return fine;
}

/* Each alone, by the plain code. */
static void transform_alone(FftKind kind, bool single, int64_t length, int axis, const char *from,
                            char *want) {
  const int64_t none[2] = {0, 0};
  int64_t hi[2], stride[2][2], bytes, scratch_bytes;
  Form form = form_of(kind, single, length);
  FftBox box = box_of(kind, &form, none, hi, stride, axis, 1);
  void *plan = fft_variant_plain.make(kind != FFT_COMPLEX, single, length, &bytes, &scratch_bytes);
  char *scratch = malloc((size_t)scratch_bytes);
  stride[1][axis] = form.to;
  for (int64_t k = 0; k < LINES; k++) {
    box.from = from + k * stride[0][1 - axis], box.to = want + k * form.stored * form.to;
    fft_variant_plain.run(plan, single, length, &box, scratch, scratch_bytes);
  }
  free(scratch), fft_variant_plain.drop(plan, kind != FFT_COMPLEX, single);
}

static void same_bits(void) {
  static const int64_t lengths[] = {1,  2,  3,   4,   5,   7,    8,    11,   13,   16,
                                    30, 49, 100, 101, 121, 1009, 1024, 1155, 4096, LONGEST};
  const FftVariant *variant[3];
  int count = variants(variant);
  size_t most = (size_t)LINES * LONGEST * WIDEST + 1;
  char *from = malloc(most), *want = malloc(most), *got = malloc(most);
  for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++)
    for (int kind = 0; kind < FFT_KINDS; kind++)
      for (int turn = 0; turn < 4; turn++) {
        bool single = turn & 1;
        int axis = turn >> 1;
        Form form = form_of((FftKind)kind, single, lengths[l]);
        fill(from, LINES * form.given * form.from, single);
        transform_alone((FftKind)kind, single, lengths[l], axis, from, want);
        for (int v = 0; v < count; v++)
          if (!check_variant(variant[v], (FftKind)kind, single, lengths[l], axis, from, want, got))
            printf("variant %d, kind %d, length %lld, single %d, axis %d\n", v, kind,
                   (long long)lengths[l], single, axis);
      }
  free(from), free(want), free(got);
}

static const CheckTest tests[] = {CHECK_TEST(same_bits)};

int main(int argc, char **argv) {
  return check_run(tests, sizeof tests / sizeof *tests, argc, argv);
}
