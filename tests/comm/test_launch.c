/* What launchers say of ranks, read from the environment: by a process that none has started. */
#include "../check.h"
#include "internal.h"

#include <stdlib.h>

typedef struct Said {
  const char *list, *host;
  int ranks;
} Said;

static int ranks_here(void) {
  QlError error = {0};
  Launch launch;
  CHECK_INT_EQ(comm_launch_find(&(CommOptions){0}, &launch, &error), QL_OK);
  return launch.local_size;
}

/* As Slurm writes them. */
static void ranks_of_a_host_are_found_in_a_list(void) {
  static const Said said[] = {{"4", "0", 4},          {"2(x3)", "0", 2},     {"2(x3)", "2", 2},
                              {"4,2(x2)", "0", 4},    {"4,2(x2)", "1", 2},   {"4,2(x2)", "2", 2},
                              {"1(x2),7,3", "1", 1},  {"1(x2),7,3", "2", 7}, {"1(x2),7,3", "3", 3},
                              {"12(x10),1", "10", 1}, {"", "0", 0},          {"many", "1", 0}};
  setenv("SLURM_STEP_NUM_TASKS", "9", 1), setenv("PMIX_RANK", "0", 1);
  for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
    setenv("SLURM_STEP_TASKS_PER_NODE", said[i].list, 1), setenv("SLURM_NODEID", said[i].host, 1);
    CHECK_INT_EQ(ranks_here(), said[i].ranks);
  }
  unsetenv("SLURM_STEP_TASKS_PER_NODE");
  CHECK_INT_EQ(ranks_here(), 0);
}

/* mpirun in a job of Slurm. */
static void a_number_is_that_of_this_host(void) {
  setenv("OMPI_COMM_WORLD_SIZE", "6", 1), setenv("OMPI_COMM_WORLD_LOCAL_SIZE", "2", 1);
  setenv("SLURM_NODEID", "2", 1), setenv("SLURM_STEP_TASKS_PER_NODE", "1(x3)", 1);
  CHECK_INT_EQ(ranks_here(), 2);
  unsetenv("OMPI_COMM_WORLD_SIZE");
  CHECK_INT_EQ(ranks_here(), 1);
}

CHECK_MAIN(CHECK_TEST(ranks_of_a_host_are_found_in_a_list),
           CHECK_TEST(a_number_is_that_of_this_host))
