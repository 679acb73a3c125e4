/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AIRLOCK_TRACE_FILE_H
#define AIRLOCK_TRACE_FILE_H

#include <stddef.h>
#include <linux/types.h>

/* The file a trace goes to, and its bound. */
struct trace_file {
	int fd;
	int error; /* first failure to write: from then on everything is dropped */
	__u64 bytes;
	__u64 limit;
};

int trace_file_open(struct trace_file *file, const char *path, __u64 limit);
/*
 * Bytes that bulk records may still take (bulk != 0), or decisive ones, for which the last eighth
 * is kept.
 */
size_t trace_file_room(const struct trace_file *file, int bulk);
/* 0, or a negative errno and nothing more will be written. */
int trace_file_add(struct trace_file *file, __u32 type, const void *data, size_t bytes);
int trace_file_close(struct trace_file *file);

#endif
