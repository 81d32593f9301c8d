/* looking: values leave (contract C3). Each of these executes what is recorded. A snapshot is the
 * array's own memory where this rank can address all of it, made read-only by being exported;
 * elsewhere it is gathered, and read-only as well, so that a program behaves the same on one node
 * and on many. */
#include "ext.h"

int qx_item(QlArray *array, QlScalar *value) {
  QL_ERROR(error);
  if (qx_enter_at() < 0) return -1;
  if (ql_item(array, value, &error)) return qx_raise_int(&error);
  ql_profile_looked(qx.context, value);
  return 0;
}

static PyArrayObject *new_host_array(const QlArray *array) {
  npy_intp shape[QL_MAX_DIMS];
  for (int i = 0; i < array->ndim; i++) shape[i] = (npy_intp)array->shape[i];
  return (PyArrayObject *)PyArray_Empty(
      array->ndim, shape, (PyArray_Descr *)Py_NewRef((PyObject *)qx.descr[array->dtype]), 0);
}

PyObject *qx_gather(QlArray *array, int root) {
  QL_ERROR(error);
  if (qx_enter_at() < 0) return NULL;
  bool here = root < 0 || ql_info(qx.context).rank == root;
  PyArrayObject *host = NULL;
  if (here && !(host = new_host_array(array))) PyErr_Clear(); /* ql_gather tells all ranks */
  if (ql_gather(array, root, host ? PyArray_DATA(host) : NULL, &error)) {
    Py_XDECREF(host);
    return qx_raise(&error);
  }
  if (here && !host) return PyErr_NoMemory(); /* nothing to gather */
  return host ? (PyObject *)host : Py_NewRef(Py_None);
}

/* Says what this rank's exception is, for the others. */
static QlStatus describe_exception(PyObject *type, PyObject *value, QlError *error) {
  bool memory = PyErr_GivenExceptionMatches(type, PyExc_MemoryError);
  PyObject *text = value ? PyObject_Str(value) : NULL;
  const char *words = text ? PyUnicode_AsUTF8(text) : NULL;
  QlStatus status = memory ? QL_ERR_MEMORY : QL_ERR_STATE;
  ql_fail(error, status, "%s%s%s",
          memory ? "out of memory for what was looked at" : ((PyTypeObject *)type)->tp_name,
          words && *words ? ": " : "", words ? words : "");
  Py_XDECREF(text);
  PyErr_Clear();
  return status;
}

PyObject *qx_together(const QlArray *array, PyObject *mine) {
  QL_ERROR(error);
  QlStatus status = QL_OK;
  PyObject *type = NULL, *value = NULL, *trace = NULL;
  if (ql_info(qx.context).size == 1 || !ql_is_partitioned(array)) return mine;
  if (!mine) {
    PyErr_Fetch(&type, &value, &trace);
    status = describe_exception(type, value, &error);
  }
  if (ql_agree(qx.context, status, &error)) {
    Py_CLEAR(mine);
    qx_raise(&error);
  }
  if (type) PyErr_Clear(), PyErr_Restore(type, value, trace); /* it says more */
  return mine;
}

/* ---- zero-copy ---- */

static const char capsule_name[] = "quelea.export";

static void end_export(PyObject *capsule) {
  qx_unexport(PyCapsule_GetPointer(capsule, capsule_name));
}

/* Takes the token over, also when it fails. */
static PyObject *wrap_export(const QlArray *array, const void *data, const int64_t *byte_strides,
                             QlExport *token) {
  npy_intp shape[QL_MAX_DIMS], strides[QL_MAX_DIMS];
  for (int i = 0; i < array->ndim; i++)
    shape[i] = (npy_intp)array->shape[i], strides[i] = (npy_intp)byte_strides[i];
  PyObject *capsule = PyCapsule_New(token, capsule_name, end_export);
  if (!capsule) {
    qx_unexport(token);
    return NULL;
  }
  PyArray_Descr *descr = (PyArray_Descr *)Py_NewRef((PyObject *)qx.descr[array->dtype]);
  PyObject *host = PyArray_NewFromDescr(&PyArray_Type, descr, array->ndim, shape, strides,
                                        (void *)(uintptr_t)data, 0, NULL);
  if (!host || PyArray_SetBaseObject((PyArrayObject *)host, capsule) <
                   0) { /* SetBaseObject takes the capsule */
    if (!host) Py_DECREF(capsule);
    Py_XDECREF(host);
    return NULL;
  }
  return host;
}

PyObject *qx_snapshot(QlArray *array, bool *copied) {
  QL_ERROR(error);
  const void *data = NULL;
  int64_t byte_strides[QL_MAX_DIMS];
  QlExport *token = NULL;
  if (qx_enter_at() < 0) return NULL;
  if (ql_export(array, &data, byte_strides, &token, &error)) return qx_raise(&error);
  *copied = data == NULL;
  if (data) return qx_together(array, wrap_export(array, data, byte_strides, token));
  PyObject *host = qx_gather(array, -1);
  if (host) PyArray_CLEARFLAGS((PyArrayObject *)host, NPY_ARRAY_WRITEABLE);
  return host;
}

/* ---- __array__ ---- */

static PyObject *cast_host(PyObject *host, PyArray_Descr *descr) { /* takes host over */
  QlFloats floats = ql_floats_enter();
  PyObject *cast =
      PyArray_CastToType((PyArrayObject *)host, (PyArray_Descr *)Py_NewRef((PyObject *)descr), 0);
  ql_floats_leave(floats);
  Py_DECREF(host);
  return cast;
}

static PyObject *array_as(QlArray *array, PyArray_Descr *descr, PyObject *copy) {
  int wants_copy = qx_absent(copy) ? 0 : PyObject_IsTrue(copy);
  if (wants_copy < 0) return NULL;
  bool never_copy = !qx_absent(copy) && !wants_copy,
       other_dtype = descr && !PyArray_EquivTypes(descr, qx.descr[array->dtype]);
  if (never_copy && other_dtype)
    return PyErr_Format(PyExc_ValueError, "a copy is needed to change the dtype");
  if (wants_copy && !other_dtype) return qx_gather(array, -1);
  bool copied = false;
  PyObject *host = qx_snapshot(array, &copied);
  if (host && never_copy && copied) {
    Py_DECREF(host);
    return PyErr_Format(PyExc_ValueError,
                        "the array is partitioned over several nodes: a NumPy array of it is a "
                        "copy; use copy=None or copy=True");
  }
  return host && other_dtype ? qx_together(array, cast_host(host, descr)) : host;
}

PyObject *qx_array_array(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                         PyObject *kwnames) {
  static const char *const words[] = {"dtype", "copy"};
  static const QxSignature signature = {"__array__", words, 2, 2, 0};
  PyObject *values[2];
  if (!qx_parse(&signature, args, nargs, kwnames, values)) return NULL;
  PyArray_Descr *descr = NULL;
  if (!qx_absent(values[0]) && !PyArray_DescrConverter(values[0], &descr)) return NULL;
  PyObject *host = array_as(qx_array(self), descr, values[1]);
  Py_XDECREF(descr);
  return host;
}
