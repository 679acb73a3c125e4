/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AIRLOCK_KERNEL_SIDE_H
#define AIRLOCK_KERNEL_SIDE_H

#include <linux/types.h>
#include "../include/event.h"

#define PROGRAMS_MAX 8

struct bpf_object;
struct bpf_link;

/* The loaded object. Descriptors of maps; everything in the kernel dies with this process. */
struct kernel_side {
	struct bpf_object *object;
	struct bpf_link *links[PROGRAMS_MAX];
	int programs[PROGRAMS_MAX];
	int count;
	int filters, analyses, accounts;
	int decisive_rings, bulk_rings, call_counts, write_totals, seen_opens;
	int hold_rings, known_programs, pending_scripts, program_answers;
	int ask; /* program to be run by us */
	int cpus;
};

/*
 * All return 0 or a negative errno; then kernel_side_complaint() is the most telling line of the
 * library's.
 */
int kernel_side_open(struct kernel_side *kernel);
int kernel_side_load(struct kernel_side *kernel);
int kernel_side_attach(struct kernel_side *kernel);
void kernel_side_close(struct kernel_side *kernel);
const char *kernel_side_complaint(void);

/* What the kernel knows of an open file of ours. One answer for each slot at a time. */
int kernel_side_ask(const struct kernel_side *kernel, int file, __u32 slot,
		    struct program_answer *out);

/* Runs of our programs that the kernel skipped because one was running on that CPU already. */
__u64 kernel_side_missed(const struct kernel_side *kernel);

#endif
