/* SPDX-License-Identifier: GPL-2.0 */
/* The record of a call, from what calls.bpf.c has put into the scratch space. */
#ifndef AIRLOCK_CALL_H
#define AIRLOCK_CALL_H

/* Begins the record of the call in this CPU's scratch space. */
static __always_inline struct call_body *begin_call(struct scratch *s, u32 kind)
{
	struct call *call = &s->call;
	struct call_body *body;

	if (!begin(s->slot, kind, call->class))
		return NULL;
	body = append(s, sizeof(*body));
	if (!body)
		return NULL;
	body->result = call->result;
	body->nr = call->nr;
	body->flags = (call->compat ? CALL_COMPAT : 0) | (call->blocked ? CALL_BLOCKED : 0);
	body->operation = call->spec.operation;
	body->present = 0;
	__builtin_memset(body->values, 0, sizeof(body->values));
	return body;
}

/* Argument by its place, which counts from 1. */
static __always_inline u64 argument(struct call *call, u32 place)
{
	return call->args[(place - 1) & 7];
}

/* at: where the string is that was just recorded; which: the first path of the call or the second */
static __always_inline void compare_name(struct scratch *s, u32 at, u32 which)
{
	struct call_body *body = (struct call_body *)&s->data[sizeof(struct record)];
	struct thread *thread = current_thread(bpf_get_current_task_btf());
	u64 name;

	if (!thread || s->call.blocked || s->call.spec.handler == HANDLE_LOOK)
		return;
	name = which ? thread->names[1] : thread->names[0];
	if (name && name != hash_recorded_name(&s->data[at]))
		body->flags |= CALL_RACED;
}

/*
 * What the name recorded at this place is relative to: the root, or the folder behind a descriptor,
 * AT_FDCWD for the working one.
 */
__noinline int append_base(u32 at, int fd)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct fs_struct *fs = task->fs;
	struct scratch *s = scratch();
	u64 file;

	if (!s || !fs || at > RECORD_FULL)
		return 0;
	if (s->data[at] == '/') {
		append_path(s, FIELD_BASE, (u64)READ(fs, struct fs_struct, root.dentry),
			    (u64)READ(fs, struct fs_struct, root.mnt));
		return 0;
	}
	if (fd == AT_FDCWD) {
		append_path(s, FIELD_BASE, (u64)READ(fs, struct fs_struct, pwd.dentry),
			    (u64)READ(fs, struct fs_struct, pwd.mnt));
		return 0;
	}
	file = file_of(fd);
	if (file)
		append_path(s, FIELD_BASE, (u64)READ(file, struct file, f_path.dentry),
			    (u64)READ(file, struct file, f_path.mnt));
	return 0;
}

/* A string argument and, where it is a path, what it is relative to. */
__noinline int append_argument(u32 dir, u32 place, u32 which)
{
	struct scratch *s = scratch();
	u32 at;

	if (!s)
		return 0;
	at = s->len + sizeof(struct record_field);
	append_user_string(s, FIELD_ARGUMENT, argument(&s->call, place));
	asm volatile("" : "+r"(at));
	if (at > RECORD_FULL)
		return 0;
	compare_name(s, at, which);
	if (dir != NO_BASE)
		append_base(at, dir ? (int)argument(&s->call, dir) : AT_FDCWD);
	return 0;
}

/*
 * A call that has just moved what its path was relative to (chdir, chroot): the path alone, and the
 * folder that the process is in now.
 */
static __always_inline void append_moved(struct scratch *s, bool root)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct fs_struct *fs = task->fs;
	u64 dentry, mnt;

	if (s->call.spec.path1)
		append_argument(NO_BASE, s->call.spec.path1, 0);
	s->call.spec.fd = 0;
	if (!fs)
		return;
	if (root) {
		dentry = (u64)READ(fs, struct fs_struct, root.dentry);
		mnt = (u64)READ(fs, struct fs_struct, root.mnt);
	} else {
		dentry = (u64)READ(fs, struct fs_struct, pwd.dentry);
		mnt = (u64)READ(fs, struct fs_struct, pwd.mnt);
	}
	append_file_at(dentry, mnt, (u64)READ(dentry, struct dentry, d_inode));
}

static __always_inline void append_arguments(struct scratch *s)
{
	struct call_spec *spec = &s->call.spec;

	if (s->call.result == 0 && spec->moves) {
		append_moved(s, spec->moves == MOVES_ROOT);
		return;
	}
	if (spec->path1)
		append_argument(spec->dir1, spec->path1, 0);
	if (spec->path2)
		append_argument(spec->dir2, spec->path2, 1);
}

#endif
