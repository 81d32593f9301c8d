/* What was asked for: statements as the program records them, and what all ranks must agree on. */
#ifndef QUELEA_LOG_H
#define QUELEA_LOG_H

#include "array/array.h"
#include "program/program.h"

/* ---- the log ---- */

typedef enum StatementKind {
#define STATEMENT(NAME, elementwise, covers, payload, opaque) STATEMENT_##NAME,
#include "statements.def"
#undef STATEMENT
  STATEMENT_KINDS
} StatementKind;

typedef struct StatementTraits { /* statements.def says what they mean */
  bool elementwise, covers, payload, opaque;
} StatementTraits;
extern const StatementTraits statement_traits[STATEMENT_KINDS];

/* One recorded statement. Its words in the log, and nothing else, decide how it is planned; log.c
 * says what they are. Operand 0 is its target. */
typedef struct Statement {
  uint8_t kind, op, loop, ndim; /* op: of MAP, a QlReduction, a JitNestForm or a Routine; ndim: of
                                   the domain */
  uint16_t axes; /* of the domain: bit mask of REDUCE, of NEST and CALL by lines, of CALL along axes
                    or with tiles; the one bit of RAMP */
  uint16_t operands;              /* targets first, then inputs */
  uint32_t words, word_count;     /* where in Log.words */
  uint32_t scalars, scalar_count; /* where in Log.scalars */
  uint64_t hash, values_hash;     /* of its words, of its scalars */
  QlSource source;
  void *payload; /* IMPORT: this rank's part, owned by the log */
} Statement;

typedef struct LogScalar {
  QlValue value;
  QlDtype dtype;
} LogScalar;

typedef struct Log {
  uint64_t epoch;
  Statement *statements;
  int count, room;
  int64_t *words;
  int64_t word_count, word_room;
  LogScalar *scalars;
  int scalar_count, scalar_room;
  Storage **slots;
  int slot_count, slot_room; /* pinned */
  int64_t fresh_bytes;       /* of arrays that the log creates */
  const Storage *made;       /* the last of them, */
  int64_t made_bytes;        /* its size, */
  const Storage *stored;     /* and the last statement's target */
  int waiting;   /* the last so many are for the immediate path, but for what is pending */
  int due_since; /* 0, or how long it was when it was due */
  bool at_end_of_assignment;
  bool patient; /* what waits now is not counted (ql_set_patient) */
} Log;

/* ---- the history: what ranks must do alike ---- */

typedef enum EventKind {
  EVENT_STATEMENT, /* in the log */
  EVENT_EXECUTED,  /* a statement, at once */
  EVENT_CALL,      /* of a compiled function */
  EVENT_LOOK,
  EVENT_SNAPSHOT,
  EVENT_SYNC,
  EVENT_STRICT,
  EVENT_END
} EventKind;

typedef struct Event {
  uint64_t hash;   /* of what is done, values included; a statement's as the log counts arrays */
  uint64_t arrays; /* of the numbers of the arrays that it is done with */
  uint64_t chain;  /* of all events up to this one */
  QlSource source;
  QlSource made; /* LOOK, SNAPSHOT: the array; the log knows those of a statement */
  EventKind kind;
  uint32_t at; /* STATEMENT: in the log; EXECUTED: in History.words */
} Event;

enum { LOG_OPERANDS = 4 }; /* a target and the inputs of the widest operation */
enum { EXECUTED_AXES = 4, OPERAND_WORDS = 3 };
enum { NOTED_OPERANDS = 8 }; /* of a call that is executed at once */
enum { MOST_WORDS = 1 + EXECUTED_AXES + NOTED_OPERANDS * OPERAND_WORDS };
/* The ranks meet after so many events since they met last, where some are of what was executed. */
enum { HISTORY_KEPT = 1 << 13, EVENTS_TO_MEET = 1 << 9 };

typedef struct History {
  uint64_t chain, executed_chain; /* of all events, of EVENT_EXECUTED alone */
  int64_t count, agreed;          /* events; how many of them all ranks have in common */
  int64_t said;     /* and of how many this rank has told them: as many, or, while a meeting in
                       passing is under way, those that it is about */
  int half;         /* where those since then are; those before lie in the other one */
  bool is_awaiting; /* the verdict of such a meeting */
  Event kept[2][HISTORY_KEPT]; /* rings */
  /* What is told of a statement that was executed at once, which the log does not know, where ranks
   * differ (note.h). */
  uint64_t words[2 * EVENTS_TO_MEET * MOST_WORDS];
  uint32_t word_count;
  bool lacks;      /* memory for something that others may have recorded since they agreed last, */
  QlSource lacked; /* there, */
  int64_t lacking; /* as the event of that number */
} History;

/* A view over the virtual global array of a slot, seen from a domain: offset and strides in
 * elements. */
typedef struct SlotView {
  int slot;
  uint32_t origin; /* where in the log's words the operand is of which this is a view; 0: of none */
  int64_t offset;
  int64_t stride[QL_MAX_DIMS];
} SlotView;

/* ---- record.c ---- */
QlStatus rt_check_input(const QlContext *ctx, const QlArray *array,
                        QlError *error); /* is it of this context, and has it a value? */
QlStatus rt_check_assigned(const QlScalar *scalar, QlDtype target, QlError *error);
int rt_shape_text(char *text, size_t size, int ndim,
                  const int64_t *shape); /* NumPy's form: (3,4) */

/* ---- memory_order.c: `order` gets the axes from outside to inside; false: in C order ---- */
bool rt_iterator_order(int ndim, int count, const QlOperand *in, int *order);
bool rt_keeps_order(QlArray *array, int *order); /* the same of one array */
bool rt_order_of_copy(QlArray *array, QlOrder wanted, int *order);

/* ---- reduce.c ---- */
/* ql_reduce, with the result in that order; NumPy's reductions have it in the iterator's. */
QlStatus rt_reduce(QlContext *ctx, QlReduction reduction, QlArray *array, uint32_t axes,
                   bool keepdims, QlOrder order, QlDtype dtype, QlArray *out, QlArray **result,
                   QlError *error);

/* ---- create.c ---- */
/* ql_empty, with the axes in that order; NULL: C order. */
QlStatus rt_empty_in_order(QlContext *ctx, QlDtype dtype, int ndim, const int64_t *shape,
                           const int *order, QlArray **array, QlError *error);

/* What an IMPORT statement carries: the part of the user's array that this rank's workers own, or
 * all of it where it lies. */
typedef struct ImportPart {
  Box box;                     /* storage coordinates */
  int64_t stride[QL_MAX_DIMS]; /* bytes */
  char *data;                  /* of the element box.lo: behind this struct, or the user's */
} ImportPart;

/* ---- log.c ---- */
typedef enum LogAccess {
  LOG_READ = 1,
  LOG_WRITE = 2, /* both: an update */
  LOG_ALL = 4    /* with WRITE, of NEST: at every point */
} LogAccess;

typedef struct RequestOperand {
  const QlArray *array;  /* NULL: a scalar, which is read */
  const int64_t *stride; /* [ndim] */
  uint8_t access, ndim;
  uint8_t dtype; /* of a scalar */
  QlValue value;
  const AxisSpan
      *spans; /* NEST, CALL: what it touches of the array, axis by axis of that; else NULL */
} RequestOperand;
typedef struct LogRequest {
  StatementKind kind;
  int op, loop;
  uint32_t axes;
  int ndim;
  const int64_t *shape; /* of the domain */
  int64_t work;         /* CALL with tiles: beside it its points are little; 0 */
  int operands;
  const RequestOperand *operand; /* the target first */
  void *payload;
  const JitKey *kernel; /* NEST */
} LogRequest;

static inline RequestOperand request_array(LogAccess access, const QlArray *array, int ndim,
                                           const int64_t *stride) {
  return (RequestOperand){array, stride, (uint8_t)access, (uint8_t)ndim, 0, {0}, NULL};
}
static inline RequestOperand request_scalar(QlDtype dtype, QlValue value) {
  return (RequestOperand){NULL, NULL, LOG_READ, 0, (uint8_t)dtype, value, NULL};
}

QlStatus rt_log_append(QlContext *ctx, const LogRequest *request, QlError *error);
/* Room for so many statements: they cannot fail to be recorded for want of memory. */
QlStatus rt_log_reserve(QlContext *ctx, int statements, QlError *error);
/* The last statement has all its words and scalars: takes their hashes. */
void rt_log_seal(Log *log);
void rt_log_fresh(QlContext *ctx, const QlArray *made); /* the log makes this array */
void rt_log_clear(QlContext *ctx);
int rt_log_slot(QlContext *ctx, Storage *storage); /* -1: out of memory */

/* Appends statement `number` of another log. There is room for it: nothing fails. */
void rt_log_copy(QlContext *ctx, const Log *from, int number);

/* An operand of a statement, unpacked. */
typedef struct LogOperand {
  LogAccess access;
  int ndim;
  SlotView view;        /* slot -1: a scalar, */
  int scalar;           /* this one of the log's */
  const int64_t *spans; /* NEST, CALL: seen by its own axes, of which log_span tells more; NULL */
} LogOperand;
const int64_t *log_shape(const Log *log, const Statement *s);
bool log_operand(const Log *log, const Statement *s, int k,
                 LogOperand *operand); /* is it a view of an array? */
AxisSpan log_span(const LogOperand *operand, int axis, int64_t *extent);
JitKey log_kernel(const Log *log, const Statement *s); /* of NEST */
/* Does it access a view of the slot (-1: of any) so? */
bool log_accesses(const Log *log, const Statement *s, LogAccess access, int slot);

/* ---- routine/routine.c ---- */
/* Records a call that makes or updates that array, of one axis at least; the operands are it,
 * inputs of other storages, and scalars. */
QlStatus rt_call(QlContext *ctx, int routine, const QlArray *made, int operands,
                 const RequestOperand *operand, QlError *error);
/* The same of one whose boxes have whole tiles along those axes (a bit each). Inputs with spans
 * have as many axes as the domain. work: of all points, in multiplications; 0: nothing worth
 * speaking of. */
QlStatus rt_call_tiles(QlContext *ctx, int routine, const QlArray *made, uint32_t axes,
                       int64_t work, int operands, const RequestOperand *operand, QlError *error);

/* The same of a routine of lines along `axis`: the inputs have the axes of the target, and the same
 * extents along all but that one; rt_has_lines of each. Gives the operands their spans. */
QlStatus rt_call_lines(QlContext *ctx, int routine, const QlArray *made, int axis, int operands,
                       RequestOperand *operand, QlError *error);
/* Does the view lie so that its lines can be taken? Of others a copy does. */
bool rt_has_lines(const QlArray *array);

/* ---- routine/transform.c ---- */
void rt_transforms_close(QlContext *ctx);

/* ---- product.c ---- */
/* As ql_product, but that of matrices too in contract C7's order. */
QlStatus rt_product_by_tree(QlContext *ctx, QlArray *left, QlArray *right, QlArray **result,
                            QlError *error);

/* ---- routine/multiply.c ---- */
QlStatus rt_blas_open(QlError *error); /* BLAS for products, one thread a call */

/* ---- routine/product.c ---- */
/* The sum over an axis of the products of two arrays, which are broadcast, in that dtype, if it is
 * a product of matrices, or of stacks of them; false: it is none. */
enum { PRODUCT_TINY = 64 }; /* multiplications of one that is a sum nevertheless */
bool rt_product(QlContext *ctx, QlArray *left, QlArray *right, int axis, QlDtype dtype,
                QlArray **result, QlStatus *status, QlError *error);

/* One along the axes in the bit mask, over the points of an array; the target is the first operand.
 */
QlStatus rt_call_along(QlContext *ctx, int routine, uint32_t axes, const QlArray *domain,
                       int operands, const RequestOperand *operand, QlError *error);

/* An array of one axis whose stretches a routine can touch: of that dtype, running forward, on
 * several nodes in a storage of one axis. A new reference to it, or a copy. */
QlStatus rt_in_line(QlContext *ctx, QlArray *array, QlDtype dtype, QlArray **line, QlError *error);

/* ---- nest.c: loop nests that are compiled already ---- */
/* Its function and what identifies it; in the context's list. */
typedef struct NestKernel {
  JitFn *fn;
  JitKey key;
  int param_count;
  JitNestParam *params; /* behind the box's */
  bool raises;          /* it can */
  int cost;             /* of a point, in additions: a guess, */
  bool uneven;          /* of which some points may take far more */
  struct NestKernel *next;
} NestKernel;
/* At most so many operands, of which NEST_TARGETS are stored, and parameters of the kernel. */
enum { NEST_OPERANDS = 32, NEST_TARGETS = JIT_NEST_TARGETS, NEST_PARAMS = 512 };
typedef struct NestOperand {
  const QlArray *array;
  LogAccess access;
  AxisSpan spans[QL_MAX_DIMS]; /* of what is stored: an element at each point, its own; by rows:
                                  all along other axes than that which follows the dimension */
  bool guarded; /* by rows: it stores none that are not there, whatever its spans say */
} NestOperand;
typedef struct NestRequest {
  const NestKernel *kernel;
  int ndim;
  const int64_t *extent;
  int operands, params;
  const NestOperand *operand; /* those that are stored come first */
  const LogScalar *param;
  JitNestForm form;
  uint32_t along; /* LINES: of dimensions, a bit each */
} NestRequest;
/* Local. The function (verified, of rank 0, with those parameters) is copied; the same one again
 * gives the same kernel. */
QlStatus rt_nest_kernel(QlContext *ctx, const JitNest *nest, const NestKernel **kernel,
                        QlError *error);
const NestKernel *rt_nest_kernel_of(const QlContext *ctx, JitKey key);
void rt_nest_close(QlContext *ctx);
uint64_t rt_nests_of(QlContext *ctx); /* never 0, and never again for another context */
/* What rt_nest does first, for a domain with points. `form`: how they must be computed. */
QlStatus rt_nest_check(const QlContext *ctx, const NestRequest *nest, JitNestForm *form,
                       QlError *error);
/* Records a nest. QL_ERR_INDEX: a target has no such elements; QL_ERR_VALUE: what is stored
 * overlaps what is read, or there is too much of something. */
QlStatus rt_nest(QlContext *ctx, const NestRequest *nest, QlError *error);

/* ---- pace.c: when the log is executed unasked ---- */
enum { PACE_KEPT = 8192, PACE_LONGEST = PACE_KEPT / 2, PACE_TABLE = 4096, PACE_LATELY = 128 };
typedef struct Pace {
  uint64_t count, begin; /* statements recorded so far, and before the log */
  uint64_t shape, place; /* of the latest statement's domain and operand, as numbers */
  uint64_t power;        /* of the hash's base, to the log's length */
  uint64_t repeats;      /* 1 + where the stretch begins that the log may repeat; 0: none */
  int period, due;       /* the log's, and the length at which it is executed; 0 */
  int parted;            /* the latest period that is longer than a log, */
  uint64_t parts_from;   /* and where it began: it is cut at the same places each time */
  int disappointed;      /* how often its period has turned out to be another one */
  int tries;             /* logs in a row that had no period */
  int known;             /* the period of the last log that had one: its plan took */
  double weight;         /* so much new memory for each byte of new arrays */
  int loop;              /* the latest period whose steps were computed together; 0 */
  bool looped;           /* the log is the beginning of a loop that has this one */
  bool cut, asked;       /* the log ends because it was due; that before this one did not */
  uint64_t sum[PACE_KEPT], earlier[PACE_KEPT], last[PACE_TABLE];
} Pace;
void rt_pace_note(Pace *pace, const LogRequest *request); /* has been recorded */
void rt_pace_begin(Pace *pace);                           /* a new log */
/* The smallest number of statements after which all of the log repeats what was recorded, if it is
 * at most PACE_LONGEST; 0: it does not. */
int rt_pace_period(Pace *pace);
/* The log has been executed: so many bytes were new, and were steps computed together? Equal on all
 * ranks. */
void rt_pace_learn(QlContext *ctx, int64_t new_bytes, bool swept);
/* If it is long and a statement has just ended. */
QlStatus rt_log_due_now(QlContext *ctx, QlError *error); /* behind rt_log_due, of runtime.h */

/* ---- history.c ---- */
void rt_history_add(QlContext *ctx, const Event *event);
/* LOOK or SNAPSHOT, at the line that runs now. */
void rt_history_look(QlContext *ctx, EventKind kind, const QlArray *array);
/* SYNC, END, or STRICT with the new value. */
void rt_history_call(QlContext *ctx, EventKind kind, bool value);
/* A statement is about to be executed without the log (note.h). After enough of them the ranks meet
 * first, in passing: collective then, by what all have done. One process notes nothing. */
QlStatus rt_history_executes(QlContext *ctx, const LogRequest *request, QlError *error);
/* It, as it was noted. */
typedef struct Executed {
  StatementKind kind;
  int ndim, arrays, scalars;
  int64_t shape[EXECUTED_AXES]; /* of the first axes */
  uint64_t name[NOTED_OPERANDS];
  bool is_element[NOTED_OPERANDS];
  QlSource made[NOTED_OPERANDS];
  LogScalar scalar[NOTED_OPERANDS];
} Executed;
Executed rt_history_executed(const QlContext *ctx, const Event *event);
/* Collective: nothing is planned, and what is recorded stays so. */
QlStatus rt_history_meet(QlContext *ctx, QlError *error);
/* The same of the events so far, on one node, without waiting for anybody: collective, and what has
 * come of it is heard at the next one, or before the ranks agree on anything else. */
QlStatus rt_history_pass(QlContext *ctx, QlError *error);
QlStatus rt_history_hear(QlContext *ctx, QlError *error); /* if it has not been heard yet */
void rt_history_agreed(QlContext *ctx);                   /* by all ranks */
/* Fails for want of memory for what all ranks record; notes it, for when the others have. */
QlStatus rt_history_lacks(QlContext *ctx, const char *what, QlError *error);
int64_t rt_history_first(const QlContext *ctx); /* number of the first event that is kept */
const Event *rt_history_event(const QlContext *ctx, int64_t number); /* NULL: not kept, or none */

/* ---- parts.c: views of the parts of complex arrays, and of bits ---- */
QlArray rt_whole_of(const QlArray *part);    /* the handle, seeing whole elements */
bool rt_parts_in(const LogRequest *request); /* does the statement read or write one? */
QlStatus rt_parts_append(QlContext *ctx, const LogRequest *request,
                         QlError *error); /* as several that do not */
/* What such a view shows, over a domain, into an array of it: one statement. */
QlStatus rt_parts_read(QlContext *ctx, const QlArray *array, QlPart part, int ndim,
                       const int64_t *shape, const int64_t *stride, const QlArray *made,
                       QlError *error);

/* ---- drops.c ---- */
void rt_drops_add(QlContext *ctx, Storage *storage); /* this rank's last handle of it has gone */
/* What this rank dropped since the last agreement counts as dead; of a meeting in passing it hears
 * first. */
QlStatus rt_drops_assume(QlContext *ctx, QlError *error);
void rt_drops_forget(QlContext *ctx); /* or does not, until all have said so */
QlStatus rt_drops_settle(QlContext *ctx,
                         QlError *error); /* collective: dead is what every rank dropped */
void rt_drops_bury(QlContext *ctx);       /* after an agreement: the dead leave the lists */

/* ---- diverge.c ---- */
/* Collective: the ranks have not done the same. Breaks the context. */
QlStatus rt_fail_diverged(QlContext *ctx, QlError *error);
/* Says so to whoever uses the context after that. */
QlStatus rt_fail_broken(const QlContext *ctx, QlError *error);

#endif
