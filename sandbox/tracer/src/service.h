/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AIRLOCK_SERVICE_H
#define AIRLOCK_SERVICE_H

#include <signal.h>
#include "kernel-side.h"

/*
 * Commands, a line each on standard input, fields divided by tabs:
 *   track <id> container|any <ring bytes> <trace bytes> <cgroup folder> <output file>
 *     <ms of freezing> <folder to freeze>
 *     <bytes of a copied program> <bytes of all> <number> <folder for them>
 *   seal <id>
 * Returns when the input ends, or once orphaned is set; samples that are still being recorded are
 * killed then.
 */
void serve(struct kernel_side *kernel, const volatile sig_atomic_t *orphaned);

#endif
