/* The worker threads of a rank, and what they work on. */
#ifndef QUELEA_TEAM_H
#define QUELEA_TEAM_H

#include "runtime.h"

/* What a run of a plan needs beyond the plan: the addresses of this time. */
struct Run {
  const Plan *plan;
  uint64_t base;      /* a worker's cell is base + g when it has finished g groups */
  Block **blocks;     /* [slots] */
  Block **old_blocks; /* [slots] of renewed storages; NULL */
  char **data;        /* [slots] first element of the block */
  int room;
  char *buffer; /* of the leader: what is packed */
  int64_t buffer_bytes;
  CommMessage *messages; /* of the group whose messages travel */
  int message_room;
  CommExchange *exchange; /* NULL: none travels */
};

struct Team {
  QlContext *context;
  Run run;
  int count; /* threads beside the main one */
  pthread_t *threads;
  struct Member {
    struct Team *team;
    int thread;
  } *members;
  atomic_uint_fast64_t generation; /* of runs; the threads wait for the next */
  atomic_bool stop;
  atomic_int sleepers;
  pthread_mutex_t lock;
  pthread_cond_t wake;
};

/* ---- team.c ---- */
void team_start(Team *team); /* lets the threads run team->run */

/* ---- execute.c ---- */
void run_worker(QlContext *ctx, Run *run, int thread);

#endif
