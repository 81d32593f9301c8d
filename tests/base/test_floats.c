/* The floating-point environment: what is computed here is computed in the default one, whatever
 * the thread's own is, which is given back; our threads begin with it, and are left alone by
 * signals. */
#include "../check.h"
#include "base.h"

#include <fenv.h>
#include <math.h>
#include <signal.h>
#include <string.h>

/* What -ffast-math's start-up code does to the thread that loads a library; and another rounding.
 */
static void spoil(void) {
  fesetround(FE_UPWARD);
#if defined(__x86_64__)
  ql_floats_write(ql_floats_read() | 0x8040);
#else
  ql_floats_write(ql_floats_read() | UINT64_C(1) << 24);
#endif
}

static const double tiny = 0x1p-1070;

static bool is_spoiled(void) {
  volatile double x = tiny, product = x * 4;
  return product == 0;
}

static bool rounds_up(void) {
  volatile double one = 1, small = 0x1p-60, sum = one + small;
  return sum > 1;
}

static void the_state_comes_and_goes(void) {
  CHECK(!is_spoiled());
  QlFloats before = ql_floats_enter();
  CHECK(before == QL_FLOATS_DEFAULT);
  ql_floats_leave(before);
  spoil();
  CHECK(is_spoiled());
  QlFloats spoiled = ql_floats_enter();
  CHECK(!is_spoiled() && !rounds_up());
  ql_floats_leave(spoiled);
  CHECK(is_spoiled() && rounds_up());
  ql_floats_write(QL_FLOATS_DEFAULT);
}

static bool same_bits(QlValue a, QlValue b) { return !memcmp(&a, &b, sizeof a); }

/* Between all dtypes, of numbers that the spoiled environment flushes or rounds otherwise. */
static void conversions_do_not_depend_on_it(void) {
  static const double numbers[] = {0x1p-1070, -0x1p-1070,  0x1.8p-130, -0x1.8p-149, 0x1p-1022,
                                   0.1,       1 + 0x1p-30, -1e-7,      16777217.0};
  for (size_t n = 0; n < sizeof numbers / sizeof *numbers; n++)
    for (int from = 0; from < QL_DTYPE_COUNT; from++)
      for (int to = 0; to < QL_DTYPE_COUNT; to++) {
        QlValue number = {.z = {numbers[n], -numbers[n]}};
        QlValue value = ql_convert(QL_C128, number, (QlDtype)from);
        QlValue expected = ql_convert((QlDtype)from, value, (QlDtype)to);
        spoil();
        QlValue again = ql_convert(QL_C128, number, (QlDtype)from);
        QlValue found = ql_convert((QlDtype)from, value, (QlDtype)to);
        ql_floats_write(QL_FLOATS_DEFAULT);
        fesetround(FE_TONEAREST);
        CHECK(same_bits(value, again));
        CHECK(same_bits(expected, found));
      }
}

typedef struct Seen {
  bool spoiled, blocks_interrupts, lets_faults_through;
} Seen;

static void *look(void *argument) {
  Seen *seen = argument;
  sigset_t blocked;
  seen->spoiled = is_spoiled() || rounds_up();
  pthread_sigmask(SIG_BLOCK, NULL, &blocked);
  seen->blocks_interrupts = true;
  static const int signals[] = {SIGINT, SIGTERM, SIGALRM, SIGUSR1, SIGCHLD, SIGHUP, SIGPROF};
  for (size_t k = 0; k < sizeof signals / sizeof *signals; k++)
    seen->blocks_interrupts &= sigismember(&blocked, signals[k]) == 1;
  seen->lets_faults_through = !sigismember(&blocked, SIGSEGV) && !sigismember(&blocked, SIGBUS);
  return NULL;
}

static void threads_of_ours(void) {
  pthread_t thread;
  Seen seen = {.spoiled = true};
  sigset_t before, after;
  pthread_sigmask(SIG_BLOCK, NULL, &before);
  spoil();
  int failed = ql_thread_start(&thread, look, &seen);
  CHECK(is_spoiled());
  ql_floats_write(QL_FLOATS_DEFAULT);
  fesetround(FE_TONEAREST);
  if (!CHECK(!failed)) return;
  pthread_join(thread, NULL);
  CHECK(!seen.spoiled && seen.blocks_interrupts && seen.lets_faults_through);
  pthread_sigmask(SIG_BLOCK, NULL, &after);
  for (int number = 1; number < 32; number++)
    CHECK_INT_EQ(sigismember(&after, number), sigismember(&before, number));
}

CHECK_MAIN(CHECK_TEST(the_state_comes_and_goes), CHECK_TEST(conversions_do_not_depend_on_it),
           CHECK_TEST(threads_of_ours))
