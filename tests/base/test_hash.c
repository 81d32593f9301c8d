/* ql_hash_bytes: it reads exactly its bytes, at any alignment, and every bit, the length and the
 * seed count. */
#include "../check.h"
#include "base.h"

#include <stdlib.h>

enum { LONGEST = 200 };

static void fill(unsigned char *bytes, size_t size) {
  for (size_t k = 0; k < size; k++) bytes[k] = (unsigned char)(k * 37 + 11);
}

/* In a block of exactly its size, so that an address sanitizer sees a read beyond it. */
static void alignment_does_not_matter(void) {
  for (size_t size = 0; size <= LONGEST; size++) {
    unsigned char *exact = malloc(size + 1), *shifted = malloc(size + 1);
    if (!CHECK(exact && shifted)) return;
    fill(exact, size);
    memmove(shifted + 1, exact, size);
    CHECK(ql_hash_bytes(5, exact, size) == ql_hash_bytes(5, shifted + 1, size));
    free(shifted);
    free(exact);
  }
}

static int compare_words(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

static bool all_differ(uint64_t *words, size_t count) {
  qsort(words, count, sizeof *words, compare_words);
  for (size_t k = 1; k < count; k++)
    if (words[k] == words[k - 1]) return false;
  return true;
}

static void every_bit_counts(void) {
  static uint64_t hashes[8 * LONGEST + 1];
  unsigned char bytes[LONGEST];
  fill(bytes, sizeof bytes);
  for (size_t size = 0; size <= LONGEST; size++) {
    size_t count = 0;
    hashes[count++] = ql_hash_bytes(0, bytes, size);
    for (size_t bit = 0; bit < 8 * size; bit++) {
      bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
      hashes[count++] = ql_hash_bytes(0, bytes, size);
      bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    CHECK(all_differ(hashes, count));
  }
}

static void length_and_seed_count(void) {
  static const unsigned char zeros[LONGEST];
  uint64_t hashes[2 * (LONGEST + 1)];
  for (size_t size = 0; size <= LONGEST; size++) {
    hashes[2 * size] = ql_hash_bytes(1, zeros, size);
    hashes[2 * size + 1] = ql_hash_bytes(2, zeros, size);
  }
  CHECK(all_differ(hashes, 2 * (LONGEST + 1)));
  CHECK(ql_hash_bytes(9, NULL, 0) == ql_hash_bytes(9, zeros, 0));
}

/* Words that change places change the hash, inside a block of four lanes and across blocks. */
static void order_counts(void) {
  uint64_t words[16], hashes[16 * 16];
  size_t count = 0;
  for (int k = 0; k < 16; k++) words[k] = (uint64_t)k;
  hashes[count++] = ql_hash_bytes(0, words, sizeof words);
  for (int a = 0; a < 16; a++)
    for (int b = 0; b < a; b++) {
      uint64_t kept = words[a];
      words[a] = words[b], words[b] = kept;
      hashes[count++] = ql_hash_bytes(0, words, sizeof words);
      words[b] = words[a], words[a] = kept;
    }
  CHECK(all_differ(hashes, count));
}

/* Flipping one input bit flips about half of the output's: each output bit between a quarter and
 * three quarters of the time. */
static void bits_spread(void) {
  enum { TRIALS = 4096 };
  int flips[64] = {0};
  for (uint64_t trial = 0; trial < TRIALS; trial++) {
    uint64_t words[6] = {trial, trial * 3, 0, trial, 1, 0};
    uint64_t before = ql_hash_bytes(trial, words, sizeof words);
    words[trial % 6] ^= UINT64_C(1) << trial / 6 % 64;
    uint64_t changed = before ^ ql_hash_bytes(trial, words, sizeof words);
    for (int bit = 0; bit < 64; bit++) flips[bit] += changed >> bit & 1;
  }
  for (int bit = 0; bit < 64; bit++) CHECK(flips[bit] > TRIALS / 4 && flips[bit] < TRIALS * 3 / 4);
}

CHECK_MAIN(CHECK_TEST(alignment_does_not_matter), CHECK_TEST(every_bit_counts),
           CHECK_TEST(length_and_seed_count), CHECK_TEST(order_counts), CHECK_TEST(bits_spread))
