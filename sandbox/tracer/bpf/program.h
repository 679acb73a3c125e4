/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Programs that did not come with the image: known by what the user side has read of them when they
 * were opened to be run, else held before their first instruction until it has read them.
 */
#ifndef AIRLOCK_PROGRAM_H
#define AIRLOCK_PROGRAM_H

/* Set on kernels from 6.13 on once somebody has asked for the time. */
#define CTIME_QUERIED (1U << 31)

/* Of an overlay's changed file the one in the upper layer: only its times tell of writes by memory. */
static __always_inline u64 real_inode(u64 inode)
{
	u64 sb = (u64)READ(inode, struct inode, i_sb), upper = 0;

	if (READ(sb, struct super_block, s_magic) != OVERLAYFS_MAGIC)
		return inode;
	bpf_probe_read_kernel(&upper, sizeof(upper),
			      (void *)(inode + bpf_core_type_size(struct inode)));
	return upper ? (u64)READ(upper, struct dentry, d_inode) : inode;
}

static __always_inline void fill_changed(struct program_key *key, u64 inode)
{
	struct timespec64 time;

	if (bpf_core_field_exists(((struct inode___split *)0)->i_ctime_sec)) {
		key->changed = READ(inode, struct inode___split, i_ctime_sec);
		key->changed_ns =
			READ(inode, struct inode___split, i_ctime_nsec) & ~CTIME_QUERIED;
		return;
	}
	if (bpf_core_field_exists(((struct inode___private *)0)->__i_ctime))
		time = READ(inode, struct inode___private, __i_ctime);
	else
		time = READ(inode, struct inode___open, i_ctime);
	key->changed = time.tv_sec;
	key->changed_ns = (u32)time.tv_nsec & ~CTIME_QUERIED;
}

static __always_inline void fill_key(struct program_key *key, u64 inode)
{
	u64 real = real_inode(inode), sb = (u64)READ(real, struct inode, i_sb);

	key->inode = READ(real, struct inode, i_ino);
	key->size = READ(real, struct inode, i_size);
	key->device = READ(sb, struct super_block, s_dev);
	fill_changed(key, real);
}

/* The user side asks what the kernel thinks of a descriptor of its own. */
SEC("raw_tp")
int on_ask(struct bpf_raw_tracepoint_args *asked)
{
	u32 slot = asked->args[1];
	struct program_answer *answer = bpf_map_lookup_elem(&program_answers, &slot);
	u64 file = file_of(asked->args[0]), inode, sb;

	if (!answer || !file)
		return 1;
	inode = (u64)READ(file, struct file, f_inode);
	sb = (u64)READ(inode, struct inode, i_sb);
	answer->layer = layer_of(inode, READ(sb, struct super_block, s_magic));
	fill_key(&answer->key, inode);
	return 0;
}

/* Returns false when nobody would come to let it go on, or it can't be stopped. */
static __always_inline bool hold(void *ring, const struct record *record,
				 const struct program_key *key, u32 reasons)
{
	struct hold *hold = bpf_ringbuf_reserve(ring, sizeof(*hold), 0);
	bool stopped;

	if (!hold)
		return false;
	hold->task = record->task;
	hold->key = *key;
	hold->exec_time = record->time;
	hold->reasons = reasons;
	/* Before the request is out: else it could be answered before the process is to stop. */
	stopped = bpf_send_signal(SIGSTOP) == 0;
	hold->stopped = stopped;
	bpf_ringbuf_submit(hold, BPF_RB_FORCE_WAKEUP);
	return stopped;
}

static __always_inline void append_known(struct scratch *s, u32 tag,
					 const struct program_field *known)
{
	struct record_field *field = append_field(s, tag, sizeof(*known));

	if (field)
		__builtin_memcpy(field + 1, known, sizeof(*known));
}

/* The scripts that this process' exec was asked for, and which the user side has read. */
static __always_inline void append_script(struct scratch *s)
{
	void *scripts = bpf_map_lookup_elem(&pending_scripts, &s->slot);
	u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct program_field *script;

	if (!scripts)
		return;
	script = bpf_map_lookup_elem(scripts, &tgid);
	if (!script)
		return;
	if (script->state != PROGRAM_OF_IMAGE)
		append_known(s, FIELD_SCRIPT, script);
	bpf_map_delete_elem(scripts, &tgid);
}

/* An exec that came to nothing. */
static __always_inline void forget_script(u32 slot)
{
	void *scripts = bpf_map_lookup_elem(&pending_scripts, &slot);
	u32 tgid = bpf_get_current_pid_tgid() >> 32;

	if (scripts)
		bpf_map_delete_elem(scripts, &tgid);
}

/* Of the record of an exec that stands in the scratch space. Returns EXEC_* of it. */
__noinline int look_at_program(u64 file, u32 reasons)
{
	struct scratch *s = scratch();
	struct program_key key = {};
	struct program_field *known = NULL;
	u64 inode, sb;
	void *ring, *programs;
	bool held;

	if (!s)
		return 0;
	ring = bpf_map_lookup_elem(&hold_rings, &s->slot);
	programs = bpf_map_lookup_elem(&known_programs, &s->slot);
	if (!ring || !programs || !file)
		return 0;
	append_script(s);
	inode = (u64)READ(file, struct file, f_inode);
	sb = (u64)READ(inode, struct inode, i_sb);
	if (layer_of(inode, READ(sb, struct super_block, s_magic)) != LAYER_LOWER) {
		fill_key(&key, inode);
		known = bpf_map_lookup_elem(programs, &key);
		if (known)
			append_known(s, FIELD_PROGRAM, known);
		else
			reasons |= HOLD_PROGRAM;
	}
	if (!reasons)
		return 0;
	held = hold(ring, (struct record *)s->data, &key, reasons);
	if (!(reasons & HOLD_PROGRAM))
		return 0;
	return held ? EXEC_HELD : EXEC_UNHELD;
}

#endif
