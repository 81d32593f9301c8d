/* The frame of a test that runs on the ranks of a job: one context for all tests of the program,
 * opened and closed around them. */
#ifndef QUELEA_TESTS_COMM_JOB_H
#define QUELEA_TESTS_COMM_JOB_H

#include "../check.h"
#include "comm.h"

static Comm *job;             /* for the tests, which take no arguments */
static const CommInfo *where; /* its description */

static inline uint64_t job_random(uint64_t a, uint64_t b, uint64_t c) {
  return ql_mix(ql_mix(ql_mix(7, a), b), c);
}

/* Everybody is here, and agrees. */
static inline void job_meet(void) {
  CommVerdict verdict;
  comm_agree(job, &(CommWord){0}, &verdict);
}

static inline int job_run(const CheckTest *tests, size_t count, int argc, char **argv) {
  QlParams params;
  QlError error = {0};
  if (ql_params_read(&params, &error) != QL_OK ||
      comm_open(&(CommOptions){.params = &params}, &job, &error) != QL_OK) {
    fprintf(stderr, "cannot start: %s\n", error.text);
    return 1;
  }
  where = comm_info(job);
  int failed = check_run(tests, count, argc, argv);
  comm_close(job);
  return failed;
}

#define JOB_MAIN(...)                                                  \
  int main(int argc, char **argv) {                                    \
    static const CheckTest tests[] = {__VA_ARGS__};                    \
    return job_run(tests, sizeof tests / sizeof tests[0], argc, argv); \
  }

#endif
