/* Watching over the start, MPI's and that of the parts behind it, in which a rank waits for all the
 * others: one that never makes an array, because it took another branch or was given an empty
 * program, and ends without an error, would leave them there for ever without a word; so would one
 * that dies, where the launcher lets it. The waits of wait.c know whom they wait for; here nobody
 * is known yet, so a thread watches the clock. */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct StartWatch {
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  bool started;
  double report, last; /* seconds; 0: never */
  char who[64], where[256];
};

static void say(const StartWatch *watch, double seconds, const char *verdict) {
  char text[700];
  int length = snprintf(text, sizeof text,
                        "quelea: %s: waits for %.0f s, at %s, for the other ranks to make their "
                        "first array; one that never does, and "
                        "ends without an error, is waited for%s\n",
                        watch->who, seconds, watch->where, verdict);
  ssize_t wrote = write(STDERR_FILENO, text, (size_t)QL_MIN(length, (int)sizeof text - 1));
  (void)wrote; /* nobody may be listening */
}

/* True: it has started. */
static bool wait_until(StartWatch *watch, const struct timespec *began, double seconds) {
  struct timespec until = *began;
  int64_t nanoseconds = until.tv_nsec + (int64_t)(seconds * 1e9);
  until.tv_sec += nanoseconds / 1000000000, until.tv_nsec = nanoseconds % 1000000000;
  int code = 0;
  while (!watch->started && code != ETIMEDOUT)
    code = pthread_cond_timedwait(&watch->changed, &watch->mutex, &until);
  return watch->started;
}

static void *watch_clock(void *argument) {
  StartWatch *watch = argument;
  struct timespec began;
  clock_gettime(CLOCK_MONOTONIC, &began);
  pthread_mutex_lock(&watch->mutex);
  double next = watch->report;
  for (;;) {
    bool ends = watch->last > 0 && (next <= 0 || watch->last <= next);
    double seconds = ends ? watch->last : next;
    if (seconds <= 0 || wait_until(watch, &began, seconds)) break;
    say(watch, seconds, ends ? ": ending" : "");
    if (ends) _exit(1); /* the launcher ends the job */
    next *= 2;
  }
  pthread_mutex_unlock(&watch->mutex);
  return NULL;
}

/* The number that the launcher gave this process, as far as its environment tells. */
static void name_process(char *text, size_t size) {
  int rank = comm_launched_rank();
  if (rank >= 0)
    snprintf(text, size, "rank %d", rank);
  else
    snprintf(text, size, "process %ld", (long)getpid());
}

static bool prepare(StartWatch *watch) {
  pthread_condattr_t attributes;
  if (pthread_condattr_init(&attributes)) return false;
  bool made = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
              pthread_cond_init(&watch->changed, &attributes) == 0;
  pthread_condattr_destroy(&attributes);
  if (made && pthread_mutex_init(&watch->mutex, NULL) == 0) return true;
  if (made) pthread_cond_destroy(&watch->changed);
  return false;
}

StartWatch *comm_start_watch(const Comm *comm) {
  bool is_wanted = comm->params->wait_report > 0 || comm->params->wait_abort > 0;
  StartWatch *watch = is_wanted ? calloc(1, sizeof *watch) : NULL;
  if (!watch) return NULL;
  watch->report = comm->params->wait_report, watch->last = comm->params->wait_abort;
  name_process(watch->who, sizeof watch->who);
  comm_where(comm, watch->where, sizeof watch->where);
  if (prepare(watch)) {
    if (!ql_thread_start(&watch->thread, watch_clock, watch)) return watch;
    pthread_mutex_destroy(&watch->mutex), pthread_cond_destroy(&watch->changed);
  }
  free(watch);
  return NULL;
}

void comm_start_end(StartWatch *watch) {
  if (!watch) return;
  pthread_mutex_lock(&watch->mutex);
  watch->started = true;
  pthread_cond_signal(&watch->changed);
  pthread_mutex_unlock(&watch->mutex);
  pthread_join(watch->thread, NULL);
  pthread_mutex_destroy(&watch->mutex), pthread_cond_destroy(&watch->changed);
  free(watch);
}
