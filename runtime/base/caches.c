/* The caches of this machine: what they hold, and how much of that is near.
 *
 * The last level differs by more than its size. AMD's feeds a stencil nearly as well as the second
 * level does: a few cores share one. Across the mesh of a server's tiles a loop over two arrays
 * takes 1.9 times as long (in pages of 4 KB), and what lies there is worth computing in sweeps:
 * Jacobi's iteration on 1000 x 1000 takes 0.45 of the time in them where a core has 2 MB of second
 * level, and as long as without them on AMD's with 512 KB. Timing both levels at each start would
 * tell it of any processor, but takes 4 ms, most of it for the first touch of pages. */
#include "base.h"

#include <ctype.h>
#include <stdio.h>
#include <unistd.h>

enum { USUAL_CORE = 1 << 18, USUAL_SHARE = 1 << 20, MOST_NEAR = 12 << 20 };

static int bits_of(int letter) {
  int value = isdigit(letter) ? letter - '0' : tolower(letter) - 'a' + 10;
  return isxdigit(letter) ? __builtin_popcount((unsigned)value) : 0;
}

/* How many processors share the last level; 0: the system does not say. */
static int64_t sharers(void) {
  int64_t count = 0;
  FILE *map = fopen("/sys/devices/system/cpu/cpu0/cache/index3/shared_cpu_map", "r");
  for (int letter; map && (letter = fgetc(map)) != EOF;) count += bits_of(letter);
  if (map) fclose(map);
  return count;
}

static bool last_is_near(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return __builtin_cpu_is("amd");
#else
  return false;
#endif
}

QlCaches ql_caches(void) {
  int64_t core = sysconf(_SC_LEVEL2_CACHE_SIZE), last = sysconf(_SC_LEVEL3_CACHE_SIZE),
          cores = QL_MAX(sysconf(_SC_NPROCESSORS_CONF), 1), sharing = sharers();
  if (core <= 0) core = USUAL_CORE;
  QlCaches caches = {.front = core / 4 * 3, .all = cores * QL_MAX(core, USUAL_SHARE)};
  if (last > 0) caches.all = (sharing ? QL_MAX(cores / sharing, 1) : 1) * last;
  /* a virtual machine may show the cache of a processor whose other cores are somebody else's */
  int64_t share = last > 0 && last_is_near() ? QL_MIN(caches.all / cores, MOST_NEAR) : 0;
  caches.near = QL_MAX(caches.front, share);
  return caches;
}
