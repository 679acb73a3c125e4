// SPDX-License-Identifier: GPL-2.0
/*
 * calls getppid|open|absent|stat|unlink COUNT: one call over and over; prints nanoseconds for each. For
 * measuring, and for floods: that of absent files is not repeats, for there is no file to be the
 * same.
 */
#include "workload.h"
#include <time.h>

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

int main(int argc, char **argv)
{
	double begin = now();
	char byte;
	long count, i;
	int file;

	must(argc == 3 && (count = atol(argv[2])) > 0);
	for (i = 0; i < count; i++) {
		if (argv[1][0] == 'g') {
			syscall(SYS_getppid);
			continue;
		}
		if (argv[1][0] == 's') {
			must(access("/etc/passwd", F_OK) == 0);
			continue;
		}
		if (argv[1][0] == 'u') {
			must(unlink("/absent") == -1);
			continue;
		}
		if (argv[1][0] == 'a') {
			must(open("/absent", O_RDONLY) == -1);
			continue;
		}
		must((file = open("/etc/passwd", O_RDONLY)) >= 0);
		must(read(file, &byte, 1) == 1);
		must(close(file) == 0);
	}
	printf("%.1f\n", (now() - begin) / count);
	return 0;
}
