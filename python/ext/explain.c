/* explain: what will be done, as Python's values (quelea/explaining.py). */
#include "ext.h"

typedef struct Told {
  PyObject *list; /* NULL: something has failed */
} Told;

static PyObject *row(const QlPlanned *item) {
  char line[512] = "";
  if (item->source.code) qx_describe(NULL, item->source, line, sizeof line);
  PyObject *shape = qx_shape_to_python(item->ndim, item->shape);
  PyObject *numbers = qx_shape_to_python(QL_PLANNED_NUMBERS, item->numbers);
  if (shape && numbers)
    return Py_BuildValue("(issNN)", (int)item->kind, item->text, line, shape, numbers);
  Py_XDECREF(shape), Py_XDECREF(numbers);
  return NULL;
}

static void take(void *data, const QlPlanned *item) {
  Told *told = data;
  if (!told->list) return;
  PyObject *one = row(item);
  if (!one || PyList_Append(told->list, one) < 0) Py_CLEAR(told->list);
  Py_XDECREF(one);
}

static PyObject *module_explain(PyObject *module, PyObject *array) {
  QL_ERROR(error);
  (void)module;
  if (!qx_is_array(array))
    return PyErr_Format(PyExc_TypeError, "explain takes an array, not %s", Py_TYPE(array)->tp_name);
  if (qx_enter_at() < 0) return NULL;
  Told told = {PyList_New(0)};
  if (!told.list) return NULL;
  if (ql_explain(qx_array(array), take, &told, &error)) {
    Py_XDECREF(told.list);
    return qx_raise(&error);
  }
  return told.list;
}

static PyObject *module_apart_text(PyObject *module, PyObject *number) {
  (void)module;
  long apart = PyLong_AsLong(number);
  if (PyErr_Occurred()) return NULL;
  if (apart < 0 || apart > QL_APART_SIZE)
    return PyErr_Format(PyExc_ValueError, "%ld is no reason", apart);
  return PyUnicode_FromString(ql_apart_text((QlApart)apart));
}

PyMethodDef qx_explain_functions[] = {
    {"explain", module_explain, METH_O,
     "explain(array): what will be done for it: [(kind, text, line, shape, numbers)]."},
    {"apart_text", module_apart_text, METH_O, "Why a group is not one with the kernel before it."},
    {NULL},
};
