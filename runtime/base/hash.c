/* Hashing of byte strings: statements, plans, parameters, kernels' text, and the contents of arrays
 * that are compared among ranks. It is for telling apart what our own programs make, not for
 * resisting an adversary.
 *
 * Blocks of 32 bytes go to four independent lanes, so that the multiplications overlap (the scheme
 * of XXH64, Y. Collet); the lanes, the last whole words and the last bytes then go through ql_mix.
 * Words are read in the machine's order: all ranks of a job and all users of one disk cache have
 * the same one. */
#include "base.h"

#include <string.h>

enum { LANES = 4, BLOCK = LANES * 8 };

static inline uint64_t load_word(const unsigned char *at) {
  uint64_t word;
  memcpy(&word, at, sizeof word);
  return word;
}

static inline uint64_t lane_step(uint64_t lane, uint64_t word) {
  lane += word * 0xc2b2ae3d27d4eb4fu;
  return (lane << 31 | lane >> 33) * 0x9e3779b185ebca87u;
}

uint64_t ql_hash_bytes(uint64_t seed, const void *bytes, size_t size) {
  const unsigned char *at = bytes;
  size_t left = size;
  uint64_t h = ql_mix(seed, size);
  if (left >= BLOCK) {
    uint64_t lane[LANES] = {h, h ^ 0x60ea27eeadc0b5d6u, h + 0x165667b19e3779f9u, ~h};
    for (; left >= BLOCK; at += BLOCK, left -= BLOCK)
      for (int k = 0; k < LANES; k++) lane[k] = lane_step(lane[k], load_word(at + 8 * k));
    for (int k = 0; k < LANES; k++) h = ql_mix(h, lane[k]);
  }
  for (; left >= 8; at += 8, left -= 8) h = ql_mix(h, load_word(at));
  if (left > 0) {
    uint64_t word = 0;
    memcpy(&word, at, left);
    h = ql_mix(h, word);
  }
  return h;
}
