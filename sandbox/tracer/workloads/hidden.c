// SPDX-License-Identifier: GPL-2.0
/*
 * hidden FOLDER [keep]: contents that come into files by other ways than write(2), and files that are
 * gone again. FOLDER is empty before, and without "keep" after too.
 */
#include "workload.h"
#include <linux/aio_abi.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>

static bool keeps;

static void leave(const char *name)
{
	must(keeps || unlink(name) == 0);
}

/* Mapped to be read, and only later made writable. */
static void change_by_mapping(void)
{
	int file = open("mapped", O_RDWR | O_CREAT, 0600);
	char *memory;

	must(file >= 0);
	must(ftruncate(file, 4096) == 0);
	memory = mmap(NULL, 4096, PROT_READ, MAP_SHARED, file, 0);
	must(memory != MAP_FAILED);
	must(mprotect(memory, 4096, PROT_READ | PROT_WRITE) == 0);
	strcpy(memory, "written by no call");
	must(munmap(memory, 4096) == 0);
	must(close(file) == 0);
	leave("mapped");
}

/* A page of ours into a pipe, doubled there, and on into a file. */
static void change_by_pipe(void)
{
	struct iovec part = {"spliced", 7};
	int file = open("piped", O_WRONLY | O_CREAT, 0600), first[2], second[2];

	must(file >= 0);
	must(pipe(first) == 0 && pipe(second) == 0);
	must(vmsplice(first[1], &part, 1, 0) == 7);
	must(tee(first[0], second[1], 7, 0) == 7);
	must(splice(first[0], NULL, file, NULL, 7, 0) == 7);
	must(splice(second[0], NULL, file, NULL, 7, 0) == 7);
	must(close(file) == 0);
	leave("piped");
}

static void change_by_vector(void)
{
	struct iovec parts[3] = {{"vec", 3}, {"tor", 3}, {"!", 1}};
	int file = open("vector", O_WRONLY | O_CREAT, 0600);

	must(file >= 0);
	must(pwritev2(file, parts, 3, 0, 0) == 7);
	must(pwritev2(file, parts, 3, 7, RWF_DSYNC) == 7);
	must(pwritev(file, parts, 1, 14) == 3);
	must(close(file) == 0);
	leave("vector");
}

/* The old asynchronous interface. */
static void change_later(void)
{
	int file = open("later", O_WRONLY | O_CREAT, 0600);
	struct iocb request = {.aio_lio_opcode = IOCB_CMD_PWRITE,
			       .aio_fildes = file,
			       .aio_buf = (__u64) "asynchronous",
			       .aio_nbytes = 12};
	struct iocb *requests[] = {&request};
	struct io_event event;
	aio_context_t context = 0;

	must(file >= 0);
	if (syscall(SYS_io_setup, 1, &context) == 0) {
		must(syscall(SYS_io_submit, context, 1, requests) == 1);
		must(syscall(SYS_io_getevents, context, 1, 1, &event, NULL) == 1);
		must(event.res == 12);
	} else {
		must(errno == ENOSYS);
	}
	must(close(file) == 0);
	leave("later");
}

/* A file that has no name when it is written, and gets one. */
static void name_afterwards(void)
{
	char path[64];
	int file = open(".", O_TMPFILE | O_WRONLY, 0600);

	must(file >= 0);
	must(write(file, "nameless", 8) == 8);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	must(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW) == 0);
	must(close(file) == 0);
	leave("named");
}

static void write_and_remove(void)
{
	int file = open("brief", O_WRONLY | O_CREAT, 0600);

	must(file >= 0);
	must(write(file, "#!/bin/sh\necho gone\n", 20) == 20);
	must(unlink("brief") == 0);
	must(write(file, "more", 4) == 4);
	must(close(file) == 0);
}

/* Few file systems can, but the attempt is one. */
static void clone_contents(void)
{
	int from = open("/etc/passwd", O_RDONLY), to = open("cloned", O_WRONLY | O_CREAT, 0600);

	must(from >= 0 && to >= 0);
	ioctl(to, FICLONE, from);
	must(close(to) == 0);
	leave("cloned");
}

int main(int argc, char **argv)
{
	must(argc >= 2 && chdir(argv[1]) == 0);
	keeps = argc > 2;
	change_by_mapping();
	change_by_pipe();
	change_by_vector();
	change_later();
	name_afterwards();
	write_and_remove();
	clone_contents();
	return 3;
}
