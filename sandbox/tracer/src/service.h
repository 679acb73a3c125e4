/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AIRLOCK_SERVICE_H
#define AIRLOCK_SERVICE_H

#include "kernel-side.h"

/*
 * Commands, a line each on standard input, fields divided by tabs:
 *   track <id> container|any <ring bytes> <trace bytes> <cgroup folder> <output file> <ms of
 * freezing> <folder to freeze> seal <id> Returns when the input ends.
 */
void serve(struct kernel_side *kernel);

#endif
