/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AIRLOCK_CGROUP_FOLDER_H
#define AIRLOCK_CGROUP_FOLDER_H

#include <linux/types.h>

/* A folder of the v2 tree as BPF programs know it. */
struct cgroup_folder {
	__u64 id;
	__u32 level; /* depth below the root of the tree */
};

int cgroup_folder_find(struct cgroup_folder *folder, const char *path);

/* Inode of our own mount namespace, the host's. */
int host_mount_namespace(__u32 *inode);

#endif
