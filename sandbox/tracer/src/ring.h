/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AIRLOCK_RING_H
#define AIRLOCK_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

/* One BPF ring buffer, mapped. */
struct ring {
	int fd;
	size_t bytes;
	unsigned long *consumer;
	const unsigned long *producer;
	const char *data; /* mapped twice in a row, so that every piece is contiguous */
	size_t peak;
};

/*
 * Takes what the ring holds: contiguous bytes in the ring's own form, and how many records they
 * are.
 */
struct ring_piece {
	const char *data;
	size_t bytes;
	__u64 records;
	bool complete; /* up to where the producer was when asked: no record still under
			  construction */
};

int ring_open(struct ring *ring, const char *name, size_t bytes);
void ring_close(struct ring *ring);

/* At most `most` bytes. ring_release() gives the space back. */
struct ring_piece ring_peek(struct ring *ring, size_t most);
/* Bytes that wait. */
size_t ring_used(const struct ring *ring);
void ring_release(struct ring *ring, const struct ring_piece *piece);

#endif
