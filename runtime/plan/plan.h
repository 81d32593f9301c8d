/* A log, planned: what a run needs to know, and nothing of how it was found (planner.h). */
#ifndef QUELEA_PLAN_H
#define QUELEA_PLAN_H

#include "jit.h"
#include "log/log.h"
#include "routine/routine.h"

/* ---- the plan of a flush ---- */

/* A piece of memory that a plan uses: a storage of the log, or a temporary of the plan (also a
 * node's copy of remote elements). */
typedef struct PlanSlot {
  bool allocate; /* gets a block when the plan runs: a fresh storage that is stored, or a temporary
                  */
  bool stored;   /* some group writes it */
  bool renew; /* a storage gets a new block: its margins grow, or its block is shared with an export
                 and is written */
  uint8_t dtype, ndim;
  int64_t shape[QL_MAX_DIMS];
  Layout *layout;       /* what a fresh storage gets; of temporaries; NULL: staging */
  Block geometry;       /* of the block as this plan sees it (data and references unused) */
  int place;            /* where it lies; -1: it has no memory */
  int begins;           /* the group that uses it first, if it is allocated; */
  bool follows;         /* its block holds what another slot has left there */
  bool flat;            /* the block is a stretch of the array in C order, */
  int64_t flat_start;   /* from this element on */
  Ghosts *ghosts_after; /* NULL: none */
  bool is_copy;         /* of what this node needs of the slot `copied`: */
  int copied, number;   /* the copy of that number that its storage keeps; -1: a new one, */
  Reading *reading;     /* which is kept if this says what it holds; */
  int64_t kept_bytes;   /* its size on the node with the most */
} PlanSlot;

/* A block that a plan uses, by one slot or by several whose lives do not overlap (live.c). */
typedef struct PlanPlace {
  int from;   /* the slot of the log whose storage has it before the plan, or the kept copy that it
                 is; -1: it is new */
  int keeper; /* the slot of the log whose storage has it behind the plan, or the copy that is kept;
                 -1: it goes */
  bool private_memory;
  bool stored; /* some group writes it */
  int64_t bytes;
} PlanPlace;

/* A box that goes from this node to another, or comes from there, or stays, before a group runs. */
typedef enum TransferKind { TRANSFER_SEND, TRANSFER_RECEIVE, TRANSFER_LOCAL } TransferKind;
typedef struct Transfer {
  TransferKind kind;
  int peer;        /* node */
  int source_slot; /* whose elements */
  int target_slot; /* where they go; the same slot: its ghosts */
  const Box *box;  /* storage coordinates of source_slot; what goes to many nodes has it once */
  int64_t at;      /* packed in C order, in the exchange's staging */
} Transfer;

/* All transfers of an exchange between this node and another, in one direction, in the order in
 * which both nodes list them. */
typedef struct PlanMessage {
  int node;
  bool receive;
  int64_t at, bytes; /* in the exchange's staging */
} PlanMessage;

/* What a group needs of other nodes before it runs, and they of this one. */
typedef struct PlanExchange {
  int transfer_count;
  Transfer *transfers;
  int message_count;
  PlanMessage *messages; /* by node */
  int64_t at, bytes;     /* its staging, in that of the plan: from STEP_PACK to STEP_UNPACK */
} PlanExchange;

typedef struct PlanOperand {
  int slot;
  uint32_t origin; /* the operand of the log that it is, as in a SlotView */
  int64_t offset;  /* bytes from the block's first element, for domain position 0 */
} PlanOperand;

/* An argument of the kernel: a scalar of the log by its index, or (-1) a number that follows from
 * the log's words, or (PLAN_BASE) the base of that operand. */
enum { PLAN_BASE = -2 };
typedef struct PlanParam {
  int scalar;
  int64_t value;
} PlanParam;

typedef struct PlanWait {
  int worker, step;
} PlanWait; /* wait until that worker has finished that step */
typedef struct PlanWaits {
  int count;
  PlanWait *list;
} PlanWaits;

typedef struct PlanTask { /* what one worker of this rank computes of one group */
  Box box;                /* domain coordinates; of IMPORT and MOVE: storage coordinates */
  bool empty;
  int through;   /* the last thread whose task this is too: their boxes are one */
  Box *interior; /* NULL, or what needs nothing that the exchange brings: it is computed while
                    messages travel */
} PlanTask;

/* What the workers of the node take in turn of a group whose points cost different amounts
 * (portions.c). */
typedef struct PlanPortions {
  Box whole;                    /* what the node computes, domain coordinates; */
  Box box;                      /* what of it is taken so: all, */
  bool inside;                  /* or what needs nothing that the exchange brings */
  int cuts[QL_MAX_DIMS], count; /* along each dimension in so many; together */
} PlanPortions;

/* What a statement has in a group, of what a point of it costs, and how many operations
 * (QUELEA_PROFILE). */
typedef struct PlanShare {
  int statement;
  double part, operations;
} PlanShare;

typedef enum GroupKind {
  GROUP_KERNEL,
  GROUP_IMPORT, /* the payload of `statement` into slot `operands[0].slot` */
  GROUP_MOVE /* the block of slot operands[1].slot into that of operands[0].slot; the same slot: its
                old block into its new one */
} GroupKind;

enum { TERMS_OPERANDS = 32, TERMS_ALIGNED = 64 }; /* of what reduces them; where they begin */
/* Terms that a nest puts together and does not store: a worker computes a chunk of them into
 * scratch, where they lie in C order, and reduces that (run/terms.c). */
typedef struct PlanTerms {
  int ndim, item;                /* of them: the nest's dimensions; bytes of one */
  int base, stride[QL_MAX_DIMS]; /* the nest's parameters that say where they are; -1 */
  struct PlanGroup *reducer;     /* operand 0 is stored, the others are terms */
  int dim[QL_MAX_DIMS];          /* which dimension of its domain each of theirs is; -1: none, */
  int64_t (*start)[QL_MAX_DIMS]; /* [operands] they are at that place along it */
} PlanTerms;

typedef struct PlanGroup {
  GroupKind kind;
  int rank;                          /* of the domain, */
  int64_t *extent;                   /* [rank] NULL: not a kernel's; */
  const struct Placement *placement; /* which is cut so (planner.h) */
  int cost;                          /* of a point, in additions; */
  bool uneven;                       /* some may take far more */
  JitEntry *entry;
  int operand_count, param_count;
  int store_count;
  PlanOperand *operands; /* [0] is the first target; [0, store_count) are stored */
  int64_t *strides;      /* [operands][rank] bytes per domain position */
  PlanParam *params;
  bool is_nest;                /* its parameters begin with the box (log/nest.c); no strides */
  int64_t nest_from;           /* of which the first dimension is counted from there */
  const RoutineShape *routine; /* NULL, or it computes the group instead of a kernel, */
  const int64_t *tile;         /* [rank] and boxes begin and end where such tiles do; NULL */
  bool widened;                /* it stores into margins too */
  bool replicated;             /* each rank computes all of it, by its main thread */
  PlanTask *tasks;             /* [threads] of this rank; */
  PlanPortions *portions;      /* NULL, or what is not theirs */
  PlanExchange *exchange; /* NULL: the group needs nothing of other nodes, nor another node does */
  int first_step, last_step; /* of those that compute it */
  int statement;             /* the statement of the log that it serves (the first of them) */
  bool swept;                /* with others, front by front */
  PlanShare *shares;         /* of the statements that it serves; NULL: nobody asks */
  int share_count;
  QlApart apart;   /* from the kernel before it, and why */
  double touched;  /* bytes of arrays for each of its points */
  int reduce_axis; /* -1; along it a box is cut between leaves, of JIT_LEAF points */
  int whole_axis;  /* -1; along it a box is not cut, for it is reduced to one value */
  int term_count;  /* of a nest */
  PlanTerms *terms;
  uint32_t whole;       /* then along these dimensions no box is cut, */
  int64_t chunk, bytes; /* a chunk has about so many points, all of them together in scratch */
} PlanGroup;

/* Along an axis of its targets, where the points of a group lie, and when they are computed in a
 * sweep. */
typedef struct SweepSide {
  int dim;             /* of the group's domain: point x lies at position step * x + start; */
  int64_t step, start; /* -1: all points lie at position `start` */
  Interval within;     /* where its points lie */
  int64_t ahead;       /* along the fronts: of front y it computes the positions from y + ahead */
  int64_t below;       /* and where shares or strips begin at c, its own begin at c - below */
} SweepSide;

typedef struct SweepGroup {
  int group;
  const Box *domain; /* what this node computes of it */
  SweepSide row, column;
} SweepGroup;

/* Groups that are computed front by front instead of one after another (sweep.c). */
typedef struct PlanSweep {
  int count;
  SweepGroup *groups;     /* in their order */
  int64_t top;            /* the first front ends before this position; they go downwards, */
  int64_t height, fronts; /* each so many positions */
  int64_t left, strip;    /* columns: strip k begins at left + k * strip */
  int strips;
  int slabs;         /* of the workers that take part: for each */
  int64_t *cut;      /* [slabs + 1] where its positions begin, and */
  int *begin, *over; /* its first front, and that behind its last */
} PlanSweep;

/* What a worker does next. All workers of a node have the same steps, each with tasks of its own:
 *
 *     PACK      all     its part of what the exchange sends, from blocks into staging
 *     POST      leader  starts the messages
 *     INTERIOR  all     what of the group needs nothing that the exchange brings
 *     COMPLETE  leader  waits for the messages
 *     UNPACK    all     its part of what has come, and of the node's own, into ghosts and copies
 *     GROUP     all     the group, or what is left of it
 *     SWEEP     all     several groups, front by front
 *
 * The first two come as early as what is sent is there, so that several exchanges travel at once.
 */
typedef enum StepKind {
  STEP_PACK,
  STEP_POST,
  STEP_INTERIOR,
  STEP_COMPLETE,
  STEP_UNPACK,
  STEP_GROUP,
  STEP_SWEEP
} StepKind;

/* What a worker copies of some transfers: of each what lies in its share of a slot. */
typedef struct PlanParts {
  int count;
  int *transfers;
  const Box **shares; /* of each; one for all transfers of a slot in a row */
} PlanParts;

typedef struct PlanStep {
  StepKind kind;
  int group;        /* which it is, or serves; the first of a sweep */
  int sweep;        /* SWEEP: which */
  int64_t behind;   /* by so much has the cell of a worker grown that has finished it */
  PlanWaits *waits; /* [threads] of this rank, each before it does anything */
  PlanParts *parts; /* PACK, UNPACK: [threads] */
} PlanStep;

typedef struct PlanRemark {
  QlRemarkKind kind;
  int statement;
  int64_t bytes;
} PlanRemark;

/* A kernel that a group needs. A plan in the cache has all of its kernels. */
typedef struct PlanKernel {
  JitFn *fn; /* NULL as soon as the kernel is known */
  JitKey key;
  int group, terms; /* -1; of the reducer of those */
} PlanKernel;

/* The first task of a thread, of those that a plan uses: it does all up to the next one's first. */
static inline int plan_first_task(int threads, int used, int thread) {
  return (int)((int64_t)threads * thread / used);
}

/* The slab of a sweep that a worker of the node computes: it is the first of those whose tasks a
 * thread does; -1: it is not, and has none. */
static inline int plan_slab(int threads, int used, int worker) {
  for (int j = 0; j < used; j++)
    if (plan_first_task(threads, used, j) == worker % threads) return worker / threads * used + j;
  return -1;
}

/* What is taken in turn in such a step of the group; NULL: workers have tasks. */
static inline const PlanPortions *plan_portions(const PlanGroup *group, StepKind kind) {
  const PlanPortions *portions = group->portions;
  bool is_here = portions && kind == (portions->inside ? STEP_INTERIOR : STEP_GROUP);
  return is_here ? portions : NULL;
}

/* By what a plan is found: the log's words, which stay where they are, and what the plan depends on
 * beside them. */
typedef struct PlanKey {
  const int64_t *words; /* the latter; in the context's pool, until a plan is made */
  int64_t count;
  int *first;     /* [slots + 1] where in them each slot's begin */
  uint64_t hash;  /* of both */
  uint64_t form;  /* of both without positions and extents (guards.c); 0: not known yet */
  uint64_t state; /* of what all ranks must have in common: the storages, but not who is alive */
} PlanKey;

/* Two operands of the log that are one in the plan, or a fixed distance apart. */
typedef struct PlanTie {
  uint32_t a, b; /* as the origins of SlotViews */
} PlanTie;

typedef struct Plan {
  QlPool pool; /* holds the plan and all that it points to, but for what is counted */
  uint64_t hash;
  int64_t *log_words, *key_words; /* of the log and the key for which it was made */
  int64_t log_word_count, key_word_count;
  int slot_count, log_slots;
  PlanSlot *slots;
  int place_count;
  PlanPlace *places;
  int64_t new_bytes; /* of whole arrays, on all nodes together: of the places that are new */
  int group_count;
  PlanGroup *groups;
  int step_count;
  PlanStep *steps;
  int sweep_count;
  PlanSweep *sweeps;     /* of this node */
  bool together;         /* steps of a loop are computed together, on some node at least */
  int64_t staging_bytes; /* of all exchanges, on this node */
  int exchange_count, message_count;
  int exchanges_at_once;   /* so many travel together at most, */
  int64_t exchange_pieces; /* none in more pieces */
  PlanKernel *kernels;     /* some groups have none, some several */
  int kernel_count;
  double work;     /* of each rank, about, in additions */
  int threads;     /* so many of each rank are worth it; each does the tasks of several workers */
  QlCounters adds; /* to the counters, each time it runs */
  PlanRemark *remarks;
  int remark_count;
  uint64_t last_used;
  struct Plan *next;

  uint64_t form;   /* of its key */
  bool movable;    /* to other positions, where its guards hold; */
  bool stretches;  /* and to other extents */
  bool moved;      /* it has been; */
  PlanWait *waits; /* then before each task there is room for one for every worker */
  uint64_t number; /* of the flush in which all ranks made it, or had it */
  int tie_count;
  PlanTie *ties;
  int made_since; /* plans of its form without one that moved, when it was made */
  struct Plan *next_alike, **from_alike; /* of those with a form, and what points to this one */
} Plan;

/* The cache of plans holds at most so many, of slots and groups together so many: some 2 KB each
 * with two threads, 64 MB. */
enum { PLAN_BUCKETS = 256, PLAN_LIMIT = 512, PLAN_WEIGHT = 32768 };

/* ---- plan.c: a log into a plan ---- */
/* Local. Describes the log in ctx->key; `state` is right also where memory was lacking. */
QlStatus rt_plan_key(QlContext *ctx, QlError *error);
/* Local. The plan of ctx->key, which the cache keeps; NULL: there is none. */
Plan *rt_plan_find(const QlContext *ctx);
/* Local. Plans the log and puts the plan into the cache; kernels may be missing still. */
QlStatus rt_plan_make(QlContext *ctx, Plan **plan, QlError *error);
/* Local. The same plan for who asks only what it is: it has the shares of statements, and the cache
 * does not know it. To be given back before anything else is planned. */
typedef struct PlanSketch {
  Plan plan;
  int live, inlined; /* statements that are needed, and those of them computed inside others */
} PlanSketch;
QlStatus rt_plan_sketch(QlContext *ctx, PlanSketch *sketch, QlError *error);
void rt_plan_discard(QlContext *ctx, PlanSketch *sketch);
/* A plan that cannot be run leaves the cache. */
void rt_plan_forget(QlContext *ctx, Plan *plan);
void rt_plan_drop_all(QlContext *ctx);
/* All that plans, and those to come, hold of this rank's memory. */
int64_t rt_plan_bytes(const QlContext *ctx);
uint64_t rt_plan_skeleton(const Plan *plan); /* the same on all nodes */

/* ---- guards.c: a plan at other positions ---- */
/* Local, as long as nothing is planned. A plan that the cache keeps for other positions can be
 * moved to those of the log; NULL: none can be, or there is to be one more of this form. */
typedef struct PlanMove PlanMove;
PlanMove *rt_plan_movable(QlContext *ctx);
Plan *rt_plan_of(const PlanMove *move);
/* Local. Moves it. Nothing fails. */
void rt_plan_move(QlContext *ctx, PlanMove *move);

/* ---- portions.c ---- */
Box portions_box(const PlanPortions *portions, int rank, int portion);

/* ---- compile.c: its kernels ---- */
int rt_kernels_missing(const Plan *plan); /* how many are not known here */
/* Collective, when some rank misses a kernel and all have prepared the plan: ranks of a node share
 * the work, and one compiles what several miss. Agrees on the outcome. */
QlStatus rt_kernels_fetch(QlContext *ctx, Plan *plan, QlError *error);

#endif
