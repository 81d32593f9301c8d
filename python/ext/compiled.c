/* The type quelea._quelea.Function: what @jit makes of a Python function. A call writes down the
 * types of its arguments, finds the code for them, and runs it; its Python subclass
 * (quelea/compiling) does what is rare, in methods that C calls:
 *
 *   _prepare()              gives the program to _set: at the first call, and when a name that it
 *                           depends on has another value
 *   _bind(args, kwargs)     the arguments in order, with defaults
 *   _with_static(args)      calls the function of which functions, dtypes, texts are a part
 *   _refused(rows, types)   raises what the language does not have
 *   _raised(...)            raises what compiled code raised
 *
 * Nothing here needs the context, and no other rank. */
#include "ext.h"

#include "compiled.h"

enum { TYPES_ROOM = 1024, MOST_PARTS = 512, FEW_ELEMENTS = 1024 };

/* The code for some types: of the function, and of each call that runs. */
typedef struct Special {
  char *types;
  size_t length;
  QlCompiled *compiled;
  int references;
} Special;

typedef struct Function {
  PyObject ob_base;
  PyObject *dict, *weakrefs;
  QlProgram *program;
  PyObject *captures;      /* tuple of (dict or cell, name): hidden arguments */
  PyObject *guards;        /* tuple of (dict or cell, name, object), what must not have changed, and
                              (dict or cell, name), where nothing must be */
  Py_ssize_t arity, plain; /* arguments; of a call that needs no binding, or -1 */
  QlCompiledOptions options;
  Special **specials;
  int special_count, special_room;
} Function;

static QlCompiler *compiler; /* of the process; opened by the first function that is compiled */

/* ---- arguments ---- */

typedef struct Gather {
  char types[TYPES_ROOM];
  size_t length;
  QlValue parts[MOST_PARTS];
  int count;
  PyObject *arrays[MOST_PARTS]; /* number k + 1 owns the memory of parts */
  int at[MOST_PARTS];           /* where in parts it is */
  int array_count;
  bool ours;       /* some are Quelea's: NumPy's beside them are read only */
  QlOnRanks ranks; /* some of these are, or may be, on ranks: then all go so */
  bool foreign;    /* some are nothing that has a value here: functions, dtypes, texts */
} Gather;

/* A block that several arrays of the results lie in, as an array of Quelea's. */
typedef struct Shared {
  int64_t block;
  const char *low; /* where its first element was */
  PyObject *array;
} Shared;

/* What a call has given, and what is made of it. */
typedef struct Results {
  const char *type;
  const QlValue *parts;
  const Gather *arguments;
  Shared *shared;
  int shared_count;
} Results;

static bool write_type(Gather *g, const char *text) {
  size_t length = strlen(text);
  if (g->length + length >= TYPES_ROOM) {
    PyErr_SetString(PyExc_TypeError, "too many arguments for a compiled function");
    return false;
  }
  memcpy(g->types + g->length, text, length + 1);
  g->length += length;
  return true;
}

/* "f64[:,::1]" */
static bool write_array_type(Gather *g, QlDtype dtype, int ndim, bool contiguous, bool readonly) {
  if (readonly && !write_type(g, "const ")) return false;
  if (g->ranks && !write_type(g, "ranks ")) return false;
  char text[8 + 2 * QL_MAX_DIMS], *at = stpcpy(text, ql_dtype_info[dtype].ir);
  *at++ = '[';
  for (int axis = 0; axis < ndim; axis++) {
    if (axis) *at++ = ',';
    *at++ = ':';
  }
  if (contiguous && ndim) *at++ = ':', *at++ = '1';
  *at++ = ']', *at = 0;
  return write_type(g, text);
}

static bool has_room(const Gather *g, int ndim) {
  if (ndim <= QL_MAX_DIMS && g->count + 2 + 2 * ndim <= MOST_PARTS) return true;
  PyErr_SetString(PyExc_TypeError, "too many arguments, or dimensions, for a compiled function");
  return false;
}

static void begin_array(Gather *g, PyObject *array) {
  g->at[g->array_count] = g->count;
  g->arrays[g->array_count++] = Py_NewRef(array);
  g->parts[g->count++].i = g->array_count;
}

/* By its handle. */
static bool take_on_ranks(Gather *g, PyObject *object, bool readonly) {
  const QlArray *array = qx_array(object);
  int ndim = array->ndim;
  if (array->part != QL_PART_ALL) {
    PyErr_SetString(PyExc_TypeError,
                    "a compiled function takes no views of real or imaginary parts of arrays that "
                    "are partitioned among ranks; give it a copy");
    return false;
  }
  if (!has_room(g, ndim) ||
      !write_array_type(g, (QlDtype)array->dtype, ndim, false,
                        readonly || array->readonly || ((QxArray *)object)->readonly))
    return false;
  begin_array(g, object);
  g->parts[g->count++].u = (uintptr_t)array;
  for (int axis = 0; axis < ndim; axis++) g->parts[g->count++].i = array->shape[axis];
  for (int axis = 0; axis < ndim; axis++) g->parts[g->count++].i = array->strides[axis];
  return true;
}

/* One of NumPy's beside arrays on ranks: every rank has it, and it is the same on all. */
static bool take_in(Gather *g, PyArrayObject *array) {
  QlArray *made = qx_enter_at() < 0 ? NULL : qx_array_from_python((PyObject *)array, QL_DTYPE_NONE);
  PyObject *object = made ? qx_wrap(made, false) : NULL;
  bool taken = object && take_on_ranks(g, object, true);
  Py_XDECREF(object);
  return taken;
}

/* One of Quelea's, whose memory is taken when the code for it is there. */
static bool take_ours(Gather *g, PyObject *object) {
  if (g->ranks) return take_on_ranks(g, object, false);
  const QlArray *array = qx_array(object);
  int ndim = array->ndim;
  int64_t item = (int64_t)ql_dtype_size((QlDtype)array->dtype) << (array->part != QL_PART_ALL);
  if (!has_room(g, ndim)) return false;
  bool readonly = array->readonly || ((QxArray *)object)->readonly;
  bool contiguous = array->part == QL_PART_ALL && qx_is_contiguous(array, QL_ORDER_C);
  if (!write_array_type(g, (QlDtype)array->dtype, ndim, contiguous, readonly)) return false;
  begin_array(g, object);
  g->parts[g->count++].u = 0;
  for (int axis = 0; axis < ndim; axis++) g->parts[g->count++].i = array->shape[axis];
  for (int axis = 0; axis < ndim; axis++) g->parts[g->count++].i = array->strides[axis] * item;
  return true;
}

static bool take_array(Gather *g, PyArrayObject *array) {
  QlDtype dtype = qx_dtype_from_descr(PyArray_DESCR(array));
  int ndim = PyArray_NDIM(array);
  if (dtype == QL_DTYPE_NONE || !PyArray_ISNBO(PyArray_DESCR(array)->byteorder)) {
    PyErr_Format(PyExc_TypeError, "arrays of dtype %S are not in @jit",
                 (PyObject *)PyArray_DESCR(array));
    return false;
  }
  if (g->ranks) return take_in(g, array);
  bool readonly = g->ours || !PyArray_ISWRITEABLE(array);
  if (!has_room(g, ndim) ||
      !write_array_type(g, dtype, ndim, PyArray_IS_C_CONTIGUOUS(array), readonly))
    return false;
  begin_array(g, (PyObject *)array);
  g->parts[g->count++].u = (uintptr_t)PyArray_DATA(array);
  for (int axis = 0; axis < ndim; axis++) g->parts[g->count++].i = PyArray_DIM(array, axis);
  for (int axis = 0; axis < ndim; axis++) g->parts[g->count++].i = PyArray_STRIDE(array, axis);
  return true;
}

static bool take_scalar(Gather *g, PyObject *object) {
  QlScalar scalar;
  bool huge = false;
  int taken = qx_scalar_from_python(object, &scalar, &huge);
  if (taken < 0) return false;
  huge |= taken && scalar.weak && ql_dtype_info[scalar.dtype].kind == QL_KIND_UINT;
  if (!taken || huge) {
    if (huge)
      PyErr_SetString(PyExc_OverflowError, "integers in compiled functions have 64 bits");
    else
      g->foreign = true;
    return false;
  }
  static const char *const weak[] = {[QL_KIND_BOOL] = "bool",
                                     [QL_KIND_INT] = "int",
                                     [QL_KIND_FLOAT] = "float",
                                     [QL_KIND_COMPLEX] = "complex"};
  if (g->count == MOST_PARTS) {
    PyErr_SetString(PyExc_TypeError, "too many arguments for a compiled function");
    return false;
  }
  g->parts[g->count++] = scalar.value;
  return write_type(
      g, scalar.weak ? weak[ql_dtype_info[scalar.dtype].kind] : ql_dtype_info[scalar.dtype].ir);
}

static bool take(Gather *g, PyObject *object);

static bool take_tuple(Gather *g, PyObject *tuple) {
  if (!write_type(g, "(") || Py_EnterRecursiveCall(" in the arguments of a compiled function"))
    return false;
  bool good = true;
  for (Py_ssize_t k = 0; good && k < PyTuple_GET_SIZE(tuple); k++)
    good = (k == 0 || write_type(g, ", ")) && take(g, PyTuple_GET_ITEM(tuple, k));
  Py_LeaveRecursiveCall();
  return good && write_type(g, ")");
}

/* "named3 x y(f64, int)"; other subclasses of tuple are tuples. */
static bool take_named(Gather *g, PyObject *tuple) {
  PyObject *type = (PyObject *)Py_TYPE(tuple);
  if (!PyObject_HasAttrString(type, "_fields")) return take_tuple(g, tuple);
  PyObject *names = PyImport_ImportModule("quelea.compiling.names"),
           *text = names ? PyObject_CallMethod(names, "named", "O", type) : NULL;
  const char *name = text ? PyUnicode_AsUTF8(text) : NULL;
  bool good = name && write_type(g, "named") && write_type(g, name);
  Py_XDECREF(text);
  Py_XDECREF(names);
  return good && take_tuple(g, tuple);
}

static bool take_slice(Gather *g, PyObject *object) {
  const PySliceObject *slice = (PySliceObject *)object;
  return write_type(g, "slice(") && take(g, slice->start) && write_type(g, ", ") &&
         take(g, slice->stop) && write_type(g, ", ") && take(g, slice->step) && write_type(g, ")");
}

static bool take(Gather *g, PyObject *object) {
  if (PyArray_CheckExact(object)) return take_array(g, (PyArrayObject *)object);
  if (qx_is_array(object)) return take_ours(g, object);
  if (object == Py_None) return write_type(g, "none");
  if (PyTuple_CheckExact(object)) return take_tuple(g, object);
  if (PyTuple_Check(object)) return take_named(g, object);
  if (PySlice_Check(object)) return take_slice(g, object);
  return take_scalar(g, object);
}

/* ---- results ---- */

static void free_block(PyObject *capsule) {
  ql_block_release((int64_t)(intptr_t)PyCapsule_GetPointer(capsule, NULL));
}

/* A view of an argument of Quelea's, or itself. */
static PyObject *view_ours(PyObject *owner, int ndim, const QlValue *parts, const QlValue *own) {
  const QlArray *array = qx_array(owner);
  int64_t item = (int64_t)ql_dtype_size((QlDtype)array->dtype) << (array->part != QL_PART_ALL);
  int64_t shape[QL_MAX_DIMS], strides[QL_MAX_DIMS], offset = (parts[1].i - own[1].i) / item;
  bool whole = ndim == array->ndim && offset == 0;
  for (int axis = 0; axis < ndim; axis++) {
    shape[axis] = parts[2 + axis].i, strides[axis] = parts[2 + ndim + axis].i / item;
    whole = whole && shape[axis] == array->shape[axis] && strides[axis] == array->strides[axis];
  }
  if (whole) return Py_NewRef(owner);
  return qx_view((QxArray *)owner, ndim, shape, strides, array->offset + offset);
}

/* ---- what was made beside arrays of Quelea's is Quelea's ---- */

static bool begins(const char **type, const char *word) {
  size_t length = strlen(word);
  if (strncmp(*type, word, length)) return false;
  *type += length;
  return true;
}

/* The dtype of NumPy's at which a type begins, QL_DTYPE_COUNT: none; and how many axes an array of
 * it has, -1: it is a number. */
static int element_type(const char **type, int *ndim) {
  int dtype = 0;
  while (dtype < QL_DTYPE_COUNT && !begins(type, ql_dtype_info[dtype].ir)) dtype++;
  *ndim = -1;
  if (dtype == QL_DTYPE_COUNT || **type != '[') return dtype;
  *ndim = 0;
  for (const char *c = ++*type; *c != ']'; c++) *ndim += *c == ',' || c == *type;
  *type = strchr(*type, ']') + 1;
  return dtype;
}

/* The next array in memory of the results, whose type and parts it goes through; NULL: there is no
 * more. */
static const QlValue *next_array(const char **type, const QlValue **parts, int *dtype, int *ndim) {
  while (**type) {
    if (strchr("(), ", **type)) {
      ++*type;
      continue;
    }
    if (begins(type, "none") || begins(type, "slice")) continue;
    if (begins(type, "named")) {
      *type += strcspn(*type, "(");
      continue;
    }
    bool is_weak = begins(type, "bool") || begins(type, "int") || begins(type, "float") ||
                   begins(type, "complex");
    bool on_ranks = false;
    if (!is_weak) begins(type, "ours "), begins(type, "const "), on_ranks = begins(type, "ranks ");
    if (!is_weak) begins(type, "list ");
    if (!is_weak) *dtype = element_type(type, ndim);
    if (!is_weak && *dtype == QL_DTYPE_COUNT) return NULL;
    if (is_weak || *ndim < 0) {
      ++*parts;
      continue;
    }
    const QlValue *own = *parts;
    *parts += 2 + 2 * *ndim;
    if (!on_ranks) return own;
  }
  return NULL;
}

/* The first byte of an array's elements, and the one after its last; false: it has none. */
static bool ends_of(QlDtype dtype, int ndim, const QlValue *parts, const char **low,
                    const char **high) {
  *low = (const char *)(uintptr_t)parts[1].u, *high = *low + ql_dtype_size(dtype);
  for (int axis = 0; axis < ndim; axis++) {
    int64_t extent = parts[2 + axis].i, span = (extent - 1) * parts[2 + ndim + axis].i;
    if (extent == 0) return false;
    if (span < 0)
      *low += span;
    else
      *high += span;
  }
  return true;
}

static PyObject *import_memory(QlDtype dtype, int ndim, const QlValue *parts) {
  QL_ERROR(error);
  QlArray *array;
  int64_t shape[QL_MAX_DIMS], strides[QL_MAX_DIMS];
  for (int axis = 0; axis < ndim; axis++)
    shape[axis] = parts[2 + axis].i, strides[axis] = parts[2 + ndim + axis].i;
  return ql_import(qx.context, dtype, ndim, shape, (const void *)(uintptr_t)parts[1].u, strides,
                   &array, &error)
             ? qx_raise(&error)
             : qx_wrap(array, false);
}

static PyArrayObject *numpy_view(QlDtype dtype, int ndim, const QlValue *parts, char *at) {
  npy_intp shape[QL_MAX_DIMS], strides[QL_MAX_DIMS];
  for (int axis = 0; axis < ndim; axis++)
    shape[axis] = (npy_intp)parts[2 + axis].i, strides[axis] = (npy_intp)parts[2 + ndim + axis].i;
  Py_INCREF(qx.descr[dtype]);
  return (PyArrayObject *)PyArray_NewFromDescr(&PyArray_Type, qx.descr[dtype], ndim, shape, strides,
                                               at, NPY_ARRAY_WRITEABLE, NULL);
}

/* Copies the elements of one array of a block to where they lie from `low` on, in `memory`. */
static bool copy_elements(QlDtype dtype, int ndim, const QlValue *parts, const char *low,
                          char *memory) {
  char *at = (char *)(uintptr_t)parts[1].u;
  PyArrayObject *from = numpy_view(dtype, ndim, parts, at),
                *to = numpy_view(dtype, ndim, parts, memory + (at - low));
  bool good = from && to && PyArray_CopyInto(to, from) == 0;
  Py_XDECREF(from), Py_XDECREF(to);
  return good;
}

/* The block of several results: the one of them that holds the others, or else one of one axis, in
 * which what no result names is zero. */
static PyObject *import_block(const Results *r, QlDtype dtype, int64_t block, const char *low,
                              const char *high) {
  int64_t item = (int64_t)ql_dtype_size(dtype);
  QlValue flat[4] = {{.i = 0}, {.u = 0}, {.i = (high - low) / item}, {.i = item}};
  char *memory = PyMem_Calloc(1, (size_t)(high - low));
  if (!memory) return PyErr_NoMemory();
  const char *type = r->type, *from, *to;
  int other, ndim;
  PyObject *array = NULL;
  bool good = true;
  for (const QlValue *rest = r->parts, *own; good && !array;) {
    if (!(own = next_array(&type, &rest, &other, &ndim))) break;
    if (own[0].i != block || !ends_of(dtype, ndim, own, &from, &to)) continue;
    int64_t stride = item;
    bool dense = from == low && to == high;
    for (int axis = ndim - 1; axis >= 0; stride *= own[2 + axis--].i)
      dense = dense && (own[2 + ndim + axis].i == stride || own[2 + axis].i == 1);
    if (dense && stride == high - low)
      array = import_memory(dtype, ndim, own), good = array != NULL;
    else
      good = copy_elements(dtype, ndim, own, low, memory);
  }
  flat[1].u = (uintptr_t)memory;
  if (good && !array) array = import_memory(dtype, 1, flat);
  PyMem_Free(memory);
  return array;
}

/* The block in which others of the results lie too; NULL without an error: none does. */
static const Shared *shared_block(Results *r, QlDtype dtype, int64_t block) {
  for (int k = 0; k < r->shared_count; k++)
    if (r->shared[k].block == block) return &r->shared[k];
  const char *type = r->type, *low = NULL, *high = NULL, *from, *to;
  int count = 0, other, ndim;
  for (const QlValue *rest = r->parts, *own; (own = next_array(&type, &rest, &other, &ndim));) {
    if (own[0].i != block || !ends_of((QlDtype)other, ndim, own, &from, &to)) continue;
    low = count && low < from ? low : from, high = count && high > to ? high : to;
    count += other == (int)dtype;
  }
  if (count < 2) return NULL;
  Shared *more = PyMem_Realloc(r->shared, ((size_t)r->shared_count + 1) * sizeof *more);
  if (!more) return PyErr_NoMemory(), NULL;
  r->shared = more;
  Shared *shared = &more[r->shared_count];
  *shared = (Shared){block, low, import_block(r, dtype, block, low, high)};
  if (!shared->array) return NULL;
  r->shared_count++;
  return shared;
}

static void forget_shared(Results *r) {
  for (int k = 0; k < r->shared_count; k++) Py_DECREF(r->shared[k].array);
  PyMem_Free(r->shared);
}

static PyObject *import_made(Results *r, QlDtype dtype, int ndim, const QlValue *parts) {
  const char *low, *high;
  bool some = ends_of(dtype, ndim, parts, &low, &high);
  const Shared *shared = some ? shared_block(r, dtype, parts[0].i) : NULL;
  PyObject *result = NULL;
  if (shared) {
    QlValue own[2] = {{.i = 0}, {.u = (uintptr_t)shared->low}};
    result = view_ours(shared->array, ndim, parts, own);
  } else if (!PyErr_Occurred()) {
    result = import_memory(dtype, ndim, parts);
  }
  ql_block_release(parts[0].i);
  return result;
}

/* ---- what else there is ---- */

/* The object in whose memory an array lies; a new reference. */
static PyObject *owner_of(int64_t owner, const Gather *g) {
  if (owner > 0 && owner <= g->array_count) return Py_NewRef(g->arrays[owner - 1]);
  PyObject *capsule = PyCapsule_New((void *)(intptr_t)owner, NULL, free_block);
  if (!capsule) ql_block_release(owner);
  return capsule;
}

/* Is it the argument itself? Python gives that back too. */
static bool is_whole(PyArrayObject *array, const QlValue *parts, int ndim, QlDtype dtype) {
  if (PyArray_NDIM(array) != ndim || PyArray_DATA(array) != (void *)(uintptr_t)parts[1].u ||
      qx_dtype_from_descr(PyArray_DESCR(array)) != dtype)
    return false;
  for (int axis = 0; axis < ndim; axis++)
    if (PyArray_DIM(array, axis) != parts[2 + axis].i) return false;
  for (int axis = 0; axis < ndim; axis++)
    if (PyArray_STRIDE(array, axis) != parts[2 + ndim + axis].i && PyArray_DIM(array, axis) > 1)
      return false;
  return true;
}

static PyObject *make_array(QlDtype dtype, int ndim, bool readonly, bool ours, const QlValue *parts,
                            Results *r) {
  const Gather *g = r->arguments;
  int64_t number = parts[0].i;
  bool lent = number > 0 && number <= g->array_count;
  if (lent && qx_is_array(g->arrays[number - 1]))
    return view_ours(g->arrays[number - 1], ndim, parts, &g->parts[g->at[number - 1]]);
  if (!lent && (g->ours || ours)) return import_made(r, dtype, ndim, parts);
  PyObject *owner = owner_of(number, g);
  if (!owner) return NULL;
  if (PyArray_Check(owner) && is_whole((PyArrayObject *)owner, parts, ndim, dtype)) return owner;
  npy_intp shape[QL_MAX_DIMS], strides[QL_MAX_DIMS];
  for (int axis = 0; axis < ndim; axis++)
    shape[axis] = (npy_intp)parts[2 + axis].i, strides[axis] = (npy_intp)parts[2 + ndim + axis].i;
  Py_INCREF(qx.descr[dtype]);
  PyObject *array =
      PyArray_NewFromDescr(&PyArray_Type, qx.descr[dtype], ndim, shape, strides,
                           (void *)(uintptr_t)parts[1].u, readonly ? 0 : NPY_ARRAY_WRITEABLE, NULL);
  if (!array) return Py_DECREF(owner), NULL;
  if (PyArray_SetBaseObject((PyArrayObject *)array, owner) < 0) return Py_DECREF(array), NULL;
  PyArray_UpdateFlags((PyArrayObject *)array,
                      NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_F_CONTIGUOUS | NPY_ARRAY_ALIGNED);
  return array;
}

/* An array on ranks: an argument, or one that is the caller's now. */
static PyObject *give_on_ranks(const QlValue *parts, const Gather *g) {
  int64_t number = parts[0].i;
  QlArray *array = (QlArray *)(uintptr_t)parts[1].u;
  bool lent = number > 0 && number <= g->array_count;
  return lent ? Py_NewRef(g->arrays[number - 1]) : qx_wrap(array, false);
}

static PyObject *give(const char **type, const QlValue **parts, Results *r);

static PyObject *give_tuple(const char **type, const QlValue **parts, Results *r) {
  PyObject *list = PyList_New(0);
  for (++*type; **type && **type != ')';) {
    PyObject *item = give(type, parts, r);
    if (list && item && PyList_Append(list, item) < 0) Py_CLEAR(list);
    if (!item) Py_CLEAR(list);
    Py_XDECREF(item);
    *type += strspn(*type, ", ");
  }
  *type += **type == ')';
  PyObject *tuple = list ? PyList_AsTuple(list) : NULL;
  Py_XDECREF(list);
  return tuple;
}

/* An object of the class of named tuples of a number. */
static PyObject *make_named(long number, PyObject *tuple) {
  PyObject *names = PyImport_ImportModule("quelea.compiling.names"),
           *classes = names ? PyObject_GetAttrString(names, "NAMED") : NULL,
           *one = classes ? PyList_GetItem(classes, number) : NULL; /* borrowed */
  PyObject *made = one ? PyObject_CallMethod(one, "_make", "(O)", tuple) : NULL;
  Py_XDECREF(classes);
  Py_XDECREF(names);
  return made;
}

static PyObject *give_named(const char **type, const QlValue **parts, Results *r) {
  char *end;
  long number = strtol(*type, &end, 10);
  *type = end + strcspn(end, "(");
  PyObject *tuple = give_tuple(type, parts, r), *made = tuple ? make_named(number, tuple) : NULL;
  Py_XDECREF(tuple);
  return made;
}

static PyObject *give_slice(const char **type, const QlValue **parts, Results *r) {
  PyObject *tuple = give_tuple(type, parts, r);
  PyObject *slice = tuple ? PySlice_New(PyTuple_GET_ITEM(tuple, 0), PyTuple_GET_ITEM(tuple, 1),
                                        PyTuple_GET_ITEM(tuple, 2))
                          : NULL;
  Py_XDECREF(tuple);
  return slice;
}

/* The object of the result's type, whose text it goes through. All parts are taken, also after a
 * failure. */
static PyObject *give(const char **type, const QlValue **parts, Results *r) {
  static const struct {
    const char *word;
    QlDtype dtype;
  } weak[] = {{"bool", QL_BOOL}, {"int", QL_I64}, {"float", QL_F64}, {"complex", QL_C128}};
  if (**type == '(') return give_tuple(type, parts, r);
  if (begins(type, "none")) return Py_NewRef(Py_None);
  if (begins(type, "named")) return give_named(type, parts, r);
  if (begins(type, "slice")) return give_slice(type, parts, r);
  for (int k = 0; k < 4; k++)
    if (begins(type, weak[k].word)) return qx_scalar_to_python(weak[k].dtype, (*parts)++);
  bool ours = begins(type, "ours "), readonly = begins(type, "const "),
       on_ranks = begins(type, "ranks ");
  begins(type, "list ");
  int ndim, dtype = element_type(type, &ndim);
  if (dtype == QL_DTYPE_COUNT) {
    PyErr_Format(PyExc_SystemError, "a result of type %s", *type);
    *type += strcspn(*type, ",)");
    return NULL;
  }
  if (ndim < 0) return qx_scalar_to_numpy((QlDtype)dtype, (*parts)++);
  const QlValue *own = *parts;
  *parts += 2 + 2 * ndim;
  if (on_ranks) return give_on_ranks(own, r->arguments);
  return make_array((QlDtype)dtype, ndim, readonly, ours, own, r);
}

/* ---- code for types ---- */

static PyObject *rows_of(const QlCompiled *compiled) {
  PyObject *rows = PyList_New(0);
  for (int k = 0; rows && k < compiled->refusal_count; k++) {
    const QlRefusal *r = &compiled->refusals[k];
    PyObject *row =
        Py_BuildValue("(sssiii)", r->code, r->text, r->advice, r->function, r->line, r->column);
    if (!row || PyList_Append(rows, row) < 0) Py_CLEAR(rows);
    Py_XDECREF(row);
  }
  return rows;
}

/* It is refused: the subclass raises. */
static void refuse(Function *self, const QlCompiled *compiled, const char *types) {
  PyObject *rows = rows_of(compiled);
  PyObject *done =
      rows ? PyObject_CallMethod((PyObject *)self, "_refused", "Os", rows, types) : NULL;
  if (done) PyErr_SetString(PyExc_SystemError, "_refused did not raise");
  Py_XDECREF(done);
  Py_XDECREF(rows);
}

static void release(Special *special) {
  if (--special->references) return;
  free(special->types);
  ql_compiled_free(special->compiled);
  PyMem_Free(special);
}

/* Of what is refused there is an entry too, without code, where that is no error. */
static Special *compile(Function *self, const char *types, size_t length, bool may_be_refused) {
  QL_ERROR(error);
  if (!compiler && ql_compiler_open(&compiler, &error)) return qx_raise(&error), NULL;
  if (self->special_count == self->special_room) {
    int room = self->special_room * 2 + 4;
    Special **more = PyMem_Realloc(self->specials, (size_t)room * sizeof *more);
    if (!more) return PyErr_NoMemory(), NULL;
    self->specials = more, self->special_room = room;
  }
  QlCompiled *compiled;
  if (ql_compile(compiler, self->program, types, &self->options, &compiled, &error))
    return qx_raise(&error), NULL;
  if (!compiled->result && !may_be_refused) {
    refuse(self, compiled, types);
    ql_compiled_free(compiled);
    return NULL;
  }
  char *copy = strdup(types);
  Special *special = copy ? PyMem_Malloc(sizeof *special) : NULL;
  if (!special) return free(copy), ql_compiled_free(compiled), PyErr_NoMemory(), NULL;
  *special = (Special){copy, length, compiled, 1};
  return self->specials[self->special_count++] = special;
}

/* Borrowed from the function. */
static Special *find(Function *self, const Gather *g) {
  for (int k = 0; k < self->special_count; k++)
    if (self->specials[k]->length == g->length &&
        !memcmp(self->specials[k]->types, g->types, g->length))
      return self->specials[k];
  return compile(self, g->types, g->length, g->ranks == QL_MAYBE_ON_RANKS);
}

static void forget(Function *self) {
  for (int k = 0; k < self->special_count; k++) release(self->specials[k]);
  self->special_count = 0;
  ql_program_close(self->program);
  self->program = NULL;
}

/* ---- captured names ---- */

/* What stands at a place, a pair of where and a name; borrowed. NULL: nothing. */
static PyObject *look_up(PyObject *place) {
  PyObject *where = PyTuple_GET_ITEM(place, 0);
  if (PyCell_Check(where)) return PyCell_GET(where);
  return PyDict_GetItemWithError(where, PyTuple_GET_ITEM(place, 1));
}

/* Is each name what it was when the program was made? */
static bool holds(const Function *self) {
  for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(self->guards); k++) {
    PyObject *guard = PyTuple_GET_ITEM(self->guards, k);
    PyObject *value = PyTuple_GET_SIZE(guard) > 2 ? PyTuple_GET_ITEM(guard, 2) : NULL;
    if (look_up(guard) != value) return false;
  }
  return true;
}

static bool prepare(Function *self) {
  if (QX_LIKELY(self->program && holds(self))) return true;
  if (PyErr_Occurred()) return false;
  forget(self);
  PyObject *done = PyObject_CallMethod((PyObject *)self, "_prepare", NULL);
  Py_XDECREF(done);
  if (done && !self->program) PyErr_SetString(PyExc_SystemError, "_prepare gave no program");
  return done && self->program;
}

/* _set(text, arity, plain, captures, guards, boundscheck, python_error) */
static PyObject *function_set(PyObject *object, PyObject *args) {
  Function *self = (Function *)object;
  const char *text;
  Py_ssize_t arity, plain;
  PyObject *captures, *guards;
  int boundscheck, python_error;
  QL_ERROR(error);
  if (!PyArg_ParseTuple(args, "snnO!O!pp", &text, &arity, &plain, &PyTuple_Type, &captures,
                        &PyTuple_Type, &guards, &boundscheck, &python_error))
    return NULL;
  forget(self);
  if (ql_program_open(text, &self->program, &error)) return qx_raise(&error);
  Py_XSETREF(self->captures, Py_NewRef(captures));
  Py_XSETREF(self->guards, Py_NewRef(guards));
  self->arity = arity, self->plain = plain;
  self->options = (QlCompiledOptions){.boundscheck = boundscheck, .python_error = python_error};
  Py_RETURN_NONE;
}

static bool holds_ours(PyObject *object) {
  if (qx_is_array(object)) return true;
  if (!PyTuple_Check(object)) return false;
  for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(object); k++)
    if (holds_ours(PyTuple_GET_ITEM(object, k))) return true;
  return false;
}

static QlOnRanks on_ranks(PyObject *object) {
  QlOnRanks found = QL_NOT_ON_RANKS;
  if (qx_is_array(object)) return ql_is_on_ranks(qx_array(object));
  for (Py_ssize_t k = 0; PyTuple_Check(object) && k < PyTuple_GET_SIZE(object); k++) {
    QlOnRanks one = on_ranks(PyTuple_GET_ITEM(object, k));
    if (one > found) found = one;
  }
  return found;
}

/* One of NumPy's that would have to be copied, for longer than it takes to read it here. */
static bool holds_large(PyObject *object) {
  if (qx_is_array(object)) return qx_array(object)->part != QL_PART_ALL;
  if (PyArray_CheckExact(object)) return PyArray_SIZE((PyArrayObject *)object) > FEW_ELEMENTS;
  for (Py_ssize_t k = 0; PyTuple_Check(object) && k < PyTuple_GET_SIZE(object); k++)
    if (holds_large(PyTuple_GET_ITEM(object, k))) return true;
  return false;
}

/* in_memory: also what may be on ranks. */
static bool take_all(const Function *self, Gather *g, PyObject *arguments, bool in_memory) {
  g->length = 0, g->count = g->array_count = 0;
  g->ours = holds_ours(arguments);
  g->ranks = g->ours ? on_ranks(arguments) : QL_NOT_ON_RANKS;
  for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(self->captures); k++) {
    PyObject *value = look_up(PyTuple_GET_ITEM(self->captures, k));
    if (!value || !holds_ours(value)) continue;
    QlOnRanks one = on_ranks(value);
    g->ours = true;
    if (one > g->ranks) g->ranks = one;
  }
  if (in_memory || (g->ranks == QL_MAYBE_ON_RANKS && holds_large(arguments)))
    g->ranks = QL_NOT_ON_RANKS;
  if (!write_type(g, "(")) return false;
  for (Py_ssize_t k = 0; k < self->arity; k++)
    if ((k && !write_type(g, ", ")) || !take(g, PyTuple_GET_ITEM(arguments, k))) return false;
  for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(self->captures); k++) {
    PyObject *place = PyTuple_GET_ITEM(self->captures, k);
    PyObject *value = look_up(place);
    if (!value) {
      if (!PyErr_Occurred())
        PyErr_Format(PyExc_NameError, "name '%U' is not defined", PyTuple_GET_ITEM(place, 1));
      return false;
    }
    if (((k || self->arity) && !write_type(g, ", ")) || !take(g, value)) return false;
  }
  return write_type(g, ")");
}

/* ---- calling ---- */

static PyObject *raised(Function *self, const QlCompiled *compiled, int64_t status) {
  if (status < 1 || status > compiled->raise_count) return PyErr_NoMemory();
  const QlRaise *r = &compiled->raises[status - 1];
  PyObject *done = PyObject_CallMethod((PyObject *)self, "_raised", "ssii", r->exception, r->text,
                                       r->function, r->line);
  if (done) PyErr_SetString(PyExc_SystemError, "_raised did not raise");
  Py_XDECREF(done);
  return NULL;
}

/* An array of NumPy's: its shape and its elements, wherever they lie. */
static uint64_t hash_array(uint64_t hash, PyArrayObject *array) {
  for (int axis = 0; axis < PyArray_NDIM(array); axis++)
    hash = ql_mix(hash, (uint64_t)PyArray_DIM(array, axis));
  PyArrayObject *copy = PyArray_GETCONTIGUOUS(array);
  if (!copy) return PyErr_Clear(), hash;
  hash = ql_hash_bytes(hash, PyArray_DATA(copy), (size_t)PyArray_NBYTES(copy));
  Py_DECREF(copy);
  return hash;
}

/* The values that the call depends on but those of Quelea's arrays, for the other ranks to have the
 * same. */
static uint64_t hash_of(const Gather *g) {
  uint64_t hash = 0;
  for (int p = 0, next = 0; p < g->count;) {
    if (next == g->array_count || p < g->at[next]) {
      hash = ql_mix(ql_mix(hash, g->parts[p].bits[0]), g->parts[p].bits[1]);
      p++;
      continue;
    }
    PyObject *array = g->arrays[next++];
    bool ours = qx_is_array(array);
    p += 2 + 2 * (ours ? qx_array(array)->ndim : PyArray_NDIM((PyArrayObject *)array));
    if (!ours) hash = hash_array(hash, (PyArrayObject *)array);
  }
  return hash;
}

/* Takes the memory of arrays of Quelea's. */
static bool borrow(const QlCompiled *compiled, Gather *g) {
  QL_ERROR(error);
  QlArray *arrays[MOST_PARTS];
  char *data[MOST_PARTS];
  int64_t item[MOST_PARTS];
  int count = 0;
  if (qx_enter_at() < 0) return false;
  for (int k = 0; k < g->array_count; k++)
    if (qx_is_array(g->arrays[k])) arrays[count++] = qx_array(g->arrays[k]);
  uint64_t what = ql_info(qx.context).size > 1 ? ql_mix(hash_of(g), compiled->key) : 0;
  if (ql_borrow(qx.context, what, count, arrays, data, item, &error))
    return qx_raise(&error), false;
  for (int k = 0, m = 0; k < g->array_count; k++)
    if (qx_is_array(g->arrays[k])) g->parts[g->at[k] + 1].u = (uintptr_t)data[m++];
  return true;
}

/* While it runs, what it prints may run any Python: the code and the arrays are held meanwhile. */
static PyObject *run_special(Function *self, const QlCompiled *compiled, Gather *g, bool *refused) {
  QL_ERROR(error);
  bool in_memory = !g->ranks && (g->ours || strstr(compiled->result, "ours "));
  *refused = false;
  if (g->ranks ? qx_enter_at() < 0 : in_memory && !borrow(compiled, g)) return NULL;
  QlValue few[32], *results = few;
  if (compiled->result_count > 32 &&
      !(results = PyMem_Malloc((size_t)compiled->result_count * sizeof *results)))
    return PyErr_NoMemory();
  int64_t status = g->ranks ? ql_compiled_drive(qx.context, compiled, g->parts, results, &error)
                            : ql_compiled_call(compiled, g->parts, results);
  PyObject *type_of_error, *value, *trace, *result = NULL;
  PyErr_Fetch(&type_of_error, &value, &trace); /* print may have raised */
  if (!status) {
    const char *type = compiled->result;
    const QlValue *parts = results;
    Results all = {.type = type, .parts = parts, .arguments = g};
    result = give(&type, &parts, &all);
    forget_shared(&all);
  } else if (error.status) {
    *refused = status == -2 && !type_of_error && g->ranks == QL_MAYBE_ON_RANKS;
    if (!*refused) qx_raise(&error);
  } else if (!type_of_error) {
    result = raised(self, compiled, status);
  }
  if (type_of_error) {
    Py_CLEAR(result);
    PyErr_Restore(type_of_error, value, trace);
  }
  if (results != few) PyMem_Free(results);
  return result;
}

static void end_gather(const Gather *g) {
  for (int k = 0; k < g->array_count; k++) Py_DECREF(g->arrays[k]);
}

static PyObject *run_once(Function *self, Gather *g, bool *refused) {
  Special *special = find(self, g);
  *refused = special && !special->compiled->result;
  if (!special || *refused) return NULL;
  special->references++;
  PyObject *result = run_special(self, special->compiled, g, refused);
  release(special);
  return result;
}

/* What may be on ranks is taken so where the function, and these arguments, can be shared out; else
 * in memory. */
static PyObject *run(Function *self, Gather *g, PyObject *arguments) {
  bool refused;
  PyObject *result = run_once(self, g, &refused);
  if (!refused) return result;
  end_gather(g);
  return take_all(self, g, arguments, true) ? run_once(self, g, &refused) : NULL;
}

/* The arguments in order; a new reference. */
static PyObject *bind(Function *self, PyObject *args, PyObject *kwargs) {
  bool plain = PyTuple_GET_SIZE(args) == self->plain && (!kwargs || !PyDict_GET_SIZE(kwargs));
  if (plain) return Py_NewRef(args);
  return PyObject_CallMethod((PyObject *)self, "_bind", "OO", args, kwargs ? kwargs : Py_None);
}

static PyObject *function_call(PyObject *object, PyObject *args, PyObject *kwargs) {
  Function *self = (Function *)object;
  PyObject *result = NULL, *bound = prepare(self) ? bind(self, args, kwargs) : NULL;
  if (!bound) return NULL;
  Gather g;
  g.array_count = 0, g.foreign = false;
  bool fits = PyTuple_Check(bound) && prepare(self) && PyTuple_GET_SIZE(bound) == self->arity;
  if (fits && take_all(self, &g, bound, false))
    result = run(self, &g, bound);
  else if (fits && g.foreign && !PyErr_Occurred())
    result = PyObject_CallMethod(object, "_with_static", "(O)", bound);
  else if (!PyErr_Occurred())
    PyErr_SetString(PyExc_SystemError, "_bind gave other arguments than the function has");
  end_gather(&g);
  Py_DECREF(bound);
  return result;
}

/* ---- looking inside ---- */

/* _compile(types): for those types, without a call. */
static PyObject *function_compile(PyObject *object, PyObject *args) {
  Function *self = (Function *)object;
  const char *types;
  Py_ssize_t length;
  if (!PyArg_ParseTuple(args, "s#", &types, &length) || !prepare(self)) return NULL;
  Gather g = {.length = (size_t)length};
  if (length >= TYPES_ROOM) return PyErr_Format(PyExc_ValueError, "too many types");
  memcpy(g.types, types, (size_t)length + 1);
  if (!find(self, &g)) return NULL;
  Py_RETURN_NONE;
}

/* _specials(): [(types, result type, seconds)] */
static PyObject *function_specials(PyObject *object, PyObject *unused) {
  Function *self = (Function *)object;
  (void)unused;
  PyObject *list = PyList_New(0);
  for (int k = 0; list && k < self->special_count; k++) {
    const Special *special = self->specials[k];
    if (!special->compiled->result) continue;
    PyObject *row = Py_BuildValue("(ssd)", special->types, special->compiled->result,
                                  special->compiled->seconds);
    if (!row || PyList_Append(list, row) < 0) Py_CLEAR(list);
    Py_XDECREF(row);
  }
  return list;
}

/* Of those that have code; NULL: there are not so many. */
static const Special *special_at(const Function *self, int number) {
  for (int k = 0; k < self->special_count; k++)
    if (self->specials[k]->compiled->result && number-- == 0) return self->specials[k];
  return NULL;
}

/* _text(number, stage) */
static PyObject *function_text(PyObject *object, PyObject *args) {
  Function *self = (Function *)object;
  int number;
  const char *stage;
  QL_ERROR(error);
  if (!PyArg_ParseTuple(args, "is", &number, &stage)) return NULL;
  const Special *special = special_at(self, number);
  if (!special) return PyErr_Format(PyExc_IndexError, "no such specialisation");
  char *text = ql_compiled_text(compiler, special->compiled, stage, &error);
  if (!text) return error.status ? qx_raise(&error) : PyErr_NoMemory();
  PyObject *result = PyUnicode_FromString(text);
  free(text);
  return result;
}

/* ---- the type ---- */

static int function_traverse(PyObject *object, visitproc visit, void *arg) {
  Function *self = (Function *)object;
  Py_VISIT(self->dict);
  Py_VISIT(self->captures);
  Py_VISIT(self->guards);
  return 0;
}

static int function_clear(PyObject *object) {
  Function *self = (Function *)object;
  Py_CLEAR(self->dict);
  Py_CLEAR(self->captures);
  Py_CLEAR(self->guards);
  return 0;
}

static void function_dealloc(PyObject *object) {
  Function *self = (Function *)object;
  PyObject_GC_UnTrack(object);
  if (self->weakrefs) PyObject_ClearWeakRefs(object);
  forget(self);
  PyMem_Free(self->specials);
  function_clear(object);
  Py_TYPE(object)->tp_free(object);
}

/* As Python's functions: an attribute of a class is a method of its instances. */
static PyObject *function_get(PyObject *object, PyObject *instance, PyObject *type) {
  (void)type;
  return instance && instance != Py_None ? PyMethod_New(object, instance) : Py_NewRef(object);
}

static PyMethodDef function_methods[] = {
    {"_set", function_set, METH_VARARGS, "The program, and what it captures."},
    {"_compile", function_compile, METH_VARARGS, "Compiles for types, given as text."},
    {"_specials", function_specials, METH_NOARGS,
     "What was compiled: (types, result type, seconds)."},
    {"_text", function_text, METH_VARARGS, "One of them as text: 'ir', 'optimised' or 'asm'."},
    {NULL},
};

static PyGetSetDef function_attributes[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
    {NULL},
};

static PyTypeObject function_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "quelea._quelea.Function",
    .tp_doc = "A compiled Python function.",
    .tp_basicsize = sizeof(Function),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_new = PyType_GenericNew,
    .tp_dealloc = function_dealloc,
    .tp_traverse = function_traverse,
    .tp_clear = function_clear,
    .tp_call = function_call,
    .tp_descr_get = function_get,
    .tp_methods = function_methods,
    .tp_getset = function_attributes,
    .tp_dictoffset = offsetof(Function, dict),
    .tp_weaklistoffset = offsetof(Function, weakrefs),
};

/* What compiled code prints goes through sys.stdout, as all else. */
static void write_output(const char *text, size_t size) {
  if (PyErr_Occurred()) return;
  PyObject *out = PySys_GetObject("stdout"); /* borrowed */
  PyObject *done = out && out != Py_None
                       ? PyObject_CallMethod(out, "write", "s#", text, (Py_ssize_t)size)
                       : NULL;
  Py_XDECREF(done);
}

bool qx_compiled_setup(PyObject *module) {
  ql_set_output(write_output);
  return PyType_Ready(&function_type) == 0 &&
         PyModule_AddObjectRef(module, "Function", (PyObject *)&function_type) == 0;
}
