/* joins: arrays beside one another in a new one, along an axis that they have or a new one. What is
 * common is here; whatever needs a cast, an `out`, or an error is left to quelea/joins.py. */
#include "ext.h"

#include <string.h>

typedef struct Join {
  PyObject *const *parts;
  Py_ssize_t count;
  int axis; /* of the result */
  bool new_axis;
  int ndim; /* of the result */
  int64_t shape[QL_MAX_DIMS];
} Join;

static bool is_alike(const Join *join, const QlArray *first, const QlArray *part) {
  if (part->dtype != first->dtype || part->ndim != first->ndim) return false;
  for (int a = 0; a < first->ndim; a++)
    if (part->shape[a] != first->shape[a] && (join->new_axis || a != join->axis)) return false;
  return true;
}

/* False: it is not a plain join of arrays of one dtype. */
static bool plan_join(Join *join) {
  if (join->count == 0 || !qx_is_array(join->parts[0])) return false;
  const QlArray *first = qx_array(join->parts[0]);
  join->ndim = first->ndim + join->new_axis;
  if (join->axis < 0) join->axis += join->ndim;
  if (join->axis < 0 || join->axis >= join->ndim || join->ndim > QL_MAX_DIMS) return false;
  for (int a = 0, k = 0; a < join->ndim; a++)
    join->shape[a] = join->new_axis && a == join->axis ? join->count : first->shape[k++];
  if (!join->new_axis) join->shape[join->axis] = 0;
  for (Py_ssize_t i = 0; i < join->count; i++) {
    if (!qx_is_array(join->parts[i]) || !is_alike(join, first, qx_array(join->parts[i])))
      return false;
    if (!join->new_axis) join->shape[join->axis] += qx_array(join->parts[i])->shape[join->axis];
  }
  return true;
}

/* Where the part goes that begins there along the axis. */
static QlStatus view_of_part(const Join *join, QlArray *result, const QlArray *part, int64_t begin,
                             QlArray **view, QlError *error) {
  int64_t strides[QL_MAX_DIMS];
  for (int a = 0, k = 0; a < join->ndim; a++)
    if (!join->new_axis || a != join->axis) strides[k++] = result->strides[a];
  return ql_view(result, part->ndim, part->shape, strides, begin * result->strides[join->axis],
                 view, error);
}

/* One step of the expression that it belongs to. */
static QlStatus place_parts(const Join *join, QlArray *result, QlError *error) {
  int64_t begin = 0;
  ql_goes_on(qx.context);
  for (Py_ssize_t i = 0; i < join->count; i++) {
    QlOperand part = {.array = qx_array(join->parts[i])};
    QlArray *view;
    QL_TRY(view_of_part(join, result, part.array, begin, &view, error));
    QlStatus status = ql_assign(qx.context, view, &part, error);
    qx_release(view);
    if (status) return status;
    ql_goes_on(qx.context);
    begin += join->new_axis ? 1 : part.array->shape[join->axis];
  }
  return QL_OK;
}

/* Its axes lie as those of the parts. */
static QlArray *make_empty(const Join *join, QlDtype dtype) {
  enum { FEW = 16 };
  QL_ERROR(error);
  QlArray *result = NULL, *few[FEW];
  QlArray **arrays = join->count > FEW ? PyMem_Malloc((size_t)join->count * sizeof *arrays) : few;
  if (!arrays) return PyErr_NoMemory(), NULL;
  for (Py_ssize_t i = 0; i < join->count; i++) arrays[i] = qx_array(join->parts[i]);
  if (ql_empty_join(qx.context, dtype, join->ndim, join->shape, join->new_axis ? join->axis : -1,
                    (int)join->count, arrays, &result, &error))
    qx_raise(&error);
  if (arrays != few) PyMem_Free(arrays);
  return result;
}

static PyObject *execute_join(const Join *join) {
  QL_ERROR(error);
  if (qx_enter_at() < 0) return NULL;
  QlArray *result = make_empty(join, qx_array(join->parts[0])->dtype);
  if (!result) return NULL;
  if (place_parts(join, result, &error)) {
    qx_release(result);
    return qx_raise(&error);
  }
  return qx_wrap(result, false);
}

PyObject *qx_stack(PyObject *parts) {
  bool is_sequence = PyList_CheckExact(parts) || PyTuple_CheckExact(parts);
  PyObject *first = is_sequence ? PySequence_Fast_ITEMS(parts)[0] : NULL; /* one holds an array */
  if (!first || !qx_is_array(first) || qx_array(first)->ndim > 1) Py_RETURN_NONE;
  PyObject *const args[] = {parts, PyLong_FromLong(0), Py_True};
  PyObject *joined = args[1] ? qx_join(NULL, args, 3) : NULL;
  Py_XDECREF(args[1]);
  return joined;
}

PyObject *qx_join(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
  (void)module;
  if (nargs != 3 || !PyLong_Check(args[1]) ||
      !(PyList_CheckExact(args[0]) || PyTuple_CheckExact(args[0])))
    Py_RETURN_NONE;
  long axis = PyLong_AsLong(args[1]);
  if (axis == -1 && PyErr_Occurred()) PyErr_Clear(), axis = LONG_MAX;
  if (axis < -QL_MAX_DIMS || axis > QL_MAX_DIMS) Py_RETURN_NONE;
  /* of our own: what a signal's handler does to a list must not take the parts away */
  PyObject *items = PySequence_Tuple(args[0]);
  if (!items) return NULL;
  Join join = {.parts = PySequence_Fast_ITEMS(items),
               .count = PyTuple_GET_SIZE(items),
               .axis = (int)axis,
               .new_axis = args[2] == Py_True};
  PyObject *joined = plan_join(&join) ? execute_join(&join) : Py_NewRef(Py_None);
  Py_DECREF(items);
  return joined;
}

PyObject *qx_empty_join(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
  Join join = {0};
  QlDtype dtype;
  (void)module;
  if (nargs != 5 || !PyList_CheckExact(args[0]))
    return PyErr_Format(PyExc_TypeError,
                        "empty_join takes a list of arrays, an axis, whether it is new, a shape, "
                        "a dtype");
  if (qx_dtype_from_python(args[4], &dtype) < 0 ||
      qx_shape_from_python(args[3], &join.ndim, join.shape, false) < 0 ||
      qx_axis_from_python(args[1], join.ndim, &join.axis, NULL) < 0 || qx_enter_at() < 0)
    return NULL;
  join.new_axis = args[2] == Py_True;
  join.parts = PySequence_Fast_ITEMS(args[0]), join.count = PyList_GET_SIZE(args[0]);
  for (Py_ssize_t i = 0; i < join.count; i++)
    if (!qx_is_array(join.parts[i]) || qx_array(join.parts[i])->ndim != join.ndim - join.new_axis)
      return PyErr_Format(PyExc_TypeError, "empty_join takes arrays of as many axes");
  QlArray *result = make_empty(&join, dtype);
  return result ? qx_wrap(result, false) : NULL;
}
