// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <fcntl.h>
#include <netinet/in.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "canary.h"

#define FAILED 99

int canary_join(const char *procs)
{
	char *argv[] = {"airlock-canary", "sing", NULL}, *env[] = {"LD_WARN=canary", NULL};
	char pid[16];
	int file = open(procs, O_WRONLY | O_CLOEXEC),
	    bytes = snprintf(pid, sizeof(pid), "%d", getpid());

	if (file < 0 || write(file, pid, bytes) != bytes)
		return FAILED;
	execve("/proc/self/exe", argv, env);
	return FAILED;
}

/* A call that never runs: seen only by its exit. */
static int refuse_mount(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mount, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof(filter) / sizeof(*filter), .filter = filter};
	/* On the stack, hence in memory: what is refused before it runs, no one has read. */
	char source[] = "canary", target[] = "/", type[] = "none";

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) ||
	       mount(source, target, type, 0, NULL) != -1;
}

static int write_memory(void)
{
	int memory = memfd_create("airlock-canary", MFD_CLOEXEC);

	return memory < 0 || write(memory, "tweet", 5) != 5 || close(memory);
}

/* Connecting a datagram socket sends nothing. */
static int connect_nowhere(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(9)};
	int client = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return client < 0 || connect(client, (struct sockaddr *)&address, sizeof(address)) ||
	       close(client);
}

static int leave_in_child(void)
{
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(3);
	return child < 0 || waitpid(child, &status, 0) != child || status != 3 << 8;
}

int canary_sing(void)
{
	int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

	if (file < 0 || close(file) || write_memory() || connect_nowhere() || leave_in_child() ||
	    refuse_mount())
		return FAILED;
	return 7;
}
