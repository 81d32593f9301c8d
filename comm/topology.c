/* Cores in the binding of this process, by hwloc.
 *
 * A worker belongs on a core, not on a hardware thread: two threads of one core share its vector
 * units. So cores are counted, and one counts when any of its processing units is in the binding.
 * hwloc looks for cores alone: with its default filters (caches, devices) the load takes 40 ms on
 * the reference machine, so 4. */
#include "internal.h"

#include <hwloc.h>

static void add_core(CoreSet *cores, hwloc_const_bitmap_t core, hwloc_const_bitmap_t binding) {
  int name = hwloc_bitmap_first(core);
  if (name >= 0 && name < COMM_MAX_CORES && hwloc_bitmap_intersects(core, binding))
    cores->bits[name / 64] |= 1ull << name % 64;
}

static int load(hwloc_topology_t topology) {
  if (hwloc_topology_set_all_types_filter(topology, HWLOC_TYPE_FILTER_KEEP_NONE) != 0) return -1;
  if (hwloc_topology_set_type_filter(topology, HWLOC_OBJ_CORE, HWLOC_TYPE_FILTER_KEEP_ALL) != 0)
    return -1;
  return hwloc_topology_load(topology);
}

QlStatus comm_cores_read(CoreSet *cores, int *machine_cores, QlError *error) {
  hwloc_topology_t topology = NULL;
  hwloc_bitmap_t binding = hwloc_bitmap_alloc();
  QlStatus status = QL_OK;
  *cores = (CoreSet){{0}};
  if (!binding || hwloc_topology_init(&topology) != 0 || load(topology) != 0) {
    status = ql_fail(error, QL_ERR_OS, "hwloc cannot read the topology of this machine");
    goto out;
  }
  if (hwloc_get_cpubind(topology, binding, HWLOC_CPUBIND_THREAD) != 0) hwloc_bitmap_fill(binding);
  hwloc_obj_type_t type =
      hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE) > 0 ? HWLOC_OBJ_CORE : HWLOC_OBJ_PU;
  *machine_cores = hwloc_get_nbobjs_by_type(topology, type);
  for (hwloc_obj_t core = NULL; (core = hwloc_get_next_obj_by_type(topology, type, core));)
    add_core(cores, core->cpuset, binding);
  if (comm_cores_count(cores) == 0) cores->bits[0] = 1;
out:
  if (topology) hwloc_topology_destroy(topology);
  hwloc_bitmap_free(binding);
  return status;
}

void comm_cores_bind(const CoreSet *cores, int which) {
  cpu_set_t one, bound;
  int core = 0;
  for (int left = which; core < COMM_MAX_CORES; core++)
    if (cores->bits[core / 64] >> core % 64 & 1 && left-- == 0) break;
  if (core >= COMM_MAX_CORES || core >= CPU_SETSIZE) return;
  if (pthread_getaffinity_np(pthread_self(), sizeof bound, &bound) || !CPU_ISSET(core, &bound))
    return; /* the launcher gave us another thread of that core */
  CPU_ZERO(&one);
  CPU_SET(core, &one);
  (void)pthread_setaffinity_np(pthread_self(), sizeof one, &one);
}

int comm_cores_count(const CoreSet *cores) {
  int count = 0;
  for (int i = 0; i < COMM_MAX_CORES / 64; i++) count += __builtin_popcountll(cores->bits[i]);
  return count;
}
