/*
 * First process of the container that owns a run's namespaces: it only waits. It reaps what is re-parented to it, so that
 * its pid namespace never fills with zombies, and ends on SIGTERM or SIGINT. No handler is installed: every signal is
 * blocked and waited for, which also keeps the kernel from ignoring them for process 1 (signal(7), pid_namespaces(7)).
 */
#include "raw-syscalls.h"

#define SIGINT 2
#define SIGTERM 15
#define SIGCHLD 17
#define SIG_BLOCK 0
#define WNOHANG 1

START;

static void reap(void)
{
	while (raw_syscall(__NR_wait4, -1, 0, WNOHANG, 0) > 0)
		;
}

__attribute__((used, noreturn)) void entry(void)
{
	unsigned long all = ~0UL;

	raw_syscall(__NR_rt_sigprocmask, SIG_BLOCK, (long)&all, 0, sizeof(all));
	for (;;) {
		long signal = raw_syscall(__NR_rt_sigtimedwait, (long)&all, 0, 0, sizeof(all));

		if (signal == SIGCHLD)
			reap();
		if (signal == SIGTERM || signal == SIGINT)
			break;
	}
	raw_exit(0);
	__builtin_unreachable();
}
