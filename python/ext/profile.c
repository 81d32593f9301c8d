/* profile: what the time went into, and when, as Python's values (quelea/profiling.py). */
#include "ext.h"

static bool set_number(PyObject *dict, const char *name, double value) {
  PyObject *number = PyFloat_FromDouble(value);
  bool done = number && PyDict_SetItemString(dict, name, number) == 0;
  Py_XDECREF(number);
  return done;
}

static PyObject *phases(const QlProfile *profile) {
  PyObject *dict = PyDict_New();
#define X(NAME, text) \
  if (dict && !set_number(dict, text, profile->phases[QL_PHASE_##NAME])) Py_CLEAR(dict);
  QL_PHASES(X)
#undef X
  return dict;
}

static PyObject *row(const QlProfileLine *line, double each) {
  char text[512];
  qx_describe(NULL, line->source, text, sizeof text);
  PyObject *numbers = PyDict_New();
  QlProfileLine l = *line;
  l.computing *= each, l.all_threads *= each, l.few *= each, l.waiting *= each, l.receiving *= each,
      l.moving *= each, l.compiling *= each, l.program *= each, l.functions *= each,
      l.at_work *= each, l.looking *= each, l.root *= each;
#define X(name) \
  if (numbers && !set_number(numbers, #name, l.name)) Py_CLEAR(numbers);
  QL_PROFILE_NUMBERS(X)
#undef X
  return numbers ? Py_BuildValue("(sN)", text, numbers) : NULL;
}

static bool append(PyObject *list, PyObject *item) {
  bool done = item && PyList_Append(list, item) == 0;
  Py_XDECREF(item);
  return done;
}

static PyObject *module_profile(PyObject *module, PyObject *unused) {
  QlProfile profile;
  (void)module, (void)unused;
  if (qx_enter() < 0) return NULL;
  if (!ql_profile(qx.context, &profile)) Py_RETURN_NONE;
  PyObject *list = PyList_New(0);
  const QlProfileLine *line;
  for (int k = 0; list && (line = ql_profile_line(qx.context, &k));)
    if (!append(list, row(line, profile.seconds_per_tick))) Py_CLEAR(list);
  PyObject *dict = list ? phases(&profile) : NULL;
  if (!dict) {
    Py_XDECREF(list);
    return NULL;
  }
  return Py_BuildValue("(ddNNLK)", profile.seconds, profile.immediate, dict, list,
                       (long long)profile.looks, (unsigned long long)profile.looked);
}

static PyObject *module_trace_events(PyObject *module, PyObject *unused) {
  QlTraceEvent event;
  QlProfile profile = {0};
  (void)module, (void)unused;
  if (qx_enter() < 0) return NULL;
  (void)ql_profile(qx.context, &profile);
  PyObject *list = PyList_New(0);
  for (int64_t k = 0; list && ql_trace_event(qx.context, k, &event); k++) {
    char text[512] = "";
    qx_describe(NULL, event.source, text, sizeof text);
    PyObject *item = Py_BuildValue("(sisdd)", ql_trace_kind_name(event.kind), event.thread, text,
                                   event.begin, event.end - event.begin);
    if (!append(list, item)) Py_CLEAR(list);
  }
  return list ? Py_BuildValue("(NL)", list, (long long)profile.lost) : NULL;
}

PyMethodDef qx_profile_functions[] = {
    {"profile", module_profile, METH_NOARGS,
     "profile(): (seconds, those in statements executed at once, {phase: seconds}, [(line, "
     "numbers)], numbers that the program has seen, a sum of them), or None."},
    {"trace_events", module_trace_events, METH_NOARGS,
     "trace_events(): [(what, thread, line, begin, length)], in microseconds, and how many more "
     "there "
     "were."},
    {NULL},
};
