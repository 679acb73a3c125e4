// SPDX-License-Identifier: GPL-2.0
/*
 * files FOLDER: every operation on names, and writes of all kinds. FOLDER is empty before and
 * after.
 */
#include "workload.h"
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <sys/xattr.h>

static void act_on_names(void)
{
	int folder;

	must(mkdir("made", 0750) == 0);
	must(open("absent", O_RDONLY) == -1);
	must((folder = open("made", O_RDONLY | O_DIRECTORY)) >= 0);
	must(mkdirat(folder, "inner", 0700) == 0);
	must(renameat(folder, "inner", folder, "moved") == 0);
	must(unlinkat(folder, "moved", AT_REMOVEDIR) == 0);
	must(symlinkat("../nowhere", folder, "pointer") == 0);
	must(unlinkat(folder, "pointer", 0) == 0);
	must(fchdir(folder) == 0);
	must(chdir("..") == 0);
	must(mknod("pipe", S_IFIFO | 0600, 0) == 0);
	must(unlink("pipe") == 0);
	must(close(folder) == 0);
	must(rmdir("made") == 0);
}

static void write_in_all_ways(void)
{
	struct iovec parts[3] = {{"one", 3}, {"three", 5}, {"seven", 5}};
	int file, copy, ends[2];
	char *memory;
	off_t at = 0;

	must((file = open("data", O_RDWR | O_CREAT | O_EXCL, 0640)) >= 0);
	must(write(file, "#!/bin/sh\n", 10) == 10);
	must(pwrite(file, "12345", 5, 20) == 5);
	must(writev(file, parts, 3) == 13);
	must((copy = open("copy", O_RDWR | O_CREAT | O_TRUNC, 0600)) >= 0);
	must(sendfile(copy, file, &at, 11) == 11);
	must(copy_file_range(file, &(off64_t){0}, copy, NULL, 7, 0) == 7);
	must(pipe(ends) == 0);
	must(write(ends[1], "piped", 5) == 5);
	must(splice(ends[0], NULL, copy, NULL, 5, 0) == 5);
	must(ftruncate(copy, 4096) == 0);
	memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, copy, 0);
	must(memory != MAP_FAILED);
	memory[0] = 'm';
	/* One sum ends with a dup2 over the descriptor, the other with the process. */
	must(dup2(ends[0], copy) == copy);
	must(write(file, "again", 5) == 5);
}

static void change_metadata(void)
{
	must(chmod("data", 04755) == 0);
	must(chown("data", 12, 34) == 0);
	must(truncate("data", 9) == 0);
	must(utimensat(AT_FDCWD, "data", NULL, 0) == 0);
	must(link("data", "second") == 0);
	must(rename("second", "third") == 0);
	must(setxattr("data", "trusted.airlock", "x", 1, 0) == 0);
	must(unlink("third") == 0);
	must(unlink("copy") == 0);
	must(unlink("data") == 0);
}

int main(int argc, char **argv)
{
	must(argc == 2 && chdir(argv[1]) == 0);
	act_on_names();
	write_in_all_ways();
	change_metadata();
	return 7;
}
