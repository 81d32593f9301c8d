/* Plans, run: the workers of a rank, what they work on, and who looks at the results. */
#ifndef QUELEA_RUN_H
#define QUELEA_RUN_H

#include "plan/plan.h"
#include "routine/sorting.h"

#include <pthread.h>

typedef struct Remarks {
  QlRemark *lines;
  int count, room, last;
} Remarks;

/* A kind of statement on the immediate path, and its kernel once it has been worth one. */
typedef struct ImmediateForm {
  uint64_t form;   /* 0: none */
  int64_t points;  /* computed without a kernel, and what their calls cost */
  JitEntry *entry; /* NULL: none yet, or it cannot be compiled */
} ImmediateForm;
enum { IMMEDIATE_FORMS = 1024 };

/* While no plan is found again, statements on more points are executed at once. */
typedef struct ImmediateSpell {
  int made, found;      /* statements in new plans, and since then in plans that were there */
  int64_t left, length; /* so many statements still; of the next spell */
  int64_t bytes;        /* of what it has made on the ranks of the node, together */
} ImmediateSpell;

typedef struct Team Team;
typedef struct Run Run;

/* How far a worker came in a run that was stopped, in steps. */
typedef struct Reached {
  int finished, begun;
} Reached;

/* What a worker waits for. */
typedef struct CourseWait {
  int worker; /* of the node, until its cell */
  uint64_t value;
} CourseWait;

/* A thread's way through the plan's steps with the tasks of its workers; by whoever has locked it
 * (course.c). */
typedef struct Course {
  _Alignas(128) pthread_mutex_t lock;
  bool open;        /* there is more to do; */
  bool for_all;     /* any thread of the rank may do it */
  int first, end;   /* tasks of this rank */
  int step, task;   /* where it is: which task comes next of the step, */
  bool has_begun;   /* which has begun; */
  int strip, front; /* of a sweep, which comes next */
  bool has_stopped; /* it computes nothing more, */
  Reached reached;  /* from here on */
} Course;

typedef enum StepEnd { STEP_DONE, STEP_CONTINUES, STEP_WAITS, STEP_STOPPED } StepEnd;

/* Messages before a group that have been posted. */
typedef struct Flight {
  int group;
  CommExchange *exchange;
} Flight;

/* Memory that routines use while they compute, a part for each thread of the rank. */
typedef struct Scratch {
  void *memory;
  char *data;   /* in it, where a cache line begins: for each thread, */
  int64_t each; /* so many bytes */
} Scratch;
/* What is kept between runs. */
enum { SCRATCH_KEPT = 1 << 20 };

/* What a run of a plan needs beyond the plan: the addresses of this time. */
struct Run {
  const Plan *plan;
  uint64_t base;  /* a worker's cell is base + behind when it has finished a step; within a sweep it
                     grows by one with each front */
  Block **blocks; /* [places] */
  char **data;    /* [slots] the element at geometry.alloc.lo */
  int room;
  JitCall *calls;  /* [groups] of kernels, but for the box */
  char **bases;    /* their operands', */
  QlValue *params; /* and parameters */
  int call_room, base_room, param_room;
  Block *staging;        /* of the plan's exchanges, in the node's arena; NULL: it has none */
  CommMessage *messages; /* of the leader: of all exchanges, */
  int message_count;     /* those posted so far, */
  Flight *flights;       /* and what travels, */
  int flying;            /* so many exchanges */
  int message_room, flight_room;
  const void **tables; /* [groups] of routines */
  int table_room;
  Scratch scratch; /* theirs too */
  Course *courses; /* [threads] */
  int used;        /* so many threads take part, each for several workers; */
  uint64_t end;    /* the cells of all then */
  /* What is done instead of a plan, by all workers of the node; NULL: a plan. */
  void (*work)(void *subject, int worker);
  void *subject;
  int64_t computed; /* points, by the main thread, */
  int64_t looked;   /* and when it last looked for signals */
  double began;     /* when it first did; 0: it has not; */
  double glanced;   /* when it last did between portions, or began with them */
  double report;    /* when it says next that it still computes: microseconds since */
  bool is_away;     /* the program's other threads may run meanwhile */
};

typedef struct Member {                   /* a thread beside the main one */
  _Alignas(64) atomic_uint_fast64_t runs; /* so many it has been started for */
  atomic_bool sleeps;
  int thread;
  Team *team;
  pthread_t id;
  pthread_mutex_t lock;
  pthread_cond_t wake;
} Member;

struct Team {
  QlContext *context;
  Run run;
  int count; /* of threads beside the main one */
  Member *members;
  atomic_bool stop;
};

/* ---- team.c ---- */
void team_start(Team *team, int threads); /* lets so many, the main one included, run team->run */

/* ---- course.c ---- */
/* Runs team->run until the cells of this rank's workers have that value, by so many of its threads;
 * it is so much work, in additions. */
void rt_run_courses(QlContext *ctx, int used, double work, uint64_t end);
/* By the main thread, while it runs: other threads of the program may do so, too, until it has. */
void rt_run_away(QlContext *ctx, Run *run);
void rt_run_course(QlContext *ctx, Run *run, int thread); /* one thread's part in that */
/* Node-collective. Outside plans: calls work(subject, worker) for each worker of this rank, by its
 * threads where so many points are worth them, and waits until the whole node has done its part. */
void rt_together(QlContext *ctx, int64_t points, void (*work)(void *subject, int worker),
                 void *subject);

/* ---- execute.c ---- */
/* What comes next on a course, by that thread of the rank: of a task's part of a step all, of a
 * sweep a front. Or it waits. */
StepEnd run_part(QlContext *ctx, Run *run, Course *course, int thread, CourseWait *wait);
/* The leader's part of a step. False: it waits. */
bool run_messages(QlContext *ctx, Run *run, const PlanStep *step, CourseWait *wait);
void run_box(QlContext *ctx, const Run *run, const PlanGroup *group, const Box *box, int thread);
/* The cell of a worker that has finished a step. */
static inline uint64_t run_behind(const Run *run, int step) {
  return run->base + (uint64_t)run->plan->steps[step].behind;
}

/* ---- terms.c ---- */
/* A box of a nest whose terms are reduced on the way. */
void run_terms(const Run *run, const PlanGroup *group, const JitCall *call, const Box *box,
               int thread);

/* ---- slices.c ---- */
/* A worker's box; false: the run was stopped on the way. While messages travel the node's leader
 * moves them along between slices. */
bool rt_run_slices(QlContext *ctx, Run *run, const PlanGroup *group, const Box *box, int thread);
/* The main thread has computed so many points of it; looks for signals now and then. */
void rt_computed(QlContext *ctx, Run *run, const PlanGroup *group, int64_t points);
/* So many are done of what it would compute if all computed as much, whoever has done them. Looks
 * for signals some times in a second: what points cost is not known. */
void rt_has_computed(QlContext *ctx, Run *run, const PlanGroup *group, int64_t points);
bool rt_interrupted(QlContext *ctx); /* looks for signals, on the main thread */
double rt_microseconds(void);
/* What a run has made of a slot: what the plan says; nothing, its earlier block holds (also where a
 * new one was begun); or neither the old value nor the new one. */
typedef enum SlotEnd { SLOT_STORED, SLOT_AS_BEFORE, SLOT_TORN } SlotEnd;
SlotEnd rt_slot_end(const QlContext *ctx, const Run *run, int slot);

/* ---- fronts.c ---- */
StepEnd rt_run_front(QlContext *ctx, Run *run, Course *course, int thread, CourseWait *wait);

/* ---- flush.c ---- */
QlStatus rt_flush(QlContext *ctx, QlError *error); /* collective */
QlStatus rt_flush_log(QlContext *ctx,
                      QlError *error); /* plans, agrees, executes; the log stays as it is */
void rt_describe(QlContext *ctx, QlSource source, char *text, size_t size);
/* Waits until every worker of the node has finished what was flushed. */
void rt_wait_node(QlContext *ctx);

/* ---- agree.c ---- */

/* Where in the protocol ranks meet: at different places they do different things. */
typedef enum AgreePlace {
  AGREE_FLUSH,
  AGREE_PLAN,
  AGREE_STATUS,
  AGREE_VALUE,
  AGREE_SYNC,
  AGREE_PASS,
  AGREE_END
} AgreePlace;

typedef struct Agreement {
  AgreePlace place;
  uint64_t state;      /* what else must be the same */
  QlStatus status;     /* of this rank, */
  const QlError *mine; /* and what to say when it is the lowest that failed */
  uint32_t requests;   /* of this rank; then of all */
  uint64_t value[2];   /* the same; 0 but on ranks that have something to tell */
} Agreement;
/* Collective. Again: the ranks had dropped different arrays; that is settled, and what this rank
 * had prepared is void. Diverged ranks, and a failure of any rank, are errors of all. */
QlStatus rt_agree(QlContext *ctx, Agreement *agreement, bool *again, QlError *error);
/* Collective, in two halves: rt_history_pass, whose halves these are. Nothing is requested. */
void rt_agree_say(QlContext *ctx);
QlStatus rt_agree_hear(QlContext *ctx, bool *again, QlError *error);
/* Collective. The lowest failing rank's error on all. */
QlStatus rt_agree_status(QlContext *ctx, QlStatus status, QlError *error);
/* Collective. What some rank gives, to all; the others give 0. */
QlStatus rt_agree_value(QlContext *ctx, uint64_t value[2], QlError *error);
QlStatus rt_agree_sync(QlContext *ctx,
                       QlError *error); /* collective: nothing but that all are here */

/* ---- asked.c: what ranks ask of the program, in the requests of any agreement ---- */
uint32_t rt_asks(const QlContext *ctx); /* this rank, now */
/* Notes what some rank has asked for; gives the other requests. */
uint32_t rt_asked(QlContext *ctx, uint32_t requests);

/* ---- remarks.c ---- */
void rt_remark(QlContext *ctx, QlRemarkKind kind, QlSource source, int64_t bytes);
void rt_remarks_of(QlContext *ctx, const Plan *plan); /* it has run */

/* ---- profile.c: nothing is done in them unless something is measured (profile.h) ---- */
QlStatus rt_profile_new(QlContext *ctx, bool traces, QlError *error);
void rt_profile_start(QlContext *ctx); /* all ranks are here: time 0 */
void rt_profile_free(QlContext *ctx);
QlStatus rt_profile_reserve(QlContext *ctx, int groups, QlError *error);
void rt_profile_plan(QlContext *ctx, const Plan *plan); /* it has run */
void rt_profile_compiled(QlContext *ctx, QlSource source, uint64_t began);

/* ---- gather.c ---- */
/* Collective. A partitioned array on several nodes, executed, in C order into `host` on rank
 * `root`. */
QlStatus rt_gather_storage(QlContext *ctx, Storage *storage, int root, char *host, QlError *error);

/* ---- fetch.c ---- */
/* Collective. made[p] = source[places[p]], of arrays that are computed: places counts elements of
 * the source's storage; it and made have one layout. */
QlStatus rt_fetch(QlContext *ctx, const QlArray *source, const QlArray *places, const QlArray *made,
                  QlError *error);

/* ---- sort.c, sort_between.c: the order of elements (routine/sorting.h) ---- */
/* A sort under way. Elements of the node's part lie in x, and in y: what each needs for the other.
 */
typedef struct Sort {
  QlContext *ctx;
  const Storage *of; /* the values, */
  QlDtype dtype;
  SortForm form;
  bool indices, in_place; /* with indices; x is the values' own memory */
  bool wants_values;      /* else their memory may be that of the indices */
  bool alone;             /* each rank sorts all of it for itself */
  int workers;            /* that share a node's part, */
  int64_t count, first;   /* of so many elements, the first of which has that index */
  char *values, *x, *y;
  int64_t *index; /* where indices go; NULL */
  int nodes, runs;
  int64_t *starts; /* [runs + 1] in x, or in y once they have come from other nodes */
  bool has_come;   /* they have */
  SortRun *run;    /* [threads][runs], */
  int64_t *split;  /* [threads][2][runs] */
  char *scratch;   /* to merge in, of each thread */
  Block *block[3]; /* x, y, starts; NULL: none */
} Sort;
/* On a node's leader. Memory for what leaders tell each other. */
typedef struct SortBetween SortBetween;
QlStatus sort_between_new(const Sort *sort, SortBetween **between, QlError *error);
void sort_between_free(SortBetween *between);
/* By all leaders: which elements of which node belong to which; fills sort->starts. Then takes the
 * memory for the messages. */
QlStatus sort_between_split(Sort *sort, SortBetween *between, QlError *error);
/* By all leaders: from x, everybody's elements into y. Gives the bytes that have come. */
int64_t sort_between_exchange(Sort *sort, SortBetween *between);

/* ---- replay.c ---- */
/* After a flush failed with that status and error on all ranks: executes what does not depend on
 * the failure. Gives what is to be raised. */
QlStatus rt_replay(QlContext *ctx, QlStatus status, QlError *error);

/* ---- transfer.c ---- */
/* A worker's parts of an exchange, from blocks into staging or from there, and within the node. */
void rt_parts_copy(const Run *run, const PlanExchange *exchange, const PlanParts *parts);
/* By the main thread of the node's leader. A failure ends the job: results have been stored. */
void rt_messages_post(QlContext *ctx, Run *run, int group);
void rt_messages_complete(QlContext *ctx, Run *run, int group);
bool rt_messages_poll(Run *run); /* moves them along; false: none is left to move */
QlStatus rt_messages_reserve(QlContext *ctx, Run *run, const Plan *plan, QlError *error);

/* ---- execute.c, team.c ---- */
QlStatus rt_plan_prepare(QlContext *ctx, const Plan *plan,
                         QlError *error); /* allocates; on failure undoes all of it */
void rt_plan_undo(QlContext *ctx, const Plan *plan);
void rt_plan_run(QlContext *ctx, const Plan *plan);
void rt_plan_finish(QlContext *ctx, const Plan *plan); /* storages get their new state */
QlStatus rt_team_new(QlContext *ctx, QlError *error);
void rt_team_free(QlContext *ctx);

/* ---- guard.c, in array/: debug builds ---- */
/* Fills what the plan allocated. On the main thread of every rank of the node, before any worker
 * starts. */
void rt_canary_fresh(QlContext *ctx, const Run *run);
/* Fills what the group is the first to use in blocks that others have left. By every worker that
 * is about to begin the group; all of them wait for all. */
void rt_canary_follow(QlContext *ctx, const Run *run, int group, bool is_main);
/* The step is over: of groups that are now computed, with all before them, ghosts and copies of the
 * targets are invalid, and are filled. By the node's leader. */
void rt_canary_stored(QlContext *ctx, const Run *run, int step);

/* ---- scratch.c ---- */
/* So many bytes for each thread at least. */
QlStatus rt_scratch_reserve(QlContext *ctx, int64_t each, QlError *error);
void rt_scratch_release(QlContext *ctx); /* nobody computes: what is large goes */
static inline void *rt_scratch_of(const Scratch *scratch, int thread) {
  return scratch->each ? scratch->data + thread * scratch->each : NULL;
}

/* ---- immediate.c ---- */
/* So many points may a statement have. */
int64_t rt_immediate_points(const QlContext *ctx, StatementKind kind);
/* An execution of the log has made its plan, or known it. */
void rt_immediate_learn(QlContext *ctx, bool made);
/* Executes the statement, if the immediate path is for it. True: that is done, or has failed. */
bool rt_immediate(QlContext *ctx, const LogRequest *request, QlStatus *status, QlError *error);
/* Memory of this rank's for a storage that has none. False: it is not replicated, or there is none.
 */
bool rt_immediate_memory(QlContext *ctx, Storage *storage);
/* May a new array get its values on it? */
bool rt_immediate_takes(const QlContext *ctx, const QlArray *made);
/* Gives a new array what the user's memory holds. True as above. */
bool rt_immediate_import(QlContext *ctx, const LogRequest *request, const void *data,
                         const int64_t *byte_strides, QlStatus *status, QlError *error);

/* Signed and unsigned integers compare by several operations, which are left to the planner. */
static inline bool rt_compares_signs(QlOp op, QlDtype loop) {
  return loop == QL_U64 && ql_is_comparison(op);
}

/* ---- place.c ---- */
/* A statement on few elements, or on many, is about to be recorded: may move its arrays, which is
 * collective. A failure is one of what was pending. */
QlStatus rt_place_few(QlContext *ctx, const LogRequest *request, QlError *error);
QlStatus rt_place_many(QlContext *ctx, const LogRequest *request, QlError *error);
/* One on few elements waits for what is pending. Moves nothing. */
void rt_place_new(QlContext *ctx, const LogRequest *request);
/* One on few elements of an array that every rank has for itself is executed. */
static inline void rt_place_stays(Storage *storage) {
  if (storage->many) storage->many--;
}

/* ---- element.c ---- */
/* The arithmetic of two numbers of float64, which loops over elements are made of. True as above.
 */
bool rt_element_compute(QlContext *ctx, QlOp op, const QlOperand *in, QlArray **result,
                        QlStatus *status, QlError *error);
/* The same of a map over arrays of no axes and scalars, into a new one of that dtype. */
bool rt_element_map(QlContext *ctx, QlOp op, QlDtype loop, QlDtype dtype, int count,
                    const QlOperand *in, QlArray **result, QlStatus *status, QlError *error);

#endif
