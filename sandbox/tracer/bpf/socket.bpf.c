// SPDX-License-Identifier: GPL-2.0
/* Sockets: who talks to whom, by the socket's own addresses where it has them. */

#define SOCK_STREAM  1
#define SOCK_DGRAM   2
#define MESSAGES_MAX 1024 /* UIO_MAXIOV: the kernel sends no more at once */

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

/* One of sendmmsg(2)'s messages. Returns whether there is another one. */
__noinline int record_one_of(u32 place)
{
	struct scratch *s = scratch();
	struct message message;
	struct call *call;
	u32 stride, bytes = 0;
	u64 from;

	if (!s)
		return 0;
	call = &s->call;
	/* struct mmsghdr: a struct msghdr, then the length sent. */
	stride = call->compat ? 32 : 64;
	from = call->args[1] + place * stride;
	message = read_message(call, from);
	if ((s64)place < call->result)
		bpf_probe_read_user(&bytes, sizeof(bytes),
				    (void *)(from + (call->compat ? 28 : 56)));
	if (message.name || call->denied)
		record_socket(message.name, message.name_bytes, bytes);
	return (s64)place + 1 < call->result;
}

static __always_inline int record_messages(void)
{
	u32 i;

	for (i = 0; i < MESSAGES_MAX; i++)
		if (!record_one_of(i))
			break;
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
		return record_messages();
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
