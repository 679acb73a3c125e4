// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "held-process.h"

#define START_FIELD 22 /* proc_pid_stat(5): in ticks since boot */
#define NAME_FIELD  2

static bool is_process(const struct record_task *task)
{
	char path[64], text[1024], *at;
	unsigned long long start;
	FILE *file;
	size_t n;
	int i;

	snprintf(path, sizeof(path), "/proc/%u/stat", task->pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[n] = 0;
	/* The name before can hold anything. */
	at = strrchr(text, ')');
	for (i = NAME_FIELD; at && i < START_FIELD; i++)
		at = strchr(at + 1, ' ');
	if (!at || sscanf(at, "%llu", &start) != 1)
		return false;
	return start == task->start / (1000000000ULL / sysconf(_SC_CLK_TCK));
}

int held_process_open(const struct record_task *task)
{
	int process = syscall(SYS_pidfd_open, task->pid, 0);

	/* In this order: whoever has the number now, the descriptor is of that one. */
	if (process >= 0 && !is_process(task)) {
		close(process);
		return -1;
	}
	return process;
}

int held_process_program(const struct record_task *task)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/exe", task->pid);
	return open(path, O_RDONLY | O_CLOEXEC | O_NOATIME);
}

void held_process_let(int process)
{
	/* Fails when it was killed meanwhile, which is no matter. */
	if (syscall(SYS_pidfd_send_signal, process, SIGCONT, NULL, 0))
		errno = 0;
}
