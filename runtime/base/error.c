/* Errors: a status, one line of text, and notes below it, in storage that the caller owns.
 *
 * Nothing here allocates, so that running out of memory can be reported like anything else. A
 * message that is too long ends in "..." at the boundary of a UTF-8 character: what a user typed
 * may be part of it, and Python decodes the text strictly. */
#include "base.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char cut_mark[] = "...";

/* The text of `size` bytes at `buffer` was cut by vsnprintf: marks it so, without leaving part of a
 * character. */
static void mark_cut(char *buffer, size_t size) {
  assert(size >= sizeof cut_mark);
  size_t end = size - sizeof cut_mark;
  while (end > 0 && ((unsigned char)buffer[end] & 0xc0) == 0x80) end--;
  memcpy(buffer + end, cut_mark, sizeof cut_mark);
}

static void format_into(char *buffer, size_t size, const char *format, va_list arguments) {
  int length = vsnprintf(buffer, size, format, arguments);
  if (length < 0)
    buffer[0] = 0;
  else if ((size_t)length >= size)
    mark_cut(buffer, size);
}

QlStatus ql_fail(QlError *error, QlStatus status, const char *format, ...) {
  assert(status != QL_OK);
  if (!error || error->status != QL_OK) return status;
  error->status = status;
  va_list arguments;
  va_start(arguments, format);
  format_into(error->text, sizeof error->text, format, arguments);
  va_end(arguments);
  return status;
}

void ql_note(QlError *error, const char *format, ...) {
  if (!error || error->status == QL_OK) return;
  size_t used = strlen(error->notes);
  if (used + 1 + sizeof cut_mark > sizeof error->notes)
    return; /* not even room to say that it was cut */
  if (used > 0) error->notes[used++] = '\n';
  va_list arguments;
  va_start(arguments, format);
  format_into(error->notes + used, sizeof error->notes - used, format, arguments);
  va_end(arguments);
}

QlBytesText ql_bytes_text(int64_t bytes) {
  static const char *const units[] = {"bytes", "KB", "MB", "GB", "TB", "PB", "EB"};
  QlBytesText made;
  double value = (double)bytes;
  int unit = 0;
  for (; value >= 999.95; value /= 1000) unit++; /* what would be printed as 1000.0 */
  snprintf(made.text, sizeof made.text, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
  return made;
}
