/* How compiled code is stopped from outside: by a signal (Ctrl-C), and where calls of functions
 * that call themselves fill the stack.
 *
 * Both are one word of the process, which compiled code loads where it may go on for long:
 *
 *     word = the lowest address of the thread's stack that may be used   go on
 *     word = -1                                                          call `look`
 *
 *   loops                  turn by turn of outer ones: word < 0?
 *   recursive functions    at each call: the frame's address < word, unsigned? -1 is the largest
 *
 * While compiled code runs a thread of ours, the watcher, writes -1 every TURN: `look` then asks
 * the program whether a signal has come, which no other thread can, and writes the address back. So
 * a signal is seen a TURN after it came at the latest, and code that ends sooner never asks. Other
 * threads of the program run while it asks; they may run compiled code too, and whoever goes on
 * writes the address of its own stack. When nothing was called for IDLE turns the watcher sleeps
 * until the next call.
 *
 * Once stopped, word stays -1 until the call ends: functions that are pure do not look at what the
 * ones that they called have become, but each that they call next returns at once. */
#include "ir.h"

#include <stdatomic.h>
#include <time.h>

enum { TURN = 50000000, IDLE = 20 }; /* nanoseconds; turns */
/* Of the stack, for what `look` and other functions of the host need: handlers run Python. */
enum { RESERVE = 1 << 19 };
enum { STOPPED = -1 };

static _Atomic int64_t word;
/* JitStopReason of the thread's innermost call, which runs: others run while it looks. */
static _Thread_local int64_t stopped;
static JitLook *look_for_signals;

void jit_set_look(JitLook *look) { look_for_signals = look; }
const int64_t *jit_stop_word(void) { return (const int64_t *)&word; }

/* ---- the stack ---- */

static int64_t find_limit(void) {
  pthread_attr_t attributes;
  void *lowest = NULL;
  size_t size = 0;
  if (pthread_getattr_np(pthread_self(), &attributes)) return 0; /* not known: nothing is checked */
  if (pthread_attr_getstack(&attributes, &lowest, &size)) lowest = NULL;
  pthread_attr_destroy(&attributes);
  return lowest ? (int64_t)(uintptr_t)lowest + (int64_t)QL_MIN(size / 4, (size_t)RESERVE) : 0;
}

static int64_t limit_of_thread(void) {
  static _Thread_local bool known;
  static _Thread_local int64_t limit;
  if (!known) known = true, limit = find_limit();
  return limit;
}

/* ---- the watcher ---- */

static atomic_int running; /* calls, one in another */
static atomic_bool asleep; /* or not started */
static bool started;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;

static void sleep_until_called(void) {
  pthread_mutex_lock(&mutex);
  atomic_store(&asleep, true);
  while (!atomic_load(&running)) pthread_cond_wait(&wake, &mutex);
  atomic_store(&asleep, false);
  pthread_mutex_unlock(&mutex);
}

static void *watch(void *unused) {
  for (int idle = 0;; idle++) {
    struct timespec turn = {.tv_nsec = TURN};
    nanosleep(&turn, NULL);
    if (atomic_load(&running)) atomic_store(&word, STOPPED), idle = 0;
    if (idle >= IDLE) sleep_until_called(), idle = 0;
  }
  return unused;
}

/* A fork has no watcher, and nobody holds the lock. */
static void after_fork(void) {
  started = false;
  pthread_mutex_init(&mutex, NULL), pthread_cond_init(&wake, NULL);
  atomic_store(&asleep, true);
}

static void wake_watcher(void) {
  static bool told;
  pthread_t thread;
  pthread_mutex_lock(&mutex);
  if (!told) told = pthread_atfork(NULL, NULL, after_fork) == 0;
  if (!started && !ql_thread_start(&thread, watch, NULL)) {
    pthread_detach(thread);
    started = true, atomic_store(&asleep, false);
  }
  pthread_cond_signal(&wake);
  pthread_mutex_unlock(&mutex);
}

/* ---- calls ---- */

JitStop jit_stop_enter(void) {
  JitStop before = {atomic_load_explicit(&word, memory_order_relaxed), stopped};
  stopped = JIT_GOES_ON;
  atomic_store_explicit(&word, limit_of_thread(), memory_order_relaxed);
  atomic_fetch_add(&running, 1);
  if (!started || atomic_load(&asleep)) wake_watcher();
  return before;
}

void jit_stop_leave(JitStop before) {
  atomic_fetch_sub(&running, 1);
  stopped = before.stopped;
  atomic_store_explicit(&word, before.word, memory_order_relaxed);
}

void jit_stop_resume(void) {
  if (!stopped) atomic_store_explicit(&word, limit_of_thread(), memory_order_relaxed);
}

int64_t jit_stop_look(int64_t frame) {
  if (stopped) return stopped;
  int64_t limit = limit_of_thread();
  if (frame < limit)
    stopped = JIT_STACK_FULL;
  else if (look_for_signals && look_for_signals())
    stopped = JIT_INTERRUPTED;
  atomic_store_explicit(&word, stopped ? STOPPED : limit, memory_order_relaxed);
  return stopped;
}
