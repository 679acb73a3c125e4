/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AIRLOCK_OPTIONAL_PROGRAMS_H
#define AIRLOCK_OPTIONAL_PROGRAMS_H

struct bpf_object;

/*
 * Chooses, before it is loaded, those of the object's optional programs that fit the running kernel.
 * Returns 0 or a negative errno.
 */
int choose_programs(struct bpf_object *object);

#endif
