// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>
#include <unistd.h>
#include "exec-gate.h"

/* A sample can't mount anything; the runtime makes about twenty. */
#define MOUNTS_MAX 256
#define LINE_BYTES 8192

void exec_gate_open(struct exec_gate *gate)
{
	gate->fd = fanotify_init(FAN_CLOEXEC | FAN_NONBLOCK | FAN_CLASS_CONTENT |
					 FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS,
				 O_RDONLY | O_CLOEXEC | O_LARGEFILE | O_NOATIME);
}

/* The mount table writes blanks and the like as three octal digits. */
static void unescape(char *text)
{
	char *to = text;

	while (*text) {
		if (text[0] == '\\' && text[1] && text[2] && text[3]) {
			*to++ = (text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0');
			text += 4;
		} else {
			*to++ = *text++;
		}
	}
	*to = 0;
}

/* proc_pid_mountinfo(5): id, parent, device, root, mount point, options. */
static void guard_mount(struct exec_gate *gate, pid_t pid, char *line)
{
	char path[LINE_BYTES + 64], *field = NULL, *point = NULL, *rest = line;
	int i;

	for (i = 0; i < 6; i++) {
		field = strsep(&rest, " ");
		if (!field)
			return;
		if (i == 4)
			point = field;
	}
	if (strstr(field, "noexec"))
		return;
	unescape(point);
	snprintf(path, sizeof(path), "/proc/%d/root%s", pid, point);
	/* One that fails leaves its programs to be held by a signal. */
	fanotify_mark(gate->fd, FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_OPEN_EXEC_PERM, AT_FDCWD, path);
}

void exec_gate_guard(struct exec_gate *gate, pid_t pid)
{
	char path[64], line[LINE_BYTES];
	FILE *mounts;
	int i;

	if (gate->fd < 0)
		return;
	snprintf(path, sizeof(path), "/proc/%d/mountinfo", pid);
	mounts = fopen(path, "re");
	if (!mounts)
		return;
	for (i = 0; i < MOUNTS_MAX && fgets(line, sizeof(line), mounts); i++)
		guard_mount(gate, pid, line);
	fclose(mounts);
}

bool exec_gate_next(struct exec_gate *gate, struct exec_request *request)
{
	/* Room for one: each that is taken has a descriptor, and one that can't be made refuses the exec. */
	struct fanotify_event_metadata event;

	if (read(gate->fd, &event, sizeof(event)) != sizeof(event) || event.fd < 0)
		return false;
	request->file = event.fd;
	request->pid = event.pid;
	return true;
}

void exec_gate_let(struct exec_gate *gate, struct exec_request *request, bool again)
{
	struct fanotify_response response = {.fd = request->file, .response = FAN_ALLOW};

	if (!again)
		fanotify_mark(gate->fd, FAN_MARK_ADD | FAN_MARK_IGNORED_MASK, FAN_OPEN_EXEC_PERM,
			      request->file, NULL);
	/* Fails when it was killed meanwhile, which is no matter. */
	if (write(gate->fd, &response, sizeof(response)) < 0)
		errno = 0;
	close(request->file);
}

void exec_gate_close(struct exec_gate *gate)
{
	if (gate->fd >= 0)
		close(gate->fd);
	gate->fd = -1;
}
