/* MPI behind transport.h. Errors return: every call is checked and becomes QL_ERR_COMM with MPI's
 * own words.
 *
 * All communicators are duplicates, so that our messages never meet those of the program around us.
 * Clean-up hangs on an attribute of MPI_COMM_SELF: MPI deletes it first thing in MPI_Finalize,
 * whoever calls that. */
#include "transport.h"

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 1 << 30 };

struct Transport {
  MPI_Comm comm[TRANSPORT_SCOPES];
  int rank, size;
  bool initialised; /* by us, so that we finalise */
  int key;          /* of the attribute on MPI_COMM_SELF */
  void (*hook)(void *data);
  void *hook_data;
};

struct TransportBatch {
  Transport *transport;
  int count, capacity;
  MPI_Request *request;
  MPI_Status *status;
  int *expected; /* bytes of a receive; -1 for a send or a collective */
  int *peer;
};

static QlStatus check(int code, const char *call, QlError *error) {
  if (code == MPI_SUCCESS) return QL_OK;
  char text[MPI_MAX_ERROR_STRING] = "unknown error";
  int length = 0;
  MPI_Error_string(code, text, &length);
  return ql_fail(error, QL_ERR_COMM, "%s failed: %s", call, text);
}
#define CHECK(call, arguments) QL_TRY(check(call arguments, #call, error))

/* ---- start and end ---- */

bool transport_finalized(void) {
  int flag = 0;
  return MPI_Finalized(&flag) == MPI_SUCCESS && flag;
}

bool transport_running(void) {
  int flag = 0;
  return MPI_Initialized(&flag) == MPI_SUCCESS && flag && !transport_finalized();
}

void transport_library(char *text, size_t size) {
  char version[MPI_MAX_LIBRARY_VERSION_STRING] = "";
  int length = 0;
  if (MPI_Get_library_version(version, &length) != MPI_SUCCESS || version[0] == 0) {
    snprintf(text, size, "MPI");
    return;
  }
  version[strcspn(version, ",\n")] =
      0; /* Open MPI says "Open MPI v4.1.4, package: ...", MPICH "MPICH Version:\t4.0" and lines */
  char *number = strstr(version, " v");
  if (number && number[2] >= '0' && number[2] <= '9')
    memmove(number + 1, number + 2, strlen(number + 1));
  snprintf(text, size, "%.60s", version);
}

void transport_headers(char *text, size_t size) {
#if defined(OMPI_MAJOR_VERSION)
  snprintf(text, size, "Open MPI %d.%d.%d", OMPI_MAJOR_VERSION, OMPI_MINOR_VERSION,
           OMPI_RELEASE_VERSION);
#elif defined(I_MPI_VERSION)
  snprintf(text, size, "Intel(R) MPI Library %s", I_MPI_VERSION);
#elif defined(MVAPICH2_VERSION)
  snprintf(text, size, "MVAPICH2 %s", MVAPICH2_VERSION);
#elif defined(MPICH_VERSION)
  snprintf(text, size, "MPICH %s", MPICH_VERSION);
#else
  snprintf(text, size, "MPI %d.%d", MPI_VERSION, MPI_SUBVERSION);
#endif
}

/* Only the main thread calls MPI, so that a lower level than asked for will do, even
 * MPI_THREAD_SINGLE of others' MPI_Init. */
static QlStatus initialise(Transport *transport, QlError *error) {
  int level;
  if (transport_finalized())
    return ql_fail(error, QL_ERR_STATE, "MPI was finalised already, and cannot be started again");
  if (!transport_running()) {
    CHECK(MPI_Init_thread, (NULL, NULL, MPI_THREAD_SERIALIZED, &level));
    transport->initialised = true;
  }
  return QL_OK;
}

static int on_delete(MPI_Comm comm, int key, void *value, void *extra) {
  (void)comm, (void)key, (void)extra;
  Transport *transport = value;
  if (transport->hook) {
    void (*hook)(void *) = transport->hook;
    transport->hook = NULL;
    hook(transport->hook_data);
  }
  return MPI_SUCCESS;
}

static QlStatus setup(Transport *transport, const void *mpi_comm, QlError *error) {
  QL_TRY(initialise(transport, error));
  MPI_Comm parent = mpi_comm ? *(const MPI_Comm *)mpi_comm : MPI_COMM_WORLD;
  CHECK(MPI_Comm_dup, (parent, &transport->comm[TRANSPORT_WORLD]));
  MPI_Comm world = transport->comm[TRANSPORT_WORLD];
  CHECK(MPI_Comm_set_errhandler, (world, MPI_ERRORS_RETURN));
  CHECK(MPI_Comm_rank, (world, &transport->rank));
  CHECK(MPI_Comm_size, (world, &transport->size));
  CHECK(MPI_Comm_create_keyval, (MPI_COMM_NULL_COPY_FN, on_delete, &transport->key, NULL));
  CHECK(MPI_Comm_set_attr, (MPI_COMM_SELF, transport->key, transport));
  return QL_OK;
}

/* All but the memory. */
static void dismantle(Transport *transport) {
  if (!transport_running()) return;
  transport->hook = NULL;
  if (transport->key != MPI_KEYVAL_INVALID) {
    MPI_Comm_delete_attr(MPI_COMM_SELF, transport->key);
    MPI_Comm_free_keyval(&transport->key);
  }
  for (int scope = TRANSPORT_SCOPES - 1; scope >= 0; scope--)
    if (transport->comm[scope] != MPI_COMM_NULL) MPI_Comm_free(&transport->comm[scope]);
  if (transport->initialised) MPI_Finalize();
}

QlStatus transport_open(const void *mpi_comm, Transport **out, QlError *error) {
  Transport passing = {.key = MPI_KEYVAL_INVALID}, /* for a rank without memory to say so with */
      *kept = calloc(1, sizeof *kept), *transport = kept ? kept : &passing;
  *transport = passing;
  for (int scope = 0; scope < TRANSPORT_SCOPES; scope++) transport->comm[scope] = MPI_COMM_NULL;
  uint64_t lacking = kept ? 0 : 1;
  QlStatus status = setup(transport, mpi_comm, error);
  if (!status) status = transport_max(transport, TRANSPORT_WORLD, &lacking, 1, error);
  if (!status && lacking) status = ql_fail(error, QL_ERR_MEMORY, "no memory to start MPI");
  if (status) {
    dismantle(transport);
    free(kept);
    return status;
  }
  *out = transport;
  return QL_OK;
}

void transport_close(Transport *transport) {
  if (!transport) return;
  dismantle(transport);
  free(transport);
}

QlStatus transport_on_finalize(Transport *transport, void (*hook)(void *data), void *data,
                               QlError *error) {
  (void)error;
  transport->hook = hook;
  transport->hook_data = data;
  return QL_OK;
}

void transport_abort(Transport *transport, int code) {
  if (transport_running()) MPI_Abort(transport->comm[TRANSPORT_WORLD], code);
  _exit(code);
}

int transport_rank(const Transport *transport) { return transport->rank; }
int transport_size(const Transport *transport) { return transport->size; }

/* ---- blocking collectives of start-up ---- */

QlStatus transport_split(Transport *transport, TransportScope scope, int colour, QlError *error) {
  CHECK(MPI_Comm_split,
        (transport->comm[TRANSPORT_WORLD], colour, transport->rank, &transport->comm[scope]));
  CHECK(MPI_Comm_set_errhandler, (transport->comm[scope], MPI_ERRORS_RETURN));
  return QL_OK;
}

QlStatus transport_max(Transport *transport, TransportScope scope, uint64_t *words, int count,
                       QlError *error) {
  CHECK(MPI_Allreduce, (MPI_IN_PLACE, words, count, MPI_UINT64_T, MPI_MAX, transport->comm[scope]));
  return QL_OK;
}

QlStatus transport_gather(Transport *transport, TransportScope scope, const void *mine, int bytes,
                          void *all, QlError *error) {
  CHECK(MPI_Allgather, (mine, bytes, MPI_BYTE, all, bytes, MPI_BYTE, transport->comm[scope]));
  return QL_OK;
}

QlStatus transport_share(Transport *transport, TransportScope scope, void *bytes, int count,
                         int root, QlError *error) {
  CHECK(MPI_Bcast, (bytes, count, MPI_BYTE, root, transport->comm[scope]));
  return QL_OK;
}

QlStatus transport_host_root(Transport *transport, int *root, QlError *error) {
  MPI_Comm shared = MPI_COMM_NULL;
  CHECK(MPI_Comm_split_type, (transport->comm[TRANSPORT_WORLD], MPI_COMM_TYPE_SHARED,
                              transport->rank, MPI_INFO_NULL, &shared));
  *root = transport->rank;
  QlStatus status = check(MPI_Bcast(root, 1, MPI_INT, 0, shared), "MPI_Bcast", error);
  MPI_Comm_free(&shared);
  return status;
}

/* ---- batches ---- */

int64_t transport_pieces(int64_t bytes) { return (bytes + PIECE - 1) / PIECE; }

TransportBatch *transport_batch_new(Transport *transport, int64_t capacity) {
  if (capacity < 1) capacity = 1;
  if (capacity > INT32_MAX) return NULL;
  size_t each = sizeof(MPI_Request) + sizeof(MPI_Status) + 2 * sizeof(int);
  TransportBatch *batch = malloc(sizeof *batch + (size_t)capacity * each);
  if (!batch) return NULL;
  batch->transport = transport;
  batch->count = 0;
  batch->capacity = (int)capacity;
  batch->request = (MPI_Request *)(batch + 1);
  batch->status = (MPI_Status *)(batch->request + capacity);
  batch->expected = (int *)(batch->status + capacity);
  batch->peer = batch->expected + capacity;
  return batch;
}

void transport_batch_free(TransportBatch *batch) {
  if (!batch) return;
  for (int i = 0; i < batch->count; i++) {
    if (batch->request[i] == MPI_REQUEST_NULL) continue;
    if (batch->expected[i] >= 0) MPI_Cancel(&batch->request[i]);
    MPI_Request_free(&batch->request[i]);
  }
  free(batch);
}

static MPI_Request *post(TransportBatch *batch, int peer, int expected) {
  if (batch->count == batch->capacity) return NULL;
  int i = batch->count++;
  batch->request[i] = MPI_REQUEST_NULL;
  batch->peer[i] = peer;
  batch->expected[i] = expected;
  return &batch->request[i];
}

QlStatus transport_receive(TransportBatch *batch, int peer, void *data, int64_t bytes,
                           TransportChannel channel, QlError *error) {
  for (char *at = data; bytes > 0; at += PIECE, bytes -= PIECE) {
    int count = (int)QL_MIN(bytes, PIECE);
    MPI_Request *request = post(batch, peer, count);
    if (!request) return ql_fail(error, QL_ERR_COMM, "a batch of messages is full");
    CHECK(MPI_Irecv,
          (at, count, MPI_BYTE, peer, channel, batch->transport->comm[TRANSPORT_WORLD], request));
  }
  return QL_OK;
}

QlStatus transport_send(TransportBatch *batch, int peer, const void *data, int64_t bytes,
                        TransportChannel channel, QlError *error) {
  for (const char *at = data; bytes > 0; at += PIECE, bytes -= PIECE) {
    int count = (int)QL_MIN(bytes, PIECE);
    MPI_Request *request = post(batch, peer, -1);
    if (!request) return ql_fail(error, QL_ERR_COMM, "a batch of messages is full");
    CHECK(MPI_Isend,
          (at, count, MPI_BYTE, peer, channel, batch->transport->comm[TRANSPORT_WORLD], request));
  }
  return QL_OK;
}

QlStatus transport_batch_gather(TransportBatch *batch, const void *mine, int bytes, void *all,
                                QlError *error) {
  MPI_Request *request = post(batch, -1, -1);
  if (!request) return ql_fail(error, QL_ERR_COMM, "a batch of messages is full");
  CHECK(MPI_Iallgather, (mine, bytes, MPI_BYTE, all, bytes, MPI_BYTE,
                         batch->transport->comm[TRANSPORT_WORLD], request));
  return QL_OK;
}

static QlStatus check_lengths(const TransportBatch *batch, QlError *error) {
  for (int i = 0; i < batch->count; i++) {
    int count = 0;
    if (batch->expected[i] < 0) continue;
    CHECK(MPI_Get_count, (&batch->status[i], MPI_BYTE, &count));
    if (count != batch->expected[i])
      return ql_fail(error, QL_ERR_COMM,
                     "a message from rank %d has %d bytes where %d were expected", batch->peer[i],
                     count, batch->expected[i]);
  }
  return QL_OK;
}

QlStatus transport_poll(TransportBatch *batch, bool *done, QlError *error) {
  int flag = 0;
  int code = MPI_Testall(batch->count, batch->request, &flag, batch->status);
  *done = false;
  if (code == MPI_ERR_IN_STATUS) {
    for (int i = 0; i < batch->count; i++) {
      int one = batch->status[i].MPI_ERROR;
      if (one != MPI_SUCCESS && one != MPI_ERR_PENDING) code = one;
    }
  }
  QL_TRY(check(code, "MPI_Testall", error));
  if (!flag) return QL_OK;
  *done = true;
  QlStatus status = check_lengths(batch, error);
  batch->count = 0;
  return status;
}

int transport_pending(const TransportBatch *batch) {
  for (int i = 0; i < batch->count; i++) {
    int flag = 1;
    if (batch->expected[i] < 0 || batch->request[i] == MPI_REQUEST_NULL) continue;
    if (MPI_Request_get_status(batch->request[i], &flag, MPI_STATUS_IGNORE) == MPI_SUCCESS && !flag)
      return batch->peer[i];
  }
  return -1;
}
