/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AIRLOCK_CANARY_H
#define AIRLOCK_CANARY_H

/*
 * airlock-tracer canary FILE: joins the cgroup whose cgroup.procs FILE is, and runs itself as a
 * program whose events are known. Whoever records the cgroup must see exactly these:
 * sandbox/src/recorder/canary.ts. Returns an exit status.
 */
int canary_join(const char *procs);
int canary_sing(void);

#endif
