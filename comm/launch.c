/* Which launcher started this process? The answer comes from the environment alone, because
 * MPI_Init costs 0.3 s and a process without a launcher must not pay it (contract C10).
 *
 * A launcher of another MPI starts N processes that do not find each other: our MPI sees N jobs of
 * one rank, each of which would do all the work and write the same files. That is refused: before
 * MPI_Init where the environment is clear, after it otherwise. */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* LAUNCHER(name, size, local, mark, library)
 *   size     the variable that holds the number of ranks
 *   local    the one that holds the number of ranks on this host, or Slurm's list of them, or NULL
 *   mark     a variable that must exist too, or NULL: several launchers share PMI_SIZE
 *   library  a word of the name of the only MPI library that these processes work with; NULL:
 *            MPI_Init will tell
 *
 * The first row that fits decides: a launcher may itself have been started by the batch system's.
 */
#define LAUNCHERS                                                                              \
  LAUNCHER("mpirun of Open MPI", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_SIZE", NULL,   \
           "Open MPI")                                                                         \
  LAUNCHER("mpirun of MVAPICH", "MV2_COMM_WORLD_SIZE", "MV2_COMM_WORLD_LOCAL_SIZE", NULL,      \
           "MVAPICH")                                                                          \
  LAUNCHER("mpiexec of MPICH", "PMI_SIZE", "MPI_LOCALNRANKS", "HYDI_CONTROL_FD", "MPICH")      \
  LAUNCHER("mpiexec of Intel MPI", "PMI_SIZE", "MPI_LOCALNRANKS", "I_MPI_HYDRA_UUID", "Intel") \
  LAUNCHER("mpiexec of MPICH", "PMI_SIZE", "MPI_LOCALNRANKS", "MPI_LOCALNRANKS", "MPICH")      \
  LAUNCHER("jsrun", "JSM_NAMESPACE_SIZE", "JSM_NAMESPACE_LOCAL_SIZE", NULL, NULL)              \
  LAUNCHER("flux run", "FLUX_JOB_SIZE", NULL, NULL, NULL)                                      \
  LAUNCHER("srun", "SLURM_STEP_NUM_TASKS", "SLURM_STEP_TASKS_PER_NODE", NULL, NULL)            \
  LAUNCHER("a launcher that speaks PMI", "PMI_SIZE", NULL, NULL, NULL)

typedef struct Launcher {
  const char *name, *size, *local, *mark, *library;
} Launcher;

static const Launcher launchers[] = {
#define LAUNCHER(name, size, local, mark, library) {name, size, local, mark, library},
    LAUNCHERS
#undef LAUNCHER
};

static int number(const char *variable) {
  const char *text = variable ? getenv(variable) : NULL;
  long value = text ? strtol(text, NULL, 10) : 0;
  return value > 0 && value < INT32_MAX ? (int)value : 0;
}

/* Of a list for all hosts, "4(x2),3", the number of SLURM_NODEID; a number alone is itself. */
static int number_here(const char *variable) {
  const char *text = variable ? getenv(variable) : NULL, *id = getenv("SLURM_NODEID");
  long host = id ? strtol(id, NULL, 10) : 0;
  while (text) {
    char *end;
    long count = strtol(text, &end, 10), times = 1;
    if (strncmp(end, "(x", 2) == 0) times = strtol(end + 2, &end, 10), end += *end == ')';
    if (host < times || *end != ',') return count > 0 && count < INT32_MAX ? (int)count : 0;
    host -= times, text = end + 1;
  }
  return 0;
}

static const Launcher *find(void) {
  for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++) {
    const Launcher *launcher = &launchers[i];
    if (number(launcher->size) && (!launcher->mark || getenv(launcher->mark))) return launcher;
  }
  return NULL;
}

/* MPICH, Intel MPI and MVAPICH start each other's processes. */
static bool is_mpich_family(const char *library) {
  return strstr(library, "MPICH") || strstr(library, "Intel") || strstr(library, "MVAPICH");
}

static bool fits(const char *wanted, const char *library) {
  if (!wanted || strstr(library, wanted)) return true;
  return is_mpich_family(wanted) && is_mpich_family(library);
}

static QlStatus refuse(const Launch *launch, const char *library, QlError *error) {
  return ql_fail(error, QL_ERR_STATE,
                 "%s started %d processes that cannot find each other, because Quelea was built "
                 "with %s: each would do "
                 "all of the work. "
                 "Start the program with the mpirun of %s, or by 'srun --mpi=pmix'",
                 launch->name, launch->size, library, library);
}

/* A program that a rank starts inherits the launcher's variables, but is not a rank: MPI_Init would
 * wait for ever. So a rank leaves its process id in its environment, with the name of its job, for
 * an mpirun inside it starts ranks of another one. */
static const char mark[] = "_QUELEA_RANK_PROCESS";

static void write_mark(char *text, size_t size) {
  const char *job = getenv("PMIX_NAMESPACE");
  if (!job) job = getenv("SLURM_STEP_ID");
  snprintf(text, size, "%ld %s", (long)getpid(), job ? job : "");
}

static bool started_by_a_rank(void) {
  char mine[300];
  const char *left = getenv(mark), *job = left ? strchr(left, ' ') : NULL;
  write_mark(mine, sizeof mine);
  return job && strcmp(left, mine) != 0 && strcmp(job, strchr(mine, ' ')) == 0;
}

/* The launchers' names of the number that they give to a process. */
static const char *const rank_variables[] = {
    "OMPI_COMM_WORLD_RANK", "MV2_COMM_WORLD_RANK", "PMIX_RANK",   "PMI_RANK",
    "JSM_NAMESPACE_RANK",   "FLUX_TASK_RANK",      "SLURM_PROCID"};

int comm_launched_rank(void) {
  if (!find() || started_by_a_rank()) return -1;
  for (size_t i = 0; i < sizeof rank_variables / sizeof *rank_variables; i++) {
    const char *text = getenv(rank_variables[i]);
    if (text && *text >= '0' && *text <= '9') return (int)strtol(text, NULL, 10);
  }
  return -1;
}

void comm_note_process(void) {
  char text[300];
  if (!find() || started_by_a_rank()) return;
  write_mark(text, sizeof text);
  setenv(mark, text, 1);
}

QlStatus comm_launch_find(const CommOptions *options, Launch *launch, QlError *error) {
  *launch = (Launch){.size = 1, .by_caller = options->mpi_comm != NULL};
  const Launcher *launcher = find();
  if (!launcher || started_by_a_rank()) return QL_OK;
  launch->name = launcher->name;
  launch->size = number(launcher->size);
  launch->local_size = number_here(launcher->local);
  if (launch->by_caller || launch->size == 1) return QL_OK;
  char library[64];
  transport_library(library, sizeof library);
  bool no_process_manager = strcmp(launcher->name, "srun") == 0 && !getenv("PMIX_RANK") &&
                            !getenv("PMI_RANK") && !getenv("PMI_FD");
  if (no_process_manager || !fits(launcher->library, library))
    return refuse(launch, library, error);
  return QL_OK;
}

/* A container that forbids process_vm_readv lets Open MPI's single-copy path fail at the first
 * large message; the call on ourselves is forbidden there too, though it needs no rights. */
static bool single_copy_works(void) {
  char from = 1, to = 0;
  struct iovec local = {&to, 1}, remote = {&from, 1};
  return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == 1;
}

void comm_launch_prepare(const Launch *launch, int cpus) {
  comm_note_process();
  if (launch->local_size > cpus) setenv("OMPI_MCA_mpi_yield_when_idle", "1", 0);
  if (launch->size > 1 && !single_copy_works())
    setenv("OMPI_MCA_btl_vader_single_copy_mechanism", "none", 0);
}

void comm_mpi(bool built, char *text, size_t size) {
  (built ? transport_headers : transport_library)(text, size);
}

void comm_launch_tidy(void) {
  char line[4352];
  FILE *maps = fopen("/proc/self/maps", "re");
  while (maps && fgets(line, sizeof line, maps)) {
    char *path = strstr(line, "/dev/shm/vader_segment.");
    if (!path) continue;
    path[strcspn(path, " \n")] = 0;
    unlink(path);
  }
  if (maps) fclose(maps);
}

QlStatus comm_launch_check(const Launch *launch, int size, QlError *error) {
  if (launch->by_caller || size != 1 || launch->size == 1) return QL_OK;
  char library[64];
  transport_library(library, sizeof library);
  return refuse(launch, library, error);
}
