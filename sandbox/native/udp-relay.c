#define _GNU_SOURCE
#include "udp-relay.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "confine.h"

#define MAX_PAYLOAD 65536
#define RECEIVE_BUFFER (8 << 20)

static void put32(unsigned char *to, uint32_t value)
{
	value = htonl(value);
	memcpy(to, &value, 4);
}

static uint32_t get32(const unsigned char *from)
{
	uint32_t value;

	memcpy(&value, from, 4);
	return ntohl(value);
}

static void set_option(int handle, int level, int option, int value)
{
	if (setsockopt(handle, level, option, &value, sizeof(value)))
		fail("socket option %d/%d", level, option);
}

int open_udp(int family, unsigned short port)
{
	struct sockaddr_in any4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 any6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int handle = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int bound;

	if (handle < 0)
		fail("udp socket");
	set_option(handle, SOL_SOCKET, SO_REUSEADDR, 1);
	set_option(handle, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER);
	set_option(handle, SOL_SOCKET, SO_RXQ_OVFL, 1);
	if (family == AF_INET) {
		set_option(handle, SOL_IP, IP_TRANSPARENT, 1);
		set_option(handle, SOL_IP, IP_RECVORIGDSTADDR, 1);
		bound = bind(handle, (struct sockaddr *)&any4, sizeof(any4));
	} else {
		set_option(handle, SOL_IPV6, IPV6_V6ONLY, 1);
		set_option(handle, SOL_IPV6, IPV6_TRANSPARENT, 1);
		set_option(handle, SOL_IPV6, IPV6_RECVORIGDSTADDR, 1);
		bound = bind(handle, (struct sockaddr *)&any6, sizeof(any6));
	}
	if (bound)
		fail("udp port %u", port);
	return handle;
}

/* False when the sinkhole is gone. */
static bool write_all(int stream, struct iovec *part, int parts)
{
	while (parts > 0) {
		ssize_t done = writev(stream, part, parts);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return false;
		while (parts > 0 && (size_t)done >= part->iov_len) {
			done -= (ssize_t)part->iov_len;
			part++;
			parts--;
		}
		if (parts > 0) {
			part->iov_base = (char *)part->iov_base + done;
			part->iov_len -= (size_t)done;
		}
	}
	return true;
}

static void fill_address(struct datagram_header *header, const struct sockaddr_storage *from, int is_source)
{
	unsigned char *address = is_source ? header->source : header->destination;
	unsigned char *port = is_source ? header->source_port : header->destination_port;

	if (from->ss_family == AF_INET) {
		memcpy(address, &((const struct sockaddr_in *)from)->sin_addr, 4);
		memcpy(port, &((const struct sockaddr_in *)from)->sin_port, 2);
	} else {
		memcpy(address, &((const struct sockaddr_in6 *)from)->sin6_addr, 16);
		memcpy(port, &((const struct sockaddr_in6 *)from)->sin6_port, 2);
	}
}

/* Hands one received datagram to the sinkhole. The write blocks while it is behind; the kernel then counts what it drops. */
static bool forward(int udp, int stream)
{
	static unsigned char payload[MAX_PAYLOAD];
	struct datagram_header header = {0};
	struct sockaddr_storage source, destination = {0};
	char control[256];
	struct iovec into = {payload, sizeof(payload)};
	struct msghdr message = {.msg_name = &source, .msg_namelen = sizeof(source), .msg_iov = &into, .msg_iovlen = 1,
				 .msg_control = control, .msg_controllen = sizeof(control)};
	ssize_t length = recvmsg(udp, &message, MSG_DONTWAIT);
	struct iovec parts[2] = {{&header, sizeof(header)}, {payload, 0}};

	if (length < 0)
		return true;
	for (struct cmsghdr *note = CMSG_FIRSTHDR(&message); note; note = CMSG_NXTHDR(&message, note)) {
		if (note->cmsg_level == SOL_IP && note->cmsg_type == IP_ORIGDSTADDR)
			memcpy(&destination, CMSG_DATA(note), sizeof(struct sockaddr_in));
		else if (note->cmsg_level == SOL_IPV6 && note->cmsg_type == IPV6_ORIGDSTADDR)
			memcpy(&destination, CMSG_DATA(note), sizeof(struct sockaddr_in6));
		else if (note->cmsg_level == SOL_SOCKET && note->cmsg_type == SO_RXQ_OVFL) {
			uint32_t dropped;

			memcpy(&dropped, CMSG_DATA(note), 4);
			put32(header.dropped, dropped);
		}
	}
	if (destination.ss_family != source.ss_family)
		return true;
	header.family = source.ss_family == AF_INET ? 4 : 6;
	fill_address(&header, &source, 1);
	fill_address(&header, &destination, 0);
	put32(header.length, (uint32_t)length);
	parts[1].iov_len = (size_t)length;
	return write_all(stream, parts, length ? 2 : 1);
}

/* A socket of its own for each answer, for a source port can't be chosen otherwise. What can't be answered (multicast) isn't. */
static void answer(const struct datagram_header *header, const unsigned char *payload, size_t length, unsigned int link)
{
	int family = header->family == 4 ? AF_INET : AF_INET6;
	struct sockaddr_in from4 = {.sin_family = AF_INET}, to4 = {.sin_family = AF_INET};
	struct sockaddr_in6 from6 = {.sin6_family = AF_INET6}, to6 = {.sin6_family = AF_INET6, .sin6_scope_id = link};
	int handle = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int one = 1;

	if (handle < 0)
		return;
	setsockopt(handle, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (family == AF_INET) {
		memcpy(&from4.sin_addr, header->destination, 4);
		memcpy(&from4.sin_port, header->destination_port, 2);
		memcpy(&to4.sin_addr, header->source, 4);
		memcpy(&to4.sin_port, header->source_port, 2);
		if (!setsockopt(handle, SOL_IP, IP_TRANSPARENT, &one, sizeof(one)) &&
		    !bind(handle, (struct sockaddr *)&from4, sizeof(from4)))
			sendto(handle, payload, length, 0, (struct sockaddr *)&to4, sizeof(to4));
	} else {
		memcpy(&from6.sin6_addr, header->destination, 16);
		memcpy(&from6.sin6_port, header->destination_port, 2);
		memcpy(&to6.sin6_addr, header->source, 16);
		memcpy(&to6.sin6_port, header->source_port, 2);
		if (IN6_IS_ADDR_LINKLOCAL(&from6.sin6_addr))
			from6.sin6_scope_id = link;
		if (!setsockopt(handle, SOL_IPV6, IPV6_TRANSPARENT, &one, sizeof(one)) &&
		    !bind(handle, (struct sockaddr *)&from6, sizeof(from6)))
			sendto(handle, payload, length, 0, (struct sockaddr *)&to6, sizeof(to6));
	}
	close(handle);
}

/* Takes whole answers out of what has been read so far. False when the sinkhole is gone, or talks nonsense. */
static bool answer_ready(int stream, unsigned int link)
{
	static unsigned char buffer[2 * (MAX_PAYLOAD + sizeof(struct datagram_header))];
	static size_t filled;
	struct datagram_header header;
	size_t used = 0;
	ssize_t length = read(stream, buffer + filled, sizeof(buffer) - filled);

	if (length < 0 && errno == EINTR)
		return true;
	if (length <= 0)
		return false;
	filled += (size_t)length;
	while (filled - used >= sizeof(header)) {
		memcpy(&header, buffer + used, sizeof(header));
		if (get32(header.length) > MAX_PAYLOAD)
			return false;
		if (filled - used < sizeof(header) + get32(header.length))
			break;
		answer(&header, buffer + used + sizeof(header), get32(header.length), link);
		used += sizeof(header) + get32(header.length);
	}
	memmove(buffer, buffer + used, filled - used);
	filled -= used;
	return true;
}

void relay_datagrams(int udp4, int udp6, int stream, unsigned int link)
{
	struct pollfd ready[3] = {{udp4, POLLIN, 0}, {udp6, POLLIN, 0}, {stream, POLLIN, 0}};

	bool connected = true;

	while (connected) {
		if (poll(ready, 3, -1) < 0 && errno != EINTR)
			fail("poll");
		if (ready[2].revents)
			connected = answer_ready(stream, link);
		if (connected && ready[0].revents & POLLIN)
			connected = forward(udp4, stream);
		if (connected && ready[1].revents & POLLIN)
			connected = forward(udp6, stream);
	}
}
