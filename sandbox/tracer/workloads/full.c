// SPDX-License-Identifier: GPL-2.0
/* full: writes until there is no space, more than once. Run as root in a namespace of its making. */
#include "workload.h"
#include <sched.h>
#include <sys/mount.h>

int main(void)
{
	char block[4096] = {0};
	int file;

	must(unshare(CLONE_NEWNS) == 0);
	must(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	must(mount("airlock", "/mnt", "tmpfs", 0, "size=64k") == 0);
	must((file = open("/mnt/data", O_WRONLY | O_CREAT, 0600)) >= 0);
	while (write(file, block, sizeof(block)) > 0)
		continue;
	must(errno == ENOSPC);
	must_fail(write(file, block, sizeof(block)), ENOSPC);
	must_fail(fallocate(file, 0, 0, 1 << 20), ENOSPC);
	/* No disk is full here. */
	must((file = open("/dev/full", O_WRONLY)) >= 0);
	must_fail(write(file, block, 1), ENOSPC);
	return 0;
}
