// SPDX-License-Identifier: GPL-2.0
/* privileges: the calls that matter by themselves. Run as root in namespaces of its own making. */
#include "workload.h"
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

int main(void)
{
	struct iovec part = {"", 1};
	pid_t child;

	must(unshare(CLONE_NEWNS | CLONE_NEWUTS) == 0);
	must(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	must(mount("airlock", "/mnt", "tmpfs", 0, "size=64k") == 0);
	must(umount2("/mnt", MNT_DETACH) == 0);
	must(sethostname("workload", 8) == 0);
	must(prctl(PR_SET_NAME, "kworker/u8:3") == 0);
	must(prctl(PR_GET_NAME, (char[16]){0}) == 0);
	must(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
	     MAP_FAILED);
	must(mmap(NULL, 4096, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
	     MAP_FAILED);
	must(personality(ADDR_NO_RANDOMIZE) >= 0);
	must(syscall(SYS_io_uring_setup, 0, NULL) == -1);
	must(syscall(SYS_bpf, 0, NULL, 0) == -1);
	must(syscall(SYS_userfaultfd, -1) == -1);
	must(syscall(SYS_keyctl, -1) == -1);
	must(syscall(SYS_init_module, NULL, 0, "parameters") == -1);
	must((child = fork()) >= 0);
	if (!child) {
		pause();
		_exit(0);
	}
	must(process_vm_writev(child, &part, 1, &(struct iovec){(void *)16, 1}, 1, 0) == -1);
	must(kill(getpid(), 0) == 0);
	must(kill(child, SIGTERM) == 0);
	must(waitpid(child, NULL, 0) == child);
	must(chroot("/mnt") == 0);
	must(chdir("/") == 0);
	must(setgid(65534) == 0);
	must(setuid(65534) == 0);
	return 0;
}
