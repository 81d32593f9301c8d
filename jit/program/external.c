/* Functions of C. The front end (compiling/c_functions.py) says what they take, in their name:
 *
 *   external SHOWN NAME RESULT {PARAMETER}       "external cos quelea_c_cos_5d1a f64 f64"
 *
 *   f64            a number, converted as C converts; b8: the truth of any
 *   *   *f64       an address, of anything or of such elements: c.address(x), or None
 *   =f64:?,3,#0    the array itself, in C order: of such axes (any extent, a number, argument 0);
 *                  =?f64: in any order; =w...: it must not be read-only
 *
 * What they give is Python's own number, as ctypes has it. They may read and write all that
 * addresses lead to, so a call stays where it is and how often it is; loops over distributed arrays
 * call them in any order, on the threads that compute. */
#include "calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_PARAMETERS = 64, MOST_TEXT = 2048 };

typedef struct Parameters {
  char text[MOST_TEXT]; /* what the words lie in */
  const char *shown, *symbol, *result, *word[MOST_PARAMETERS];
  int count;
} Parameters;

static bool read(Parameters *p, const char *name) {
  char *next = p->text, *words[4 + MOST_PARAMETERS];
  int count = 0;
  if (strlen(name) >= sizeof p->text) return false;
  strcpy(p->text, name);
  for (char *word; (word = strsep(&next, " "));) {
    if (count == 4 + MOST_PARAMETERS) return false;
    words[count++] = word;
  }
  if (count < 4) return false;
  p->shown = words[1], p->symbol = words[2], p->result = words[3], p->count = count - 4;
  memcpy(p->word, words + 4, (size_t)p->count * sizeof *words);
  return true;
}

/* A dtype at the beginning of a text; what follows it. */
static const char *dtype_in(const char *text, QlDtype *dtype) {
  for (int d = 0; d < QL_DTYPE_COUNT; d++) {
    size_t length = strlen(ql_dtype_info[d].ir);
    if (strncmp(text, ql_dtype_info[d].ir, length) || (text[length] && text[length] != ':'))
      continue;
    *dtype = (QlDtype)d;
    return text + length;
  }
  return NULL;
}

/* ---- numbers ---- */

static bool is_whole(QlDtype dtype) {
  return ql_dtype_info[dtype].kind == QL_KIND_INT || ql_dtype_info[dtype].kind == QL_KIND_UINT;
}

/* How C is given it: at least 32 bits. */
static QlDtype passed_as(QlDtype dtype) {
  if (dtype == QL_BOOL || dtype == QL_U8 || dtype == QL_U16) return QL_U32;
  return dtype == QL_I8 || dtype == QL_I16 ? QL_I32 : dtype;
}

/* id 0: refused. */
static JitRef number(Lower *l, const Call *call, const Value *value, QlDtype dtype) {
  JitRef none = {0};
  bool fits =
      value->kind == JIT_SCALAR &&
      (dtype == QL_BOOL ||
       (is_whole(dtype) ? low_is_int(value) : ql_dtype_info[value->dtype].kind != QL_KIND_COMPLEX));
  if (!fits) return low_refuse_type(l, call, value, ql_dtype_info[dtype].name), none;
  JitRef ref = dtype == QL_BOOL ? low_truth(l, call->node, value) : low_ref(l, value);
  if (!ref.id) return ref;
  ref = jit_cast(l->fn, ref, dtype, low_source(l));
  return jit_cast(l->fn, ref, passed_as(dtype), low_source(l));
}

/* ---- addresses ---- */

/* Where the elements of an array of NumPy's are: a number, of which `text` says what is there. */
static Value address_of(Lower *l, const Node *node, const Value *given) {
  Value value = low_in_memory(l, node, given);
  if (value.kind == JIT_UNKNOWN || low_dead(l)) return low_unknown();
  const Array *array = value.array;
  bool elsewhere = array->place != JIT_IN_MEMORY || array->ours || l->ours;
  /* beside arrays of Quelea's those of NumPy are copies, and what is made is Quelea's */
  bool beside = (l->trees || l->ranks) && !array->site && !(l->nest && array->made);
  if (elsewhere || beside)
    return low_refuse(l, node, "QJ386",
                      "C is given the address of elements of an array that is Quelea's, or beside "
                      "such",
                      "give C numbers, or call it in a function of NumPy's arrays alone");
  Value address = low_scalar(QL_I64, true, array->base);
  address.text = ql_dtype_info[array->dtype].ir;
  return address;
}

static Value c_address(Lower *l, const Call *call) {
  const Value *value = &call->arguments[0];
  if (value->kind != JIT_ARRAY) return low_refuse_type(l, call, value, "an array");
  return address_of(l, call->node, value);
}

static JitRef address(Lower *l, const Call *call, const Value *value, const char *wanted) {
  JitRef none = {0};
  QlDtype dtype = QL_F64;
  if (value->kind == JIT_NONE) return low_const(l, 0);
  if (*wanted) dtype_in(wanted, &dtype);
  bool fits = value->kind == JIT_SCALAR && value->dtype == QL_I64 && value->weak;
  if (fits && (!*wanted || (value->text && !strcmp(value->text, wanted)))) return low_ref(l, value);
  if (fits && value->text) {
    QlDtype given = QL_F64;
    dtype_in(value->text, &given);
    low_refuse(l, call->node, "QJ387",
               low_text(l, "%s() takes the address of %s, not of %s", call->name,
                        ql_dtype_info[dtype].name, ql_dtype_info[given].name),
               "convert the array with .astype(...) before");
    return none;
  }
  const char *what = *wanted
                         ? low_text(l, "the address of %s, as x.ctypes", ql_dtype_info[dtype].name)
                         : "an address, as x.ctypes";
  return low_refuse_type(l, call, value, what), none;
}

/* ---- arrays themselves ---- */

/* Raises where an extent is none of those that the prototype says. */
static void check_extents(Lower *l, const Call *call, const Array *array, const char *axes) {
  for (int axis = 0; *axes && axis < array->ndim; axis++) {
    char *end = NULL;
    bool of_argument = *axes == '#';
    int64_t extent = *axes == '?' ? -1 : strtoll(axes + of_argument, &end, 10);
    const Value *other = of_argument ? &call->arguments[extent] : NULL;
    axes += strcspn(axes, ","), axes += *axes == ',';
    if (extent < 0 || (other && other->kind != JIT_SCALAR)) continue;
    JitRef wanted = other ? low_ref_as(l, other, QL_I64) : low_const(l, extent);
    low_raise_if(l, call->node, low_op(l, QL_OP_NOT_EQUAL, array->shape[axis], wanted),
                 "ValueError",
                 low_text(l, "%s() is given an array of other extents than it takes", call->name));
  }
}

static int axes_in(const char *axes) {
  int count = *axes != 0;
  for (; *axes; axes++) count += *axes == ',';
  return count;
}

static JitRef array(Lower *l, const Call *call, const Value *value, const char *wanted) {
  JitRef none = {0};
  bool written = *wanted == 'w', any_order = wanted[written] == '?';
  QlDtype dtype = QL_F64;
  const char *axes = dtype_in(wanted + written + any_order, &dtype);
  bool any_ndim = !strcmp(axes, ":*");
  axes += *axes == ':';
  if (value->kind != JIT_ARRAY || value->array->list)
    return low_refuse_type(l, call, value, "an array of NumPy's"), none;
  Value memory = low_in_memory(l, call->node, value);
  if (memory.kind == JIT_UNKNOWN || low_dead(l)) return none;
  const Array *given = memory.array;
  if (given->dtype != dtype || (!any_ndim && given->ndim != axes_in(axes)) ||
      (!any_order && given->ndim && !given->contiguous)) {
    const char *order = any_order ? "" : " in C order";
    low_refuse(l, call->node, "QJ388",
               any_ndim ? low_text(l, "%s() takes an array of %s%s, not %s", call->name,
                                   ql_dtype_info[dtype].name, order, low_type_text(l, &memory))
                        : low_text(l, "%s() takes an array of %s of %d dimensions%s, not %s",
                                   call->name, ql_dtype_info[dtype].name, axes_in(axes), order,
                                   low_type_text(l, &memory)),
               "give it another array, or a copy, as x.astype(...)");
    return none;
  }
  if (written && low_readonly(l, call->node, given)) return none;
  if (!any_ndim) check_extents(l, call, given, axes);
  if (low_dead(l)) return none;
  return low_ref(l, &(Value[]){address_of(l, call->node, &memory)}[0]);
}

/* ---- the call ---- */

static Value result_of(Lower *l, const char *name, JitRef ref) {
  QlDtype dtype;
  if (!dtype_in(name, &dtype)) return low_none();
  if (dtype == QL_BOOL)
    return low_scalar(QL_BOOL, true, jit_cast(l->fn, ref, QL_BOOL, low_source(l)));
  QlDtype wide = is_whole(dtype) ? QL_I64 : QL_F64;
  return low_scalar(wide, true, jit_cast(l->fn, ref, wide, low_source(l)));
}

Value low_external(Lower *l, const Node *node, const char *name, int count, const Value *arguments,
                   const char *const *keywords) {
  Parameters p;
  JitRef refs[MOST_PARAMETERS];
  uint8_t dtypes[MOST_PARAMETERS];
  if (!read(&p, name)) return low_unknown();
  Call call = {node, low_text(l, "%s", p.shown), count, arguments, keywords};
  if (!low_takes(l, &call, p.count, p.count, "")) return low_unknown();
  for (int k = 0; k < count; k++) {
    const char *word = p.word[k];
    QlDtype dtype = QL_I64;
    if (*word == '*') {
      refs[k] = address(l, &call, &arguments[k], word + 1);
    } else if (*word == '=') {
      refs[k] = array(l, &call, &arguments[k], word + 1);
    } else {
      dtype_in(word, &dtype);
      refs[k] = number(l, &call, &arguments[k], dtype);
    }
    if (!refs[k].id) return low_unknown();
    dtypes[k] = (uint8_t)passed_as(dtype);
  }
  /* What gives nothing is called as what gives an integer, which nobody reads; a bool is a byte. */
  QlDtype result = QL_I64;
  if (dtype_in(p.result, &result) && result == QL_BOOL) result = QL_U8;
  JitFn *external = jit_fn_external(l->fn, p.symbol, result, count, dtypes);
  JitRef ref = jit_call(l->fn, external, count, refs, low_source(l));
  l->loop_count++;
  return result_of(l, p.result, ref);
}

const KnownRow low_externals[] = {{"c.address", c_address, 1, 1}, {NULL}};
