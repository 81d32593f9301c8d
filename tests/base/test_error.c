/* Errors and notes: the first failure wins, nothing is written beyond its room, text is cut between
 * characters. */
#include "../check.h"
#include "base.h"

static QlStatus fails_twice(QlError *error) {
  QL_TRY(ql_fail(error, QL_ERR_INDEX, "index %d", 7));
  return ql_fail(error, QL_ERR_VALUE, "never reached");
}

static void first_failure_wins(void) {
  QlError error = {0};
  CHECK_INT_EQ(fails_twice(&error), QL_ERR_INDEX);
  CHECK_INT_EQ(error.status, QL_ERR_INDEX);
  CHECK_STR_EQ(error.text, "index 7");
  CHECK_INT_EQ(ql_fail(&error, QL_ERR_VALUE, "later"), QL_ERR_VALUE);
  CHECK_INT_EQ(error.status, QL_ERR_INDEX);
  CHECK_STR_EQ(error.text, "index 7");
  CHECK_INT_EQ(ql_fail(NULL, QL_ERR_MEMORY, "nobody asks"), QL_ERR_MEMORY);
}

static void notes_follow(void) {
  QlError error = {0};
  ql_note(&error, "a note to nothing");
  ql_note(NULL, "a note to nobody");
  CHECK_STR_EQ(error.notes, "");
  ql_fail(&error, QL_ERR_VALUE, "wrong");
  ql_note(&error, "line %d", 1);
  ql_note(&error, "line %d", 2);
  CHECK_STR_EQ(error.notes, "line 1\nline 2");
  CHECK_STR_EQ(error.text, "wrong");
}

static bool is_utf8(
    const char *text) { /* for the characters of one and two bytes that the test uses */
  for (; *text; text++) {
    if (((unsigned char)*text & 0xe0) == 0xc0) {
      text++;
      if (((unsigned char)*text & 0xc0) != 0x80) return false;
    } else if ((unsigned char)*text >= 0x80) {
      return false;
    }
  }
  return true;
}

static bool ends_in(const char *text, const char *end) {
  size_t length = strlen(text), tail = strlen(end);
  return length >= tail && strcmp(text + length - tail, end) == 0;
}

static void long_text_is_cut(void) {
  char text[3000];
  for (int shift = 0; shift < 2;
       shift++) { /* both alignments of a two-byte character against the end */
    memset(text, 0, sizeof text);
    if (shift) text[0] = 'x';
    for (int k = 0; k < 1400; k++) memcpy(text + shift + 2 * k, "\xc3\xa9", 2);
    struct {
      QlError error;
      char guard;
    } guarded = {.guard = 42};
    ql_fail(&guarded.error, QL_ERR_VALUE, "%s", text);
    CHECK(strlen(guarded.error.text) >= sizeof guarded.error.text - 3);
    CHECK(ends_in(guarded.error.text, "...") && is_utf8(guarded.error.text));
    ql_note(&guarded.error, "first");
    ql_note(&guarded.error, "%s", text);
    CHECK(strncmp(guarded.error.notes, "first\n", 6) == 0);
    CHECK(ends_in(guarded.error.notes, "...") && is_utf8(guarded.error.notes));
    char before[sizeof guarded.error.notes];
    strcpy(before, guarded.error.notes);
    ql_note(&guarded.error, "no room");
    CHECK(is_utf8(guarded.error.notes) &&
          strncmp(before, guarded.error.notes, strlen(before)) == 0);
    CHECK_INT_EQ(guarded.guard, 42);
  }
}

/* The longest text that fits is kept whole, and the next longer one is marked. */
static void exact_fit(void) {
  char text[1100];
  memset(text, 'x', sizeof text);
  for (int length = 1018; length < 1030; length++) {
    QlError error = {0};
    ql_fail(&error, QL_ERR_VALUE, "%.*s", length, text);
    CHECK_INT_EQ(strlen(error.text),
                 length < (int)sizeof error.text ? (size_t)length : sizeof error.text - 1);
    CHECK_INT_EQ(ends_in(error.text, "..."), length >= (int)sizeof error.text);
    ql_note(&error, "%.*s", length, text);
    CHECK_INT_EQ(ends_in(error.notes, "..."), length >= (int)sizeof error.notes);
  }
  for (int left = 0; left < 10;
       left++) { /* a note into the last bytes: whole, marked, or not begun */
    QlError error = {.status = QL_ERR_VALUE};
    int before = (int)sizeof error.notes - 1 - left;
    ql_note(&error, "%.*s", before, text);
    ql_note(&error, "\xc3\xa9\xc3\xa9");
    const char *want = left < 4 ? "" : left < 5 ? "\n..." : "\n\xc3\xa9\xc3\xa9";
    CHECK_STR_EQ(error.notes + before, want);
  }
}

/* Notes of every length fill the room to its last byte without passing it. */
static void notes_fill_the_room(void) {
  for (int length = 1; length < 40; length++) {
    struct {
      QlError error;
      char guard;
    } guarded = {.guard = 42};
    ql_fail(&guarded.error, QL_ERR_OS, "full");
    for (int k = 0; k < 1100; k++)
      ql_note(&guarded.error, "%.*s", length, "0123456789012345678901234567890123456789");
    size_t used = strlen(guarded.error.notes);
    CHECK(used < sizeof guarded.error.notes &&
          used + 1 + sizeof "..." > sizeof guarded.error.notes);
    CHECK_INT_EQ(guarded.guard, 42);
  }
}

static void bytes_have_digits_in_their_unit(void) {
  CHECK_STR_EQ(ql_bytes_text(0).text, "0 bytes");
  CHECK_STR_EQ(ql_bytes_text(999).text, "999 bytes");
  CHECK_STR_EQ(ql_bytes_text(1000).text, "1.0 KB");
  CHECK_STR_EQ(ql_bytes_text(48123).text, "48.1 KB");
  CHECK_STR_EQ(ql_bytes_text(999949).text, "999.9 KB");
  CHECK_STR_EQ(ql_bytes_text(999951).text, "1.0 MB");
  CHECK_STR_EQ(ql_bytes_text(8000000000000).text, "8.0 TB");
  CHECK_STR_EQ(ql_bytes_text(INT64_MAX).text, "9.2 EB");
}

CHECK_MAIN(CHECK_TEST(first_failure_wins), CHECK_TEST(notes_follow), CHECK_TEST(long_text_is_cut),
           CHECK_TEST(exact_fit), CHECK_TEST(notes_fill_the_room),
           CHECK_TEST(bytes_have_digits_in_their_unit))
