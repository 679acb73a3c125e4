/*
 * For tests: a process whose first thread has ended while another goes on. To who looks at /proc/PID it is a corpse. The other
 * thread sleeps, or with an argument fills a file that has no name before it does.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static char block[1 << 20];

static void *live(void *path)
{
	if (path != NULL) {
		int file = open(path, O_CREAT | O_WRONLY, 0600);

		unlink(path);
		for (int i = 0; i < 100; i++)
			if (write(file, block, sizeof(block)) < 0)
				break;
	}
	sleep(600);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, live, argc > 1 ? argv[1] : NULL) != 0)
		return 1;
	pthread_exit(NULL);
}
