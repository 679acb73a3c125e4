// SPDX-License-Identifier: GPL-2.0
/*
 * airlock-tracer: records what the processes of tracked cgroups do. See service.h for its commands.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include "canary.h"
#include "kernel-side.h"
#include "service.h"
#include "status.h"

static volatile sig_atomic_t orphaned;

static void note_death(__attribute__((unused)) int number)
{
	orphaned = 1;
}

/*
 * Leaves with whoever started us, as soon as the samples of theirs are dead; a terminal's Ctrl-C is theirs to handle, since they still want
 * their books closed.
 */
static int tie_to_parent(void)
{
	struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY}, files;

	struct sigaction action = {.sa_handler = note_death};

	sigaction(SIGUSR1, &action, NULL);
	if (prctl(PR_SET_PDEATHSIG, SIGUSR1))
		return -errno;
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	/* Kernels before 5.11 charge maps to this limit. */
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	/* Without a descriptor left for its program, an exec of a sample would be refused. */
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	/* A sample that keeps all processors busy must not keep us from draining its rings. */
	setpriority(PRIO_PROCESS, 0, -10);
	return 0;
}

static int fail(const char *code, const char *message, int err)
{
	const char *complaint = kernel_side_complaint();

	say_fault(code, message, complaint[0] ? complaint : strerror(-err));
	return 1;
}

int main(int argc, char **argv)
{
	struct kernel_side kernel = {};
	int err;

	if (argc == 3 && strcmp(argv[1], "canary") == 0)
		return canary_join(argv[2]);
	if (argc == 2 && strcmp(argv[1], "sing") == 0)
		return canary_sing();
	if (geteuid() != 0)
		return fail("NOT_ROOT", "the tracer needs root", -EPERM);
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		return fail("KERNEL_UNSUPPORTED",
			    "this kernel has no type information (CONFIG_DEBUG_INFO_BTF)", -errno);
	err = tie_to_parent();
	if (err)
		return fail("TRACER_FAILED", "can't be tied to the parent", err);
	err = kernel_side_open(&kernel);
	if (err)
		return fail("TRACER_FAILED", "the embedded object can't be opened", err);
	err = kernel_side_load(&kernel);
	if (err)
		return fail("KERNEL_UNSUPPORTED",
			    "this kernel refuses the recorder's programs (5.11 or later is needed)",
			    err);
	err = kernel_side_attach(&kernel);
	if (err)
		return fail("KERNEL_UNSUPPORTED", "this kernel lacks a raw tracepoint", err);
	say_ready(BUILD);
	serve(&kernel, &orphaned);
	kernel_side_close(&kernel);
	return 0;
}
