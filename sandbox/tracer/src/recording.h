/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AIRLOCK_RECORDING_H
#define AIRLOCK_RECORDING_H

#include <stdbool.h>
#include "../include/event.h"
#include "cgroup-folder.h"
#include "freezer.h"
#include "holder.h"
#include "kernel-side.h"
#include "ring.h"
#include "trace-file.h"

/* What the user asks for. */
struct recording_request {
	unsigned long id; /* the user's name for it */
	bool begin_in_container;
	size_t ring_bytes;
	__u64 trace_bytes;
	const char *cgroup_path;
	const char *output_path;
	const char *freeze_path; /* folder to freeze under pressure, empty for none */
	__u64 freeze_limit;	 /* ns in all */
	struct holder_request programs; /* folder empty for no copies */
};

/*
 * One analysis being recorded: its slot in the kernel side's maps, its rings, its file, its books.
 */
struct recording {
	bool used;
	unsigned long id;
	__u32 slot;
	struct cgroup_folder cgroup;
	struct ring rings[CLASSES];
	int call_counts, write_totals, seen_opens;
	struct trace_file file;
	struct freezer freezer;
	struct holder *holder; /* NULL: no copies of programs are kept */
	size_t left[CLASSES]; /* in the rings, after the last go */
	__u64 delivered[CLASSES];
	__u64 cut[CLASSES]; /* taken from a ring, but the file was full */
	__u64 missed;
	__u64 open_totals; /* sums handed over at the end, which the kernel side has not counted */
	__u64 program_notes; /* records of held programs, which the kernel side has not counted */
	bool started, told_started;
	__u64 heartbeats;
	__u64 last_drain, longest_gap; /* ns */
	__u64 tick_bytes;	       /* size of the file at the last tick */
};

int recording_begin(struct recording *recording, struct kernel_side *kernel,
		    const struct recording_request *request);
/* Moves what the rings hold into the file; returns how many bytes that was. */
size_t recording_drain(struct recording *recording, struct kernel_side *kernel);
/*
 * Stops tracking, hands open sums of writes over, drains, ends the file. The books stay readable.
 */
int recording_end(struct recording *recording, struct kernel_side *kernel);
/* Writes them into the file as the kernel side would; returns how many there were. */
__u64 recording_add_open_totals(struct recording *recording);
/* Nobody is left to end the sample: does that, with what is recorded so far. */
void recording_orphan(struct recording *recording);
/* Writes what was found of programs into the file, as the kernel side would. */
void recording_add_program_notes(struct recording *recording);
void recording_free(struct recording *recording, struct kernel_side *kernel);

/* Sums over all CPUs. */
int recording_account(const struct recording *recording, const struct kernel_side *kernel,
		      struct account *out);
/* counts: 2 * SYSCALLS places, 32-bit calls in the second half. */
int recording_calls(const struct recording *recording, const struct kernel_side *kernel,
		    struct call_counts *counts);

__u64 boot_time(void);

#endif
