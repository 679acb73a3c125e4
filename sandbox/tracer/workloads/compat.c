// SPDX-License-Identifier: GPL-2.0
/*
 * compat FOLDER: 32-bit calls from a 64-bit process, whose numbers mean other calls in the 64-bit
 * table (5 is open, not fstat). Exits with 77 on a kernel without the 32-bit entry.
 */
#include "workload.h"
#include <signal.h>
#include <sys/mman.h>

static long int80(long nr, long a, long b, long c)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(0L), "D"(0L)
			 : "memory", "r8", "r9", "r10", "r11");
	return result;
}

static void leave(int signal)
{
	(void)signal;
	_exit(77);
}

/* execve, its vectors of 32-bit pointers: of what isn't there, then of itself. */
static void run_narrow(char *low, unsigned *words)
{
	int status;
	pid_t child;

	strcpy(low, "/nowhere/at/all");
	strcpy(low + 64, "/proc/self/exe");
	strcpy(low + 128, "given");
	words[0] = (long)low + 128;
	words[1] = 0;
	must(int80(11, (long)low, (long)words, (long)(words + 1)) == -ENOENT);
	must((child = fork()) >= 0);
	if (!child) {
		int80(11, (long)low + 64, (long)words, (long)(words + 1));
		_exit(99);
	}
	must(waitpid(child, &status, 0) == child && status == 3 << 8);
}

int main(int argc, char **argv)
{
	/* Pointers must fit into 32 bits. */
	char *low = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	unsigned *words = (unsigned *)(low + 4096);
	long file, at = (long)low;

	if (argc == 1)
		return 3;
	must(argc == 2 && low != MAP_FAILED);
	must(chdir(argv[1]) == 0);
	signal(SIGSEGV, leave);
	must(int80(20, 0, 0, 0) == getpid());
	strcpy(low, "narrow");
	must((file = int80(5, at, O_WRONLY | O_CREAT, 0600)) >= 0);
	must(int80(4, file, at, 6) == 6);
	must(int80(6, file, 0, 0) == 0);
	must(int80(15, at, 0700, 0) == 0);
	must(int80(33, at, F_OK, 0) == 0);
	must(int80(10, at, 0, 0) == 0);
	/* mmap, its arguments in memory: writable, executable, anonymous */
	words[0] = 0;
	words[1] = 4096;
	words[2] = PROT_READ | PROT_WRITE | PROT_EXEC;
	words[3] = MAP_PRIVATE | MAP_ANONYMOUS;
	words[4] = -1;
	words[5] = 0;
	must((unsigned)int80(90, (long)words, 0, 0) < 0xfffff000);
	/* ipc: shmat as executable, of memory that there isn't */
	must(int80(117, 21, -1, 0100000) < 0);
	/* socketcall: socket(AF_INET, SOCK_STREAM, 0), connect(socket, {127.0.0.1:9}, 16) */
	words[0] = 2;
	words[1] = 1;
	words[2] = 0;
	must((file = int80(102, 1, (long)words, 0)) >= 0);
	memcpy(low, "\x02\x00\x00\x09\x7f\x00\x00\x01\0\0\0\0\0\0\0\0", 16);
	words[0] = file;
	words[1] = at;
	words[2] = 16;
	must(int80(102, 3, (long)words, 0) == -ECONNREFUSED);
	/* the same by a call of its own */
	must(int80(362, file, at, 16) == -ECONNREFUSED);
	run_narrow(low, words);
	return 0;
}
