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
 *   _stopped(...)           notes where a signal's handler stopped it, by an exception
 *
 * Nothing here needs the context, and no other rank. */
#include "compiled_parts.h"

/* The code for some types: of the function, and of each call that runs. */
typedef struct Special {
  char *types;
  size_t length;
  QlCompiled *compiled;
  bool gives_ours; /* arrays of Quelea's */
  int references;
  int unmeasured; /* calls to come: the last one that was measured was short */
} Special;

enum { UNMEASURED = 15 };

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

static QlStatus need_compiler(QlError *error) {
  return compiler ? QL_OK : ql_compiler_open(&compiler, error);
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
  if (need_compiler(&error)) return qx_raise(&error), NULL;
  if (self->special_count == self->special_room) {
    int room = self->special_room * 2 + 4;
    Special **more = PyMem_Realloc(self->specials, (size_t)room * sizeof *more);
    if (!more) return PyErr_NoMemory(), NULL;
    self->specials = more, self->special_room = room;
  }
  QlCompiled *compiled;
  QlCompiledOptions options = self->options;
  options.alone = may_be_refused;
  options.single = may_be_refused && ql_info(qx.context).threads == 1;
  bool measures = qx.context && !qx.closed && !qx.forked && qx_is_own_thread();
  if (measures) ql_profile_compiling(qx.context, true);
  QlStatus status = ql_compile(compiler, self->program, types, &options, &compiled, &error);
  if (measures) ql_profile_compiling(qx.context, false);
  if (status) return qx_raise(&error), NULL;
  if (!compiled->result && !may_be_refused) {
    refuse(self, compiled, types);
    ql_compiled_free(compiled);
    return NULL;
  }
  char *copy = strdup(types);
  Special *special = copy ? PyMem_Malloc(sizeof *special) : NULL;
  if (!special) return free(copy), ql_compiled_free(compiled), PyErr_NoMemory(), NULL;
  *special = (Special){.types = copy, .length = length, .compiled = compiled, .references = 1};
  special->gives_ours = compiled->result && strstr(compiled->result, "ours ");
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

/* in_memory: also what may be on ranks. */
static bool take_all(const Function *self, Gather *g, PyObject *arguments, bool in_memory) {
  g->length = 0, g->count = g->array_count = 0;
  g->ours = compiled_holds_ours(arguments);
  g->ranks = g->ours ? compiled_on_ranks(arguments) : QL_NOT_ON_RANKS;
  for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(self->captures); k++) {
    PyObject *value = look_up(PyTuple_GET_ITEM(self->captures, k));
    if (!value || !compiled_holds_ours(value)) continue;
    QlOnRanks one = compiled_on_ranks(value);
    g->ours = true;
    if (one > g->ranks) g->ranks = one;
  }
  if (in_memory || (g->ranks == QL_MAYBE_ON_RANKS && compiled_holds_large(arguments)))
    g->ranks = QL_NOT_ON_RANKS;
  if (!compiled_write_type(g, "(")) return false;
  for (Py_ssize_t k = 0; k < self->arity; k++)
    if ((k && !compiled_write_type(g, ", ")) || !compiled_take(g, PyTuple_GET_ITEM(arguments, k)))
      return false;
  for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(self->captures); k++) {
    PyObject *place = PyTuple_GET_ITEM(self->captures, k);
    PyObject *value = look_up(place);
    if (!value) {
      if (!PyErr_Occurred())
        PyErr_Format(PyExc_NameError, "name '%U' is not defined", PyTuple_GET_ITEM(place, 1));
      return false;
    }
    if (((k || self->arity) && !compiled_write_type(g, ", ")) || !compiled_take(g, value))
      return false;
  }
  return compiled_write_type(g, ")");
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

/* The exception that is set was raised by a handler, at that place. */
static void note_place(Function *self, const QlRaise *r) {
  PyObject *type, *value, *trace;
  PyErr_Fetch(&type, &value, &trace);
  PyErr_NormalizeException(&type, &value, &trace);
  PyObject *done =
      PyObject_CallMethod((PyObject *)self, "_stopped", "Oii", value, r->function, r->line);
  if (!done) PyErr_Clear(); /* the exception matters more than its note */
  Py_XDECREF(done);
  PyErr_Restore(type, value, trace);
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
  uint64_t what = ql_info(qx.context).size > 1 ? ql_mix(compiled_hash(g), compiled->key) : 0;
  if (ql_borrow(qx.context, what, count, arrays, data, item, &error))
    return qx_raise(&error), false;
  for (int k = 0, m = 0; k < g->array_count; k++)
    if (qx_is_array(g->arrays[k])) g->parts[g->at[k] + 1].u = (uintptr_t)data[m++];
  return true;
}

/* Of short calls most are left to what Python takes. */
static bool is_measured(Special *special) {
  if (qx.forked || qx.closed || !qx_is_own_thread()) return false;
  if (special->unmeasured == 0) return true;
  special->unmeasured--;
  return false;
}

/* While it runs, what it prints may run any Python: the code and the arrays are held meanwhile. */
static PyObject *run_special(Function *self, Special *special, Gather *g, bool *refused) {
  QL_ERROR(error);
  const QlCompiled *compiled = special->compiled;
  bool in_memory = !g->ranks && (g->ours || special->gives_ours);
  *refused = false;
  if (g->ranks ? qx_enter_at() < 0 : in_memory && !borrow(compiled, g)) return NULL;
  QlValue few[32], *results = few;
  if (compiled->result_count > 32 &&
      !(results = PyMem_Malloc((size_t)compiled->result_count * sizeof *results)))
    return PyErr_NoMemory();
  bool measures = qx.measures && is_measured(special);
  QlPhase before = measures ? ql_profile_phase(qx.context, QL_PHASE_FUNCTION) : QL_PHASE_PROGRAM;
  int64_t status = g->ranks ? ql_compiled_drive(qx.context, compiled, g->parts, results, &error)
                            : ql_compiled_call(compiled, g->parts, results);
  if (measures) (void)ql_profile_phase(qx.context, before);
  if (measures && ql_profile_was_short(qx.context)) special->unmeasured = UNMEASURED;
  PyObject *type_of_error, *value, *trace, *result = NULL;
  PyErr_Fetch(&type_of_error, &value, &trace); /* print may have raised */
  if (!status) {
    const char *type = compiled->result;
    const QlValue *parts = results;
    Results all = {.type = type, .parts = parts, .arguments = g};
    result = compiled_give(&type, &parts, &all);
    compiled_forget_shared(&all);
  } else if (error.status) {
    *refused = status == -2 && !type_of_error && g->ranks == QL_MAYBE_ON_RANKS;
    if (!*refused) qx_raise(&error);
  } else if (!type_of_error) {
    result = raised(self, compiled, status);
  }
  if (type_of_error) {
    Py_CLEAR(result);
    PyErr_Restore(type_of_error, value, trace);
    bool told = status > 0 && status <= compiled->raise_count;
    const QlRaise *r = told ? &compiled->raises[status - 1] : NULL;
    if (r && !strcmp(r->exception, "KeyboardInterrupt")) note_place(self, r);
  }
  if (results != few) PyMem_Free(results);
  return result;
}

static PyObject *run_once(Function *self, Gather *g, bool *refused) {
  Special *special = find(self, g);
  *refused = special && !special->compiled->result;
  if (!special || *refused) return NULL;
  special->references++;
  PyObject *result = run_special(self, special, g, refused);
  release(special);
  return result;
}

/* What may be on ranks is taken so where the function, and these arguments, can be shared out; else
 * in memory. */
static PyObject *run(Function *self, Gather *g, PyObject *arguments) {
  bool refused;
  PyObject *result = run_once(self, g, &refused);
  if (!refused) return result;
  compiled_end_gather(g);
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
  compiled_end_gather(&g);
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

/* _specials(): [(types, result type, seconds, bytes, where the code was found)] */
static PyObject *function_specials(PyObject *object, PyObject *unused) {
  static const char *const found[] = {[QL_CODE_COMPILED] = "compiled",
                                      [QL_CODE_ON_DISK] = "on disk",
                                      [QL_CODE_IN_MEMORY] = "in memory"};
  Function *self = (Function *)object;
  (void)unused;
  PyObject *list = PyList_New(0);
  for (int k = 0; list && k < self->special_count; k++) {
    const QlCompiled *compiled = self->specials[k]->compiled;
    if (!compiled->result) continue;
    PyObject *row =
        Py_BuildValue("(ssdns)", self->specials[k]->types, compiled->result, compiled->seconds,
                      (Py_ssize_t)compiled->size, found[compiled->found]);
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

/* _notes(number): [(function, line, text)] */
static PyObject *function_notes(PyObject *object, PyObject *args) {
  int number;
  if (!PyArg_ParseTuple(args, "i", &number)) return NULL;
  const Special *special = special_at((Function *)object, number);
  if (!special) return PyErr_Format(PyExc_IndexError, "no such specialisation");
  QL_ERROR(error);
  bool *vectorised = ql_compiled_vectorised(special->compiled, &error);
  if (!vectorised) return qx_raise(&error);
  PyObject *list = PyList_New(0);
  for (int k = 0; list && k < special->compiled->note_count; k++) {
    const QlNote *note = &special->compiled->notes[k];
    bool over = vectorised[k] && note->variable;
    PyObject *text =
        PyUnicode_FromFormat(over ? "%s; vectorised over %s" : "%s", note->text, note->variable);
    PyObject *row = text ? Py_BuildValue("(iiN)", note->function, note->line, text) : NULL;
    if (!row || PyList_Append(list, row) < 0) Py_CLEAR(list);
    Py_XDECREF(row);
  }
  free(vectorised);
  return list;
}

/* _raises(number): [(exception, text, function, line)] of the statuses from 1 on */
static PyObject *function_raises(PyObject *object, PyObject *args) {
  int number;
  if (!PyArg_ParseTuple(args, "i", &number)) return NULL;
  const Special *special = special_at((Function *)object, number);
  if (!special) return PyErr_Format(PyExc_IndexError, "no such specialisation");
  PyObject *list = PyList_New(0);
  for (int k = 0; list && k < special->compiled->raise_count; k++) {
    const QlRaise *r = &special->compiled->raises[k];
    PyObject *row = Py_BuildValue("(ssii)", r->exception, r->text, r->function, r->line);
    if (!row || PyList_Append(list, row) < 0) Py_CLEAR(list);
    Py_XDECREF(row);
  }
  return list;
}

/* ---- out to C ---- */

/* _assemble(texts): object code of texts of LLVM's, put together. */
static PyObject *function_assemble(PyObject *unused, PyObject *args) {
  (void)unused;
  QL_ERROR(error);
  enum { MOST_TEXTS = 1024 };
  const char *texts[MOST_TEXTS];
  PyObject *given, *result = NULL;
  void *object = NULL;
  size_t size;
  if (!PyArg_ParseTuple(args, "O!", &PyTuple_Type, &given)) return NULL;
  Py_ssize_t count = PyTuple_GET_SIZE(given);
  if (count < 1 || count > MOST_TEXTS)
    return PyErr_Format(PyExc_ValueError, "1 to %d texts", MOST_TEXTS);
  for (Py_ssize_t k = 0; k < count; k++)
    if (!(texts[k] = PyUnicode_AsUTF8(PyTuple_GET_ITEM(given, k)))) return NULL;
  if (need_compiler(&error) ||
      ql_compiler_assemble(compiler, (int)count, texts, &object, &size, &error))
    return qx_raise(&error);
  result = PyBytes_FromStringAndSize(object, (Py_ssize_t)size);
  free(object);
  return result;
}

/* _link(symbol, object code): the address of the symbol. */
static PyObject *function_link(PyObject *unused, PyObject *args) {
  (void)unused;
  QL_ERROR(error);
  const char *symbol, *object;
  Py_ssize_t size;
  void *address;
  if (!PyArg_ParseTuple(args, "sy#", &symbol, &object, &size)) return NULL;
  if (need_compiler(&error) ||
      ql_compiler_link(compiler, symbol, object, (size_t)size, &address, &error))
    return qx_raise(&error);
  return PyLong_FromVoidPtr(address);
}

/* _define(name, address): where a function of C is that programs call by that name. */
static PyObject *function_define(PyObject *unused, PyObject *args) {
  (void)unused;
  const char *name;
  unsigned long long address;
  if (!PyArg_ParseTuple(args, "sK", &name, &address)) return NULL;
  return PyBool_FromLong(ql_define(name, (void *)(uintptr_t)address));
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
     "What was compiled: (types, result type, seconds, bytes, where the code was found)."},
    {"_text", function_text, METH_VARARGS, "One of them as text: 'ir', 'optimised', 'llvm', ..."},
    {"_raises", function_raises, METH_VARARGS, "What one of them may raise."},
    {"_assemble", function_assemble, METH_VARARGS | METH_STATIC, "Object code of LLVM's texts."},
    {"_link", function_link, METH_VARARGS | METH_STATIC,
     "The address of what object code defines."},
    {"_define", function_define, METH_VARARGS | METH_STATIC,
     "Where a function of C is; False: the name has another address."},
    {"_notes", function_notes, METH_VARARGS, "What became of its loops: (function, line, text)."},
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

/* Takes the GIL where the runtime has given it up: that thread does, which others are not. */
static bool come_back(void) { return qx_is_own && qx_come_back(); }

/* What compiled code prints goes through sys.stdout, as all else. */
static void write_output(const char *text, size_t size) {
  bool was_away = come_back();
  PyObject *out = PySys_GetObject("stdout"); /* borrowed */
  PyObject *done = out && out != Py_None && !PyErr_Occurred()
                       ? PyObject_CallMethod(out, "write", "s#", text, (Py_ssize_t)size)
                       : NULL;
  Py_XDECREF(done);
  qx_go_again(was_away);
}

/* Lets other threads run, which cannot use Quelea but may call compiled functions, and runs the
 * handlers of signals. What was raised before, by what it printed, stops it too. */
static bool look_for_signals(void) {
  bool was_away = come_back();
  if (!was_away && !PyErr_Occurred()) {
    Py_BEGIN_ALLOW_THREADS;
    Py_END_ALLOW_THREADS;
  }
  bool stops = PyErr_Occurred() || PyErr_CheckSignals() < 0;
  qx_go_again(was_away);
  return stops;
}

bool qx_compiled_setup(PyObject *module) {
  ql_set_output(write_output), ql_set_look(look_for_signals);
  return PyType_Ready(&function_type) == 0 &&
         PyModule_AddObjectRef(module, "Function", (PyObject *)&function_type) == 0;
}
