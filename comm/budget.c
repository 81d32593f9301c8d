/* What the machine leaves us: memory (contract C12) and processor time, from /proc and from control
 * groups of version 1 and 2.
 *
 * A limit may be set on any ancestor, and in a container the path in /proc/self/cgroup may not
 * exist below the mount point; so the folder and all its parents are asked, up to the mount point,
 * and the smallest answer counts. */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { PATH_BYTES = 4352 };

static bool read_text(const char *path, char *text, size_t size) {
  FILE *file = fopen(path, "re");
  if (!file) return false;
  size_t got = fread(text, 1, size - 1, file);
  text[got] = 0;
  fclose(file);
  return got > 0;
}

/* The number after `key` at the start of a line, or `fallback`. */
static int64_t field(const char *text, const char *key, int64_t fallback) {
  size_t length = strlen(key);
  for (const char *line = text; line && *line;
       line = strchr(line, '\n'), line = line ? line + 1 : NULL)
    if (strncmp(line, key, length) == 0) return strtoll(line + length, NULL, 10);
  return fallback;
}

static bool read_file(const char *folder, const char *name, char *text, size_t size) {
  char path[PATH_BYTES + 64];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return read_text(path, text, size);
}

/* A number in a file; INT64_MAX where there is none ("max", or no such file). */
static int64_t read_limit(const char *folder, const char *name) {
  char text[64];
  if (!read_file(folder, name, text, sizeof text) || text[0] < '0' || text[0] > '9')
    return INT64_MAX;
  return strtoll(text, NULL, 10);
}

/* Pages of files that the kernel can drop count as free. */
static int64_t headroom(const char *folder, int64_t limit, int64_t used, const char *key) {
  char stat[8192] = "";
  if (limit == INT64_MAX || used == INT64_MAX) return INT64_MAX;
  read_file(folder, "memory.stat", stat, sizeof stat);
  return QL_MAX(limit - used + field(stat, key, 0), 0);
}

static double memory_v2(const char *folder) {
  int64_t limit = QL_MIN(read_limit(folder, "memory.max"), read_limit(folder, "memory.high"));
  return (double)headroom(folder, limit, read_limit(folder, "memory.current"), "inactive_file ");
}

static double memory_v1(const char *folder) {
  int64_t limit = read_limit(folder, "memory.limit_in_bytes");
  if (limit > INT64_MAX / 2) limit = INT64_MAX; /* "no limit" is the largest multiple of a page */
  return (double)headroom(folder, limit, read_limit(folder, "memory.usage_in_bytes"),
                          "total_inactive_file ");
}

static double cpu_v2(const char *folder) {
  char text[64];
  double quota = 0, period = 0;
  if (!read_file(folder, "cpu.max", text, sizeof text) ||
      sscanf(text, "%lf %lf", &quota, &period) != 2 || period <= 0)
    return 1e9;
  return quota / period;
}

static double cpu_v1(const char *folder) {
  char text[64];
  if (!read_file(folder, "cpu.cfs_quota_us", text, sizeof text)) return 1e9;
  double quota = strtod(text, NULL), period = (double)read_limit(folder, "cpu.cfs_period_us");
  return quota > 0 && period > 0 ? quota / period : 1e9;
}

/* The smallest answer of the group at `path` below `mount` and of its parents. */
static double least_upwards(const char *mount, const char *path,
                            double (*ask)(const char *folder)) {
  char folder[PATH_BYTES];
  double least = 1e30;
  if (snprintf(folder, sizeof folder, "%s%s", mount, path) >= (int)sizeof folder) return least;
  for (;;) {
    least = QL_MIN(least, ask(folder));
    char *slash = strrchr(folder, '/');
    if (!slash || slash < folder + strlen(mount)) break;
    *slash = 0;
  }
  return least;
}

/* /proc/self/cgroup has lines "number:controllers:path"; version 2 has number 0 and no controllers.
 */
static double least(const char *controller, double (*v1)(const char *),
                    double (*v2)(const char *)) {
  char text[PATH_BYTES], mount[96];
  double answer = 1e30;
  if (!read_text("/proc/self/cgroup", text, sizeof text)) return answer;
  char *rest = NULL;
  for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
    char *names = strchr(line, ':'), *path = names ? strchr(names + 1, ':') : NULL;
    if (!path) continue;
    *path++ = 0, names++;
    if (*names == 0) {
      answer = QL_MIN(answer, least_upwards("/sys/fs/cgroup", path, v2));
      answer = QL_MIN(answer, least_upwards("/sys/fs/cgroup/unified", path, v2));
      continue;
    }
    char *more = NULL;
    for (char *name = strtok_r(names, ",", &more); name; name = strtok_r(NULL, ",", &more)) {
      if (strcmp(name, controller) != 0) continue;
      snprintf(mount, sizeof mount, "/sys/fs/cgroup/%s", controller);
      answer = QL_MIN(answer, least_upwards(mount, path, v1));
    }
  }
  return answer;
}

/* Half of the address space that a limit leaves, for the arena is not the only user of it. */
static double address_space(void) {
  struct rlimit limit;
  char status[4096] = "";
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return 1e30;
  read_text("/proc/self/status", status, sizeof status);
  return QL_MAX((double)limit.rlim_cur - 1024.0 * (double)field(status, "VmSize:", 0), 0) / 2;
}

int64_t comm_memory_available(void) {
  char text[4096] = "";
  read_text("/proc/meminfo", text, sizeof text);
  double bytes = 1024.0 * (double)field(text, "MemAvailable:", 1 << 20);
  bytes = QL_MIN(bytes, least("memory", memory_v1, memory_v2));
  bytes = QL_MIN(bytes, address_space());
  return (int64_t)bytes;
}

double comm_cpu_quota(void) { return QL_MAX(least("cpu", cpu_v1, cpu_v2), 0.01); }
