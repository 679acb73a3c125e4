// SPDX-License-Identifier: GPL-2.0
/*
 * oversized FOLDER: environments, arguments and folders too large to be told whole. FOLDER is empty
 * before and after.
 */
#include "workload.h"

#define PADDING 50021
#define DEPTH	201

static void run(char **argv, char **env)
{
	int status;
	pid_t child;

	must((child = fork()) >= 0);
	if (!child) {
		execve("/proc/self/exe", argv, env);
		_exit(99);
	}
	must(waitpid(child, &status, 0) == child && status == 3 << 8);
}

static void go_deep(void)
{
	int i, file;

	for (i = 0; i < DEPTH; i++)
		must(mkdir("d", 0700) == 0 && chdir("d") == 0);
	must((file = open("deep", O_WRONLY | O_CREAT, 0600)) >= 0);
	close(file);
	must(unlink("deep") == 0);
	must(open("absent", O_RDONLY) == -1);
	for (i = 0; i < DEPTH; i++)
		must(chdir("..") == 0 && rmdir("d") == 0);
}

int main(int argc, char **argv)
{
	char *padding = malloc(PADDING + 1), *preload = "LD_PRELOAD=/nowhere/lib.so";

	if (argc != 2)
		return 3;
	must(chdir(argv[1]) == 0);
	memset(padding, ' ', PADDING);
	padding[PADDING] = 0;
	run((char *[]){"before", "x", "x", NULL}, (char *[]){padding, preload, NULL});
	run((char *[]){"between", "x", "x", NULL}, (char *[]){padding, preload, padding, NULL});
	run((char *[]){"arguments", padding, "-c", "command", NULL}, (char *[]){NULL});
	go_deep();
	return 5;
}
