// SPDX-License-Identifier: GPL-2.0
/*
 * refused: calls that a filter of seccomp refuses before they run, and some that the kernel does.
 */
#include "workload.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>

#define REFUSE(nr, code)                               \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1), \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (code))

static void refuse_calls(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		REFUSE(SYS_mount, EPERM),
		REFUSE(SYS_unshare, EPERM),
		REFUSE(SYS_ptrace, EPERM),
		REFUSE(SYS_connect, EACCES),
		REFUSE(SYS_openat, EPERM),
		REFUSE(SYS_unlink, EPERM),
		REFUSE(SYS_getcpu, EPERM), /* not among those recorded by themselves */
		REFUSE(SYS_clone3, ENOSYS),
		REFUSE(SYS_io_uring_setup, EPERM),
		REFUSE(SYS_execve, EACCES),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof(filter) / sizeof(*filter), .filter = filter};

	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

int main(void)
{
	/*
	 * On the stack, hence in memory: nobody has read the arguments of a call that is refused
	 * before it runs.
	 */
	char source[] = "none", target[] = "/mnt", type[] = "tmpfs", secret[] = "/etc/shadow";
	struct sockaddr address = {.sa_family = 99};
	int round;

	refuse_calls();
	for (round = 0; round < 3; round++)
		must_fail(mount(source, target, type, MS_NODEV, NULL), EPERM);
	must_fail(unshare(CLONE_NEWUSER), EPERM);
	must_fail(ptrace(PTRACE_TRACEME, 0, NULL, NULL), EPERM);
	must_fail(connect(9, &address, sizeof(address)), EACCES);
	must_fail(open(secret, O_RDONLY), EPERM);
	must_fail(unlink(secret), EPERM);
	must_fail(syscall(SYS_getcpu, NULL, NULL, NULL), EPERM);
	must_fail(syscall(SYS_clone3, NULL, 0), ENOSYS);
	must_fail(syscall(SYS_io_uring_setup, 8, NULL), EPERM);
	must_fail(syscall(SYS_execve, secret, NULL, NULL), EACCES);
	/* A pointer that leads nowhere. */
	must_fail(syscall(SYS_mkdir, (char *)16, 0700), EFAULT);
	return 0;
}
