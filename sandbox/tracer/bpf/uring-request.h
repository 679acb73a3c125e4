/* SPDX-License-Identifier: GPL-2.0 */
/* What a request of io_uring's asks for: names, file, numbers and address. */
#ifndef AIRLOCK_URING_REQUEST_H
#define AIRLOCK_URING_REQUEST_H

/* What a request names. */
struct uring_names {
	u64 path, other; /* struct filename */
	int dir, other_dir;
};

static __always_inline void find_names(struct uring_names *names, u64 req, u32 opcode)
{
	names->path = names->other = 0;
	names->dir = names->other_dir = AT_FDCWD;
	switch (opcode) {
	case URING_OPENAT:
	case URING_OPENAT2:
		names->path = (u64)READ_IF_ANY(req, struct io_open, filename);
		names->dir = READ_IF_ANY(req, struct io_open, dfd);
		break;
	case URING_UNLINKAT:
		names->path = (u64)READ_IF_ANY(req, struct io_unlink, filename);
		names->dir = READ_IF_ANY(req, struct io_unlink, dfd);
		break;
	case URING_MKDIRAT:
		names->path = (u64)READ_IF_ANY(req, struct io_mkdir, filename);
		names->dir = READ_IF_ANY(req, struct io_mkdir, dfd);
		break;
	case URING_STATX:
		names->path = (u64)READ_IF_ANY(req, struct io_statx, filename);
		names->dir = READ_IF_ANY(req, struct io_statx, dfd);
		break;
	case URING_SETXATTR:
	case URING_GETXATTR:
		names->path = (u64)READ_IF_ANY(req, struct io_xattr, filename);
		break;
	case URING_RENAMEAT:
		names->path = (u64)READ_IF_ANY(req, struct io_rename, oldpath);
		names->dir = READ_IF_ANY(req, struct io_rename, old_dfd);
		names->other = (u64)READ_IF_ANY(req, struct io_rename, newpath);
		names->other_dir = READ_IF_ANY(req, struct io_rename, new_dfd);
		break;
	/* As of the calls: the new name is what is acted on. */
	case URING_SYMLINKAT:
	case URING_LINKAT:
		names->path = (u64)READ_IF_ANY(req, struct io_link, newpath);
		names->dir = READ_IF_ANY(req, struct io_link, new_dfd);
		names->other = (u64)READ_IF_ANY(req, struct io_link, oldpath);
		names->other_dir = READ_IF_ANY(req, struct io_link, old_dfd);
		break;
	}
}

/* A file that was registered with the ring has no descriptor but a place in the ring's table. */
static __always_inline u64 registered_file(u64 req, u32 place)
{
	u64 ctx = (u64)READ(req, struct io_kiocb, ctx), nodes, node = 0;

	if (!HAS(struct io_ring_ctx, file_table.data.nodes) || !HAS(struct io_rsrc_node, file_ptr))
		return 0;
	if (place >= READ(ctx, struct io_ring_ctx, file_table.data.nr))
		return 0;
	nodes = (u64)READ(ctx, struct io_ring_ctx, file_table.data.nodes);
	bpf_probe_read_kernel(&node, sizeof(node), (void *)(nodes + place * sizeof(node)));
	return node ? READ(node, struct io_rsrc_node, file_ptr) & FILE_PTR_MASK : 0;
}

static __always_inline u64 find_file(u64 req, struct uring_body *body)
{
	if (body->opcode < 64 && (URING_FILELESS & OP(body->opcode)))
		return 0;
	if (!HAS(struct io_cqe, fd))
		return (u64)READ(req, struct io_kiocb, file);
	body->fd = READ(req, struct io_kiocb, cqe.fd);
	if (!(READ(req, struct io_kiocb, flags) & REQ_F_FIXED_FILE))
		return file_of(body->fd);
	body->flags |= URING_REGISTERED;
	return registered_file(req, body->fd);
}

static __always_inline void fill_values(struct uring_body *body, u64 req)
{
	switch (body->opcode) {
	case URING_OPENAT:
	case URING_OPENAT2:
		body->values[0] = READ_IF_ANY(req, struct io_open, how.flags);
		body->values[1] = READ_IF_ANY(req, struct io_open, how.mode);
		break;
	case URING_MKDIRAT:
		body->values[1] = READ_IF_ANY(req, struct io_mkdir, mode);
		break;
	case URING_SOCKET:
		body->values[0] = READ_IF_ANY(req, struct io_socket, domain);
		body->values[1] = READ_IF_ANY(req, struct io_socket, type) & 0xf;
		body->values[2] = READ_IF_ANY(req, struct io_socket, protocol);
		break;
	case URING_SEND:
	case URING_SEND_ZC:
		body->values[3] = (u32)READ_IF_ANY(req, struct io_sr_msg, len);
		break;
	case URING_WRITE:
		body->values[3] = READ_IF_ANY(req, struct io_rw, len);
		break;
	}
}

/* Returns its length, or 0. */
static __always_inline u32 copy_address(struct scratch *s, u64 from, u32 bytes, bool user)
{
	if (!from || bytes < 2)
		return 0;
	if (bytes > sizeof(s->address) - 1)
		bytes = sizeof(s->address) - 1;
	__builtin_memset(s->address, 0, sizeof(s->address));
	if (user ? bpf_probe_read_user(s->address, bytes, (void *)from)
		 : bpf_probe_read_kernel(s->address, bytes, (void *)from))
		return 0;
	return bytes;
}

static __always_inline u64 sock_in(u64 file)
{
	u64 inode = (u64)READ(file, struct file, f_inode), socket;

	if ((READ(inode, struct inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	socket = (u64)READ(file, struct file, private_data);
	return socket ? (u64)READ(socket, struct socket, sk) : 0;
}

/*
 * What is to be sent has its address beside it in the kernel's copy, which older kernels don't make
 * before they have to.
 */
static __always_inline u32 find_message_address(struct scratch *s, u64 data)
{
	if (!data || bpf_core_type_exists(struct io_async_connect) ||
	    !HAS(struct io_async_msghdr, addr) ||
	    !READ_IF_ANY(data, struct io_async_msghdr, msg.msg_name))
		return 0;
	return copy_address(s, data + bpf_core_field_offset(struct io_async_msghdr, addr),
			    READ_IF_ANY(data, struct io_async_msghdr, msg.msg_namelen), false);
}

/*
 * connect and bind: the kernel's copy stands by itself, or in older kernels where that of a message
 * would; its family says which. Where the kernel copies it only later, it is the sample's own,
 * which it may change yet.
 */
static __always_inline u32 find_own_address(struct scratch *s, u64 req, u64 data, u64 sk,
					    u32 opcode)
{
	u16 family = READ(sk, struct sock, __sk_common.skc_family);
	u32 bytes = opcode == URING_BIND ? READ_IF_ANY(req, struct io_bind, addr_len)
					 : READ_IF_ANY(req, struct io_connect, addr_len);

	if (data && !bpf_core_type_exists(struct io_async_connect)) {
		if (copy_address(s, data, bytes, false) && *(u16 *)s->address == family)
			return bytes;
		if (HAS(struct io_async_msghdr, addr) &&
		    copy_address(s, data + bpf_core_field_offset(struct io_async_msghdr, addr),
				 bytes, false) &&
		    *(u16 *)s->address == family)
			return bytes;
	}
	if (opcode == URING_BIND)
		return 0;
	return copy_address(s, (u64)READ_IF_ANY(req, struct io_connect, addr), bytes, true);
}

/* The address that the request gives, into s->address. Returns its length. */
static __always_inline u32 find_address(struct scratch *s, u64 req, u64 file, u32 opcode)
{
	u64 data = (u64)READ_IF_ANY(req, struct io_kiocb, async_data);
	u64 sk = file ? sock_in(file) : 0;

	if (!sk)
		return 0;
	switch (opcode) {
	case URING_CONNECT:
	case URING_BIND:
		return find_own_address(s, req, data, sk, opcode);
	case URING_SEND:
	case URING_SEND_ZC:
	case URING_SENDMSG:
	case URING_SENDMSG_ZC:
		return find_message_address(s, data);
	default:
		return 0;
	}
}

#endif
