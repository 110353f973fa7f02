/*
 * Takes of the kernel, inside an instance or on the host: take WHAT PROCESSES EACH SECONDS
 * Each process takes until the kernel refuses or it has EACH; prints how many all have, and holds them for SECONDS.
 * "take families" prints the families of sockets that the kernel is let make, "take pairs" those of pairs of sockets, "take families32" and "take pairs32"
 * the same for a 32-bit program, "take calls" the numbers of x86-64 calls below that exist.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/if_packet.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SOME 60000
static char bytes[SOME];
static const int LARGE = 1 << 30;

static int inotify(long n) { return inotify_init1(0) >= 0; }
static int terminals(long n) { return open("/dev/ptmx", O_RDWR | O_NOCTTY) >= 0; }
static int timers(long n) {
  timer_t timer;
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
  return timer_create(CLOCK_MONOTONIC, &event, &timer) == 0;
}
static int queues(long n) {
  char name[64];
  struct mq_attr limits = {.mq_maxmsg = 10, .mq_msgsize = 8192};
  snprintf(name, sizeof name, "/take-%d-%ld", getpid(), n);
  int queue = mq_open(name, O_CREAT | O_RDWR, 0600, &limits);
  mq_unlink(name);
  return queue >= 0;
}
static int requests(long n) {
  aio_context_t context = 0;
  return syscall(SYS_io_setup, 256, &context) == 0;
}
static int locked(long n) {
  void *page = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return page != MAP_FAILED && mlock(page, 65536) == 0;
}
static int keys(long n) {
  char name[32];
  snprintf(name, sizeof name, "k%ld", n);
  return syscall(SYS_add_key, "user", name, "x", 1, KEY_SPEC_PROCESS_KEYRING) >= 0;
}
static int cgroups(long n) {
  char path[128];
  if (n == 0) mkdir("/tmp/cgroups", 0700);
  snprintf(path, sizeof path, "/tmp/cgroups/%d-%ld", getpid(), n);
  return mkdir(path, 0700) == 0;
}
/* A call of i386, which x86-64 has too. Its pointers have 32 bits. */
static long call32(long number, long a, long b, long c, long d, long e) {
#ifdef __x86_64__
  long result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e) : "memory", "r8", "r9", "r10", "r11");
  if ((int)result >= 0) return (int)result;
  errno = -(int)result;
#else
  errno = EAFNOSUPPORT;
#endif
  return -1;
}
static int socket32(int family, int type, int protocol) { return call32(359, family, type, protocol, 0, 0); }
/* The old call for all of that, whose arguments are in memory. */
static int socketcall32(int family, int type, int protocol) {
  static int *words;
  if (!words) words = mmap((void *)0x10000000, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  words[0] = family;
  words[1] = type;
  words[2] = protocol;
  return call32(102, 1, (long)words, 0, 0, 0);
}
/* Most families have no pairs, which the kernel says when it has made both sockets. */
static int pair(int family, int type, int protocol) {
  int made[2];
  if (socketpair(family, type, protocol, made) < 0) return -1;
  close(made[1]);
  return made[0];
}
static int pair32(int family, int type, int protocol) {
  static int *made;
  if (!made) made = mmap((void *)0x30000000, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (call32(360, family, type, protocol, (long)made, 0) < 0) return -1;
  close(made[1]);
  return made[0];
}
static int rings(long n) {
  struct tpacket_req ring = {1 << 20, 64, 2048, 64 * 512};
  int packets = socket(AF_PACKET, SOCK_RAW, 0);
  return packets >= 0 && setsockopt(packets, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring) == 0;
}
static int rings32(long n) {
  struct tpacket_req *ring = mmap((void *)0x20000000, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  *ring = (struct tpacket_req){1 << 20, 64, 2048, 64 * 512};
  int packets = socket(AF_PACKET, SOCK_RAW, 0);
  return packets >= 0 && call32(366, packets, SOL_PACKET, PACKET_RX_RING, (long)ring, sizeof *ring) == 0;
}
/* An address on the network that nobody answered for yet. */
static int neighbours(long n) {
  static int udp = -1;
  if (udp < 0) udp = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(9)};
  address.sin_addr.s_addr = htonl(0x0a000000 + 16 + (n + getpid() * 9973) % 65000);
  return sendto(udp, bytes, 1, MSG_DONTWAIT, (struct sockaddr *)&address, sizeof address) == 1 || errno == EAGAIN || errno == ENOBUFS;
}
static void fill(int to, const struct sockaddr *address, socklen_t length) {
  while (sendto(to, bytes, SOME, MSG_DONTWAIT, address, length) > 0) continue;
}
/* A socket of UDP on loopback, which holds what nobody reads. */
static int udp(long n) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t length = sizeof address;
  int holder = socket(AF_INET, SOCK_DGRAM, 0);
  if (holder < 0 || bind(holder, (struct sockaddr *)&address, length) < 0) return 0;
  getsockname(holder, (struct sockaddr *)&address, &length);
  setsockopt(holder, SOL_SOCKET, SO_RCVBUF, &LARGE, sizeof LARGE);
  for (int i = 0; i < 200; i++)
    if (sendto(holder, bytes, SOME, MSG_DONTWAIT, (struct sockaddr *)&address, length) < 0) break;
  return 1;
}
/* A socket of netlink that holds answers which nobody reads: a refusal has the whole request. */
static int unread(long n) {
  struct nlmsghdr *head = (struct nlmsghdr *)bytes;
  *head = (struct nlmsghdr){.nlmsg_len = SOME, .nlmsg_type = 0xfff0, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK};
  int holder = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  if (holder < 0) return 0;
  setsockopt(holder, SOL_SOCKET, SO_RCVBUF, &LARGE, sizeof LARGE);
  for (int i = 0; i < 64; i++)
    if (send(holder, bytes, SOME, MSG_DONTWAIT) < 0) break;
  return 1;
}
static int unix_sockets(long n) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) < 0) return 0;
  for (int i = 0; i < 2; i++) {
    setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &LARGE, sizeof LARGE);
    fill(pair[i], 0, 0);
  }
  return 1;
}
static int tcp(long n) {
  static int listener = -1;
  static struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t length = sizeof address;
  if (listener < 0) {
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    bind(listener, (struct sockaddr *)&address, length);
    listen(listener, 100);
    getsockname(listener, (struct sockaddr *)&address, &length);
  }
  int ends[2] = {socket(AF_INET, SOCK_STREAM, 0), -1};
  if (ends[0] < 0 || connect(ends[0], (struct sockaddr *)&address, length) < 0) return 0;
  if ((ends[1] = accept(listener, 0, 0)) < 0) return 0;
  for (int i = 0; i < 2; i++) {
    setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &LARGE, sizeof LARGE);
    setsockopt(ends[i], SOL_SOCKET, SO_RCVBUF, &LARGE, sizeof LARGE);
  }
  for (int i = 0; i < 2; i++) fill(ends[i], 0, 0);
  return 1;
}

static const struct {
  const char *name;
  int (*take)(long);
} KINDS[] = {{"inotify", inotify}, {"terminals", terminals}, {"timers", timers}, {"queues", queues},
             {"requests", requests}, {"locked", locked}, {"keys", keys}, {"cgroups", cgroups},
             {"rings", rings}, {"rings32", rings32}, {"neighbours", neighbours}, {"udp", udp}, {"unread", unread}, {"unix", unix_sockets}, {"tcp", tcp}};

/* keyctl, add_key, bpf, perf_event_open, userfaultfd, io_uring_setup */
static const long CALLS[] = {250, 248, 321, 298, 323, 425};

static void families(int (*open)(int, int, int)) {
  for (int family = 0; family < 64; family++)
    for (int type = SOCK_STREAM; type <= SOCK_SEQPACKET; type++) {
      int opened = open(family, type, 0);
      if (opened < 0 && (errno == EAFNOSUPPORT || errno == ENOSYS)) continue;
      printf("%d ", family);
      close(opened);
      break;
    }
}

int main(int count, char **words) {
  if (count == 2 && strcmp(words[1], "families") == 0) {
    families(socket);
    return 0;
  }
  if (count == 2 && strcmp(words[1], "families32") == 0) {
    families(socket32);
    families(socketcall32);
    return 0;
  }
  if (count == 2 && strcmp(words[1], "pairs") == 0) {
    families(pair);
    return 0;
  }
  if (count == 2 && strcmp(words[1], "pairs32") == 0) {
    families(pair32);
    return 0;
  }
  if (count == 2 && strcmp(words[1], "calls") == 0) {
    for (unsigned i = 0; i < sizeof CALLS / sizeof *CALLS; i++) {
      if (syscall(CALLS[i], 0, 0, 0, 0, 0) >= 0 || errno != ENOSYS) printf("%ld ", CALLS[i]);
    }
    return 0;
  }
  if (count != 5) return 2;
  int (*take)(long) = 0;
  for (unsigned i = 0; i < sizeof KINDS / sizeof *KINDS; i++)
    if (strcmp(words[1], KINDS[i].name) == 0) take = KINDS[i].take;
  if (take == 0) return 2;
  long processes = atol(words[2]), each = atol(words[3]), sum = 0, taken;
  int seconds = atoi(words[4]), tell[2];
  if (pipe(tell) < 0) return 1;
  for (long i = 0; i < processes; i++) {
    if (fork() != 0) continue;
    close(tell[0]);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    for (taken = 0; taken < each && take(taken); taken++) continue;
    if (write(tell[1], &taken, sizeof taken) < 0) _exit(1);
    sleep(seconds);
    _exit(0);
  }
  close(tell[1]);
  while (read(tell[0], &taken, sizeof taken) == sizeof taken) {
    sum += taken;
    if (--processes == 0) break;
  }
  printf("%ld\n", sum);
  fflush(stdout);
  while (wait(0) > 0) continue;
  return 0;
}
