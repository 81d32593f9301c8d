/* Valid ghosts: what they hold, what they forget, and that ranks with the same ones have the same
 * hash. */
#include "runtime.h"

#include "../check.h"

enum { NDIM = 2, NODES = 3 };

/* A family of boxes [k, k + 4) x [0, size); beyond the dimensions lies `garbage`. */
static void family(Box *boxes, int64_t k, int64_t size, int garbage) {
  memset(boxes, garbage, NODES * sizeof *boxes);
  for (int n = 0; n < NODES; n++)
    boxes[n].lo[0] = k, boxes[n].hi[0] = k + 4, boxes[n].lo[1] = 0, boxes[n].hi[1] = size;
}

static void hashes_ignore_what_is_no_coordinate(void) {
  Box clean[NODES], dirty[NODES], other[NODES];
  family(clean, 1, 5, 0), family(dirty, 1, 5, 0x5a), family(other, 1, 6, 0);
  Ghosts *a = rt_ghosts_with(NULL, NDIM, NODES, clean),
         *b = rt_ghosts_with(NULL, NDIM, NODES, dirty);
  Ghosts *c = rt_ghosts_with(NULL, NDIM, NODES, other), *d = rt_ghosts_with(a, NDIM, NODES, other);
  CHECK(a->hash == b->hash);
  CHECK(a->hash != c->hash);
  CHECK(d->hash != a->hash && d->hash != c->hash);
  rt_ghosts_release(a), rt_ghosts_release(b), rt_ghosts_release(c), rt_ghosts_release(d);
}

static void holds_what_is_inside(void) {
  Box large[NODES], small[NODES], shifted[NODES], empty[NODES];
  family(large, 1, 9, 0), family(small, 1, 5, 0), family(shifted, 2, 5, 0), family(empty, 7, 0, 0);
  Ghosts *ghosts = rt_ghosts_with(NULL, NDIM, NODES, large);
  CHECK(rt_ghosts_hold(ghosts, NDIM, small));
  CHECK(rt_ghosts_hold(ghosts, NDIM, empty));
  CHECK(!rt_ghosts_hold(ghosts, NDIM, shifted));
  CHECK(!rt_ghosts_hold(NULL, NDIM, small));
  Ghosts *both = rt_ghosts_with(ghosts, NDIM, NODES, shifted);
  CHECK(rt_ghosts_hold(both, NDIM, small) && rt_ghosts_hold(both, NDIM, shifted));
  rt_ghosts_release(ghosts), rt_ghosts_release(both);
}

static void the_oldest_is_forgotten(void) {
  Box boxes[NODES];
  Ghosts *ghosts = NULL;
  for (int64_t k = 0; k < 100; k++) {
    family(boxes, 10 * k, 5, 0);
    Ghosts *more = rt_ghosts_with(ghosts, NDIM, NODES, boxes);
    rt_ghosts_release(ghosts);
    ghosts = more;
    CHECK(rt_ghosts_hold(ghosts, NDIM, boxes));
  }
  family(boxes, 980, 5, 0);
  CHECK(rt_ghosts_hold(ghosts, NDIM, boxes));
  family(boxes, 0, 5, 0);
  CHECK(!rt_ghosts_hold(ghosts, NDIM, boxes));
  rt_ghosts_release(ghosts);
}

CHECK_MAIN(CHECK_TEST(hashes_ignore_what_is_no_coordinate), CHECK_TEST(holds_what_is_inside),
           CHECK_TEST(the_oldest_is_forgotten))
