/* What Python takes at each line of the program, by samples. Every two milliseconds a thread asks
 * where the program is, if Python runs at that moment, and not what the runtime measures by itself
 * (run/profile.h). The program's own thread answers: at the end of an operation on arrays, or when
 * the interpreter next looks for signals, at the end of a call or of a round of a loop. What takes
 * long is so answered where it ends, in the line that has called it.
 *
 * The interpreter is made to look by a signal of which the program does nothing, sent to that
 * thread while it runs Python: what another thread asks for otherwise (Py_AddPendingCall,
 * PyErr_SetInterruptEx) Python 3.11 finds late. */
#include "ext.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

enum { PERIOD = 2000000 }; /* nanoseconds */

typedef struct QxSampler {
  pthread_t thread, program;
  pthread_mutex_t mutex;
  pthread_cond_t wakes;
  bool is_over; /* under the mutex */
  int number;   /* of the signal; 0: none is free, or this is not the thread that hears of them */
} QxSampler;

void qx_sampler_answer(void) {
  if (qx.forked || qx.closed || qx.away || !qx_is_own_thread()) return;
  atomic_store_explicit(&qx.asks, false, memory_order_relaxed);
  ql_profile_here(qx.context, qx_position());
}

static PyObject *came(PyObject *module, PyObject *const *args, Py_ssize_t count) {
  (void)module, (void)args, (void)count;
  qx_sampler_look();
  Py_RETURN_NONE;
}

static PyMethodDef handler = {"came", (PyCFunction)(void (*)(void))came, METH_FASTCALL, NULL};

/* A signal of which the program does nothing becomes ours. */
static int take_signal(void) {
  PyObject *signals = PyImport_ImportModule("signal"), *function = PyCFunction_New(&handler, NULL);
  int number = SIGRTMAX;
  for (bool done = false; signals && function && !done && --number > SIGRTMIN;) {
    PyObject *before = PyObject_CallMethod(signals, "getsignal", "i", number), *after = NULL;
    if (before && PyLong_Check(before) && PyLong_AsLong(before) == (long)(intptr_t)SIG_DFL)
      after = PyObject_CallMethod(signals, "signal", "iO", number, function);
    done = after || PyErr_Occurred();
    if (!after && done) number = 0;
    Py_XDECREF(before), Py_XDECREF(after);
  }
  if (number > SIGRTMIN) /* calls to the system that it meets go on */
    Py_XDECREF(PyObject_CallMethod(signals, "siginterrupt", "iO", number, Py_False));
  PyErr_Clear();
  bool is_taken = signals && function && number > SIGRTMIN;
  Py_XDECREF(signals), Py_XDECREF(function);
  return is_taken ? number : 0;
}

static void ask(QxSampler *sampler) {
  if (!ql_profile_in_program(qx.context)) return;
  atomic_store_explicit(&qx.asks, true, memory_order_relaxed);
  if (sampler->number) pthread_kill(sampler->program, sampler->number);
}

static void *sample(void *data) {
  QxSampler *sampler = data;
  struct timespec until;
  pthread_mutex_lock(&sampler->mutex);
  while (!sampler->is_over) {
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += PERIOD;
    if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
    pthread_cond_timedwait(&sampler->wakes, &sampler->mutex, &until);
    if (!sampler->is_over) ask(sampler);
  }
  pthread_mutex_unlock(&sampler->mutex);
  return NULL;
}

/* Without it the profile has what the runtime measures, and Python's time in none of its lines. */
void qx_sampler_start(void) {
  QxSampler *sampler = calloc(1, sizeof *sampler);
  if (!sampler) return;
  pthread_mutex_init(&sampler->mutex, NULL);
  pthread_cond_init(&sampler->wakes, NULL);
  sampler->number = take_signal(), sampler->program = pthread_self();
  sigset_t all, before; /* signals are for the program's threads */
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  int failed = pthread_create(&sampler->thread, NULL, sample, sampler);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (failed)
    free(sampler);
  else
    qx.sampler = sampler;
}

void qx_sampler_stop(void) {
  QxSampler *sampler = qx.sampler;
  qx.sampler = NULL;
  pthread_mutex_lock(&sampler->mutex);
  sampler->is_over = true;
  pthread_cond_signal(&sampler->wakes);
  pthread_mutex_unlock(&sampler->mutex);
  pthread_join(sampler->thread, NULL);
  pthread_mutex_destroy(&sampler->mutex), pthread_cond_destroy(&sampler->wakes);
  free(sampler);
}
