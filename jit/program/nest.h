/* A nest in the making: what chunks.c, counted.c, dimensions.c, nests.c, operands.c, regions.c,
 * rows.c, spans.c and sums.c share. */
#ifndef QUELEA_JIT_NEST_H
#define QUELEA_JIT_NEST_H

#include "lower.h"

enum { NEST_ARRAYS = 24, NEST_SCALARS = 128, NEST_PARAMETERS = 480, NEST_NUMBERS = 512 };

/* A variable that a loop reduces (sums.c). */
enum { NEST_SUMS = 16 }; /* more than the arrays that a nest may store, which is refused */
typedef struct Sum {
  int variable;
  QlReduction reduction;
  Value before;         /* the loop, outside of it */
  JitType start;        /* what that is to be, so that it meets the terms; UNKNOWN: as it is */
  Array *terms;         /* what iterations have; its dtype is known when one has been built */
  Array *into;          /* where an iteration that stores its term finds them */
  Array *parts, *lines; /* in memory: what chunks of a line come to; what lines come to, or NULL */
  JitRef line;          /* then: the only one */
  bool weak;            /* are the terms Python's own numbers? */
} Sum;
typedef struct Sums {
  int count;
  bool good; /* turns that were built end with what can be put together so */
  Sum items[NEST_SUMS];
} Sums;

/* Variables that go from iteration to iteration, in order (rows.c). */
enum { NEST_CARRIED = 16 };
typedef struct Carried {
  int count, variable[NEST_CARRIED];
  Value before[NEST_CARRIED]; /* the loop, outside of it; UNKNOWN: it is only left behind */
  JitType type[NEST_CARRIED]; /* what it may be where a turn begins */
  bool ends;                  /* break or return may end the loop: a word says whether one has */
  Array *state;               /* what nodes end with; NULL: nothing */
} Carried;

/* What is known only when a loop by rows has been built, and is needed to build it. */
typedef struct NestTypes {
  bool known;
  bool no_sums; /* what would be put together is nothing that can be */
  uint8_t sum[NEST_SUMS];
  bool weak[NEST_SUMS];
  JitType start[NEST_SUMS]; /* of sums, what an iteration has to begin with; UNKNOWN: what it has */
  JitType carried[NEST_CARRIED]; /* UNKNOWN: no number, which is not handed on */
  JitType returned;              /* UNKNOWN: nothing ever */
} NestTypes;

typedef struct NestConst {
  int64_t value;
  JitRef ref;
} NestConst;
typedef struct NestOp {
  QlOp op;
  JitRef a, b, ref;
} NestOp;

/* Positions of each dimension, both ends included; id 0: no such end. */
struct Region {
  JitRef from[QL_MAX_DIMS], to[QL_MAX_DIMS];
};

/* An array on ranks, as the nest touches it: one operand for each way in which its axes follow the
 * dimensions. */
typedef struct NestOperand {
  const Array *array;                  /* outside */
  const Span *span[QL_MAX_DIMS];       /* of all accesses together; NULL: anything */
  const Span *store_span[QL_MAX_DIMS]; /* of what is stored */
  JitRef store_low[QL_MAX_DIMS], store_high[QL_MAX_DIMS];
  JitRef low[QL_MAX_DIMS], high[QL_MAX_DIMS]; /* what indices can be, by conditions; id 0: any */
  bool stored, loaded, varies;   /* varies: not all touch the same element at a point */
  bool several;                  /* nor do all that store it */
  const Node *at;                /* where it was stored, or touched first */
  uint32_t store_block;          /* of the kernel: that stores; 0: none */
  int base, stride[QL_MAX_DIMS]; /* parameters of the kernel */
} NestOperand;

struct Nest {
  JitFn *around, *kernel; /* the function that it stands in */
  JitNestForm form;
  int ndim,
      loop_count; /* by rows: of the loops, which give terms their places, one is a dimension */
  const Node *loops[QL_MAX_DIMS];
  JitRef start[QL_MAX_DIMS], step[QL_MAX_DIMS], extent[QL_MAX_DIMS]; /* of the loops, around */
  bool natural[QL_MAX_DIMS];
  int64_t floor[QL_MAX_DIMS];
  bool guarded, acts;   /* conditions may keep iterations from doing anything; something is done */
  const Region *active; /* where it is; NULL: anywhere */
  int first;            /* guarded: numbers of the nest, the first positions that are computed */
  int lo[QL_MAX_DIMS], hi[QL_MAX_DIMS], order; /* parameters of the kernel; order -1: not needed */
  JitRef at[QL_MAX_DIMS];                      /* the iteration that is built, in the kernel */
  int operand_count, scalar_count, param_count, const_count, op_count;
  NestOperand operands[NEST_ARRAYS];
  JitRef scalars[NEST_SCALARS]; /* around, */
  uint8_t dtypes[NEST_SCALARS];
  int scalar_params[NEST_SCALARS];
  JitNestParam params[NEST_PARAMETERS];
  NestConst consts[NEST_NUMBERS];
  NestOp ops[NEST_NUMBERS];
  Sums sums;
  Carried carried;
  NestTypes *types;
  uint32_t enter[QL_MAX_DIMS], end[QL_MAX_DIMS]; /* blocks: before a loop, at its body's end */
};

/* Does the loop's else stand behind the nest? */
static inline bool nest_has_else(const Nest *nest, const Node *loop) {
  return nest->form == JIT_NEST_IN_ORDER && loop->kind == NODE_FOR && loop->count > 3;
}
static inline bool nest_has_rows(const Nest *nest) { return nest->form >= JIT_NEST_ROWS; }

/* ---- spans.c ---- */
JitRef nest_const(Lower *l, int64_t value);
const int64_t *nest_known(const Nest *nest, JitRef ref); /* what it is; NULL: that is not known */
/* The same operation of the same numbers is the same number: indices are compared by that. */
JitRef nest_op(Lower *l, QlOp op, JitRef a, JitRef b);
const Span *nest_number(Lower *l, JitRef ref);         /* of a number of the function around */
const Span *nest_anywhere(Lower *l, const Span *span); /* the same from any position */
/* The span seen from a position `by` further. */
const Span *nest_shifted(Lower *l, const Span *span, JitRef by);

/* ---- regions.c ---- */
/* Between which an index is at this point; id 0: it is not known. */
void nest_bounds(Lower *l, const Span *span, JitRef *low, JitRef *high);
/* Something stands here that is seen from outside of the iteration. */
void nest_acts(Lower *l);

/* ---- dimensions.c ---- */
bool nest_mentions(const Node *node, int variable);
bool nest_has_inner(const Lower *l); /* do functions inside use variables of the open one? */
/* The loops, from this one inwards, that are a nest's dimensions; how many. By the text. */
int nest_dimensions(const Lower *l, const Node *node, const Node **loops);
/* Does its variable stand in the index of all that it stores, elements alone, be it twice? */
bool nest_selects_rows(const Lower *l, const Node *node);
/* Would every rank look at element after element in the loop? */
bool nest_is_by_element(const Lower *l, const Node *node, const Node *body);
/* Does it store into arrays, and into each of them also rows that its variable selects? */
bool nest_selects_some(const Lower *l, const Node *node);
bool nest_is_range(const Node *node);   /* is it over range(...)? */
bool nest_ends_early(const Node *loop); /* a `for`: may break or return end it? */
bool nest_is_plain(const Node *node);   /* over range(...), to its end, without else */
/* Of one that would: would loops inside, which may be nests, and nothing else in it? */
bool nest_is_around(const Lower *l, const Node *loop);
void nest_refuse_by_element(Lower *l, const Node *node);

/* ---- counted.c ---- */
/* The same as a loop over range(...), which break may end; NULL: it is none that counts. */
const Node *nest_counted(Lower *l, const Node *loop);

/* ---- operands.c ---- */
int nest_parameter(Lower *l, QlDtype dtype, JitNestParam param); /* of the kernel */
/* Numbers and values of the function around, in the kernel. */
JitRef nest_import_int(Lower *l, JitRef around);
Value nest_import(Lower *l, const Value *value);
Variable *nest_import_variables(Lower *l, const Node *loop); /* as an iteration finds them */
/* Along which dimensions do iterations only see what those in the same place store? A bit each. */
uint32_t nest_along(const Nest *nest);
/* No iteration may see what another stores, nor store where another does; by rows, only one store
 * may be into an array. False: refused. */
bool nest_is_apart(Lower *l, const Nest *nest);

/* By rows: does an iteration read rows of what it stores that others store? */
bool nest_reads_others(const Nest *nest, const NestOperand *operand);

/* ---- nests.c ---- */
/* In the kernel: where the box begins or ends that it computes, by which of its parameters; a
 * loop's variable in the iteration of that number. */
JitRef nest_end(Lower *l, const Nest *nest, int d, int param);
Value nest_variable(Lower *l, Nest *nest, int d, JitRef at);
void nest_release(Lower *l, const Variable *before); /* what an iteration has beyond that */

/* ---- rows.c ---- */
bool nest_find_carried(Lower *l, const Node *node, Nest *nest); /* false: too many, refused */
/* The kernel of a nest by rows: all positions of the box, one after another. */
void nest_rows(Lower *l, Nest *nest, const Node *node);
void nest_row_ends(Lower *l, const Node *node); /* at the end of a turn */
bool nest_is_again(Nest *nest); /* it was built with other types than it has: build it anew */
void nest_make_state(Lower *l, const Node *node, Nest *nest);
bool nest_may_end(const Lower *l, const Node *node); /* is it the nest's loop, and may be left? */
bool nest_hands_on(const Nest *nest, int variable);  /* is it known after the loop? */
/* After the loop, from whose else on what has left it by break goes to `broken`, without the
 * temporaries from there on. */
void nest_carry_on(Lower *l, const Node *node, const Nest *nest, Edges *broken, int temporaries);

/* ---- sums.c ---- */
void nest_find_sums(const Lower *l, const Node *loop, Sums *sums); /* by the text */
bool nest_is_sum(const Sums *sums, const Node *node);              /* is one of them named there? */
/* What they hold before the loop; false: not all hold a number. */
bool nest_sums_begin(Lower *l, Sums *sums);
bool nest_sums_widen(Lower *l, Sums *sums);
/* What a variable holds when an iteration begins; `before`: as it is seen there. */
Value nest_sum_start(const Sum *sum, const Value *before);
/* "puts together s, t" (notes.c) */
const char *nest_sums_text(Lower *l, const Sums *sums);
/* Assigns what terms come to, and what was there before, together. */
void nest_sum_take(Lower *l, const Node *node, const Sum *sum, Value all);
/* Assigns what the terms and what was there before are together. */
void nest_sum_finish(Lower *l, const Node *node, const Sum *sum);

/* ---- chunks.c ---- */
/* Turns of the loops store terms from now on; their dtypes: known, or to be found. */
void nest_reduce_turns(Lower *l, Sums *sums, int ndim, const Node *const *loops, bool known);

#endif
