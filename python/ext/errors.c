/* errors: the only place where a status becomes a Python exception. The class comes from
 * status.def: builtins by name, the others from quelea.errors. The notes of the error, and the line
 * of the program that recorded what failed, become
 * __notes__. */
#include "ext.h"

static const char *const exception_name[] = {
#define QL_STATUS(NAME, python, text) python,
#include "status.def"
#undef QL_STATUS
};

static PyObject *find_exception(const char *name) {
  PyObject *home = PyImport_ImportModule("builtins");
  PyObject *found = home ? PyObject_GetAttrString(home, name) : NULL;
  Py_XDECREF(home);
  if (found || !PyErr_ExceptionMatches(PyExc_AttributeError)) return found;
  PyErr_Clear();
  home = PyImport_ImportModule("quelea.errors");
  found = home ? PyObject_GetAttrString(home, name) : NULL;
  Py_XDECREF(home);
  return found;
}

bool qx_errors_setup(void) {
  for (int status = QL_OK + 1; status < QL_STATUS_COUNT; status++) {
    qx.exceptions[status] = find_exception(exception_name[status]);
    if (!qx.exceptions[status]) return false;
  }
  PyObject *home = PyImport_ImportModule("numpy.exceptions");
  qx.axis_error = home ? PyObject_GetAttrString(home, "AxisError") : NULL;
  Py_XDECREF(home);
  return qx.axis_error != NULL;
}

static void add_note(PyObject *exception, const char *text, Py_ssize_t size) {
  PyObject *done = PyObject_CallMethod(exception, "add_note", "s#", text, size);
  if (!done) PyErr_Clear(); /* the exception itself matters more than its note */
  Py_XDECREF(done);
}

static void add_notes(PyObject *exception, const QlError *error) {
  for (const char *line = error->notes; *line;) {
    const char *end = strchrnul(line, '\n');
    if (end > line) add_note(exception, line, end - line);
    line = *end ? end + 1 : end;
  }
  if (error->source.code) {
    char text[512] = "recorded at ", *place = text + strlen(text);
    qx_describe(NULL, error->source, place, sizeof text - (size_t)(place - text));
    if (*place) add_note(exception, text, (Py_ssize_t)strlen(text));
  }
}

PyObject *qx_raise(const QlError *error) {
  if (PyErr_Occurred()) return NULL; /* a callback raised: Ctrl-C while waiting */
  assert(error->status > QL_OK && error->status < QL_STATUS_COUNT);
  const char *text = error->text[0] ? error->text : ql_status_text(error->status);
  PyErr_SetString(qx.exceptions[error->status], text);
  if (!error->notes[0] && !error->source.code) return NULL;
  PyObject *type, *value, *trace;
  PyErr_Fetch(&type, &value, &trace);
  PyErr_NormalizeException(&type, &value, &trace);
  if (value) add_notes(value, error);
  PyErr_Restore(type, value, trace);
  return NULL;
}

int qx_raise_int(const QlError *error) {
  qx_raise(error);
  return -1;
}

PyObject *qx_axis_error(Py_ssize_t axis, int ndim, const char *prefix) {
  PyObject *instance = PyObject_CallFunction(qx.axis_error, "niz", axis, ndim, prefix);
  if (instance) PyErr_SetObject(qx.axis_error, instance);
  Py_XDECREF(instance);
  return NULL;
}
