/* What the room needs from a message-passing library, and no more. mpi.c is the only file that
 * includes mpi.h; a lone rank has no Transport at all (the null transport is a null pointer). All
 * calls come from the main thread. */
#ifndef QUELEA_COMM_TRANSPORT_H
#define QUELEA_COMM_TRANSPORT_H

#include "base.h"

typedef struct Transport Transport;

/* Groups of ranks. HOST and NODE exist after transport_split. */
typedef enum TransportScope {
  TRANSPORT_WORLD,
  TRANSPORT_HOST,
  TRANSPORT_NODE,
  TRANSPORT_SCOPES
} TransportScope;
/* Messages of different channels never match each other. */
typedef enum TransportChannel { TRANSPORT_DATA, TRANSPORT_AGREE } TransportChannel;

/* Has somebody initialised MPI in this process, and is it still usable? Finalised already? */
bool transport_running(void);
bool transport_finalized(void);
/* "Open MPI 4.1.4"; usable before MPI is initialised. */
void transport_library(char *text, size_t size);
/* The same of the headers that this was compiled with. */
void transport_headers(char *text, size_t size);

/* Collective. Works on a duplicate of *mpi_comm (an MPI_Comm), or of the world if it is NULL;
 * initialises MPI if nobody did. Out of memory on one rank, it fails on all. */
QlStatus transport_open(const void *mpi_comm, Transport **transport, QlError *error);
/* Collective. Frees the communicators, and finalises MPI if transport_open initialised it. */
void transport_close(Transport *transport);
/* `hook` is called at the start of MPI_Finalize, while messages still work, unless transport_close
 * came first. */
QlStatus transport_on_finalize(Transport *transport, void (*hook)(void *data), void *data,
                               QlError *error);
_Noreturn void transport_abort(Transport *transport, int code);

int transport_rank(const Transport *transport);
int transport_size(const Transport *transport);

/* Blocking collectives, for start-up only: later waits go through batches, which can be
 * interrupted. */
QlStatus transport_split(Transport *transport, TransportScope scope, int colour, QlError *error);
QlStatus transport_max(Transport *transport, TransportScope scope, uint64_t *words, int count,
                       QlError *error);
QlStatus transport_gather(Transport *transport, TransportScope scope, const void *mine, int bytes,
                          void *all, QlError *error);
QlStatus transport_share(Transport *transport, TransportScope scope, void *bytes, int count,
                         int root, QlError *error);
/* The lowest rank of those that MPI believes to be on this host. */
QlStatus transport_host_root(Transport *transport, int *root, QlError *error);

/* A batch is a set of messages under way. Messages above 1 GiB travel in pieces. */
typedef struct TransportBatch TransportBatch;

/* How many pieces a message of so many bytes takes; the capacity of a batch counts pieces. */
int64_t transport_pieces(int64_t bytes);
/* Null when memory is short. A complete batch is empty and may be filled again. */
TransportBatch *transport_batch_new(Transport *transport, int64_t capacity);
/* Abandons what is still under way (only before the job is ended). */
void transport_batch_free(TransportBatch *batch);
QlStatus transport_receive(TransportBatch *batch, int peer, void *data, int64_t bytes,
                           TransportChannel channel, QlError *error);
QlStatus transport_send(TransportBatch *batch, int peer, const void *data, int64_t bytes,
                        TransportChannel channel, QlError *error);
/* The same bytes of every rank, in rank order, on every rank. */
QlStatus transport_batch_gather(TransportBatch *batch, const void *mine, int bytes, void *all,
                                QlError *error);
/* Moves messages along; *done when all have arrived and left. A message shorter or longer than
 * expected is an error. */
QlStatus transport_poll(TransportBatch *batch, bool *done, QlError *error);
/* A rank whose message to us is still missing, or -1. */
int transport_pending(const TransportBatch *batch);

#endif
