/* Valid ghosts: what they hold, and what they forget. */
#include "runtime.h"

#include "../check.h"

enum { NDIM = 2 };

/* So deep below and above along the first axis, in columns [lo, hi) of 100; beyond the dimensions
 * lies `garbage`. */
static Halo halo(int64_t below, int64_t above, int64_t lo, int64_t hi, int garbage) {
  Halo halo;
  memset(&halo, garbage, sizeof halo);
  halo.depth[0][0] = below, halo.depth[0][1] = above, halo.depth[1][0] = halo.depth[1][1] = 0;
  halo.region.lo[0] = 0, halo.region.hi[0] = 50;
  halo.region.lo[1] = lo, halo.region.hi[1] = hi;
  return halo;
}

static bool hold(const Ghosts *ghosts, int64_t below, int64_t above, int64_t lo, int64_t hi) {
  Halo sought = halo(below, above, lo, hi, 0x5a);
  return rt_ghosts_hold(ghosts, NDIM, &sought);
}

static Ghosts *with(Ghosts *old, int64_t below, int64_t above, int64_t lo, int64_t hi) {
  Halo more = halo(below, above, lo, hi, 0);
  Ghosts *ghosts = rt_ghosts_with(old, NDIM, &more);
  rt_ghosts_release(old);
  return ghosts;
}

static void hold_what_is_less_deep_and_inside(void) {
  Ghosts *ghosts = with(NULL, 2, 1, 10, 90);
  CHECK(hold(ghosts, 2, 1, 10, 90));
  CHECK(hold(ghosts, 1, 0, 20, 30));
  CHECK(!hold(ghosts, 3, 0, 20, 30) && !hold(ghosts, 0, 2, 20, 30));
  CHECK(!hold(ghosts, 1, 0, 9, 30) && !hold(ghosts, 1, 0, 20, 91));
  CHECK(!hold(NULL, 0, 0, 20, 30));
  ghosts = with(ghosts, 0, 3, 0, 100);
  CHECK(hold(ghosts, 2, 1, 10, 90) && hold(ghosts, 0, 3, 0, 100));
  CHECK(!hold(ghosts, 1, 3, 20, 30)); /* not what each of them holds a half of */
  rt_ghosts_release(ghosts);
}

static void what_holds_another_replaces_it(void) {
  Ghosts *ghosts = with(with(with(NULL, 1, 0, 10, 90), 0, 1, 10, 90), 0, 2, 0, 100);
  CHECK_INT_EQ(ghosts->count, 2);
  ghosts = with(ghosts, 1, 2, 0, 100);
  CHECK_INT_EQ(ghosts->count, 1);
  CHECK(hold(ghosts, 1, 0, 10, 90) && hold(ghosts, 0, 2, 0, 100));
  rt_ghosts_release(ghosts);
}

static void the_oldest_is_forgotten(void) {
  Ghosts *ghosts = NULL;
  for (int64_t k = 0; k < 50; k++) {
    ghosts = with(ghosts, k, 0, 0, 100 - k);
    CHECK(hold(ghosts, k, 0, 0, 100 - k));
  }
  CHECK(hold(ghosts, 48, 0, 0, 52));
  CHECK(!hold(ghosts, 0, 0, 0, 100));
  rt_ghosts_release(ghosts);
}

CHECK_MAIN(CHECK_TEST(hold_what_is_less_deep_and_inside),
           CHECK_TEST(what_holds_another_replaces_it), CHECK_TEST(the_oldest_is_forgotten))
