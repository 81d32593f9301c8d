/* ext: the Python extension module quelea._quelea. The only place that knows Python.h and NumPy's
 * headers.
 *
 *     Python operator, ufunc, index or method
 *        -> operands.c   Python objects become QlOperand (arrays, weak and strong scalars)
 *        -> context.c    the context is open, this is its thread, the position in the user's
 *                        program is noted
 *        -> quelea.h     the runtime checks and records
 *        -> errors.c     a status becomes a Python exception
 *        -> array.c      a QlArray becomes a quelea.ndarray
 *
 * What is called once per array operation is here in C; what is called rarely is Python in
 * python/quelea, reached through hooks. Return conventions are CPython's: NULL or -1 with an
 * exception set. Everything runs with the GIL held but what the runtime computes and waits for
 * (context.c: away); whatever it calls back meanwhile takes the GIL with qx_come_back.
 */
#ifndef QUELEA_EXT_H
#define QUELEA_EXT_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define NPY_TARGET_VERSION NPY_2_0_API_VERSION
#define PY_ARRAY_UNIQUE_SYMBOL quelea_ARRAY_API
#ifndef QX_IMPORTS_NUMPY
#define NO_IMPORT_ARRAY
#endif
#include <numpy/arrayobject.h>
#include <numpy/arrayscalars.h>

#include "base.h"
#include "quelea.h"

#include <stdatomic.h>

#define QX_LIKELY(x) __builtin_expect(!!(x), 1)
#define QX_UNLIKELY(x) __builtin_expect(!!(x), 0)

/* An entry of a table of methods, whose signature `inspect` and editors read. */
#define QX_METHOD(name, function, flags, signature, text) \
  {name, (PyCFunction)(void (*)(void))function, flags, name signature "\n--\n\n" text}

/* Python functions that C calls where speed does not matter; quelea/__init__.py fills them in by
 * set_hooks(name=function). */
#define QX_HOOKS(HOOK) \
  HOOK(repr)           \
  HOOK(str)            \
  HOOK(format)         \
  HOOK(array_function) \
  HOOK(namespace)      \
  HOOK(matmul)         \
  HOOK(divmod)         \
  HOOK(empty)          \
  HOOK(stack)          \
  HOOK(reduce_slowly)  \
  HOOK(assign_arrays)  \
  HOOK(index_arrays)   \
  HOOK(ufunc_at)       \
  HOOK(ufunc_method)   \
  HOOK(view)

typedef struct QxHooks {
#define QX_HOOK(name) PyObject *name;
  QX_HOOKS(QX_HOOK)
#undef QX_HOOK
} QxHooks;

/* ---- array.c: the type quelea.ndarray ---- */

/* `value`: what NumPy would give as a scalar (a full reduction, x[i, j], a ufunc of 0-d arrays):
 * lazy, immutable, printed as NumPy's scalar. */
typedef struct QxArray {
  PyObject ob_base;
  QlArray *array;
  PyObject *weakrefs;
  bool value, readonly;
} QxArray;

extern PyTypeObject qx_array_type;
static inline bool qx_is_array(PyObject *o) { return Py_TYPE(o) == &qx_array_type; }
static inline QlArray *qx_array(PyObject *o) { return ((QxArray *)o)->array; }

/* A Python object around `array`, whose reference it takes over, also when it fails. */
PyObject *qx_wrap(QlArray *array, bool value);
/* The object for a result of computing: `out` itself (a new reference) when there is one, else the
 * array wrapped. */
PyObject *qx_wrap_result(QlArray *array, PyObject *out);
bool qx_array_setup(PyObject *module);

/* ---- attributes.c, methods.c, number.c, subscript.c: parts of the type ---- */
extern PyGetSetDef qx_array_attributes[];
extern PyMethodDef qx_array_methods[];
extern PyNumberMethods qx_array_number;
extern PyMappingMethods qx_array_mapping;
extern PySequenceMethods qx_array_sequence;
PyObject *qx_array_compare(PyObject *left, PyObject *right, int operation);
PyObject *qx_array_subscript(PyObject *self, PyObject *key);
int qx_array_assign(PyObject *self, PyObject *key, PyObject *value);

/* ---- iterating.c ---- */
extern PyTypeObject qx_iterator_type;
PyObject *qx_array_iterator(PyObject *array);

/* ---- context.c: the context, its thread, positions in the user's program, deferred releases ----
 */

/* Whose a frame is: a statement's position is the user's line that led to it. */
typedef enum QxWhose { QX_USERS, QX_OURS, QX_LIBRARYS /* Python's own, and NumPy */ } QxWhose;

typedef struct QxState {
  QlContext *context; /* NULL: not opened yet */
  bool forked, closed;
  bool alone;      /* one process: positions are taken when they are asked for */
  bool collecting; /* inside Python's garbage collector: releases are deferred (contract C1) */
  bool in_handler; /* of a signal, while a flush waits */
  int away; /* the context's thread computes or waits without the GIL: nested calls of that */
  PyThreadState *thread_state; /* to come back with */
  bool attention; /* any of forked, closed, in_handler, deferred releases: the slow way in */
  bool measures;  /* the context does */
  struct QxSampler *sampler; /* NULL: nobody asks for lines */
  atomic_bool asks;          /* it does: where is the program? */
  QlPhase refused_from;      /* the phase to which the end of a refusal goes back */
  QxHooks hooks;
  struct QxDeferred *deferred;
  int64_t deferred_count, deferred_room;
  struct QxCode
      *codes; /* hash table of the code objects whose positions were recorded; keeps them alive */
  int64_t code_count, code_room;
  PyObject *last_code; /* borrowed from the table */
  QxWhose last_is_whose;
  PyObject *exceptions[QL_STATUS_COUNT];
  PyObject *axis_error;
  PyObject *package_folder; /* where quelea/__init__.py lies, and others do */
  PyObject *library_folder, *numpy_folder;
  PyObject *numpy_ufuncs; /* dict: numpy.ufunc -> quelea.ufunc */
  struct {
    PyObject *of; /* the array whose buffer could not be given, or NULL */
    PyObject *type, *value;
  } buffer_error;
  PyObject *refusal; /* NULL, or why nothing may be recorded or looked at now: rank 0 is alone */
  PyArray_Descr *descr[QL_DTYPE_COUNT];
} QxState;

/* The one file-scope state: slots of C types are given no module, one process has one context, and
 * subinterpreters are refused. */
extern QxState qx;

/* This thread has opened the context. Asked for at each call, so it costs a load. */
extern _Thread_local bool qx_is_own __attribute__((tls_model("initial-exec")));
static inline bool qx_is_own_thread(void) { return qx_is_own; }
int qx_enter_slowly(void);
/* Opens the context if need be and checks thread and process. 0 or -1. Needed before any call that
 * takes a context. */
static inline int qx_enter(void) {
  if (QX_LIKELY(qx.context != NULL && !qx.attention && qx_is_own_thread())) return 0;
  return qx_enter_slowly();
}
/* qx_enter, and notes where the program is: before each call that records. */
int qx_enter_at(void);
void qx_release(
    QlArray *array); /* now, or deferred when inside garbage collection or on another thread */
void qx_unexport(QlExport *token); /* likewise */
/* Writes "file:line: text of the line"; a QlOptions.describe. */
void qx_describe(void *data, QlSource source, char *text, size_t size);
QlSource qx_position(void); /* of the user's program, where it is now */
/* In what the runtime calls back, on the context's thread: takes the GIL where it was given up.
 * False: it was not. Gives it up again. */
bool qx_come_back(void);
void qx_go_again(bool was_away);
int qx_open(const void *mpi_comm);
void qx_close(void);
bool qx_context_setup(PyObject *module);
extern PyMethodDef qx_context_functions[];

/* ---- errors.c: the only place where a status becomes an exception ---- */
PyObject *qx_raise(const QlError *error); /* NULL */
int qx_raise_int(const QlError *error);   /* -1 */
PyObject *qx_axis_error(Py_ssize_t axis, int ndim,
                        const char *prefix); /* NULL; prefix may be NULL */
bool qx_errors_setup(void);

/* ---- operands.c: Python objects to operands, and back ---- */

enum { QX_OPERANDS = 4 }; /* room in QxOperands: a ufunc has three inputs at most */

/* Operands of one call. `owned` are arrays that were imported for it, and casts of its inputs: two
 * for an input at most. */
typedef struct QxOperands {
  QlOperand of[QX_OPERANDS];
  QlArray *owned[2 * QX_OPERANDS];
  int count, owned_count;
  bool any_array; /* is one of them an array or a list */
  uint8_t huge;   /* which are Python ints beyond 64 bits: a bit each */
} QxOperands;

/* 1: done; 0: not something that computes with arrays (no exception); -1: exception. `operands`
 * starts as {0}. */
int qx_operand_add_slowly(QxOperands *operands, PyObject *object);
static inline int qx_operand_add(QxOperands *operands, PyObject *object) {
  QlOperand *operand = &operands->of[operands->count];
  if (qx_is_array(object)) {
    operand->array = qx_array(object), operands->any_array = true, operands->count++;
    return 1;
  }
  if (PyFloat_CheckExact(object)) {
    operand->array = NULL, operand->scalar.value.d = PyFloat_AS_DOUBLE(object),
    operand->scalar.value.bits[1] = 0;
    operand->scalar.dtype = QL_F64, operand->scalar.weak = true, operands->count++;
    return 1;
  }
  return qx_operand_add_slowly(operands, object);
}
void qx_operands_release(QxOperands *operands);
/* Does a rule of NumPy's allow that cast? NULL: 'unsafe'. 1: yes; 0: no; -1: it is no rule. */
int qx_casting_allows(PyObject *rule, QlDtype from, QlDtype to);
/* Who computes with an operand that is none of ours: NumPy's rules for operators and ufuncs. */
typedef enum QxForeign {
  QX_TAKEN,     /* we: it is taken in as an array, if it can be */
  QX_OVERRIDES, /* its __array_ufunc__ */
  QX_SUBCLASS,  /* NumPy: it is a subclass of its array */
  QX_PRIOR,     /* its operators: __array_priority__ is above ours */
  QX_DEFERS,    /* its operators alone: __array_ufunc__ is None */
} QxForeign;
QxForeign qx_foreign(PyObject *object);
/* Has its type an __array_function__ of its own? */
bool qx_has_functions(PyObject *object);
/* qx_operand_add, which takes in whatever can be an array. */
int qx_operand_take(QxOperands *operands, PyObject *object);

/* A scalar operand from a Python or NumPy scalar. Returns as qx_operand_add. */
int qx_scalar_from_python(PyObject *object, QlScalar *scalar, bool *huge);
PyObject *qx_scalar_to_numpy(QlDtype dtype, const QlValue *value);
PyObject *qx_scalar_to_python(QlDtype dtype, const QlValue *value);
/* Converts a weak scalar as NumPy assigns a Python scalar to an element (range and NaN checks). 0
 * or -1. */
int qx_scalar_for_assignment(PyObject *object, QlScalar *scalar, QlDtype target);
/* The element at `data`, in NumPy's memory layout. */
QlValue qx_value_from_memory(QlDtype dtype, const void *data);
/* One element of that dtype as NumPy makes it of anything: strings are read, what the dtype cannot
 * hold raises. 0 or -1. */
int qx_element_from_python(PyObject *object, QlDtype dtype, QlScalar *scalar);
/* numpy.dtype or what makes one; None gives QL_DTYPE_NONE. 0 or -1. */
int qx_dtype_from_python(PyObject *object, QlDtype *dtype);
QlDtype qx_dtype_from_descr(PyArray_Descr *descr); /* QL_DTYPE_NONE: not one of ours */
/* A new reference to an array made from anything array-like (a quelea array itself; a scalar
 * becomes 0-d). NULL: exception. */
QlArray *qx_array_from_python(PyObject *object, QlDtype dtype);
QlArray *qx_array_from_numpy(PyArrayObject *array);
/* Is there a quelea array in this (nested) list or tuple? */
bool qx_holds_arrays(PyObject *object);

/* ---- arguments.c: keyword arguments, shapes, axes ---- */

/* A signature: `words` in positional order, the first `positional` of them may be given by
 * position, the first `required` must be given. */
typedef struct QxSignature {
  const char *name;
  const char *const *words;
  int count, positional, required;
} QxSignature;
/* Fills values[count] with borrowed references or NULL. */
bool qx_parse(const QxSignature *signature, PyObject *const *args, Py_ssize_t nargs,
              PyObject *kwnames, PyObject **values);
bool qx_absent(PyObject *value); /* NULL or None */
/* An int or a sequence of ints. 0 or -1. */
int qx_shape_from_python(PyObject *object, int *ndim, int64_t *shape, bool allow_negative);
int qx_shape_from_args(PyObject *const *args, Py_ssize_t nargs, int *ndim, int64_t *shape);
/* axis: None (all axes), an int or a tuple. 0 or -1. */
int qx_axes_from_python(PyObject *object, int ndim, uint32_t *axes);
int qx_axis_from_python(PyObject *object, int ndim, int *axis, const char *prefix);
int qx_flag_from_python(PyObject *value, bool fallback); /* -1: exception */
int qx_integer_flag(PyObject *value, bool fallback);     /* the same, of what is an integer */
const char *qx_word(PyObject *object); /* text or bytes, which NumPy takes too; NULL: neither */
PyObject *qx_shape_to_python(int ndim, const int64_t *shape);
/* order= of an array: 'A' is 'F' where the array lies so alone; `otherwise`: when none is given. 0
 * or -1. */
int qx_order_from_python(PyObject *object, const QlArray *array, QlOrder otherwise, QlOrder *order);
/* 'C', 'F', 'A' or 'K' of an order=; 0: it is none of these, and an exception. */
char qx_order_letter(PyObject *object);

/* ---- compute.c: the calls that record ---- */
PyObject *qx_ufunc(QlOp op, QxOperands *in, PyObject *out, PyObject *where, QlDtype dtype);
PyObject *qx_binary(QlOp op, PyObject *left,
                    PyObject *right); /* an operator: may give NotImplemented */
PyObject *qx_unary(QlOp op, PyObject *self);
PyObject *qx_inplace(QlOp op, PyObject *self, PyObject *other);
PyObject *qx_astype(QlArray *array, QlDtype dtype, QlOrder order, bool value);
PyObject *qx_reduce(QlReduction reduction, QlArray *array, PyObject *axis, PyObject *dtype,
                    PyObject *out, bool keepdims);
int qx_check_is_array(PyObject *out);             /* is it one of ours? 0 or -1 */
PyObject *qx_out_open(PyObject *out, bool keeps); /* out=: ours, or ours for one of NumPy's */
PyObject *qx_out_close(PyObject *out, PyObject *ours, PyObject *result);
int qx_check_out(PyObject *out); /* may results go there? 0 or -1 */
/* array[...] = value, where value is anything array-like. 0 or -1. */
int qx_assign(QlArray *target, PyObject *value);
/* array.fill(value): with a scalar, or an array of no axes. */
int qx_fill(PyObject *array, PyObject *value);
/* The same of one element, with a scalar or what has one element. */
int qx_assign_element(QlArray *array, int64_t offset, PyObject *value);

/* ---- making.c ---- */
extern PyMethodDef qx_making_functions[];
/* A new array of a small list of Python's numbers. 1: made; 0: it is no such list; -1: exception.
 */
int qx_array_from_numbers(PyObject *object, QlDtype dtype, QlArray **array);

/* ---- taking.c ---- */
PyObject *qx_take(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *qx_factor(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *qx_count_true(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *qx_transform(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *qx_find_true(PyObject *module, PyObject *const *args, Py_ssize_t nargs);

/* ---- indices.c ---- */
/* self[key], where the key's index arrays or mask are few and can be seen at once; else
 * NotImplemented. */
PyObject *qx_read_few(PyObject *self, PyObject *key);

/* ---- putting.c ---- */
PyObject *qx_scatter(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *qx_spread(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *qx_tally(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *qx_bins(PyObject *module, PyObject *const *args, Py_ssize_t nargs);

/* ---- sorting.c ---- */
PyObject *qx_sort(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *qx_search(PyObject *module, PyObject *const *args, Py_ssize_t nargs);

/* ---- random.c ---- */
extern PyMethodDef qx_random_functions[];

/* ---- profile.c ---- */
extern PyMethodDef qx_profile_functions[];

/* ---- sampler.c: under QUELEA_PROFILE, what Python itself takes at each line ---- */
void qx_sampler_start(void);
void qx_sampler_answer(void);
/* At the end of an operation. */
static inline void qx_sampler_look(void) {
  if (QX_UNLIKELY(atomic_load_explicit(&qx.asks, memory_order_relaxed))) qx_sampler_answer();
}
void qx_sampler_stop(void);

/* ---- explain.c ---- */
extern PyMethodDef qx_explain_functions[];

/* ---- pieces.c ---- */
extern PyMethodDef qx_pieces_functions[];

/* ---- plain.c, making.c for functions that make arrays, indices.c ---- */
/* Each gives NotImplemented where the call is no plain form of its function. */
#define QX_PLAIN_FORM(name) \
  PyObject *qx_plain_##name(PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames);
#include "plain_forms.def"
#undef QX_PLAIN_FORM

/* ---- along.c: positions and scans ---- */
extern PyMethodDef qx_along_functions[];
/* As functions and as methods; `self` NULL: the first argument is the array. */
PyObject *qx_best_call(bool largest, PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                       PyObject *kwnames);
PyObject *qx_scan_call(QlOp op, PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                       PyObject *kwnames);
/* Along one axis of one of our arrays; out: NULL, or one of them. */
PyObject *qx_scan(QlOp op, PyObject *array, int axis, QlDtype dtype, PyObject *out);

/* ---- joins.c ---- */
/* A list or tuple that is not empty, of arrays of no axes or one, as an array; None: they differ in
 * shape or dtype, or have more axes. */
PyObject *qx_stack(PyObject *parts);
/* join(parts, axis, new_axis): None where it is not a plain join of arrays of one dtype. */
PyObject *qx_join(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
/* empty_join(parts, axis, new_axis, shape, dtype): the array in which those arrays are joined. */
PyObject *qx_empty_join(PyObject *module, PyObject *const *args, Py_ssize_t nargs);

/* ---- products.c ---- */
/* The matrix product of two arrays of one or two axes; None where it is none of these. */
PyObject *qx_product(PyObject *left, PyObject *right);

/* ---- compiled.c: the type quelea._quelea.Function ---- */
bool qx_compiled_setup(PyObject *module);

/* ---- ufunc.c: the type quelea.ufunc ---- */
extern PyTypeObject qx_ufunc_type;
bool qx_ufunc_setup(PyObject *module);
int qx_ufunc_op(PyObject *object); /* -1: it is no ufunc of ours, or a composed one */
PyObject *qx_composed(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
/* NumPy's ufunc of those operands, one of which overrides it; out: NULL, or where the result goes.
 */
PyObject *qx_ufunc_elsewhere(QlOp op, int count, PyObject *const *operands, PyObject *out);

/* ---- overrides.c ---- */
bool qx_is_overridden(PyObject *out); /* does out= know better? */
PyObject *qx_array_ufunc(PyObject *self, PyObject *args,
                         PyObject *kwargs); /* ndarray.__array_ufunc__ */

/* ---- function.c: the type of the module's functions ---- */
bool qx_function_setup(PyObject *module);

/* ---- views.c: handles on the same elements ---- */
PyObject *qx_view(QxArray *base, int ndim, const int64_t *shape, const int64_t *strides,
                  int64_t offset);
PyObject *qx_bits(QxArray *base, QlDtype dtype);
PyObject *qx_strided(QxArray *base, int ndim, const int64_t *shape, const int64_t *strides);
/* Do its elements follow one another, as NumPy's C_CONTIGUOUS or F_CONTIGUOUS says? */
bool qx_is_contiguous(const QlArray *array, QlOrder order);
PyObject *qx_reshape(PyObject *self, int ndim, int64_t *shape); /* one extent may be -1 */
/* The elements in the order C or F, taken and put. */
PyObject *qx_reshape_in_order(PyObject *self, int ndim, int64_t *shape, QlOrder order);
/* All elements along one axis, in any order: a view where there is one, unless a copy is asked for.
 */
PyObject *qx_ravel(PyObject *self, QlOrder order, bool copy);
PyObject *qx_transpose(QxArray *self, const int *axes); /* NULL: reversed */
PyObject *qx_squeeze(QxArray *self, PyObject *axis);
PyObject *qx_broadcast_to(QxArray *self, int ndim, const int64_t *shape);

/* ---- looking.c: values leave ---- */
int qx_item(QlArray *array, QlScalar *value); /* 0 or -1 */
PyObject *qx_gather(QlArray *array,
                    int root); /* a new NumPy array (None on the other ranks when root >= 0) */
/* What this rank has made of an array's values, or NULL and its exception: when all ranks have
 * looked at it, all go on with theirs, or all raise. Takes `mine` over. */
PyObject *qx_together(const QlArray *array, PyObject *mine);
/* A read-only NumPy array: the array's own memory where there is such, else a copy. */
PyObject *qx_snapshot(QlArray *array, bool *copied);
PyObject *qx_array_array(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                         PyObject *kwnames); /* __array__ */

/* ---- buffer.c: the memory for whoever knows nothing of NumPy ---- */
extern PyBufferProcs qx_array_buffer;
/* held(array): what __array_interface__ shows, as a read-only NumPy array; AttributeError where
 * this process does not hold all of it. */
PyObject *qx_held(PyObject *module, PyObject *object);

/* ---- functions.c: module functions that are not ufuncs ---- */
extern PyMethodDef qx_functions[];
/* A reduction by its name through Python, with every argument: array, axis, dtype, out, keepdims,
 * initial, where; NULL: not given. */
PyObject *qx_reduce_slowly(const char *reduction, PyObject *const *values);
/* The reductions, as methods and as functions; shared with methods.c. `self` NULL: the first
 * argument is the array. */
PyObject *qx_reduction_call(QlReduction reduction, PyObject *self, PyObject *const *args,
                            Py_ssize_t nargs, PyObject *kwnames);

#endif
