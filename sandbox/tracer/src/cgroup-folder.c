// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "cgroup-folder.h"

static int is_cgroup2(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

int cgroup_folder_find(struct cgroup_folder *folder, const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), up;
	struct stat status;

	folder->kill_fd = -1;
	if (fd < 0)
		return -errno;
	if (!is_cgroup2(fd) || fstat(fd, &status)) {
		close(fd);
		return -EINVAL;
	}
	/* On 64 bits the inode of a cgroup's folder is its id. */
	folder->id = status.st_ino;
	folder->kill_fd = openat(fd, "cgroup.kill", O_WRONLY | O_CLOEXEC);
	for (folder->level = 0;; folder->level++) {
		up = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		close(fd);
		if (up < 0)
			return -errno;
		if (!is_cgroup2(up)) {
			close(up);
			break;
		}
		fd = up;
	}
	/* Level 0, the root, would be the whole host. */
	return folder->level ? 0 : -EINVAL;
}

void cgroup_folder_kill(const struct cgroup_folder *folder)
{
	if (folder->kill_fd >= 0 && write(folder->kill_fd, "1", 1) != 1)
		perror("cgroup.kill");
}

void cgroup_folder_close(struct cgroup_folder *folder)
{
	if (folder->kill_fd >= 0)
		close(folder->kill_fd);
	folder->kill_fd = -1;
}

int host_mount_namespace(__u32 *inode)
{
	struct stat status;

	if (stat("/proc/self/ns/mnt", &status))
		return -errno;
	*inode = status.st_ino;
	return 0;
}
