/*
 * Starts the sinkhole: sink-sockets NETNS UID PARENT PORT LINK FILE_BYTES [SHOWN...] -- PROGRAM [ARGUMENT...]
 *
 * The only privileged moment of the sinkhole. It joins the sink namespace, opens the sockets that accept traffic to every
 * address (IP_TRANSPARENT needs a capability), and becomes UID in a root that shows only the given paths. PROGRAM runs there
 * with an empty environment and inherits 0 to 2 and 3 (its log) from the caller, 4 and 5 (TCP listeners for IPv4 and IPv6)
 * and 6 (datagrams, see udp-relay.h). This process itself relays the datagrams, ends when PROGRAM has ended, with its status,
 * and takes it along when PARENT ends.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "confine.h"
#include "udp-relay.h"

#define BACKLOG 4096
#define FIRST_HANDLE 4
#define HANDLES 3
#define OPEN_FILES 8192
#define THREADS 64
/* Far above what all its connections need; a leak that a sample finds ends here, and not on the host. */
#define MEMORY_BYTES (1UL << 30)

struct plan {
	const char *network;
	uid_t uid;
	pid_t parent;
	unsigned short port;
	const char *link;
	rlim_t file_bytes;
	char **shown;
	int shown_count;
	char **program;
};

static struct plan read_arguments(int count, char **arguments)
{
	struct plan plan = {0};
	int i = 7;

	if (count < 9) {
		errno = EINVAL;
		fail("arguments");
	}
	plan.network = arguments[1];
	plan.uid = (uid_t)number_argument(arguments[2], 1, 0x7fffffff);
	plan.parent = (pid_t)number_argument(arguments[3], 1, 0x7fffffff);
	plan.port = (unsigned short)number_argument(arguments[4], 1, 65535);
	plan.link = arguments[5];
	plan.file_bytes = (rlim_t)number_argument(arguments[6], 1, 0x7fffffffffffL);
	plan.shown = arguments + i;
	while (i < count && strcmp(arguments[i], "--"))
		i++;
	plan.shown_count = i - 7;
	plan.program = arguments + i + 1;
	if (i + 1 >= count) {
		errno = EINVAL;
		fail("program");
	}
	return plan;
}

static int open_listener(int family, unsigned short port)
{
	struct sockaddr_in any4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 any6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int handle = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int one = 1;
	int failed;

	if (handle < 0)
		fail("tcp socket");
	failed = setsockopt(handle, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (family == AF_INET) {
		failed |= setsockopt(handle, SOL_IP, IP_TRANSPARENT, &one, sizeof(one));
		failed |= bind(handle, (struct sockaddr *)&any4, sizeof(any4));
	} else {
		failed |= setsockopt(handle, SOL_IPV6, IPV6_V6ONLY, &one, sizeof(one));
		failed |= setsockopt(handle, SOL_IPV6, IPV6_TRANSPARENT, &one, sizeof(one));
		failed |= bind(handle, (struct sockaddr *)&any6, sizeof(any6));
	}
	if (failed || listen(handle, BACKLOG))
		fail("tcp port %u", port);
	return handle;
}

static void limit(int resource, rlim_t value)
{
	struct rlimit bound = {value, value};

	if (setrlimit(resource, &bound))
		fail("limit %d", resource);
}

/* Moves the handles to where the program expects them; nothing else that the caller had open goes on. */
static void place_handles(const int *handles)
{
	int safe[HANDLES];

	for (int i = 0; i < HANDLES; i++) {
		safe[i] = fcntl(handles[i], F_DUPFD_CLOEXEC, FIRST_HANDLE + HANDLES);
		if (safe[i] < 0)
			fail("handle");
	}
	for (int i = 0; i < HANDLES; i++)
		if (dup2(safe[i], FIRST_HANDLE + i) < 0)
			fail("handle");
	if (close_range(FIRST_HANDLE + HANDLES, ~0U, 0))
		fail("handles");
}

__attribute__((noreturn)) static void become_program(const struct plan *plan, pid_t parent, const int *handles)
{
	char *no_environment[] = {NULL};

	place_handles(handles);
	limit(RLIMIT_FSIZE, plan->file_bytes);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NOFILE, OPEN_FILES);
	limit(RLIMIT_NPROC, THREADS);
	limit(RLIMIT_DATA, MEMORY_BYTES);
	drop_rights(plan->uid, 0);
	die_with_parent(parent);
	execve(plan->program[0], plan->program, no_environment);
	fail("program %s", plan->program[0]);
}

/* The relay keeps one capability, for answers from foreign addresses, in a namespace that leads nowhere. */
static int become_relay(const struct plan *plan, pid_t program, const int *udp, int stream)
{
	unsigned int link = if_nametoindex(plan->link);

	if (!link)
		fail("link %s", plan->link);
	for (int handle = 0; handle < FIRST_HANDLE; handle++)
		if (handle != 2)
			close(handle);
	drop_rights(plan->uid, 1ULL << CAP_NET_RAW);
	die_with_parent(plan->parent);
	relay_datagrams(udp[0], udp[1], stream, link);
	return wait_for(program);
}

int main(int count, char **arguments)
{
	struct plan plan = read_arguments(count, arguments);
	pid_t self = getpid();
	int stream[2], handles[HANDLES], udp[2];
	pid_t program;

	signal(SIGPIPE, SIG_IGN);
	enter_network(plan.network);
	handles[0] = open_listener(AF_INET, plan.port);
	handles[1] = open_listener(AF_INET6, plan.port);
	udp[0] = open_udp(AF_INET, plan.port);
	udp[1] = open_udp(AF_INET6, plan.port);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream))
		fail("relay stream");
	handles[2] = stream[0];
	show_only(plan.shown, plan.shown_count);
	program = fork();
	if (program < 0)
		fail("program");
	if (program == 0)
		become_program(&plan, self, handles);
	for (int i = 0; i < HANDLES; i++)
		close(handles[i]);
	return become_relay(&plan, program, udp, stream[1]);
}
