/* Ghosts: valid copies of other nodes' elements, known as depths and regions, which are the same on
 * all nodes however many there are. */
#include "runtime.h"

#include <stdlib.h>
#include <string.h>

static bool halo_holds(int ndim, const Halo *outer, const Halo *inner) {
  for (int a = 0; a < ndim; a++)
    for (int side = 0; side < 2; side++)
      if (outer->depth[a][side] < inner->depth[a][side]) return false;
  return box_contains(ndim, &outer->region, &inner->region);
}

Ghosts *rt_ghosts_with(const Ghosts *old, int ndim, const Halo *halo) {
  int room = old ? old->count + 1 : 1;
  Ghosts *ghosts = malloc(sizeof *ghosts + (size_t)room * sizeof *halo);
  if (!ghosts) return NULL;
  ghosts->references = 1, ghosts->count = 0;
  for (int k = 0; k < room - 1; k++) {
    bool oldest = k == 0 && old->count == GHOST_HALOS; /* it is forgotten */
    if (!oldest && !halo_holds(ndim, halo, &old->halo[k]))
      ghosts->halo[ghosts->count++] = old->halo[k];
  }
  ghosts->halo[ghosts->count++] = *halo;
  return ghosts;
}

bool rt_ghosts_hold(const Ghosts *ghosts, int ndim, const Halo *halo) {
  for (int k = 0; ghosts && k < ghosts->count; k++)
    if (halo_holds(ndim, &ghosts->halo[k], halo)) return true;
  return false;
}

void rt_ghosts_release(Ghosts *ghosts) {
  if (ghosts && --ghosts->references == 0) free(ghosts);
}
