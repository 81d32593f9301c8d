/* What a run's time goes into, by the lines of the program (QUELEA_PROFILE), and when
 * (QUELEA_TRACE=file:NAME). Without them ctx->profile is NULL, and each place that asks costs a
 * branch.
 *
 *     phases    the main thread is in one at a time: their times are those of the run
 *     steps     within the phase STEPS, of each thread and group: computed, waited, moved
 *     lines     a group's time belongs to the lines that it serves, by their operations' costs;
 *               that of some phases to the line where the program is when they end
 *
 * The clock is the processor's, where it has one: a look at it costs less than at the system's. */
#ifndef QUELEA_PROFILE_H
#define QUELEA_PROFILE_H

#include "runtime.h"

#include <stdatomic.h>
#include <time.h>

typedef enum ProfileSpent {
  SPENT_COMPUTING,
  SPENT_WAITING,
  SPENT_MOVING,
  SPENT_RECEIVING, /* waiting for messages */
  SPENT_KINDS
} ProfileSpent;

/* Of one thread and one group, in the run under way. */
typedef struct ProfileGroup {
  uint64_t spent[SPENT_KINDS]; /* ticks */
  int64_t points;
} ProfileGroup;

typedef struct ProfileEvent {
  uint64_t begin, end; /* ticks */
  QlSource source;
  int group, thread, kind; /* of a run under way: which; kind: QlTraceKind */
} ProfileEvent;
typedef struct ProfileEvents {
  ProfileEvent *list;
  int64_t count, room;
} ProfileEvents;

typedef struct ProfileThread {
  _Alignas(64) uint64_t last; /* when it last noted something */
  ProfileGroup *groups;
  ProfileEvents events; /* of the run under way */
} ProfileThread;

/* Of what is short and happens often, about one in 16 is noted, and stands for as many. */
typedef struct ProfileSample {
  int left, skip;  /* until one is noted; how many that stands for */
  unsigned random; /* how many the next one does */
} ProfileSample;

typedef struct Profile {
  bool traces;
  int threads, group_room;
  ProfileThread *thread; /* [threads] */
  _Atomic QlPhase phase; /* of the main thread, */
  uint64_t since;        /* from then on */
  uint64_t last;         /* ticks in the one before, since it was entered or came back to */
  uint64_t phases[QL_PHASE_COUNT];
  QlProfileLine *lines; /* a hash table by their sources, in seconds but for [ticks] */
  int line_count, line_room;
  uint64_t compiles_since; /* ql_profile_compiling: then, */
  QlPhase compiles_from;   /* and the phase before */
  ProfileSample at_once;   /* of statements executed at once, */
  ProfileSample shorts;    /* and of short stays in phases of lines */
  double immediate;        /* ticks in statements executed at once */
  double given;            /* ticks of PROGRAM that ql_profile_here gave to lines */
  uint64_t looked;         /* of the numbers that the program has seen, in their order */
  int64_t looks;           /* how many */
  uint64_t tick_began;     /* the same moment by both clocks */
  double microseconds_began;
  ProfileEvents events;
  double microseconds_per_tick; /* of those that are being given */
  int64_t lost;                 /* events beyond those kept */
} Profile;

static inline uint64_t profile_ticks(void) {
#if defined(__x86_64__)
  return __builtin_ia32_rdtsc();
#else
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
#endif
}

/* ---- profile.c ---- */
void profile_event(Profile *profile, ProfileEvents *to, const ProfileEvent *event);
void profile_phase_over(QlContext *ctx, QlPhase phase, uint64_t now);
/* One of the statements that are executed at once stands for so many. */
void profile_immediate(QlContext *ctx, int64_t points, uint64_t began);

/* The main thread enters a phase. Gives the one that it leaves, to be entered again. */
static inline QlPhase rt_phase(QlContext *ctx, QlPhase phase) {
  Profile *profile = ctx->profile;
  if (!profile) return phase;
  QlPhase before = atomic_load_explicit(&profile->phase, memory_order_relaxed);
  profile_phase_over(ctx, before, profile_ticks());
  atomic_store_explicit(&profile->phase, phase, memory_order_relaxed);
  return before;
}

/* A thread begins its part of a run, */
static inline void rt_profile_begin(const QlContext *ctx, int thread) {
  if (ctx->profile) ctx->profile->thread[thread].last = profile_ticks();
}

/* and has done something for that group since it last noted something. */
static inline void rt_profile_spent(const QlContext *ctx, int thread, int group, ProfileSpent kind,
                                    int64_t points) {
  Profile *profile = ctx->profile;
  if (!profile) return;
  ProfileThread *t = &profile->thread[thread];
  uint64_t now = profile_ticks();
  now = QL_MAX(now, t->last); /* clocks of two processors may differ */
  t->groups[group].spent[kind] += now - t->last, t->groups[group].points += points;
  if (profile->traces)
    profile_event(profile, &t->events,
                  &(ProfileEvent){t->last, now, {0}, group, thread, QL_PHASE_COUNT + (int)kind});
  t->last = now;
}

/* Is this statement, which is executed at once, one that is noted? */
static inline bool rt_profile_samples(const QlContext *ctx) {
  return ctx->profile && --ctx->profile->at_once.left <= 0;
}

#endif
