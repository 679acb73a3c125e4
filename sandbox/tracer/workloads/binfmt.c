// SPDX-License-Identifier: GPL-2.0
/*
 * binfmt FOLDER: a file that is run by the program which is registered for its name. In a user
 * namespace of its own, which has a register of its own: the host's stays as it is. Exits with 77
 * on kernels before 6.7, which have only one register. FOLDER is empty before and after.
 */
#include "workload.h"
#include <limits.h>
#include <sched.h>
#include <sys/mount.h>

static void write_file(const char *path, const char *text, int flags)
{
	int file = open(path, O_WRONLY | O_CLOEXEC | flags, 0700);

	must(file >= 0);
	must(write(file, text, strlen(text)) == (ssize_t)strlen(text));
	must(close(file) == 0);
}

int main(int argc, char **argv)
{
	char rule[PATH_MAX + 64], self[PATH_MAX] = "", *env[] = {NULL};
	pid_t child;
	int status;

	if (argc == 3)
		return 5;
	must(argc == 2 && chdir(argv[1]) == 0);
	must(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	must(unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0);
	write_file("/proc/self/setgroups", "deny", 0);
	write_file("/proc/self/uid_map", "0 0 1", 0);
	write_file("/proc/self/gid_map", "0 0 1", 0);
	must(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	if (mount("binfmt_misc", "/mnt", "binfmt_misc", 0, NULL))
		return 77;
	snprintf(rule, sizeof(rule), ":airlock:E::airlock::%s:", self);
	write_file("/mnt/register", rule, 0);
	write_file("sample.airlock", "neither\n", O_CREAT);
	must((child = fork()) >= 0);
	if (!child) {
		execve("./sample.airlock", (char *[]){"sample", "given", NULL}, env);
		_exit(99);
	}
	must(waitpid(child, &status, 0) == child && status == 5 << 8);
	must(unlink("sample.airlock") == 0);
	return 0;
}
