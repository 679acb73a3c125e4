// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include "../include/event.h"
#include "trace-file.h"

/* Room for what ends a file, always kept. */
#define TAIL 4096

int trace_file_open(struct trace_file *file, const char *path, __u64 limit)
{
	struct trace_header header = {.version = TRACE_VERSION};

	memset(file, 0, sizeof(*file));
	file->limit = limit;
	/*
	 * A run folder is ours alone; still nothing that lies in the way is followed or
	 * overwritten.
	 */
	file->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (file->fd < 0)
		return -errno;
	memcpy(header.magic, TRACE_MAGIC, sizeof(header.magic));
	if (write(file->fd, &header, sizeof(header)) != sizeof(header)) {
		close(file->fd);
		file->fd = -1;
		return -EIO;
	}
	file->bytes = sizeof(header);
	return 0;
}

size_t trace_file_room(const struct trace_file *file, int bulk)
{
	__u64 limit = bulk ? file->limit - file->limit / 8 : file->limit;
	__u64 used = file->bytes + sizeof(struct trace_chunk) + TAIL;

	return file->error || used >= limit ? 0 : limit - used;
}

int trace_file_add(struct trace_file *file, __u32 type, const void *data, size_t bytes)
{
	struct trace_chunk chunk = {.type = type, .bytes = bytes};
	struct iovec parts[2] = {{&chunk, sizeof(chunk)}, {(void *)data, bytes}};
	size_t left = sizeof(chunk) + bytes, part = 0;

	while (left && !file->error) {
		ssize_t n = writev(file->fd, parts + part, 2 - part);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			file->error = n ? -errno : -EIO;
			break;
		}
		left -= n;
		file->bytes += n;
		while (part < 2 && (size_t)n >= parts[part].iov_len)
			n -= parts[part++].iov_len;
		if (part < 2) {
			parts[part].iov_base = (char *)parts[part].iov_base + n;
			parts[part].iov_len -= n;
		}
	}
	return file->error;
}

int trace_file_close(struct trace_file *file)
{
	if (close(file->fd) && !file->error)
		file->error = -errno;
	file->fd = -1;
	return file->error;
}
