// SPDX-License-Identifier: GPL-2.0
/* network PORT: speaks to itself over loopback in all the ways there are. */
#include "workload.h"
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct sockaddr_in loopback(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return address;
}

/* As a reverse shell does: a program whose streams are a connection. */
static void run_on(int connection)
{
	char *argv[] = {"shell", NULL}, *env[] = {NULL};
	pid_t child;
	int status;

	must((child = fork()) >= 0);
	if (!child) {
		must(dup2(connection, 0) == 0);
		must(dup2(connection, 1) == 1);
		close(2);
		execve("/proc/self/exe", argv, env);
		_exit(99);
	}
	must(waitpid(child, &status, 0) == child && status == 3 << 8);
}

static void speak_tcp(int port)
{
	struct sockaddr_in address = loopback(port);
	int server, client, served;

	must((server = socket(AF_INET, SOCK_STREAM, 0)) >= 0);
	must(setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) == 0);
	must(bind(server, (struct sockaddr *)&address, sizeof(address)) == 0);
	must(listen(server, 5) == 0);
	must((client = socket(AF_INET, SOCK_STREAM, 0)) >= 0);
	must(connect(client, (struct sockaddr *)&address, sizeof(address)) == 0);
	must((served = accept(server, NULL, NULL)) >= 0);
	must(send(client, "connected", 9, 0) == 9);
	run_on(client);
	close(client);
	close(served);
	close(server);
	/* Nobody listens any more. */
	must((client = socket(AF_INET, SOCK_STREAM, 0)) >= 0);
	must_fail(connect(client, (struct sockaddr *)&address, sizeof(address)), ECONNREFUSED);
	close(client);
}

static void speak_tcp6(int port)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6,
				       .sin6_port = htons(port),
				       .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int client;

	must((client = socket(AF_INET6, SOCK_STREAM, 0)) >= 0);
	must(connect(client, (struct sockaddr *)&address, sizeof(address)) == -1);
	close(client);
}

static void speak_udp(int port)
{
	struct sockaddr_in address = loopback(port), second = loopback(port + 1);
	struct iovec part = {"datagram", 8};
	struct msghdr message = {.msg_name = &second,
				 .msg_namelen = sizeof(second),
				 .msg_iov = &part,
				 .msg_iovlen = 1};
	struct mmsghdr messages[3] = {
		{.msg_hdr = message}, {.msg_hdr = message}, {.msg_hdr = message}};
	int client;

	must((client = socket(AF_INET, SOCK_DGRAM, 0)) >= 0);
	must(sendto(client, "hello", 5, 0, (struct sockaddr *)&address, sizeof(address)) == 5);
	must(sendmsg(client, &message, 0) == 8);
	must(sendmmsg(client, messages, 3, 0) == 3);
	close(client);
}

static void speak_unix(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "\0airlock-workload"};
	socklen_t bytes = offsetof(struct sockaddr_un, sun_path) + 17;
	int server, client;

	must((server = socket(AF_UNIX, SOCK_STREAM, 0)) >= 0);
	must(bind(server, (struct sockaddr *)&address, bytes) == 0);
	must(listen(server, 1) == 0);
	must((client = socket(AF_UNIX, SOCK_STREAM, 0)) >= 0);
	must(connect(client, (struct sockaddr *)&address, bytes) == 0);
}

int main(int argc, char **argv)
{
	int port;

	if (argc == 1)
		return 3;
	must(argc == 2 && (port = atoi(argv[1])) > 0);
	speak_tcp(port);
	speak_tcp6(port);
	speak_udp(port);
	speak_unix();
	must(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) >= 0);
	must(socket(AF_PACKET, SOCK_RAW, 0) >= 0);
	must(socket(AF_NETLINK, SOCK_RAW, 0) >= 0);
	must_fail(socket(99, SOCK_STREAM, 0), EAFNOSUPPORT);
	return 0;
}
