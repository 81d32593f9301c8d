/* A rank's threads. They wait for a run that is worth them, take their part of the plan's steps
 * like any other worker of the node, and wait again: first spinning, since the next run is often
 * microseconds away, then asleep. Whom a run does not need notices nothing of it. */
#include "profile.h"

#include <sched.h>
#include <stdlib.h>

enum { SPINS = 4000 };
enum { POINT_COST = 32 }; /* of what is done outside plans, in additions: a guess */

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

/* A thread's part of a piece of work: that of its worker, and of those whose threads are left out.
 */
static void do_work(const Team *team, int thread) {
  const CommInfo *info = team->context->info;
  Comm *comm = team->context->comm;
  int me = info->node_rank * info->threads;
  int first = plan_first_task(info->threads, team->used, thread),
      end = plan_first_task(info->threads, team->used, thread + 1);
  uint64_t done = team->done;
  for (int t = first; t < end; t++) team->work(team->subject, me + t);
  for (int t = first; t < end; t++) comm_publish(comm, me + t, done);
}

static void *thread_main(void *argument) {
  Member *member = argument;
  Team *team = member->team;
  for (uint64_t seen = 0;; seen++) {
    wait_for_run(member, seen);
    if (atomic_load(&team->stop)) return NULL;
    if (team->work)
      do_work(team, member->thread);
    else
      run_worker(team->context, &team->run, member->thread);
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

void rt_together(QlContext *ctx, int64_t points, void (*work)(void *, int), void *subject) {
  Team *team = ctx->team;
  QlPhase before = rt_phase(ctx, QL_PHASE_WORK);
  team->work = work, team->subject = subject, team->done = ctx->progress + 1;
  team->used = POINT_COST * points >= ctx->params.share ? ctx->info->threads : 1;
  team_start(team, team->used);
  do_work(team, 0);
  ctx->progress = team->done;
  rt_wait_node(ctx);
  team->work = NULL;
  (void)rt_phase(ctx, before);
}

QlStatus rt_team_new(QlContext *ctx, QlError *error) {
  Team *team = calloc(1, sizeof *team);
  if (!team) return ql_fail(error, QL_ERR_MEMORY, "out of memory for worker threads");
  ctx->team = team;
  team->context = ctx;
  size_t count = (size_t)ctx->info->threads - 1;
  team->run.reached = calloc(count + 1, sizeof *team->run.reached);
  team->members = aligned_alloc(_Alignof(Member), (count + 1) * sizeof *team->members);
  if (!team->run.reached || !team->members)
    return ql_fail(error, QL_ERR_MEMORY, "out of memory for worker threads");
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
      free(team->run.reached), free(team->run.tables), free(team->run.scratch.data);
  free(team->members), free(team);
  ctx->team = NULL;
}
