// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "recording.h"
#include "service.h"
#include "status.h"

#define LINE_MAX_BYTES 8192
#define BEAT_NS	       250000000ULL
#define IDLE_MS	       10
/* More than this in one go: come back at once. */
#define BUSY_BYTES (256UL << 10)

static struct recording recordings[MAX_ANALYSES];

static struct recording *find(unsigned long id)
{
	int i;

	for (i = 0; i < MAX_ANALYSES; i++)
		if (recordings[i].used && recordings[i].id == id)
			return &recordings[i];
	return NULL;
}

static struct recording *find_free(void)
{
	int i;

	for (i = 0; i < MAX_ANALYSES; i++) {
		if (!recordings[i].used) {
			recordings[i].slot = i;
			return &recordings[i];
		}
	}
	return NULL;
}

static char *next_field(char **rest)
{
	char *field = strsep(rest, "\t");

	return field ? field : "";
}

static void track(struct kernel_side *kernel, char *rest)
{
	struct recording *recording = find_free();
	struct recording_request request;
	int err = -ENOSPC;

	request.id = strtoul(next_field(&rest), NULL, 10);
	request.begin_in_container = strcmp(next_field(&rest), "container") == 0;
	request.ring_bytes = strtoull(next_field(&rest), NULL, 10);
	request.trace_bytes = strtoull(next_field(&rest), NULL, 10);
	request.cgroup_path = next_field(&rest);
	request.output_path = next_field(&rest);
	request.freeze_limit = strtoull(next_field(&rest), NULL, 10) * 1000000ULL;
	request.freeze_path = next_field(&rest);
	request.programs.bounds.file_bytes = strtoull(next_field(&rest), NULL, 10);
	request.programs.bounds.all_bytes = strtoull(next_field(&rest), NULL, 10);
	request.programs.bounds.files = strtoull(next_field(&rest), NULL, 10);
	request.programs.folder = next_field(&rest);
	if (recording)
		err = recording_begin(recording, kernel, &request);
	if (err)
		say_refused(request.id, err);
	else
		say_tracked(request.id);
}

static void seal(struct kernel_side *kernel, char *rest)
{
	unsigned long id = strtoul(next_field(&rest), NULL, 10);
	struct recording *recording = find(id);

	if (!recording) {
		say_refused(id, -ENOENT);
		return;
	}
	recording_end(recording, kernel);
	say_sealed(recording, kernel);
	recording_free(recording, kernel);
}

static void obey(struct kernel_side *kernel, char *line)
{
	char *command = next_field(&line);

	if (strcmp(command, "track") == 0)
		track(kernel, line);
	else if (strcmp(command, "seal") == 0)
		seal(kernel, line);
}

/* Takes commands from the input. Returns false at its end, which is the user's death. */
static bool read_commands(struct kernel_side *kernel)
{
	static char buffer[LINE_MAX_BYTES];
	static size_t used;
	char *end;
	ssize_t n;

	n = read(STDIN_FILENO, buffer + used, sizeof(buffer) - used);
	if (n < 0 && errno == EINTR)
		return true;
	if (n <= 0)
		return false;
	used += n;
	while ((end = memchr(buffer, '\n', used))) {
		size_t bytes = end - buffer + 1;

		*end = 0;
		obey(kernel, buffer);
		used -= bytes;
		memmove(buffer, buffer + bytes, used);
	}
	return used < sizeof(buffer);
}

/*
 * Moves all rings on. Returns the time to wait until the next go, -1 for as long as there is
 * nothing to record.
 */
static int drain_all(struct kernel_side *kernel)
{
	int i, wait = -1;

	for (i = 0; i < MAX_ANALYSES; i++) {
		struct recording *recording = &recordings[i];
		size_t moved;

		if (!recording->used)
			continue;
		moved = recording_drain(recording, kernel);
		if (moved > BUSY_BYTES)
			wait = 0;
		else if (wait < 0)
			wait = IDLE_MS;
		if (recording->started && !recording->told_started) {
			recording->told_started = true;
			say_started(recording->id);
		}
	}
	return wait;
}

static void beat_all(struct kernel_side *kernel)
{
	static __u64 last;
	__u64 now = boot_time();
	int i;

	if (now - last < BEAT_NS)
		return;
	last = now;
	for (i = 0; i < MAX_ANALYSES; i++)
		if (recordings[i].used)
			say_beat(&recordings[i], kernel);
}

/* A sample must not outlive who watches over its bounds in time, space and network. */
static void end_orphans(void)
{
	int i;

	for (i = 0; i < MAX_ANALYSES; i++)
		if (recordings[i].used)
			recording_orphan(&recordings[i]);
}

void serve(struct kernel_side *kernel, const volatile sig_atomic_t *orphaned)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};

	for (;;) {
		int wait = drain_all(kernel);

		beat_all(kernel);
		if ((poll(&input, 1, wait) > 0 && !read_commands(kernel)) || *orphaned) {
			end_orphans();
			return;
		}
	}
}
