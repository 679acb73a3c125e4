// SPDX-License-Identifier: GPL-2.0
/*
 * Our own reader, since the library's goes on for as long as one producer keeps up with it (a flood
 * in one analysis would starve the others), and calls back for each record, where we only want to
 * pass bytes on.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "ring.h"

#define HEADER 8

int ring_open(struct ring *ring, const char *name, size_t bytes)
{
	long page = sysconf(_SC_PAGESIZE);
	char *mapped;

	memset(ring, 0, sizeof(*ring));
	ring->bytes = bytes;
	ring->fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, name, 0, 0, bytes, NULL);
	if (ring->fd < 0)
		return -errno;
	ring->consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
	if (ring->consumer == MAP_FAILED) {
		ring->consumer = NULL;
		ring_close(ring);
		return -ENOMEM;
	}
	mapped = mmap(NULL, page + 2 * bytes, PROT_READ, MAP_SHARED, ring->fd, page);
	if (mapped == MAP_FAILED) {
		ring_close(ring);
		return -ENOMEM;
	}
	ring->producer = (const unsigned long *)mapped;
	ring->data = mapped + page;
	return 0;
}

void ring_close(struct ring *ring)
{
	long page = sysconf(_SC_PAGESIZE);

	if (ring->producer)
		munmap((void *)ring->producer, page + 2 * ring->bytes);
	if (ring->consumer)
		munmap(ring->consumer, page);
	if (ring->fd > 0)
		close(ring->fd);
	memset(ring, 0, sizeof(*ring));
}

size_t ring_used(const struct ring *ring)
{
	return __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE) - *ring->consumer;
}

struct ring_piece ring_peek(struct ring *ring, size_t most)
{
	unsigned long begin = *ring->consumer, at = begin;
	unsigned long end = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
	struct ring_piece piece = {.data = ring->data + (begin & (ring->bytes - 1)),
				   .complete = true};

	if (end - begin > ring->peak)
		ring->peak = end - begin;
	while (at < end) {
		const __u32 *header = (const __u32 *)(ring->data + (at & (ring->bytes - 1)));
		__u32 length = __atomic_load_n(header, __ATOMIC_ACQUIRE);
		size_t bytes;

		if (length & BPF_RINGBUF_BUSY_BIT) {
			piece.complete = false;
			break;
		}
		bytes = (HEADER + (length & ~BPF_RINGBUF_DISCARD_BIT) + 7) & ~7UL;
		if (at - begin + bytes > most) {
			piece.complete = false;
			break;
		}
		piece.records += !(length & BPF_RINGBUF_DISCARD_BIT);
		at += bytes;
	}
	piece.bytes = at - begin;
	return piece;
}

void ring_release(struct ring *ring, const struct ring_piece *piece)
{
	__atomic_store_n(ring->consumer, *ring->consumer + piece->bytes, __ATOMIC_RELEASE);
}
