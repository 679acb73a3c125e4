// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "freezer.h"

int freezer_open(struct freezer *freezer, const char *folder, __u64 limit_ns)
{
	char path[PATH_MAX];

	memset(freezer, 0, sizeof(*freezer));
	freezer->fd = -1;
	freezer->limit = limit_ns;
	if (!*folder)
		return 0;
	if (snprintf(path, sizeof(path), "%s/cgroup.freeze", folder) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	freezer->fd = open(path, O_WRONLY | O_CLOEXEC);
	return freezer->fd < 0 ? -errno : 0;
}

void freezer_freeze(struct freezer *freezer, __u64 now)
{
	/* Beyond its limit a sample runs on, and what it floods away is counted as lost. */
	if (freezer->fd < 0 || freezer->frozen || freezer->total >= freezer->limit)
		return;
	if (pwrite(freezer->fd, "1", 1, 0) != 1)
		return;
	freezer->frozen = true;
	freezer->since = now;
}

void freezer_thaw(struct freezer *freezer, __u64 now)
{
	if (!freezer->frozen || pwrite(freezer->fd, "0", 1, 0) != 1)
		return;
	freezer->frozen = false;
	freezer->total += now - freezer->since;
}

void freezer_close(struct freezer *freezer, __u64 now)
{
	freezer_thaw(freezer, now);
	if (freezer->fd >= 0)
		close(freezer->fd);
	freezer->fd = -1;
}
