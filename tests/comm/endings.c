/* Jobs that end badly, or almost: the first argument names what happens, run.py knows what must
 * come of it. Exits with 0 if it comes to the end. */
#include "comm.h"

#include <mpi.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int line; /* of the "user's program" */
static const char *program, *ending;
static QlParams params;

static int interrupted(void *data) {
  (void)data;
  return strcmp(ending, "interrupted") == 0 && line == 2;
}

static void where(void *data, char *text, size_t size) {
  (void)data;
  snprintf(text, size, "line %d", line);
}

static void agree(Comm *comm) {
  CommVerdict verdict;
  comm_agree(comm, &(CommWord){.state = (uint64_t)line}, &verdict);
}

static void *abort_from_a_thread(void *comm) {
  usleep(100000);
  comm_abort(comm, "a worker fails");
}

static void *publish_late(void *comm) {
  usleep(400000);
  comm_publish(comm, 0, 1);
  return NULL;
}

static int fork_a_child(Comm *comm) {
  int status = -1;
  pid_t child = fork();
  if (child == 0) {
    comm_close(comm);
    _exit(0);
  }
  return waitpid(child, &status, 0) == child ? status : 1;
}

/* A program that a rank starts is alone, though it inherits the launcher's variables. */
static int start_a_program(void) {
  int status = -1;
  pid_t child = fork();
  if (child == 0) {
    execl(program, program, "well", (char *)NULL);
    _exit(1);
  }
  return waitpid(child, &status, 0) == child ? status : 1;
}

static int exchange(Comm *comm, const CommInfo *info) {
  for (int round = 0; round < 10; round++) {
    int64_t out = round, in = -1;
    int right = (info->rank + 1) % info->size, left = (info->rank + info->size - 1) % info->size;
    CommExchange *exchange = NULL;
    QlError error = {0};
    QlStatus status = comm_exchange_start(comm, 1, &(CommMessage){left, &in, 8}, 1,
                                          &(CommMessage){right, &out, 8}, &exchange, &error);
    if (status == QL_OK) status = comm_exchange_finish(exchange, &error);
    if (status != QL_OK) comm_abort(comm, "round %d: %s", round, error.text);
    if (in != round) return 1;
  }
  return 0;
}

static int gather(Comm *comm, int rounds) {
  for (int round = 1; round <= rounds; round++) {
    char *all = NULL;
    int64_t *offset = NULL;
    QlError error = {0};
    if (comm_allgather(comm, "x", 1, &all, &offset, &error) != QL_OK) {
      fprintf(stderr, "gather %d: %s\n", round, error.text);
      continue;
    }
    free(all), free(offset);
  }
  return 0;
}

#define IS(name) (strcmp(ending, name) == 0)

/* What the last rank does alone, between the first and the second agreement. */
static void last_rank(Comm *comm, const CommInfo *info) {
  pthread_t thread;
  if (IS("killed")) raise(SIGKILL);
  if (IS("vanishes")) _exit(0);
  if (IS("leaves") || IS("leaves-cell")) comm_close(comm), exit(0);
  if (IS("finalises")) MPI_Finalize(), exit(0);
  if (IS("aborts")) comm_abort(comm, "the sky falls on rank %d", info->rank);
  if (IS("thread-aborts") && pthread_create(&thread, NULL, abort_from_a_thread, comm) == 0)
    pthread_detach(thread);
  if (IS("thread-aborts") || IS("late")) usleep(900000);
  if (IS("hangs") || IS("interrupted")) pause();
  if (IS("launcher-gone")) kill(getppid(), SIGKILL), usleep(500000);
}

static int play(Comm *comm, const CommInfo *info) {
  bool last = info->rank == info->size - 1;
  pthread_t thread;
  line = 1;
  agree(comm);
  line = 2;
  if (IS("hangs")) params.wait_abort = 0.5; /* starting may take longer than that */
  if (IS("all-abort")) comm_abort(comm, "the sky falls");
  if (IS("fork") && fork_a_child(comm) != 0) return 1;
  if (IS("subprocess") && start_a_program() != 0) return 1;
  if (IS("messages")) return exchange(comm, info);
  if (IS("gathers")) return gather(comm, 3);
  if (IS("lone-interrupted") || IS("lone-late")) {
    if (IS("lone-interrupted")) ending = "interrupted";
    if (pthread_create(&thread, NULL, publish_late, comm) != 0) return 1;
    comm_await(comm, 0, 1, true);
    return pthread_join(thread, NULL);
  }
  if (last) last_rank(comm, info);
  if (IS("leaves-cell") && info->rank == 0) comm_await(comm, info->workers - 1, 1, true);
  if (IS("diverges") && last)
    gather(comm, 1);
  else
    agree(comm);
  line = 3;
  agree(comm);
  return 0;
}

/* 4 GiB more than what is mapped already, which is terabytes under a sanitizer. */
static void limit_address_space(void) {
  unsigned long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file && fscanf(file, "%lu", &pages) == 1) {
    rlim_t limit = pages * (rlim_t)sysconf(_SC_PAGESIZE) + ((rlim_t)4 << 30);
    setrlimit(RLIMIT_AS, &(struct rlimit){limit, limit});
  }
  if (file) fclose(file);
}

static void before_open(void) {
  const char *rank = getenv("OMPI_COMM_WORLD_RANK");
  bool second = rank && strcmp(rank, "1") == 0;
  if (IS("other-parameters") && second) setenv("QUELEA_FLUSH", "7", 1);
  if (IS("no-address-space") && second) limit_address_space();
  if (IS("finalises") || IS("own-mpi") || IS("sub-communicator")) MPI_Init(NULL, NULL);
}

/* A communicator of the caller's, in reverse order of the ranks. */
static MPI_Comm reversed(void) {
  int rank = 0;
  MPI_Comm comm;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_split(MPI_COMM_WORLD, 0, -rank, &comm);
  return comm;
}

int main(int argc, char **argv) {
  QlError error = {0};
  Comm *comm = NULL;
  program = argv[0];
  ending = argc > 1 ? argv[1] : "";
  before_open();
  CommOptions options = {.params = &params, .interrupted = interrupted, .where = where};
  MPI_Comm given;
  if (IS("sub-communicator")) given = reversed(), options.mpi_comm = &given;
  QlStatus status = ql_params_read(&params, &error);
  if (status == QL_OK) status = comm_open(&options, &comm, &error);
  if (status != QL_OK) {
    fprintf(stderr, "cannot start: %s: %s\n", ql_status_exception(status), error.text);
    return IS("other-parameters") || IS("no-address-space")
               ? 0
               : 3; /* mpirun kills the others at the first failure */
  }
  int result = play(comm, comm_info(comm));
  if (IS("sub-communicator")) {
    int rank = 0, size = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank), MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (comm_info(comm)->rank != size - 1 - rank) result = 1;
    MPI_Comm_free(&given);
  }
  if (IS("own-mpi")) MPI_Finalize();
  comm_close(comm);
  if (IS("sub-communicator")) MPI_Finalize();
  return result;
}
