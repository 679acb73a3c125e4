// SPDX-License-Identifier: GPL-2.0
/* Sockets: who talks to whom, by the socket's own addresses where it has them. */

#define SOCK_STREAM  1
#define SOCK_DGRAM   2
#define MESSAGES_MAX 8

/* Numbers of socketcall(2), the one call for all of them on 32 bits. */
enum {
	SYS_SOCKET = 1,
	SYS_BIND,
	SYS_CONNECT,
	SYS_LISTEN,
	SYS_ACCEPT,
	SYS_SENDTO = 11,
	SYS_SENDMSG = 16,
	SYS_ACCEPT4 = 18,
	SYS_SENDMMSG = 20
};

static __always_inline u16 swap16(u16 value)
{
	return __builtin_bswap16(value);
}

static __always_inline void append_inet(struct scratch *s, u32 tag, u16 family, u16 port,
					const void *data)
{
	u32 bytes = family == AF_INET ? 4 : 16;
	struct record_field *field = append_field(s, tag, sizeof(struct address_field) + 16);
	struct address_field *out;

	if (!field)
		return;
	field->bytes = sizeof(*out) + bytes;
	s->len -= 16 - bytes;
	out = (struct address_field *)(field + 1);
	out->family = family;
	out->port = port;
	__builtin_memcpy(out + 1, data, 16);
}

/* family and path as in a sockaddr_un, in s->address; bytes is its length */
static __always_inline void append_unix(struct scratch *s, u32 tag, u32 bytes)
{
	struct record_field *field = append_field(s, tag, sizeof(struct address_field));
	struct address_field *out;
	u32 at = s->len;

	asm volatile("" : "+r"(at));
	if (!field || at > RECORD_FULL)
		return;
	out = (struct address_field *)(field + 1);
	out->family = AF_UNIX;
	out->port = 0;
	if (bytes < 2)
		return;
	bytes -= 2;
	if (bytes > UNIX_PATH_MAX)
		bytes = UNIX_PATH_MAX;
	__builtin_memcpy(&s->data[at], s->address + 2, UNIX_PATH_MAX);
	field->bytes = sizeof(*out) + bytes;
	s->len = at + bytes;
}

/* An address the sample passed. Returns whether there was one. */
__noinline int append_sockaddr(u32 tag, u64 from, u32 bytes)
{
	struct scratch *s = scratch();
	u16 family;

	if (!s || !from || bytes < 2)
		return 0;
	if (bytes > sizeof(s->address) - 1)
		bytes = sizeof(s->address) - 1;
	__builtin_memset(s->address, 0, sizeof(s->address));
	if (bpf_probe_read_user(s->address, bytes, (void *)from)) {
		append_field(s, FIELD_UNREADABLE, 0);
		return 1;
	}
	family = *(u16 *)s->address;
	if (family == AF_INET)
		append_inet(s, tag, family, swap16(*(u16 *)(s->address + 2)), s->address + 4);
	else if (family == AF_INET6)
		append_inet(s, tag, family, swap16(*(u16 *)(s->address + 2)), s->address + 8);
	else if (family == AF_UNIX)
		append_unix(s, tag, bytes);
	else {
		struct record_field *field = append_field(s, tag, sizeof(struct address_field));

		if (field)
			((struct address_field *)(field + 1))->family = family;
	}
	return 1;
}

static __always_inline int append_unix_name(struct scratch *s, u32 tag, u64 sk)
{
	u64 address = sk ? (u64)READ(sk, struct unix_sock, addr) : 0;
	u32 bytes;

	if (!address)
		return 0;
	bytes = READ(address, struct unix_address, len);
	if (bytes > sizeof(s->address) - 1)
		bytes = sizeof(s->address) - 1;
	__builtin_memset(s->address, 0, sizeof(s->address));
	bpf_probe_read_kernel(s->address, bytes,
			      (void *)(address + bpf_core_field_offset(struct unix_address, name)));
	append_unix(s, tag, bytes);
	return 1;
}

/* Appends an end of a socket from the kernel's own state. Returns whether it has one. */
__noinline int append_end(u64 sk, u32 tag, u32 remote)
{
	struct scratch *s = scratch();
	u16 family, port;
	u8 data[16] = {};

	if (!s || !sk)
		return 0;
	family = READ(sk, struct sock, __sk_common.skc_family);
	if (family == AF_UNIX)
		return append_unix_name(s, tag,
					remote ? (u64)READ(sk, struct unix_sock, peer) : sk);
	if (family != AF_INET && family != AF_INET6)
		return 0;
	if (remote)
		port = swap16(READ(sk, struct sock, __sk_common.skc_dport));
	else
		port = READ(sk, struct sock, __sk_common.skc_num);
	if (!port)
		return 0;
	if (family == AF_INET)
		*(u32 *)data = remote ? READ(sk, struct sock, __sk_common.skc_daddr)
				      : READ(sk, struct inet_sock, inet_saddr);
	else if (remote)
		bpf_probe_read_kernel(
			data, sizeof(data),
			(void *)(sk +
				 bpf_core_field_offset(struct sock, __sk_common.skc_v6_daddr)));
	else
		bpf_probe_read_kernel(
			data, sizeof(data),
			(void *)(sk +
				 bpf_core_field_offset(struct sock, __sk_common.skc_v6_rcv_saddr)));
	append_inet(s, tag, family, port, data);
	return 1;
}

static __always_inline u64 sock_of(u64 fd)
{
	u64 file = file_of(fd), inode, socket;

	if (!file)
		return 0;
	inode = (u64)READ(file, struct file, f_inode);
	if ((READ(inode, struct inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	socket = (u64)READ(file, struct file, private_data);
	return socket ? (u64)READ(socket, struct socket, sk) : 0;
}

/* socketcall(2): arguments are an array of 32-bit words in the sample's memory. */
static __always_inline bool unpack_socketcall(struct call *call)
{
	u32 words[6] = {};
	u32 number = call->args[0], i;

	bpf_probe_read_user(words, sizeof(words), (void *)call->args[1]);
	for (i = 0; i < 6; i++)
		call->args[i] = words[i];
	call->spec.handler = HANDLE_SOCKET;
	call->spec.fd = 1;
	switch (number) {
	case SYS_SOCKET:
		call->spec.operation = SOCKET_SOCKET;
		call->spec.fd = 0;
		return true;
	case SYS_BIND:
		call->spec.operation = SOCKET_BIND;
		return true;
	case SYS_CONNECT:
		call->spec.operation = SOCKET_CONNECT;
		return true;
	case SYS_LISTEN:
		call->spec.operation = SOCKET_LISTEN;
		return true;
	case SYS_ACCEPT:
	case SYS_ACCEPT4:
		call->spec.operation = SOCKET_ACCEPT;
		return true;
	case SYS_SENDTO:
		call->spec.operation = SOCKET_SEND;
		return true;
	case SYS_SENDMSG:
		call->spec.operation = SOCKET_SEND;
		call->spec.handler = HANDLE_SEND_MESSAGE;
		return true;
	case SYS_SENDMMSG:
		call->spec.operation = SOCKET_SEND;
		call->spec.handler = HANDLE_SEND_MESSAGES;
		return true;
	default:
		return call->denied;
	}
}

struct message {
	u64 name;
	u32 name_bytes;
};

static __always_inline struct message read_message(struct call *call, u64 from)
{
	struct message message = {};
	u32 narrow[2] = {};

	if (call->compat) {
		bpf_probe_read_user(narrow, sizeof(narrow), (void *)from);
		message.name = narrow[0];
		message.name_bytes = narrow[1];
	} else {
		bpf_probe_read_user(&message.name, sizeof(message.name), (void *)from);
		bpf_probe_read_user(&message.name_bytes, sizeof(message.name_bytes),
				    (void *)(from + 8));
	}
	return message;
}

/* One record. name and bytes: the address given by the call, where it gives one, and the length. */
__noinline int record_socket(u64 name, u32 name_bytes, u64 bytes)
{
	struct scratch *s = scratch();
	struct call_body *body;
	struct call *call;
	u32 operation;
	u64 sk = 0;

	if (!s)
		return 0;
	call = &s->call;
	operation = call->spec.operation;
	body = begin_call(s, RECORD_SOCKET);
	if (!body)
		return 0;
	body->present = 7;
	if (operation == SOCKET_SOCKET) {
		body->values[0] = (u32)call->args[0];
		body->values[1] = call->args[1] & 0xf;
		body->values[2] = (u32)call->args[2];
		submit(s);
		return 0;
	}
	sk = sock_of(operation == SOCKET_ACCEPT && call->result >= 0 ? call->result
								     : call->args[0]);
	if (sk) {
		body->values[0] = READ(sk, struct sock, __sk_common.skc_family);
		body->values[1] = READ(sk, struct sock, sk_type);
		body->values[2] = READ(sk, struct sock, sk_protocol);
	}
	if (operation == SOCKET_SEND) {
		body->values[3] = bytes;
		body->present = 15;
	}
	if (operation == SOCKET_BIND && call->result < 0)
		append_sockaddr(FIELD_LOCAL, name, name_bytes);
	else
		append_end(sk, FIELD_LOCAL, 0);
	if (operation == SOCKET_SEND)
		append_sockaddr(FIELD_REMOTE, name, name_bytes);
	else if (operation == SOCKET_ACCEPT && call->result >= 0)
		append_end(sk, FIELD_REMOTE, 1);
	else if (operation == SOCKET_CONNECT && !append_end(sk, FIELD_REMOTE, 1))
		append_sockaddr(FIELD_REMOTE, name, name_bytes);
	submit(s);
	return 0;
}

static __always_inline bool is_usual_socket(struct call *call)
{
	u32 family = call->args[0], type = call->args[1] & 0xf;

	return call->result >= 0 &&
	       (family == AF_UNIX || family == AF_INET || family == AF_INET6) &&
	       (type == SOCK_STREAM || type == SOCK_DGRAM || family == AF_UNIX);
}

static __always_inline int record_messages(struct call *call)
{
	/* struct mmsghdr: a struct msghdr, then the length sent. */
	u32 stride = call->compat ? 32 : 64, length = call->compat ? 28 : 56, i;

	for (i = 0; i < MESSAGES_MAX; i++) {
		struct message message;
		u64 from = call->args[1] + i * stride;
		u32 bytes = 0;

		if (i > 0 && (s64)i >= call->result)
			return 0;
		message = read_message(call, from);
		if ((s64)i < call->result)
			bpf_probe_read_user(&bytes, sizeof(bytes), (void *)(from + length));
		if (message.name || call->denied)
			record_socket(message.name, message.name_bytes, bytes);
	}
	if (call->result > MESSAGES_MAX) {
		struct scratch *s = scratch();

		if (s)
			count_lost(s->slot, CLASS_BULK);
	}
	return 0;
}

__noinline int on_socket(void)
{
	struct scratch *s = scratch();
	struct message message;
	struct call *call;
	u64 bytes;

	if (!s)
		return 0;
	call = &s->call;
	if (call->spec.handler == HANDLE_SOCKETCALL && !unpack_socketcall(call))
		return 0;
	bytes = call->result > 0 ? call->result : 0;
	switch (call->spec.operation) {
	case SOCKET_SOCKET:
		return is_usual_socket(call) ? 0 : record_socket(0, 0, 0);
	case SOCKET_CONNECT:
	case SOCKET_BIND:
		return record_socket(call->args[1], call->args[2], 0);
	case SOCKET_SEND:
		break;
	default:
		return record_socket(0, 0, 0);
	}
	if (call->spec.handler == HANDLE_SEND_MESSAGES)
		return record_messages(call);
	if (call->spec.handler == HANDLE_SEND_MESSAGE) {
		message = read_message(call, call->args[1]);
	} else {
		message.name = call->args[4];
		message.name_bytes = call->args[5];
		bytes = call->args[2];
	}
	/* On a connected socket the connection is recorded already. */
	if (!message.name && !call->denied)
		return 0;
	return record_socket(message.name, message.name_bytes, bytes);
}
