/* SPDX-License-Identifier: GPL-2.0 */
/*
 * io_uring's requests, as the kernel has them once it has taken them in. Its structures for single
 * operations come and go with versions: each is looked for when we are loaded, and what isn't there
 * is left out of the record.
 */
#ifndef AIRLOCK_URING_H
#define AIRLOCK_URING_H

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct io_cqe {
	int fd;
};

struct io_rsrc_node {
	unsigned long file_ptr;
};

struct io_rsrc_data {
	unsigned int nr;
	struct io_rsrc_node **nodes;
};

struct io_file_table {
	struct io_rsrc_data data;
};

struct io_ring_ctx {
	struct io_file_table file_table;
};

struct io_kiocb {
	struct file *file;
	u8 opcode;
	u64 flags;
	struct io_cqe cqe;
	struct io_ring_ctx *ctx;
	void *async_data;
};

struct filename {
	const char *name;
};

struct open_how {
	u64 flags, mode;
};

struct io_open {
	int dfd;
	struct filename *filename;
	struct open_how how;
};

struct io_unlink {
	int dfd;
	struct filename *filename;
};

struct io_mkdir {
	int dfd;
	u16 mode;
	struct filename *filename;
};

struct io_statx {
	int dfd;
	struct filename *filename;
};

struct io_xattr {
	struct filename *filename;
};

struct io_rename {
	int old_dfd, new_dfd;
	struct filename *oldpath, *newpath;
};

struct io_link {
	int old_dfd, new_dfd;
	struct filename *oldpath, *newpath;
};

struct io_socket {
	int domain, type, protocol;
};

struct io_connect {
	void *addr;
	int addr_len;
};

struct io_bind {
	int addr_len;
};

struct io_sr_msg {
	void *buf;
	int len;
};

struct io_rw {
	u64 addr;
	u32 len;
};

struct msghdr {
	void *msg_name;
	int msg_namelen;
};

struct __kernel_sockaddr_storage {
	u16 ss_family;
};

struct io_async_msghdr {
	struct msghdr msg;
	struct __kernel_sockaddr_storage addr;
};

/* As long as there was this, a request's address was copied only when it was carried out. */
struct io_async_connect {
	struct __kernel_sockaddr_storage address;
};

#pragma clang attribute pop

enum uring_opcode {
	URING_WRITEV = 2,
	URING_WRITE_FIXED = 5,
	URING_SENDMSG = 9,
	URING_TIMEOUT = 11,
	URING_TIMEOUT_REMOVE = 12,
	URING_ACCEPT = 13,
	URING_CONNECT = 16,
	URING_OPENAT = 18,
	URING_STATX = 21,
	URING_WRITE = 23,
	URING_SEND = 26,
	URING_OPENAT2 = 28,
	URING_RENAMEAT = 35,
	URING_UNLINKAT = 36,
	URING_MKDIRAT = 37,
	URING_SYMLINKAT = 38,
	URING_LINKAT = 39,
	URING_SETXATTR = 42,
	URING_GETXATTR = 44,
	URING_SOCKET = 45,
	URING_SEND_ZC = 47,
	URING_SENDMSG_ZC = 48,
	URING_BIND = 56,
	URING_LISTEN = 57,
};

#define OP(opcode) (1ULL << (opcode))

/* Those on no descriptor: their requests have a left-over in its place. */
#define URING_FILELESS                                                                            \
	(OP(0) | OP(7) | OP(11) | OP(12) | OP(14) | OP(15) | OP(18) | OP(19) | OP(20) | OP(21) |  \
	 OP(25) | OP(28) | OP(29) | OP(31) | OP(32) | OP(35) | OP(36) | OP(37) | OP(38) | OP(39) | \
	 OP(42) | OP(44) | OP(45) | OP(50) | OP(51) | OP(52) | OP(53) | OP(62))

/* As the calls they stand for are: a flood of them must not push out what is decisive. */
#define URING_BULK                                                                             \
	(OP(URING_OPENAT) | OP(URING_OPENAT2) | OP(URING_STATX) | OP(URING_RENAMEAT) |         \
	 OP(URING_UNLINKAT) | OP(URING_MKDIRAT) | OP(URING_GETXATTR) | OP(URING_SENDMSG) |     \
	 OP(URING_SEND) | OP(URING_SEND_ZC) | OP(URING_SENDMSG_ZC))

/* Two names don't fit into the key of what has been delivered; each is told. */
#define URING_TWO_NAMES (OP(URING_RENAMEAT) | OP(URING_SYMLINKAT) | OP(URING_LINKAT))

#define REQ_F_FIXED_FILE 1
#define FILE_PTR_MASK	 (~7UL)

#define HAS(type, member) bpf_core_field_exists(type, member)
/* 0 where the running kernel has no such member. */
#define READ_IF_ANY(from, type, member) (HAS(type, member) ? READ(from, type, member) : 0)

#endif
