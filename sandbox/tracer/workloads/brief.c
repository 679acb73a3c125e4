// SPDX-License-Identifier: GPL-2.0
/* brief STATUS: lives a millisecond. */
#include "workload.h"
#include <time.h>

int main(int argc, char **argv)
{
	struct timespec millisecond = {.tv_nsec = 1000000};

	must(argc == 2);
	nanosleep(&millisecond, NULL);
	return atoi(argv[1]);
}
