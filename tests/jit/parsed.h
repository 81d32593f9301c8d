/* Functions of texts that are right. */
#ifndef QUELEA_TESTS_JIT_PARSED_H
#define QUELEA_TESTS_JIT_PARSED_H

#include "ir.h"

#include <stdio.h>
#include <stdlib.h>

static inline JitFn *parsed(const char *text) {
  JitFn *fn = NULL;
  QlError error = {0};
  if (jit_parse(text, &fn, &error) == QL_OK && jit_verify(fn, &error) == QL_OK) return fn;
  fprintf(stderr, "%s\n%s\n", text, error.text);
  abort();
}

#endif
