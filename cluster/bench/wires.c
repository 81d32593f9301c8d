/* What messages between two ranks take at best, by MPI: half of the way there and back of a few
 * bytes, and the bytes of long ones in a second.
 *
 *     mpirun -n 2 wires          prints: latency SECONDS bandwidth BYTES_PER_SECOND */
#include "common.h"

#include <mpi.h>

enum { SHORT = 8, LONG = 1 << 22, TURNS = 2000, LONG_TURNS = 50, ROUNDS = 7 };

/* Seconds of one way; the best of some rounds. */
static double one_way(int rank, char *bytes, int count, int turns) {
  double best = 1e9;
  for (int r = 0; r < ROUNDS; r++) {
    MPI_Barrier(MPI_COMM_WORLD);
    double start = seconds();
    for (int k = 0; k < turns; k++) {
      if (rank == 0) MPI_Send(bytes, count, MPI_BYTE, 1, 0, MPI_COMM_WORLD);
      if (rank < 2)
        MPI_Recv(bytes, count, MPI_BYTE, 1 - rank, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
      if (rank == 1) MPI_Send(bytes, count, MPI_BYTE, 0, 0, MPI_COMM_WORLD);
    }
    double taken = (seconds() - start) / turns / 2;
    best = taken < best ? taken : best;
  }
  return best;
}

int main(int count, char **words) {
  int rank, size;
  MPI_Init(&count, &words);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank), MPI_Comm_size(MPI_COMM_WORLD, &size);
  if (size < 2) MPI_Abort(MPI_COMM_WORLD, 2);
  char *bytes = calloc(LONG, 1);
  if (!bytes) MPI_Abort(MPI_COMM_WORLD, 1);
  double latency = one_way(rank, bytes, SHORT, TURNS),
         whole = one_way(rank, bytes, LONG, LONG_TURNS);
  if (rank == 0) printf("latency %.9f bandwidth %.1f\n", latency, LONG / whole);
  free(bytes);
  MPI_Finalize();
}
