// SPDX-License-Identifier: GPL-2.0
/*
 * dropped FOLDER [TIMES]: programs and a script that are gone as soon as they run, one that is only
 * memory, and one that runs three times. With TIMES: as many, each another, that live for no time.
 */
#include "workload.h"
#include <sys/mman.h>

static char *no_environment[] = {NULL};

/* Makes itself gone, and ends. */
static int vanish(const char *path, const char *status)
{
	must(unlink(path) == 0);
	return atoi(status);
}

static void copy_self(int to, const char *tail)
{
	int from = open("/proc/self/exe", O_RDONLY);
	char buffer[65536];
	ssize_t n;

	must(from >= 0);
	while ((n = read(from, buffer, sizeof(buffer))) > 0)
		must(write(to, buffer, n) == n);
	/* What stands behind it makes it another program. */
	must(write(to, tail, strlen(tail)) == (ssize_t)strlen(tail));
	must(close(from) == 0);
}

static void drop(const char *path, const char *tail)
{
	int file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0700);

	must(file >= 0);
	copy_self(file, tail);
	must(close(file) == 0);
}

/* Whoever waits like this sees when a child was stopped. */
static void reap(pid_t pid, int status, int flags)
{
	int got;

	must(waitpid(pid, &got, flags) == pid && got == status << 8);
}

static void run(const char *path, const char *deed, const char *status, int flags)
{
	char *argv[] = {(char *)path, (char *)deed, (char *)path, (char *)status, NULL};
	pid_t child = fork();

	must(child >= 0);
	if (!child) {
		execve(path, argv, no_environment);
		_exit(99);
	}
	reap(child, atoi(status), flags);
}

static void run_memory(void)
{
	int memory = memfd_create("nothing to see", 0);
	char *argv[] = {"memory", "end", "-", "7", NULL};
	pid_t child;

	must(memory >= 0);
	copy_self(memory, "memory");
	must((child = fork()) >= 0);
	if (!child) {
		execveat(memory, "", argv, no_environment, AT_EMPTY_PATH);
		_exit(99);
	}
	reap(child, 7, 0);
	must(close(memory) == 0);
}

static void drop_script(const char *self)
{
	int script = open("script", O_WRONLY | O_CREAT | O_EXCL, 0700);

	must(script >= 0 && dprintf(script, "#!%s vanish\n", self) > 0 && close(script) == 0);
}

static void run_many(int times)
{
	char tail[16];
	int i;

	for (i = 0; i < times; i++) {
		snprintf(tail, sizeof(tail), "%d", i);
		drop("program", tail);
		run("./program", "vanish", "3", 0);
	}
}

int main(int argc, char **argv)
{
	int i;

	if (argc == 4 && strcmp(argv[1], "vanish") == 0)
		return vanish(argv[2], argv[3]);
	if (argc == 4 && strcmp(argv[1], "end") == 0)
		return atoi(argv[3]);
	/* As its own interpreter: the script's path stands before its arguments. */
	if (argc == 6 && strcmp(argv[1], "vanish") == 0)
		return vanish(argv[2], argv[5]);
	must(argc >= 2 && chdir(argv[1]) == 0);
	if (argc == 3) {
		run_many(atoi(argv[2]));
		return 0;
	}
	drop("program", "once");
	run("./program", "vanish", "3", WUNTRACED);
	run_memory();
	drop_script(argv[0]);
	run("./script", "vanish", "5", WUNTRACED);
	drop("kept", "thrice");
	for (i = 0; i < 3; i++)
		run("./kept", "end", "9", WUNTRACED);
	return 0;
}
