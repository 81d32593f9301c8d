/* Promotion, casting rules and the resolution of operations, against NumPy's own tables
 * (numpy_types.txt). */
#include "../check.h"
#include "table.h"

/* A check of one cell that names it: the cells of a table share one line of source. */
static void cell(bool right, const Table *table, int column) {
  if (!CHECK(right) && check_tally.failures <= CHECK_PRINTED)
    fprintf(stderr, "  column %d of: %.60s...\n", column, table->text);
}

static const char *dtype_ir(QlDtype dtype) {
  return dtype < QL_DTYPE_COUNT ? ql_dtype_info[dtype].ir : "none";
}

static void promotion(void) {
  Table table;
  if (!CHECK(table_open(&table, "numpy_types.txt"))) return;
  int rows = 0;
  while (table_next(&table)) {
    bool promotes = table_is(&table, "promote"), safe = table_is(&table, "safe"),
         kind = table_is(&table, "same_kind");
    if (!promotes && !safe && !kind) continue;
    rows++;
    QlDtype a = table_dtype(table.word[1]);
    CHECK_INT_EQ(table.count, 2 + QL_DTYPE_COUNT);
    for (int b = 0; b < QL_DTYPE_COUNT; b++) {
      const char *want = table.word[2 + b];
      if (promotes) cell(strcmp(dtype_ir(ql_promote(a, (QlDtype)b)), want) == 0, &table, b);
      if (safe) cell(ql_can_cast_safely(a, (QlDtype)b) == (*want == '1'), &table, b);
      if (kind) cell(ql_can_cast_same_kind(a, (QlDtype)b) == (*want == '1'), &table, b);
    }
  }
  CHECK_INT_EQ(rows, 3 * QL_DTYPE_COUNT);
  table_close(&table);
}

/* "LOOP>RESULT", or "-" for a failure, of an operation on these inputs; as the tables write it. */
static const char *resolution(QlOp op, const QlScalar *inputs, char *buffer, size_t size) {
  QlDtype loop, result;
  if (ql_op_resolve(op, inputs, &loop, &result, NULL) != QL_OK) return "-";
  snprintf(buffer, size, "%s>%s", dtype_ir(loop), dtype_ir(result));
  return buffer;
}

static void loops_of_one_input(void) {
  Table table;
  if (!CHECK(table_open(&table, "numpy_types.txt"))) return;
  int rows = 0;
  char buffer[64];
  while (table_next(&table)) {
    if (!table_is(&table, "unary")) continue;
    rows++;
    QlOp op = table_op(table.word[1]);
    if (!CHECK(op < QL_OP_COUNT)) continue;
    CHECK_INT_EQ(ql_op_info[op].arity, 1);
    for (int dtype = 0; dtype < QL_DTYPE_COUNT; dtype++) {
      const char *want = table.word[2 + dtype];
      QlScalar input = {.dtype = (QlDtype)dtype};
      cell(strcmp(resolution(op, &input, buffer, sizeof buffer), want) == 0, &table, dtype);
      QlDtype loop, result;
      QlStatus status = ql_op_types(op, (QlDtype)dtype, &loop, &result, NULL);
      if (status == QL_OK)
        snprintf(buffer, sizeof buffer, "%s>%s", dtype_ir(loop), dtype_ir(result));
      cell(strcmp(status == QL_OK ? buffer : "-", want) == 0, &table, dtype);
    }
  }
  CHECK(rows > 35);
  table_close(&table);
}

static void loops_of_two_inputs(void) {
  Table table;
  if (!CHECK(table_open(&table, "numpy_types.txt"))) return;
  int rows = 0;
  char buffer[64];
  while (table_next(&table)) {
    if (!table_is(&table, "binary")) continue;
    rows++;
    QlOp op = table_op(table.word[1]);
    QlDtype a = table_dtype(table.word[2]);
    if (!CHECK(op < QL_OP_COUNT && a < QL_DTYPE_COUNT)) continue;
    CHECK_INT_EQ(ql_op_info[op].arity, 2);
    for (int b = 0; b < QL_DTYPE_COUNT; b++) {
      const char *want = table.word[3 + b];
      QlScalar inputs[2] = {{.dtype = a}, {.dtype = (QlDtype)b}},
               swapped[2] = {inputs[1], inputs[0]};
      cell(strcmp(resolution(op, inputs, buffer, sizeof buffer), want) == 0, &table, b);
      if (op == QL_OP_LDEXP) continue; /* its inputs are of two kinds */
      cell(strcmp(resolution(op, swapped, buffer, sizeof buffer), want) == 0, &table, b);
    }
  }
  CHECK(rows > 30 * QL_DTYPE_COUNT);
  table_close(&table);
}

/* Every operation of ops.def is a row of NumPy's tables, but those that are no ufunc. */
static void every_operation_is_compared(void) {
  Table table;
  if (!CHECK(table_open(&table, "numpy_types.txt"))) return;
  bool seen[QL_OP_COUNT] = {
      [QL_OP_REAL] = true,       [QL_OP_IMAG] = true,     [QL_OP_SELECT] = true,
      [QL_OP_FROM_PARTS] = true, [QL_OP_MANTISSA] = true, [QL_OP_EXPONENT] = true,
      [QL_OP_BITS] = true,       [QL_OP_FROM_BITS] = true};
  while (table_next(&table))
    if (table_is(&table, "unary") || table_is(&table, "binary")) {
      QlOp op = table_op(table.word[1]);
      if (CHECK(op < QL_OP_COUNT)) seen[op] = true;
    }
  for (int op = 0; op < QL_OP_COUNT; op++)
    if (!CHECK(seen[op])) fprintf(stderr, "%s\n", ql_op_name((QlOp)op));
  table_close(&table);
}

/* ---- beside Python literals ---- */

enum { MAX_LITERALS = 64 };

typedef struct Literals {
  QlScalar scalar[MAX_LITERALS];
  int count;
} Literals;

static void take_literals(const Table *table, Literals *literals) {
  literals->count = table->count - 1;
  for (int k = 0; k < literals->count; k++) literals->scalar[k] = table_literal(table->word[1 + k]);
}

static const char *weak_result(QlOp op, const QlScalar *inputs) {
  QlDtype loop, result;
  switch (ql_op_resolve(op, inputs, &loop, &result, NULL)) {
    case QL_OK: return dtype_ir(result);
    case QL_ERR_OVERFLOW: return "O";
    case QL_ERR_VALUE: return "V";
    case QL_ERR_CAST: return "T";
    default: return "?";
  }
}

static void beside_literals(void) {
  Table table;
  Literals literals = {.count = 0};
  if (!CHECK(table_open(&table, "numpy_types.txt"))) return;
  int rows = 0;
  while (table_next(&table)) {
    if (table_is(&table, "literals")) take_literals(&table, &literals);
    if (!table_is(&table, "weak")) continue;
    rows++;
    QlOp op = table_op(table.word[1]);
    QlDtype a = table_dtype(table.word[2]);
    if (!CHECK(op < QL_OP_COUNT) || !CHECK_INT_EQ(table.count, 3 + literals.count)) continue;
    for (int k = 0; k < literals.count; k++) {
      const char *want = table.word[3 + k];
      if (*want == '*') continue;
      QlScalar inputs[2] = {{.dtype = a}, literals.scalar[k]}, swapped[2] = {inputs[1], inputs[0]};
      cell(strcmp(weak_result(op, inputs), want) == 0, &table, k);
      bool is_one_way = *want == 'V' || op == QL_OP_LDEXP; /* its inputs are of two kinds */
      if (!is_one_way) cell(strcmp(weak_result(op, swapped), want) == 0, &table, k);
      /* An addition adds nothing to the rule itself. */
      QlDtype result;
      bool overflows =
          op == QL_OP_ADD && ql_promote_weak(a, &literals.scalar[k], &result, NULL) != QL_OK;
      if (op == QL_OP_ADD) cell(strcmp(overflows ? "O" : dtype_ir(result), want) == 0, &table, k);
    }
  }
  CHECK(rows > 30 * QL_DTYPE_COUNT);
  table_close(&table);
}

/* -1, 0, 1 for less, equal, greater; 2 when a NaN is in it. Two dtypes: int64 and uint64, in either
 * order. Complex numbers are ordered as NumPy does: by their real parts, then by the imaginary
 * ones. */
static int order(QlDtype dtype, QlValue a, QlDtype other, QlValue b) {
  if (dtype == QL_I64 && other == QL_U64) return a.i < 0 || a.u < b.u ? -1 : a.u > b.u;
  if (dtype == QL_U64 && other == QL_I64) return b.i < 0 || a.u > b.u ? 1 : a.u < b.u ? -1 : 0;
  QlKind kind = (QlKind)ql_dtype_info[dtype].kind;
  if (kind == QL_KIND_INT) return (a.i > b.i) - (a.i < b.i);
  if (kind == QL_KIND_UINT || kind == QL_KIND_BOOL) return (a.u > b.u) - (a.u < b.u);
  QlValue x = ql_convert(dtype, a, QL_C128), y = ql_convert(dtype, b, QL_C128);
  for (int k = 0; k < 2; k++) {
    if (x.z[k] != x.z[k] || y.z[k] != y.z[k]) return 2;
    if (x.z[k] != y.z[k]) return x.z[k] < y.z[k] ? -1 : 1;
  }
  return 0;
}

static bool evaluate(QlOp op, QlDtype loop, const QlScalar *inputs) {
  QlDtype dtype[2];
  for (int k = 0; k < 2; k++) dtype[k] = ql_op_input(op, k, inputs[k].dtype, loop);
  QlValue a = ql_scalar_as(&inputs[0], dtype[0]), b = ql_scalar_as(&inputs[1], dtype[1]);
  int way = order(dtype[0], a, dtype[1], b);
  bool truth_a = ql_convert(loop, a, QL_BOOL).b, truth_b = ql_convert(loop, b, QL_BOOL).b;
  switch (op) {
    case QL_OP_LESS: return way == -1;
    case QL_OP_EQUAL: return way == 0;
    case QL_OP_GREATER_EQUAL: return way == 0 || way == 1;
    case QL_OP_LOGICAL_AND: return truth_a && truth_b;
    default: return truth_a != truth_b;
  }
}

/* Comparisons and logical operations give NumPy's answers once both sides are converted to the loop
 * that was chosen. */
static void answers_beside_literals(void) {
  Table table;
  Literals literals = {.count = 0};
  if (!CHECK(table_open(&table, "numpy_types.txt"))) return;
  QlValue element[16];
  int elements = 0, rows = 0;
  while (table_next(&table)) {
    if (table_is(&table, "literals")) take_literals(&table, &literals);
    if (table_is(&table, "elements")) {
      elements = table.count - 2;
      for (int k = 0; k < elements; k++)
        element[k] = table_value(table_dtype(table.word[1]), table.word[2 + k]);
    }
    if (!table_is(&table, "values")) continue;
    rows++;
    QlOp op = table_op(table.word[1]);
    QlDtype a = table_dtype(table.word[2]), loop, result;
    for (int k = 0; k < literals.count; k++) {
      const char *want = table.word[3 + k];
      if (*want == '*') continue;
      QlScalar inputs[2] = {{.dtype = a}, literals.scalar[k]};
      if (!CHECK_INT_EQ(ql_op_resolve(op, inputs, &loop, &result, NULL), QL_OK)) continue;
      CHECK_INT_EQ(strlen(want), elements);
      for (int e = 0; e < elements; e++) {
        inputs[0].value = element[e];
        cell(evaluate(op, loop, inputs) == (want[e] == '1'), &table, k);
      }
    }
  }
  CHECK_INT_EQ(rows, 5 * QL_DTYPE_COUNT);
  table_close(&table);
}

static void literals_alone(void) {
  static const struct {
    QlOp op;
    const char *a, *b, *want; /* numpy.add(1, 2).dtype and so on */
  } cases[] = {
      {QL_OP_ADD, "True", "True", "b8"},
      {QL_OP_ADD, "True", "1", "i64"},
      {QL_OP_ADD, "1", "2", "i64"},
      {QL_OP_ADD, "1", "2.5", "f64"},
      {QL_OP_MULTIPLY, "1.5", "1j", "c128"},
      {QL_OP_DIVIDE, "1", "2", "f64"},
      {QL_OP_SUBTRACT, "True", "1", "i64"},
      {QL_OP_SUBTRACT, "True", "True", "T"},
      {QL_OP_ARCTAN2, "1", "2", "f64"},
      {QL_OP_ARCTAN2, "True", "True", "f16"},
      {QL_OP_POWER, "2", "-1", "V"},
      {QL_OP_DIVIDE, "1", "9223372036854775808", "f64"},
      {QL_OP_ADD, "1", "9223372036854775808", "O"},
      {QL_OP_ADD, "9223372036854775808", "9223372036854775808", "O"},
      {QL_OP_LEFT_SHIFT, "1", "9223372036854775808", "O"},
  };
  for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
    QlScalar inputs[2] = {table_literal(cases[k].a), table_literal(cases[k].b)};
    CHECK_STR_EQ(weak_result(cases[k].op, inputs), cases[k].want);
  }
  QlScalar one = table_literal("9223372036854775808");
  CHECK_STR_EQ(weak_result(QL_OP_SQRT, &one), "f64");
  CHECK_STR_EQ(weak_result(QL_OP_NEGATIVE, &one), "u64");
  one = table_literal("True");
  CHECK_STR_EQ(weak_result(QL_OP_SQRT, &one), "f16");
}

/* numpy.where: the condition's dtype is of no matter, a weak integer wraps. */
static void selection(void) {
  QlDtype loop, result;
  QlScalar inputs[3] = {{.dtype = QL_C128}, {.dtype = QL_U8}, table_literal("300")};
  CHECK_INT_EQ(ql_op_resolve(QL_OP_SELECT, inputs, &loop, &result, NULL), QL_OK);
  CHECK_INT_EQ(loop, QL_U8);
  CHECK_INT_EQ(result, QL_U8);
  CHECK_INT_EQ(ql_scalar_as(&inputs[2], loop).u, 44);
  inputs[2] = table_literal("3.5");
  CHECK_INT_EQ(ql_op_resolve(QL_OP_SELECT, inputs, &loop, &result, NULL), QL_OK);
  CHECK_INT_EQ(result, QL_F64);
  inputs[2] = (QlScalar){.dtype = QL_I8};
  CHECK_INT_EQ(ql_op_resolve(QL_OP_SELECT, inputs, &loop, &result, NULL), QL_OK);
  CHECK_INT_EQ(result, QL_I16);
  inputs[1] = table_literal("1"), inputs[2] = table_literal("2");
  CHECK_INT_EQ(ql_op_resolve(QL_OP_SELECT, inputs, &loop, &result, NULL), QL_OK);
  CHECK_INT_EQ(result, QL_I64);
}

static void messages(void) {
  Table table;
  if (!CHECK(table_open(&table, "numpy_types.txt"))) return;
  int rows = 0;
  while (table_next(&table)) {
    if (!table_is(&table, "message")) continue;
    rows++;
    QlScalar inputs[2] = {{.dtype = table_dtype(table.word[2])}};
    if (*table.word[3] != '-' || table.word[3][1]) inputs[1] = table_literal(table.word[3]);
    QlDtype loop, result;
    QlError error = {0};
    CHECK(ql_op_resolve(table_op(table.word[1]), inputs, &loop, &result, &error) != QL_OK);
    size_t skipped = (size_t)(table.word[4] - table.line);
    CHECK_STR_EQ(error.text, table.text + skipped);
  }
  CHECK(rows > 15);
  table_close(&table);
}

CHECK_MAIN(CHECK_TEST(promotion), CHECK_TEST(loops_of_one_input), CHECK_TEST(loops_of_two_inputs),
           CHECK_TEST(every_operation_is_compared), CHECK_TEST(beside_literals),
           CHECK_TEST(answers_beside_literals), CHECK_TEST(literals_alone), CHECK_TEST(selection),
           CHECK_TEST(messages))
