#ifndef AIRLOCK_UDP_RELAY_H
#define AIRLOCK_UDP_RELAY_H

/*
 * One datagram on the stream between relay and sinkhole, all numbers big endian. From the relay it is what the sample sent;
 * the same header comes back in front of an answer, which then goes from `destination` to `source`.
 */
struct datagram_header {
	unsigned char length[4]; /* of the payload */
	unsigned char dropped[4]; /* datagrams that the kernel had no room for so far, on this socket */
	unsigned char family; /* 4 or 6 */
	unsigned char reserved[3];
	unsigned char source_port[2];
	unsigned char destination_port[2];
	unsigned char source[16]; /* IPv4 uses the first four bytes */
	unsigned char destination[16];
};

/* A bound socket that receives datagrams sent to any address. */
int open_udp(int family, unsigned short port);

/* Relays until the stream ends. Needs CAP_NET_RAW, for answers from addresses that are not ours. */
void relay_datagrams(int udp4, int udp6, int stream, unsigned int link);

#endif
