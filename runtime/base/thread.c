/* Starting a thread of ours, beside those of the program around us: signals are for the program's
 * own threads, whose handlers know nothing of ours, and floating point is IEEE's. A new thread
 * inherits both from the one that makes it. */
#include "base.h"

#include <signal.h>

/* What a thread raises by its own fault must reach the handlers, which then say where it was. */
static void all_but_faults(sigset_t *set) {
  static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
  sigfillset(set);
  for (size_t k = 0; k < sizeof faults / sizeof *faults; k++) sigdelset(set, faults[k]);
}

int ql_thread_start(pthread_t *thread, void *(*body)(void *), void *argument) {
  sigset_t blocked, before;
  all_but_faults(&blocked);
  QlFloats floats = ql_floats_enter();
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  int failed = pthread_create(thread, NULL, body, argument);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  ql_floats_leave(floats);
  return failed;
}
