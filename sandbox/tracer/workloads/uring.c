// SPDX-License-Identifier: GPL-2.0
/*
 * uring FOLDER: files and connections by way of io_uring, with hardly a system call. FOLDER is empty
 * before and after. Exits with 77 where the kernel has no io_uring or refuses it.
 */
#include "workload.h"
#include <arpa/inet.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define ENTRIES 8

struct ring {
	int fd;
	unsigned enter_flags;
	unsigned *sq_tail, *sq_mask, *sq_array, *cq_head, *cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
};

static struct ring open_ring(unsigned flags)
{
	struct io_uring_params params = {.flags = flags, .sq_thread_idle = 1000};
	struct ring ring = {.enter_flags = IORING_ENTER_GETEVENTS};
	char *queues;

	ring.fd = syscall(SYS_io_uring_setup, ENTRIES, &params);
	if (ring.fd < 0)
		_exit(77);
	if (flags & IORING_SETUP_SQPOLL)
		ring.enter_flags |= IORING_ENTER_SQ_WAKEUP;
	queues = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, IORING_OFF_SQ_RING);
	ring.sqes = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, IORING_OFF_SQES);
	must(queues != MAP_FAILED && ring.sqes != MAP_FAILED);
	ring.sq_tail = (unsigned *)(queues + params.sq_off.tail);
	ring.sq_mask = (unsigned *)(queues + params.sq_off.ring_mask);
	ring.sq_array = (unsigned *)(queues + params.sq_off.array);
	ring.cq_head = (unsigned *)(queues + params.cq_off.head);
	ring.cq_mask = (unsigned *)(queues + params.cq_off.ring_mask);
	ring.cqes = (struct io_uring_cqe *)(queues + params.cq_off.cqes);
	return ring;
}

/* One operation, from its submission to its end: one call. */
static int run(struct ring *ring, struct io_uring_sqe sqe)
{
	unsigned tail = *ring->sq_tail, head = *ring->cq_head;
	int result;

	ring->sqes[tail & *ring->sq_mask] = sqe;
	ring->sq_array[tail & *ring->sq_mask] = tail & *ring->sq_mask;
	__atomic_store_n(ring->sq_tail, tail + 1, __ATOMIC_RELEASE);
	must(syscall(SYS_io_uring_enter, ring->fd, 1, 1, ring->enter_flags, NULL, 0) >= 0);
	result = ring->cqes[head & *ring->cq_mask].res;
	__atomic_store_n(ring->cq_head, head + 1, __ATOMIC_RELEASE);
	return result;
}

#define RUN(ring, op, ...) run(ring, (struct io_uring_sqe){.opcode = IORING_OP_##op, __VA_ARGS__})
#define AT(name)	   .fd = AT_FDCWD, .addr = (__u64)(name)
#define TO(name)	   .len = AT_FDCWD, .off = (__u64)(name)

static void change_files(struct ring *ring)
{
	int file, i;

	must(RUN(ring, MKDIRAT, AT("made"), .len = 0750) == 0);
	file = RUN(ring, OPENAT, AT("made/data"), .open_flags = O_WRONLY | O_CREAT, .len = 0600);
	must(file >= 0);
	/* Exact repeats are counted only. */
	for (i = 0; i < 3; i++)
		must(RUN(ring, WRITE, .fd = file, .addr = (__u64) "ringing", .len = 7) == 7);
	must(syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_FILES, &file, 1) == 0);
	must(RUN(ring, CLOSE, .fd = file) == 0);
	must(RUN(ring, FSYNC, .fd = 0, .flags = IOSQE_FIXED_FILE) == 0);
	must(syscall(SYS_io_uring_register, ring->fd, IORING_UNREGISTER_FILES, NULL, 0) == 0);
	must(RUN(ring, RENAMEAT, AT("made/data"), TO("made/moved")) == 0);
	must(RUN(ring, LINKAT, AT("made/moved"), TO("made/second")) == 0);
	must(RUN(ring, SYMLINKAT, .fd = AT_FDCWD, .addr = (__u64) "../nowhere",
		 .off = (__u64) "made/pointer") == 0);
	must(RUN(ring, UNLINKAT, AT("made/pointer")) == 0);
	must(RUN(ring, UNLINKAT, AT("made/second")) == 0);
	must(RUN(ring, UNLINKAT, AT("made/moved")) == 0);
	must(RUN(ring, UNLINKAT, AT("made"), .unlink_flags = AT_REMOVEDIR) == 0);
	must(RUN(ring, OPENAT, AT("/absent")) == -ENOENT);
}

static void talk(struct ring *ring)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(9)};
	int client;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must((client = RUN(ring, SOCKET, .fd = AF_INET, .off = SOCK_STREAM)) >= 0);
	must(RUN(ring, CONNECT, .fd = client, .addr = (__u64)&address, .off = sizeof(address)) ==
	     -ECONNREFUSED);
	must((client = RUN(ring, SOCKET, .fd = AF_INET, .off = SOCK_DGRAM)) >= 0);
	must(RUN(ring, SEND, .fd = client, .addr = (__u64) "hello", .len = 5,
		 .addr2 = (__u64)&address, .addr_len = sizeof(address)) == 5);
}

int main(int argc, char **argv)
{
	struct ring ring;
	int i;

	must(argc == 2 && chdir(argv[1]) == 0);
	ring = open_ring(0);
	change_files(&ring);
	talk(&ring);
	for (i = 0; i < 5; i++)
		must(RUN(&ring, NOP) == 0);
	/* A thread of the kernel's takes what is submitted: still the sample's doing. */
	ring = open_ring(IORING_SETUP_SQPOLL);
	must(RUN(&ring, OPENAT, AT("/etc/passwd")) >= 0);
	return 0;
}
