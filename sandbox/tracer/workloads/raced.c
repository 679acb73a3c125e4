// SPDX-License-Identifier: GPL-2.0
/*
 * raced FOLDER: a second thread changes a name while the kernel works with it. An open that waits
 * for a pipe's other end makes that certain. FOLDER is empty before and after.
 */
#include "workload.h"
#include <pthread.h>

static char name[16] = "pipe";

/* Until the opening thread sleeps in its call. */
static void await_sleep(void)
{
	char path[64], status[256];
	int file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", getpid());
	do {
		must((file = open(path, O_RDONLY)) >= 0);
		memset(status, 0, sizeof(status));
		must(read(file, status, sizeof(status) - 1) > 0);
		close(file);
	} while (strncmp(status, "257 ", 4) != 0);
}

static void *change(void *unused)
{
	await_sleep();
	strcpy(name, "harmless");
	must(open("pipe", O_WRONLY) >= 0);
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	must(argc == 2 && chdir(argv[1]) == 0);
	must(mkfifo("pipe", 0600) == 0);
	must(pthread_create(&thread, NULL, change, NULL) == 0);
	must(open(name, O_RDONLY) >= 0);
	must(pthread_join(thread, NULL) == 0);
	must(unlink("pipe") == 0);
	return 0;
}
