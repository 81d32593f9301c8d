/* The frame of a C test: functions that CHECK, a table of them, and a closing line.
 *
 *   static void adds(void) { CHECK_INT_EQ(1 + 1, 2); }
 *   CHECK_MAIN(CHECK_TEST(adds))
 *
 * A failed check is printed with its place and counted, and the test goes on. A function that makes
 * no check has failed: it could not fail otherwise. The program takes names of tests as arguments
 * and then runs only those; it exits with 1 after a failure. A program that needs its own main
 * (MPI) calls check_run with its own table. The tally is the only state, one per program: a test is
 * one C file. */
#ifndef QUELEA_TESTS_CHECK_H
#define QUELEA_TESTS_CHECK_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

typedef struct CheckTest {
  const char *name;
  void (*run)(void);
} CheckTest;

typedef struct CheckTally {
  long checks, failures;
} CheckTally;

static CheckTally check_tally;

/* A table of thousands of cases that are all wrong for one reason is told in its first lines. */
enum { CHECK_PRINTED = 25 };

static inline bool check_fails(const char *file, int line) {
  if (++check_tally.failures <= CHECK_PRINTED) {
    fprintf(stderr, "%s:%d: ", file, line);
    return true;
  }
  return false;
}

static inline bool check_true(bool holds, const char *text, const char *file, int line) {
  check_tally.checks++;
  if (!holds && check_fails(file, line)) fprintf(stderr, "%s does not hold\n", text);
  return holds;
}

static inline bool check_int(intmax_t got, intmax_t want, const char *text, const char *file,
                             int line) {
  check_tally.checks++;
  if (got != want && check_fails(file, line))
    fprintf(stderr, "%s is %" PRIdMAX ", expected %" PRIdMAX "\n", text, got, want);
  return got == want;
}

static inline bool check_str(const char *got, const char *want, const char *text, const char *file,
                             int line) {
  bool same = got && want ? strcmp(got, want) == 0 : got == want;
  check_tally.checks++;
  if (!same && check_fails(file, line))
    fprintf(stderr, "%s is\n  %s\nexpected\n  %s\n", text, got ? got : "(null)",
            want ? want : "(null)");
  return same;
}

/* Each is an expression that says whether the check held, so that a test can stop: `if
 * (!CHECK(pointer)) return;` */
#define CHECK(condition) check_true((condition), #condition, __FILE__, __LINE__)
#define CHECK_INT_EQ(got, want) \
  check_int((intmax_t)(got), (intmax_t)(want), #got, __FILE__, __LINE__)
#define CHECK_STR_EQ(got, want) check_str((got), (want), #got, __FILE__, __LINE__)

static inline bool check_chosen(const char *name, int argc, char **argv) {
  for (int k = 1; k < argc; k++)
    if (strcmp(argv[k], name) == 0) return true;
  return argc < 2;
}

/* Runs the tests; gives the exit status. */
static inline int check_run(const CheckTest *tests, size_t count, int argc, char **argv) {
  int ran = 0;
  for (size_t k = 0; k < count; k++) {
    if (!check_chosen(tests[k].name, argc, argv)) continue;
    CheckTally before = check_tally;
    tests[k].run();
    ran++;
    if (check_tally.checks == before.checks) {
      check_tally.failures++;
      fprintf(stderr, "%s: checked nothing\n", tests[k].name);
    } else if (check_tally.failures > before.failures) {
      fprintf(stderr, "%s: FAILED, %ld of %ld checks\n", tests[k].name,
              check_tally.failures - before.failures, check_tally.checks - before.checks);
    }
  }
  if (ran == 0) fprintf(stderr, "no test has that name\n");
  printf("%d tests, %ld checks, %ld failures\n", ran, check_tally.checks, check_tally.failures);
  return ran == 0 || check_tally.failures > 0;
}

#define CHECK_TEST(function) {#function, function}
#define CHECK_MAIN(...)                                                  \
  int main(int argc, char **argv) {                                      \
    static const CheckTest tests[] = {__VA_ARGS__};                      \
    return check_run(tests, sizeof tests / sizeof tests[0], argc, argv); \
  }

#endif
