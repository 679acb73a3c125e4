/*
 * For tests of what a sample gets back: makes the calls it is told to and prints the name and error number of each, 0 for
 * success. `try-calls NAME=NUMBER[,ARGUMENT...]...`; a number after `i386:` goes through the 32-bit entry; `@` is the address of
 * zeroed memory. Each call is made in a child, for some end or change their caller.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static long call_native(long number, const long *a)
{
	long result = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);

	return result < 0 ? errno : 0;
}

static long call_compat(long number, const long *a)
{
#ifdef __x86_64__
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]), "D"(a[4])
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)result < 0 ? -(int)result : 0;
#else
	(void)number;
	(void)a;
	return ENOSYS;
#endif
}

static int try_call(char *what)
{
	/* Below 4 GiB, where the 32-bit entry can reach it. */
	static char *memory;
	long arguments[6] = { 0 };
	int compat = strncmp(what, "i386:", 5) == 0;
	char *next = compat ? what + 5 : what;
	long number = strtol(next, &next, 0);
	int count;

	memory = mmap((void *)0x10000000, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (count = 0; *next == ',' && count < 6; count++) {
		next++;
		if (*next == '@') {
			arguments[count] = (long)memory;
			next++;
		} else {
			arguments[count] = (long)strtoull(next, &next, 0);
		}
	}
	return (int)(compat ? call_compat(number, arguments) : call_native(number, arguments));
}

int main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		char *what = strchr(argv[i], '=');
		int status = 0;
		pid_t child;

		if (!what)
			return 1;
		*what++ = '\0';
		child = fork();
		if (child == 0)
			_exit(try_call(what));
		if (child < 0 || waitpid(child, &status, 0) != child)
			return 1;
		printf("%s %d\n", argv[i], WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
	}
	return 0;
}
