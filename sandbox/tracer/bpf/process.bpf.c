// SPDX-License-Identifier: GPL-2.0
/* A process's life: fork, exec, exit. */

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	struct analysis *analysis = current_analysis();
	struct record_task *out;
	struct record_field *field;
	const struct cred *cred;
	struct scratch *s;

	/* Threads are no processes. */
	if (!analysis || !analysis->started || child->pid != child->tgid)
		return 0;
	s = begin(analysis->slot, RECORD_FORK, CLASS_DECISIVE);
	if (!s)
		return 0;
	field = append_field(s, FIELD_TASK, sizeof(*out));
	if (!field)
		return 0;
	out = (struct record_task *)(field + 1);
	cred = child->cred;
	out->start = child->start_boottime;
	out->pid = child->tgid;
	out->tid = child->pid;
	out->ns_pid = sample_pid(child);
	out->uid = cred->uid.val;
	out->gid = cred->gid.val;
	out->euid = cred->euid.val;
	bpf_probe_read_kernel_str(out->comm, sizeof(out->comm), child->comm);
	submit(s);
	return 0;
}

static __always_inline u8 device_kind(u32 device)
{
	u32 major = device >> 20, minor = device & 0xfffff;

	if (major == 1 && minor == 3)
		return STREAM_NULL;
	if (major == 4 || major == 5 || (major >= 136 && major <= 143))
		return STREAM_TTY;
	return STREAM_OTHER;
}

/*
 * What standard input, output or error is: a shell whose streams are one socket is a reverse shell.
 */
__noinline int append_stream(u32 fd)
{
	struct scratch *s = scratch();
	struct record_field *field;
	struct stream_field *out;
	u64 file, inode;
	u32 at;

	if (!s)
		return 0;
	field = append_field(s, FIELD_STREAM, sizeof(*out));
	if (!field)
		return 0;
	out = (struct stream_field *)(field + 1);
	__builtin_memset(out, 0, sizeof(*out));
	out->index = fd;
	file = file_of(fd);
	if (!file)
		return 0;
	inode = (u64)READ(file, struct file, f_inode);
	out->inode = READ(inode, struct inode, i_ino);
	switch (READ(inode, struct inode, i_mode) & S_IFMT) {
	case S_IFCHR:
		out->kind = device_kind(READ(inode, struct inode, i_rdev));
		break;
	case S_IFIFO:
		out->kind = STREAM_PIPE;
		break;
	case S_IFREG:
		out->kind = STREAM_FILE;
		break;
	case S_IFSOCK: {
		u64 sk = sock_of(fd);

		out->kind = STREAM_SOCKET;
		if (sk && READ(sk, struct sock, __sk_common.skc_family) == AF_UNIX)
			out->kind = STREAM_UNIX;
		at = s->len;
		append_end(sk, FIELD_REMOTE, 1);
		/* The address's field stands inside of the stream's. */
		field->bytes += s->len - at;
		break;
	}
	default:
		out->kind = STREAM_OTHER;
	}
	return 0;
}

#define MEMORY_CUT 1

/*
 * Arguments and environment from the new image's own memory: already copied there, so no race
 * changes them.
 */
__noinline int append_memory(u32 tag, u64 start, u64 bytes)
{
	struct scratch *s = scratch();
	struct record_field *field;
	u32 at;

	if (!s)
		return MEMORY_CUT;
	field = append_field(s, tag, 0);
	at = s->len;
	asm volatile("" : "+r"(at));
	if (!field || at > RECORD_FULL)
		return MEMORY_CUT;
	bytes &= MEMORY_MAX;
	if (bpf_probe_read_user(&s->data[at], bytes, (void *)start)) {
		field->tag = FIELD_UNREADABLE;
		return MEMORY_CUT;
	}
	field->bytes = bytes;
	s->len = at + bytes;
	return 0;
}

/*
 * What doesn't fit is told by its beginning and its end: a command hides behind padding as well as
 * in front of it.
 */
static __always_inline bool append_strings(u32 tag, u32 tail_tag, u64 start, u64 end)
{
	u64 bytes = end - start, tail;

	if (end < start)
		return true;
	if (bytes <= MEMORY_MAX)
		return append_memory(tag, start, bytes);
	append_memory(tag, start, MEMORY_MAX);
	tail = bytes - MEMORY_MAX;
	if (tail > MEMORY_TAIL_MAX)
		tail = MEMORY_TAIL_MAX;
	append_memory(tail_tag, end - tail, tail);
	return true;
}

__noinline int append_program(u64 file, u64 filename, u64 interp)
{
	struct scratch *s = scratch();

	if (!s)
		return 0;
	append_kernel_string(s, FIELD_FILENAME, (void *)filename);
	/* Another pointer: a script's first line or a registered format led to another program. */
	if (interp != filename)
		append_kernel_string(s, FIELD_INTERPRETER, (void *)interp);
	if (file)
		append_file(file);
	return 0;
}

static __always_inline bool begins_here(struct analysis *analysis, struct task_struct *task)
{
	u64 nsproxy, mnt_ns;

	if (!analysis->begin_outside)
		return true;
	nsproxy = (u64)READ(task, struct task_struct, nsproxy);
	mnt_ns = nsproxy ? (u64)READ(nsproxy, struct nsproxy, mnt_ns) : 0;
	return mnt_ns && READ(mnt_ns, struct mnt_namespace, ns.inum) != analysis->begin_outside;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct analysis *analysis = current_analysis();
	struct mm_struct *mm = task->mm;
	struct fs_struct *fs = task->fs;
	struct task_struct *parent;
	struct exec_body *body;
	struct scratch *s;
	u32 reasons = 0;
	u64 file;

	if (!analysis || !mm || !fs)
		return 0;
	/* What the container runtime does in our folder before is not the sample's. */
	if (!analysis->started) {
		if (!begins_here(analysis, task))
			return 0;
		analysis->started_at = bpf_ktime_get_boot_ns();
		analysis->started = 1;
		/* In mounts of its own: these can be watched from now on. */
		if (analysis->begin_outside)
			reasons = HOLD_BEGIN;
	}
	s = begin(analysis->slot, RECORD_EXEC, CLASS_DECISIVE);
	if (!s)
		return 0;
	body = append(s, sizeof(*body));
	if (!body)
		return 0;
	parent = task->real_parent;
	body->parent_start = parent->group_leader->start_boottime;
	body->parent_pid = parent->tgid;
	body->truncated = 0;
	file = (u64)READ(bprm, struct linux_binprm, file);
	append_program(file, (u64)READ(bprm, struct linux_binprm, filename),
		       (u64)READ(bprm, struct linux_binprm, interp));
	append_path(s, FIELD_CWD, (u64)READ(fs, struct fs_struct, pwd.dentry),
		    (u64)READ(fs, struct fs_struct, pwd.mnt));
	append_stream(0);
	append_stream(1);
	append_stream(2);
	if (append_strings(FIELD_ARGV, FIELD_ARGV_TAIL, mm->arg_start, mm->arg_end))
		body->truncated |= EXEC_ARGV_TRUNCATED;
	if (append_strings(FIELD_ENV, FIELD_ENV_TAIL, mm->env_start, mm->env_end))
		body->truncated |= EXEC_ENV_TRUNCATED;
	body->truncated |= look_at_program(file, reasons);
	submit(s);
	return 0;
}

/*
 * Sums of writes that the dying process has not closed: the kernel is going to close them without a
 * call.
 */
static __always_inline void close_all_written(u32 slot, struct files_struct *files)
{
	struct fdtable *table = files->fdt;
	u64 words = (u64)table->open_fds, word;
	u32 most = table->max_fds, i, bit;

	for (i = 0; i < 4; i++) {
		if (i * 64 >= most)
			return;
		word = 0;
		bpf_probe_read_kernel(&word, sizeof(word), (void *)(words + i * 8));
		if (!word)
			continue;
		for (bit = 0; bit < 64; bit++)
			if (word & (1ULL << bit))
				close_written(slot, i * 64 + bit);
	}
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	struct analysis *analysis = current_analysis();
	struct signal_struct *signal = task->signal;
	struct files_struct *files = task->files;
	struct exit_body *body;
	struct scratch *s;

	/* The process ends with its last thread. */
	if (!analysis || !analysis->started || signal->live.counter != 0)
		return 0;
	if (files)
		close_all_written(analysis->slot, files);
	forget_script(analysis->slot);
	s = begin(analysis->slot, RECORD_EXIT, CLASS_DECISIVE);
	if (!s)
		return 0;
	body = append(s, sizeof(*body));
	if (!body)
		return 0;
	body->status =
		signal->flags & SIGNAL_GROUP_EXIT ? signal->group_exit_code : task->exit_code;
	body->reserved = 0;
	submit(s);
	return 0;
}
