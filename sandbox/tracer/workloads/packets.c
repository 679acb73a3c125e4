// SPDX-License-Identifier: GPL-2.0
/*
 * packets: datagrams of all kinds, and streams without a connect. Run as root; in a network
 * namespace of its own.
 */
#include "workload.h"
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#define MESSAGES 11

/* An echo request, whose check sum the kernel looks at only of what it gets. */
static const unsigned char echo[8] = {8, 0, 0xf7, 0xff, 0, 0, 0, 0};
static const unsigned char echo6[8] = {128, 0, 0, 0, 0, 0, 0, 0};

static struct sockaddr_in to4(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return address;
}

static struct sockaddr_in6 to6(const char *text, int port)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	must(inet_pton(AF_INET6, text, &address.sin6_addr) == 1);
	return address;
}

static void enter_own_network(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int file, control;

	must(unshare(CLONE_NEWNET) == 0);
	must((file = open("/proc/sys/net/ipv4/ping_group_range", O_WRONLY)) >= 0);
	must(write(file, "0 0", 3) == 3);
	must(close(file) == 0);
	must((control = socket(AF_INET, SOCK_DGRAM, 0)) >= 0);
	must(ioctl(control, SIOCSIFFLAGS, &request) == 0);
	must(close(control) == 0);
}

#define SEND(fd, bytes, length, address)                                            \
	must(sendto(fd, bytes, length, 0, (const struct sockaddr *)&(address),      \
		    sizeof(address)) == (ssize_t)(length))

static void send_raw(void)
{
	struct sockaddr_in address = to4(0);
	struct sockaddr_ll link = {.sll_family = AF_PACKET,
				   .sll_protocol = htons(ETH_P_IP),
				   .sll_ifindex = 1,
				   .sll_halen = 6};
	unsigned char frame[60] = {[12] = 8, [14] = 0x45};
	int raw, packet;

	must((raw = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)) >= 0);
	SEND(raw, echo, sizeof(echo), address);
	must((packet = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_IP))) >= 0);
	must(bind(packet, (struct sockaddr *)&link, sizeof(link)) == 0);
	SEND(packet, frame, sizeof(frame), link);
}

static void ping(void)
{
	struct sockaddr_in address = to4(0);
	struct sockaddr_in6 address6 = to6("::1", 0);
	int client;

	must((client = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP)) >= 0);
	SEND(client, echo, sizeof(echo), address);
	must((client = socket(AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6)) >= 0);
	SEND(client, echo6, sizeof(echo6), address6);
}

static void speak_six(void)
{
	struct sockaddr_in6 address = to6("::1", 4711), mapped = to6("::ffff:127.0.0.1", 4712);
	int server, client;

	must((client = socket(AF_INET6, SOCK_DGRAM, 0)) >= 0);
	SEND(client, "six", 3, address);
	SEND(client, "mapped", 6, mapped);
	must((server = socket(AF_INET6, SOCK_STREAM, 0)) >= 0);
	must(bind(server, (struct sockaddr *)&address, sizeof(address)) == 0);
	must(listen(server, 1) == 0);
	must((client = socket(AF_INET6, SOCK_STREAM, 0)) >= 0);
	must(connect(client, (struct sockaddr *)&address, sizeof(address)) == 0);
	must(accept4(server, NULL, NULL, 0) >= 0);
}

/* Many at once, each to another port; and some where the connection says whom to. */
static void send_many(void)
{
	struct iovec part = {"burst", 5};
	struct sockaddr_in addresses[MESSAGES];
	struct mmsghdr messages[MESSAGES] = {};
	int client, i;

	must((client = socket(AF_INET, SOCK_DGRAM, 0)) >= 0);
	for (i = 0; i < MESSAGES; i++) {
		addresses[i] = to4(5000 + i);
		messages[i].msg_hdr = (struct msghdr){.msg_name = &addresses[i],
						      .msg_namelen = sizeof(addresses[i]),
						      .msg_iov = &part,
						      .msg_iovlen = 1};
	}
	must(sendmmsg(client, messages, MESSAGES, 0) == MESSAGES);
	must((client = socket(AF_INET, SOCK_DGRAM, 0)) >= 0);
	must(connect(client, (struct sockaddr *)&addresses[0], sizeof(addresses[0])) == 0);
	for (i = 0; i < MESSAGES; i++)
		messages[i].msg_hdr.msg_name = NULL;
	must(sendmmsg(client, messages, 1, 0) == 1);
}

/* The connection is made by the first thing that is said. */
static void say_at_once(void)
{
	struct sockaddr_in address = to4(4713);
	int client;

	must((client = socket(AF_INET, SOCK_STREAM, 0)) >= 0);
	must_fail(sendto(client, "fast", 4, MSG_FASTOPEN, (struct sockaddr *)&address,
			 sizeof(address)),
		  ECONNREFUSED);
}

static void speak_unix(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "\0airlock-packets"};
	socklen_t bytes = offsetof(struct sockaddr_un, sun_path) + 16;
	int server, client;

	must((server = socket(AF_UNIX, SOCK_DGRAM, 0)) >= 0);
	must(bind(server, (struct sockaddr *)&address, bytes) == 0);
	must((client = socket(AF_UNIX, SOCK_DGRAM, 0)) >= 0);
	must(sendto(client, "abstract", 8, 0, (struct sockaddr *)&address, bytes) == 8);
	must((client = socket(AF_UNIX, SOCK_SEQPACKET, 0)) >= 0);
	must_fail(connect(client, (struct sockaddr *)&address, bytes), ECONNREFUSED);
}

int main(void)
{
	enter_own_network();
	send_raw();
	ping();
	speak_six();
	send_many();
	say_at_once();
	speak_unix();
	return 0;
}
