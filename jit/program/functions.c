/* What can be called by name. A table of each file that knows some says what they are; then come
 * NumPy's ufuncs, and functions of the program that the front end has added under that name,
 * written in the language itself. Everything else is refused. */
#include "calls.h"

#include <math.h>
#include <stdio.h>

/* ---- arguments of a call ---- */

const Value *low_given(const Call *call, int place, const char *name) {
  int position = 0;
  for (int k = 0; k < call->count; k++) {
    const char *keyword = call->keywords ? call->keywords[k] : NULL;
    if (keyword ? name && !strcmp(keyword, name) : position++ == place) return &call->arguments[k];
  }
  return NULL;
}

static int positional(const Call *call) {
  int count = 0;
  for (int k = 0; k < call->count; k++) count += !(call->keywords && call->keywords[k]);
  return count;
}

bool low_takes(Lower *l, const Call *call, int least, int most, const char *keywords) {
  for (int k = 0; k < call->count; k++) {
    const char *keyword = call->keywords ? call->keywords[k] : NULL;
    if (!keyword) continue;
    char padded[64], all[256];
    snprintf(padded, sizeof padded, " %s ", keyword);
    snprintf(all, sizeof all, " %s ", keywords);
    if (strstr(all, padded)) continue;
    low_refuse(l, call->node, "QJ370",
               low_text(l, "%s(%s=) is not there in @jit", call->name, keyword),
               "leave it out, or compute it in steps");
    return false;
  }
  int count = positional(call);
  if (count <= most && call->count >= least) return true;
  low_refuse(
      l, call->node, "QJ371",
      low_text(l, "%s() takes %d to %d arguments, not %d", call->name, least, most, call->count),
      "call it as NumPy and Python define it");
  return false;
}

Value low_refuse_type(Lower *l, const Call *call, const Value *value, const char *wanted) {
  if (value->kind == JIT_UNKNOWN) return low_unknown();
  return low_refuse(
      l, call->node, "QJ372",
      low_text(l, "%s() takes %s, not %s", call->name, wanted, low_type_text(l, value)),
      "convert it before");
}

/* ---- NumPy's ufuncs ---- */

static Value np_clip(Lower *l, const Call *call) {
  if (!low_takes(l, call, 3, 3, "")) return low_unknown();
  Value first[2] = {call->arguments[0], call->arguments[1]},
        low = call->arguments[1].kind == JIT_NONE
                  ? first[0]
                  : low_ufunc(l, call->node, QL_OP_MAXIMUM, 2, first);
  Value second[2] = {low, call->arguments[2]};
  return call->arguments[2].kind == JIT_NONE ? low
                                             : low_ufunc(l, call->node, QL_OP_MINIMUM, 2, second);
}

static Value np_where(Lower *l, const Call *call) {
  if (call->count == 3 && !call->arguments[0].dtype && call->arguments[0].kind == JIT_SCALAR)
    return low_ufunc(l, call->node, QL_OP_SELECT, 3, call->arguments);
  if (call->count != 3)
    return low_refuse(l, call->node, "QJ376",
                      "np.where(mask) with one argument is not there in @jit",
                      "write a loop, or np.where(mask, x, y)");
  Value all[3] = {call->arguments[0], call->arguments[1], call->arguments[2]};
  if (all[0].kind == JIT_SCALAR)
    all[0] = low_convert(l, &all[0], &(JitType){.kind = JIT_SCALAR, .dtype = QL_BOOL});
  return low_ufunc(l, call->node, QL_OP_SELECT, 3, all);
}

static const KnownRow of_ufuncs[] = {
    {"numpy.clip", np_clip, 0, 0},
    {"numpy.where", np_where, 0, 0},
    {NULL},
};

/* NumPy's other names of its ufuncs. */
static const struct {
  const char *name;
  QlOp op;
} aliases[] = {
    {"abs", QL_OP_ABSOLUTE},
    {"pow", QL_OP_POWER},
    {"true_divide", QL_OP_DIVIDE},
    {"mod", QL_OP_REMAINDER},
    {"conj", QL_OP_CONJUGATE},
    {"bitwise_not", QL_OP_INVERT},
    {"asin", QL_OP_ARCSIN},
    {"acos", QL_OP_ARCCOS},
    {"atan", QL_OP_ARCTAN},
    {"asinh", QL_OP_ARCSINH},
    {"acosh", QL_OP_ARCCOSH},
    {"atanh", QL_OP_ARCTANH},
    {"atan2", QL_OP_ARCTAN2},
    {"radians", QL_OP_DEG2RAD},
    {"degrees", QL_OP_RAD2DEG},
    {"bitwise_invert", QL_OP_INVERT},
    {"bitwise_left_shift", QL_OP_LEFT_SHIFT},
    {"bitwise_right_shift", QL_OP_RIGHT_SHIFT},
};
enum { ALIASES = sizeof aliases / sizeof *aliases };

static bool ufunc_named(const char *name, QlOp *op) {
  for (int k = 0; k < ALIASES; k++)
    if (!strcmp(aliases[k].name, name)) return *op = aliases[k].op, true;
  for (int k = 0; k < QL_OP_COUNT; k++)
    if (k != QL_OP_SELECT && k != QL_OP_FROM_PARTS && !strcmp(ql_op_info[k].name, name))
      return *op = (QlOp)k, true;
  return false;
}

/* ---- finding them ---- */

static const KnownRow *row_named(const char *name) {
  static const KnownRow *const tables[] = {low_builtins, low_creation, low_shapes, low_reductions,
                                           of_ufuncs};
  for (int t = 0; t < (int)(sizeof tables / sizeof *tables); t++)
    for (const KnownRow *row = tables[t]; row->name; row++)
      if (!strcmp(row->name, name)) return row;
  return NULL;
}

const Node *low_added(const Lower *l, const char *name) {
  for (int k = 0; k < l->program->count; k++)
    if (!strcmp(l->program->functions[k]->text, name)) return l->program->functions[k];
  return NULL;
}

/* What follows the name of a module and its point; NULL: it is of another. */
static const char *inside(const char *name, const char *module) {
  size_t length = strlen(module);
  return !strncmp(name, module, length) && name[length] == '.' ? name + length + 1 : NULL;
}

Value low_call_known(Lower *l, const Node *node, const char *name, int count,
                     const Value *arguments, const char *const *keywords) {
  if (low_dead(l)) return low_unknown();
  Call call = {node, name, count, arguments, keywords};
  const KnownRow *row = row_named(name);
  if (row) {
    bool taken = !row->most || low_takes(l, &call, row->least, row->most, "");
    return taken ? row->call(l, &call) : low_unknown();
  }
  const char *own;
  Value value;
  QlOp op;
  if ((own = inside(name, "math")) && low_math(l, &call, own, false, &value)) return value;
  if ((own = inside(name, "cmath")) && low_math(l, &call, own, true, &value)) return value;
  if ((own = inside(name, "numpy")) && ufunc_named(own, &op)) {
    int arity = ql_op_info[op].arity;
    return low_takes(l, &call, arity, arity, "") ? low_ufunc(l, node, op, count, arguments)
                                                 : low_unknown();
  }
  const Node *added = low_added(l, name);
  if (added) return low_call(l, node, added, count, arguments, keywords);
  return low_refuse(l, node, "QJ377", low_text(l, "%s is not there in @jit", name),
                    "call it outside the function, or write it as a loop");
}

/* ---- names that are values ---- */

Value low_constant(const char *name) {
  static const struct {
    const char *name;
    double value;
  } numbers[] = {{"pi", M_PI}, {"e", M_E},        {"inf", HUGE_VAL},
                 {"nan", NAN}, {"tau", 2 * M_PI}, {"euler_gamma", 0.57721566490153286061}};
  const char *own = inside(name, "numpy");
  if (!own) own = inside(name, "math");
  if (!own) own = inside(name, "cmath");
  for (int k = 0; own && k < (int)(sizeof numbers / sizeof *numbers); k++)
    if (!strcmp(own, numbers[k].name)) return low_float(numbers[k].value);
  if (own && !strcmp(own, "newaxis")) return low_none();
  for (int d = 0; d < QL_DTYPE_COUNT && own; d++)
    if (!strcmp(own, ql_dtype_info[d].name)) return (Value){.kind = JIT_DTYPE, .dtype = (uint8_t)d};
  return (Value){.kind = JIT_FUNCTION, .text = name};
}
