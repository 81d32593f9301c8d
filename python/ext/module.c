/* module: the extension module quelea._quelea, and the functions that speak about the context:
 * opening, closing, counters, parameters. */
#define QX_IMPORTS_NUMPY
#include "ext.h"

/* ---- what the package gives to C ---- */

static PyObject *set_hooks(PyObject *module, PyObject *args, PyObject *kwargs) {
  (void)module;
  if (PyTuple_GET_SIZE(args) > 0 || !kwargs)
    return PyErr_Format(PyExc_TypeError, "set_hooks takes keyword arguments");
  struct {
    const char *name;
    PyObject **place;
  } table[] = {
#define QX_HOOK(name) {#name, &qx.hooks.name},
      QX_HOOKS(QX_HOOK)
#undef QX_HOOK
  };
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    PyObject *function = PyDict_GetItemString(kwargs, table[i].name);
    if (!function) return PyErr_Format(PyExc_TypeError, "set_hooks: %s is missing", table[i].name);
    Py_XSETREF(*table[i].place, Py_NewRef(function));
  }
  Py_RETURN_NONE;
}

/* add_methods({name: function or descriptor}): the part of ndarray that is written in Python. */
static PyObject *add_methods(PyObject *module, PyObject *methods) {
  (void)module;
  if (PyDict_Update(qx_array_type.tp_dict, methods) < 0) return NULL;
  PyType_Modified(&qx_array_type);
  Py_RETURN_NONE;
}

static PyObject *set_folders(PyObject *module, PyObject *args) {
  PyObject *package, *library, *numpy;
  (void)module;
  if (!PyArg_ParseTuple(args, "UUU", &package, &library, &numpy)) return NULL;
  Py_XSETREF(qx.package_folder, Py_NewRef(package));
  Py_XSETREF(qx.library_folder, Py_NewRef(library));
  Py_XSETREF(qx.numpy_folder, Py_NewRef(numpy));
  Py_RETURN_NONE;
}

/* ---- the context ---- */

static PyObject *module_open(PyObject *module, PyObject *address) {
  (void)module;
  if (qx.context || qx.closed)
    return PyErr_Format(PyExc_RuntimeError,
                        "Quelea is initialised already: call quelea.init before the first array");
  void *comm = address == Py_None ? NULL : PyLong_AsVoidPtr(address);
  if (PyErr_Occurred() || qx_open(comm) < 0) return NULL;
  Py_RETURN_NONE;
}

static PyObject *module_launched_rank(PyObject *module, PyObject *unused) {
  (void)module, (void)unused;
  int rank = ql_launched_rank();
  if (rank < 0) Py_RETURN_NONE;
  return PyLong_FromLong(rank);
}

static PyObject *module_is_open(PyObject *module, PyObject *unused) {
  (void)module, (void)unused;
  return PyBool_FromLong(qx.context != NULL && !qx.closed && !qx.forked);
}

static PyObject *module_close(PyObject *module, PyObject *unused) {
  (void)module, (void)unused;
  qx_close();
  Py_RETURN_NONE;
}

static PyObject *module_end(PyObject *module, PyObject *unused) {
  QL_ERROR(error);
  (void)module, (void)unused;
  bool is_open = qx.context && !qx.closed && !qx.forked && qx_is_own_thread();
  if (is_open && ql_end(qx.context, &error)) return qx_raise(&error);
  Py_RETURN_NONE;
}

static PyObject *module_abort(PyObject *module, PyObject *arguments) {
  (void)module;
  int status;
  const char *text;
  if (!PyArg_ParseTuple(arguments, "is", &status, &text)) return NULL;
  if (qx.context && !qx.closed && !qx.forked) ql_abort(qx.context, status, text);
  Py_RETURN_NONE;
}

static PyObject *module_sync(PyObject *module, PyObject *unused) {
  QL_ERROR(error);
  (void)module, (void)unused;
  if (qx_enter_at() < 0) return NULL;
  if (ql_flush(qx.context, &error)) return qx_raise(&error);
  Py_RETURN_NONE;
}

static PyObject *module_refusal(PyObject *module, PyObject *unused) {
  (void)module, (void)unused;
  return Py_NewRef(qx.refusal ? qx.refusal : Py_None);
}

/* refuse(text): from now on nothing is recorded or looked at, for that reason; refuse(None): again.
 */
static PyObject *module_refuse(PyObject *module, PyObject *text) {
  (void)module;
  if (text == Py_None) {
    if (qx.refusal) (void)ql_profile_phase(qx.context, qx.refused_from);
    Py_CLEAR(qx.refusal);
    Py_RETURN_NONE;
  }
  if (qx_enter_at() < 0) return NULL;
  qx.refused_from = ql_profile_phase(qx.context, QL_PHASE_ROOT);
  Py_XSETREF(qx.refusal, Py_NewRef(text));
  Py_RETURN_NONE;
}

static PyObject *module_share(PyObject *module, PyObject *bytes) {
  QL_ERROR(error);
  char *all = NULL;
  int64_t size = 0;
  (void)module;
  if (!PyBytes_Check(bytes)) return PyErr_Format(PyExc_TypeError, "share takes bytes");
  if (qx_enter_at() < 0) return NULL;
  if (ql_share(qx.context, PyBytes_AS_STRING(bytes), PyBytes_GET_SIZE(bytes), &all, &size, &error))
    return qx_raise(&error);
  PyObject *given = PyBytes_FromStringAndSize(all, (Py_ssize_t)size);
  free(all);
  PyErr_Clear();
  QlStatus status =
      given ? QL_OK
            : ql_fail(&error, QL_ERR_MEMORY, "out of memory for %lld bytes", (long long)size);
  if (size && ql_agree(qx.context, status, &error)) {
    Py_XDECREF(given);
    return qx_raise(&error);
  }
  return given;
}

static PyObject *module_agree(PyObject *module, PyObject *failure) {
  QL_ERROR(error);
  (void)module;
  const char *text = failure == Py_None ? NULL : PyUnicode_AsUTF8(failure);
  if (PyErr_Occurred() || qx_enter_at() < 0) return NULL;
  QlStatus status = text ? ql_fail(&error, QL_ERR_STATE, "%s", text) : QL_OK;
  if (ql_agree(qx.context, status, &error)) return qx_raise(&error);
  Py_RETURN_NONE;
}

static PyObject *module_set_patient(PyObject *module, PyObject *flag) {
  (void)module;
  int patient = PyObject_IsTrue(flag);
  if (patient < 0 || qx_enter_at() < 0) return NULL;
  ql_set_patient(qx.context, patient);
  Py_RETURN_NONE;
}

static PyObject *module_set_strict(PyObject *module, PyObject *flag) {
  (void)module;
  int strict = PyObject_IsTrue(flag);
  if (strict < 0 || qx_enter_at() < 0) return NULL;
  ql_set_strict(qx.context, strict);
  Py_RETURN_NONE;
}

static PyObject *module_info(PyObject *module, PyObject *unused) {
  (void)module, (void)unused;
  if (qx_enter() < 0) return NULL;
  QlInfo info = ql_info(qx.context);
  return Py_BuildValue("{si si si si si si sL sL sz sz sz sz}", "rank", info.rank, "size",
                       info.size, "node", info.node, "node_count", info.node_count, "threads",
                       info.threads, "workers", info.workers, "memory_budget",
                       (long long)info.memory_budget, "replicated_size",
                       (long long)info.replicated_size, "host", info.host, "comm", info.comm,
                       "target", info.target, "cache_folder", info.cache_folder);
}

static PyObject *module_counters(PyObject *module, PyObject *unused) {
  (void)module, (void)unused;
  if (qx_enter() < 0) return NULL;
  QlCounters counters = ql_counters(qx.context);
  PyObject *dict = PyDict_New();
#define X(name)                                                                   \
  if (dict) {                                                                     \
    PyObject *number = PyLong_FromLongLong(counters.name);                        \
    if (!number || PyDict_SetItemString(dict, #name, number) < 0) Py_CLEAR(dict); \
    Py_XDECREF(number);                                                           \
  }
  QL_COUNTERS(X)
#undef X
  return dict;
}

/* [(line, what, times, bytes)], of what moved, or of why sweeps ended. */
static PyObject *remarks(bool moves) {
  const QlRemark *all;
  if (qx_enter() < 0) return NULL;
  int count = ql_remarks(qx.context, &all);
  PyObject *list = PyList_New(0);
  for (int k = 0; list && k < count; k++) {
    char line[512];
    if (ql_remark_moves(all[k].kind) != moves) continue;
    qx_describe(NULL, all[k].source, line, sizeof line);
    PyObject *row = Py_BuildValue("(ssLL)", line, ql_remark_name(all[k].kind),
                                  (long long)all[k].times, (long long)all[k].bytes);
    if (!row || PyList_Append(list, row) < 0) Py_CLEAR(list);
    Py_XDECREF(row);
  }
  return list;
}

static PyObject *module_movements(PyObject *module, PyObject *unused) {
  (void)module, (void)unused;
  return remarks(true);
}

static PyObject *module_sweep_ends(PyObject *module, PyObject *unused) {
  (void)module, (void)unused;
  return remarks(false);
}

/* [(name, type, default, text)] of params.def, and whether the environment is well-formed. Opens
 * nothing. */
static PyObject *module_params(PyObject *module, PyObject *unused) {
  (void)module, (void)unused;
  PyObject *list = PyList_New(0);
  for (int i = 0; list && i < ql_param_count; i++) {
    const QlParamInfo *param = &ql_param_info[i];
    PyObject *row = Py_BuildValue("(ssss)", param->name, param->type, param->fallback, param->text);
    if (!row || PyList_Append(list, row) < 0) Py_CLEAR(list);
    Py_XDECREF(row);
  }
  return list;
}

static PyObject *module_check_params(PyObject *module, PyObject *unused) {
  QlParams params;
  QL_ERROR(error);
  (void)module, (void)unused;
  if (ql_params_read(&params, &error)) return qx_raise(&error);
  Py_RETURN_NONE;
}

PyMethodDef qx_context_functions[] = {
    {"set_hooks", (PyCFunction)(void (*)(void))set_hooks, METH_VARARGS | METH_KEYWORDS,
     "The Python functions that C calls."},
    {"add_methods", add_methods, METH_O, "Adds methods written in Python to ndarray."},
    {"set_folders", set_folders, METH_VARARGS,
     "set_folders(Quelea's, Python's library, NumPy's): frames of files there are not the user's."},
    {"open", module_open, METH_O, "Opens the context on the MPI_Comm at an address, or None."},
    {"launched_rank", module_launched_rank, METH_NOARGS,
     "The number that a launcher gave to this process, or None. Opens nothing."},
    {"is_open", module_is_open, METH_NOARGS, "Is the context open?"},
    {"end", module_end, METH_NOARGS, "Meets the other ranks: they have done the same to the end."},
    {"close", module_close, METH_NOARGS,
     "Closes the context; what was never looked at is dropped."},
    {"abort", module_abort, METH_VARARGS,
     "Ends the job with a status and a message; does nothing before the context is open."},
    {"sync", module_sync, METH_NOARGS, "Executes what is recorded."},
    {"share", module_share, METH_O,
     "share(bytes): rank 0's, on every rank; the others wait for it."},
    {"agree", module_agree, METH_O,
     "agree(None or text): where some rank says what failed there, RuntimeError(text) on all."},
    {"refusal", module_refusal, METH_NOARGS,
     "refusal(): why every use of arrays is refused now; None: it is not."},
    {"refuse", module_refuse, METH_O,
     "refuse(text): every use of arrays raises RuntimeError(text); None: no longer."},
    {"set_patient", module_set_patient, METH_O,
     "What is recorded from now on is a part of one step, however small it is."},
    {"set_strict", module_set_strict, METH_O, "Makes gathers and redistributions errors."},
    {"info", module_info, METH_NOARGS, "What was found: ranks, nodes, threads, memory."},
    {"counters", module_counters, METH_NOARGS, "What really happened, on this rank."},
    {"movements", module_movements, METH_NOARGS,
     "What moved between nodes: [(line, what, times, bytes)]."},
    {"sweep_ends", module_sweep_ends, METH_NOARGS,
     "Why steps were not computed together: [(line, why, times, 0)]."},
    {"params", module_params, METH_NOARGS, "The QUELEA_* parameters: (name, type, default, text)."},
    {"check_params", module_check_params, METH_NOARGS,
     "Raises if a QUELEA_* variable is malformed."},
    {NULL},
};

/* ---- the module ---- */

static bool find_descrs(void) {
  for (int dtype = 0; dtype < QL_DTYPE_COUNT; dtype++) {
    PyObject *name = PyUnicode_FromString(ql_dtype_info[dtype].name);
    int found = name ? PyArray_DescrConverter(name, &qx.descr[dtype]) : 0;
    Py_XDECREF(name);
    if (!found) return false;
  }
  return true;
}

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "quelea._quelea",
                                        .m_doc = "Quelea's arrays and ufuncs, in C.", .m_size = -1};

PyMODINIT_FUNC PyInit__quelea(void);
PyMODINIT_FUNC PyInit__quelea(void) {
  import_array();
  if (PyInterpreterState_Get() != PyInterpreterState_Main())
    return PyErr_Format(PyExc_ImportError,
                        "Quelea works in the main interpreter only, not in subinterpreters");
  ql_note_process();
  PyObject *module = PyModule_Create(&definition);
  if (!module) return NULL;
  if (find_descrs() && qx_errors_setup() && qx_array_setup(module) && qx_ufunc_setup(module) &&
      qx_function_setup(module) && qx_compiled_setup(module) &&
      PyModule_AddFunctions(module, qx_making_functions) == 0 && qx_context_setup(module) &&
      PyModule_AddFunctions(module, qx_functions) == 0 &&
      PyModule_AddFunctions(module, qx_random_functions) == 0 &&
      PyModule_AddFunctions(module, qx_along_functions) == 0 &&
      PyModule_AddFunctions(module, qx_pieces_functions) == 0 &&
      PyModule_AddFunctions(module, qx_profile_functions) == 0 &&
      PyModule_AddFunctions(module, qx_explain_functions) == 0 &&
      PyModule_AddFunctions(module, qx_context_functions) == 0 &&
      PyModule_AddIntConstant(module, "MAX_DIMS", QL_MAX_DIMS) == 0)
    return module;
  Py_DECREF(module);
  return NULL;
}
