/* Attributes and methods of numbers and arrays. Most methods are NumPy's functions of that name. */
#include "calls.h"

static Value parts(Lower *l, const Node *node, const Value *value, bool is_real) {
  if (value->kind == JIT_SCALAR && value->weak && value->dtype == QL_BOOL) {
    Value whole = low_convert(l, value, &low_weak_int); /* an int in Python */
    return parts(l, node, &whole, is_real);
  }
  if (value->kind == JIT_SCALAR && value->weak) {
    QlDtype part = (QlDtype)ql_dtype_info[value->dtype].part;
    return low_scalar(part, true, low_op1(l, is_real ? QL_OP_REAL : QL_OP_IMAG, low_ref(l, value)));
  }
  return low_ufunc(l, node, is_real ? QL_OP_REAL : QL_OP_IMAG, 1, value);
}

Value low_attribute(Lower *l, const Node *node, const Value *value, const char *name) {
  Call call = {node, name, 0, NULL, NULL};
  const Array *array = value->kind == JIT_ARRAY && !value->array->list ? value->array : NULL;
  if (value->kind == JIT_TUPLE && value->text) {
    Value field = low_field(l, value, name);
    if (field.kind != JIT_UNKNOWN) return field;
  }
  static const char *const parts_of_slice[] = {"start", "stop", "step"};
  for (int k = 0; value->kind == JIT_SLICE && k < 3; k++)
    if (!strcmp(name, parts_of_slice[k])) return value->items[k];
  if (value->kind == JIT_DTYPE && !strcmp(name, "kind"))
    return (Value){.kind = JIT_TEXT, .text = low_kind_text((QlDtype)value->dtype)};
  if (value->kind == JIT_DTYPE && !strcmp(name, "itemsize"))
    return low_int(ql_dtype_info[value->dtype].size);
  if (value->kind == JIT_DTYPE && !strcmp(name, "type")) return *value;
  if (value->kind == JIT_DTYPE && !strcmp(name, "name"))
    return (Value){.kind = JIT_TEXT, .text = ql_dtype_info[value->dtype].name};
  bool number = array || value->kind == JIT_SCALAR;
  if (number && !strcmp(name, "real")) return parts(l, node, value, true);
  if (number && !strcmp(name, "imag")) return parts(l, node, value, false);
  if (number && !strcmp(name, "dtype") && (array || !value->weak))
    return (Value){.kind = JIT_DTYPE, .dtype = array ? array->dtype : value->dtype};
  if (array && !strcmp(name, "shape")) return low_shape_of(l, array);
  if (number && !strcmp(name, "ndim")) return low_int(array ? array->ndim : 0);
  if (array && !strcmp(name, "T")) return low_transposed(l, &call, value);
  if (array && !strcmp(name, "flat")) return low_call_known(l, node, "numpy.ravel", 1, value, NULL);
  if (array && !strcmp(name, "itemsize")) return low_int(ql_dtype_info[array->dtype].size);
  if (array && (!strcmp(name, "size") || !strcmp(name, "nbytes"))) {
    Value size = low_scalar(QL_I64, true, low_size(l, array)),
          bytes = low_int(ql_dtype_info[array->dtype].size);
    size.natural = true;
    return name[0] == 's' ? size : low_binary(l, node, "mul", &size, &bytes);
  }
  return low_refuse(l, node, "QJ378",
                    low_text(l, "%s has no attribute '%s' in @jit", low_type_text(l, value), name),
                    "take it outside the function");
}

/* What every list and array has: NumPy's function of that name of them. */
static Value as_function(Lower *l, const Node *node, const Value *value, const char *prefix,
                         const char *name, int count, const Value *arguments,
                         const char *const *keywords) {
  Value *all = low_get(l, (size_t)(count + 1) * sizeof *all);
  const char **names = low_get(l, (size_t)(count + 1) * sizeof *names);
  all[0] = *value;
  for (int m = 0; m < count; m++)
    all[m + 1] = arguments[m], names[m + 1] = keywords ? keywords[m] : NULL;
  return low_call_known(l, node, low_text(l, "%s.%s", prefix, name), count + 1, all,
                        (const char *const *)names);
}

static Value method(Lower *l, const Node *node, const Value *value, const char *name, int count,
                    const Value *arguments, const char *const *keywords) {
  Call call = {node, name, count, arguments, keywords};
  bool number = (value->kind == JIT_ARRAY && !value->array->list) || value->kind == JIT_SCALAR;
  if (value->kind == JIT_FUNCTION && value->text) { /* np.add.outer */
    const char *own = strrchr(value->text, '.');
    if (own && !strcmp(name, "outer"))
      return as_function(l, node, value, "library", "outer_of", count, arguments, keywords);
  }
  if (low_is_list(value) && (!strcmp(name, "index") || !strcmp(name, "count")))
    return as_function(l, node, value, "library", low_text(l, "list_%s", name), count, arguments,
                       keywords);
  if (number && !strcmp(name, "astype")) {
    QlDtype dtype;
    if (!low_takes(l, &call, 1, 1, "dtype copy") ||
        !low_dtype_argument(l, &call, low_given(&call, 0, "dtype"), QL_F64, &dtype))
      return low_unknown();
    return low_astype(l, node, value, dtype);
  }
  if (value->kind == JIT_ARRAY && number && !strcmp(name, "fill")) {
    if (low_takes(l, &call, 1, 1, "value")) low_copy_into(l, node, value->array, &arguments[0]);
    return low_none();
  }
  if (value->kind == JIT_ARRAY && number && !strcmp(name, "sort"))
    return as_function(l, node, value, "library", "sort_in_place", count, arguments, keywords);
  if (value->kind == JIT_ARRAY && number && !strcmp(name, "transpose") && count > 1) {
    Value axes = low_tuple(l, count, arguments);
    return as_function(l, node, value, "numpy", name, 1, &axes, NULL);
  }
  if (value->kind == JIT_ARRAY && number && !strcmp(name, "reshape") && count != 1) {
    Value shape = low_tuple(l, count, arguments);
    return low_reshaped(l, &call, value, &shape);
  }
  if (number && !strcmp(name, "item") && count == 0) {
    Call one = {node, name, 1, value, NULL};
    static const QlDtype wide[] = {[QL_KIND_BOOL] = QL_BOOL,
                                   [QL_KIND_INT] = QL_I64,
                                   [QL_KIND_UINT] = QL_I64,
                                   [QL_KIND_FLOAT] = QL_F64,
                                   [QL_KIND_COMPLEX] = QL_C128};
    return low_as_weak(
        l, &one,
        wide[ql_dtype_info[value->kind == JIT_ARRAY ? value->array->dtype : value->dtype].kind]);
  }
  if (value->kind == JIT_ARRAY && number && !strcmp(name, "flatten")) {
    if (!low_takes(l, &call, 0, 0, "")) return low_unknown();
    Value copy = low_copy(l, node, value);
    return low_dead(l) ? copy : low_flat(l, &call, &copy);
  }
  bool conjugate =
      !strcmp(name, "conjugate") && value->kind == JIT_SCALAR && value->weak && count == 0;
  if (conjugate) {
    if (ql_dtype_info[value->dtype].kind != QL_KIND_COMPLEX) return *value;
    return low_scalar((QlDtype)value->dtype, true, low_op1(l, QL_OP_CONJUGATE, low_ref(l, value)));
  }
  static const char *const methods[] = {
      "sum",     "prod",     "min",          "max",     "any",       "all",       "mean",
      "copy",    "reshape",  "ravel",        "conj",    "transpose", "conjugate", "clip",
      "dot",     "argmin",   "argmax",       "cumsum",  "cumprod",   "std",       "var",
      "trace",   "round",    "argsort",      "nonzero", "diagonal",  "repeat",    "take",
      "squeeze", "swapaxes", "searchsorted", "ptp"};
  for (int k = 0; number && k < (int)(sizeof methods / sizeof *methods); k++)
    if (!strcmp(methods[k], name))
      return as_function(l, node, value, "numpy", name, count, arguments, keywords);
  return low_refuse(l, node, "QJ379",
                    low_text(l, "%s has no method '%s' in @jit", low_type_text(l, value), name),
                    "call it outside the function, or write it as a loop");
}

Value low_method(Lower *l, const Node *node, const Value *value, const char *name, int count,
                 const Value *arguments, const char *const *keywords) {
  bool ours = l->ours;
  l->ours |= value->kind == JIT_ARRAY && value->array->ours;
  Value result = method(l, node, value, name, count, arguments, keywords);
  l->ours = ours;
  return result;
}
