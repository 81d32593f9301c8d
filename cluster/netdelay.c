/* A switch with latency and bandwidth, for kernels without netem: one TAP device "eth0" in the
 * caller's network namespace and in each that is named (/run/netns/NAME). A frame that arrives
 * waits in the queue of the port where it leaves until
 *
 *     max(arrival, when the frame before it has gone) + length / rate + delay
 *
 *     netdelay DELAY_US RATE_MBIT NAME...
 *
 * Rate 0: unlimited. Prints "ready"; runs until it is killed. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { PORTS = 64, QUEUE = 4096, FRAME = 2048, BURST = 32, ADDRESS = 6 };
static const uint64_t NEVER = UINT64_MAX,
                      SLEEP_NS = 80000; /* nearer than that we poll without sleeping */

typedef struct Frame {
  uint64_t due;
  int length;
  unsigned char bytes[FRAME];
} Frame;

typedef struct Port {
  int tap;
  bool known; /* address is that of the host behind this port */
  unsigned char address[ADDRESS];
  Frame *queue; /* [QUEUE], a ring: head..tail-1 modulo QUEUE */
  uint64_t head, tail;
  uint64_t busy_until; /* ns, of the port's line */
} Port;

typedef struct Switch {
  int count;
  uint64_t delay;     /* ns */
  double ns_per_byte; /* 0: unlimited */
  Port port[PORTS];
} Switch;

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* A TAP device in the namespace that this process is in at the moment. */
static bool port_open(Port *port) {
  struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI, .ifr_name = "eth0"};
  port->tap = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  port->queue = malloc(QUEUE * sizeof(Frame));
  return port->tap >= 0 && port->queue && ioctl(port->tap, TUNSETIFF, &request) == 0;
}

static bool switch_open(Switch *s, char **names) {
  char path[256];
  int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  for (int i = 0; i < s->count; i++) {
    int space = home;
    if (i > 0) {
      snprintf(path, sizeof path, "/run/netns/%s", names[i - 1]);
      space = open(path, O_RDONLY | O_CLOEXEC);
    }
    if (space < 0 || setns(space, CLONE_NEWNET) != 0 || !port_open(&s->port[i])) return false;
    if (i > 0) close(space);
  }
  return setns(home, CLONE_NEWNET) == 0;
}

/* A full queue drops the frame, as a switch does. */
static void enqueue(const Switch *s, Port *to, const unsigned char *bytes, int length) {
  if (to->tail - to->head >= QUEUE) return;
  Frame *frame = &to->queue[to->tail++ % QUEUE];
  uint64_t start = now();
  if (to->busy_until > start) start = to->busy_until;
  to->busy_until = start + (uint64_t)(length * s->ns_per_byte);
  frame->due = to->busy_until + s->delay;
  frame->length = length;
  memcpy(frame->bytes, bytes, (size_t)length);
}

/* Takes up to BURST frames from a port and learns who is behind it. */
static bool receive(Switch *s, int from) {
  unsigned char bytes[FRAME];
  bool any = false;
  for (int k = 0; k < BURST; k++) {
    int length = (int)read(s->port[from].tap, bytes, sizeof bytes), to = -1;
    if (length < 2 * ADDRESS + 2) break;
    any = true;
    memcpy(s->port[from].address, bytes + ADDRESS, ADDRESS), s->port[from].known = true;
    bool everyone = bytes[0] & 1;
    for (int i = 0; i < s->count && !everyone; i++)
      if (s->port[i].known && memcmp(s->port[i].address, bytes, ADDRESS) == 0) to = i;
    for (int i = 0; i < s->count; i++)
      if (i != from && (to < 0 || to == i)) enqueue(s, &s->port[i], bytes, length);
  }
  return any;
}

/* Sends what is due; gives when the next frame will be. */
static uint64_t deliver(Switch *s) {
  uint64_t next = NEVER, time = now();
  for (int i = 0; i < s->count; i++) {
    Port *port = &s->port[i];
    for (; port->head != port->tail; port->head++) {
      Frame *frame = &port->queue[port->head % QUEUE];
      if (frame->due > time ||
          (write(port->tap, frame->bytes, (size_t)frame->length) < 0 && errno == EAGAIN))
        break;
    }
    if (port->head != port->tail && port->queue[port->head % QUEUE].due < next)
      next = port->queue[port->head % QUEUE].due;
  }
  return next;
}

int main(int count, char **words) {
  static Switch s; /* too large for the stack */
  if (count < 4 || count - 2 > PORTS)
    return fprintf(stderr, "usage: netdelay DELAY_US RATE_MBIT NAME...\n"), 2;
  s.count = count - 2;
  s.delay = (uint64_t)(atof(words[1]) * 1e3);
  s.ns_per_byte = atof(words[2]) > 0 ? 8e3 / atof(words[2]) : 0;
  if (!switch_open(&s, words + 3)) return perror("netdelay"), 1;
  prctl(PR_SET_TIMERSLACK, 1);
  printf("ready\n"), fflush(stdout);

  struct pollfd wake[PORTS];
  for (int i = 0; i < s.count; i++) wake[i] = (struct pollfd){s.port[i].tap, POLLIN, 0};
  for (;;) {
    uint64_t next = deliver(&s), time;
    bool any = false;
    for (int i = 0; i < s.count; i++) any |= receive(&s, i);
    if (any) continue;
    if (next == NEVER)
      poll(wake, (nfds_t)s.count, -1);
    else if (next > (time = now()) + SLEEP_NS) {
      uint64_t sleep = next - time - SLEEP_NS / 2;
      ppoll(wake, (nfds_t)s.count,
            &(struct timespec){(time_t)(sleep / 1000000000u), (long)(sleep % 1000000000u)}, NULL);
    }
  }
}
