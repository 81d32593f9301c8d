/* random: an array of random numbers, of what a bit generator gives next (quelea/random). */
#include "ext.h"

/* A Python integer, modulo 2^64. 0 or -1. */
static int word_from_python(PyObject *object, uint64_t *word) {
  *word = PyLong_AsUnsignedLongLongMask(object);
  return PyErr_Occurred() ? -1 : 0;
}

/* (generator, six words, numbers taken, is a half left, that half) */
static int state_from_python(PyObject *state, QlRandom *random) {
  uint64_t word[1 + QL_RANDOM_STATE + 3];
  enum { WORDS = sizeof word / sizeof *word };
  if (!PyTuple_Check(state) || PyTuple_GET_SIZE(state) != WORDS) {
    PyErr_Format(PyExc_TypeError, "the state of a bit generator has %d words", (int)WORDS);
    return -1;
  }
  for (int k = 0; k < WORDS; k++)
    if (word_from_python(PyTuple_GET_ITEM(state, k), &word[k]) < 0) return -1;
  random->generator = word[0] ? QL_GENERATOR_PHILOX : QL_GENERATOR_PCG64;
  for (int k = 0; k < QL_RANDOM_STATE; k++) random->state[k] = word[1 + k];
  random->taken = word[1 + QL_RANDOM_STATE];
  random->has_half = word[2 + QL_RANDOM_STATE] != 0;
  random->half = (uint32_t)word[3 + QL_RANDOM_STATE];
  return 0;
}

/* Of integers modulo 2^64, else of floats. 0 or -1. */
static int number_from_python(PyObject *object, bool integers, QlValue *value) {
  if (integers) return word_from_python(object, &value->u);
  value->d = PyFloat_AsDouble(object);
  return PyErr_Occurred() ? -1 : 0;
}

static PyObject *module_random(PyObject *module, PyObject *const *args, Py_ssize_t nargs,
                               PyObject *kwnames) {
  static const char *const words[] = {"shape", "dtype",  "distribution", "state",
                                      "first", "second", "width"};
  static const QxSignature signature = {"random", words, 7, 7, 6};
  PyObject *values[7];
  QlDtype dtype;
  QlRandom random = {.width = 64};
  int ndim;
  int64_t shape[QL_MAX_DIMS];
  QlArray *array;
  QL_ERROR(error);
  (void)module;
  if (!qx_parse(&signature, args, nargs, kwnames, values) ||
      qx_dtype_from_python(values[1], &dtype) < 0 ||
      qx_shape_from_python(values[0], &ndim, shape, false) < 0 ||
      state_from_python(values[3], &random) < 0)
    return NULL;
  long distribution = PyLong_AsLong(values[2]);
  if (distribution < 0 || distribution > QL_RANDOM_INTEGERS)
    return PyErr_Format(PyExc_ValueError, "no such distribution");
  random.distribution = (QlDistribution)distribution;
  bool integers = random.distribution == QL_RANDOM_INTEGERS;
  if (values[6]) random.width = (int)PyLong_AsLong(values[6]);
  if (PyErr_Occurred() || number_from_python(values[4], integers, &random.first) < 0 ||
      number_from_python(values[5], integers, &random.second) < 0 || qx_enter_at() < 0)
    return NULL;
  if (ql_random(qx.context, dtype, ndim, shape, &random, &array, &error)) return qx_raise(&error);
  return qx_wrap(array, false);
}

PyMethodDef qx_random_functions[] = {
    {"random", (PyCFunction)(void (*)(void))module_random, METH_FASTCALL | METH_KEYWORDS,
     "random(shape, dtype, distribution, state, first, second, width=64): of a bit generator"},
    {NULL},
};
