// SPDX-License-Identifier: GPL-2.0
/*
 * programs FOLDER: programs that are run under other names than they have. FOLDER is empty before
 * and after. Run as root in a namespace of its making.
 */
#include "workload.h"
#include <sched.h>
#include <sys/mount.h>

static char *env[] = {NULL};

static pid_t begin(void)
{
	pid_t child = fork();

	must(child >= 0);
	return child;
}

static void end(pid_t child, int status)
{
	int got;

	must(waitpid(child, &got, 0) == child && got == status << 8);
}

static void run(const char *path, char **argv, int status)
{
	pid_t child = begin();

	if (!child) {
		execve(path, argv, env);
		_exit(errno);
	}
	end(child, status);
}

static void run_at(int folder, const char *path, int flags, char **argv, int status)
{
	pid_t child = begin();

	if (!child) {
		syscall(SYS_execveat, folder, path, argv, env, flags);
		_exit(errno);
	}
	end(child, status);
}

static void copy_self(const char *to)
{
	int from = open("/proc/self/exe", O_RDONLY), copy = open(to, O_WRONLY | O_CREAT, 0700);
	char buffer[65536];
	ssize_t n;

	must(from >= 0 && copy >= 0);
	while ((n = read(from, buffer, sizeof(buffer))) > 0)
		must(write(copy, buffer, n) == n);
	must(close(from) == 0 && close(copy) == 0);
}

static void make_file(const char *name, const char *content, mode_t mode)
{
	int file = open(name, O_WRONLY | O_CREAT, mode);

	must(file >= 0);
	must(dprintf(file, "%s", content) == (int)strlen(content));
	must(close(file) == 0);
}

static void run_by_other_names(void)
{
	int folder;

	copy_self("tool");
	must((folder = open(".", O_PATH)) >= 0);
	run_at(folder, "tool", 0, (char *[]){"relative", "3", NULL}, 3);
	must(rename("tool", "renamed") == 0);
	run("./renamed", (char *[]){"[kworker/0:0]", "5", NULL}, 5);
	must(link("renamed", "second") == 0);
	run("./second", (char *[]){"hard link", "7", NULL}, 7);
	must(symlink("renamed", "pointer") == 0);
	run("./pointer", (char *[]){"link", "9", NULL}, 9);
	must(unlink("second") == 0 && unlink("pointer") == 0);
}

/* What lies at the name is another file than the folder's own. */
static void run_mounted(void)
{
	make_file("innocent", "", 0700);
	must(unshare(CLONE_NEWNS) == 0);
	must(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	must(mount("renamed", "innocent", NULL, MS_BIND, NULL) == 0);
	run("./innocent", (char *[]){"mounted", "11", NULL}, 11);
	must(umount2("innocent", MNT_DETACH) == 0);
	must(unlink("innocent") == 0);
}

static void run_scripts(void)
{
	int file;

	make_file("inner", "#!./renamed 13\n", 0700);
	make_file("outer", "#!./inner\n", 0700);
	run("./inner", (char *[]){"script", NULL}, 13);
	run("./outer", (char *[]){"script of a script", NULL}, 13);
	must((file = open("inner", O_RDONLY)) >= 0);
	run_at(file, "", AT_EMPTY_PATH, (char *[]){"script by descriptor", NULL}, 13);
	must(close(file) == 0);
	must(unlink("inner") == 0 && unlink("outer") == 0);
}

static void fail_to_run(void)
{
	make_file("plain", "text\n", 0600);
	run("./plain", (char *[]){"plain", NULL}, EACCES);
	must(chmod("plain", 0700) == 0);
	run("./plain", (char *[]){"plain", NULL}, ENOEXEC);
	must(unlink("plain") == 0);
}

int main(int argc, char **argv)
{
	if (argc >= 2 && argv[1][0] != '/')
		return atoi(argv[1]);
	must(argc == 2 && chdir(argv[1]) == 0);
	run_by_other_names();
	run_mounted();
	run_scripts();
	fail_to_run();
	must(unlink("renamed") == 0);
	return 0;
}
