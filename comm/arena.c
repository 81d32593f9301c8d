/* The node's memory: the control segment (its layout is in internal.h) and the arena (contract
 * C12).
 *
 * A lone rank of a node takes private memory with huge pages. Several ranks share two memfds, which
 * the leader makes and passes to the others over a UNIX socket (SCM_RIGHTS). Nothing has a name in
 * a file system: the socket's name is an abstract one that the kernel chooses, and is gone when all
 * have connected. The name and a random token travel by MPI; the token keeps strangers out.
 *
 * The connections stay open: they tell when a process of the node has died.
 *
 * The arena is address space of the whole budget, not yet backed by pages, at a multiple of 2 MiB
 * with inaccessible memory on both sides. A memfd's pages are charged when first touched; its size
 * is sealed, so nobody can shrink it under the others. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u /* Linux 6.3 */
#endif

enum { HUGE = 2 << 20, PATIENCE = 60000 /* milliseconds to connect */ };

static QlStatus fail(QlError *error, const char *what) {
  return ql_fail(error, QL_ERR_OS, "%s: %s", what, strerror(errno));
}

static int new_memfd(const char *name) {
  int file = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
  return file >= 0 || errno != EINVAL ? file : memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

/* ---- mapping ---- */

static QlStatus map_control(Comm *comm, int file, QlError *error) {
  const CommInfo *info = &comm->info;
  int flags = file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
  char *base = mmap(NULL, comm->control_bytes, PROT_READ | PROT_WRITE, flags, file, 0);
  if (base == MAP_FAILED) return fail(error, "cannot map the control segment");
  comm->control = (Control *)base;
  comm->slots = (RankSlot *)(base + sizeof(Control));
  comm->cells = (Cell *)(comm->slots + info->node_size);
  return QL_OK;
}

static QlStatus map_arena(Comm *comm, int file, QlError *error) {
  size_t bytes = (size_t)comm->budget, whole = bytes + 2 * HUGE;
  char *reserved = mmap(NULL, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED)
    return ql_fail(
        error, QL_ERR_MEMORY,
        "cannot reserve %lld MiB of address space for arrays (QUELEA_MEMORY sets less): %s",
        (long long)(bytes >> 20), strerror(errno));
  comm->arena_mapping = reserved;
  comm->arena_mapping_bytes = whole;
  char *base = reserved + (HUGE - (uintptr_t)reserved % HUGE);
  int flags = MAP_FIXED | MAP_NORESERVE | (file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED);
  if (mmap(base, bytes, PROT_READ | PROT_WRITE, flags, file, 0) == MAP_FAILED)
    return ql_fail(error, QL_ERR_MEMORY, "cannot map an arena of %lld MiB: %s",
                   (long long)(bytes >> 20), strerror(errno));
  madvise(base, bytes, MADV_HUGEPAGE); /* a wish: kernels may be built without */
  comm->arena = base;
  comm->arena_bytes = (int64_t)bytes;
  return QL_OK;
}

static QlStatus make_file(int *file, const char *name, int64_t bytes, QlError *error) {
  *file = new_memfd(name);
  if (*file < 0) return fail(error, "cannot make shared memory (memfd_create)");
  if (ftruncate(*file, bytes) != 0) return fail(error, "cannot size shared memory");
  if (fcntl(*file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    return fail(error, "cannot seal shared memory");
  return QL_OK;
}

/* ---- descriptors over a socket ---- */

enum { FILES = 2 };

static QlStatus send_files(int socket_file, const void *bytes, size_t size, const int *files,
                           int count, QlError *error) {
  alignas(struct cmsghdr) char space[CMSG_SPACE(FILES * sizeof(int))] = {0};
  struct iovec part = {(void *)bytes, size};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (count > 0) {
    message.msg_control = space;
    message.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    *head = (struct cmsghdr){.cmsg_len = CMSG_LEN((size_t)count * sizeof(int)),
                             .cmsg_level = SOL_SOCKET,
                             .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(head), files, (size_t)count * sizeof(int));
  }
  ssize_t sent;
  while ((sent = sendmsg(socket_file, &message, MSG_NOSIGNAL)) < 0 && errno == EINTR) continue;
  return sent == (ssize_t)size ? QL_OK : fail(error, "cannot send to a rank of this node");
}

/* Takes `size` bytes and up to FILES descriptors; *count says how many came. */
static QlStatus receive_files(int socket_file, void *bytes, size_t size, int *files, int *count,
                              QlError *error) {
  alignas(struct cmsghdr) char space[CMSG_SPACE(FILES * sizeof(int))];
  struct iovec part = {bytes, size};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
  ssize_t got;
  *count = 0;
  while ((got = recvmsg(socket_file, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) continue;
  if (got < 0) return fail(error, "cannot receive from a rank of this node");
  for (struct cmsghdr *head = CMSG_FIRSTHDR(&message); head; head = CMSG_NXTHDR(&message, head)) {
    if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
    *count = (int)((head->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    memcpy(files, CMSG_DATA(head), (size_t)*count * sizeof(int));
  }
  if (got != (ssize_t)size)
    return ql_fail(error, QL_ERR_OS, "a rank of this node has closed its connection");
  return QL_OK;
}

static bool readable(int file, int milliseconds) {
  struct pollfd one = {.fd = file, .events = POLLIN};
  int got;
  while ((got = poll(&one, 1, milliseconds)) < 0 && errno == EINTR) continue;
  return got > 0;
}

/* ---- meeting ---- */

/* How the ranks of a node find their leader. */
typedef struct Meeting {
  uint64_t token;
  socklen_t length;
  struct sockaddr_un address;
} Meeting;

typedef struct Hello {
  uint64_t token;
  int64_t node_rank;
} Hello;

static QlStatus listen_here(int *listener, Meeting *meeting, int backlog, QlError *error) {
  *listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (*listener < 0) return fail(error, "cannot make a UNIX socket");
  struct sockaddr_un any = {.sun_family = AF_UNIX};
  meeting->length = sizeof meeting->address;
  if (bind(*listener, (struct sockaddr *)&any, sizeof any.sun_family) != 0 ||
      listen(*listener, backlog) != 0 ||
      getsockname(*listener, (struct sockaddr *)&meeting->address, &meeting->length) != 0)
    return fail(error, "cannot listen on a UNIX socket");
  if (getrandom(&meeting->token, sizeof meeting->token, 0) != sizeof meeting->token)
    return fail(error, "getrandom");
  return QL_OK;
}

static QlStatus welcome(Comm *comm, int listener, const Meeting *meeting, const int *files,
                        QlError *error) {
  for (int missing = comm->info.node_size - 1; missing > 0;) {
    Hello hello = {0};
    int none[FILES], count = 0;
    if (!readable(listener, PATIENCE))
      return ql_fail(error, QL_ERR_OS, "%d ranks of this node did not connect", missing);
    int link = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (link < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
    if (link < 0) return fail(error, "cannot accept a rank of this node");
    bool known = readable(link, PATIENCE) &&
                 receive_files(link, &hello, sizeof hello, none, &count, NULL) == QL_OK &&
                 hello.token == meeting->token && hello.node_rank > 0 &&
                 hello.node_rank < comm->info.node_size && comm->links[hello.node_rank] < 0;
    while (count > 0) close(none[--count]);
    if (!known) {
      close(link);
      continue;
    }
    comm->links[hello.node_rank] = link;
    missing--;
  }
  for (int i = 1; i < comm->info.node_size; i++)
    QL_TRY(send_files(comm->links[i], &meeting->token, sizeof meeting->token, files, FILES, error));
  return QL_OK;
}

static QlStatus visit(Comm *comm, const Meeting *meeting, int *files, QlError *error) {
  Hello hello = {meeting->token, comm->info.node_rank};
  uint64_t token = 0;
  int count = 0;
  int link = comm->links[0] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (link < 0) return fail(error, "cannot make a UNIX socket");
  int got;
  while ((got = connect(link, (const struct sockaddr *)&meeting->address, meeting->length)) != 0 &&
         errno == EINTR)
    continue;
  if (got != 0) return fail(error, "cannot connect to the leader of this node");
  QL_TRY(send_files(link, &hello, sizeof hello, NULL, 0, error));
  if (!readable(link, PATIENCE))
    return ql_fail(error, QL_ERR_OS, "the leader of this node does not answer");
  QL_TRY(receive_files(link, &token, sizeof token, files, &count, error));
  if (count != FILES || token != meeting->token)
    return ql_fail(error, QL_ERR_OS, "the leader of this node sent no memory");
  return QL_OK;
}

/* Collective. files[0] is the control segment, files[1] the arena. */
static QlStatus share_files(Comm *comm, int *files, QlError *error) {
  bool leader = comm->info.node_rank == 0;
  int listener = -1;
  Meeting meeting = {0};
  QlStatus status = QL_OK;
  comm->link_count = leader ? comm->info.node_size : 1;
  comm->links = malloc((size_t)comm->link_count * sizeof *comm->links);
  if (!comm->links) status = ql_fail(error, QL_ERR_MEMORY, "no memory for connections");
  for (int i = 0; comm->links && i < comm->link_count; i++) comm->links[i] = -1;
  if (leader && comm->info.node_size > 1) {
    if (status == QL_OK)
      status = make_file(&files[0], "quelea-control", (int64_t)comm->control_bytes, error);
    if (status == QL_OK) status = make_file(&files[1], "quelea-arena", comm->budget, error);
    if (status == QL_OK) status = listen_here(&listener, &meeting, comm->info.node_size, error);
  }
  status = comm_settle(comm, status, error);
  if (status == QL_OK)
    status = transport_share(comm->transport, TRANSPORT_NODE, &meeting, sizeof meeting, 0, error);
  if (status == QL_OK && comm->info.node_size > 1)
    status = leader ? welcome(comm, listener, &meeting, files, error)
                    : visit(comm, &meeting, files, error);
  if (listener >= 0) close(listener);
  return comm_settle(comm, status, error);
}

QlStatus comm_arena_open(Comm *comm, QlError *error) {
  const CommInfo *info = &comm->info;
  int files[FILES] = {-1, -1};
  QlStatus status = QL_OK;
  comm->control_bytes = sizeof(Control) + (size_t)info->node_size * sizeof(RankSlot) +
                        (size_t)(info->workers + COMM_EXTRA_CELLS + CELL_INTERNALS) * sizeof(Cell);
  if (!comm_is_lone(comm)) status = share_files(comm, files, error);
  if (status != QL_OK) goto out;
  status = map_control(comm, files[0], error);
  if (status == QL_OK) status = map_arena(comm, files[1], error);
  status = comm_settle(comm, status, error);
out:
  for (int i = 0; i < FILES; i++)
    if (files[i] >= 0) close(files[i]);
  return status;
}

CommMapping comm_arena_keep(Comm *comm) {
  CommMapping kept = {comm->arena_mapping, comm->arena_mapping_bytes};
  comm->arena_mapping = NULL;
  return kept;
}

void comm_arena_unmap(const CommMapping *mapping) {
  if (mapping->address) munmap(mapping->address, mapping->bytes);
}

void comm_arena_hang_up(Comm *comm) {
  for (int i = 0; comm->links && i < comm->link_count; i++) {
    if (comm->links[i] >= 0) close(comm->links[i]);
    comm->links[i] = -1;
  }
}

void comm_arena_close(Comm *comm) {
  comm_arena_hang_up(comm);
  free(comm->links);
  comm_arena_unmap(&(CommMapping){comm->arena_mapping, comm->arena_mapping_bytes});
  if (comm->control) munmap(comm->control, comm->control_bytes);
}

/* ---- in use ---- */

char *comm_arena_base(const Comm *comm) { return comm->arena; }
int64_t comm_arena_bytes(const Comm *comm) { return comm->arena_bytes; }

int comm_arena_lost(const Comm *comm) {
  for (int i = 0; i < comm->link_count; i++) {
    struct pollfd one = {.fd = comm->links[i], .events = 0};
    if (comm->links[i] < 0 || poll(&one, 1, 0) <= 0 || !(one.revents & (POLLHUP | POLLERR)))
      continue;
    return comm_node_member(comm, i);
  }
  return -1;
}
