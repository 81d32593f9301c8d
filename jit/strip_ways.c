/* Branches that iterations take differently, inside a strip. All ways are gone, one after the
 * other, each for the iterations that take it; where they meet again, each iteration has what its
 * own way gave. So what lies between may compute and load, but store nothing beside private memory,
 * and have no loops. */
#include "strips.h"

#include <stdlib.h>
#include <string.h>

/* Marks what `block` reaches without `join`, itself left out; false: the end of the iteration, or
 * what is behind the loop, is among that. */
static bool reach(const Strips *s, uint32_t block, uint32_t join, bool *reached) {
  uint32_t to[2];
  for (int t = 0, count = ir_targets(s->fn, block, to); t < count; t++) {
    if (to[t] == join || reached[to[t]]) continue;
    if (to[t] == s->head || !s->inside[to[t]]) return false;
    reached[to[t]] = true;
    if (!reach(s, to[t], join, reached)) return false;
  }
  return true;
}

void strip_between(const Strips *s, uint32_t block, uint32_t join, bool *between) {
  memset(between, 0, s->blocks);
  reach(s, block, join, between);
}

/* The first block that all ways come to; STRIP_NOWHERE: there is none. */
static uint32_t join_of(const Strips *s, uint32_t block, bool *between) {
  for (uint32_t i = s->flow.position[block] + 1; i < s->flow.count; i++) {
    uint32_t join = s->flow.order[i];
    if (!s->inside[join]) continue;
    memset(between, 0, s->blocks);
    if (reach(s, block, join, between) && !between[block]) return join;
  }
  return STRIP_NOWHERE;
}

static bool can_be_gone(const Strips *s, uint32_t block, const bool *between) {
  const IrBlock *b = &s->fn->blocks[block];
  uint32_t to[2];
  for (uint32_t k = 0; k < b->count; k++) {
    bool private = strip_is_store(s, b->ins[k]) && strip_is_private(s, b->ins[k]);
    if (ir_has_effect(strip_ins(s, b->ins[k])) && !private) return false;
  }
  for (int t = 0, count = ir_targets(s->fn, block, to); t < count; t++)
    if (between[to[t]] && ir_dominates(&s->flow, to[t], block)) return false;
  return true;
}

void strip_part(Strips *s, uint32_t block) {
  bool *between = s->torn + s->blocks; /* scratch */
  uint32_t join = join_of(s, block, between);
  s->refused |= join == STRIP_NOWHERE;
  for (uint32_t b = 0; b < s->blocks && !s->refused; b++)
    s->refused |= between[b] && !can_be_gone(s, b, between);
  if (s->refused) return;
  s->join[block] = join;
  for (uint32_t b = 0; b < s->blocks; b++) s->torn[b] |= between[b] || b == join;
}
