/*
 * System calls without a C library, for programs that must be tiny and need nothing around them: the pause program of an
 * image FROM scratch, and the harmless program that the sinkhole serves to droppers.
 */
#ifndef AIRLOCK_RAW_SYSCALLS_H
#define AIRLOCK_RAW_SYSCALLS_H

#include <asm/unistd.h>

#if defined(__x86_64__)

static inline long raw_syscall(long number, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return result;
}

/* The kernel enters with an aligned stack; the call keeps it as the ABI wants it. */
#define START __asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tcall entry\n\thlt\n")

#elif defined(__aarch64__)

static inline long raw_syscall(long number, long a, long b, long c, long d)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
	return x0;
}

#define START __asm__(".globl _start\n_start:\n\tmov x29, #0\n\tbl entry\n\tbrk #1\n")

#else
#error "no raw system calls for this processor"
#endif

static inline void raw_exit(long status)
{
	for (;;)
		raw_syscall(__NR_exit_group, status, 0, 0, 0);
}

#endif
