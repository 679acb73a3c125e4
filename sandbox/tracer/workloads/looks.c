// SPDX-License-Identifier: GPL-2.0
/* looks FOLDER: looks at names, and the lesser changes. FOLDER is empty before and after. */
#include "workload.h"
#include <sys/inotify.h>
#include <sys/xattr.h>

static void look(void)
{
	struct statx more;
	struct stat status;
	char target[64], name[300];
	int i, folder;

	/* Exact repeats are counted only; another end of the same look is news. */
	for (i = 0; i < 5; i++)
		must(stat("data", &status) == -1);
	close(open("data", O_WRONLY | O_CREAT, 0600));
	for (i = 0; i < 3; i++)
		must(stat("data", &status) == 0);
	must(lstat("/etc/shadow", &status) == 0);
	must(access("/absent", F_OK) == -1);
	must(faccessat(AT_FDCWD, "/etc/passwd", R_OK, AT_EACCESS) == 0);
	must(readlink("/proc/self/cwd", target, sizeof(target)) > 0);
	must(statx(AT_FDCWD, "/etc", 0, STATX_MODE, &more) == 0);
	must((folder = open("/etc", O_PATH)) >= 0);
	must(fstatat(folder, "passwd", &status, 0) == 0);
	/* At a descriptor, not at a name. */
	must(syscall(SYS_newfstatat, folder, "", &status, AT_EMPTY_PATH) == 0);
	close(folder);
	/* Longer than a place in the kernel side's memory: only the ends differ. */
	memset(name, '/', sizeof(name));
	strcpy(name + 250, "absent1");
	must(access(name, F_OK) == -1 && access(name, F_OK) == -1);
	strcpy(name + 250, "absent2");
	must(access(name, F_OK) == -1);
}

static void change(void)
{
	int file, watch;

	must((file = open("data", O_RDWR)) >= 0);
	must(pwrite(file, "contents", 8, 0) == 8);
	must(fallocate(file, 0, 0, 4096) == 0);
	must(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096) == 0);
	must(removexattr("data", "user.absent") == -1);
	must((watch = inotify_init()) >= 0);
	must(inotify_add_watch(watch, "data", IN_MODIFY) > 0);
	close(file);
	must(unlink("data") == 0);
}

int main(int argc, char **argv)
{
	must(argc == 2 && chdir(argv[1]) == 0);
	look();
	change();
	return 9;
}
