/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AIRLOCK_HOLDER_H
#define AIRLOCK_HOLDER_H

#include "kernel-side.h"
#include "program-store.h"

/*
 * Copies programs of one recording that did not come with its image, before they run: those opened
 * on the sample's mounts while the gate holds them, others while a signal does. A thread of its own,
 * so that no large program keeps the rings from being drained, nor one sample another.
 */
struct holder;

/* What was found of a program held by a signal. */
struct program_note {
	struct record_task task;
	__u64 exec_time;
	struct program_field program;
	struct program_note *next;
};

/* Where copies go, and how many. */
struct holder_request {
	const char *folder;
	struct program_bounds bounds;
};

int holder_start(struct holder **out, struct kernel_side *kernel, __u32 slot,
		 const struct holder_request *request);
/* Those found since the last call, oldest first, to be freed one by one. */
struct program_note *holder_take(struct holder *holder);
/* Answers whoever still waits, and ends. What it found can still be taken. */
void holder_stop(struct holder *holder);
/* NULL is none. */
void holder_free(struct holder *holder);

#endif
