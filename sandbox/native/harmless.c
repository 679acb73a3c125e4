/*
 * What the sinkhole serves where a program is asked for: a real one, so that a dropper goes on to its next stage and that
 * stage is seen as a new executable. It prints a line and ends.
 */
#include "raw-syscalls.h"

START;

__attribute__((used, noreturn)) void entry(void)
{
	static const char text[] = "ok\n";

	raw_syscall(__NR_write, 1, (long)text, sizeof(text) - 1, 0);
	raw_exit(0);
	__builtin_unreachable();
}
