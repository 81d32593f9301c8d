/* The ring of nodes: who notices that a host or the only rank of a node is gone, and knows its
 * name.
 *
 *   leader of node 0 ──> leader of node 1 ──> ... ──> leader of node n-1 ──> leader of node 0
 *
 * Each arrow is a TCP connection over which nothing is sent but how its ends are. The kernel keeps
 * it up however long a rank computes, closes it when the process dies, and asks the other host
 * every few seconds whether it is still there (QUELEA_SILENCE). MPI tells none of this: its
 * messages just do not come. Launchers may (mpirun ends the job, and says why) or not: srun, unless
 * it is told to, lets the others wait. A leader has two connections, however many nodes there are;
 * of its own node it hears by those of arena.c.
 *
 *   hello(token of the other's) ──>     the token travels by MPI and keeps strangers out: many
 *   <── hello(its complement)           machines have an interface with the same private address
 *   KEPT ──>                            from here on the end of the connection means something
 *   ... ABORTS or LEAVES
 *
 * Where leaders cannot connect (a firewall, no IPv4) there is no connection, and nothing is noticed
 * but by the launcher and by long waits. */
#include "internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ADDRESSES = 8 };

static const int64_t millisecond = 1000000;
static const int64_t patience = 2000, turn = 500; /* milliseconds: for all of it, for an address */

/* What a leader tells the one before it. */
typedef struct Post {
  uint64_t token;
  uint32_t address[ADDRESSES]; /* in network order */
  int32_t count;
  uint16_t port; /* 0: it cannot listen */
  char host[64];
} Post;

typedef struct Hello {
  uint64_t token;
  char host[64];
} Hello;

typedef struct Meeting {
  Post mine, theirs;
  int listener, guest; /* who has come, and has said nothing yet; -1 */
  int tried;           /* of their addresses */
  bool greeted;
  int64_t next_turn;
} Meeting;

static void close_file(int *file) {
  if (*file >= 0) close(*file);
  *file = -1;
}

/* ---- posting ---- */

static void listen_here(Meeting *meeting) {
  struct sockaddr_in any = {.sin_family = AF_INET};
  socklen_t length = sizeof any;
  Post *mine = &meeting->mine;
  int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (file < 0) return;
  if (bind(file, (struct sockaddr *)&any, sizeof any) || listen(file, 8) ||
      getsockname(file, (struct sockaddr *)&any, &length) ||
      getrandom(&mine->token, sizeof mine->token, 0) != sizeof mine->token) {
    close(file);
    return;
  }
  meeting->listener = file;
  mine->port = any.sin_port;
}

static void list_addresses(Post *post) {
  struct ifaddrs *all = NULL;
  if (getifaddrs(&all)) return;
  for (struct ifaddrs *one = all; one && post->count < ADDRESSES; one = one->ifa_next) {
    bool usable = one->ifa_addr && one->ifa_addr->sa_family == AF_INET &&
                  (one->ifa_flags & IFF_UP) && !(one->ifa_flags & IFF_LOOPBACK);
    if (usable)
      post->address[post->count++] = ((struct sockaddr_in *)one->ifa_addr)->sin_addr.s_addr;
  }
  freeifaddrs(all);
}

/* Gives the leader before this one what is posted here, and takes what the next one has. */
static QlStatus exchange_posts(Comm *comm, Meeting *meeting, QlError *error) {
  const CommInfo *info = &comm->info;
  int nodes = info->node_count, next = info->leader_of_node[(info->node + 1) % nodes],
      before = info->leader_of_node[(info->node + nodes - 1) % nodes];
  TransportBatch *batch = transport_batch_new(comm->transport, 2);
  if (!batch) return ql_fail(error, QL_ERR_MEMORY, "no memory for the ring of nodes");
  bool done = false;
  QlStatus status = transport_receive(batch, next, &meeting->theirs, sizeof meeting->theirs,
                                      TRANSPORT_AGREE, error);
  if (!status)
    status =
        transport_send(batch, before, &meeting->mine, sizeof meeting->mine, TRANSPORT_AGREE, error);
  while (!status && !(status = transport_poll(batch, &done, error)) && !done)
    nanosleep(&(struct timespec){0, 20000}, NULL);
  transport_batch_free(batch);
  return status;
}

/* ---- meeting ---- */

static void be_asked(int file, double silence) {
  int on = 1, quarter = (int)QL_MAX(silence / 4, 1), probes = 3;
  setsockopt(file, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  setsockopt(file, IPPROTO_TCP, TCP_KEEPIDLE, &quarter, sizeof quarter);
  setsockopt(file, IPPROTO_TCP, TCP_KEEPINTVL, &quarter, sizeof quarter);
  setsockopt(file, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

static Hello hello_from(const Comm *comm, uint64_t token) {
  Hello hello = {.token = token};
  snprintf(hello.host, sizeof hello.host, "%s", comm->info.host);
  return hello;
}

static bool send_all(int file, const void *bytes, size_t size) {
  return send(file, bytes, size, MSG_NOSIGNAL) == (ssize_t)size;
}

/* Takes a hello when all of it is there: 1. 0: not yet; -1: it never will. */
static int take_hello(int file, Hello *hello) {
  ssize_t there = recv(file, hello, sizeof *hello, MSG_PEEK | MSG_DONTWAIT);
  if (there == 0 || (there < 0 && errno != EAGAIN && errno != EINTR)) return -1;
  if (there < (ssize_t)sizeof *hello) return 0;
  hello->host[sizeof hello->host - 1] = 0;
  return recv(file, hello, sizeof *hello, 0) == sizeof *hello ? 1 : -1;
}

static bool has_more(const Meeting *meeting) {
  return meeting->theirs.port && meeting->tried < meeting->theirs.count;
}

static void try_next(Meeting *meeting, RingSide *next, int64_t now) {
  close_file(&next->file);
  if (!has_more(meeting)) return;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = meeting->theirs.port};
  to.sin_addr.s_addr = meeting->theirs.address[meeting->tried++];
  meeting->greeted = false;
  meeting->next_turn = now + turn * millisecond;
  next->file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (next->file < 0) return;
  if (connect(next->file, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS)
    close_file(&next->file);
}

/* One step towards the next leader; true when it is known. */
static bool move_next(Comm *comm, Meeting *meeting, RingSide *next, short events) {
  int failure = 0;
  socklen_t length = sizeof failure;
  Hello hello;
  if (!meeting->greeted) {
    if (!(events & (POLLOUT | POLLERR | POLLHUP))) return false;
    hello = hello_from(comm, meeting->theirs.token);
    meeting->greeted = !getsockopt(next->file, SOL_SOCKET, SO_ERROR, &failure, &length) &&
                       !failure && send_all(next->file, &hello, sizeof hello);
    if (!meeting->greeted) close_file(&next->file);
    return false;
  }
  int taken = take_hello(next->file, &hello);
  bool known = taken > 0 && hello.token == ~meeting->theirs.token &&
               send_all(next->file, &(char){RING_KEPT}, 1);
  if (taken && !known) close_file(&next->file);
  if (known) memcpy(next->host, hello.host, sizeof next->host);
  next->kept = known;
  return known;
}

/* One step towards the leader before; true when it is known. */
static bool move_before(Comm *comm, Meeting *meeting, RingSide *before) {
  Hello hello;
  int taken = take_hello(meeting->guest, &hello);
  if (!taken) return false;
  Hello answer = hello_from(comm, ~meeting->mine.token);
  if (taken < 0 || hello.token != meeting->mine.token ||
      !send_all(meeting->guest, &answer, sizeof answer)) {
    close_file(&meeting->guest);
    return false;
  }
  before->file = meeting->guest, meeting->guest = -1;
  memcpy(before->host, hello.host, sizeof before->host);
  return true;
}

static void meet(Comm *comm, Meeting *meeting, RingSide *before, RingSide *next) {
  int64_t now = comm_now(), end = now + patience * millisecond;
  bool has_next = false, has_before = meeting->listener < 0;
  while (!(has_next && has_before) && now < end) {
    if (!has_next && (next->file < 0 || now >= meeting->next_turn)) try_next(meeting, next, now);
    if (!has_next && next->file < 0 && !has_more(meeting)) has_next = true; /* there is none */
    short awaited = meeting->greeted ? POLLIN : POLLOUT;
    struct pollfd files[] = {{.fd = has_next ? -1 : next->file, .events = awaited},
                             {.fd = has_before ? -1 : meeting->guest, .events = POLLIN},
                             {.fd = has_before ? -1 : meeting->listener, .events = POLLIN}};
    poll(files, 3, 50);
    if (files[0].revents) has_next = move_next(comm, meeting, next, files[0].revents);
    if (files[1].revents) has_before = move_before(comm, meeting, before);
    if (files[2].revents && !has_before) {
      int guest = accept4(meeting->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (guest >= 0) close_file(&meeting->guest), meeting->guest = guest;
    }
    now = comm_now();
  }
  if (!next->kept) close_file(&next->file);
}

QlStatus comm_ring_open(Comm *comm, QlError *error) {
  const CommInfo *info = &comm->info;
  RingSide *before = &comm->ring[0], *next = &comm->ring[1];
  if (!comm->transport || info->node_rank || info->node_count == 1 || comm->params->silence <= 0)
    return QL_OK;
  before->rank = info->leader_of_node[(info->node + info->node_count - 1) % info->node_count];
  next->rank = info->leader_of_node[(info->node + 1) % info->node_count];
  Meeting meeting = {.listener = -1, .guest = -1};
  listen_here(&meeting);
  list_addresses(&meeting.mine);
  snprintf(meeting.mine.host, sizeof meeting.mine.host, "%s", info->host);
  QlStatus status = exchange_posts(comm, &meeting, error);
  Post *theirs = &meeting.theirs;
  if (!status && strncmp(theirs->host, info->host, sizeof theirs->host) == 0) {
    memmove(theirs->address + 1, theirs->address, sizeof theirs->address - sizeof *theirs->address);
    theirs->address[0] = htonl(INADDR_LOOPBACK);
    theirs->count = QL_MIN(theirs->count + 1, ADDRESSES);
  }
  if (!status) meet(comm, &meeting, before, next);
  close_file(&meeting.listener), close_file(&meeting.guest);
  for (int i = 0; i < RING_SIDES; i++)
    if (comm->ring[i].file >= 0) be_asked(comm->ring[i].file, comm->params->silence);
  return status;
}

/* ---- in use ---- */

void comm_ring_say(Comm *comm, RingWord word) {
  for (int i = 0; i < RING_SIDES; i++)
    if (comm->ring[i].file >= 0) send_all(comm->ring[i].file, &(char){(char)word}, 1);
}

void comm_ring_close(Comm *comm) {
  for (int i = 0; i < RING_SIDES; i++) close_file(&comm->ring[i].file);
}

/* What has come over a connection since the last look. */
static RingWord hear(RingSide *side) {
  char word;
  ssize_t got;
  while ((got = recv(side->file, &word, 1, MSG_DONTWAIT)) == 1) {
    if (word == RING_KEPT)
      side->kept = true;
    else
      return (RingWord)word;
  }
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return RING_NOTHING;
  side->failure = got == 0 ? ECONNRESET : errno;
  return side->kept ? RING_LOST : RING_LEAVES;
}

RingWord comm_ring_hear(Comm *comm, char *text, size_t size) {
  for (int i = 0; i < RING_SIDES; i++) {
    RingSide *side = &comm->ring[i];
    if (side->file < 0) continue;
    RingWord word = side->lost_at ? RING_LOST : hear(side);
    if (word == RING_LEAVES) close_file(&side->file);
    if (word == RING_ABORTS) return word;
    if (word != RING_LOST) continue;
    int64_t now = comm_now();
    if (!side->lost_at) side->lost_at = now;
    if (now - side->lost_at < 500 * millisecond) continue;
    if (side->failure == ECONNRESET || side->failure == EPIPE)
      snprintf(text, size, "rank %d on %s has died", side->rank, side->host);
    else
      snprintf(text, size, "%s, the host of rank %d, does not answer any more (%s)", side->host,
               side->rank, strerror(side->failure));
    return word;
  }
  return RING_NOTHING;
}
