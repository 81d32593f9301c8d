/* The courses of a rank's workers through a plan.
 *
 * The cell of a worker says how many steps it has finished; before a step a worker waits for those
 * that the plan names. Where not all threads of a rank are worth waking, those that are do the
 * tasks of the others too, in whose place they publish: a thread's course takes all of its tasks
 * through one step after another.
 *
 * A course is where it is, not who takes it there: a thread that waits takes the courses of its
 * rank's other threads further meanwhile, as far as these are not being taken by somebody. So a
 * thread that has not woken yet, or whose core another process has, holds nobody up but by the step
 * that it has begun. The lock of a course is for one step, or one front of a sweep. Who comes late
 * finds its course closed, and does not look at the plan, which may be another by then.
 *
 * Debug builds, where all wait for all before canaries are laid, leave to each thread its own. */
#include "profile.h"

#include <time.h>

enum { TAKES_OTHERS = !QUELEA_CANARIES };
enum { POINT_COST = 32 };       /* of what is done outside plans, in additions: a guess */
enum { LONG_WORK = 1 << 23 };   /* additions: some milliseconds */
enum { LOOK_EACH = 100000000 }; /* nanoseconds */

typedef enum Outcome { WENT_ON, WAITS, IS_TAKEN, IS_OVER } Outcome;

static void publish(QlContext *ctx, const Course *course, uint64_t value) {
  int me = ctx->info->node_rank * ctx->info->threads;
  for (int t = course->first; t < course->end; t++) comm_publish(ctx->comm, me + t, value);
}

/* Behind the last step the plan may go as soon as that is published. */
static Outcome end_step(QlContext *ctx, Run *run, Course *course) {
  int s = course->step;
  uint64_t behind = run_behind(run, s);
  bool leads = QUELEA_CANARIES && course->first == 0 && ctx->info->node_rank == 0;
  course->step++, course->task = course->first, course->has_begun = false;
  bool is_over = course->step == run->plan->step_count;
  if (is_over && course->open) course->open = false;
  publish(ctx, course, behind);
  if (leads) rt_canary_stored(ctx, run, s);
  return is_over ? IS_OVER : WENT_ON;
}

static void stop(Course *course, Reached reached) {
  course->has_stopped = true, course->reached = reached;
}

static Outcome begin_step(QlContext *ctx, Run *run, Course *course, CourseWait *wait) {
  const PlanStep *step = &run->plan->steps[course->step];
  bool is_main = course->first == 0, leads = is_main && ctx->info->node_rank == 0;
  if (QUELEA_CANARIES && course->step == run->plan->groups[step->group].first_step)
    rt_canary_follow(ctx, run, step->group, is_main);
  if (!course->has_stopped && rt_stops(ctx)) stop(course, (Reached){course->step, course->step});
  if (leads && !run_messages(ctx, run, step, wait)) return WAITS;
  course->has_begun = true;
  return WENT_ON;
}

/* One part of a step at most, by whoever has the course. */
static Outcome take_step(QlContext *ctx, Run *run, Course *course, int thread, CourseWait *wait) {
  if (!course->has_begun && begin_step(ctx, run, course, wait) == WAITS) return WAITS;
  while (course->task < course->end && !course->has_stopped) {
    switch (run_part(ctx, run, course, thread, wait)) {
      case STEP_WAITS: return WAITS;
      case STEP_CONTINUES: return WENT_ON;
      case STEP_STOPPED: stop(course, (Reached){course->step, course->step + 1}); break;
      case STEP_DONE: course->task++; break;
    }
  }
  return end_step(ctx, run, course);
}

/* The same of what is done outside plans. */
static Outcome do_work(QlContext *ctx, const Run *run, Course *course) {
  int me = ctx->info->node_rank * ctx->info->threads;
  uint64_t end = run->end;
  for (int t = course->first; t < course->end; t++) run->work(run->subject, me + t);
  if (course->open) course->open = false;
  publish(ctx, course, end);
  return IS_OVER;
}

static Outcome go_on(QlContext *ctx, Run *run, Course *course, int thread, CourseWait *wait) {
  return run->work ? do_work(ctx, run, course) : take_step(ctx, run, course, thread, wait);
}

/* Locked. */
static Outcome take(QlContext *ctx, Run *run, Course *course, int thread, CourseWait *wait) {
  if (pthread_mutex_trylock(&course->lock)) return IS_TAKEN;
  Outcome outcome = course->open ? go_on(ctx, run, course, thread, wait) : IS_OVER;
  pthread_mutex_unlock(&course->lock);
  return outcome;
}

static bool is_untouched(const Course *course) {
  return course->step == 0 && course->task == course->first && !course->has_begun;
}

/* A part of some other thread's course, or only of one that nobody has begun. False: there is none
 * to be had. */
static bool take_others(QlContext *ctx, Run *run, int thread, bool untouched) {
  int threads = ctx->info->threads;
  for (int k = 1; k < threads && TAKES_OTHERS; k++) {
    CourseWait unused;
    Course *course = &run->courses[(thread + k) % threads];
    if (pthread_mutex_trylock(&course->lock)) continue;
    bool takes = course->open && course->for_all && (!untouched || is_untouched(course));
    Outcome outcome = takes ? go_on(ctx, run, course, thread, &unused) : WAITS;
    pthread_mutex_unlock(&course->lock);
    if (outcome == WENT_ON || outcome == IS_OVER) return true;
  }
  return false;
}

static void move_messages(void *run) { (void)rt_messages_poll(run); }

/* While its messages travel, a leader that waits moves them along. */
static void await(QlContext *ctx, Run *run, const CourseWait *wait, int thread) {
  bool is_main = thread == 0;
  if (is_main && run->flying)
    comm_await_moving(ctx->comm, wait->worker, wait->value, move_messages, run);
  else
    comm_await(ctx->comm, wait->worker, wait->value, is_main);
}

/* Who is at work will soon be done; who has not even begun is not waited for. */
static void await_or_take(QlContext *ctx, Run *run, const CourseWait *wait, int thread) {
  if (take_others(ctx, run, thread, true)) return;
  if (comm_polls(ctx->comm, wait->worker, wait->value)) return;
  if (!take_others(ctx, run, thread, false)) await(ctx, run, wait, thread);
}

/* Another thread has the course and is at work, which may be a call of the program's own function.
 * The main thread looks for signals meanwhile. */
static void await_taker(QlContext *ctx, Course *course, int thread) {
  if (thread) {
    pthread_mutex_lock(&course->lock);
  } else {
    struct timespec until;
    rt_away(ctx, true);
    for (;;) {
      clock_gettime(CLOCK_REALTIME, &until);
      until.tv_nsec += LOOK_EACH;
      if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
      if (!pthread_mutex_timedlock(&course->lock, &until)) break;
      (void)rt_interrupted(ctx);
    }
    rt_away(ctx, false);
  }
  pthread_mutex_unlock(&course->lock);
}

void rt_run_course(QlContext *ctx, Run *run, int thread) {
  Course *course = &run->courses[thread];
  if (thread) rt_profile_begin(ctx, thread); /* the main thread has, with the run */
  for (;;) {
    CourseWait wait;
    switch (take(ctx, run, course, thread, &wait)) {
      case IS_OVER: return;
      case WENT_ON: break;
      case WAITS: await_or_take(ctx, run, &wait, thread); break;
      case IS_TAKEN: await_taker(ctx, course, thread); break;
    }
  }
}

/* No other thread takes part. */
static void run_alone(QlContext *ctx, Run *run) {
  for (;;) {
    CourseWait wait;
    switch (go_on(ctx, run, &run->courses[0], 0, &wait)) {
      case WAITS: await(ctx, run, &wait, 0); break;
      case IS_OVER: return;
      default: break;
    }
  }
}

/* ---- all of them ---- */

static void place(const QlContext *ctx, Run *run, int thread) {
  Course *course = &run->courses[thread];
  int threads = ctx->info->threads, steps = run->work ? 0 : run->plan->step_count;
  course->first = course->task = plan_first_task(threads, run->used, thread);
  course->end = plan_first_task(threads, run->used, thread + 1);
  course->step = course->strip = course->front = 0;
  course->has_begun = course->has_stopped = false;
  course->reached = (Reached){steps, steps};
}

/* Messages are the main thread's. */
static void open_all(const QlContext *ctx, Run *run) {
  for (int t = 0; t < run->used; t++) {
    Course *course = &run->courses[t];
    pthread_mutex_lock(&course->lock);
    place(ctx, run, t);
    course->open = true, course->for_all = t || run->work || !run->plan->exchange_count;
    pthread_mutex_unlock(&course->lock);
  }
}

static void await_all(QlContext *ctx, Run *run) {
  int me = ctx->info->node_rank * ctx->info->threads;
  for (int t = 1; t < run->used; t++) {
    CourseWait wait = {me + run->courses[t].end - 1, run->end};
    while (comm_peek(ctx->comm, wait.worker) < wait.value) await_or_take(ctx, run, &wait, 0);
  }
}

void rt_run_away(QlContext *ctx, Run *run) {
  if (!run->is_away) rt_away(ctx, run->is_away = true);
}

void rt_run_courses(QlContext *ctx, int used, double work, uint64_t end) {
  Run *run = &ctx->team->run;
  run->used = used, run->end = end, run->is_away = false;
  if (work >= LONG_WORK) rt_run_away(ctx, run);
  ctx->executes = true;
  if (used == 1) {
    place(ctx, run, 0);
    run_alone(ctx, run);
  } else {
    open_all(ctx, run);
    team_start(ctx->team, used);
    rt_run_course(ctx, run, 0);
    await_all(ctx, run);
  }
  ctx->executes = false;
  if (run->is_away) rt_away(ctx, false);
  ctx->progress = end;
}

void rt_together(QlContext *ctx, int64_t points, void (*work)(void *, int), void *subject) {
  Run *run = &ctx->team->run;
  QlPhase before = rt_phase(ctx, QL_PHASE_WORK);
  run->work = work, run->subject = subject;
  double total = POINT_COST * (double)points;
  rt_run_courses(ctx, total >= (double)ctx->params.share ? ctx->info->threads : 1, total,
                 ctx->progress + 1);
  rt_wait_node(ctx);
  run->work = NULL;
  (void)rt_phase(ctx, before);
}
