/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AIRLOCK_FREEZER_H
#define AIRLOCK_FREEZER_H

#include <stdbool.h>
#include <linux/types.h>

/*
 * Holds a sample still while its rings are drained: a sandbox may stop its subject, so a flood
 * needn't cost evidence. It writes to a folder above the sample's own, which others may freeze too:
 * both must have thawed it for it to run.
 */
struct freezer {
	int fd; /* of cgroup.freeze, -1 for none */
	bool frozen;
	__u64 since, total, limit; /* ns */
};

/* folder: of the v2 tree, or empty for no freezing. */
int freezer_open(struct freezer *freezer, const char *folder, __u64 limit_ns);
void freezer_freeze(struct freezer *freezer, __u64 now);
void freezer_thaw(struct freezer *freezer, __u64 now);
void freezer_close(struct freezer *freezer, __u64 now);

#endif
