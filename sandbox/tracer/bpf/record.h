/* SPDX-License-Identifier: GPL-2.0 */
/* Building a record in this CPU's scratch space and handing it to a ring. */
#ifndef AIRLOCK_RECORD_H
#define AIRLOCK_RECORD_H

static __always_inline struct scratch *scratch(void)
{
	u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&scratches, &cpu);
}

static __always_inline void fill_task(struct record_task *out, struct task_struct *task,
				      struct thread *thread)
{
	u64 ids = bpf_get_current_pid_tgid();
	const struct cred *cred = task->cred;

	out->start = thread->start;
	out->pid = ids >> 32;
	out->tid = ids;
	out->ns_pid = thread->ns_pid;
	out->uid = cred->uid.val;
	out->gid = cred->gid.val;
	out->euid = cred->euid.val;
	bpf_get_current_comm(out->comm, sizeof(out->comm));
}

/*
 * From here to submit() the scratch space is ours. Today's kernels run these programs with
 * preemption off; should one ever let another task in between, both find that they are no longer
 * the owner and count themselves as lost.
 */
static __always_inline struct scratch *begin(u32 slot, u32 kind, u32 class)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread *thread = current_thread(task);
	struct scratch *s = scratch();
	struct record *record;

	if (!s || !thread) {
		count_lost(slot, class);
		return NULL;
	}
	s->owner = (u64)task;
	s->slot = slot;
	s->len = sizeof(*record);
	record = (struct record *)s->data;
	record->kind = kind;
	record->class = class;
	__builtin_memset(record->reserved, 0, sizeof(record->reserved));
	record->time = bpf_ktime_get_boot_ns();
	fill_task(&record->task, task, thread);
	return s;
}

/* Returns whether the record is in its ring. */
static __always_inline bool submit(struct scratch *s)
{
	struct record *record = (struct record *)s->data;
	u32 class = record->class;
	u32 slot = s->slot;
	u32 len = s->len;
	struct class_counts *counts = class_counts(slot, class);
	void *ring;

	if (!counts)
		return false;
	counts->counted++;
	if (s->owner != (u64)bpf_get_current_task_btf()) {
		s->owner = 0;
		goto lost;
	}
	if (class == CLASS_BULK)
		ring = bpf_map_lookup_elem(&bulk_rings, &slot);
	else
		ring = bpf_map_lookup_elem(&decisive_rings, &slot);
	if (!ring)
		goto lost;
	asm volatile("" : "+r"(len));
	if (len > RECORD_MAX - 1)
		goto lost;
	/*
	 * No wake-up: the reader drains on a timer. A wake-up each costs several times the record
	 * itself.
	 */
	if (bpf_ringbuf_output(ring, s->data, len, BPF_RB_NO_WAKEUP) == 0)
		return true;
lost:
	counts->dropped++;
	return false;
}

/* Space for a fixed number of bytes at the end; NULL when the record is full. */
static __always_inline void *append(struct scratch *s, u32 bytes)
{
	u32 at = s->len;

	asm volatile("" : "+r"(at));
	if (at > RECORD_FULL)
		return NULL;
	s->len = at + bytes;
	return &s->data[at];
}

static __always_inline struct record_field *append_field(struct scratch *s, u32 tag, u32 bytes)
{
	struct record_field *field = append(s, sizeof(*field) + bytes);

	if (field) {
		field->tag = tag;
		field->bytes = bytes;
	}
	return field;
}

/* Opens a field of unknown length: returns where its header is, to be given to close_field(). */
static __always_inline u32 open_field(struct scratch *s, u32 tag)
{
	u32 at = s->len;

	append_field(s, tag, 0);
	return at;
}

static __always_inline void close_field(struct scratch *s, u32 at)
{
	struct record_field *field;

	asm volatile("" : "+r"(at));
	if (at > RECORD_FULL)
		return;
	field = (struct record_field *)&s->data[at];
	field->bytes = s->len - at - sizeof(*field);
}

/* A NUL-terminated string of the kernel's, at most bytes (a power of two) long. */
static __always_inline void append_kernel_string(struct scratch *s, u32 tag, const void *from)
{
	struct record_field *field = append_field(s, tag, 0);
	u32 at = s->len;
	long n;

	asm volatile("" : "+r"(at));
	if (!field || at > RECORD_FULL)
		return;
	n = bpf_probe_read_kernel_str(&s->data[at], ARGUMENT_MAX, from);
	if (n > 1) {
		field->bytes = n - 1;
		s->len = at + n - 1;
	}
}

/*
 * A string of the sample's. At a call's exit its page is in memory, since the kernel has just read
 * it; when it isn't, the call failed on it or the sample took it away meanwhile, and that is
 * evidence too. Only of a call that seccomp refused nobody has read the string: its page may never
 * have been in memory.
 */
static __always_inline void append_user_string(struct scratch *s, u32 tag, u64 from)
{
	struct record_field *field = append_field(s, tag, 0);
	u32 at = s->len;
	long n;

	asm volatile("" : "+r"(at));
	if (!field || at > RECORD_FULL)
		return;
	/* None given, as many calls allow. */
	if (!from)
		return;
	n = bpf_probe_read_user_str(&s->data[at], ARGUMENT_MAX, (const void *)from);
	if (n <= 0) {
		field->tag = FIELD_UNREADABLE;
		return;
	}
	field->bytes = n - 1;
	s->len = at + n - 1;
}

#endif
