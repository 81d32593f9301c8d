/* Tables and transforms, by the code for the widest vectors that the processor has. */
#include "lines.h"

#include <stdlib.h>

#define VARIANT(name) extern const FftVariant fft_variant_##name;
#ifdef __x86_64__
VARIANT(avx2)
VARIANT(avx512)
#endif
VARIANT(plain)
#undef VARIANT

struct FftTables {
  const FftVariant *variant;
  bool real, single;
  int64_t length, bytes, scratch;
  void *plan;
};

static const FftVariant *choose(void) {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f")) return &fft_variant_avx512;
  if (__builtin_cpu_supports("avx2")) return &fft_variant_avx2;
#endif
  return &fft_variant_plain;
}

FftTables *fft_tables_new(FftKind kind, bool single, int64_t length) {
  FftTables *tables = malloc(sizeof *tables);
  if (!tables) return NULL;
  *tables = (FftTables){choose(), kind != FFT_COMPLEX, single, length, 0, 0, NULL};
  tables->plan =
      tables->variant->make(tables->real, single, length, &tables->bytes, &tables->scratch);
  if (tables->plan) return tables;
  free(tables);
  return NULL;
}

void fft_tables_free(FftTables *tables) {
  if (tables) tables->variant->drop(tables->plan, tables->real, tables->single);
  free(tables);
}

int64_t fft_tables_bytes(const FftTables *tables) { return tables->bytes; }
int64_t fft_scratch_bytes(const FftTables *tables) { return tables->scratch; }

void fft_lines(const FftTables *tables, const FftBox *box, void *scratch) {
  tables->variant->run(tables->plan, tables->single, tables->length, box, scratch, tables->scratch);
}
