/* What a compiled function has given, as Python's objects: numbers, tuples, arrays in the memory of
 * its arguments or of its own, NumPy's or Quelea's. */
#include "compiled_parts.h"

static void free_block(PyObject *capsule) {
  ql_block_release((int64_t)(intptr_t)PyCapsule_GetPointer(capsule, NULL));
}

/* A view of an argument of Quelea's, or itself. */
static PyObject *view_ours(PyObject *owner, int ndim, const QlValue *parts, const QlValue *own) {
  const QlArray *array = qx_array(owner);
  int64_t item = (int64_t)ql_item_step(array);
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

/* Mostly the first letter is another. */
static inline bool begins(const char **type, const char *word) {
  const char *at = *type;
  while (*word && *at == *word) at++, word++;
  if (*word) return false;
  *type = at;
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

/* keeps: where it can be, it stays in its memory, else it is copied. */
static PyObject *import_memory(QlDtype dtype, int ndim, const QlValue *parts, bool keeps) {
  QL_ERROR(error);
  QlArray *array;
  int64_t shape[QL_MAX_DIMS], strides[QL_MAX_DIMS];
  for (int axis = 0; axis < ndim; axis++)
    shape[axis] = parts[2 + axis].i, strides[axis] = parts[2 + ndim + axis].i;
  if (keeps && ql_keeps_block(qx.context, dtype, ndim, shape, strides, parts[0].i))
    return ql_keep_block(qx.context, dtype, ndim, shape, parts[0].i, (void *)(uintptr_t)parts[1].u,
                         &array, &error)
               ? qx_raise(&error)
               : qx_wrap(array, false);
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
      array = import_memory(dtype, ndim, own, false), good = array != NULL;
    else
      good = copy_elements(dtype, ndim, own, low, memory);
  }
  flat[1].u = (uintptr_t)memory;
  if (good && !array) array = import_memory(dtype, 1, flat, false);
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

void compiled_forget_shared(Results *r) {
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
    result = import_memory(dtype, ndim, parts, true);
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

static PyObject *give_tuple(const char **type, const QlValue **parts, Results *r) {
  PyObject *list = PyList_New(0);
  for (++*type; **type && **type != ')';) {
    PyObject *item = compiled_give(type, parts, r);
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
PyObject *compiled_give(const char **type, const QlValue **parts, Results *r) {
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
