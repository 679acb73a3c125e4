// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "program-store.h"
#include "sha256.h"

#define PART ".part" /* a copy under its name only when it is whole */
#define CHUNK (64UL << 10)
/* Larger ones, and of all together more, are not even hashed: a file with holes can be of any size. */
#define HASH_MAX     (512UL << 20)
#define HASH_ALL_MAX (2UL << 30)
#define TRIES	     3
/* No kernel's clock of file times ticks more slowly. */
#define TICKS_MAX 20

int program_store_open(struct program_store *store, const struct kernel_side *kernel,
		       const char *folder, const struct program_bounds *bounds)
{
	store->kernel = kernel;
	store->bounds = *bounds;
	store->folder = open(folder, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return store->folder < 0 ? -errno : 0;
}

void program_store_close(struct program_store *store)
{
	if (store->folder >= 0)
		close(store->folder);
	store->folder = -1;
}

/*
 * Files are stamped by a clock that ticks some hundred times a second. Once it has moved on, each
 * change to come will show in the file's time.
 */
static void let_tick(const struct stat *status)
{
	static const struct timespec millisecond = {0, 1000000};
	struct timespec now;
	int i;

	for (i = 0; i < TICKS_MAX; i++) {
		clock_gettime(CLOCK_REALTIME_COARSE, &now);
		if (now.tv_sec > status->st_ctim.tv_sec ||
		    (now.tv_sec == status->st_ctim.tv_sec &&
		     now.tv_nsec > status->st_ctim.tv_nsec))
			return;
		nanosleep(&millisecond, NULL);
	}
}

static bool may_copy(const struct program_store *store, __u64 size)
{
	const struct program_bounds *bounds = &store->bounds;

	return size <= bounds->file_bytes && store->bytes + size <= bounds->all_bytes &&
	       store->files < bounds->files;
}

static bool write_all(int to, const char *data, size_t bytes)
{
	while (bytes) {
		ssize_t n = write(to, data, bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		bytes -= n;
	}
	return true;
}

/* to: where to copy it, or -1. Returns false when it can't be read or is longer than it said. */
static bool read_through(struct program_store *store, int file, int *to, struct program_field *out)
{
	static __thread char chunk[CHUNK];
	struct sha256 hash;
	__u64 at = 0;

	sha256_begin(&hash);
	for (;;) {
		ssize_t n = pread(file, chunk, sizeof(chunk), at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || at + n > out->size || (*to < 0 && __atomic_load_n(store->hurry, __ATOMIC_RELAXED)))
			return false;
		if (n == 0)
			break;
		if (at == 0) {
			out->head_bytes = (size_t)n < sizeof(out->head) ? (size_t)n : sizeof(out->head);
			memcpy(out->head, chunk, out->head_bytes);
		}
		sha256_add(&hash, chunk, n);
		if (*to >= 0 && !write_all(*to, chunk, n)) {
			close(*to);
			*to = -1;
		}
		at += n;
	}
	store->hashed += at;
	sha256_end(&hash, out->sha256);
	return at == out->size;
}

/* Gives the finished copy its name. The same content under many names is one copy. */
static bool name_copy(struct program_store *store, const struct program_field *program)
{
	char name[2 * SHA256_BYTES + 1];

	sha256_hex(program->sha256, name);
	if (faccessat(store->folder, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return unlinkat(store->folder, PART, 0) == 0;
	if (renameat(store->folder, PART, store->folder, name))
		return false;
	store->bytes += program->size;
	store->files++;
	return true;
}

static bool read_once(struct program_store *store, int file, struct program_field *out)
{
	int to = -1;
	bool whole;

	out->state = PROGRAM_HASHED;
	if (may_copy(store, out->size))
		to = openat(store->folder, PART,
			    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	whole = read_through(store, file, &to, out);
	if (to >= 0 && close(to) == 0 && whole && name_copy(store, out))
		out->state = PROGRAM_COPIED;
	else
		unlinkat(store->folder, PART, 0);
	return whole;
}

static bool is_beyond(const struct program_store *store, __u64 size)
{
	return size > HASH_MAX || store->hashed + size > HASH_ALL_MAX;
}

/*
 * Returns whether it found the same content from its first look to its last. What is too large for
 * a second look is not looked at a first time.
 */
static bool try_keep(struct program_store *store, int file, struct program_field *out,
		     struct program_key *key)
{
	struct program_answer answer;
	struct stat status;

	/* Asking for the time makes newer kernels give the next change one of its own. */
	if (fstat(file, &status) || !S_ISREG(status.st_mode))
		return false;
	let_tick(&status);
	if (kernel_side_ask(store->kernel, file, store->slot, &answer))
		return false;
	*key = answer.key;
	out->size = key->size;
	if (is_beyond(store, out->size)) {
		out->state = PROGRAM_TOO_LARGE;
		return true;
	}
	return read_once(store, file, out) &&
	       !kernel_side_ask(store->kernel, file, store->slot, &answer) &&
	       memcmp(key, &answer.key, sizeof(*key)) == 0;
}

bool program_store_keep(struct program_store *store, int file, struct program_field *out,
			struct program_key *key)
{
	int i;

	for (i = 0; i < TRIES; i++) {
		memset(out, 0, sizeof(*out));
		if (try_keep(store, file, out, key))
			return true;
	}
	memset(out, 0, sizeof(*out));
	out->state = PROGRAM_GONE;
	return false;
}
