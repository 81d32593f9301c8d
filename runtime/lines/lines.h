/* Fourier transforms of whole lines. Tables belong to one length; a transform takes the lines of a
 * box along one axis, each of which has the same bits in any box. */
#ifndef QUELEA_LINES_H
#define QUELEA_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a line of n numbers becomes. */
typedef enum FftKind {
  FFT_COMPLEX,   /* n complex numbers: n complex ones */
  FFT_SYMMETRIC, /* n real numbers: n complex ones */
  FFT_HALF,      /* n real numbers: the first n / 2 + 1 of these */
  FFT_REAL       /* n / 2 + 1 complex numbers, of n that are symmetric: n real ones */
} FftKind;
enum { FFT_KINDS = FFT_REAL + 1, FFT_AXES = 16 };

typedef struct FftTables FftTables;
typedef struct FftBox {
  FftKind kind;
  int rank, axis;
  const int64_t *lo, *hi; /* [rank] along `axis` all of the target */
  const char *from;       /* where position 0 is read, */
  const int64_t *from_stride;
  char *to; /* and stored; strides in bytes */
  const int64_t *to_stride;
  int64_t given; /* of a line so many numbers are read; what is missing is 0 */
  bool backward; /* with +i in the exponent */
  double factor; /* of all results */
} FftBox;

/* For lines of `length` numbers, of float32 or of float64. NULL: out of memory. */
FftTables *fft_tables_new(FftKind kind, bool single, int64_t length);
void fft_tables_free(FftTables *tables);
int64_t fft_tables_bytes(const FftTables *tables);  /* about: what they take, */
int64_t fft_scratch_bytes(const FftTables *tables); /* and what a transform needs beside them */
/* Takes no memory. */
void fft_lines(const FftTables *tables, const FftBox *box, void *scratch);

/* ---- between lines.c and lines.cc ---- */

typedef struct FftVariant {
  void *(*make)(bool real, bool single, int64_t length, int64_t *bytes, int64_t *scratch);
  void (*drop)(void *plan, bool real, bool single);
  void (*run)(const void *plan, bool single, int64_t length, const FftBox *box, void *scratch,
              int64_t scratch_bytes);
} FftVariant;

#ifdef __cplusplus
}
#endif
#endif
