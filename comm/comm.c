/* Opens and closes the context: each part in order, and after each all ranks agree that it worked,
 * so that all fail alike. */
#include "internal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

QlStatus comm_settle(Comm *comm, QlStatus status, QlError *error) {
  if (comm_is_lone(comm)) return status;
  uint64_t failed =
      status == QL_OK ? 0 : ~((uint64_t)(uint32_t)comm->info.rank << 32 | (uint32_t)status);
  struct {
    QlStatus status;
    char text[sizeof error->text];
  } first = {status, ""};
  if (status != QL_OK && error) memcpy(first.text, error->text, sizeof first.text);
  QL_TRY(transport_max(comm->transport, TRANSPORT_WORLD, &failed, 1, error));
  if (!failed) return QL_OK;
  int rank = (int)(~failed >> 32);
  QL_TRY(transport_share(comm->transport, TRANSPORT_WORLD, &first, sizeof first, rank, error));
  if (error) *error = (QlError){0};
  return ql_fail(error, first.status, "%s", first.text);
}

/* ---- parameters ---- */

/* The value of each parameter as a hash: a column for each row of params.def. */
enum {
#define QL_PARAM(field, type, name, fallback, text) PARAM_##field,
#include "params.def"
#undef QL_PARAM
  PARAMS
};

static uint64_t hash_INT(int64_t value) { return ql_mix(1, (uint64_t)value); }
static uint64_t hash_FLAG(int64_t value) { return ql_mix(2, (uint64_t)value); }
static uint64_t hash_REAL(double value) { return ql_hash_bytes(3, &value, sizeof value); }
static uint64_t hash_TEXT(const char *value) {
  return ql_hash_bytes(4, value ? value : "", value ? strlen(value) : 0);
}

/* Collective. */
static QlStatus compare_params(Comm *comm, QlError *error) {
  uint64_t words[2 * PARAMS];
#define QL_PARAM(field, type, name, fallback, text) \
  words[PARAM_##field] = hash_##type(comm->params->field);
#include "params.def"
#undef QL_PARAM
  for (int i = 0; i < PARAMS; i++) words[PARAMS + i] = ~words[i];
  QL_TRY(transport_max(comm->transport, TRANSPORT_WORLD, words, 2 * PARAMS, error));
  for (int i = 0; i < PARAMS; i++)
    if (words[i] != ~words[PARAMS + i])
      return ql_fail(error, QL_ERR_VALUE,
                     "%s is not the same on all ranks; give it to mpirun with '-x %s'",
                     ql_param_info[i].name, ql_param_info[i].name);
  return QL_OK;
}

/* ---- open ---- */

static void finalised_by_others(void *data) { comm_agree_to_leave(data); }

/* Decides between MPI and the null transport. */
static QlStatus connect(Comm *comm, QlError *error) {
  const Launch *launch = &comm->launch;
  const QlError *failure = comm->options.failure;
  bool with_mpi = launch->by_caller || launch->size > 1 || transport_running();
  QlStatus status = failure ? ql_fail(error, failure->status, "%s", failure->text) : QL_OK;
  if (!with_mpi) return status;
  comm_launch_prepare(
      launch, (int)QL_MIN((double)sysconf(_SC_NPROCESSORS_ONLN), QL_MAX(comm_cpu_quota(), 1)));
  comm->watch = transport_running() ? NULL : comm_start_watch(comm);
  QlError local = {0};
  QlStatus opened = transport_open(comm->options.mpi_comm, &comm->transport, &local);
  if (opened) return ql_fail(error, opened, "%s", local.text);
  comm->info.rank = transport_rank(comm->transport);
  comm->info.size = transport_size(comm->transport);
  comm->info.launched = true;
  QL_TRY(comm_settle(comm, status, error));
  QL_TRY(comm_launch_check(launch, comm->info.size, error));
  return compare_params(comm, error);
}

/* Polls of a flag before a worker gives up its core: some 50 microseconds where it has one to
 * itself. */
static int choose_spins(const Comm *comm) {
  if (comm->params->spin >= 0) return (int)QL_MIN(comm->params->spin, INT32_MAX - 1);
  return comm->info.oversubscribed ? 4 : 1000;
}

static QlStatus bring_up(Comm *comm, QlError *error) {
  QL_TRY(comm_launch_find(&comm->options, &comm->launch, error));
  QL_TRY(connect(comm, error));
  QL_TRY(comm_nodes_find(comm, error));
  QL_TRY(comm_arena_open(comm, error));
  comm->spins = choose_spins(comm);
  QlStatus status = comm_messages_open(comm, error);
  if (status == QL_OK && comm->transport) status = comm_agree_open(comm, error);
  if (status == QL_OK && comm->transport)
    status = transport_on_finalize(comm->transport, finalised_by_others, comm, error);
  QL_TRY(comm_settle(comm, status, error));
  return comm_ring_open(comm, error);
}

/* All but the memory. */
static void take_down(Comm *comm) {
  transport_batch_free(comm->agree_batch);
  comm_messages_close(comm);
  comm_ring_close(comm);
  comm_arena_close(comm);
  transport_close(comm->transport);
  free(comm->tables);
}

QlStatus comm_open(const CommOptions *options, Comm **out, QlError *error) {
  Comm passing = {.options = *options}, /* for a rank without memory to say so with */
      *kept = calloc(1, sizeof *kept), *comm = kept ? kept : &passing;
  QlError lacking = {0};
  comm->options = *options;
  if (!kept) {
    ql_fail(&lacking, QL_ERR_MEMORY, "no memory to start");
    if (!options->failure) comm->options.failure = &lacking;
  }
  comm->params = options->params;
  comm->info.size = 1;
  for (int i = 0; i < RING_SIDES; i++) comm->ring[i].file = -1;
  comm->process = getpid();
  comm->parent = getppid();
  comm->main_thread = pthread_self();
  QlStatus status = bring_up(comm, error);
  comm_start_end(comm->watch);
  if (status != QL_OK) {
    take_down(comm);
    free(kept);
    return status;
  }
  *out = comm;
  return QL_OK;
}

void comm_close(Comm *comm) {
  if (!comm || comm->process != getpid()) return;
  comm_agree_to_leave(comm);
  take_down(comm);
  free(comm);
}

void comm_forked(Comm *comm) {
  comm_ring_close(comm);
  comm_arena_hang_up(comm);
}

const CommInfo *comm_info(const Comm *comm) { return &comm->info; }
