/* The job that the tests of one program share. */
#ifndef TEST_JOB_H
#define TEST_JOB_H

#include "quelea.h"

#include "../check.h"

#include <stdio.h>

typedef struct Job {
  QlContext *ctx;
  QlError error;
} Job;
static Job job;

/* Opens it, runs the tests, closes it. Gives the program's status. */
static inline int job_run(const CheckTest *tests, size_t count, int argc, char **argv) {
  if (ql_open(NULL, &job.ctx, &job.error)) {
    fprintf(stderr, "%s\n", job.error.text);
    return 1;
  }
  int status = check_run(tests, count, argc, argv);
  if (status) fprintf(stderr, "%s\n", job.error.text);
  ql_close(job.ctx);
  return status;
}

#endif
