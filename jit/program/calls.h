/* Calls of what is known by its name: what the files that know such names share. Each has a table
 * of them; functions.c looks through the tables. */
#ifndef QUELEA_JIT_CALLS_H
#define QUELEA_JIT_CALLS_H

#include "lower.h"

typedef struct Call {
  const Node *node;
  const char *name;
  int count;
  const Value *arguments;
  const char *const *keywords; /* NULL: none */
} Call;

typedef Value Known(Lower *l, const Call *call);
typedef struct KnownRow {
  const char *name; /* NULL: the end of a table */
  Known *call;
  int least, most; /* arguments, by position; most 0: the function looks itself */
} KnownRow;

extern const JitType low_weak_int, low_weak_float;

/* ---- functions.c ---- */
/* The argument at a place, or of that name; NULL: it is not given. */
const Value *low_given(const Call *call, int place, const char *name);
/* The keywords that a function takes, with spaces between; others are refused, and so is another
 * number of arguments. */
bool low_takes(Lower *l, const Call *call, int least, int most, const char *keywords);
Value low_refuse_type(Lower *l, const Call *call, const Value *value, const char *wanted);
/* The function of the program of that name, which the front end has added; NULL: there is none. */
const Node *low_added(const Lower *l, const char *name);

/* ---- builtins.c: Python's functions, math ---- */
extern const KnownRow low_builtins[];
/* int(x), float(x), complex(x): the only argument, as one of Python's own numbers. */
Value low_as_weak(Lower *l, const Call *call, QlDtype dtype);
/* "sqrt" of math, of cmath; false: there is none of that name. */
bool low_math(Lower *l, const Call *call, const char *name, bool is_complex, Value *value);

/* ---- creation.c: NumPy's functions that make arrays ---- */
extern const KnownRow low_creation[];
/* A dtype that is given, or `fallback`; false: refused. */
bool low_dtype_argument(Lower *l, const Call *call, const Value *value, QlDtype fallback,
                        QlDtype *dtype);

/* ---- shapes.c: shapes, transposition, reshape ---- */
extern const KnownRow low_shapes[];
Value low_shape_of(Lower *l, const Array *array);
Value low_transposed(Lower *l, const Call *call, const Value *value);
/* A view where the elements lie without gaps, otherwise a copy. */
Value low_reshaped(Lower *l, const Call *call, const Value *value, const Value *wanted);

Value low_flat(Lower *l, const Call *call, const Value *value);
/* A view with its axes in another order. */
Value low_permuted(Lower *l, const Value *value, const int *axes);

/* ---- reduce.c ---- */
extern const KnownRow low_reductions[];
/* An axis of an array of so many, from 0; false: refused. */
bool low_axis(Lower *l, const Node *node, const Value *axis, int ndim, int *at);

const char *low_kind_text(QlDtype dtype); /* "f" */

/* ---- external.c: functions of C ---- */
extern const KnownRow low_externals[];
/* Calls one, of the name that external.c describes. */
Value low_external(Lower *l, const Node *node, const char *name, int count, const Value *arguments,
                   const char *const *keywords);

/* ---- library.c: what only the library's functions call ---- */
extern const KnownRow low_library[];

#endif
