/*
 * For tests: waits in the way that its argument names. The names of the first table are ways to sit out an observation;
 * those of the second are how servers wait.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HOUR 3600

static int serve(in_addr_t address, int type)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = address };
	int sock = socket(AF_INET, type, 0);

	if (bind(sock, (struct sockaddr *)&name, sizeof(name)) || (type == SOCK_STREAM && listen(sock, 5)))
		exit(1);
	return sock;
}

static void accept_for_ever(void)
{
	int sock = serve(INADDR_ANY, SOCK_STREAM);

	for (;;)
		close(accept(sock, NULL, NULL));
}

static void *accept_in_thread(void *none)
{
	accept_for_ever();
	return none;
}

static void wait_vfork(void)
{
	if (vfork() == 0) {
		sleep(HOUR);
		_exit(0);
	}
}

static void wait_fifo(void)
{
	mkfifo("/tmp/waits", 0600);
	if (fork() == 0)
		_exit(open("/tmp/waits", O_RDONLY));
	sleep(HOUR);
}

static void wait_stop(void)
{
	if (fork() == 0)
		raise(SIGSTOP);
	sleep(HOUR);
}

static void wait_busy(void)
{
	time_t end = time(NULL) + HOUR;

	while (time(NULL) < end)
		;
}

/* The entry of 32-bit programs, from a 64-bit one: its pointers are narrow. */
static void wait_narrow(void)
{
	int *time = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long result;

	time[0] = HOUR;
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(162), "b"((unsigned int)(unsigned long)time), "c"(0) : "memory");
}

static void wait_decoy_unix(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "\0decoy" };
	int sock = socket(AF_UNIX, SOCK_STREAM, 0);

	bind(sock, (struct sockaddr *)&name, sizeof(sa_family_t) + 6);
	listen(sock, 1);
	accept(sock, NULL, NULL);
}

static void wait_decoy_listener(void)
{
	serve(INADDR_ANY, SOCK_STREAM);
	sleep(HOUR);
}

static void wait_decoy_queue(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int queue = epoll_create1(0), ends[2];

	serve(INADDR_ANY, SOCK_STREAM);
	if (pipe(ends) == 0)
		epoll_ctl(queue, EPOLL_CTL_ADD, ends[0], &event);
	epoll_wait(queue, &event, 1, -1);
}

static void wait_decoy_self(void)
{
	struct sockaddr_in name;
	socklen_t size = sizeof(name);
	int server = serve(htonl(INADDR_LOOPBACK), SOCK_STREAM), client = socket(AF_INET, SOCK_STREAM, 0);
	char byte;

	getsockname(server, (struct sockaddr *)&name, &size);
	connect(client, (struct sockaddr *)&name, size);
	accept(server, NULL, NULL);
	close(server);
	recv(client, &byte, 1, 0);
}

static void wait_decoy_datagram(void)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_port = htons(9) };
	int sock = socket(AF_INET, SOCK_DGRAM, 0);
	char byte;

	name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	connect(sock, (struct sockaddr *)&name, sizeof(name));
	recv(sock, &byte, 1, 0);
}

static void wait_sidecar(void)
{
	if (fork() == 0) {
		sleep(HOUR);
		_exit(0);
	}
	accept_for_ever();
}

static void serve_poll(void)
{
	struct pollfd polled = { .fd = serve(INADDR_ANY, SOCK_STREAM), .events = POLLIN };

	poll(&polled, 1, -1);
}

static void serve_select(void)
{
	int sock = serve(INADDR_ANY, SOCK_DGRAM);
	fd_set set;

	FD_ZERO(&set);
	FD_SET(sock, &set);
	select(sock + 1, &set, NULL, NULL, NULL);
}

static void serve_epoll(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int inner = epoll_create1(0), outer = epoll_create1(0);

	epoll_ctl(inner, EPOLL_CTL_ADD, serve(INADDR_ANY, SOCK_STREAM), &event);
	epoll_ctl(outer, EPOLL_CTL_ADD, inner, &event);
	epoll_wait(outer, &event, 1, -1);
}

static void serve_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, accept_in_thread, NULL);
	sleep(HOUR);
}

static const struct {
	const char *name;
	void (*wait)(void);
} WAYS[] = {
	{ "vfork", wait_vfork },
	{ "fifo", wait_fifo },
	{ "stop", wait_stop },
	{ "busy", wait_busy },
	{ "narrow", wait_narrow },
	{ "decoy-unix", wait_decoy_unix },
	{ "decoy-listener", wait_decoy_listener },
	{ "decoy-queue", wait_decoy_queue },
	{ "decoy-self", wait_decoy_self },
	{ "decoy-datagram", wait_decoy_datagram },
	{ "sidecar", wait_sidecar },
	{ "accept", accept_for_ever },
	{ "poll", serve_poll },
	{ "select", serve_select },
	{ "epoll", serve_epoll },
	{ "thread", serve_thread },
};

int main(int argc, char **argv)
{
	for (unsigned int i = 0; argc > 1 && i < sizeof(WAYS) / sizeof(WAYS[0]); i++) {
		if (strcmp(WAYS[i].name, argv[1]) == 0)
			WAYS[i].wait();
	}
	return 1;
}
