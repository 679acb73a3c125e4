// SPDX-License-Identifier: GPL-2.0
/* lineage: all the ways to make a process, and to get away from the one that made it. */
#include "workload.h"
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>

static void run_self(const char *name, const char *status)
{
	char *argv[] = {(char *)name, (char *)status, NULL}, *env[] = {NULL};

	execve("/proc/self/exe", argv, env);
	_exit(99);
}

static void reap(pid_t pid, int status)
{
	int got;

	must(waitpid(pid, &got, 0) == pid && WIFEXITED(got) && WEXITSTATUS(got) == status);
}

/* As the C library's own fork, which may use any of these. */
static pid_t raw_clone(unsigned long flags)
{
	return syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);
}

static void clone_newly(void)
{
	struct clone_args args = {.exit_signal = SIGCHLD};
	pid_t child;

	must((child = syscall(SYS_clone3, &args, sizeof(args))) >= 0);
	if (!child)
		run_self("clone3", "3");
	reap(child, 3);
}

static void vfork_twice(void)
{
	pid_t child;

	must((child = vfork()) >= 0);
	if (!child)
		run_self("vfork", "vfork");
	reap(child, 5);
}

static void await_parent(pid_t parent)
{
	while (getppid() != parent)
		usleep(1000);
}

/* Each becomes a session's leader and is left by the one that made it, which makes it our child. */
static void daemonise(void)
{
	pid_t self = getpid(), child;
	int status, i;

	must(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	must((child = fork()) >= 0);
	if (!child) {
		for (i = 0; i < 2; i++) {
			must(setsid() > 0);
			must((child = fork()) >= 0);
			if (child)
				_exit(7);
			await_parent(self);
		}
		run_self("daemon", "9");
	}
	for (i = 0; i < 3; i++)
		must(wait(&status) > 0 && (status == 7 << 8 || status == 9 << 8));
	must(wait(&status) == -1);
}

/* A sibling, though the child made it. */
static void make_sibling(void)
{
	int ends[2], life[2], status;
	pid_t child, sibling;
	char end;

	must(pipe(ends) == 0);
	must((child = fork()) >= 0);
	if (!child) {
		must(pipe(life) == 0);
		must((sibling = raw_clone(CLONE_PARENT)) >= 0);
		if (!sibling)
			run_self("sibling", "13");
		must(write(ends[1], &sibling, sizeof(sibling)) == sizeof(sibling));
		/* Until the sibling, who has the other end, is gone. */
		close(life[1]);
		must(read(life[0], &end, 1) == 0);
		_exit(11);
	}
	must(read(ends[0], &sibling, sizeof(sibling)) == sizeof(sibling));
	reap(sibling, 13);
	reap(child, 11);
	must(wait(&status) == -1);
}

static void *run_in_thread(void *unused)
{
	run_self("thread", "17");
	return unused;
}

/* The thread takes the process over, number and all; its leader is gone. */
static void run_by_thread(void)
{
	pthread_t thread;
	pid_t child;

	must((child = fork()) >= 0);
	if (!child) {
		must(pthread_create(&thread, NULL, run_in_thread, NULL) == 0);
		pause();
	}
	reap(child, 17);
}

static int act_in_shared_memory(void *unused)
{
	(void)unused;
	must(mkdir("/", 0700) == -1);
	return 19;
}

/* A process of its own, in our memory and with our descriptors. */
static void share_memory(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	pid_t child = clone(act_in_shared_memory, stack + sizeof(stack),
			    CLONE_VM | CLONE_FILES | CLONE_FS | SIGCHLD, NULL);

	must(child >= 0);
	reap(child, 19);
}

int main(int argc, char **argv)
{
	pid_t child;

	if (argc == 2 && strcmp(argv[1], "vfork") == 0) {
		must((child = vfork()) >= 0);
		if (!child)
			run_self("vforked", "21");
		reap(child, 21);
		return 5;
	}
	if (argc == 2)
		return atoi(argv[1]);
	clone_newly();
	vfork_twice();
	daemonise();
	make_sibling();
	run_by_thread();
	share_memory();
	return 0;
}
