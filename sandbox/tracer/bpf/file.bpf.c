// SPDX-License-Identifier: GPL-2.0
/* Opens, and sums of what is written. */

#define O_WRONLY 01
#define O_CREAT	 0100
#define O_TRUNC	 01000

struct open_request {
	u32 flags, mode;
};

static __always_inline struct open_request requested(struct call *call)
{
	struct open_request request = {.flags = O_CREAT | O_WRONLY | O_TRUNC};
	u64 how[2] = {};

	if (call->spec.handler == HANDLE_OPENAT2) {
		bpf_probe_read_user(how, sizeof(how), (void *)call->args[2]);
		request.flags = how[0];
		request.mode = how[1];
		return request;
	}
	if (call->spec.values[0])
		request.flags = argument(call, call->spec.values[0]);
	request.mode = argument(call, call->spec.values[1]);
	return request;
}

/*
 * Programs open the same files over and over: a shell its script, a loader its cache. Says whether
 * exactly this open has been delivered before. Names count too: another link to the same file is
 * news, and so is another spelling.
 */
static __always_inline bool is_repeated(struct scratch *s, u64 file, struct open_request request)
{
	u64 inode = (u64)READ(file, struct file, f_inode);
	u64 sb = (u64)READ(inode, struct inode, i_sb);

	if (!begin_seen(s))
		return false;
	s->seen.inode = READ(inode, struct inode, i_ino);
	s->seen.dentry = (u64)READ(file, struct file, f_path.dentry);
	s->seen.device = READ(sb, struct super_block, s_dev);
	s->seen.flags = request.flags;
	s->seen.mode = request.mode;
	bpf_probe_read_user_str(s->seen.argument, sizeof(s->seen.argument),
				(void *)argument(&s->call, s->call.spec.path1));
	return is_seen(s, 1);
}

__noinline int on_open(void)
{
	struct scratch *s = scratch();
	struct open_request request;
	struct call_body *body;
	bool created = false;
	u64 file = 0;

	if (!s)
		return 0;
	request = requested(&s->call);
	if (s->call.result >= 0)
		file = file_of(s->call.result);
	if (file) {
		created = READ(file, struct file, f_mode) & FMODE_CREATED;
		if (!created && is_repeated(s, file, request)) {
			count_suppressed(s->slot, s->call.class);
			return 0;
		}
	}
	body = begin_call(s, RECORD_OPEN);
	if (!body)
		return 0;
	body->present = 7;
	body->values[0] = request.flags;
	body->values[1] = request.mode;
	body->values[2] = created;
	append_argument(s->call.spec.dir1, s->call.spec.path1, 0);
	if (file)
		append_file(file);
	if (submit(s) && file && !created)
		remember(s);
	return 0;
}

/* Hands a sum of writes over as a record. */
static __always_inline void submit_total(struct scratch *s, struct write_total *total)
{
	struct record_field *field;
	struct write_body *body;
	u32 names = total->names_bytes, head = total->head_bytes;
	u32 at;

	s->owner = (u64)bpf_get_current_task_btf();
	s->len = 0;
	if (names > WRITE_NAMES_MAX || head > HEAD_MAX)
		return;
	__builtin_memcpy(s->data, &total->record, sizeof(total->record));
	/* Records stand in the order of their times: this one's is now. */
	((struct record *)s->data)->time = bpf_ktime_get_boot_ns();
	s->len = sizeof(total->record);
	body = append(s, sizeof(*body));
	if (!body)
		return;
	*body = total->body;
	field = append_field(s, FIELD_FILE, sizeof(total->file));
	if (!field)
		return;
	*(struct file_field *)(field + 1) = total->file;
	field->bytes = sizeof(total->file) + names;
	at = s->len;
	asm volatile("" : "+r"(at));
	if (at > RECORD_FULL)
		return;
	__builtin_memcpy(&s->data[at], total->names, WRITE_NAMES_MAX);
	s->len = at + names;
	field = append_field(s, FIELD_HEAD, 0);
	at = s->len;
	asm volatile("" : "+r"(at));
	if (!field || at > RECORD_FULL)
		return;
	__builtin_memcpy(&s->data[at], total->head, HEAD_MAX);
	field->bytes = head;
	s->len = at + head;
	submit(s);
}

static __always_inline bool is_worth_summing(u16 mode)
{
	u32 type = mode & S_IFMT;

	return type == S_IFREG || type == S_IFBLK;
}

static __always_inline bool fill_write_key(struct write_key *key, u64 inode)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread *thread = current_thread(task);
	u64 sb = (u64)READ(inode, struct inode, i_sb);

	if (!thread)
		return false;
	key->start = thread->start;
	key->inode = READ(inode, struct inode, i_ino);
	key->pid = task->tgid;
	key->device = READ(sb, struct super_block, s_dev);
	return true;
}

/*
 * Hands over and forgets the sum of the current process for the file behind a descriptor, if there
 * is one.
 */
__noinline int close_written(u32 slot, u32 fd)
{
	struct scratch *s = scratch();
	struct write_total *total;
	u64 file, inode;
	void *totals;

	if (!s)
		return 0;
	file = file_of(fd);
	if (!file || !(READ(file, struct file, f_mode) & FMODE_WRITE))
		return 0;
	inode = (u64)READ(file, struct file, f_inode);
	if (!is_worth_summing(READ(inode, struct inode, i_mode)))
		return 0;
	totals = bpf_map_lookup_elem(&write_totals, &slot);
	if (!totals || !fill_write_key(&s->key, inode))
		return 0;
	total = bpf_map_lookup_elem(totals, &s->key);
	if (!total)
		return 0;
	s->slot = slot;
	submit_total(s, total);
	bpf_map_delete_elem(totals, &s->key);
	return 0;
}

/* The first write of a process to a file: its identity and first bytes are kept with the sum. */
static __always_inline void start_total(struct scratch *s, u64 file, u64 inode, u64 bytes)
{
	struct write_total *total = &s->total;
	u32 names;

	total->body.bytes = bytes;
	total->body.calls = 1;
	fill_file(&total->file, (u64)READ(file, struct file, f_path.dentry), inode);
	s->len = 0;
	total->file.flags |= append_names((u64)READ(file, struct file, f_path.dentry),
					  (u64)READ(file, struct file, f_path.mnt));
	names = s->len;
	if (names > WRITE_NAMES_MAX) {
		/* The innermost names are kept. */
		names = WRITE_NAMES_MAX;
		total->file.flags |= FILE_TRUNCATED;
	}
	total->names_bytes = names;
	__builtin_memcpy(total->names, s->data, WRITE_NAMES_MAX);
	/* The header is that of a record as any other. */
	if (begin(s->slot, RECORD_WRITE, CLASS_BULK))
		__builtin_memcpy(&total->record, s->data, sizeof(total->record));
}

__noinline int add_written(u64 file, u64 bytes, u64 head, u32 head_bytes)
{
	struct scratch *s = scratch();
	struct write_total *total;
	void *totals;
	u64 inode;
	u32 slot;

	if (!s)
		return 0;
	slot = s->slot;
	inode = (u64)READ(file, struct file, f_inode);
	if (!is_worth_summing(READ(inode, struct inode, i_mode)))
		return 0;
	totals = bpf_map_lookup_elem(&write_totals, &slot);
	if (!totals || !fill_write_key(&s->key, inode)) {
		count_lost(slot, CLASS_BULK);
		return 0;
	}
	total = bpf_map_lookup_elem(totals, &s->key);
	if (!total) {
		start_total(s, file, inode, bytes);
		if (head_bytes > HEAD_MAX)
			head_bytes = HEAD_MAX;
		if (!head || bpf_probe_read_user(s->total.head, head_bytes, (void *)head))
			head_bytes = 0;
		s->total.head_bytes = head_bytes;
		if (bpf_map_update_elem(totals, &s->key, &s->total, BPF_NOEXIST) == 0)
			return 0;
		total = bpf_map_lookup_elem(totals, &s->key);
		if (!total) {
			/* No room for one more sum: this write is told by itself. */
			submit_total(s, &s->total);
			return 0;
		}
	}
	__sync_fetch_and_add(&total->body.bytes, bytes);
	__sync_fetch_and_add(&total->body.calls, 1);
	return 0;
}

static __always_inline bool is_full(s64 result)
{
	return result == -ENOSPC || result == -EDQUOT;
}

/* A bound of ours has changed the sample: told once for each program and file system. */
static __always_inline int record_full(struct scratch *s, u64 file)
{
	u64 inode = (u64)READ(file, struct file, f_inode);
	u64 sb = (u64)READ(inode, struct inode, i_sb);

	if (!is_worth_summing(READ(inode, struct inode, i_mode)))
		return 0;
	s->call.class = CLASS_BULK;
	s->call.few = 1;
	s->call.few_of = READ(sb, struct super_block, s_dev);
	return on_syscall();
}

__noinline int on_write(void)
{
	struct scratch *s = scratch();
	u64 vector[2] = {}, head = 0, size = 0, file;
	struct call *call;

	if (!s)
		return 0;
	call = &s->call;
	if (call->denied)
		return on_syscall();
	if (call->result <= 0 && !is_full(call->result))
		return 0;
	file = file_of(argument(call, call->spec.fd));
	if (!file)
		return 0;
	if (call->result <= 0)
		return record_full(s, file);
	if (call->spec.handler == HANDLE_WRITE) {
		head = call->args[1];
		size = call->result;
	} else if (call->spec.handler == HANDLE_WRITE_VECTOR) {
		if (call->compat) {
			u32 narrow[2] = {};

			bpf_probe_read_user(narrow, sizeof(narrow), (void *)call->args[1]);
			vector[0] = narrow[0];
			vector[1] = narrow[1];
		} else {
			bpf_probe_read_user(vector, sizeof(vector), (void *)call->args[1]);
		}
		head = vector[0];
		size = vector[1] < (u64)call->result ? vector[1] : call->result;
	}
	add_written(file, call->result, head, size > HEAD_MAX ? HEAD_MAX : size);
	return 0;
}
