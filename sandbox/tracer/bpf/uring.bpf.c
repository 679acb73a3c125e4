// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring: operations that no system call is made for. Told when they are submitted, by the
 * kernel's own copies of names and addresses; how they end is not known.
 */

/* Exactly this again: the same operation on the same file, with the same name or address. */
static __always_inline bool is_requested(struct scratch *s, const struct uring_body *body,
					 const struct uring_names *names, u64 file, u32 address)
{
	u64 inode, sb;

	if (!begin_seen(s))
		return false;
	/* Beside all numbers of calls. */
	s->seen.nr = 1U << 30 | body->opcode;
	s->seen.flags = body->values[0];
	s->seen.mode = body->values[1];
	s->seen.reserved = body->values[2];
	if (file) {
		inode = (u64)READ(file, struct file, f_inode);
		sb = (u64)READ(inode, struct inode, i_sb);
		s->seen.inode = READ(inode, struct inode, i_ino);
		s->seen.device = READ(sb, struct super_block, s_dev);
	}
	if (address)
		__builtin_memcpy(s->seen.argument, s->address, sizeof(s->seen.argument));
	if (names->path) {
		if (bpf_probe_read_kernel_str(s->seen.argument, sizeof(s->seen.argument),
					      READ(names->path, struct filename, name)) ==
		    sizeof(s->seen.argument))
			return false;
		s->seen.dentry = base_of(names->dir, s->seen.argument[0] == '/');
	}
	return is_seen(s, 1);
}

__noinline int append_uring_name(u64 name, int dir)
{
	struct scratch *s = scratch();
	u32 at;

	if (!s)
		return 0;
	at = s->len + sizeof(struct record_field);
	append_kernel_string(s, FIELD_ARGUMENT, READ(name, struct filename, name));
	asm volatile("" : "+r"(at));
	if (at <= RECORD_FULL && dir != NO_BASE)
		append_base(at, dir);
	return 0;
}

/* The first bytes of what is going to be written or sent. */
static __always_inline void append_head(struct scratch *s, u64 from, u32 bytes)
{
	struct record_field *field = append_field(s, FIELD_HEAD, 0);
	u32 at = s->len;

	asm volatile("" : "+r"(at));
	if (!field || at > RECORD_FULL || !from)
		return;
	if (bytes > HEAD_MAX)
		bytes = HEAD_MAX;
	if (bpf_probe_read_user(&s->data[at], bytes, (void *)from))
		return;
	field->bytes = bytes;
	s->len = at + bytes;
}

static __always_inline void append_socket(struct scratch *s, struct uring_body *body, u64 sk,
					  u32 address)
{
	body->flags |= URING_OF_SOCKET;
	body->values[0] = READ(sk, struct sock, __sk_common.skc_family);
	body->values[1] = READ(sk, struct sock, sk_type);
	body->values[2] = READ(sk, struct sock, sk_protocol);
	if (body->opcode == URING_BIND) {
		if (address)
			append_address(s, FIELD_LOCAL, address);
		return;
	}
	append_end(sk, FIELD_LOCAL, 0);
	if (address)
		append_address(s, FIELD_REMOTE, address);
	else
		append_end(sk, FIELD_REMOTE, 1);
}

/* request: 0 on kernels that tell the opcode alone */
__noinline int on_request(u64 request, u32 opcode)
{
	struct analysis *analysis = current_analysis();
	struct uring_body filled = {.opcode = opcode, .fd = -1}, *body;
	struct uring_names names = {};
	u32 class = CLASS_DECISIVE, address = 0;
	struct scratch *s = scratch();
	u64 file = 0, sk;

	if (!analysis || !analysis->started || !s)
		return 0;
	s->slot = analysis->slot;
	if (opcode < 64 && (URING_BULK & OP(opcode)))
		class = CLASS_BULK;
	if (request) {
		find_names(&names, request, opcode);
		fill_values(&filled, request);
		file = find_file(request, &filled);
		address = find_address(s, request, file, opcode);
	}
	if (is_requested(s, &filled, &names, file, address) && !names.other) {
		count_suppressed(s->slot, class);
		return 0;
	}
	if (!begin(s->slot, RECORD_URING, class))
		return 0;
	body = append(s, sizeof(*body));
	if (!body)
		return 0;
	*body = filled;
	if (names.path)
		append_uring_name(names.path, names.dir);
	if (names.other)
		append_uring_name(names.other,
				  opcode == URING_SYMLINKAT ? NO_BASE : names.other_dir);
	sk = file ? sock_in(file) : 0;
	if (sk)
		append_socket(s, body, sk, address);
	else if (file)
		append_file(file);
	if (opcode == URING_WRITE)
		append_head(s, READ_IF_ANY(request, struct io_rw, addr), body->values[3]);
	if (opcode == URING_SEND || opcode == URING_SEND_ZC)
		append_head(s, (u64)READ_IF_ANY(request, struct io_sr_msg, buf), body->values[3]);
	if (submit(s) && !names.other)
		remember(s);
	return 0;
}

static __always_inline int on_request_at(unsigned long long *ctx, u32 place)
{
	u64 request = 0;

	/* Read as memory: an argument taken as such stays a pointer to the verifier. */
	bpf_probe_read_kernel(&request, sizeof(request), &ctx[place]);
	return on_request(request, READ(request, struct io_kiocb, opcode));
}

/*
 * One of these is loaded, whichever fits the running kernel (src/optional-programs.c): the
 * tracepoint had four forms, and a kernel may be without io_uring.
 */
SEC("?tp_btf/io_uring_submit_req")
int on_uring_req(unsigned long long *ctx)
{
	return on_request_at(ctx, 0);
}

SEC("?tp_btf/io_uring_submit_sqe")
int on_uring_sqe_2(unsigned long long *ctx)
{
	return on_request_at(ctx, 0);
}

SEC("?tp_btf/io_uring_submit_sqe")
int on_uring_sqe_7(unsigned long long *ctx)
{
	return on_request_at(ctx, 1);
}

SEC("?tp_btf/io_uring_submit_sqe")
int on_uring_sqe_5(unsigned long long *ctx)
{
	return on_request(0, (u8)ctx[1]);
}
