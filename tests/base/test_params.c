/* The QUELEA_* parameters: defaults, every form of every type, every malformed one. */
#include "../check.h"
#include "base.h"

#include <stdlib.h>

static void clear(void) {
  for (int k = 0; k < ql_param_count; k++) unsetenv(ql_param_info[k].name);
}

/* Reads with one variable set. */
static QlStatus read_with(const char *name, const char *value, QlParams *params, QlError *error) {
  clear();
  setenv(name, value, 1);
  *error = (QlError){0};
  return ql_params_read(params, error);
}

static void defaults(void) {
  QlParams params;
  QlError error = {0};
  clear();
  CHECK_INT_EQ(ql_params_read(&params, &error), QL_OK);
  CHECK_INT_EQ(params.replicate, 1024);
  CHECK_INT_EQ(params.flush_bytes, INT64_C(1) << 30);
  CHECK_INT_EQ(params.spin, -1);
  CHECK_INT_EQ(params.check, 0);
  CHECK(params.wait_report == 30.0);
  CHECK_STR_EQ(params.cache, "");
  CHECK_STR_EQ(params.output, "root");
  CHECK_INT_EQ(ql_params_read(&params, NULL), QL_OK);
}

#define SAME_INT(a, b) CHECK_INT_EQ(a, b)
#define SAME_FLAG(a, b) CHECK_INT_EQ(a, b)
#define SAME_REAL(a, b) CHECK((a) == (b))
#define SAME_TEXT(a, b) CHECK_STR_EQ(a, b)
static void check_same(const QlParams *a, const QlParams *b) {
#define QL_PARAM(field, type, name, fallback, text) SAME_##type(a->field, b->field);
#include "params.def"
#undef QL_PARAM
}

/* Every default is one that its own parser reads, when it comes from the environment too. */
static void defaults_are_well_formed(void) {
  QlParams bare, params;
  QlError error = {0};
  clear();
  CHECK_INT_EQ(ql_params_read(&bare, &error), QL_OK);
  for (int k = 0; k < ql_param_count; k++) {
    CHECK_INT_EQ(read_with(ql_param_info[k].name, ql_param_info[k].fallback, &params, &error),
                 QL_OK);
    check_same(&params, &bare);
  }
}

static void integers(void) {
  static const struct {
    const char *text;
    int64_t value;
  } good[] = {
      {"0", 0},
      {"17", 17},
      {"-1", -1},
      {"+5", 5},
      {"4k", 4096},
      {"4K", 4096},
      {"3m", 3 << 20},
      {"2G", INT64_C(2) << 30},
      {"1t", INT64_C(1) << 40},
      {"-2k", -2048},
      {"010", 10},
      {"9223372036854775807", INT64_MAX},
      {"-9223372036854775808", INT64_MIN},
      {"-8388608t", INT64_MIN},
      {"", 1024},
  };
  static const char *const bad[] = {"k",
                                    "-",
                                    "+-1",
                                    "--1",
                                    "1kb",
                                    "1 k",
                                    " 1",
                                    "1 ",
                                    "1.5",
                                    "0x10",
                                    "1e3",
                                    "ten",
                                    "9223372036854775808",
                                    "-9223372036854775809",
                                    "8388608t",
                                    "1p",
                                    "1\xc3\xa9"};
  QlParams params;
  QlError error;
  for (size_t k = 0; k < sizeof good / sizeof good[0]; k++) {
    CHECK_INT_EQ(read_with("QUELEA_REPLICATE", good[k].text, &params, &error), QL_OK);
    CHECK_INT_EQ(params.replicate, good[k].value);
  }
  for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++)
    if (!CHECK_INT_EQ(read_with("QUELEA_REPLICATE", bad[k], &params, &error), QL_ERR_VALUE))
      fprintf(stderr, "  '%s'\n", bad[k]);
  read_with("QUELEA_REPLICATE", "many", &params, &error);
  CHECK_STR_EQ(
      error.text,
      "QUELEA_REPLICATE='many': must be a 64-bit integer, with k, m, g or t for powers of 1024");
}

static void flags(void) {
  QlParams params;
  QlError error;
  CHECK_INT_EQ(read_with("QUELEA_CHECK", "1", &params, &error), QL_OK);
  CHECK_INT_EQ(params.check, 1);
  CHECK_INT_EQ(read_with("QUELEA_CHECK", "0", &params, &error), QL_OK);
  CHECK_INT_EQ(params.check, 0);
  static const char *const bad[] = {"2", "yes", "01", "1 ", "-1", "true"};
  for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++)
    CHECK_INT_EQ(read_with("QUELEA_CHECK", bad[k], &params, &error), QL_ERR_VALUE);
  CHECK_STR_EQ(error.text, "QUELEA_CHECK='true': must be 0 or 1");
}

static void reals(void) {
  QlParams params;
  QlError error;
  CHECK_INT_EQ(read_with("QUELEA_WAIT_REPORT", "0.25", &params, &error), QL_OK);
  CHECK(params.wait_report == 0.25);
  CHECK_INT_EQ(read_with("QUELEA_WAIT_REPORT", "1e3", &params, &error), QL_OK);
  CHECK(params.wait_report == 1000);
  static const char *const bad[] = {"0,25", "abc", "1s", " 1", "1 ", "nan", "inf", "1e999"};
  for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++)
    CHECK_INT_EQ(read_with("QUELEA_WAIT_REPORT", bad[k], &params, &error), QL_ERR_VALUE);
  CHECK_STR_EQ(error.text, "QUELEA_WAIT_REPORT='1e999': must be a finite number");
}

static void texts(void) {
  QlParams params;
  QlError error;
  CHECK_INT_EQ(read_with("QUELEA_TRACE", "flush, plan", &params, &error), QL_OK);
  CHECK_STR_EQ(params.trace, "flush, plan");
}

CHECK_MAIN(CHECK_TEST(defaults), CHECK_TEST(defaults_are_well_formed), CHECK_TEST(integers),
           CHECK_TEST(flags), CHECK_TEST(reals), CHECK_TEST(texts))
