/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AIRLOCK_EXEC_GATE_H
#define AIRLOCK_EXEC_GATE_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Stands before every exec on a sample's mounts (fanotify(7)): the kernel opens the file, gives us
 * a descriptor of it, and goes on when we say so. The sample sees nothing of it. What is on no mount,
 * as a memfd, passes by.
 */
struct exec_gate {
	int fd; /* readable when somebody waits; -1 where the kernel has no such thing */
};

struct exec_request {
	int file; /* to be given to exec_gate_let() */
	pid_t pid;
};

void exec_gate_open(struct exec_gate *gate);
/* Watches all mounts that programs may be run from in the mount namespace of a process that stands still. */
void exec_gate_guard(struct exec_gate *gate, pid_t pid);
bool exec_gate_next(struct exec_gate *gate, struct exec_request *request);
/* Lets it go on. Without `again`, nobody is asked about this file any more until it is written to. */
void exec_gate_let(struct exec_gate *gate, struct exec_request *request, bool again);
/* Whoever waits goes on. */
void exec_gate_close(struct exec_gate *gate);

#endif
