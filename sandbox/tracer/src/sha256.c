// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>
#include "sha256.h"

static const __u32 constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

static inline __u32 turn(__u32 word, int bits)
{
	return word >> bits | word << (32 - bits);
}

static inline __u32 load(const unsigned char *from)
{
	return (__u32)from[0] << 24 | from[1] << 16 | from[2] << 8 | from[3];
}

static void expand(__u32 *words, const unsigned char *block)
{
	int i;

	for (i = 0; i < 16; i++)
		words[i] = load(block + 4 * i);
	for (; i < 64; i++) {
		__u32 a = words[i - 15], b = words[i - 2];

		words[i] = words[i - 16] + (turn(a, 7) ^ turn(a, 18) ^ a >> 3) + words[i - 7] +
			   (turn(b, 17) ^ turn(b, 19) ^ b >> 10);
	}
}

/* One step, with the names of the eight words given in turn instead of moving what they hold. */
#define STEP(a, b, c, d, e, f, g, h, i)                                               \
	do {                                                                          \
		h += (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + (g ^ (e & (f ^ g))) + \
		     constants[i] + words[i];                                         \
		d += h;                                                               \
		h += (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) | (c & (a | b))); \
	} while (0)

static void compress(__u32 *state, const unsigned char *block)
{
	__u32 words[64], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4],
			 f = state[5], g = state[6], h = state[7];
	int i;

	expand(words, block);
	for (i = 0; i < 64; i += 8) {
		STEP(a, b, c, d, e, f, g, h, i);
		STEP(h, a, b, c, d, e, f, g, i + 1);
		STEP(g, h, a, b, c, d, e, f, i + 2);
		STEP(f, g, h, a, b, c, d, e, i + 3);
		STEP(e, f, g, h, a, b, c, d, i + 4);
		STEP(d, e, f, g, h, a, b, c, i + 5);
		STEP(c, d, e, f, g, h, a, b, i + 6);
		STEP(b, c, d, e, f, g, h, a, i + 7);
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
	state[4] += e;
	state[5] += f;
	state[6] += g;
	state[7] += h;
}

void sha256_begin(struct sha256 *hash)
{
	static const __u32 initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
					 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

	memcpy(hash->state, initial, sizeof(initial));
	hash->bytes = 0;
}

void sha256_add(struct sha256 *hash, const void *data, size_t bytes)
{
	size_t held = hash->bytes % SHA256_BLOCK, part;
	const unsigned char *from = data;

	hash->bytes += bytes;
	while (bytes) {
		if (!held && bytes >= SHA256_BLOCK) {
			compress(hash->state, from);
			from += SHA256_BLOCK;
			bytes -= SHA256_BLOCK;
			continue;
		}
		part = SHA256_BLOCK - held < bytes ? SHA256_BLOCK - held : bytes;
		memcpy(hash->block + held, from, part);
		from += part;
		bytes -= part;
		held += part;
		if (held == SHA256_BLOCK) {
			compress(hash->state, hash->block);
			held = 0;
		}
	}
}

void sha256_end(struct sha256 *hash, unsigned char out[SHA256_BYTES])
{
	static const unsigned char padding[SHA256_BLOCK] = {0x80};
	size_t held = hash->bytes % SHA256_BLOCK;
	__u64 bits = hash->bytes * 8;
	unsigned char length[8];
	int i;

	for (i = 0; i < 8; i++)
		length[i] = bits >> (56 - 8 * i);
	sha256_add(hash, padding, (held < 56 ? 56 : 120) - held);
	sha256_add(hash, length, sizeof(length));
	for (i = 0; i < SHA256_BYTES; i++)
		out[i] = hash->state[i / 4] >> (24 - 8 * (i % 4));
}

void sha256_hex(const unsigned char digest[SHA256_BYTES], char *hex)
{
	int i;

	for (i = 0; i < SHA256_BYTES; i++)
		sprintf(hex + 2 * i, "%02x", digest[i]);
}
