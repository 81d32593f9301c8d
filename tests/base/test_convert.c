/* Conversions of one element: against NumPy's astype (numpy_casts.txt), and float16 against its
 * definition, for all of it. */
#include "../check.h"
#include "table.h"

#include <math.h>

static void casts(void) {
  static QlValue input[TABLE_WORDS];
  Table table;
  if (!CHECK(table_open(&table, "numpy_casts.txt"))) return;
  int inputs = 0, rows = 0;
  while (table_next(&table)) {
    QlDtype from = table_dtype(table.word[1]);
    if (table_is(&table, "inputs")) {
      inputs = table.count - 2;
      for (int k = 0; k < inputs; k++) input[k] = table_value(from, table.word[2 + k]);
    }
    if (!table_is(&table, "cast")) continue;
    rows++;
    QlDtype to = table_dtype(table.word[2]);
    if (!CHECK_INT_EQ(table.count, 3 + inputs)) continue;
    for (int k = 0; k < inputs; k++) {
      QlValue got = ql_convert(from, input[k], to);
      if (!CHECK(same_value(to, got, table_value(to, table.word[3 + k]))))
        fprintf(stderr, "  input %d of %s to %s: got %" PRIx64 ",%" PRIx64 ", expected %s\n", k,
                table.word[1], table.word[2], got.bits[0], got.bits[1], table.word[3 + k]);
    }
  }
  CHECK_INT_EQ(rows, QL_DTYPE_COUNT * QL_DTYPE_COUNT);
  table_close(&table);
}

/* A Python literal as an element: NumPy takes integers to floats through float64. */
static void literals(void) {
  static QlScalar literal[TABLE_WORDS];
  Table table;
  if (!CHECK(table_open(&table, "numpy_types.txt"))) return;
  int count = 0, rows = 0;
  while (table_next(&table)) {
    if (table_is(&table, "literals")) {
      count = table.count - 1;
      for (int k = 0; k < count; k++) literal[k] = table_literal(table.word[1 + k]);
    }
    if (!table_is(&table, "scalar")) continue;
    rows++;
    QlDtype to = table_dtype(table.word[1]);
    if (!CHECK_INT_EQ(table.count, 2 + count)) continue;
    for (int k = 0; k < count; k++) {
      const char *want = table.word[2 + k];
      if (*want == '*') continue;
      if (!CHECK(same_value(to, ql_scalar_as(&literal[k], to), table_value(to, want))))
        fprintf(stderr, "  literal %d to %s\n", k, table.word[1]);
    }
  }
  CHECK_INT_EQ(rows, QL_DTYPE_COUNT);
  table_close(&table);
  QlScalar strong = table_literal(
      "1152921573326323713"); /* 2^60 + 2^36 + 1: rounds up at once, down in two steps */
  CHECK(ql_scalar_as(&strong, QL_F32).f == 0x1p60f);
  strong.weak = false;
  CHECK(ql_scalar_as(&strong, QL_F32).f == 0x1.000002p60f);
}

/* The value of finite float16 bits by the definition. */
static double half_value(uint16_t bits) {
  int exponent = bits >> 10 & 0x1f, fraction = bits & 0x3ff;
  double magnitude = exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);
  return bits & 0x8000 ? -magnitude : magnitude;
}

static void half_widens(void) {
  for (uint32_t bits = 0; bits < 0x10000; bits++) {
    float got = ql_half_to_float((uint16_t)bits);
    bool special = (bits & 0x7c00) == 0x7c00;
    if (special && (bits & 0x3ff))
      CHECK(isnan(got));
    else if (special)
      CHECK(isinf(got) && !signbit(got) == !(bits & 0x8000));
    else
      CHECK((double)got == half_value((uint16_t)bits) && !signbit(got) == !(bits & 0x8000));
    bool nan = special && (bits & 0x3ff);
    CHECK(nan ? part_is_nan(QL_F16, ql_half_from_float(got)) : ql_half_from_float(got) == bits);
    CHECK(nan ? part_is_nan(QL_F16, ql_half_from_double(got)) : ql_half_from_double(got) == bits);
  }
}

/* Between each pair of neighbours: below the middle down, above it up, the middle to the even one.
 */
static void half_rounds(void) {
  for (uint16_t low = 0; low < 0x7c00; low++) {
    uint16_t high = low + 1, even = low & 1 ? high : low;
    double floor_value = half_value(low), top = high == 0x7c00 ? 65536.0 : half_value(high);
    double middle = (floor_value + top) / 2;
    CHECK_INT_EQ(ql_half_from_double(middle), even);
    CHECK_INT_EQ(ql_half_from_double(nextafter(middle, 0)), low);
    CHECK_INT_EQ(ql_half_from_double(nextafter(middle, INFINITY)), high);
    CHECK_INT_EQ(ql_half_from_double(-middle), even | 0x8000);
    CHECK_INT_EQ(ql_half_from_float((float)middle), even); /* the middle is exact in float */
    CHECK_INT_EQ(ql_half_from_float(nextafterf((float)middle, 0)), low);
    CHECK_INT_EQ(ql_half_from_float(-nextafterf((float)middle, INFINITY)), high | 0x8000);
  }
}

static void half_ends(void) {
  CHECK_INT_EQ(ql_half_from_float(3.4e38f), 0x7c00);
  CHECK_INT_EQ(ql_half_from_double(-1e308), 0xfc00);
  CHECK_INT_EQ(ql_half_from_double(INFINITY), 0x7c00);
  CHECK_INT_EQ(ql_half_from_float(1e-45f), 0);
  CHECK_INT_EQ(ql_half_from_double(-5e-324), 0x8000);
  CHECK(part_is_nan(QL_F16, ql_half_from_float(nanf("1"))));
  CHECK(part_is_nan(QL_F16, ql_half_from_double(-NAN)));
  /* A payload only in the bits that are cut off is still a NaN. */
  QlValue signalling = {.bits = {0x7f800001, 0}};
  CHECK(part_is_nan(QL_F16, ql_half_from_float(signalling.f)));
  signalling.bits[0] = UINT64_C(0x7ff0000000000001);
  CHECK(part_is_nan(QL_F16, ql_half_from_double(signalling.d)));
}

CHECK_MAIN(CHECK_TEST(casts), CHECK_TEST(literals), CHECK_TEST(half_widens),
           CHECK_TEST(half_rounds), CHECK_TEST(half_ends))
