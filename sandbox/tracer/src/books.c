// SPDX-License-Identifier: GPL-2.0
/* The kernel side's counters, which are exact whatever became of the records. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include "recording.h"

int recording_account(const struct recording *r, const struct kernel_side *kernel,
		      struct account *out)
{
	struct account *each = calloc(kernel->cpus, sizeof(*each));
	int cpu, class, err;

	if (!each)
		return -ENOMEM;
	memset(out, 0, sizeof(*out));
	err = bpf_map_lookup_elem(kernel->accounts, &r->slot, each);
	for (cpu = 0; !err && cpu < kernel->cpus; cpu++) {
		for (class = 0; class < CLASSES; class ++) {
			out->classes[class].counted += each[cpu].classes[class].counted;
			out->classes[class].suppressed += each[cpu].classes[class].suppressed;
			out->classes[class].dropped += each[cpu].classes[class].dropped;
		}
	}
	free(each);
	return err ? -errno : 0;
}

int recording_calls(const struct recording *r, const struct kernel_side *kernel,
		    struct call_counts *counts)
{
	struct call_counts *each = calloc(kernel->cpus, sizeof(*each));
	__u32 i;
	int cpu;

	if (!each)
		return -ENOMEM;
	memset(counts, 0, 2 * SYSCALLS * sizeof(*counts));
	for (i = 0; i < 2 * SYSCALLS; i++) {
		if (bpf_map_lookup_elem(r->call_counts, &i, each)) {
			free(each);
			return -errno;
		}
		for (cpu = 0; cpu < kernel->cpus; cpu++) {
			counts[i].calls += each[cpu].calls;
			counts[i].failed += each[cpu].failed;
			counts[i].denied += each[cpu].denied;
		}
	}
	free(each);
	return 0;
}
