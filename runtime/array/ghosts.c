/* Ghosts: valid copies of other nodes' elements, as families of boxes, one per node. */
#include "runtime.h"

#include <stdlib.h>
#include <string.h>

enum { FAMILIES = 8 };

/* Of the coordinates that count: what a box holds beyond its dimensions is anything, and differs
 * among ranks. */
static uint64_t hash_boxes(int ndim, const Box *box, int count) {
  uint64_t hash = 7;
  for (int k = 0; k < count; k++) {
    hash = ql_hash_bytes(hash, box[k].lo, (size_t)ndim * sizeof(int64_t));
    hash = ql_hash_bytes(hash, box[k].hi, (size_t)ndim * sizeof(int64_t));
  }
  return hash;
}

Ghosts *rt_ghosts_with(const Ghosts *old, int ndim, int nodes, const Box *family) {
  int keep = old ? QL_MIN(old->families, FAMILIES - 1) : 0; /* the oldest is forgotten */
  Ghosts *ghosts = malloc(sizeof *ghosts + (size_t)(keep + 1) * (size_t)nodes * sizeof(Box));
  if (!ghosts) return NULL;
  size_t row = (size_t)nodes * sizeof(Box);
  if (keep) memcpy(ghosts->box, old->box + (old->families - keep) * nodes, (size_t)keep * row);
  memcpy(ghosts->box + keep * nodes, family, row);
  ghosts->references = 1, ghosts->families = keep + 1, ghosts->nodes = nodes;
  ghosts->hash = hash_boxes(ndim, ghosts->box, ghosts->families * nodes);
  return ghosts;
}

bool rt_ghosts_hold(const Ghosts *ghosts, int ndim, const Box *family) {
  if (!ghosts) return false;
  for (int f = 0; f < ghosts->families; f++) {
    bool holds = true;
    for (int n = 0; n < ghosts->nodes && holds; n++)
      holds = box_empty(ndim, &family[n]) ||
              box_contains(ndim, &ghosts->box[f * ghosts->nodes + n], &family[n]);
    if (holds) return true;
  }
  return false;
}

void rt_ghosts_release(Ghosts *ghosts) {
  if (ghosts && --ghosts->references == 0) free(ghosts);
}
