/*
 * Starts the packet capture: run-capture NETNS UID PARENT LINK PROGRAM [ARGUMENT...]
 *
 * PROGRAM (tcpdump) runs as UID with CAP_NET_RAW and nothing else. This process reads 16-byte marks from standard input and
 * sends each as a frame on LINK: when a mark comes out of the capture, everything before it has, which is how a capture is
 * known to have begun and to be complete. The frames carry an experimental EtherType and a foreign address, so that the other
 * side drops them. The end of standard input ends PROGRAM in good order; this process ends with it, with its status, and takes
 * it along when PARENT ends.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine.h"

#define HEADER_BYTES 14
#define MARK_BYTES 16
#define OUTPUT_ROOM (8 << 20)
#define MARK_ETHERTYPE 0x88b5

static int open_link(const char *name)
{
	struct sockaddr_ll link = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(name)};
	/* Protocol 0: receives nothing. */
	int handle = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (handle < 0 || !link.sll_ifindex || bind(handle, (struct sockaddr *)&link, sizeof(link)))
		fail("link %s", name);
	return handle;
}

/* False at the end of standard input. */
static bool pass_mark(int link)
{
	static unsigned char frame[60] = {0x02, 0, 0, 0, 0, 0x01, 0x02, 0, 0, 0, 0, 0x02, MARK_ETHERTYPE >> 8,
					  MARK_ETHERTYPE & 0xff};
	static size_t filled;
	ssize_t length = read(0, frame + HEADER_BYTES + filled, MARK_BYTES - filled);

	if (length < 0 && errno == EINTR)
		return true;
	if (length <= 0)
		return false;
	filled += (size_t)length;
	if (filled < MARK_BYTES)
		return true;
	filled = 0;
	/* A lost mark is sent again by the caller. */
	send(link, frame, sizeof(frame), 0);
	return true;
}

/* Until standard input ends or the program does. */
static void pass_marks(int link, pid_t program)
{
	struct pollfd ready[2] = {{0, POLLIN, 0}, {(int)syscall(SYS_pidfd_open, program, 0), POLLIN, 0}};

	if (ready[1].fd < 0)
		fail("program");
	for (;;) {
		if (poll(ready, 2, -1) < 0 && errno != EINTR)
			fail("poll");
		if (ready[1].revents)
			return;
		if (ready[0].revents && !pass_mark(link)) {
			kill(program, SIGTERM);
			return;
		}
	}
}

__attribute__((noreturn)) static void become_program(char **program, uid_t uid, pid_t parent)
{
	char *no_environment[] = {NULL};
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int room = OUTPUT_ROOM;

	if (null < 0 || dup2(null, 0) < 0 || close_range(3, ~0U, 0))
		fail("handles");
	/* Room for bursts between tcpdump and its reader, which is a socket; a pipe would do without. */
	setsockopt(1, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	drop_rights(uid, 1ULL << CAP_NET_RAW);
	die_with_parent(parent);
	execve(program[0], program, no_environment);
	fail("program %s", program[0]);
}

int main(int count, char **arguments)
{
	pid_t self = getpid();
	uid_t uid;
	pid_t parent, program;
	int link;

	if (count < 6) {
		errno = EINVAL;
		fail("arguments");
	}
	uid = (uid_t)number_argument(arguments[2], 1, 0x7fffffff);
	parent = (pid_t)number_argument(arguments[3], 1, 0x7fffffff);
	enter_network(arguments[1]);
	link = open_link(arguments[4]);
	if (chdir("/"))
		fail("folder");
	program = fork();
	if (program < 0)
		fail("program");
	if (program == 0)
		become_program(arguments + 5, uid, self);
	close(1);
	drop_rights(uid, 0);
	die_with_parent(parent);
	pass_marks(link, program);
	return wait_for(program);
}
