/* The messages of a time loop, without its arithmetic: a grid of nodes whose parts are alike, each
 * of which brings ghosts from all that it touches, at corners too, after an agreement of all
 * (comm/agree.c: by dissemination). Between two exchanges a node is busy for some time, which it
 * sleeps. A rank is a node here: its leader, which alone sends.
 *
 *     mpirun -n 6 halo_mpi 2  3 2  100 200  4 8  10 10 1e-3
 *
 * axes; cells and extents along each; depth of ghosts, bytes for each element; agreements,
 * exchanges, seconds before each of them. Prints: seconds S messages M bytes B
 * (a step's worth of S is S / exchanges; M and B are of all ranks)
 *
 * By MPI it is what a network gives; by SimGrid's SMPI (smpicc, smpirun) it is a simulation of
 * networks that are not there. */
#include <mpi.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { AXES = 3, NEIGHBOURS = 27, WORD = 88 }; /* WORD: bytes of an agreement */

typedef struct Pattern {
  int axes, cells[AXES], extent[AXES], depth, item, agreements, exchanges;
  double busy;
} Pattern;

typedef struct Neighbour {
  int rank, bytes;
  char *out, *in;
} Neighbour;

typedef struct Node {
  int rank, size, count;
  Neighbour neighbour[NEIGHBOURS];
} Node;

static bool read_words(int count, char **words, Pattern *p) {
  int at = 1;
  p->axes = count > 1 ? atoi(words[at++]) : 0;
  if (p->axes < 1 || p->axes > AXES || count != 7 + 2 * p->axes) return false;
  for (int a = 0; a < p->axes; a++) p->cells[a] = atoi(words[at++]);
  for (int a = 0; a < p->axes; a++) p->extent[a] = atoi(words[at++]);
  p->depth = atoi(words[at++]), p->item = atoi(words[at++]);
  p->agreements = atoi(words[at++]), p->exchanges = atoi(words[at++]);
  p->busy = atof(words[at]);
  return p->exchanges > 0;
}

/* The neighbour so far away along each axis, -1, 0 or 1. False: there is none, or it is us. */
static bool find_neighbour(const Pattern *p, int rank, const int *away, Neighbour *found) {
  bool any = false;
  int64_t bytes = p->item;
  int at = 0, stride = 1;
  for (int a = p->axes - 1; a >= 0; a--) {
    int cell = rank / stride % p->cells[a] + away[a];
    if (cell < 0 || cell >= p->cells[a]) return false;
    any |= away[a] != 0;
    bytes *= away[a] ? p->depth : p->extent[a];
    at += cell * stride, stride *= p->cells[a];
  }
  *found = (Neighbour){.rank = at, .bytes = (int)bytes};
  return any;
}

static bool find_neighbours(const Pattern *p, Node *node) {
  int ways = 1;
  for (int a = 0; a < p->axes; a++) ways *= 3;
  for (int way = 0; way < ways; way++) {
    int away[AXES], rest = way;
    for (int a = 0; a < p->axes; a++) away[a] = rest % 3 - 1, rest /= 3;
    Neighbour *n = &node->neighbour[node->count];
    if (!find_neighbour(p, node->rank, away, n)) continue;
    n->out = calloc(2, (size_t)n->bytes + 1), n->in = n->out ? n->out + n->bytes : NULL;
    if (!n->out) return false;
    node->count++;
  }
  return true;
}

static void agree(const Node *node) {
  char mine[WORD] = {0}, theirs[WORD];
  for (int step = 1; step < node->size; step *= 2)
    MPI_Sendrecv(mine, WORD, MPI_BYTE, (node->rank + step) % node->size, 1, theirs, WORD, MPI_BYTE,
                 (node->rank + node->size - step) % node->size, 1, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
}

static void exchange(const Node *node) {
  MPI_Request requests[2 * NEIGHBOURS];
  int count = 0;
  for (int k = 0; k < node->count; k++) {
    const Neighbour *n = &node->neighbour[k];
    MPI_Irecv(n->in, n->bytes, MPI_BYTE, n->rank, 0, MPI_COMM_WORLD, &requests[count++]);
  }
  for (int k = 0; k < node->count; k++) {
    const Neighbour *n = &node->neighbour[k];
    MPI_Isend(n->out, n->bytes, MPI_BYTE, n->rank, 0, MPI_COMM_WORLD, &requests[count++]);
  }
  MPI_Waitall(count, requests, MPI_STATUSES_IGNORE);
}

static void busy(double seconds) {
  struct timespec time = {(time_t)seconds, (long)(1e9 * (seconds - (double)(time_t)seconds))};
  nanosleep(&time, NULL);
}

static double play(const Pattern *p, const Node *node) {
  MPI_Barrier(MPI_COMM_WORLD);
  double start = MPI_Wtime();
  for (int k = 0; k < p->exchanges; k++) {
    int64_t before = (int64_t)p->agreements * k / p->exchanges,
            after = (int64_t)p->agreements * (k + 1) / p->exchanges;
    busy(p->busy);
    for (int64_t a = before; a < after; a++) agree(node);
    exchange(node);
  }
  return MPI_Wtime() - start;
}

int main(int count, char **words) {
  Pattern pattern = {0};
  Node node = {0};
  MPI_Init(&count, &words);
  MPI_Comm_rank(MPI_COMM_WORLD, &node.rank), MPI_Comm_size(MPI_COMM_WORLD, &node.size);
  int nodes = 1;
  bool right = read_words(count, words, &pattern);
  for (int a = 0; a < pattern.axes; a++) nodes *= pattern.cells[a];
  if (!right || nodes != node.size || !find_neighbours(&pattern, &node)) {
    if (node.rank == 0)
      fprintf(stderr,
              "halo_mpi AXES CELLS... EXTENTS... DEPTH ITEM AGREEMENTS EXCHANGES SECONDS\n");
    MPI_Abort(MPI_COMM_WORLD, 2);
  }
  double seconds = play(&pattern, &node), slowest;
  double sent[2] = {0}, all[2];
  for (int k = 0; k < node.count; k++)
    sent[0] += pattern.exchanges, sent[1] += (double)pattern.exchanges * node.neighbour[k].bytes;
  MPI_Reduce(&seconds, &slowest, 1, MPI_DOUBLE, MPI_MAX, 0, MPI_COMM_WORLD);
  MPI_Reduce(sent, all, 2, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);
  if (node.rank == 0) printf("seconds %.9f messages %.1f bytes %.1f\n", slowest, all[0], all[1]);
  for (int k = 0; k < node.count; k++) free(node.neighbour[k].out);
  MPI_Finalize();
}
