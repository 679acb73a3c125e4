/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Programs whose every recorded event is known, in odd numbers so that no count is right by
 * accident. They speak to the kernel and say nothing; a call that ends other than planned ends the
 * program with the line's number as status.
 */
#ifndef AIRLOCK_WORKLOAD_H
#define AIRLOCK_WORKLOAD_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define must(condition)                            \
	do {                                       \
		if (!(condition))                  \
			_exit(__LINE__ % 250 + 1); \
	} while (0)

#define must_fail(call, code) must((call) == -1 && errno == (code))

#endif
