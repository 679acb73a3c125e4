/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AIRLOCK_HELD_PROCESS_H
#define AIRLOCK_HELD_PROCESS_H

#include "../include/event.h"

/* A descriptor of the process, or -1 when it is gone: its number may be another's by now. */
int held_process_open(const struct record_task *task);
/* An open file: what it was stopped in front of. -1 when it is being ended. */
int held_process_program(const struct record_task *task);
void held_process_let(int process);

#endif
