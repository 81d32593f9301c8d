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

/* The name by which the user's function called what is called now. */
static const char *shown_name(const Lower *l, const Call *call) {
  const char *name = call->name;
  for (const Frame *f = l->frame; f && f->caller && low_is_library(f->function); f = f->caller)
    name = f->function->text;
  return name;
}

Value low_refuse_type(Lower *l, const Call *call, const Value *value, const char *wanted) {
  if (value->kind == JIT_UNKNOWN) return low_unknown();
  return low_refuse(
      l, call->node, "QJ372",
      low_text(l, "%s() takes %s, not %s", shown_name(l, call), wanted, low_type_text(l, value)),
      "convert it before");
}

/* ---- NumPy's ufuncs ---- */

static Value np_clip(Lower *l, const Call *call) {
  if (!low_takes(l, call, 1, 3, "a_min a_max min max")) return low_unknown();
  const Value *least = low_given(call, 1, "a_min"), *most = low_given(call, 2, "a_max");
  if (!least) least = low_given(call, -1, "min");
  if (!most) most = low_given(call, -1, "max");
  Value value = call->arguments[0];
  if (least && least->kind != JIT_NONE)
    value = low_ufunc(l, call->node, QL_OP_MAXIMUM, 2, (Value[]){value, *least});
  if (most && most->kind != JIT_NONE)
    value = low_ufunc(l, call->node, QL_OP_MINIMUM, 2, (Value[]){value, *most});
  return value;
}

static Value np_where(Lower *l, const Call *call) {
  if (!low_takes(l, call, 1, 3, "")) return low_unknown();
  if (call->count == 3 && !call->arguments[0].dtype && call->arguments[0].kind == JIT_SCALAR)
    return low_ufunc(l, call->node, QL_OP_SELECT, 3, call->arguments);
  if (call->count == 1)
    return low_call_known(l, call->node, "library.nonzero", 1, call->arguments, NULL);
  if (call->count != 3)
    return low_refuse(l, call->node, "QJ376", "np.where takes a condition, or that and two values",
                      "write np.where(condition, x, y)");
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
    if (k != QL_OP_SELECT && k != QL_OP_FROM_PARTS && k != QL_OP_BITS && k != QL_OP_FROM_BITS &&
        !strcmp(ql_op_info[k].name, name))
      return *op = (QlOp)k, true;
  return false;
}

/* ---- finding them ---- */

static const KnownRow *row_named(const char *name) {
  static const KnownRow *const tables[] = {low_builtins, low_creation, low_shapes,   low_reductions,
                                           of_ufuncs,    low_library,  low_externals};
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

/* A ufunc that stores its result: np.add(x, y, out). */
static Value ufunc_into(Lower *l, const Call *call, QlOp op) {
  int arity = ql_op_info[op].arity;
  const Value *out = low_given(call, arity, "out");
  if (!out || out != &call->arguments[arity] || out->kind != JIT_ARRAY || out->array->element)
    return low_refuse_type(l, call, &call->arguments[arity], "an array for its result, last");
  Value value = low_ufunc(l, call->node, op, arity, call->arguments);
  if (value.kind == JIT_UNKNOWN) return value;
  if (!ql_can_cast_same_kind((QlDtype)value.dtype, (QlDtype)out->dtype))
    return low_refuse(l, call->node, "QJ335",
                      low_text(l, "%s changed in place cannot hold %s", low_type_text(l, out),
                               ql_dtype_name((QlDtype)value.dtype)),
                      "assign to a new name, or convert with .astype(...)");
  low_copy_into(l, call->node, out->array, &value);
  return *out;
}

/* ---- named tuples ---- */

/* "3 x y": the fields of the class are behind its number. */
static int field_named(const char *fields, const char *name) {
  size_t length = strlen(name);
  const char *at = strchr(fields, ' ');
  for (int k = 0; at; k++, at = strchr(at + 1, ' '))
    if (!strncmp(at + 1, name, length) && (at[1 + length] == ' ' || !at[1 + length])) return k;
  return -1;
}

static Value make_named(Lower *l, const Node *node, const char *fields, int count,
                        const Value *arguments, const char *const *keywords) {
  int room = 0, next = 0;
  for (const char *at = strchr(fields, ' '); at; at = strchr(at + 1, ' ')) room++;
  Value *items = low_get(l, (size_t)room * sizeof *items + 1);
  bool good = count == room;
  for (int k = 0; good && k < count; k++) {
    int place = keywords && keywords[k] ? field_named(fields, keywords[k]) : next++;
    good = place >= 0 && place < room && items[place].kind == JIT_UNKNOWN;
    if (good) items[place] = low_settled(l, node, &arguments[k]);
  }
  if (!good)
    return low_refuse(l, node, "QJ327",
                      low_text(l, "a named tuple of %d fields is made here", room),
                      "give each of its fields, once");
  Value value = low_tuple(l, room, items);
  value.text = fields;
  return value;
}

Value low_field(Lower *l, const Value *value, const char *name) {
  int k = field_named(value->text, name);
  (void)l;
  return k < 0 ? low_unknown() : value->items[k];
}

/* ---- the call ---- */

static bool is_ours(const Value *value) {
  if (value->kind == JIT_ARRAY) return value->array->ours;
  for (int k = 0; value->kind == JIT_TUPLE && k < value->count; k++)
    if (is_ours(&value->items[k])) return true;
  return false;
}

/* NumPy's functions take lists as arrays; what may be a view is of memory of its own. */
static const Value *without_lists(Lower *l, const Node *node, const char *name, int count,
                                  const Value *arguments, const KnownRow *row) {
  if (!inside(name, "numpy") && !inside(name, "library")) return arguments;
  Value *all = NULL;
  bool aside = !row;
  for (const KnownRow *shape = low_shapes; row && shape->name; shape++) aside |= shape == row;
  for (int k = 0; k < count; k++) {
    if (!low_is_list(&arguments[k])) continue;
    if (!all) {
      all = low_get(l, (size_t)count * sizeof *all);
      memcpy(all, arguments, (size_t)count * sizeof *all);
    }
    all[k] = low_without_list(l, node, &arguments[k], aside || strstr(name, "as") != NULL);
  }
  return all ? all : arguments;
}

static Value call_named(Lower *l, const Node *node, const char *name, int count,
                        const Value *arguments, const char *const *keywords) {
  const KnownRow *row = row_named(name);
  if (!inside(name, "library")) arguments = without_lists(l, node, name, count, arguments, row);
  Call call = {node, name, count, arguments, keywords};
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
    if (count == arity + 1 && low_takes(l, &call, arity, arity + 1, "out"))
      return ufunc_into(l, &call, op);
    return low_takes(l, &call, arity, arity, "") ? low_ufunc(l, node, op, count, arguments)
                                                 : low_unknown();
  }
  const Node *added = low_added(l, name);
  if (added) return low_call(l, node, added, count, arguments, keywords);
  if (inside(name, "numpy.random"))
    return low_refuse(l, node, "QJ384", "random numbers are not there in @jit yet",
                      "draw them outside the function, and give it the array");
  return low_refuse(l, node, "QJ377", low_text(l, "%s is not there in @jit", name),
                    "call it outside the function, or write it as a loop");
}

/* quelea.f is numpy.f, and what it makes is Quelea's; so is what is made of such. */
Value low_call_known(Lower *l, const Node *node, const char *name, int count,
                     const Value *arguments, const char *const *keywords) {
  if (low_dead(l)) return low_unknown();
  if (!strncmp(name, "external ", 9))
    return low_external(l, node, name, count, arguments, keywords);
  if (!strncmp(name, "named", 5)) return make_named(l, node, name + 5, count, arguments, keywords);
  const char *own = inside(name, "quelea");
  bool before = l->ours;
  l->ours |= own != NULL;
  for (int k = 0; k < count; k++) l->ours |= is_ours(&arguments[k]);
  Value value =
      call_named(l, node, own ? low_text(l, "numpy.%s", own) : name, count, arguments, keywords);
  l->ours = before;
  return value;
}

/* ---- names that are values ---- */

Value low_constant(const char *name) {
  static const struct {
    const char *name;
    double value;
  } numbers[] = {{"pi", M_PI}, {"e", M_E},        {"inf", HUGE_VAL},
                 {"nan", NAN}, {"tau", 2 * M_PI}, {"euler_gamma", 0.57721566490153286061}};
  const char *own = inside(name, "numpy");
  if (!own) own = inside(name, "quelea");
  if (!own) own = inside(name, "math");
  if (!own) own = inside(name, "cmath");
  for (int k = 0; own && k < (int)(sizeof numbers / sizeof *numbers); k++)
    if (!strcmp(own, numbers[k].name)) return low_float(numbers[k].value);
  if (own && (!strcmp(own, "infj") || !strcmp(own, "nanj"))) {
    Value value = low_float(0);
    value.dtype = QL_C128;
    value.constant.z[0] = 0, value.constant.z[1] = own[0] == 'i' ? HUGE_VAL : NAN;
    return value;
  }
  if (own && !strcmp(own, "newaxis")) return low_none();
  for (int d = 0; d < QL_DTYPE_COUNT && own; d++)
    if (!strcmp(own, ql_dtype_info[d].name)) return (Value){.kind = JIT_DTYPE, .dtype = (uint8_t)d};
  return (Value){.kind = JIT_FUNCTION, .text = name};
}
