/*
 * probe-path NETNS PARENT TEXT ADDRESS4 ADDRESS6 PORT: from the sample's side of a run's network, sends TEXT to both addresses
 * over TCP and UDP and ends with 0 once each has answered with the same text. Proves the whole way: addresses, routes,
 * redirection, sockets, relay and the sinkhole's own process.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "confine.h"

#define WAIT_SECONDS 2

static void connect_to(int handle, const char *address, unsigned short port)
{
	struct sockaddr_in to4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 to6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int failed;

	if (inet_pton(AF_INET, address, &to4.sin_addr) == 1)
		failed = connect(handle, (struct sockaddr *)&to4, sizeof(to4));
	else if (inet_pton(AF_INET6, address, &to6.sin6_addr) == 1)
		failed = connect(handle, (struct sockaddr *)&to6, sizeof(to6));
	else {
		errno = EINVAL;
		failed = 1;
	}
	if (failed)
		fail("connect to %s", address);
}

static void probe(int type, const char *address, unsigned short port, const char *text)
{
	struct timeval wait = {.tv_sec = WAIT_SECONDS};
	int handle = socket(strchr(address, ':') ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0);
	size_t length = strlen(text), filled = 0;
	char reply[256];

	if (handle < 0 || length >= sizeof(reply) || setsockopt(handle, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) ||
	    setsockopt(handle, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)))
		fail("socket");
	connect_to(handle, address, port);
	if (send(handle, text, length, MSG_NOSIGNAL) != (ssize_t)length)
		fail("send to %s", address);
	while (filled < length) {
		ssize_t got = recv(handle, reply + filled, sizeof(reply) - filled, 0);

		if (got == 0)
			errno = ECONNRESET;
		if (got <= 0)
			fail("%s answer from %s", type == SOCK_STREAM ? "tcp" : "udp", address);
		filled += (size_t)got;
	}
	if (filled != length || memcmp(reply, text, length)) {
		errno = EBADMSG;
		fail("answer from %s", address);
	}
	close(handle);
}

int main(int count, char **arguments)
{
	unsigned short port;

	if (count != 7) {
		errno = EINVAL;
		fail("arguments");
	}
	die_with_parent((pid_t)number_argument(arguments[2], 1, 0x7fffffff));
	port = (unsigned short)number_argument(arguments[6], 1, 65535);
	enter_network(arguments[1]);
	for (int i = 4; i < 6; i++) {
		probe(SOCK_STREAM, arguments[i], port, arguments[3]);
		probe(SOCK_DGRAM, arguments[i], port, arguments[3]);
	}
	return 0;
}
