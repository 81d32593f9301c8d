/* Quelea: NumPy-compatible arrays partitioned over MPI ranks. The public C interface.
 *
 * Every rank runs the same program (SPMD, global view): a call that is marked collective must be
 * made by all ranks, in the same order, with the same arguments. An operation is checked at once
 * and recorded; it is executed when a value is looked at (ql_item, ql_gather, ql_export, ql_flush),
 * or when the log is long enough. One thread of a process, the one that opened the context, may use
 * it.
 *
 *     QlContext *ctx; QlArray *u, *sum; QlScalar value; QlError error = {0};
 *     if (ql_open(NULL, &ctx, &error)) fprintf(stderr, "%s\n", error.text), exit(1);
 *     ql_full(ctx, QL_F64, 2, (int64_t[]){1000, 1000}, ql_f64(1.0), &u, &error);
 *     ql_reduce(ctx, QL_REDUCE_SUM, u, 3, false, QL_DTYPE_NONE, NULL, &sum, &error);
 *     ql_item(sum, &value, &error);
 *     ql_release(sum), ql_release(u), ql_close(ctx);
 *
 * Ownership: a call that gives an array through a QlArray ** gives a new reference; ql_release
 * returns it. Releasing never communicates and may happen in any order, also after ql_close;
 * QlInfo, QlRemark and other pointers that are given stay the context's.
 *
 * Errors: every function that returns a QlStatus fills *error when it fails (error may be NULL) and
 * then gives nothing. A call that records fails at once and changes nothing: QL_ERR_VALUE,
 * QL_ERR_TYPE, QL_ERR_CAST or QL_ERR_OVERFLOW for what cannot be, QL_ERR_STATE for an array of
 * another context or one whose value was lost, QL_ERR_MEMORY. What is executed fails alike on all
 * ranks, in whichever call executes the log (one that looks, or one that records when the log is
 * long): QL_ERR_MEMORY, QL_ERR_COMPILE, QL_ERR_REFUSED (ql_set_strict), or QL_ERR_DIVERGED when the
 * ranks did not make the same calls. Arrays that depend on what failed keep their earlier values or
 * have none, the others are computed (contract C9 of ARCHITECTURE.md). A failure behind the first
 * store ends the job.
 *
 * Shapes and strides count elements, 64 bits wide; strides are over the array's virtual C-order
 * global array (contract C2). */
#ifndef QUELEA_H
#define QUELEA_H

#include "quelea_types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct QlContext QlContext;

/* A handle of an array or of a view of one: immutable itself, counted. The fields may be read,
 * never written. */
typedef struct QlArray {
  int64_t references;
  struct QlStorage *storage; /* what the handle looks at; opaque */
  QlContext *context;
  uint8_t dtype; /* QlDtype */
  uint8_t ndim;
  bool readonly;  /* assigning to it is QL_ERR_VALUE */
  uint8_t part;   /* QlPart: it shows one part of each element of a complex storage, or other
                     elements in the bits of those of the storage; dtype is that of what is shown */
  int64_t size;   /* elements */
  int64_t offset; /* of the first element, in the storage's virtual C-order global array */
  int64_t *shape, *strides;   /* [ndim] */
  int64_t inline_dims[2 * 4]; /* where shape and strides live for up to 4 dimensions */
} QlArray;

/* ---- context ---- */

typedef struct QlOptions {
  const void *mpi_comm; /* points at an MPI_Comm (it is duplicated), or NULL: the launcher's world,
                           or one process */
  /* For front ends; each may be NULL. `interrupted` is called while ranks wait and while
   * much is computed: non-zero ends a job of several ranks, and the execution of one, which then
   * fails with QL_ERR_INTERRUPTED; `describe` writes a recorded position for people ("jacobi.py:7:
   * v[1:-1] = ..."); `where` gives the current position of the calling program. */
  int (*interrupted)(void *data);
  void (*describe)(void *data, QlSource source, char *text, size_t size);
  QlSource (*where)(void *data);
  /* The calling thread is about to compute or to wait for some milliseconds or more, in which the
   * front end may do something else; or is through with that. The other three may be called
   * between; calls may be nested. */
  void (*away)(void *data, bool leaves);
  void *data;
} QlOptions;

/* Local, before ql_open; optional. Under a launcher, forks of this process from now on are no
 * ranks, but processes of their own. */
QL_API void ql_note_process(void);
/* Local. The number that a launcher gave to this process; -1: it is no rank. */
QL_API int ql_launched_rank(void);
/* Collective. Finds the other ranks, nodes, cores and memory. options may be NULL. Fails on all
 * ranks or on none: QL_ERR_VALUE for a malformed QUELEA_* variable or one that differs between
 * ranks, QL_ERR_STATE under a launcher of another MPI, QL_ERR_OS, QL_ERR_MEMORY. */
QL_API QlStatus ql_open(const QlOptions *options, QlContext **context, QlError *error);
/* Collective. What is recorded but was never looked at is dropped. Arrays may still be released
 * afterwards. */
QL_API void ql_close(QlContext *context);
/* Local, in a child after fork, where nothing else may be called but in contexts of its own: lets
 * go of what would hide from the others that the parent has died. */
QL_API void ql_forked(QlContext *context);
/* Collective, the last before ql_close: QL_ERR_DIVERGED when some rank has executed, at once and by
 * itself, what others have not, and the ranks have not met since. What is only recorded
 * is not executed, nor compared. */
QL_API QlStatus ql_end(QlContext *context, QlError *error);
/* Ends the whole job with an exit status (1 to 255) and a message, from one rank alone. */
QL_API _Noreturn void ql_abort(QlContext *context, int status, const char *message);

typedef struct QlInfo {
  int rank, size, node, node_count, threads, workers;
  int64_t memory_budget;                           /* bytes per node */
  int64_t replicated_size;                         /* elements of an array that every rank has */
  const char *host, *comm, *target, *cache_folder; /* for people; valid until ql_close */
} QlInfo;
/* Local. What was found at the start. */
QL_API QlInfo ql_info(const QlContext *context);

/* Counters since the start, on this rank: what really happened. What is exchanged is what its node
 * receives; a renewal moves an array into a new block: with more room for ghosts, or since a
 * snapshot holds the old one. Messages are what this rank itself has sent, without those of
 * agreements. Objects are handles, storages and exports that are there now, as are templates,
 * plans, and the memory that plans and the planner hold. */
/* clang-format off */
#define QL_COUNTERS(X) \
  X(statements) X(immediate) X(flushes) X(plans_made) X(plans_reused) X(plans_moved) \
  X(kernels_run) X(kernels_compiled) X(kernels_from_disk) \
  X(partitioned_statements) X(replicated_statements) X(fused_statements) \
  X(overlapped_statements) X(sweeps) X(swept_kernels) X(streamed_kernels) X(portioned_kernels) \
  X(halo_exchanges) X(halo_bytes) X(redistributions) X(redistributed_bytes) X(gathers) X(gathered_bytes) X(renewals) \
  X(kept_copies_bytes) X(arena_bytes) X(arena_peak_bytes) \
  X(agreements) X(messages) X(message_bytes) \
  X(objects) X(templates) X(plans) X(plan_bytes)
/* clang-format on */
typedef struct QlCounters {
#define X(name) int64_t name;
  QL_COUNTERS(X)
#undef X
} QlCounters;
/* Local. */
QL_API QlCounters ql_counters(const QlContext *context);

/* What is to be said of a line of the program, on this rank: what moved because of it, in bytes
 * received by its node, all times together; or why a sweep, steps that are computed together while
 * their data is in the cache, ended before it. */
typedef enum QlRemarkKind {
  QL_MOVE_HALO,
  QL_MOVE_REDISTRIBUTION,
  QL_MOVE_GATHER,
  QL_SWEEP_FAR,
  QL_SWEEP_ORDER,
  QL_SWEEP_MESSAGE,
  QL_SWEEP_LOOK
} QlRemarkKind;
typedef struct QlRemark {
  QlRemarkKind kind;
  QlSource source;
  int64_t times, bytes;
} QlRemark;
/* Local. Gives their number; they are the context's, and valid until something is executed. */
QL_API int ql_remarks(const QlContext *context, const QlRemark **remarks);
/* Local. Is it of bytes that moved, and not of a sweep that ended? */
QL_API bool ql_remark_moves(QlRemarkKind kind);
/* "halo", "redistribution", "gather"; or a sentence that ends with the line. */
QL_API const char *ql_remark_name(QlRemarkKind kind);

/* ---- what will be done of what is recorded (quelea.explain) ---- */

/* The kinds of what is told, in this order, and its numbers (plan/explain.c):
 *   ARRAY    QlPlannedState, is it partitioned? is that decided? bytes, statements that are
 * recorded; the line of its value; shape: of its storage, and in how many parts nodes have each
 * axis SUMMARY  statements, those that are needed, those computed inside others, threads of each
 * rank, bytes of new arrays on all nodes together, is the plan known? GROUP    what computes it
 * (text), for which line, of so many points (shape): QlPlannedWhere, is a kernel to be compiled?
 * its sweep or -1, messages that this node sends before it, bytes that it receives, bytes of arrays
 * that all points touch, is something reduced? STORE    a target of the group: dtype, shape; is it
 * an array of the program? LINE     what the group computes of that line: the operation; of so many
 * statements SWEEP    groups, fronts, rows of each, strips, workers REMARK   as QlRemark:
 * QlRemarkKind, bytes that this node receives */
typedef enum QlPlannedKind {
  QL_PLANNED_ARRAY,
  QL_PLANNED_SUMMARY,
  QL_PLANNED_GROUP,
  QL_PLANNED_STORE,
  QL_PLANNED_LINE,
  QL_PLANNED_SWEEP,
  QL_PLANNED_REMARK
} QlPlannedKind;
enum { QL_PLANNED_NUMBERS = 8 };
typedef enum QlPlannedState {
  QL_STATE_LOST,  /* by an execution that failed */
  QL_STATE_EMPTY, /* without elements */
  QL_STATE_PENDING,
  QL_STATE_BLANK, /* nothing was stored in it */
  QL_STATE_COMPUTED
} QlPlannedState;
/* Why a group is not one with the kernel before it. */
typedef enum QlApart {
  QL_APART_NOT, /* there is none, or it only moves */
  QL_APART_GIVEN,
  QL_APART_PIECE,
  QL_APART_SHAPE,
  QL_APART_ORDER,
  QL_APART_PLACE,
  QL_APART_WORTH,
  QL_APART_SIZE
} QlApart;
QL_API const char *ql_apart_text(QlApart apart); /* a clause that begins with "for" */
/* Who computes a group. */
typedef enum QlPlannedWhere {
  QL_WHERE_OWNERS, /* of what is stored, each its points */
  QL_WHERE_RANKS,  /* every rank all of it */
  QL_WHERE_NODES,  /* every node all of it */
  QL_WHERE_ORDER,  /* one worker after another */
  QL_WHERE_TURNS   /* the owners, of whose workers each takes portions in turn */
} QlPlannedWhere;
typedef struct QlPlanned {
  QlPlannedKind kind;
  const char *text;
  QlSource source;
  int ndim;
  int64_t shape[2 * QL_MAX_DIMS];
  int64_t numbers[QL_PLANNED_NUMBERS];
} QlPlanned;
typedef void QlTell(void *data, const QlPlanned *item);
/* Local. Plans what is recorded, tells of it, and forgets the plan: nothing is executed, and what
 * will be is the same as without the call. Of an array that has its value only that is told.
 * Numbers of messages are this node's. Fails as the execution would before it begins. */
QL_API QlStatus ql_explain(QlArray *array, QlTell *tell, void *data, QlError *error);

/* ---- what the time went into, under QUELEA_PROFILE or QUELEA_TRACE=file: ---- */

/* clang-format off */
#define QL_PHASES(X) \
  X(PROGRAM, "Python, recording, statements on few elements") \
  X(FUNCTION, "compiled functions that Python calls") \
  X(PLAN, "planning") \
  X(COMPILE, "compiling kernels") \
  X(AGREE, "agreeing with other ranks, and waiting for them to come") \
  X(STEPS, "executing plans") \
  X(WORK, "sorting, and what is done at once by all ranks") \
  X(LOOK, "looking at values: waiting until they are there, gathers") \
  X(ROOT, "what rank 0 alone does, on_root, files")
#define X(NAME, text) QL_PHASE_##NAME,
typedef enum QlPhase { QL_PHASES(X) QL_PHASE_COUNT } QlPhase;
#undef X
/* Of a place in the program, on this rank; times in ticks. */
#define QL_PROFILE_NUMBERS(X) \
  X(calls) X(at_once) X(kernels) X(swept) X(points) X(operations) X(bytes) \
  X(computing) X(all_threads) X(few) X(waiting) X(receiving) X(moving) X(compiling) X(messages) X(sent_bytes) \
  X(program) X(functions) X(at_work) X(looking) X(root)
/* clang-format on */
typedef struct QlProfileLine {
  bool used;
  QlSource source;
#define X(name) double name;
  QL_PROFILE_NUMBERS(X)
#undef X
} QlProfileLine;
typedef struct QlProfile {
  double seconds, phases[QL_PHASE_COUNT]; /* of the main thread, since the start */
  double immediate; /* of those in PROGRAM so many in statements executed at once, about */
  double seconds_per_tick;
  bool of_lines;   /* they are wanted (QUELEA_PROFILE), and not the run's alone */
  int64_t lost;    /* events of the trace for which there was no room */
  uint64_t looked; /* a sum of the numbers that ql_profile_looked was told, in their order */
  int64_t looks;
} QlProfile;
/* Local. False: nothing is measured. */
QL_API bool ql_profile(QlContext *context, QlProfile *profile);
/* Local. The program has seen a number. On all ranks the same ones, whatever ranks there are. */
QL_API void ql_profile_looked(QlContext *context, const QlScalar *scalar);
/* Local. The main thread enters a phase, from here to the next call. Gives the one that it leaves,
 * to be entered again. Times of FUNCTION, WORK, LOOK and ROOT belong to the line where they end. */
QL_API QlPhase ql_profile_phase(QlContext *context, QlPhase phase);
/* Local. Was the last stay in a phase so short that it was hardly worth looking at the clock? */
QL_API bool ql_profile_was_short(const QlContext *context);
/* Local, by any thread while something is measured. Is the main thread in PROGRAM? */
QL_API bool ql_profile_in_program(const QlContext *context);
/* Local. The program is there: that line is given what PROGRAM took since the last call, but for
 * statements executed at once. Where these calls come at moments of a clock, each line gets its
 * share. */
QL_API void ql_profile_here(QlContext *context, QlSource source);
/* Local. The program compiles a function of its own, and has done so: that belongs to its line. */
QL_API void ql_profile_compiling(QlContext *context, bool begins);
/* Local. The places one after another, *number from 0 on; NULL: that was the last. */
QL_API const QlProfileLine *ql_profile_line(const QlContext *context, int *number);
typedef struct QlTraceEvent {
  int kind, thread;
  QlSource source;
  double begin, end; /* microseconds since the start */
} QlTraceEvent;
/* Local. False: there are not so many. */
QL_API bool ql_trace_event(const QlContext *context, int64_t number, QlTraceEvent *event);
/* Local. What an event's kind is, in words: a phase of the main thread, or what a thread did. */
QL_API const char *ql_trace_kind_name(int kind);

/* Position in the user's program of what is recorded next. Local, cheap. */
QL_API void ql_at(QlContext *context, QlSource source);
/* The same: options.where says it, if it is asked for before the next call of either. */
QL_API void ql_at_caller(QlContext *context);
/* Statements that move whole arrays between nodes become errors (QL_ERR_REFUSED). Collective. */
QL_API void ql_set_strict(QlContext *context, bool strict);
/* Local, alike on all ranks: while it is set, small statements that wait for larger ones are a part
 * of these, as the borders of a field are of its inside: they do not cause the log's execution. */
QL_API void ql_set_patient(QlContext *context, bool patient);

/* ---- making arrays (collective, recorded) ---- */

/* A new array in C order, whose elements have no value until they are assigned. shape[ndim], at
 * most 16 axes. QL_ERR_VALUE for a shape that is negative, or too large. */
QL_API QlStatus ql_empty(QlContext *context, QlDtype dtype, int ndim, const int64_t *shape,
                         QlArray **array, QlError *error);
/* For `count` arrays that are joined, whose axes decide how the new ones lie in memory, as NumPy's
 * concatenate does; new_axis: an axis that they do not have, or -1. */
QL_API QlStatus ql_empty_join(QlContext *context, QlDtype dtype, int ndim, const int64_t *shape,
                              int new_axis, int count, QlArray *const *parts, QlArray **array,
                              QlError *error);
/* A new array of `dtype` in C order, of which each element is the value. */
QL_API QlStatus ql_full(QlContext *context, QlDtype dtype, int ndim, const int64_t *shape,
                        QlScalar value, QlArray **array, QlError *error);
/* array[i0, i1, ...] = start + i_axis * step, computed in `dtype` as NumPy's arange does; 0 <= axis
 * < ndim. */
QL_API QlStatus ql_ramp(QlContext *context, QlDtype dtype, int ndim, const int64_t *shape, int axis,
                        QlScalar start, QlScalar step, QlArray **array, QlError *error);
/* What a bit generator gives next, and the numbers that are made of it. */
typedef enum QlGenerator { QL_GENERATOR_PCG64, QL_GENERATOR_PHILOX } QlGenerator;
typedef enum QlDistribution {
  QL_RANDOM_UNIFORM,     /* first + second * [0, 1) */
  QL_RANDOM_NORMAL,      /* first + second * a standard normal number */
  QL_RANDOM_EXPONENTIAL, /* first + second * a standard exponential number */
  QL_RANDOM_INTEGERS     /* first to first + second, from draws of `width` bits */
} QlDistribution;
enum { QL_RANDOM_STATE = 6 };
typedef struct QlRandom {
  QlGenerator generator;
  /* PCG64: state, increment, the high word of each first. Philox: counter, the low word first; key.
   */
  uint64_t state[QL_RANDOM_STATE];
  uint64_t taken; /* Philox: of the counter's four numbers */
  bool has_half;  /* the last draw of 32 bits has left */
  uint32_t half;  /* these */
  QlDistribution distribution;
  int width;             /* INTEGERS: 1, 8, 16, 32 or 64, with second < 2^width */
  QlValue first, second; /* float64; of INTEGERS uint64, modulo 2^64 */
} QlRandom;
/* A new array of float64 or float32, or of integers or bools: element k in C order is made of the
 * k-th draw. */
QL_API QlStatus ql_random(QlContext *context, QlDtype dtype, int ndim, const int64_t *shape,
                          const QlRandom *random, QlArray **array, QlError *error);
/* Elements by their numbers: of each axis in the bit mask `selected` (bit k: axis k) an index
 * array, in order; they have one shape. The result has that shape's axes, before number `place` of
 * the axes that are left. */
typedef struct QlTake {
  QlArray *source;
  uint32_t selected;
  int count, place;
  QlArray *const *index; /* int64; all of them from -extent to extent - 1, which nobody checks */
} QlTake;
/* A new array. Of a source of more than 2^20 elements on several nodes the elements are fetched at
 * once: what is recorded is executed then. */
QL_API QlStatus ql_take(QlContext *context, const QlTake *take, QlArray **result, QlError *error);
/* Discrete Fourier transforms along an axis, of lines of `length` numbers of float32 or float64,
 * complex or not as the kind says: longer lines are cut, shorter ones continued with zeros. All
 * results are multiplied by `factor`. */
typedef enum QlTransformKind {
  QL_TRANSFORM_COMPLEX,   /* of complex numbers */
  QL_TRANSFORM_SYMMETRIC, /* of real numbers: as many complex ones */
  QL_TRANSFORM_HALF,      /* of real numbers: the first length / 2 + 1 of these */
  QL_TRANSFORM_REAL       /* of length / 2 + 1 complex numbers: real ones */
} QlTransformKind;
typedef struct QlTransform {
  QlTransformKind kind;
  int axis;
  int64_t length;
  bool backward; /* with +i in the exponent */
  double factor;
} QlTransform;
/* A new array, in whose layout lines along the axis are not cut. One that has no others beside it
 * is computed by one thread; on_one: of one node of several, to which it is brought. */
QL_API QlStatus ql_transform(QlContext *context, QlArray *source, const QlTransform *transform,
                             QlArray **result, bool *on_one, QlError *error);
/* How often a mask of one axis is true, in chunks of so many elements: int64. */
QL_API QlStatus ql_count_true(QlContext *context, QlArray *mask, int64_t chunk, QlArray **counts,
                              QlError *error);
/* Where it is, int64: `size` places; starts: how many there are before each chunk, and at the end,
 * which nobody checks. */
QL_API QlStatus ql_find_true(QlContext *context, QlArray *mask, int64_t chunk, QlArray *starts,
                             int64_t size, QlArray **places, QlError *error);
/* Stores values through a mask: one for each truth, in C order. */
typedef struct QlSpread {
  QlArray *target;
  QlArray *mask; /* of one axis: the elements in C order */
  int64_t chunk; /* of ql_count_true; starts: as of ql_find_true */
  QlArray *starts;
  QlArray *values; /* of one axis, at least as many as there are truths; of the target's dtype */
} QlSpread;
QL_API QlStatus ql_spread(QlContext *context, const QlSpread *spread, QlError *error);
/* Stores values at places, one after another, or combines with them what is there: target[place] =
 * op(target[place], value), or op(target[place]). */
typedef struct QlScatter {
  QlArray *target;
  int lead;        /* places count the elements of so many of its first axes in C order; each has a
                      block of all others */
  QlArray *places; /* int64, one axis; all from -size to size - 1, which nobody checks */
  QlArray *values; /* two axes: the places, and the elements of a block in C order. NULL: of an
                      operation with one input. To be stored: of the target's dtype */
  bool computes;   /* with that operation; else stores */
  QlOp op;
} QlScatter;
/* Values and places may be of the target's storage: all of them are read first. */
QL_API QlStatus ql_scatter(QlContext *context, const QlScatter *scatter, QlError *error);
/* How often each number from 0 to bins - 1 occurs, as int64; of the weights: their sums, as
 * float64, in an order that follows from the number of elements and of bins alone. Other numbers
 * are left out. numbers: int64, one axis, not empty; weights: NULL, or one for each. */
QL_API QlStatus ql_tally(QlContext *context, QlArray *numbers, QlArray *weights, int64_t bins,
                         QlArray **counts, QlError *error);
/* In which bin between edges, which ascend, each value lies, as int64: a bin has its lower edge,
 * the last one also its upper; -1: in none. Both float64, float32 or int64. width: from the first
 * edge to the last, if all bins have one width; else 0. */
QL_API QlStatus ql_bins(QlContext *context, QlArray *values, QlArray *edges, double width,
                        QlArray **bins, QlError *error);
/* Sorts along the last axis, at once: what is recorded is executed. values, indices: new arrays, of
 * which either may be NULL. Values ascend, -0.0 before 0.0, complex numbers by real, then imaginary
 * parts, NaN last as NumPy has it; equal elements are in the order of their indices, so the result
 * has the same bits wherever it is computed. */
QL_API QlStatus ql_sort(QlContext *context, QlArray *array, QlArray **values, QlArray **indices,
                        QlError *error);
/* Where the elements of `wanted` would be inserted into a sorted array of one axis and of the same
 * dtype: before those that are equal to them, or behind. int64. */
QL_API QlStatus ql_search(QlContext *context, QlArray *sorted, QlArray *wanted, bool behind,
                          QlArray **places, QlError *error);
/* Takes memory that is the same on every rank: each rank copies its own part, at once; what lies
 * there is not needed afterwards. A large array executes the log. Contents that differ are
 * QL_ERR_DIVERGED at the next execution (contract C4). strides in bytes; NULL: C order. */
QL_API QlStatus ql_import(QlContext *context, QlDtype dtype, int ndim, const int64_t *shape,
                          const void *data, const int64_t *byte_strides, QlArray **array,
                          QlError *error);

/* ---- views (local) ----
 * A view holds the storage, not the handle that it was made of. */

/* A handle on the same storage. offset and strides as in QlArray; the caller has checked that they
 * stay inside, and that no shape is negative. Readonly if `base` is. */
QL_API QlStatus ql_view(QlArray *base, int ndim, const int64_t *shape, const int64_t *strides,
                        int64_t offset, QlArray **view, QlError *error);
/* A view of other axes, from the base's first element on. QL_ERR_VALUE when it would reach beyond
 * the storage. Readonly where it may show an element twice, also if `base` is not. */
QL_API QlStatus ql_strided(QlArray *base, int ndim, const int64_t *shape, const int64_t *strides,
                           QlArray **view, QlError *error);
/* What a handle shows of the elements: of complex ones a part; or their bits as elements of another
 * dtype of as many bytes. */
typedef enum QlPart { QL_PART_ALL, QL_PART_REAL, QL_PART_IMAG, QL_PART_BITS } QlPart;
/* A view of the real or imaginary parts of a complex array; offset and strides still count complex
 * elements. QL_ERR_TYPE for other dtypes. */
QL_API QlStatus ql_part(QlArray *base, QlPart part, QlArray **view, QlError *error);
/* A view of the same bits as elements of another dtype of as many bytes. QL_ERR_TYPE for a dtype of
 * another size, between complex and other dtypes, and for views of parts. */
QL_API QlStatus ql_bits(QlArray *base, QlDtype dtype, QlArray **view, QlError *error);
/* Bytes from an element to that beside it, where strides count them. */
QL_API size_t ql_item_step(const QlArray *array);
/* The strides with which `base` can be seen in another shape without a copy, as NumPy decides it;
 * false: a copy is needed. */
QL_API bool ql_reshape_strides(const QlArray *base, int ndim, const int64_t *shape,
                               int64_t *strides);
/* Do its elements lie in its storage as a box with steps? Of other views loops over ranks are given
 * all elements on all nodes, and cannot store into them. */
QL_API bool ql_is_box(const QlArray *array);
/* A readonly view in which axes of extent 1, and new ones in front, repeat. QL_ERR_VALUE when the
 * shapes do not fit, or it would be too large. */
QL_API QlStatus ql_broadcast(QlArray *base, int ndim, const int64_t *shape, QlArray **view,
                             QlError *error);
/* The axes from outside to inside, in the order in which NumPy's iterator goes through up to three
 * arrays that are broadcast together: order[ndim]. */
QL_API void ql_lying_order(int ndim, int count, QlArray *const *arrays, int *order);
/* One reference to the handle more, and one less: the last one frees it. Local. */
QL_API void ql_retain(QlArray *array);
QL_API void ql_release(QlArray *array); /* NULL is fine */

/* ---- computing (collective, recorded) ---- */

/* An input: an array, or a scalar when array is NULL. */
typedef struct QlOperand {
  QlArray *array;
  QlScalar scalar;
} QlOperand;

/* The dtypes of `op` on these inputs as NumPy 2 resolves them. dtype: QL_DTYPE_NONE, or what dtype=
 * asks of the result. Local. `loop` is what the inputs are cast to. */
QL_API QlStatus ql_resolve(QlOp op, int count, const QlOperand *in, QlDtype dtype, QlDtype *loop,
                           QlDtype *result, QlError *error);

/* Elementwise: inputs are broadcast, promoted and computed as NumPy 2's ufunc of that name does.
 * out: NULL, or where the result goes (same-kind casting; overlap is as if the inputs were read
 * first). where: NULL, or a bool operand; elements where it is false keep what out had (0 without
 * out). With out, *result is a new reference to it. SELECT takes (condition, x, y). POWER of
 * integers looks at an array of signed exponents, which is collective: negative ones are
 * QL_ERR_VALUE. */
QL_API QlStatus ql_ufunc(QlContext *context, QlOp op, int count, const QlOperand *in, QlArray *out,
                         const QlOperand *where, QlDtype dtype, QlArray **result, QlError *error);
/* target[...] = value: broadcast to the target, cast with NumPy's assignment rules (unsafe),
 * overlap as if read first. */
QL_API QlStatus ql_assign(QlContext *context, QlArray *target, const QlOperand *value,
                          QlError *error);
/* One element, at that offset (as in QlArray): copied into a new array of no axes, as NumPy gives a
 * scalar; and stored, a scalar or an array of one element. What is out of bounds the caller has
 * refused. */
QL_API QlStatus ql_get_element(QlArray *array, int64_t offset, QlArray **element, QlError *error);
QL_API QlStatus ql_set_element(QlArray *array, int64_t offset, const QlOperand *value,
                               QlError *error);
/* What a program that goes through the elements of an array has looked at in advance: nothing, at
 * first. */
typedef struct QlAhead {
  QlArray *copy;        /* of so many of them, the caller's to release; NULL: of none; */
  int64_t first, count; /* from that one on; */
  uint64_t stores;      /* what the array had been stored until then */
} QlAhead;
/* Collective where the array is partitioned. That element of an array of one axis, as
 * ql_get_element; what is recorded is executed first if it stores the array, and where elements lie
 * on other nodes many are looked at together. What has been stored since is seen. */
QL_API QlStatus ql_next_element(QlArray *array, int64_t index, QlAhead *ahead, QlArray **element,
                                QlError *error);
/* What was just made or assigned is part of an expression that goes on: the log is not executed
 * here unasked. Local. */
QL_API void ql_goes_on(QlContext *context);
/* How the axes of a new array lie in memory: in C order, in Fortran order, as NumPy's order 'K'
 * keeps those of what it copies, or as its iterator keeps those of what is computed with: there the
 * axes of a broadcast array that do not move say nothing. */
typedef enum QlOrder { QL_ORDER_C, QL_ORDER_F, QL_ORDER_K, QL_ORDER_ITERATOR } QlOrder;
/* A new array with the value's elements in another dtype (unsafe casting); always a copy. */
QL_API QlStatus ql_astype(QlContext *context, QlArray *array, QlDtype dtype, QlOrder order,
                          QlArray **result, QlError *error);
/* Reduces over the axes in the bit mask (bit k: axis k). keepdims: reduced axes stay with extent 1.
 * dtype: of the accumulation and result; QL_DTYPE_NONE: NumPy's (sum and prod of small integers in
 * 64 bits, or in what they and `out` promote to; any and all bool, count int64). float16
 * accumulates in float32. Bits are those of contract C7 on any number of ranks. min and max of
 * nothing are QL_ERR_VALUE. out: NULL, or where the result goes. */
QL_API QlStatus ql_reduce(QlContext *context, QlReduction reduction, QlArray *array, uint32_t axes,
                          bool keepdims, QlDtype dtype, QlArray *out, QlArray **result,
                          QlError *error);
/* Where the largest elements are, or the smallest, over the axes in the bit mask: int64, their
 * numbers in C order over these axes; of equal ones the first, and NaN before all numbers. Of
 * nothing: QL_ERR_VALUE. */
QL_API QlStatus ql_best(QlContext *context, bool largest, QlArray *array, uint32_t axes,
                        bool keepdims, QlArray **result, QlError *error);
/* x[0], x[0] op x[1], ... along an axis. op: ADD, MULTIPLY, MINIMUM, MAXIMUM, one that is logical
 * or of bits; of others QL_ERR_TYPE. dtype: what the elements are cast to first (of those that are
 * logical bool); QL_DTYPE_NONE: NumPy's, sums and products of small integers in 64 bits. The order
 * is fixed by the position along the axis alone, in leaves of 128 elements, each of which is
 * NumPy's (runtime/routine/scan.c). */
QL_API QlStatus ql_scan(QlContext *context, QlOp op, QlArray *array, int axis, QlDtype dtype,
                        QlArray **result, QlError *error);
/* The product of complex numbers over axes, which begins with a number; NULL: with the first
 * elements. */
QL_API QlStatus ql_product_from(QlContext *context, QlArray *array, uint32_t axes, bool keepdims,
                                const QlScalar *begin, QlArray **result, QlError *error);
/* The sum over an axis of the products of two arrays, which are broadcast; of bools, whether any
 * product is true. Products of float16 are summed in float32 and rounded once. The result lies in C
 * order. */
QL_API QlStatus ql_contract(QlContext *context, QlArray *left, QlArray *right, int axis,
                            QlArray **result, QlError *error);
/* The product of vectors and matrices, as NumPy's matmul: the sum over the last axis of `left` and
 * the first of `right`, which must be equal; of bools, whether any product is true. Each has one or
 * two axes, and the result those that are left: none for two vectors. */
QL_API QlStatus ql_product(QlContext *context, QlArray *left, QlArray *right, QlArray **result,
                           QlError *error);

/* What LAPACK makes of stacks of matrices, over the last two axes of `a` and, of SOLVE and LSTSQ,
 * `b`, which have floating-point elements of one dtype, some at least, and equal other axes. The
 * result has these and, in its last two, all that comes of a matrix (factors.def); EIG's is
 * complex. The caller looks at the info of each. QL_ERR_VALUE for other arrays. */
typedef enum QlFactorKind {
#define FACTOR(NAME, rows, columns) QL_FACTOR_##NAME,
#include "factors.def"
#undef FACTOR
} QlFactorKind;
typedef struct QlFactor {
  QlFactorKind kind;
  QlArray *a, *b;
  int option;
  double least; /* LSTSQ: singular values below it times the largest are taken for 0 */
} QlFactor;
QL_API QlStatus ql_factor(QlContext *context, const QlFactor *factor, QlArray **result,
                          QlError *error);

/* ---- looking (collective: executes what is recorded) ---- */

/* Executes all that is recorded. */
QL_API QlStatus ql_flush(QlContext *context, QlError *error);
/* The only element of an array of size 1; of others QL_ERR_VALUE. */
QL_API QlStatus ql_item(QlArray *array, QlScalar *value, QlError *error);
/* Copies the array to `host` in C order, `size * itemsize` bytes, on every rank; or with root >= 0
 * on that rank alone (the others may give NULL). A rank that has no memory for it gives NULL too,
 * and all ranks get QL_ERR_MEMORY. QL_ERR_VALUE for a root that is no rank; QL_ERR_REFUSED under
 * ql_set_strict between nodes. */
QL_API QlStatus ql_gather(QlArray *array, int root, void *host, QlError *error);
/* Collective. The bytes that rank 0 gives, on every rank: *all is malloc'ed and the caller's. The
 * others give nothing, and wait for rank 0 however long it takes. */
QL_API QlStatus ql_share(QlContext *ctx, const void *bytes, int64_t size, char **all,
                         int64_t *all_size, QlError *error);
/* Collective. `mine` is what came of something that each rank did by itself, and *error says it:
 * when it failed on some rank, the error of the lowest one, on all. */
QL_API QlStatus ql_agree(QlContext *ctx, QlStatus mine, QlError *error);
/* Collective. The bytes of every rank on every rank, in rank order: *all and *offset are malloc'ed
 * and the caller's, and offset[r] .. offset[r + 1] are rank r's. They wait however long it takes.
 */
QL_API QlStatus ql_collect(QlContext *ctx, const void *bytes, int64_t size, char **all,
                           int64_t **offset, QlError *error);
/* By two ranks at once, each with the other as `peer`, behind a call that all ranks have made: what
 * one way takes, of so many there and back (QL_WIRE_TURNS), for `count` messages (QL_WIRE_MESSAGES)
 * of so many bytes each that are sent together; `data` is overwritten. */
QL_API QlStatus ql_wire(QlContext *ctx, int peer, void *data, int64_t bytes, int count, int turns,
                        QlWire *wire, QlError *error);
/* Local, at any time. For people: the MPI library that was found, or the one that we were built
 * with. */
QL_API void ql_mpi(bool built, char *text, size_t size);
/* Executes what is recorded where it may change the array, as every look does. */
QL_API QlStatus ql_settle(QlArray *array, QlError *error);
/* Of an array that has been looked at: did all ranks look? What is computed and replicated each may
 * look at alone. */
QL_API bool ql_is_partitioned(const QlArray *array);
/* The memory of a computed array that every rank has for itself, until the next call: looking at it
 * executes nothing. NULL: it is another array. byte_strides has ndim entries. */
QL_API const void *ql_memory_of(const QlArray *array, int64_t *byte_strides);
/* The array's own memory, when this rank can address all of it (one node); the version is then
 * immutable: a later write to the array goes elsewhere (contract C3). *data is NULL when there is
 * no such memory: then gather. byte_strides has ndim entries. The memory stays valid until
 * ql_unexport(*token), also after ql_close. */
typedef struct QlExport QlExport;
QL_API QlStatus ql_export(QlArray *array, const void **data, int64_t *byte_strides,
                          QlExport **token, QlError *error);
QL_API void ql_unexport(QlExport *token); /* local, any order, also after ql_close */

/* ---- pieces: what each rank writes of an array, and what it reads of a new one ---- */

/* Local, of any process. Into how many cells so many nodes would cut an array of a shape along each
 * axis: cells of [ndim]. */
QL_API void ql_grid_cells(int ndim, const int64_t *shape, int nodes, int *cells);
/* Does the handle show its storage, all of it and in its order? */
QL_API bool ql_is_whole(const QlArray *array);
/* Collective. Executes what is recorded, and gives the elements from lo to hi, [ndim] each, that
 * are this rank's to write: the pieces of all ranks tile the array, or what a view shows.
 * QL_ERR_STATE for views that are no boxes (ql_is_box), between nodes. */
QL_API QlStatus ql_piece(QlArray *array, int64_t *lo, int64_t *hi, QlError *error);
/* Local, behind ql_piece, until the next collective call. Copies elements of the piece in C order.
 */
QL_API void ql_piece_read(const QlArray *array, const int64_t *lo, const int64_t *hi, void *host);
/* Collective. A new array without elements, and those that this rank is to give it. */
QL_API QlStatus ql_piece_new(QlContext *context, QlDtype dtype, int ndim, const int64_t *shape,
                             QlArray **array, int64_t *lo, int64_t *hi, QlError *error);
/* Collective. Gives the array of ql_piece_new its elements: data has this rank's, in C order.
 * contents: a hash of all of them, the same on all ranks. */
QL_API QlStatus ql_piece_store(QlArray *array, const void *data, uint64_t contents, QlError *error);

/* ---- what ranks ask of the program ---- */

typedef enum QlAsk {
  QL_ASK_TIME = 1,  /* by rank 0's clock */
  QL_ASK_SIGNAL = 2 /* a signal has come: the job will end */
} QlAsk;
/* Local, also in a handler of a signal. */
QL_API void ql_ask(QlContext *context, unsigned asks);
/* Local. From so many seconds on rank 0 asks for QL_ASK_TIME; negative: it does not. Calls of the
 * other ranks change nothing. */
QL_API void ql_ask_in(QlContext *context, double seconds);
/* Collective, but costs no message where the ranks have agreed on anything lately, and executes
 * nothing. What some rank has asked for since ql_answered: the same on all ranks. */
QL_API QlStatus ql_asked(QlContext *context, unsigned *asked, QlError *error);
/* Collective, without messages: so much of it is not asked for any more; the rest stays. */
QL_API void ql_answered(QlContext *context, unsigned answers);

/* ---- small helpers ---- */
static inline QlScalar ql_f64(double x) {
  QlScalar s = {{0}, QL_F64, false};
  s.value.d = x;
  return s;
}
static inline QlScalar ql_i64(int64_t x) {
  QlScalar s = {{0}, QL_I64, false};
  s.value.i = x;
  return s;
}

#ifdef __cplusplus
}
#endif
#endif
