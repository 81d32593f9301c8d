/* ir_eval against what NumPy gives (numpy_ops.txt, written by numpy_ops.py): the same bits, any NaN
 * for a NaN; library functions within 2 units in the last place. */
#include "../check.h"
#include "ir.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

static QlDtype dtype_named(const char *name) {
  QlDtype dtype = (QlDtype)0;
  while (dtype < QL_DTYPE_COUNT && strcmp(ql_dtype_info[dtype].name, name)) dtype++;
  return dtype;
}

static QlOp op_named(const char *name) {
  QlOp op = (QlOp)0;
  while (op < QL_OP_COUNT && strcmp(ql_op_info[op].name, name)) op++;
  return op;
}

/* Hexadecimal bits, of a complex number the imaginary part first; moves *text behind them and a
 * comma. */
static QlValue read_bits(QlDtype dtype, const char **text) {
  char element[16] = {0};
  size_t size = ql_dtype_info[dtype].size;
  for (size_t byte = size; byte-- > 0; *text += 2) {
    unsigned value = 0;
    sscanf(*text, "%2x", &value);
    element[byte] = (char)value;
  }
  *text += **text == ',';
  return ir_read(dtype, element);
}

/* ---- when is a result right? ---- */

/* The parts as doubles, and the unit of the last place of 1. */
static double parts(QlDtype dtype, QlValue value, double part[2]) {
  part[1] = 0;
  switch (dtype) {
    case QL_F16: part[0] = ql_half_to_float(value.h); return 0x1p-10;
    case QL_F32: part[0] = value.f; return FLT_EPSILON;
    case QL_F64: part[0] = value.d; return DBL_EPSILON;
    case QL_C64: part[0] = value.c[0], part[1] = value.c[1]; return FLT_EPSILON;
    default: part[0] = value.z[0], part[1] = value.z[1]; return DBL_EPSILON;
  }
}

static bool is_library_function(QlOp op, QlDtype loop) {
  if (ql_dtype_info[loop].kind == QL_KIND_COMPLEX)
    return (ql_op_info[op].domain == QL_DOMAIN_INEXACT && op != QL_OP_RINT) || op == QL_OP_POWER ||
           op == QL_OP_FLOAT_POWER || op == QL_OP_SIGN || op == QL_OP_ABSOLUTE;
  if (ql_dtype_info[loop].kind != QL_KIND_FLOAT) return false;
  if (op == QL_OP_FMOD) return false; /* exact */
  return ir_math(op, QL_F64) || op == QL_OP_FLOAT_POWER || op == QL_OP_LOGADDEXP ||
         op == QL_OP_LOGADDEXP2;
}

/* By how many units NumPy's complex powers may be wrong, and so differ: by those of the exponent of
 * which it takes the exponential. */
static double units(QlOp op, QlDtype dtype, const QlValue *args) {
  double a[2], b[2];
  if (ql_dtype_info[dtype].kind != QL_KIND_COMPLEX) return 2;
  parts(dtype, args[0], a), parts(dtype, args[1], b);
  if (op == QL_OP_EXP2) return 2 + hypot(a[0], a[1]);
  if (op != QL_OP_POWER && op != QL_OP_FLOAT_POWER) return 2;
  double size = hypot(b[0], b[1]) * hypot(log(hypot(a[0], a[1])), atan2(a[1], a[0]));
  return 2 + (isfinite(size) ? size : 0);
}

/* `size`: what the error is relative to. logaddexp cancels, so to its arguments. */
static bool is_near(QlOp op, QlDtype dtype, QlValue got, QlValue want, const QlValue *args) {
  double g[2], w[2], a[2], b[2], unit = parts(dtype, want, w), size;
  parts(dtype, got, g);
  size = hypot(w[0], w[1]);
  if (op == QL_OP_LOGADDEXP || op == QL_OP_LOGADDEXP2) {
    parts(dtype, args[0], a), parts(dtype, args[1], b);
    size = fmax(size, fmax(fabs(a[0]), fabs(b[0])));
  }
  double smallest = unit == DBL_EPSILON ? DBL_MIN : unit == FLT_EPSILON ? FLT_MIN : 0x1p-14;
  for (int k = 0; k < 2; k++) {
    if (isnan(w[k]) && isnan(g[k])) continue;
    if (g[k] == w[k]) continue;
    if (isinf(g[k]) && fabs(w[k]) > DBL_MAX * (1 - 2e-6))
      continue; /* SLEEF's exponential ends at exp(709.7827111) */
    double most = isinf(size) ? fabs(w[k]) : size; /* beside an infinite part: that of the part */
    if (!(fabs(g[k] - w[k]) <= units(op, dtype, args) * unit * fmax(most, smallest)) || isinf(w[k]))
      return false;
  }
  return true;
}

static bool is_same(QlDtype dtype, QlValue got, QlValue want) {
  double g[2], w[2];
  if (got.bits[0] == want.bits[0] && got.bits[1] == want.bits[1]) return true;
  if (ql_dtype_info[dtype].kind != QL_KIND_FLOAT && ql_dtype_info[dtype].kind != QL_KIND_COMPLEX)
    return false;
  parts(dtype, got, g), parts(dtype, want, w);
  for (int k = 0; k < 2; k++)
    if (!(isnan(g[k]) && isnan(w[k])) && (g[k] != w[k] || signbit(g[k]) != signbit(w[k])))
      return false;
  return true;
}

/* ---- the table ---- */

static void check_case(QlOp op, QlDtype loop, const char *text) {
  QlDtype result = ir_result(op, loop);
  QlValue args[2] = {{.bits = {0, 0}}, {.bits = {0, 0}}};
  const char *rest = text;
  for (int a = 0; a < ql_op_info[op].arity; a++) args[a] = read_bits(loop, &rest);
  QlValue want = read_bits(result, &rest), got = ir_eval(op, loop, args);
  bool good = is_library_function(op, loop) ? is_near(op, result, got, want, args)
                                            : is_same(result, got, want);
  if (!CHECK(good))
    fprintf(stderr, "%s %s: %.*s, got %llx %llx\n", ql_op_info[op].name, ql_dtype_info[loop].name,
            (int)strcspn(text, " \n"), text, (unsigned long long)got.bits[1],
            (unsigned long long)got.bits[0]);
}

static void numpy_agrees(void) {
  static char line[1 << 16];
  static bool seen[QL_OP_COUNT][QL_DTYPE_COUNT];
  FILE *file = fopen(NUMPY_OPS, "r");
  if (!CHECK(file)) return;
  while (fgets(line, sizeof line, file)) {
    char name[32], dtype_name[32];
    int at = 0;
    if (!CHECK_INT_EQ(sscanf(line, "%31s %31s %n", name, dtype_name, &at), 2)) break;
    QlOp op = op_named(name);
    QlDtype dtype = dtype_named(dtype_name);
    if (!CHECK(op < QL_OP_COUNT && dtype < QL_DTYPE_COUNT && ir_has_loop(op, dtype))) break;
    seen[op][dtype] = true;
    for (const char *text = line + at; *text;
         text += strcspn(text, " \n"), text += strspn(text, " \n"))
      check_case(op, dtype, text);
  }
  fclose(file);
  for (int op = 0; op < QL_OP_COUNT; op++)
    for (int dtype = 0; dtype < QL_DTYPE_COUNT; dtype++)
      if (op != QL_OP_SELECT) CHECK_INT_EQ(seen[op][dtype], ir_has_loop((QlOp)op, (QlDtype)dtype));
}

/* ---- what the table does not have ---- */

static void select_chooses(void) {
  QlValue args[3] = {{.bits = {1, 0}}, {.bits = {7, 0}}, {.bits = {9, 0}}};
  CHECK_INT_EQ(ir_eval(QL_OP_SELECT, QL_I32, args).i, 7);
  args[0].bits[0] = 0;
  CHECK_INT_EQ(ir_eval(QL_OP_SELECT, QL_I32, args).i, 9);
}

/* A negative exponent is read as unsigned: for odd bases the inverse modulo 2^width. */
static void negative_powers_wrap(void) {
  QlValue args[2] = {{.i = 3}, {.i = -1}};
  CHECK_INT_EQ((int8_t)(3 * ir_eval(QL_OP_POWER, QL_I8, args).i), 1);
  CHECK_INT_EQ((int64_t)(3u * (uint64_t)ir_eval(QL_OP_POWER, QL_I64, args).i), 1);
  args[0].i = 2;
  CHECK_INT_EQ(ir_eval(QL_OP_POWER, QL_I16, args).i, 0);
}

static void elements_are_canonical(void) {
  uint8_t bytes[16];
  memset(bytes, 0xfe, sizeof bytes);
  CHECK_INT_EQ(ir_read(QL_BOOL, bytes).u, 1);
  CHECK_INT_EQ(ir_read(QL_I8, bytes).i, -2);
  CHECK_INT_EQ(ir_read(QL_U16, bytes).u, 0xfefe);
  CHECK_INT_EQ(ir_read(QL_F32, bytes).bits[0], 0xfefefefe);
  ir_write(QL_I16, bytes, (QlValue){.i = -1});
  CHECK_INT_EQ(bytes[0] == 0xff && bytes[1] == 0xff && bytes[2] == 0xfe, true);
}

static void elements_by_address(void) {
  double a[2] = {3, 4}, b[2] = {1, -2}, product[2] = {0}, size = 0;
  bool less = true;
  ir_eval_elements(QL_OP_MULTIPLY, QL_C128, a, b, product);
  CHECK(product[0] == 11 && product[1] == -2);
  ir_eval_elements(QL_OP_ABSOLUTE, QL_C128, a, NULL, &size);
  CHECK(size == 5);
  ir_eval_elements(QL_OP_LESS, QL_C128, a, b, &less);
  CHECK_INT_EQ(less, false);
}

CHECK_MAIN(CHECK_TEST(numpy_agrees), CHECK_TEST(select_chooses), CHECK_TEST(negative_powers_wrap),
           CHECK_TEST(elements_are_canonical), CHECK_TEST(elements_by_address))
