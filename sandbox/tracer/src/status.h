/* SPDX-License-Identifier: GPL-2.0 */
/* What the user is told, a line of JSON each on standard output. */
#ifndef AIRLOCK_STATUS_H
#define AIRLOCK_STATUS_H

#include "recording.h"

void say_ready(const char *build);
void say_fault(const char *code, const char *message, const char *detail);
void say_tracked(unsigned long id);
void say_refused(unsigned long id, int err);
void say_started(unsigned long id);
/* Left out when the reader is behind: the tracer must not wait for it. */
void say_beat(struct recording *recording, struct kernel_side *kernel);
void say_sealed(struct recording *recording, struct kernel_side *kernel);

#endif
