// SPDX-License-Identifier: GPL-2.0
/* code: code that is written into memory and run there, and a signal by another call than kill. */
#include "workload.h"
#include <signal.h>
#include <sys/mman.h>
#include <sys/shm.h>

/* mov $42, %eax; ret */
static const char code[] = "\xb8\x2a\0\0\0\xc3";

static void run_written(void)
{
	int (*run)(void);
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(page != MAP_FAILED);
	memcpy(page, code, sizeof(code));
	must(mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0);
	run = page;
	must(run() == 42);
	must(munmap(page, 4096) == 0);
}

static void attach_shared(void)
{
	int memory = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0700);

	must(memory >= 0);
	must(shmat(memory, NULL, 0) != (void *)-1);
	must(shmat(memory, NULL, SHM_EXEC) != (void *)-1);
	must(shmctl(memory, IPC_RMID, NULL) == 0);
}

int main(void)
{
	siginfo_t info = {.si_code = SI_QUEUE, .si_signo = SIGTERM};
	pid_t child;
	int round;

	/* As a compiler at run time does: only the first few are told. */
	for (round = 0; round < 11; round++)
		run_written();
	attach_shared();
	must((child = fork()) >= 0);
	if (!child) {
		pause();
		_exit(0);
	}
	must(syscall(SYS_rt_sigqueueinfo, child, SIGTERM, &info) == 0);
	must(waitpid(child, NULL, 0) == child);
	return 0;
}
