/* Floats as decimal numbers: the shortest that read back as the same bits, and of those the
 * nearest.
 *
 * printf gives the nearest number of so many digits. Below a power of two floats lie twice as close
 * as above: there the nearest may read back as another float, and the next one above it not. */
#include "ir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_DIGITS = 17, ROOM = 40 };

static bool reads_back(const char *text, QlDtype dtype, double value) {
  if (dtype == QL_F32) return strtof(text, NULL) == (float)value;
  if (dtype == QL_F16) return ql_half_from_double(strtod(text, NULL)) == ql_half_from_double(value);
  return strtod(text, NULL) == value;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* The next number of as many digits, "1.99e+05" to "2.00e+05"; false: it has one more. */
static bool increment(char *text) {
  for (char *c = strchr(text, 'e') - 1; c >= text; c--) {
    if (!is_digit(*c)) continue;
    if (*c != '9') return ++*c, true;
    *c = '0';
  }
  return false;
}

/* printf and strtod speak the process's locale: what is no digit is its point. */
static int shortest(QlDtype dtype, double value, char *digits) {
  char text[ROOM];
  int count = 0;
  for (int precision = 0; precision < MOST_DIGITS; precision++) {
    snprintf(text, sizeof text, "%.*e", precision, value);
    if (reads_back(text, dtype, value) || (increment(text) && reads_back(text, dtype, value)))
      break;
  }
  for (const char *c = text; *c != 'e'; c++)
    if (is_digit(*c)) digits[count++] = *c;
  digits[count] = 0;
  return atoi(strchr(text, 'e') + 1);
}

void ir_decimal(QlDtype dtype, double value, int limit, char text[IR_DECIMAL]) {
  char digits[MOST_DIGITS + 1];
  int exponent = shortest(dtype, value < 0 ? -value : value, digits), count = (int)strlen(digits);
  if (__builtin_signbit(value)) *text++ = '-';
  if (exponent < -4 || exponent >= (limit ? limit : count)) {
    snprintf(text, ROOM, "%c%s%se%+03d", digits[0], count > 1 ? "." : "", digits + 1, exponent);
  } else if (exponent < 0) {
    snprintf(text, ROOM, "0.%.*s%s", -1 - exponent, "000", digits);
  } else {
    int whole = exponent + 1, zeros = QL_MAX(whole - count, 0);
    snprintf(text, ROOM, "%.*s%.*s.%s", whole, digits, zeros, "000000000000000",
             count > whole ? digits + whole : "0");
  }
}
