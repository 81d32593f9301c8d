/* pieces: what a rank writes of an array and reads of a new one (quelea/checkpointing), what it
 * sends by (quelea/doctor), what ranks ask of the program, and how nodes would cut an array
 * (quelea/predicting). */
#include "ext.h"

static int check(PyObject *object) {
  if (qx_is_array(object)) return 0;
  PyErr_Format(PyExc_TypeError, "an array is needed, not %s", Py_TYPE(object)->tp_name);
  return -1;
}

static PyObject *box_to_python(int ndim, const int64_t *lo, const int64_t *hi) {
  PyObject *from = qx_shape_to_python(ndim, lo), *to = qx_shape_to_python(ndim, hi);
  PyObject *box = from && to ? PyTuple_Pack(2, from, to) : NULL;
  Py_XDECREF(from), Py_XDECREF(to);
  return box;
}

static PyObject *module_is_whole(PyObject *module, PyObject *array) {
  (void)module;
  if (check(array) < 0) return NULL;
  return PyBool_FromLong(ql_is_whole(qx_array(array)));
}

static PyObject *module_piece(PyObject *module, PyObject *array) {
  int64_t lo[QL_MAX_DIMS], hi[QL_MAX_DIMS];
  QL_ERROR(error);
  (void)module;
  if (check(array) < 0 || qx_enter_at() < 0) return NULL;
  if (ql_piece(qx_array(array), lo, hi, &error)) return qx_raise(&error);
  return box_to_python(qx_array(array)->ndim, lo, hi);
}

static PyObject *module_piece_read(PyObject *module, PyObject *args) {
  PyObject *object, *from, *to;
  int64_t lo[QL_MAX_DIMS], hi[QL_MAX_DIMS];
  npy_intp shape[QL_MAX_DIMS];
  int ndim;
  (void)module;
  if (!PyArg_ParseTuple(args, "OOO", &object, &from, &to) || check(object) < 0 ||
      qx_shape_from_python(from, &ndim, lo, false) < 0 ||
      qx_shape_from_python(to, &ndim, hi, false) < 0)
    return NULL;
  QlArray *array = qx_array(object);
  for (int a = 0; a < array->ndim; a++) shape[a] = (npy_intp)(hi[a] - lo[a]);
  PyObject *host = PyArray_Empty(array->ndim, shape,
                                 (PyArray_Descr *)Py_NewRef((PyObject *)qx.descr[array->dtype]), 0);
  if (host) ql_piece_read(array, lo, hi, PyArray_DATA((PyArrayObject *)host));
  return host;
}

static PyObject *module_piece_new(PyObject *module, PyObject *args) {
  PyObject *extents, *kind;
  int64_t shape[QL_MAX_DIMS], lo[QL_MAX_DIMS], hi[QL_MAX_DIMS];
  int ndim;
  QlDtype dtype;
  QlArray *array;
  QL_ERROR(error);
  (void)module;
  if (!PyArg_ParseTuple(args, "OO", &extents, &kind) || qx_dtype_from_python(kind, &dtype) < 0 ||
      qx_shape_from_python(extents, &ndim, shape, false) < 0 || qx_enter_at() < 0)
    return NULL;
  if (ql_piece_new(qx.context, dtype, ndim, shape, &array, lo, hi, &error)) return qx_raise(&error);
  PyObject *made = qx_wrap(array, false), *box = box_to_python(ndim, lo, hi);
  PyObject *both = made && box ? PyTuple_Pack(2, made, box) : NULL;
  Py_XDECREF(made), Py_XDECREF(box);
  return both;
}

static PyObject *module_piece_store(PyObject *module, PyObject *args) {
  PyObject *object, *host;
  unsigned long long contents;
  QL_ERROR(error);
  (void)module;
  if (!PyArg_ParseTuple(args, "OO!K", &object, &PyArray_Type, &host, &contents) ||
      check(object) < 0 || qx_enter_at() < 0)
    return NULL;
  const void *data = PyArray_DATA((PyArrayObject *)host);
  if (ql_piece_store(qx_array(object), data, contents, &error)) return qx_raise(&error);
  Py_RETURN_NONE;
}

static PyObject *module_collect(PyObject *module, PyObject *bytes) {
  QL_ERROR(error);
  char *all = NULL;
  int64_t *offset = NULL;
  (void)module;
  if (!PyBytes_Check(bytes)) return PyErr_Format(PyExc_TypeError, "collect takes bytes");
  if (qx_enter_at() < 0) return NULL;
  if (ql_collect(qx.context, PyBytes_AS_STRING(bytes), PyBytes_GET_SIZE(bytes), &all, &offset,
                 &error))
    return qx_raise(&error);
  int size = ql_info(qx.context).size;
  PyObject *list = PyList_New(size);
  for (int r = 0; list && r < size; r++) {
    PyObject *one =
        PyBytes_FromStringAndSize(all + offset[r], (Py_ssize_t)(offset[r + 1] - offset[r]));
    if (one)
      PyList_SET_ITEM(list, r, one);
    else
      Py_CLEAR(list);
  }
  free(all), free(offset);
  return list;
}

/* ---- what there is to send by ---- */

static PyObject *module_mpi(PyObject *module, PyObject *unused) {
  char found[128], built[128];
  (void)module, (void)unused;
  ql_mpi(false, found, sizeof found), ql_mpi(true, built, sizeof built);
  return Py_BuildValue("(ss)", found, built);
}

static PyObject *module_wire(PyObject *module, PyObject *args) {
  int peer, turns, count = 1;
  QlWire wire;
  Py_buffer data;
  QL_ERROR(error);
  (void)module;
  if (!PyArg_ParseTuple(args, "iw*i|i", &peer, &data, &turns, &count)) return NULL;
  PyObject *result = NULL;
  if (qx_enter_at() < 0) goto out;
  QlInfo info = ql_info(qx.context);
  bool is_other = peer >= 0 && peer < info.size && peer != info.rank;
  if (!is_other || data.len == 0 || turns < 1 || turns > QL_WIRE_TURNS || count < 1 ||
      count > QL_WIRE_MESSAGES || data.len % count) {
    PyErr_Format(PyExc_ValueError,
                 "wire takes another rank, some bytes, 1 to %d turns, and up to %d "
                 "messages, which share the bytes",
                 QL_WIRE_TURNS, QL_WIRE_MESSAGES);
    goto out;
  }
  if (ql_wire(qx.context, peer, data.buf, data.len / count, count, turns, &wire, &error))
    qx_raise(&error);
  else
    result = Py_BuildValue("(dd)", wire.best, wire.usual);
out:
  PyBuffer_Release(&data);
  return result;
}

/* ---- what ranks ask ---- */

/* In a handler of a signal too, while something is executed. */
static PyObject *module_ask(PyObject *module, PyObject *bits) {
  (void)module;
  unsigned long asks = PyLong_AsUnsignedLong(bits);
  if (PyErr_Occurred()) return NULL;
  if (qx.context && !qx.closed && !qx.forked) ql_ask(qx.context, (unsigned)asks);
  Py_RETURN_NONE;
}

static PyObject *module_ask_in(PyObject *module, PyObject *seconds) {
  (void)module;
  double value = PyFloat_AsDouble(seconds);
  if (PyErr_Occurred() || qx_enter() < 0) return NULL;
  ql_ask_in(qx.context, value);
  Py_RETURN_NONE;
}

static PyObject *module_asked(PyObject *module, PyObject *unused) {
  unsigned asked;
  QL_ERROR(error);
  (void)module, (void)unused;
  if (qx_enter_at() < 0) return NULL;
  if (ql_asked(qx.context, &asked, &error)) return qx_raise(&error);
  return PyLong_FromUnsignedLong(asked);
}

static PyObject *module_answered(PyObject *module, PyObject *bits) {
  (void)module;
  unsigned long answers = PyLong_AsUnsignedLong(bits);
  if (PyErr_Occurred() || qx_enter() < 0) return NULL;
  ql_answered(qx.context, (unsigned)answers);
  Py_RETURN_NONE;
}

static PyObject *module_grid_cells(PyObject *module, PyObject *args) {
  PyObject *extents;
  int64_t shape[QL_MAX_DIMS];
  int ndim, nodes, found[QL_MAX_DIMS];
  (void)module;
  if (!PyArg_ParseTuple(args, "Oi", &extents, &nodes) ||
      qx_shape_from_python(extents, &ndim, shape, false) < 0)
    return NULL;
  if (nodes < 1 || ndim < 1) return PyErr_Format(PyExc_ValueError, "nodes cut axes, at least one");
  ql_grid_cells(ndim, shape, nodes, found);
  for (int a = 0; a < ndim; a++) shape[a] = found[a];
  return qx_shape_to_python(ndim, shape);
}

PyMethodDef qx_pieces_functions[] = {
    {"is_whole", module_is_whole, METH_O, "Is it an array, and no view of a part of one?"},
    {"piece", module_piece, METH_O, "piece(array): where this rank's piece begins and ends."},
    {"piece_read", module_piece_read, METH_VARARGS,
     "piece_read(array, begin, end): elements of the piece, as a NumPy array."},
    {"piece_new", module_piece_new, METH_VARARGS,
     "piece_new(shape, dtype): a new array, and where the piece begins and ends that is to be "
     "given."},
    {"piece_store", module_piece_store, METH_VARARGS,
     "piece_store(array, host, contents): gives it this rank's piece; a hash of all of it."},
    {"grid_cells", module_grid_cells, METH_VARARGS,
     "grid_cells(shape, nodes): into how many cells they would cut it along each axis."},
    {"collect", module_collect, METH_O, "collect(bytes): those of every rank."},
    {"mpi", module_mpi, METH_NOARGS, "The MPI library that was found, and that of the headers."},
    {"wire", module_wire, METH_VARARGS,
     "wire(peer, buffer, turns, count=1): seconds of one way of so many messages, which share the "
     "buffer: the least, the median; both ranks call it."},
    {"ask", module_ask, METH_O, "ask(bits): of the program on all ranks. In handlers too."},
    {"ask_in", module_ask_in, METH_O, "ask_in(seconds): rank 0 asks for 1 then; negative: never."},
    {"asked", module_asked, METH_NOARGS,
     "asked(): what some rank asks for; the same on all ranks."},
    {"answered", module_answered, METH_O, "answered(bits): they are not asked for any more."},
    {NULL},
};
