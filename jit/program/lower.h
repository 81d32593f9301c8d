/* Lowering: every type that its files share, then the prototypes under the file that defines them.
 *
 *   Lower      one translation: the function in the making, the frame that is open
 *   Frame      a function of the program that is being lowered, inline or as one of its own
 *   Value      what an expression is: its type, what is known of it, the IR's values that carry it
 *   Variable   what a name of a frame holds at one point of the program
 *   Edge       a way out of a block that is not joined yet, with the state there
 *
 * Lowering follows the program; where ways meet (join), types meet (scope.c). A loop's head meets
 * its own end, so its body is lowered again until the types at its head hold. Memory is a pool's;
 * when it is used up one longjmp leaves (lower.c), over no frame but ours. */
#ifndef QUELEA_JIT_LOWER_H
#define QUELEA_JIT_LOWER_H

#include "ir.h"
#include "tree.h"

#include <setjmp.h>

typedef struct Value Value;
typedef struct Span Span;
typedef struct Nest Nest;
typedef struct Region Region;
typedef struct Array Array;
typedef struct Element Element;

struct Value {
  uint8_t kind, dtype; /* JitTypeKind; of SCALAR, DTYPE, ARRAY */
  bool weak;           /* SCALAR */
  bool known;          /* SCALAR: `constant` is its value */
  bool natural;        /* an integer that is never negative, */
  int64_t floor;       /* nor below this: see low_floor */
  bool bounded;        /* SCALAR, weak, not known: as in JitType */
  double least, most;
  QlValue constant;
  JitRef ref;       /* SCALAR; of known ones when it is asked for */
  int count;        /* TUPLE; SLICE, RANGE: 3 */
  Value *items;     /* TUPLE; SLICE: start, stop, step, or none; RANGE: what `text` goes through */
  Array *array;     /* ARRAY */
  const char *text; /* TEXT; FUNCTION: its name when it is a known one; RANGE: its kind; TUPLE: as
                       in JitType, or NULL */
  const Node *node; /* FUNCTION: of the program */
  const Span *span; /* an integer in a nest: what it is seen from the iterations; NULL: anything */
};

/* From step * p + lo to step * p + hi at position p of a dimension of the nest; dim -1: from lo to
 * hi. Numbers of the function around the nest. */
struct Span {
  int dim;
  JitRef step, lo, hi;
  const Span *of; /* it is made of that, which follows a dimension: */
  JitRef how, by; /* a JitSpanKind, and its number */
};

/* Elements in memory, or computed where they are asked for. */
struct Array {
  uint8_t dtype, ndim, place;
  bool contiguous, readonly;
  bool lent; /* in the memory of an argument: nobody counts who has it */
  bool ours; /* Quelea's: made by its functions, or of what they have made */
  bool list; /* Python's list, which has other operators than arrays */
  bool weak; /* of it: its items are Python's own numbers */
  bool
      made; /* in memory that this function has allocated: of no argument, and of its owner alone */
  const Node *site; /* private memory of the function, of what makes it there; NULL: it is not */
  JitRef owner, base, shape[QL_MAX_DIMS], stride[QL_MAX_DIMS];
  int64_t extent[QL_MAX_DIMS]; /* what is known of shape; -1: nothing */
  Element *element;            /* of an expression */
  JitRef same;        /* of it: a b8, nothing is repeated along an axis; id 0: that is known */
  const Array *ranks; /* IN_NEST: the array outside of it */
};

typedef enum ElementKind { ELEMENT_MEMORY, ELEMENT_SCALAR, ELEMENT_OP, ELEMENT_CAST } ElementKind;
struct Element {
  uint8_t kind, dtype, ndim;
  QlOp op;
  QlDtype loop;
  Array *array;               /* MEMORY */
  JitRef stride[QL_MAX_DIMS]; /* MEMORY: 0 along an axis of one element */
  JitRef scalar;
  int count;
  Element *args[3];
};

/* Of a variable. */
typedef enum Defined { NEVER, MAYBE, ALWAYS } Defined;
typedef enum Hidden {
  NOT_HIDDEN,
  HIDDEN_IN_NEST,    /* an iteration of a nest does not see what another has left in it */
  HIDDEN_AFTER_NEST, /* what a nest has assigned is not there behind it */
  HIDDEN_TORN        /* where ways have met, they have brought what no dtype holds */
} Hidden;
typedef struct Variable {
  Value value;
  uint8_t defined;
  uint8_t hidden; /* Hidden: why it has no value */
  JitRef flag;    /* MAYBE: a b8 */
} Variable;
typedef struct Edge Edge;
struct Edge {
  JitBlock block; /* open, at its end */
  Variable *variables;
  Value value;          /* of an expression or a return; kind UNKNOWN: none */
  const Region *region; /* in a nest */
  Edge *next;
};
typedef struct Edges {
  Edge *first, *last;
} Edges;

typedef struct Loop Loop;
struct Loop {
  Edges breaks, continues;
  Value broken;    /* what break brings to where the loop ends, where that matters; or UNKNOWN */
  int temporaries; /* how many there are in its body */
  Loop *outer;
};

/* At the head of a loop, of one variable; kept for the next time that the loop is lowered. */
typedef struct Head {
  JitType type;
  uint8_t defined;
  bool dropped;   /* what it is cannot be carried from turn to turn: it has no value at the head */
  uint8_t hidden; /* Hidden: where the end of a turn has no value */
} Head;

typedef struct Frame Frame;
struct Frame {
  const Node *function;
  Variable *now; /* NULL: this point is never reached */
  Edges returns;
  Loop *loop;
  Head **heads;      /* [loops][variables] */
  Frame *caller;     /* inline: its arrays are released too when something is raised */
  const Node *call;  /* inline: where the caller calls it */
  Frame *outer_link; /* of a local function: what was being lowered when it was met */
  int temporaries;   /* of the callers: how many there were when it began */
};

/* A function of the program with a function of its own in the IR: it calls itself. */
typedef struct Local Local;
struct Local {
  const Node *function;
  int count;
  JitType *arguments, result;
  JitFn *fn; /* NULL: only its result is looked for */
  bool raises;
  bool quiet; /* it only computes: what calls it need not know at once that it was stopped */
  Local *next;
};

typedef struct LowNotes {
  JitNote *items;
  int count, room;
} LowNotes;

typedef struct Lower {
  const JitProgram *program;
  const JitLowerOptions *options;
  QlPool *pool;
  const Node **shared; /* what makes arrays that must not be private: another name has them */
  int shared_count, shared_room;
  JitFn *fn, *main; /* that is built; of which it is a part. Before: what stays for another try */
  JitRef results, texts;      /* addresses of the slots and of the texts, in fn */
  JitRef stop;                /* of the word that says whether to stop, in fn */
  int loop_depth, loop_count; /* loops that are open in fn; that were opened so far, and calls */
  bool quiet;                 /* fn is a local function that only computes */
  LowNotes *notes;            /* of all functions of the program */
  bool asks;                  /* something asks whether to stop */
  JitBlock exit;              /* of main: it returns there */
  Frame *frame, *outer;       /* outer: around a local function */
  QlDtype local_result;       /* of the local function that is built */
  Local *locals;
  Value *captures;
  const Node *at;      /* what is being lowered, for messages */
  JitRef *temporaries; /* owners of arrays that the statement has made: released at its end */
  int temporary_count, temporary_room;
  int statement;    /* the first temporary of the statement */
  int depth, names; /* of inline calls; given to local functions */
  JitRaise *raises;
  JitRefusal *refusals;
  const char **text;
  int raise_count, raise_room, refusal_count, refusal_room, text_count, text_room;
  const Node *creating; /* the call whose array may be private: it is assigned to a name */
  bool again;           /* one was that must not be, and all is lowered anew */
  bool ours;            /* what is made now is Quelea's */
  bool raised;          /* something of the function in the making can */
  bool trees; /* some of the arguments are Quelea's arrays, in memory: loops reduce as on ranks */
  struct Reducing *reducing; /* then: the loop that is a nest or reduces, and is lowered; or NULL */
  bool ranks;                /* arrays of the arguments are on ranks: so are those that are made */
  Nest *nest;                /* whose kernel is built; NULL: none */
  const Region *region;      /* of it: where this point is reached; NULL: at any position */
  bool nests_raise;
  bool turns; /* some nest is recorded turn by turn of a loop */
  JitNest *nests;
  int nest_count, nest_room;
  jmp_buf no_memory;
} Lower;

/* ---- lower.c ---- */
void *low_get(Lower *l, size_t bytes); /* zeros; does not return when there is no memory */
const char *low_text(Lower *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Refuses what stands there: its value is of no type and makes no further refusals. */
Value low_refuse(Lower *l, const Node *node, const char *code, const char *text,
                 const char *advice);
static inline QlSource low_source(const Lower *l) {
  int function = l->frame ? l->frame->function->number : 0;
  return (QlSource){NULL, l->at ? jit_source_at(function, l->at->line) : 0};
}
JitRef low_text_address(Lower *l, const char *text); /* when it runs */
bool low_dead(const Lower *l);                       /* is this point never reached? */
/* Is it of the library (compiling/library), which has names with a point? What is refused and
 * raised inside stands where the user calls it. */
bool low_is_library(const Node *function);
/* Calls a function of the program, inline, or as itself where it calls itself. Names of `keyword`
 * that are NULL are positional. */
Value low_call(Lower *l, const Node *node, const Node *function, int count, const Value *arguments,
               const char *const *keywords);
/* Leaves with the exception if the condition (b8) holds; id 0: in any case. */
void low_raise_if(Lower *l, const Node *node, JitRef condition, const char *exception,
                  const char *text);

/* ---- value.c: of types and numbers ---- */
static inline Value low_unknown(void) { return (Value){.kind = JIT_UNKNOWN}; }
static inline Value low_none(void) { return (Value){.kind = JIT_NONE}; }
Value low_scalar(QlDtype dtype, bool weak, JitRef ref);
int64_t low_floor(const Value *value); /* what it is never below; 0: it may be negative, too */
Value low_int(int64_t value);          /* Python's, known */
Value low_float(double value);
Value low_bool(bool value);
Value low_tuple(Lower *l, int count, const Value *items);
Value low_slice(Lower *l, Value start, Value stop, Value step);
JitRef low_ref(Lower *l, const Value *value); /* of a scalar */
JitRef low_ref_as(Lower *l, const Value *value, QlDtype dtype);
JitRef low_const(Lower *l, int64_t value);
JitType low_type(Lower *l, const Value *value);
const char *low_type_text(Lower *l, const Value *value);
bool low_same_type(const JitType *a, const JitType *b);
bool low_same_function(const Value *a, const Value *b);
/* The type of what is either; false: there is none. It holds both, but where it is torn. */
bool low_join_types(Lower *l, const JitType *a, const JitType *b, JitType *both);
bool low_is_torn(const JitType *type);               /* is it, or something in it? */
Value low_bounded(Value value, const JitType *type); /* of what is known of its type */
Value low_convert(Lower *l, const Value *value, const JitType *type);
/* The refs that carry a value of that type, in the order of parameters; how many. */
int low_parts(Lower *l, const JitType *type, const Value *value, JitRef *refs);
QlDtype low_part_dtype(const JitType *type, int part);
Value low_of_parts(Lower *l, const JitType *type, const JitRef **refs);
bool low_is_int(const Value *value); /* an integer or a bool, of any kind */
bool low_is_index(const Value *value);
JitRef low_op(Lower *l, QlOp op, JitRef a, JitRef b);
JitRef low_op1(Lower *l, QlOp op, JitRef a);
JitRef low_add(Lower *l, JitRef a, JitRef b);
JitRef low_select(Lower *l, JitRef condition, JitRef a, JitRef b);
JitRef low_truth(Lower *l, const Node *node, const Value *value); /* a b8; id 0: refused */
/* Is the truth known? */
bool low_known_truth(const Value *value, bool *truth);

/* ---- fits.c: numbers that a dtype may not hold ---- */
/* Of one of Python's numbers that becomes one of the dtype: refuses it where it is known not to
 * fit (false), and lets floats raise that turn out not to. */
bool low_fits(Lower *l, const Node *node, const Value *value, QlDtype dtype);
/* The same of a number that is stored into an array: also floats of NumPy's raise. */
bool low_can_store(Lower *l, const Node *node, const Value *value, QlDtype dtype);
Value low_refuse_torn(Lower *l, const Node *node, const char *name);
/* int(x) of one of Python's floats. */
Value low_int_of_float(Lower *l, const Node *node, const Value *value);

/* ---- scope.c: variables, ways that meet, owners ---- */
void low_set(Lower *l, int variable, Value value);
Value low_get_variable(Lower *l, const Node *node);
/* Closes the open block and keeps the way out of it; the point after it is never reached. */
void low_leave(Lower *l, Edges *edges, Value value);
/* The same for a branch that is not taken when the condition holds: goes on where it does. */
void low_branch(Lower *l, JitRef condition, Edges *otherwise);
/* Where the condition (a b8) does not hold, leaves with the value, whose part of the expression
 * ends there; goes on where it does. */
void low_leave_unless(Lower *l, JitRef condition, Edges *edges, Value value, int temporaries);
/* Goes on where all the ways meet. The value is what they bring. */
Value low_join(Lower *l, Edges *edges);
/* The same for the value of a part of an expression, whose temporaries (from there on) end here. */
void low_leave_with(Lower *l, Edges *edges, Value value, int temporaries);
Variable *low_save(Lower *l); /* what the variables hold now */
bool low_same_variable(const Variable *a, const Variable *b);
void low_retain(Lower *l, const Value *value);
void low_release(Lower *l, const Value *value);
/* All that the open functions hold, without forgetting it: before a raise. */
void low_release_all(Lower *l);
/* An array made inside the statement; it is released at its end. */
void low_temporary(Lower *l, const Value *value);
/* Keeps what variables hold until then, though they are assigned meanwhile. */
void low_hold(Lower *l, const Value *value);
void low_end_temporaries(Lower *l, int from);
void low_end_temporary(Lower *l, const Value *value); /* the one array, before the others */

/* ---- loops.c ---- */
void low_for(Lower *l, const Node *node);
void low_while(Lower *l, const Node *node);

/* ---- items.c ---- */
/* The numbers of a range, in the function that is built: how many, the first, the step. */
bool low_range(Lower *l, const Node *node, const Value *range, JitRef *count, Value *start,
               Value *step);

/* ---- comprehensions.c ---- */
/* [element for target in items]: a list, or a tuple. */
Value low_comprehension(Lower *l, const Node *node);

/* ---- boxes.c ---- */
/* Calls body(l, data, indices) at each index of a box of `ndim` extents, the last axis innermost.
 */
typedef void LowBody(Lower *l, void *data, const JitRef *index);
void low_box(Lower *l, int ndim, const JitRef *extent, LowBody *body, void *data);
/* The same of the indices from `from` up to `to`, without that. */
void low_box_between(Lower *l, int ndim, const JitRef *from, const JitRef *to, LowBody *body,
                     void *data);
/* The same with a number (an i64) that goes from index to index: the body changes *carried. */
void low_box_with(Lower *l, int ndim, const JitRef *extent, LowBody *body, void *data,
                  JitRef *carried);

/* ---- stops.c: where a function can be stopped from outside ---- */
enum { LOW_CHUNK = 1 << 16 };
void low_stop_begin(Lower *l); /* at the entry of l->fn */
void low_stop_turn(Lower *l, const Node *node);
void low_stop_call(Lower *l, const Node *node); /* of a function that calls itself */
bool low_stops_for(const Lower *l, bool inside);
bool low_stops_while(const Lower *l, const Node *loop, bool inside);
bool low_stops_chunks(const Lower *l, const Node *body);
bool low_stops_counted(const Lower *l, const Node *loop);
bool low_is_quiet(const JitFn *fn, JitRef results);
/* At how many places is the variable assigned? */
int low_assigned_in(const Node *node, int variable);

/* ---- notes.c: what is said of loops, for people ---- */
void low_note(Lower *l, const Node *node, const char *text);
void low_note_loop(Lower *l, const Node *node, bool few);
void low_note_nest(Lower *l, const Nest *nest);

/* ---- statements.c ---- */
void low_statement(Lower *l, const Node *node);
void low_block(Lower *l, const Node *block); /* up to where no way leads on */
void low_assign(Lower *l, const Node *target, Value value);
void low_return(Lower *l, const Value *value); /* from the open frame */

/* ---- expressions.c ---- */
Value low_expression(Lower *l, const Node *node);
/* What a variable of a function around (OUTER) holds; NULL: nothing, or it is not open. */
const Value *low_outer(const Lower *l, const Node *node);
/* Is a function of the program called in it? What it stores into, an expression before it may read.
 */
bool low_may_store(const Node *node);
Value low_binary(Lower *l, const Node *node, const char *name, const Value *a, const Value *b);
Value low_compare(Lower *l, const Node *node, const char *name, const Value *a, const Value *b);
/* An operation of ops.def on scalars and arrays, as NumPy's ufunc. */
Value low_ufunc(Lower *l, const Node *node, QlOp op, int count, const Value *arguments);
/* Calls what a value is: a function, a dtype. */
Value low_apply(Lower *l, const Node *node, const Value *function, int count,
                const Value *arguments, const char *const *keywords);
/* The items of a list that is written down, as a tuple; of lists in lists, tuples. */
Value low_list_items(Lower *l, const Node *node);

/* ---- lists.c: Python's lists, which are arrays with other operators ---- */
bool low_is_list(const Value *value);
/* Of the items of a tuple: a list if they are numbers, otherwise the tuple itself. */
Value low_as_list(Lower *l, const Node *node, const Value *items);
Value low_refuse_list(Lower *l, const Node *node, const Value *item); /* as an item of one */
/* Where arrays are on ranks: refuses it; true: it has. */
bool low_list_elsewhere(Lower *l, const Node *node);
Value low_list_operation(Lower *l, const Node *node, QlOp op, const Value *a, const Value *b);
/* As NumPy's functions take it: an array; `aside`: in memory that is not the list's. */
Value low_without_list(Lower *l, const Node *node, const Value *value, bool aside);

/* ---- arrays.c: memory, views, elements ---- */
Array *low_new_array(Lower *l, const Node *node, QlDtype dtype, int ndim, const JitRef *shape,
                     const int64_t *extent);
Value low_array_value(Array *array);
/* The array is known elsewhere than by the name that it was assigned to: not private then. */
void low_share(Lower *l, const Node *site);
void low_set_strides(Lower *l, Array *array); /* of a contiguous one */
Value low_index(Lower *l, const Node *node, const Value *array, const Value *index);
void low_store_index(Lower *l, const Node *node, const Value *array, const Value *index,
                     const Value *value);
JitRef low_size(Lower *l, const Array *array);
/* An index along an axis as a position: below zero it counts from the end. Checked: IndexError. */
JitRef low_position(Lower *l, const Node *node, const Value *index, JitRef extent, int axis,
                    bool checked);
/* What a slice takes of an axis; false: refused. */
typedef struct Cut {
  JitRef start, count, step; /* step id 0: 1 */
  bool whole, one;           /* all of the axis; in steps of 1 */
} Cut;
bool low_cut(Lower *l, const Node *node, const Value *slice, JitRef extent, Cut *cut);
/* The parts of an index, one for each axis but for new ones; NULL: refused. */
const Value *low_index_parts(Lower *l, const Node *node, const Array *array, const Value *index,
                             int *count);
/* Has the array this value's type as an element? Refused if not. */
bool low_holds(Lower *l, const Node *node, const Value *array, const Value *stored);
/* Are these more bytes than an array can have? A b8; id 0: no. Extents of 0 count as 1, as NumPy
 * counts them; `extent` is what is known of them, or NULL. */
JitRef low_too_big(Lower *l, int ndim, const JitRef *shape, const int64_t *extent, int item);
/* Refuses that it is stored into; true: it has. */
bool low_readonly(Lower *l, const Node *node, const Array *array);

/* ---- elementwise.c: expressions over arrays ---- */
Value low_elementwise(Lower *l, const Node *node, QlOp op, QlDtype loop, QlDtype result, int count,
                      const Value *arguments);
Value low_astype(Lower *l, const Node *node, const Value *value, QlDtype dtype);
/* Into memory, if it is not there. */
Value low_in_memory(Lower *l, const Node *node, const Value *value);
/* The same of all that a tuple, or what a loop goes through, holds: what the value reads may be
 * changed, or go, before it is used. */
Value low_settled(Lower *l, const Node *node, const Value *value);
void low_copy_into(Lower *l, const Node *node, const Array *target, const Value *value);
Value low_copy(Lower *l, const Node *node, const Value *value);
/* What the elements of an array or expression are, as `dtype`; one of them, as a number. same:
 * nothing is repeated along an axis. */
Element *low_element(Lower *l, const Value *value, QlDtype dtype);
JitRef low_element_at(Lower *l, const Element *element, const JitRef *index, int ndim, bool same);
/* The address of an element: offset from the base, in bytes. */
JitRef low_offset(Lower *l, const Array *array, const JitRef *index);
/* Is it known that what is stored into the one does not change the other? */
bool low_apart(const Array *target, const Array *array);
/* The shape that arrays have together, as an array without memory; NULL: refused. */
Array *low_broadcast(Lower *l, const Node *node, int count, const Value *arrays);

/* ---- gather.c: arrays as indices ---- */
bool low_is_gather(const Value *index);
Value low_gather(Lower *l, const Node *node, const Value *array, const Value *index);
void low_scatter(Lower *l, const Node *node, const Value *array, const Value *index,
                 const Value *stored);
/* The indices of what is true, an array for each axis. */
Value low_nonzero(Lower *l, const Node *node, const Value *mask);

/* ---- reduce.c: over the axes of arrays, in the order of contract C7 ---- */
/* axis NULL: all of them. QL_REDUCE_COUNT is no reduction here. */
Value low_reduce(Lower *l, const Node *node, QlReduction reduction, const Value *array,
                 const Value *axis, bool keepdims);
/* The dtype in which it is computed, which is that of its result, but float32 for halves. */
QlDtype low_reduction_loop(QlReduction reduction, QlDtype dtype);
/* `count` elements from `base` on, as they lie in the last axis of an array in memory, or such
 * values of leaves: in the loop's dtype. */
JitRef low_reduce_line(Lower *l, QlReduction reduction, QlDtype loop, const Array *line,
                       JitRef base, JitRef count, bool of_leaves);

/* ---- lines.c: reductions where they stand ---- */
/* Are there loops for that, of an array or expression? */
bool low_reduces_inline(QlReduction reduction, const Value *value);
/* The axes that are taken, as `dtype`: a number, or a new array of those that stay. */
Value low_reduce_inline(Lower *l, const Node *node, QlReduction reduction, QlDtype dtype,
                        const Value *value, const bool *taken);

/* ---- functions.c: what can be called by name ---- */
Value low_field(Lower *l, const Value *value, const char *name); /* of a named tuple; UNKNOWN */
Value low_call_known(Lower *l, const Node *node, const char *name, int count,
                     const Value *arguments, const char *const *keywords);
Value low_constant(const char *name); /* "numpy.pi" */

/* ---- creation.c ---- */
/* A shape, as a tuple or a number is given; false: refused. */
bool low_shape(Lower *l, const Node *node, const Value *value, int *ndim, JitRef *shape,
               int64_t *extent);

/* ---- spans.c: what integers are, seen from the iterations of a nest ---- */
/* Of an integer in a nest; NULL: anything. */
const Span *low_span(Lower *l, const Value *value);
const Span *low_span_of(Lower *l, QlOp op, const Value *a, const Value *b);
/* Of what is either. */
const Span *low_span_hull(Lower *l, const Span *a, const Span *b);
/* The same of two ways that meet, where one is a number at one position; NULL: it is not so. */
const Span *low_region_choice(Lower *l, const Span *a, const Region *at_a, const Span *b,
                              const Region *at_b);
/* Of the items of a range. */
const Span *low_span_range(Lower *l, const Value *start, const Value *stop, const Value *step);

/* ---- regions.c: where in a nest a point of the program is reached ---- */
/* What a condition says that holds, or does not, from here on. */
void low_nest_learn(Lower *l, const Node *condition, bool holds);
/* Where ways meet that are reached there. */
const Region *low_region_hull(Lower *l, const Region *a, const Region *b);

/* ---- nests.c: loops over arrays on ranks ---- */
/* Is it a number that variables alone decide, and what is known of arrays without looking at them?
 */
bool low_is_fixed(const Node *node);
/* A loop of a function with arrays on ranks. False: it is one that every rank runs, as others. */
bool low_nest(Lower *l, const Node *node);
bool low_nest_while(Lower *l, const Node *node);
/* Where arrays are Quelea's, but in memory: a loop that reduces, in the order in which it would on
 * ranks; also a loop that would be a nest there, inside of which none does. False: it is neither.
 */
bool low_reducing(Lower *l, const Node *node);
/* Of a loop that is being lowered: its k-th turn begins, and ends. */
void low_turn_begins(Lower *l, const Node *node, JitRef k);
void low_turn_ends(Lower *l, const Node *node);
/* Does it go in chunks of LOW_TERMS turns, whose terms are put together at their ends (turns
 * `from` to k), and at its own? */
enum { LOW_TERMS = 1 << 12 }; /* a power of two, of leaves of C7's tree */
bool low_reduces_chunks(const Lower *l, const Node *node);
void low_chunk_begins(Lower *l, JitRef from);
void low_chunk_ends(Lower *l, JitRef from, JitRef k);
void low_line_ends(Lower *l, const Node *node);
/* In a nest: the part of an array on ranks that an index selects, as an array in memory of which
 * the index selects the same. `parts`: an index for each axis, or a slice. NULL: refused. */
Array *low_nest_part(Lower *l, const Node *node, const Array *array, const Value *parts, int count,
                     bool stores);
/* In a nest: of how many elements an axis of an array on ranks is. */
const Span *low_nest_extent(Lower *l, const Array *array, int axis);
/* In a nest: which iteration it is, of all of them, and what `fail` is to be told. */
JitRef low_nest_iteration(Lower *l);
JitRef low_nest_failure(Lower *l, int64_t what);
/* All of it. */
Array *low_nest_whole(Lower *l, const Node *node, const Array *array);

/* ---- ranks.c: what every rank does with arrays on ranks, outside of nests ---- */
Array *low_ranks_new(Lower *l, const Node *node, QlDtype dtype, int ndim, const JitRef *shape,
                     const int64_t *extent, const Value *fill);
/* A view: `view` has its shape and its strides; offset: of its first element; id 0: none. */
Value low_ranks_view(Lower *l, const Node *node, const Array *array, Array *view, JitRef offset);
Value low_ranks_get(Lower *l, const Node *node, const Array *array, JitRef offset);
void low_ranks_set(Lower *l, const Node *node, const Array *array, JitRef offset,
                   const Value *value);
void low_ranks_assign(Lower *l, const Node *node, const Array *array, const Value *value);
/* `into` has the shape of the result. */
Value low_ranks_ufunc(Lower *l, const Node *node, QlOp op, QlDtype result, int count,
                      const Value *arguments, Array *into);
Value low_ranks_convert(Lower *l, const Node *node, const Array *array, QlDtype dtype);
/* `into` has the shape of the result; of no axes it is a number. */
Value low_ranks_reduce(Lower *l, const Node *node, QlReduction reduction, const Array *array,
                       uint32_t axes, bool keepdims, Array *into);
/* Of vectors and matrices; `into` has the dtype and the shape of the result. */
Value low_ranks_product(Lower *l, const Node *node, const Array *left, const Array *right,
                        Array *into);
/* `view` has its shape, of as many elements: a view where one can be, otherwise of a copy. */
Value low_ranks_reshape(Lower *l, const Node *node, const Array *array, Array *view);
/* A nest that is lowered, its operands in the order of its kernel. */
typedef struct RanksOperand {
  const Array *array;
  const Span *const *span;
  JitNestAccess access;     /* bits */
  const JitRef *low, *high; /* by what conditions say; id 0: nothing */
} RanksOperand;
typedef struct RanksNest {
  int number, ndim, operand_count, scalar_count;
  const JitRef *extent, *scalars;
  const uint8_t *dtypes;
  const RanksOperand *operands;
} RanksNest;
void low_ranks_nest(Lower *l, const Node *node, const RanksNest *nest);
/* Refuses what takes arrays in memory only; true: it has. */
bool low_on_ranks(Lower *l, const Node *node, const Value *value, const char *what);

/* ---- methods.c ---- */
Value low_attribute(Lower *l, const Node *node, const Value *value, const char *name);
Value low_method(Lower *l, const Node *node, const Value *value, const char *name, int count,
                 const Value *arguments, const char *const *keywords);

#endif
