/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AIRLOCK_PROGRAM_STORE_H
#define AIRLOCK_PROGRAM_STORE_H

#include <stdbool.h>
#include "../include/event.h"
#include "kernel-side.h"

struct program_bounds {
	__u64 file_bytes, all_bytes, files;
};

/* Copies of programs in one folder, each named by its hash, and the bounds of them all. */
struct program_store {
	int folder;
	const struct kernel_side *kernel;
	__u32 slot;
	struct program_bounds bounds;
	__u64 bytes, files; /* copied */
	__u64 hashed;	    /* bytes read */
	const bool *hurry;  /* the recording ends: nothing is read any more that isn't copied */
};

int program_store_open(struct program_store *store, const struct kernel_side *kernel,
		       const char *folder, const struct program_bounds *bounds);
void program_store_close(struct program_store *store);

/*
 * Reads an open file, copies it where the bounds allow it, and says what was found. Returns whether
 * all of it is the content that `key` stands for.
 */
bool program_store_keep(struct program_store *store, int file, struct program_field *out,
			struct program_key *key);

#endif
