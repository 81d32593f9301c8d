/* Ghosts: valid copies of other nodes' elements, as families of boxes, one per node. */
#include "runtime.h"

#include <stdlib.h>
#include <string.h>

enum { FAMILIES = 8 };

Ghosts *rt_ghosts_with(const Ghosts *old, int nodes, const Box *family) {
  int keep = old ? QL_MIN(old->families, FAMILIES - 1) : 0; /* the oldest is forgotten */
  Ghosts *ghosts = malloc(sizeof *ghosts + (size_t)(keep + 1) * (size_t)nodes * sizeof(Box));
  if (!ghosts) return NULL;
  size_t row = (size_t)nodes * sizeof(Box);
  if (keep) memcpy(ghosts->box, old->box + (old->families - keep) * nodes, (size_t)keep * row);
  memcpy(ghosts->box + keep * nodes, family, row);
  ghosts->references = 1, ghosts->families = keep + 1, ghosts->nodes = nodes;
  ghosts->hash = ql_hash_bytes(7, ghosts->box, (size_t)ghosts->families * row);
  return ghosts;
}

bool rt_ghosts_hold(const Ghosts *ghosts, int ndim, const Box *family) {
  if (!ghosts) return false;
  for (int f = 0; f < ghosts->families; f++) {
    bool holds = true;
    for (int n = 0; n < ghosts->nodes && holds; n++)
      holds = box_empty(ndim, &family[n]) || box_contains(ndim, &ghosts->box[f * ghosts->nodes + n], &family[n]);
    if (holds) return true;
  }
  return false;
}

void rt_ghosts_release(Ghosts *ghosts) {
  if (ghosts && --ghosts->references == 0) free(ghosts);
}
