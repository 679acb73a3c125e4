// SPDX-License-Identifier: GPL-2.0
/* parting FILE: does nothing until it is asked to leave (SIGTERM), and then all at once. */
#include "workload.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

static const char *path;

static void part(int signal)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(4444)};
	int file = open(path, O_WRONLY | O_CREAT, 0600), client = socket(AF_INET, SOCK_STREAM, 0);

	(void)signal;
	must(file >= 0 && write(file, "parting", 7) == 7);
	must(inet_pton(AF_INET, "203.0.113.9", &address.sin_addr) == 1);
	must(connect(client, (struct sockaddr *)&address, sizeof(address)) == 0);
	must(send(client, "so long", 7, 0) == 7);
	_exit(5);
}

int main(int argc, char **argv)
{
	must(argc == 2);
	path = argv[1];
	signal(SIGTERM, part);
	for (;;)
		pause();
}
