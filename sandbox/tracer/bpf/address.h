/* SPDX-License-Identifier: GPL-2.0 */
/* Addresses: those the sample passes, and those a socket of the kernel's has. */
#ifndef AIRLOCK_ADDRESS_H
#define AIRLOCK_ADDRESS_H

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

/* The address in s->address, which is so long. */
static __always_inline void append_address(struct scratch *s, u32 tag, u32 bytes)
{
	u16 family = *(u16 *)s->address;

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
}

/* An address the sample passed. Returns whether there was one. */
__noinline int append_sockaddr(u32 tag, u64 from, u32 bytes)
{
	struct scratch *s = scratch();

	if (!s || !from || bytes < 2)
		return 0;
	if (bytes > sizeof(s->address) - 1)
		bytes = sizeof(s->address) - 1;
	__builtin_memset(s->address, 0, sizeof(s->address));
	if (bpf_probe_read_user(s->address, bytes, (void *)from)) {
		append_field(s, FIELD_UNREADABLE, 0);
		return 1;
	}
	append_address(s, tag, bytes);
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

#endif
