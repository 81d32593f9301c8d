/* program: Python functions become functions of the array IR.
 *
 *   program text -> tree (parse.c) -> for the types of the arguments: a JitFn of rank 0
 *
 * The text (jit/program.md has its grammar) is what a front end made of a function's syntax tree:
 * names are resolved, nothing has a type yet. Lowering follows the program in the order in which it
 * runs and knows of each value its type and, where possible, the value itself; what the language
 * does not have is refused, all of it together. Every call is local. */
#ifndef QUELEA_JIT_PROGRAM_H
#define QUELEA_JIT_PROGRAM_H

#include "jit.h"

typedef enum JitTypeKind {
  JIT_UNKNOWN, /* of what never happens, or was refused */
  JIT_NONE,
  JIT_SCALAR,
  JIT_ARRAY,
  JIT_TUPLE,
  JIT_SLICE,
  JIT_ELLIPSIS,
  JIT_DTYPE,
  JIT_TEXT,
  JIT_RANGE, /* range, enumerate, zip, reversed: what a loop goes through */
  JIT_FUNCTION
} JitTypeKind;

/* Where the elements of an array are. */
typedef enum JitPlaceKind {
  JIT_IN_MEMORY,
  JIT_ON_RANKS, /* of a driver: known by its handle */
  JIT_IN_NEST   /* such a one inside a nest, whose kernel has a part of it in memory */
} JitPlaceKind;

typedef struct JitType {
  uint8_t kind;       /* JitTypeKind */
  uint8_t dtype;      /* SCALAR, ARRAY, DTYPE: a QlDtype */
  uint8_t ndim;       /* ARRAY */
  bool weak;          /* SCALAR: Python's own number, which takes the dtype of what is beside it */
  bool contiguous;    /* ARRAY: C order, without gaps */
  bool lent;          /* ARRAY: in the memory of an argument */
  uint8_t place;      /* ARRAY: JitPlaceKind */
  bool readonly;      /* ARRAY: nothing may be stored into it */
  bool ours;          /* ARRAY: Quelea's, where NumPy's are made too */
  bool list;          /* ARRAY: Python's list; weak: of Python's own numbers */
  bool known;         /* SCALAR, the step of a slice or a range: `constant` is its value */
  bool bounded;       /* SCALAR, weak: it is from `least` to `most`, or no finite number */
  bool torn;          /* SCALAR: of integers that met, and that no dtype holds */
  int count;          /* TUPLE, SLICE, RANGE */
  double least, most; /* of complex numbers, the parts */
  int64_t constant;
  struct JitType *items;
  const char *named; /* TUPLE: "3 x y", number 3 of the front end's, with fields; NULL: plain */
  const void *site;  /* ARRAY: in private memory, which was made there; NULL: it is not */
  const char *text;  /* TEXT; FUNCTION: its name when it is a known one; RANGE: its kind */
  const struct Node *node; /* FUNCTION: of the program */
} JitType;

/* "f64", "int" (weak), "f64[:,:]", "ranks f64[:,:]" (on ranks), "const f64[:,::1]" (readonly,
 * contiguous), "ours f64[:]", "list f64[::1]", "(f64, int)", "named3 x y(f64, int)", "slice(int,
 * int, none)", "none": read, into the pool, and written. The end of what was read, or NULL: not a
 * type, or out of memory. */
const char *jit_type_parse(const char *text, QlPool *pool, JitType *type);
size_t jit_type_print(const JitType *type, char *text, size_t room); /* as snprintf */
int jit_type_parts(const JitType *type); /* how many numbers carry a value of it */

/* ---- parse.c ---- */

typedef struct JitProgram JitProgram; /* some functions, of which some call others */
/* QL_ERR_COMPILE with line and column of the text: our own front end made a mistake. */
QlStatus jit_program_parse(const char *text, JitProgram **program, QlError *error);
void jit_program_free(JitProgram *program);
/* Of the text but for positions. */
JitKey jit_program_key(const JitProgram *program);

/* ---- lower.c ---- */

/* Where a line of the program stands. */
typedef struct JitPlace {
  int function, line, column; /* the number of the function in the program; 1-based; 0-based */
} JitPlace;

typedef struct JitRefusal {
  const char *code; /* "QJ101" */
  const char *text, *advice;
  JitPlace place;
} JitRefusal;

/* What compiled code can raise; its status is the place in the list, plus one. */
typedef struct JitRaise {
  const char *exception, *text;
  JitPlace place;
} JitRaise;

/* What is known of a loop, for people. */
typedef struct JitNote {
  const char *text;
  JitPlace place;
  const char *variable; /* of a `for`: its own; or NULL */
} JitNote;
/* What the IR has as the source of instructions of that function and line. */
static inline int64_t jit_source_at(int function, int line) {
  return (int64_t)function << 24 | line;
}

/* A call's parameters: the address of the results, that of the texts (const char *), then the
 * arguments one behind the other: a scalar is itself; an array its owner, its first element's
 * address, its extents, its strides in bytes (one on ranks: its handle, its extents, its strides in
 * elements); a tuple what it holds. Results are in slots of 16 bytes, in the same order, after
 * those that are the call's own: the first is the status (0: it has returned), the second is given,
 * the address of jit_stop_word, which functions that call themselves ask for at any time; the
 * others are a reduction's (reduce.c). An owner is a block of the host's, to which what is returned
 * has one reference, or a number below JIT_NO_OWNER: that of the caller's array, in whose memory it
 * lies.
 */
enum { JIT_SLOTS_BEFORE = 5 };

/* A loop nest over arrays on ranks. Its function computes a box of the domain of `ndim` dimensions;
 * its parameters are the box, lo and hi of each dimension, then as `params` says. */
typedef enum JitNestParamKind {
  JIT_NEST_BASE,   /* the address that the operand's element of index 0 along all axes would have */
  JIT_NEST_STRIDE, /* in bytes, along the operand's axis */
  JIT_NEST_SCALAR, /* the next of the numbers that the driver is given */
  JIT_NEST_ORDER   /* how many nests the call has recorded before: for `fail` */
} JitNestParamKind;
enum { JIT_NEST_TARGETS = 4 };
/* What a nest does with an operand. */
typedef enum JitNestAccess {
  JIT_NEST_LOADS = 1,
  JIT_NEST_STORES = 2,
  JIT_NEST_ALL = 4,  /* stores at every point */
  JIT_NEST_TERMS = 8 /* of a sum, which nobody sees if the nest raises */
} JitNestAccess;
/* What a nest touches along an axis, of what follows a dimension. */
typedef enum JitSpanKind {
  JIT_SPAN,           /* that itself */
  JIT_SPAN_REMAINDER, /* its remainder by that number */
  JIT_SPAN_CHOSEN     /* one end of it, but at one position the other, as far away as that number;
                         0: it is not so */
} JitSpanKind;
typedef struct JitNestParam {
  uint8_t kind, operand, axis;
} JitNestParam;
typedef enum JitNestForm {
  JIT_NEST_POINTS,   /* each point stores elements of its own, in any order */
  JIT_NEST_LINES,    /* the same; points that share their places along the dimensions `along` depend
                        on one another: such lines are computed in order, side by side */
  JIT_NEST_ROWS,     /* one dimension: each point stores rows of its own; where it reads none that
                        others store, in any order */
  JIT_NEST_IN_ORDER, /* the same, always in the order of the dimension */
  JIT_NEST_ON_ONE    /* one point, which is all of a loop: one node has all that it touches */
} JitNestForm;
typedef struct JitNest {
  JitFn *fn; /* in the pool */
  int ndim, param_count;
  const JitNestParam *params;
  JitNestForm form;
  int first; /* which of its numbers is the position of the first dimension's box, those of others
                behind it: what is added to the box's; -1: none is */
  uint32_t along; /* LINES: a bit for each dimension */
} JitNest;

typedef struct JitLowered {
  JitFn *fn; /* NULL when something was refused */
  const JitNest *nests;
  int nest_count;
  bool nests_raise; /* some can */
  bool asks;        /* it looks at the word that says whether to stop: the caller enters (stop.c) */
  JitType result;
  const JitRaise *raises;
  const JitRefusal *refusals;
  const JitNote *notes;
  const char **texts;
  int raise_count, refusal_count, text_count, note_count;
  QlPool pool; /* all of it but fn */
} JitLowered;

typedef struct JitLowerOptions {
  bool boundscheck;  /* IndexError where an index is outside; otherwise what happens is undefined */
  bool python_error; /* error_model="python": ZeroDivisionError for floats too */
  bool alone;  /* ranks are one: loops in order, which its threads do not share, are refused */
  bool single; /* and it has one thread: what has no loop whose turns are nests is refused, for
                  nothing of it could be computed together */
} JitLowerOptions;

/* Lowers the program's first function for arguments of those types. QL_ERR_MEMORY; refusals are
 * not a failure. */
QlStatus jit_program_lower(const JitProgram *program, int count, const JitType *arguments,
                           const JitLowerOptions *options, JitLowered *lowered, QlError *error);
void jit_lowered_free(JitLowered *lowered);

#endif
