/* SPDX-License-Identifier: GPL-2.0 */
/* SHA-256 (FIPS 180-4). Our own, since no static library that we build with has it. */
#ifndef AIRLOCK_SHA256_H
#define AIRLOCK_SHA256_H

#include <stddef.h>
#include <linux/types.h>

#define SHA256_BYTES 32
#define SHA256_BLOCK 64

struct sha256 {
	__u32 state[8];
	__u64 bytes; /* taken in */
	unsigned char block[SHA256_BLOCK];
};

void sha256_begin(struct sha256 *hash);
void sha256_add(struct sha256 *hash, const void *data, size_t bytes);
void sha256_end(struct sha256 *hash, unsigned char out[SHA256_BYTES]);

/* hex: 2 * SHA256_BYTES + 1 places */
void sha256_hex(const unsigned char digest[SHA256_BYTES], char *hex);

#endif
