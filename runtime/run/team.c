/* A rank's threads. They wait for a run that is worth them, take their courses through the plan
 * like any other worker of the node, and wait again: first spinning, since the next run is often
 * microseconds away, then asleep. Whom a run does not need notices nothing of it. */
#include "runtime.h"

#include <sched.h>
#include <stdlib.h>

enum { SPINS = 4000 };

static inline void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

static void wait_for_run(Member *member, uint64_t seen) {
  bool spin = !member->team->context->info->oversubscribed;
  for (int k = 0; spin && k < SPINS; k++) {
    if (atomic_load_explicit(&member->runs, memory_order_acquire) != seen) return;
    relax();
  }
  pthread_mutex_lock(&member->lock);
  atomic_store(&member->sleeps, true);
  while (atomic_load(&member->runs) == seen) pthread_cond_wait(&member->wake, &member->lock);
  atomic_store(&member->sleeps, false);
  pthread_mutex_unlock(&member->lock);
}

static void *thread_main(void *argument) {
  Member *member = argument;
  Team *team = member->team;
  comm_pin(team->context->comm, member->thread);
  for (uint64_t seen = 0;; seen++) {
    wait_for_run(member, seen);
    if (atomic_load(&team->stop)) return NULL;
    rt_run_course(team->context, &team->run, member->thread);
  }
}

static void start(Member *member) {
  atomic_fetch_add(&member->runs, 1);
  if (!atomic_load(&member->sleeps)) return;
  pthread_mutex_lock(&member->lock);
  pthread_cond_signal(&member->wake);
  pthread_mutex_unlock(&member->lock);
}

void team_start(Team *team, int threads) {
  for (int t = 0; t < QL_MIN(threads - 1, team->count); t++) start(&team->members[t]);
}

QlStatus rt_team_new(QlContext *ctx, QlError *error) {
  Team *team = calloc(1, sizeof *team);
  if (!team) return ql_fail(error, QL_ERR_MEMORY, "out of memory for worker threads");
  ctx->team = team;
  team->context = ctx;
  size_t count = (size_t)ctx->info->threads - 1;
  team->run.courses = aligned_alloc(_Alignof(Course), (count + 1) * sizeof *team->run.courses);
  team->members = aligned_alloc(_Alignof(Member), (count + 1) * sizeof *team->members);
  if (!team->run.courses || !team->members)
    return ql_fail(error, QL_ERR_MEMORY, "out of memory for worker threads");
  for (size_t t = 0; t <= count; t++) {
    team->run.courses[t] = (Course){.first = 0};
    pthread_mutex_init(&team->run.courses[t].lock, NULL);
  }
  for (size_t t = 0; t < count; t++) {
    Member *member = &team->members[t];
    *member = (Member){.team = team, .thread = (int)t + 1};
    pthread_mutex_init(&member->lock, NULL), pthread_cond_init(&member->wake, NULL);
    if (ql_thread_start(&member->id, thread_main, member)) {
      pthread_cond_destroy(&member->wake), pthread_mutex_destroy(&member->lock);
      return ql_fail(error, QL_ERR_OS, "worker thread %d could not be started", member->thread);
    }
    team->count++;
  }
  return QL_OK;
}

void rt_team_free(QlContext *ctx) {
  Team *team = ctx->team;
  if (!team) return;
  atomic_store(&team->stop, true);
  team_start(team, team->count + 1);
  for (int t = 0; t < team->count; t++) {
    pthread_join(team->members[t].id, NULL);
    pthread_cond_destroy(&team->members[t].wake), pthread_mutex_destroy(&team->members[t].lock);
  }
  free(team->run.blocks), free(team->run.data), free(team->run.calls), free(team->run.bases),
      free(team->run.params), free(team->run.flights), free(team->run.messages),
      free(team->run.courses), free(team->run.tables), free(team->run.scratch.data);
  free(team->members), free(team);
  ctx->team = NULL;
}
