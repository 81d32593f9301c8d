/* The QUELEA_* parameters: params.def expanded to a table, and one pass over it that reads the
 * environment.
 *
 * An empty variable counts as unset. Each value, the defaults included, goes through the one parser
 * of its type. A TEXT value is not copied: it points into the environment (glibc never frees what
 * setenv replaces) or at the default. */
#include "base.h"

#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const QlParamInfo ql_param_info[] = {
#define QL_PARAM(field, type, name, fallback, text) {name, #type, fallback, text},
#include "params.def"
#undef QL_PARAM
};
const int ql_param_count = sizeof ql_param_info / sizeof ql_param_info[0];

static QlStatus malformed(const QlParamInfo *info, const char *value, const char *form,
                          QlError *error) {
  return ql_fail(error, QL_ERR_VALUE, "%s='%s': must be %s", info->name, value, form);
}

/* How many bits a suffix shifts by; -1: not a suffix. */
static int suffix_bits(const char *suffix) {
  static const char letters[] = "kmgt";
  if (!*suffix) return 0;
  const char *letter = strchr(letters, tolower((unsigned char)*suffix));
  return letter && !suffix[1] ? 10 * (int)(letter - letters + 1) : -1;
}

static QlStatus parse_INT(const QlParamInfo *info, const char *text, int64_t *value,
                          QlError *error) {
  static const char form[] = "a 64-bit integer, with k, m, g or t for powers of 1024";
  const char *digits = text + (*text == '-' || *text == '+');
  if (!isdigit((unsigned char)*digits)) return malformed(info, text, form, error);
  char *end;
  errno = 0;
  long long number = strtoll(text, &end, 10);
  int bits = suffix_bits(end);
  int64_t scaled;
  if (errno || bits < 0 || __builtin_mul_overflow((int64_t)number, INT64_C(1) << bits, &scaled))
    return malformed(info, text, form, error);
  *value = scaled;
  return QL_OK;
}

static QlStatus parse_FLAG(const QlParamInfo *info, const char *text, int64_t *value,
                           QlError *error) {
  if ((*text != '0' && *text != '1') || text[1]) return malformed(info, text, "0 or 1", error);
  *value = *text - '0';
  return QL_OK;
}

static QlStatus parse_REAL(const QlParamInfo *info, const char *text, double *value,
                           QlError *error) {
  /* In the "C" locale whatever the program has set: a decimal comma must not change what a variable
   * means. */
  locale_t c_locale = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
  if (!c_locale) return ql_fail(error, QL_ERR_MEMORY, "%s: no memory for a locale", info->name);
  char *end;
  double number = strtod_l(text, &end, c_locale);
  freelocale(c_locale);
  if (end == text || *end || isspace((unsigned char)*text) || !isfinite(number))
    return malformed(info, text, "a finite number", error);
  *value = number;
  return QL_OK;
}

static QlStatus parse_TEXT(const QlParamInfo *info, const char *text, const char **value,
                           QlError *error) {
  (void)info, (void)error;
  *value = text;
  return QL_OK;
}

static const char *text_of(const QlParamInfo *info) {
  const char *text = getenv(info->name);
  return text && *text ? text : info->fallback;
}

QlStatus ql_params_read(QlParams *params, QlError *error) {
  const QlParamInfo *info = ql_param_info;
#define QL_PARAM(field, type, name, fallback, text)                 \
  QL_TRY(parse_##type(info, text_of(info), &params->field, error)); \
  info++;
#include "params.def"
#undef QL_PARAM
  return QL_OK;
}
