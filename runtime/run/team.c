/* A rank's threads. They wait for a run, work through the plan's groups like any other worker of
 * the node, and wait again: first spinning, since the next run is often microseconds away, then
 * asleep. */
#include "runtime.h"

#include <sched.h>
#include <stdlib.h>

enum { SPINS = 4000 };

static inline void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

static void wait_for_run(Team *team, uint64_t seen) {
  bool spin = !team->context->info->oversubscribed;
  for (int k = 0; spin && k < SPINS; k++) {
    if (atomic_load_explicit(&team->generation, memory_order_acquire) != seen) return;
    relax();
  }
  pthread_mutex_lock(&team->lock);
  atomic_fetch_add(&team->sleepers, 1);
  while (atomic_load(&team->generation) == seen) pthread_cond_wait(&team->wake, &team->lock);
  atomic_fetch_sub(&team->sleepers, 1);
  pthread_mutex_unlock(&team->lock);
}

static void *thread_main(void *argument) {
  struct Member *member = argument;
  Team *team = member->team;
  for (uint64_t seen = 0;; seen++) {
    wait_for_run(team, seen);
    if (atomic_load(&team->stop)) return NULL;
    run_worker(team->context, &team->run, member->thread);
  }
}

void team_start(Team *team) {
  if (!team->count) return;
  atomic_fetch_add(&team->generation, 1);
  if (!atomic_load(&team->sleepers)) return;
  pthread_mutex_lock(&team->lock);
  pthread_cond_broadcast(&team->wake);
  pthread_mutex_unlock(&team->lock);
}

QlStatus rt_team_new(QlContext *ctx, QlError *error) {
  Team *team = calloc(1, sizeof *team);
  if (!team) return ql_fail(error, QL_ERR_MEMORY, "out of memory for worker threads");
  ctx->team = team;
  team->context = ctx;
  int count = ctx->info->threads - 1;
  pthread_mutex_init(&team->lock, NULL), pthread_cond_init(&team->wake, NULL);
  team->run.reached = calloc((size_t)count + 1, sizeof *team->run.reached);
  team->threads = calloc((size_t)count + 1, sizeof *team->threads);
  team->members = calloc((size_t)count + 1, sizeof *team->members);
  if (!team->run.reached || !team->threads || !team->members)
    return ql_fail(error, QL_ERR_MEMORY, "out of memory for worker threads");
  for (int t = 0; t < count; t++) {
    team->members[t] = (struct Member){team, t + 1};
    if (ql_thread_start(&team->threads[t], thread_main, &team->members[t]))
      return ql_fail(error, QL_ERR_OS, "worker thread %d could not be started", t + 1);
    team->count++;
  }
  return QL_OK;
}

void rt_team_free(QlContext *ctx) {
  Team *team = ctx->team;
  if (!team) return;
  atomic_store(&team->stop, true);
  team_start(team);
  for (int t = 0; t < team->count; t++) pthread_join(team->threads[t], NULL);
  pthread_cond_destroy(&team->wake), pthread_mutex_destroy(&team->lock);
  free(team->run.blocks), free(team->run.data), free(team->run.calls), free(team->run.bases),
      free(team->run.params), free(team->run.flights), free(team->run.messages),
      free(team->run.reached);
  free(team->threads), free(team->members), free(team);
  ctx->team = NULL;
}
