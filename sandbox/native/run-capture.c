/*
 * Starts the packet capture: run-capture NETNS UID PARENT LINK PROGRAM [ARGUMENT...]
 *
 * PROGRAM (tcpdump) runs as UID with CAP_NET_RAW and nothing else. A second process reads 16-byte marks from standard input
 * and sends each as a frame on LINK: when a mark comes out of the capture, everything before it has, which is how a capture
 * is known to have begun and to be complete. The frames carry an experimental EtherType and a foreign address, so that the
 * other side drops them. Everything ends with PARENT.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "confine.h"

#define MARK_BYTES 16
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

static void send_marks(int link)
{
	unsigned char frame[60] = {0x02, 0, 0, 0, 0, 0x01, 0x02, 0, 0, 0, 0, 0x02, MARK_ETHERTYPE >> 8, MARK_ETHERTYPE & 0xff};

	for (;;) {
		size_t filled = 0;

		while (filled < MARK_BYTES) {
			ssize_t length = read(0, frame + 14 + filled, MARK_BYTES - filled);

			if (length < 0 && errno == EINTR)
				continue;
			if (length <= 0)
				_exit(0);
			filled += (size_t)length;
		}
		if (send(link, frame, sizeof(frame), 0) < 0)
			fail("mark");
	}
}

static void start_marks(int link, uid_t uid)
{
	pid_t parent = getpid();
	pid_t child = fork();

	if (child < 0)
		fail("marks");
	if (child > 0)
		return;
	close(1);
	drop_rights(uid, 0);
	die_with_parent(parent);
	send_marks(link);
}

int main(int count, char **arguments)
{
	char *no_environment[] = {NULL};
	uid_t uid;
	pid_t parent;
	int link, null;

	if (count < 6) {
		errno = EINVAL;
		fail("arguments");
	}
	uid = (uid_t)number_argument(arguments[2], 1, 0x7fffffff);
	parent = (pid_t)number_argument(arguments[3], 1, 0x7fffffff);
	enter_network(arguments[1]);
	link = open_link(arguments[4]);
	start_marks(link, uid);
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null < 0 || dup2(null, 0) < 0 || close_range(3, ~0U, 0) || chdir("/"))
		fail("handles");
	drop_rights(uid, 1ULL << CAP_NET_RAW);
	die_with_parent(parent);
	execve(arguments[5], arguments + 5, no_environment);
	fail("program %s", arguments[5]);
}
