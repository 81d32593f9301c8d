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
 *   posts                               both neighbours' tokens and addresses, by MPI
 *   all ranks agree                     that all have them: from here on nobody can fail
 *   hello(token of the other's) ──>     the token keeps strangers out: many machines have an
 *   <── hello(its complement)           interface with the same private address
 *   KEPT ──>                            from here on the end of the connection means something
 *   ... ABORTS or LEAVES
 *
 * Where leaders cannot connect (a firewall, no addresses) there is no connection, and nothing is
 * noticed but by the launcher and by long waits. A leader waits for a connection only if it knows
 * from the other's post that there will be an attempt. */
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
#include <unistd.h>

enum { ADDRESSES = 8 };

static const int64_t millisecond = 1000000;
/* Milliseconds: for all of it, which only packets that vanish can take; for an address. */
static const int64_t patience = 5000, turn = 500;

/* What a leader tells both others of itself. */
typedef struct Post {
  uint64_t token;
  struct in6_addr address[ADDRESSES]; /* those of IPv4 first, mapped */
  int32_t count;
  uint16_t port; /* in network order; 0: it cannot listen */
  char host[64];
} Post;

typedef struct Hello {
  uint64_t token;
} Hello;

typedef struct Meeting {
  Post mine, before, next;
  int listener, guest; /* who has come, and has said nothing yet; -1 */
  int tried;           /* of the next one's addresses */
  bool greeted;
  int64_t next_turn;
} Meeting;

typedef union Address {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
} Address;

static void close_file(int *file) {
  if (*file >= 0) close(*file);
  *file = -1;
}

/* ---- posting ---- */

static int new_socket(int family) {
  return socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static int listen_to(int family, uint16_t *port) {
  Address any = {.v6 = {.sin6_family = (sa_family_t)family}}; /* all of it, zero but for this */
  socklen_t length = family == AF_INET6 ? sizeof any.v6 : sizeof any.v4;
  int off = 0, file = new_socket(family);
  if (file < 0) return -1;
  if (family == AF_INET6) setsockopt(file, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (bind(file, &any.any, length) || listen(file, 8) || getsockname(file, &any.any, &length)) {
    close(file);
    return -1;
  }
  *port = family == AF_INET6 ? any.v6.sin6_port : any.v4.sin_port;
  return file;
}

/* For both families, or, where there is no IPv6, for IPv4. */
static int new_listener(uint16_t *port) {
  int file = listen_to(AF_INET6, port);
  return file >= 0 ? file : listen_to(AF_INET, port);
}

static struct in6_addr mapped(struct in_addr address) {
  struct in6_addr all = {.s6_addr = {[10] = 0xff, [11] = 0xff}};
  memcpy(all.s6_addr + 12, &address, sizeof address);
  return all;
}

static void list_addresses(Post *post, int family) {
  struct ifaddrs *all = NULL;
  if (getifaddrs(&all)) return;
  for (struct ifaddrs *one = all; one && post->count < ADDRESSES; one = one->ifa_next) {
    const Address *address = (const Address *)one->ifa_addr;
    if (!address || address->any.sa_family != family) continue;
    if (!(one->ifa_flags & IFF_UP) || one->ifa_flags & IFF_LOOPBACK) continue;
    if (family == AF_INET)
      post->address[post->count++] = mapped(address->v4.sin_addr);
    else if (!IN6_IS_ADDR_LINKLOCAL(&address->v6.sin6_addr)) /* means nothing elsewhere */
      post->address[post->count++] = address->v6.sin6_addr;
  }
  freeifaddrs(all);
}

static void prepare_post(const Comm *comm, Meeting *meeting) {
  Post *mine = &meeting->mine;
  list_addresses(mine, AF_INET);
  list_addresses(mine, AF_INET6);
  snprintf(mine->host, sizeof mine->host, "%s", comm->info.host);
  if (getrandom(&mine->token, sizeof mine->token, 0) == sizeof mine->token)
    meeting->listener = new_listener(&mine->port);
}

/* Both neighbours get what is posted here, and this one has theirs. Takes no memory. */
static QlStatus exchange_posts(Comm *comm, Meeting *meeting, QlError *error) {
  int before = comm->ring[0].rank, next = comm->ring[1].rank;
  QL_TRY(comm_agree_exchange(comm, before, next, &meeting->mine, &meeting->next,
                             sizeof meeting->mine, error));
  return comm_agree_exchange(comm, next, before, &meeting->mine, &meeting->before,
                             sizeof meeting->mine, error);
}

/* Nodes of one host, which QUELEA_NODE_SIZE pretends, need no network. */
static bool share_host(const Post *a, const Post *b) {
  return strncmp(a->host, b->host, sizeof a->host) == 0;
}

static void add_loopback(Post *post) {
  memmove(post->address + 1, post->address, sizeof post->address - sizeof *post->address);
  post->address[0] = mapped((struct in_addr){htonl(INADDR_LOOPBACK)});
  post->count = QL_MIN(post->count + 1, ADDRESSES);
}

/* ---- meeting ---- */

static void be_asked(int file, double silence) {
  int on = 1, quarter = (int)QL_MAX(silence / 4, 1), probes = 3;
  setsockopt(file, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  setsockopt(file, IPPROTO_TCP, TCP_KEEPIDLE, &quarter, sizeof quarter);
  setsockopt(file, IPPROTO_TCP, TCP_KEEPINTVL, &quarter, sizeof quarter);
  setsockopt(file, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

static bool send_all(int file, const void *bytes, size_t size) {
  return send(file, bytes, size, MSG_NOSIGNAL) == (ssize_t)size;
}

/* Takes a hello when all of it is there: 1. 0: not yet; -1: it never will. */
static int take_hello(int file, Hello *hello) {
  ssize_t there = recv(file, hello, sizeof *hello, MSG_PEEK | MSG_DONTWAIT);
  if (there == 0 || (there < 0 && errno != EAGAIN && errno != EINTR)) return -1;
  if (there < (ssize_t)sizeof *hello) return 0;
  return recv(file, hello, sizeof *hello, 0) == sizeof *hello ? 1 : -1;
}

static bool has_more(const Meeting *meeting) {
  return meeting->next.port && meeting->tried < meeting->next.count;
}

static int start_connection(const struct in6_addr *to, uint16_t port) {
  Address address = {.v6 = {.sin6_family = AF_INET6, .sin6_port = port, .sin6_addr = *to}};
  socklen_t length = sizeof address.v6;
  if (IN6_IS_ADDR_V4MAPPED(to)) {
    address.v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = port};
    memcpy(&address.v4.sin_addr, to->s6_addr + 12, sizeof address.v4.sin_addr);
    length = sizeof address.v4;
  }
  int file = new_socket(address.any.sa_family);
  if (file >= 0 && connect(file, &address.any, length) && errno != EINPROGRESS) close_file(&file);
  return file;
}

static void try_next(Meeting *meeting, RingSide *next, int64_t now) {
  close_file(&next->file);
  meeting->greeted = false;
  meeting->next_turn = now + turn * millisecond;
  if (has_more(meeting))
    next->file = start_connection(&meeting->next.address[meeting->tried++], meeting->next.port);
}

/* One step towards the next leader; true when it is known. */
static bool move_next(Meeting *meeting, RingSide *next, short events) {
  int failure = 0;
  socklen_t length = sizeof failure;
  Hello hello = {meeting->next.token};
  if (!meeting->greeted) {
    if (!(events & (POLLOUT | POLLERR | POLLHUP))) return false;
    meeting->greeted = !getsockopt(next->file, SOL_SOCKET, SO_ERROR, &failure, &length) &&
                       !failure && send_all(next->file, &hello, sizeof hello);
    if (!meeting->greeted) close_file(&next->file);
    return false;
  }
  int taken = take_hello(next->file, &hello);
  next->kept = taken > 0 && hello.token == ~meeting->next.token &&
               send_all(next->file, &(char){RING_KEPT}, 1);
  if (taken && !next->kept) close_file(&next->file);
  return next->kept;
}

/* One step towards the leader before; true when it is known. */
static bool move_before(Meeting *meeting, RingSide *before) {
  Hello hello, answer = {~meeting->mine.token};
  int taken = take_hello(meeting->guest, &hello);
  if (!taken) return false;
  if (taken < 0 || hello.token != meeting->mine.token ||
      !send_all(meeting->guest, &answer, sizeof answer)) {
    close_file(&meeting->guest);
    return false;
  }
  before->file = meeting->guest, meeting->guest = -1;
  return true;
}

static void meet(Meeting *meeting, RingSide *before, RingSide *next) {
  int64_t now = comm_now(), end = now + patience * millisecond;
  bool is_visited = meeting->mine.port && meeting->mine.count > 0;
  bool has_next = false, has_before = !is_visited;
  while (!(has_next && has_before) && now < end) {
    /* A connection that stands is the kernel's work; who is to answer may have no core just now. */
    bool is_late = !meeting->greeted && now >= meeting->next_turn;
    if (!has_next && (next->file < 0 || is_late)) try_next(meeting, next, now);
    if (!has_next && next->file < 0 && !has_more(meeting)) has_next = true; /* there is none */
    short awaited = meeting->greeted ? POLLIN : POLLOUT;
    struct pollfd files[] = {{.fd = has_next ? -1 : next->file, .events = awaited},
                             {.fd = has_before ? -1 : meeting->guest, .events = POLLIN},
                             {.fd = has_before ? -1 : meeting->listener, .events = POLLIN}};
    poll(files, 3, next->file < 0 && !has_next ? 0 : 50);
    if (files[0].revents) has_next = move_next(meeting, next, files[0].revents);
    if (files[1].revents) has_before = move_before(meeting, before);
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
  int nodes = info->node_count;
  bool is_leader = info->node_rank == 0;
  if (!comm->transport || nodes == 1 || comm->params->silence <= 0) return QL_OK;
  Meeting meeting = {.listener = -1, .guest = -1};
  QlStatus status = QL_OK;
  if (is_leader) {
    before->rank = info->leader_of_node[(info->node + nodes - 1) % nodes];
    next->rank = info->leader_of_node[(info->node + 1) % nodes];
    prepare_post(comm, &meeting);
    status = exchange_posts(comm, &meeting, error);
  }
  status = comm_settle(comm, status, error);
  if (is_leader && !status) {
    if (share_host(&meeting.next, &meeting.mine)) add_loopback(&meeting.next);
    if (share_host(&meeting.before, &meeting.mine)) add_loopback(&meeting.mine);
    snprintf(before->host, sizeof before->host, "%s", meeting.before.host);
    snprintf(next->host, sizeof next->host, "%s", meeting.next.host);
    meet(&meeting, before, next);
  }
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
