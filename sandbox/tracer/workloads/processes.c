// SPDX-License-Identifier: GPL-2.0
/* processes FOLDER: lives of processes, and the ways of running what isn't where it seems to be. */
#include "workload.h"
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>

extern char **environ;

/* Runs itself again, to end with this status. */
static void run_self(const char *path, const char *status)
{
	char *argv[] = {"kworker/0:1", "exit", (char *)status, NULL};

	execve(path, argv, environ);
	_exit(99);
}

static void reap(pid_t pid, int status)
{
	int got;

	must(waitpid(pid, &got, 0) == pid && got == status);
}

static void copy_self(int to)
{
	int from = open("/proc/self/exe", O_RDONLY);
	char buffer[65536];
	ssize_t n;

	must(from >= 0);
	while ((n = read(from, buffer, sizeof(buffer))) > 0)
		must(write(to, buffer, n) == n);
	close(from);
}

static void *nothing(void *unused)
{
	return unused;
}

static void fork_chain(void)
{
	pid_t child;

	must((child = fork()) >= 0);
	if (!child) {
		must(setsid() > 0);
		must((child = fork()) >= 0);
		_exit(child ? 3 : 5);
	}
	reap(child, 3 << 8);
	must((child = vfork()) >= 0);
	if (!child)
		run_self("/proc/self/exe", "11");
	reap(child, 11 << 8);
	must((child = fork()) >= 0);
	if (!child) {
		raise(SIGKILL);
		_exit(0);
	}
	reap(child, SIGKILL);
}

static void run_from_memory(void)
{
	int memory;
	pid_t child;

	must((memory = memfd_create("nothing to see", 0)) >= 0);
	copy_self(memory);
	must((child = fork()) >= 0);
	if (!child) {
		char *argv[] = {"memory", "exit", "13", NULL};

		syscall(SYS_execveat, memory, "", argv, environ, AT_EMPTY_PATH);
		_exit(99);
	}
	reap(child, 13 << 8);
	close(memory);
}

static void run_deleted(void)
{
	int file;
	pid_t child;

	must((file = open("gone", O_WRONLY | O_CREAT, 0700)) >= 0);
	copy_self(file);
	close(file);
	must((file = open("gone", O_PATH)) >= 0);
	must(unlink("gone") == 0);
	must((child = fork()) >= 0);
	if (!child) {
		char *argv[] = {"gone", "exit", "17", NULL};

		syscall(SYS_execveat, file, "", argv, environ, AT_EMPTY_PATH);
		_exit(99);
	}
	reap(child, 17 << 8);
	close(file);
}

static void run_script(const char *self)
{
	int file;
	pid_t child;

	must((file = open("script", O_WRONLY | O_CREAT, 0700)) >= 0);
	must(dprintf(file, "#!%s exit\n", self) > 0);
	close(file);
	must((child = fork()) >= 0);
	if (!child) {
		char *argv[] = {"script", "19", NULL};

		execve("./script", argv, environ);
		_exit(99);
	}
	reap(child, 19 << 8);
	must(unlink("script") == 0);
}

static void run_thread(void)
{
	pthread_t thread;

	must(pthread_create(&thread, NULL, nothing, NULL) == 0);
	must(pthread_join(thread, NULL) == 0);
}

int main(int argc, char **argv)
{
	pid_t child;

	if (argc == 3 && strcmp(argv[1], "exit") == 0)
		return strcmp(argv[2], "./script") == 0 ? 19 : atoi(argv[2]);
	if (argc == 4 && strcmp(argv[1], "exit") == 0)
		return atoi(argv[3]);
	must(argc == 2);
	must(chdir(argv[1]) == 0);
	setenv("LD_PRELOAD", "/nowhere/lib.so", 1);
	setenv("SECRET", "not to be recorded", 1);
	fork_chain();
	run_from_memory();
	run_deleted();
	run_script("/proc/self/exe");
	run_thread();
	must((child = fork()) >= 0);
	if (!child) {
		execve("/nowhere/at/all", argv, environ);
		_exit(23);
	}
	reap(child, 23 << 8);
	return 0;
}
