// SPDX-License-Identifier: GPL-2.0
/* Calls that act on names: rename, unlink, chmod and the like. */

#define AT_REMOVEDIR  0x200
#define MODE_DECISIVE 06111 /* setuid, setgid, executable */
#define FALLOC_ERASES 0x1a  /* PUNCH_HOLE, COLLAPSE_RANGE, ZERO_RANGE */

/* The folder that a name is relative to, by the address of its dentry. */
static __always_inline u64 base_of(int fd, bool absolute)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct fs_struct *fs = task->fs;
	u64 file;

	if (!fs)
		return 0;
	if (absolute)
		return (u64)READ(fs, struct fs_struct, root.dentry);
	if (fd == AT_FDCWD)
		return (u64)READ(fs, struct fs_struct, pwd.dentry);
	file = file_of(fd);
	return file ? (u64)READ(file, struct file, f_path.dentry) : 0;
}

#define LONG_WORDS 64

/*
 * Of a name that is longer than its place in the key. Returns 0 when it is longer than what is
 * looked at.
 */
__noinline int hash_long_name(u64 from)
{
	struct scratch *s = scratch();
	u64 hash = 1;
	long bytes;
	u32 i;

	if (!s)
		return 0;
	__builtin_memset(s->data, 0, LONG_WORDS * 8);
	bytes = bpf_probe_read_user_str(s->data, LONG_WORDS * 8, (void *)from);
	if (bytes <= 0 || bytes == LONG_WORDS * 8)
		return 0;
	for (i = 0; i < LONG_WORDS; i++)
		hash = mix(hash, ((u64 *)s->data)[i]);
	return (u32)(hash >> 32) | 1;
}

/*
 * Programs look at the same names again and again. Says whether this look, with this end, has been
 * delivered before.
 */
static __always_inline bool is_looked_at(struct scratch *s, long *bytes)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct call *call = &s->call;
	u64 from = argument(call, call->spec.path1);

	if (!begin_seen(s))
		return false;
	*bytes = bpf_probe_read_user_str(s->seen.argument, sizeof(s->seen.argument), (void *)from);
	s->seen.inode = (u64)task->mm;
	s->seen.dentry = base_of(call->spec.dir1 ? (int)argument(call, call->spec.dir1) : AT_FDCWD,
				 s->seen.argument[0] == '/');
	s->seen.mode = call->result < 0 ? -call->result : 0;
	if (*bytes == sizeof(s->seen.argument)) {
		s->seen.flags = hash_long_name(from);
		if (!s->seen.flags)
			return false;
	}
	return is_seen(s, 1);
}

__noinline int on_look(void)
{
	struct scratch *s = scratch();
	struct call *call;
	long bytes = 0;

	if (!s)
		return 0;
	call = &s->call;
	/* Even refused by the file's own rights it is a look and no more; a storm must not be decisive. */
	if (!call->blocked)
		call->class = CLASS_BULK;
	if (is_looked_at(s, &bytes)) {
		count_suppressed(s->slot, call->class);
		return 0;
	}
	/* No name: the look is at a descriptor, as fstat is. */
	if (bytes == 1 && !call->blocked)
		return 0;
	if (!begin_call(s, RECORD_PATH))
		return 0;
	append_arguments(s);
	if (submit(s))
		remember(s);
	return 0;
}

__noinline int on_path(void)
{
	struct scratch *s = scratch();
	struct call_body *body;
	struct call *call;
	u64 file;
	u32 i;

	if (!s)
		return 0;
	call = &s->call;
	if (call->spec.operation == PATH_UNLINK && call->spec.dir1 &&
	    (call->args[2] & AT_REMOVEDIR))
		call->spec.operation = PATH_RMDIR;
	if (call->spec.operation == PATH_CHMOD &&
	    (argument(call, call->spec.values[0]) & MODE_DECISIVE) && call->result == 0)
		call->class = CLASS_DECISIVE;
	/* Reserving space is no change, unless there is none. */
	if (call->spec.operation == PATH_ERASE && !(call->args[1] & FALLOC_ERASES) &&
	    !is_full(call->result) && !call->denied)
		return 0;
	body = begin_call(s, RECORD_PATH);
	if (!body)
		return 0;
	if (call->spec.operation == PATH_TRUNCATE) {
		body->values[3] = argument(call, 2);
		/* 64 bits in two registers: truncate64 and ftruncate64. */
		if (call->compat && call->nr >= 193)
			body->values[3] |= argument(call, 3) << 32;
		body->present = 8;
	} else {
#pragma unroll
		for (i = 0; i < 3; i++) {
			if (!call->spec.values[i])
				continue;
			body->values[i] = (u32)argument(call, call->spec.values[i]);
			body->present |= 1 << i;
		}
	}
	append_arguments(s);
	if (call->spec.string)
		append_user_string(s, FIELD_NAME, argument(call, call->spec.string));
	if (call->spec.fd) {
		file = file_of(argument(call, call->spec.fd));
		if (file)
			append_file(file);
	}
	submit(s);
	return 0;
}
