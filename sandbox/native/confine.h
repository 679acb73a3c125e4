/* Steps by which a program of ours enters a run's network and gives up everything else. All of them end the process on failure. */
#ifndef AIRLOCK_CONFINE_H
#define AIRLOCK_CONFINE_H

#include <stdint.h>
#include <sys/types.h>

__attribute__((noreturn, format(printf, 1, 2))) void fail(const char *format, ...);

/* A number argument; anything else ends the program. */
long number_argument(const char *text, long min, long max);

/* Joins the network namespace that `path` is a handle of. */
void enter_network(const char *path);

/* Leaves a root that holds nothing but /dev/null and read-only views of `count` paths. The view dies with the process. */
void show_only(char *const *paths, int count);

/* Becomes `uid` with no groups, no way to new rights, and no capability but those whose bits are set in `keep`. */
void drop_rights(uid_t uid, uint64_t keep);

/* SIGKILL when `parent` ends. After drop_rights: a change of user id clears it (prctl(2)). */
void die_with_parent(pid_t parent);

/* Waits for a child and gives its status as a shell does: 128 and the signal's number when it was killed. */
int wait_for(pid_t child);

#endif
