/* context: the way into the runtime. The context is opened by the first array (contract C10); the
 * thread that opened it is the only one that may use it, and no child of a fork may. Each recorded
 * operation carries its position in the user's program as (code object, instruction offset): cheap
 * to take, decoded only when it is shown. */
#include "ext.h"

#include <pthread.h>

QxState qx;
_Thread_local bool qx_is_own;

/* ---- deferred releases ----
 * Python's cycle collector runs at moments that differ between ranks, and finalisers may run on any
 * thread. What is released there waits in a queue and is released by the next call on the context's
 * thread. */

typedef struct QxDeferred {
  QlArray *array;
  QlExport *token;
} QxDeferred;

static bool must_defer(void) { return qx.collecting || qx.in_handler || !qx_is_own_thread(); }

static void defer(QlArray *array, QlExport *token) {
  if (qx.deferred_count == qx.deferred_room) {
    int64_t room = qx.deferred_room ? 2 * qx.deferred_room : 64;
    QxDeferred *grown = realloc(qx.deferred, (size_t)room * sizeof *grown);
    if (!grown)
      return; /* out of memory in a finaliser: the memory stays with the arena until the end */
    qx.deferred = grown, qx.deferred_room = room;
  }
  qx.deferred[qx.deferred_count++] = (QxDeferred){array, token};
  qx.attention = true;
}

void qx_release(QlArray *array) {
  if (QX_UNLIKELY(qx.forked)) return;
  if (QX_UNLIKELY(must_defer()))
    defer(array, NULL);
  else
    ql_release(array);
}

void qx_unexport(QlExport *token) {
  if (qx.forked) return;
  if (must_defer())
    defer(NULL, token);
  else
    ql_unexport(token);
}

static void release_deferred(void) {
  while (qx.deferred_count > 0) {
    QxDeferred *one = &qx.deferred[--qx.deferred_count];
    if (one->array) ql_release(one->array);
    if (one->token) ql_unexport(one->token);
  }
}

static PyObject *collection_changed(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
  (void)self;
  if (nargs < 1 || !PyUnicode_Check(args[0]))
    return PyErr_Format(PyExc_TypeError, "a callback of gc.callbacks");
  qx.collecting = PyUnicode_CompareWithASCIIString(args[0], "start") == 0;
  Py_RETURN_NONE;
}

/* ---- positions ---- */

typedef struct QxCode {
  PyObject *code; /* a strong reference, or NULL */
  QxWhose whose;
} QxCode;

static QxCode *code_slot(QxCode *table, int64_t room, const PyObject *code) {
  uint64_t at = ((uintptr_t)code >> 4) * 0x9e3779b97f4a7c15u >> 32;
  while (table[at & (uint64_t)(room - 1)].code && table[at & (uint64_t)(room - 1)].code != code)
    at++;
  return &table[at & (uint64_t)(room - 1)];
}

/* What follows of a file's name behind a folder's; NULL: it does not lie there. */
static const char *within(const char *name, PyObject *folder) {
  const char *here = folder ? PyUnicode_AsUTF8(folder) : NULL;
  size_t size = here ? strlen(here) : 0;
  return size && strncmp(name, here, size) == 0 && name[size] == '/' ? name + size : NULL;
}

/* The programs of the benchmark stand for the user's own; what is installed lies among Python's own
 * library, too. */
static QxWhose code_is_whose(PyObject *code) {
  static const char programs[] = "/bench/programs/", frozen[] = "<frozen ";
  PyObject *file = ((PyCodeObject *)code)->co_filename;
  const char *name = PyUnicode_Check(file) ? PyUnicode_AsUTF8(file) : NULL, *rest;
  if (!name) return PyErr_Clear(), QX_USERS;
  if ((rest = within(name, qx.package_folder)))
    return strncmp(rest, programs, sizeof programs - 1) ? QX_OURS : QX_USERS;
  if (!strncmp(name, frozen, sizeof frozen - 1) || within(name, qx.numpy_folder))
    return QX_LIBRARYS;
  rest = within(name, qx.library_folder);
  return rest && !strstr(rest, "-packages/") ? QX_LIBRARYS : QX_USERS;
}

/* Finds or adds the code object. Out of memory: the position is not kept, which only costs its
 * description. */
static bool remember_code(PyObject *code) {
  if (qx.code_count * 2 >= qx.code_room) {
    int64_t room = qx.code_room ? 2 * qx.code_room : 256;
    QxCode *grown = calloc((size_t)room, sizeof *grown);
    if (!grown) return false;
    for (int64_t i = 0; i < qx.code_room; i++)
      if (qx.codes[i].code) *code_slot(grown, room, qx.codes[i].code) = qx.codes[i];
    free(qx.codes);
    qx.codes = grown, qx.code_room = room;
  }
  QxCode *slot = code_slot(qx.codes, qx.code_room, code);
  if (!slot->code) {
    *slot = (QxCode){Py_NewRef(code), code_is_whose(code)};
    qx.code_count++;
  }
  qx.last_code = code, qx.last_is_whose = slot->whose;
  return true;
}

static bool known_code(PyObject *code) { return code == qx.last_code || remember_code(code); }

/* The nearest frame that is neither Quelea's own nor of what Quelea has called; asked for when the
 * innermost one is not the user's. */
static QlSource position_of_caller(PyFrameObject *inner) {
  QlSource source = {NULL, 0};
  Py_INCREF(inner);
  for (PyFrameObject *frame = inner, *outer; frame; frame = outer) {
    PyObject *code = (PyObject *)PyFrame_GetCode(frame);
    bool known = known_code(code);
    QxWhose whose = known ? qx.last_is_whose : QX_USERS;
    Py_DECREF(code);
    outer = whose == QX_USERS ? NULL : PyFrame_GetBack(frame);
    if (whose == QX_OURS)
      source = (QlSource){NULL, 0};
    else if (known && !source.code)
      source = (QlSource){code, PyFrame_GetLasti(frame)};
    Py_DECREF(frame);
  }
  return source;
}

static inline QlSource position(void) {
  PyFrameObject *frame = PyEval_GetFrame();
  if (!frame) return (QlSource){NULL, 0};
  PyObject *code = (PyObject *)PyFrame_GetCode(frame);
  Py_DECREF(code); /* the frame holds it */
  if (QX_LIKELY(known_code(code) && qx.last_is_whose == QX_USERS))
    return (QlSource){code, PyFrame_GetLasti(frame)};
  return position_of_caller(frame);
}

QlSource qx_position(void) { return position(); }

int qx_enter_at(void) {
  if (qx_enter() < 0) return -1;
  if (QX_UNLIKELY(qx.refusal != NULL)) {
    PyErr_SetObject(PyExc_RuntimeError, qx.refusal);
    return -1;
  }
  if (qx.alone)
    ql_at_caller(qx.context);
  else
    ql_at(qx.context, position());
  return 0;
}

static PyObject *source_line(PyCodeObject *code, int line) {
  PyObject *linecache = PyImport_ImportModule("linecache");
  PyObject *text =
      linecache ? PyObject_CallMethod(linecache, "getline", "Oi", code->co_filename, line) : NULL;
  PyObject *stripped = text ? PyObject_CallMethod(text, "strip", NULL) : NULL;
  Py_XDECREF(linecache), Py_XDECREF(text);
  return stripped;
}

/* ---- without the GIL ----
 * While the runtime computes or waits for long, other threads of the program may run: windows and
 * progress bars live. They cannot use Quelea, and what they release is deferred. */

static void away(void *data, bool leaves) {
  (void)data;
  if (leaves) {
    if (qx.away++ == 0) qx.thread_state = PyEval_SaveThread();
  } else if (--qx.away == 0) {
    PyEval_RestoreThread(qx.thread_state);
  }
}

bool qx_come_back(void) {
  if (!qx.away) return false;
  PyEval_RestoreThread(qx.thread_state);
  return true;
}

void qx_go_again(bool was_away) {
  if (was_away) qx.thread_state = PyEval_SaveThread();
}

/* ---- what the runtime asks for ---- */

/* A text that was cut may end in the middle of a character (UTF-8): its bytes go. */
static void end_at_character(char *text) {
  size_t length = strlen(text), last = length;
  while (last > 0 && ((unsigned char)text[last - 1] & 0xc0) == 0x80) last--;
  if (last == 0 || (unsigned char)text[last - 1] < 0xc0) return; /* of one byte */
  unsigned char first = (unsigned char)text[--last];
  size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (length - last < bytes) text[last] = 0;
}

static void describe(PyCodeObject *code, int at, char *text, size_t size) {
  PyObject *type, *value, *trace;
  PyErr_Fetch(&type, &value, &trace);
  int line = PyCode_Addr2Line(code, at);
  const char *file =
      PyUnicode_Check(code->co_filename) ? PyUnicode_AsUTF8(code->co_filename) : NULL;
  PyObject *shown = source_line(code, line);
  const char *words = shown ? PyUnicode_AsUTF8(shown) : NULL;
  snprintf(text, size, words && *words ? "%s:%d: %s" : "%s:%d", file ? file : "?", line, words);
  end_at_character(text);
  Py_XDECREF(shown);
  PyErr_Clear();
  PyErr_Restore(type, value, trace);
}

void qx_describe(void *data, QlSource source, char *text, size_t size) {
  (void)data;
  if (size == 0) return;
  text[0] = 0;
  if (!source.code) return;
  bool was_away = qx_come_back();
  describe((PyCodeObject *)source.code, (int)source.at, text, size);
  qx_go_again(was_away);
}

static QlSource where(void *data) {
  (void)data;
  bool was_away = qx_come_back();
  QlSource source = position();
  qx_go_again(was_away);
  return source;
}

/* Runs the handlers of signals while a flush waits or computes: they may not come back into it.
 * What one raises ends a job of several ranks, where it is shown, and the flush of one, which
 * raises it (contract C9). */
static int interrupted(void *data) {
  (void)data;
  bool alone = qx.context && ql_info(qx.context).size == 1, was_away = qx_come_back();
  qx.in_handler = qx.attention = true;
  bool raised = PyErr_CheckSignals() < 0;
  qx.in_handler = false;
  if (raised && !alone && !PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) {
    PyObject *type, *value, *trace;
    PyErr_Fetch(&type, &value, &trace);
    PyErr_NormalizeException(&type, &value, &trace);
    PyErr_Display(type, value, trace);
    PyErr_Restore(type, value, trace);
  }
  qx_go_again(was_away);
  return raised;
}

/* ---- opening, entering, closing ---- */

/* A fork before the first array may make its own. */
static void after_fork(void) {
  if (!qx.context) return;
  qx.forked = qx.attention = true;
  if (!qx.closed) ql_forked(qx.context);
}

int qx_open(const void *mpi_comm) {
  if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
    PyErr_SetString(PyExc_RuntimeError,
                    "Quelea works in the main interpreter only, not in subinterpreters");
    return -1;
  }
  QlOptions options = {.mpi_comm = mpi_comm,
                       .interrupted = interrupted,
                       .describe = qx_describe,
                       .where = where,
                       .away = away};
  QL_ERROR(error);
  QlContext *context = NULL;
  if (ql_open(&options, &context, &error)) return qx_raise_int(&error);
  qx_is_own = true;
  qx.context = context, qx.alone = ql_info(context).size == 1;
  QlProfile profile = {0};
  qx.measures = ql_profile(context, &profile);
  if (profile.of_lines) qx_sampler_start();
  return 0;
}

static int refuse_thread(void) {
  PyErr_SetString(PyExc_RuntimeError,
                  "Quelea may be used by one thread only, the one that made the first array: the "
                  "order of operations must be the same on every rank");
  return -1;
}

int qx_enter_slowly(void) {
  if (qx.forked) {
    PyErr_SetString(PyExc_RuntimeError,
                    "Quelea cannot be used in a child after fork(); start the child with "
                    "multiprocessing's 'spawn' method, or "
                    "make no Quelea array in it");
    return -1;
  }
  if (qx.closed) {
    PyErr_SetString(PyExc_RuntimeError, "Quelea is closed: the program is ending");
    return -1;
  }
  if (!qx.context && qx.away) return refuse_thread(); /* which opens it meanwhile */
  if (!qx.context && qx_open(NULL) < 0) return -1;
  if (qx.in_handler) {
    PyErr_SetString(PyExc_RuntimeError,
                    "Quelea cannot be used in a signal handler while it executes: let the handler "
                    "set a flag, and look at "
                    "it in the program");
    return -1;
  }
  if (!qx_is_own_thread()) return refuse_thread();
  if (!qx.collecting) {
    release_deferred();
    qx.attention = false;
  }
  return 0;
}

void qx_close(void) {
  if (!qx.context || qx.closed || qx.forked) return;
  QlContext *context = qx.context;
  if (qx.sampler) qx_sampler_stop();
  release_deferred();
  qx.closed = qx.attention = true;
  ql_close(context);
}

bool qx_context_setup(PyObject *module) {
  static PyMethodDef callback = {
      "collection_changed", (PyCFunction)(void (*)(void))collection_changed, METH_FASTCALL, NULL};
  PyObject *function = PyCFunction_New(&callback, module);
  PyObject *gc = function ? PyImport_ImportModule("gc") : NULL;
  PyObject *callbacks = gc ? PyObject_GetAttrString(gc, "callbacks") : NULL;
  bool done = callbacks && PyList_Append(callbacks, function) == 0;
  if (done && pthread_atfork(NULL, NULL, after_fork)) PyErr_NoMemory(), done = false;
  Py_XDECREF(callbacks), Py_XDECREF(gc), Py_XDECREF(function);
  return done;
}
