#define _GNU_SOURCE
#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROOT "/run"

void fail(const char *format, ...)
{
	int error = errno;
	va_list values;

	va_start(values, format);
	vfprintf(stderr, format, values);
	va_end(values);
	fprintf(stderr, ": %s\n", strerror(error));
	exit(70);
}

long number_argument(const char *text, long min, long max)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno || end == text || *end || value < min || value > max) {
		errno = EINVAL;
		fail("number %s", text);
	}
	return value;
}

void enter_network(const char *path)
{
	int handle = open(path, O_RDONLY | O_CLOEXEC);

	if (handle < 0 || setns(handle, CLONE_NEWNET))
		fail("network namespace %s", path);
	close(handle);
}

/* Makes every folder above `path`. */
static void make_parents(const char *path)
{
	char copy[PATH_MAX];

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *slash = strchr(copy + sizeof(ROOT), '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(copy, 0755) && errno != EEXIST)
			fail("folder %s", copy);
		*slash = '/';
	}
}

static void bind_view(const char *from, const char *to)
{
	unsigned long flags = MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID;

	if (mount(from, to, NULL, MS_BIND | MS_REC, NULL))
		fail("view of %s", from);
	if (mount(NULL, to, NULL, flags, NULL))
		fail("read-only view of %s", from);
}

static void show(const char *path)
{
	char target[PATH_MAX], link[PATH_MAX];
	struct stat info;
	ssize_t length;
	int file;

	if (lstat(path, &info))
		fail("view of %s", path);
	if (snprintf(target, sizeof(target), ROOT "%s", path) >= (int)sizeof(target)) {
		errno = ENAMETOOLONG;
		fail("view of %s", path);
	}
	make_parents(target);
	if (S_ISLNK(info.st_mode)) {
		length = readlink(path, link, sizeof(link) - 1);
		if (length < 0)
			fail("link %s", path);
		link[length] = 0;
		if (symlink(link, target) && errno != EEXIST)
			fail("link %s", target);
		return;
	}
	if (S_ISDIR(info.st_mode)) {
		if (mkdir(target, 0755) && errno != EEXIST)
			fail("folder %s", target);
	} else {
		file = open(target, O_CREAT | O_RDONLY | O_CLOEXEC, 0644);
		if (file < 0)
			fail("file %s", target);
		close(file);
	}
	bind_view(path, target);
}

void show_only(char *const *paths, int count)
{
	/* A tmpfs over /run hides the engine's socket first of all; it then becomes the root itself. */
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		fail("mount namespace");
	if (mount("airlock", ROOT, "tmpfs", MS_NOSUID, "size=1m,mode=0755"))
		fail("private root");
	for (int i = 0; i < count; i++)
		show(paths[i]);
	show("/dev/null");
	if (chdir(ROOT) || syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) || chdir("/"))
		fail("private root");
	if (mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL))
		fail("read-only root");
}

void drop_rights(uid_t uid, uint64_t keep)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
		if (!(keep >> cap & 1) && prctl(PR_CAPBSET_DROP, cap))
			fail("capability %lu", cap);
	if (prctl(PR_SET_KEEPCAPS, 1) || setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		fail("user %u", uid);
	for (int i = 0; i < 2; i++) {
		uint32_t half = (uint32_t)(keep >> (32 * i));

		data[i].effective = data[i].permitted = data[i].inheritable = half;
	}
	if (syscall(SYS_capset, &header, data))
		fail("capabilities");
	for (unsigned long cap = 0; cap < 64; cap++)
		if (keep >> cap & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0))
			fail("capability %lu", cap);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		fail("no new privileges");
	umask(077);
}

void die_with_parent(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		fail("parent death signal");
	if (getppid() != parent)
		_exit(71);
}

int wait_for(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return 70;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
