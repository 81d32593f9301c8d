/* Of this machine nothing is known, but that a part is not larger than the whole. */
#include "../check.h"
#include "base.h"

static void parts_and_wholes(void) {
  QlCaches caches = ql_caches();
  CHECK(caches.front >= 1 << 12);
  CHECK(caches.near >= caches.front);
  CHECK(caches.all >= caches.near);
}

static void it_is_the_same_each_time(void) {
  QlCaches caches = ql_caches(), again = ql_caches();
  CHECK(caches.front == again.front && caches.near == again.near && caches.all == again.all);
}

CHECK_MAIN(CHECK_TEST(parts_and_wholes), CHECK_TEST(it_is_the_same_each_time))
