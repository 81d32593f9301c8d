/* Who is where: which ranks share a host, which share a node, how many workers each has, and how
 * much memory a node may take.
 *
 *   host   ranks with the same host name, boot, network namespace and user, which MPI also believes
 *          to share memory: an abstract UNIX socket of one reaches the other, so that a descriptor
 * can be passed node   the ranks of a host; under QUELEA_NODE_SIZE=k, k consecutive ones of them
 *
 * Every rank computes the same tables from what was gathered, so nothing is negotiated. */
#include "internal.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static uint64_t host_key(int mpi_root) {
  char text[256] = "";
  struct stat network = {0};
  uint64_t key = ql_mix(0, (uint64_t)mpi_root);
  gethostname(text, sizeof text - 1);
  key = ql_hash_bytes(key, text, strlen(text));
  int file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  ssize_t got = file >= 0 ? read(file, text, sizeof text) : 0;
  if (file >= 0) close(file);
  if (got > 0) key = ql_hash_bytes(key, text, (size_t)got);
  if (stat("/proc/self/ns/net", &network) == 0) key = ql_mix(key, (uint64_t)network.st_ino);
  return ql_mix(key, (uint64_t)getuid());
}

typedef struct Keyed {
  uint64_t key;
  int rank;
} Keyed;

static int by_key(const void *a, const void *b) {
  const Keyed *x = a, *y = b;
  if (x->key != y->key) return x->key < y->key ? -1 : 1;
  return (x->rank > y->rank) - (x->rank < y->rank);
}

/* leader[r]: the lowest rank of r's node; host[r]: the lowest rank of its host. */
static void group(Keyed *keyed, int size, int64_t node_size, int *leader, int *host) {
  qsort(keyed, (size_t)size, sizeof *keyed, by_key);
  for (int i = 0, first = 0; i < size; i++) {
    if (keyed[i].key != keyed[first].key) first = i;
    int within = i - first;
    int lead = node_size > 0 ? within - (int)(within % node_size) : 0;
    host[keyed[i].rank] = keyed[first].rank;
    leader[keyed[i].rank] = keyed[first + lead].rank;
  }
}

/* Numbers the nodes by their lowest ranks, and fills what info says about nodes. */
static void number_nodes(Comm *comm, const int *leader) {
  CommInfo *info = &comm->info;
  int *node_of_rank = comm->tables, *leader_of_node = comm->tables + info->size;
  for (int rank = 0; rank < info->size; rank++) {
    if (leader[rank] == rank) leader_of_node[info->node_count++] = rank;
    node_of_rank[rank] = leader[rank] == rank ? info->node_count - 1 : node_of_rank[leader[rank]];
  }
  info->node = node_of_rank[info->rank];
  for (int rank = 0; rank < info->size; rank++) {
    if (node_of_rank[rank] != info->node) continue;
    if (rank < info->rank) info->node_rank++;
    info->node_size++;
  }
  info->node_of_rank = node_of_rank;
  info->leader_of_node = leader_of_node;
  info->workers_of_node = comm->tables + 2 * info->size;
}

int comm_node_member(const Comm *comm, int node_rank) {
  int rank = 0;
  for (; rank < comm->info.size; rank++)
    if (comm->info.node_of_rank[rank] == comm->info.node && node_rank-- == 0) break;
  return rank;
}

/* ---- cores ---- */

/* A core that several ranks may use counts as a fraction for each of them. */
static int fair_threads(const Place *place, const unsigned short *users, double quota_each) {
  double share = 0;
  for (int core = 0; core < COMM_MAX_CORES; core++)
    if (place->cores.bits[core / 64] >> core % 64 & 1) share += 1.0 / users[core];
  return (int)QL_MAX(floor(QL_MIN(share, quota_each) + 1e-9), 1);
}

static void count_users(const Place *places, int count, unsigned short *users) {
  memset(users, 0, COMM_MAX_CORES * sizeof *users);
  for (int i = 0; i < count; i++)
    for (int core = 0; core < COMM_MAX_CORES; core++)
      users[core] += places[i].cores.bits[core / 64] >> core % 64 & 1;
}

static int union_count(const Place *places, const int *host_ranks, int count,
                       const int *node_of_rank, int node) {
  CoreSet all = {{0}};
  for (int i = 0; i < count; i++)
    for (int k = 0; k < COMM_MAX_CORES / 64; k++)
      if (node < 0 || node_of_rank[host_ranks[i]] == node) all.bits[k] |= places[i].cores.bits[k];
  return comm_cores_count(&all);
}

/* May this rank's workers have a core each, and stay there? Others than this job may use cores that
 * nobody bound it to. */
static bool may_pin(const Comm *comm, const Place *place, const unsigned short *users) {
  int64_t wish = comm->params->pin;
  int count = comm_cores_count(&place->cores);
  if (wish == 0 || comm->info.threads > count) return false;
  for (int core = 0; core < COMM_MAX_CORES; core++)
    if (place->cores.bits[core / 64] >> core % 64 & 1 && users[core] > 1) return false;
  return wish > 0 || count < place->machine_cores;
}

enum {
  MAX_THREADS = 1 << 16
}; /* of a rank: more than can be started, and few enough to count a node's in an int */

/* Threads of every rank of this host, in `threads`, and what info says about cores. */
static void count_workers(Comm *comm, const Place *places, const int *host_ranks, int count,
                          int *threads) {
  CommInfo *info = &comm->info;
  unsigned short users[COMM_MAX_CORES];
  int host_workers = 0;
  double quota = places[0].quota;
  count_users(places, count, users);
  for (int i = 0; i < count; i++) {
    quota = QL_MIN(quota, places[i].quota);
    threads[i] = (int)QL_MIN(comm->params->threads, MAX_THREADS);
  }
  for (int i = 0; i < count && comm->params->threads <= 0; i++)
    threads[i] = fair_threads(&places[i], users, quota / count);
  for (int i = 0; i < count; i++) { /* equal in a node: the least */
    int least = threads[i];
    for (int k = 0; k < count; k++)
      if (info->node_of_rank[host_ranks[k]] == info->node_of_rank[host_ranks[i]])
        least = QL_MIN(least, threads[k]);
    host_workers += least;
    if (host_ranks[i] == info->rank) info->threads = least;
  }
  for (int i = 0; i < count; i++)
    if (host_ranks[i] == info->rank && may_pin(comm, &places[i], users))
      comm->cores = places[i].cores;
  double allowed = QL_MAX(floor(quota), 1);
  info->workers = info->node_size * info->threads;
  info->cores =
      (int)QL_MIN(allowed, union_count(places, host_ranks, count, info->node_of_rank, info->node));
  info->oversubscribed = host_workers > QL_MIN(allowed, union_count(places, host_ranks, count,
                                                                    info->node_of_rank, -1));
}

void comm_pin(const Comm *comm, int thread) { comm_cores_bind(&comm->cores, thread); }

/* ---- memory ---- */

/* Nine tenths of what the host has left, divided among its nodes. */
static int64_t budget(const Comm *comm, const Place *places, const int *host_ranks, int count) {
  int64_t page = sysconf(_SC_PAGESIZE), least = places[0].memory;
  int nodes = 0;
  for (int i = 0; i < count; i++) {
    least = QL_MIN(least, places[i].memory);
    nodes += comm->info.leader_of_node[comm->info.node_of_rank[host_ranks[i]]] == host_ranks[i];
  }
  int64_t bytes = (int64_t)(0.9 * (double)least) / nodes;
  if (comm->params->memory > 0) bytes = QL_MIN(comm->params->memory, INT64_MAX - page);
  return QL_MAX((bytes + page - 1) / page * page, page);
}

/* ---- together ---- */

static QlStatus read_place(Place *place, QlError *error) {
  place->quota = comm_cpu_quota();
  place->memory = comm_memory_available();
  return comm_cores_read(&place->cores, &place->machine_cores, error);
}

static void say(Comm *comm, const Place *place) {
  CommInfo *info = &comm->info;
  char library[64], binding[48] = "not bound";
  int cores = comm_cores_count(&place->cores);
  if (cores < place->machine_cores)
    snprintf(binding, sizeof binding, "bound to %d %s each", cores, cores == 1 ? "core" : "cores");
  gethostname(info->host, sizeof info->host - 1);
  transport_library(library, sizeof library);
  const char *threads = info->threads == 1 ? "thread" : "threads";
  if (!info->launched)
    snprintf(info->text, sizeof info->text, "1 rank without MPI, %d %s, %s", info->threads, threads,
             binding);
  else
    snprintf(info->text, sizeof info->text, "%s, %d ranks on %d %s, %d %s each, %s%s", library,
             info->size, info->node_count, info->node_count == 1 ? "node" : "nodes", info->threads,
             threads, binding, info->oversubscribed ? ", more workers than cores" : "");
}

static void fill_alone(Comm *comm, const Place *place) {
  int leader = 0;
  number_nodes(comm, &leader);
  count_workers(comm, place, &leader, 1, &(int){0});
  comm->tables[2] = comm->info.workers;
  comm->budget = budget(comm, place, &leader, 1);
}

/* Collective. `ints` has room for five integers per rank. */
static QlStatus fill_together(Comm *comm, const Place *mine, Keyed *keyed, uint64_t *keys,
                              int *ints, QlError *error) {
  CommInfo *info = &comm->info;
  int size = info->size, root = 0, count = 0;
  int *leader = ints, *host = ints + size, *host_ranks = ints + 2 * size,
      *threads = ints + 3 * size, *all = ints + 4 * size;
  QL_TRY(transport_host_root(comm->transport, &root, error));
  uint64_t key = host_key(root);
  QL_TRY(transport_gather(comm->transport, TRANSPORT_WORLD, &key, sizeof key, keys, error));
  for (int rank = 0; rank < size; rank++) keyed[rank] = (Keyed){keys[rank], rank};
  group(keyed, size, comm->params->node_size, leader, host);
  number_nodes(comm, leader);
  for (int rank = 0; rank < size; rank++)
    if (host[rank] == host[info->rank]) host_ranks[count++] = rank;
  QL_TRY(transport_split(comm->transport, TRANSPORT_HOST, host[info->rank], error));
  QL_TRY(transport_split(comm->transport, TRANSPORT_NODE, leader[info->rank], error));
  Place *places = malloc((size_t)count * sizeof *places);
  QlStatus status = comm_settle(
      comm, places ? QL_OK : ql_fail(error, QL_ERR_MEMORY, "no memory for %d places", count),
      error);
  if (status == QL_OK)
    status = transport_gather(comm->transport, TRANSPORT_HOST, mine, sizeof *mine, places, error);
  if (status == QL_OK) {
    count_workers(comm, places, host_ranks, count, threads);
    uint64_t least = ~(uint64_t)budget(comm, places, host_ranks, count);
    status = transport_max(comm->transport, TRANSPORT_WORLD, &least, 1, error);
    comm->budget = (int64_t)~least;
  }
  if (status == QL_OK)
    status =
        transport_gather(comm->transport, TRANSPORT_WORLD, &info->workers, sizeof(int), all, error);
  for (int node = 0; node < info->node_count && status == QL_OK; node++)
    comm->tables[2 * size + node] = all[info->leader_of_node[node]];
  free(places);
  return status;
}

QlStatus comm_nodes_find(Comm *comm, QlError *error) {
  int size = comm->info.size;
  Place *place = calloc(1, sizeof *place);
  Keyed *keyed = malloc((size_t)size * sizeof *keyed);
  uint64_t *keys = malloc((size_t)size * sizeof *keys);
  int *ints = malloc(5 * (size_t)size * sizeof *ints);
  comm->tables = calloc(3 * (size_t)size, sizeof *comm->tables);
  QlStatus status = QL_OK;
  if (!place || !keyed || !keys || !ints || !comm->tables)
    status = ql_fail(error, QL_ERR_MEMORY, "no memory for tables of %d ranks", size);
  if (status == QL_OK) status = read_place(place, error);
  status = comm_settle(comm, status, error);
  if (status != QL_OK) goto out;
  if (comm_is_lone(comm))
    fill_alone(comm, place);
  else
    status = fill_together(comm, place, keyed, keys, ints, error);
  if (status == QL_OK) say(comm, place);
out:
  free(ints), free(keys), free(keyed), free(place);
  return status;
}
