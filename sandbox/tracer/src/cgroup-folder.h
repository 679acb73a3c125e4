/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AIRLOCK_CGROUP_FOLDER_H
#define AIRLOCK_CGROUP_FOLDER_H

#include <linux/types.h>

/* A folder of the v2 tree as BPF programs know it. */
struct cgroup_folder {
	__u64 id;
	__u32 level; /* depth below the root of the tree */
	int kill_fd; /* -1 where the kernel has no cgroup.kill (before 5.14) */
};

int cgroup_folder_find(struct cgroup_folder *folder, const char *path);
/* Kills every process in it and below. */
void cgroup_folder_kill(const struct cgroup_folder *folder);
void cgroup_folder_close(struct cgroup_folder *folder);

/* Inode of our own mount namespace, the host's. */
int host_mount_namespace(__u32 *inode);

#endif
