// SPDX-License-Identifier: GPL-2.0
/* Calls with no family of their own: told with all arguments, when they matter. */

#define PROT_WRITE_EXEC 6
#define PROT_WRITE	2
#define PROT_EXEC	4
#define SHM_EXEC	0100000
#define IPC_SHMAT	21
#define CODE_TOLD	3 /* times for each program: compilers at run time do it all the time */
#define MAP_TYPE	0x0f
#define MAP_PRIVATE	2
#define MAP_ANONYMOUS	0x20
#define NAMESPACE_FLAGS 0x7e020000ULL /* CLONE_NEW* but NEWTIME, which clone takes for a signal */

#define PR_SET_NAME 15

static __always_inline bool is_telling_prctl(struct scratch *s)
{
	struct call *call = &s->call;

	switch (call->args[0]) {
	case PR_SET_NAME:
		call->spec.string = 2;
		call->class = CLASS_BULK;
		return true;
	case 4:		 /* PR_SET_DUMPABLE */
	case 8:		 /* PR_SET_KEEPCAPS */
	case 22:	 /* PR_SET_SECCOMP */
	case 24:	 /* PR_CAPBSET_DROP */
	case 28:	 /* PR_SET_SECUREBITS */
	case 35:	 /* PR_SET_MM */
	case 36:	 /* PR_SET_CHILD_SUBREAPER */
	case 38:	 /* PR_SET_NO_NEW_PRIVS */
	case 47:	 /* PR_CAP_AMBIENT */
	case 0x59616d61: /* PR_SET_PTRACER */
		return true;
	default:
		return false;
	}
}

static __always_inline bool is_telling_ioctl(u32 request)
{
	switch (request) {
	case 0x5412:	 /* TIOCSTI: types into a terminal */
	case 0x40086602: /* FS_IOC_SETFLAGS: immutable files */
	case 0x40046602:
	case 0x8914:	 /* SIOCSIFFLAGS: promiscuous */
	case 0x8924:	 /* SIOCSIFHWADDR */
	case 0x400454ca: /* TUNSETIFF */
	case 0x40049409: /* FICLONE: another file's contents without a write */
	case 0x4020940d: /* FICLONERANGE */
		return true;
	default:
		return false;
	}
}

static __always_inline bool is_telling_memory(struct call *call)
{
	u64 prot = call->args[2], type = call->args[3], file;

	if (!call->spec.fd) { /* mprotect */
		if ((prot & PROT_WRITE_EXEC) == PROT_WRITE_EXEC)
			return true;
		if (!(prot & PROT_EXEC))
			return false;
		/* Written before and run from now on, which no file's code needs. */
		call->few = CODE_TOLD;
		call->few_of = prot;
		if (!call->denied)
			call->class = CLASS_BULK;
		return true;
	}
	if (type & MAP_ANONYMOUS) {
		call->spec.fd = 0;
		return (prot & PROT_WRITE_EXEC) == PROT_WRITE_EXEC;
	}
	/*
	 * Through a shared mapping a file is changed with no write. One that is open for writing may
	 * be mapped to be read, and made writable later.
	 */
	if ((type & MAP_TYPE) == MAP_PRIVATE)
		return false;
	file = file_of(argument(call, call->spec.fd));
	return (prot & PROT_WRITE) || (file && (READ(file, struct file, f_mode) & FMODE_WRITE));
}

/* old_mmap: the one argument points to six words. */
static __always_inline void unpack_mmap(struct call *call)
{
	u32 words[6] = {}, i;

	bpf_probe_read_user(words, sizeof(words), (void *)call->args[0]);
	for (i = 0; i < 6; i++)
		call->args[i] = words[i];
	call->spec.fd = 5;
}

/* shmat(2), and ipc(2) whose first argument says that it is one: the flags are the third of both. */
static __always_inline bool is_telling_shared(struct call *call)
{
	if (call->compat && call->nr == 117 && (call->args[0] & 0xffff) != IPC_SHMAT)
		return false;
	return call->args[2] & SHM_EXEC;
}

/* One of which a program's first few tell all: whether these have been delivered. */
static __always_inline bool is_told(struct scratch *s)
{
	struct call *call = &s->call;
	struct task_struct *task = bpf_get_current_task_btf();

	if (!call->few || !begin_seen(s))
		return false;
	s->seen.inode = (u64)task->mm;
	s->seen.flags = call->few_of;
	s->seen.mode = call->result < 0 && call->result >= -4095 ? -call->result : 0;
	return is_seen(s, call->few);
}

static __always_inline bool is_telling_clone(struct call *call)
{
	u64 flags = call->args[0];

	if (call->nr == 435) {
		flags = 0;
		bpf_probe_read_user(&flags, sizeof(flags), (void *)call->args[0]);
		call->args[0] = flags;
	}
	return flags & NAMESPACE_FLAGS;
}

static __always_inline bool is_telling(struct scratch *s)
{
	struct call *call = &s->call;
	struct thread *thread;

	switch (call->spec.handler) {
	case HANDLE_IF_FAILED:
		if (call->result < 0)
			forget_script(s->slot);
		if (call->result < 0 && call->result != -ENOENT)
			call->class = CLASS_DECISIVE;
		return call->result < 0;
	case HANDLE_IF_OTHERS:
		thread = current_thread(bpf_get_current_task_btf());
		return !thread || (u32)call->args[0] != thread->ns_pid;
	case HANDLE_IF_NAMESPACE:
		return is_telling_clone(call) || call->blocked;
	case HANDLE_OLD_MMAP:
		unpack_mmap(call);
		return is_telling_memory(call);
	case HANDLE_IF_EXECUTABLE:
		return is_telling_memory(call);
	case HANDLE_IF_SHARED:
		return is_telling_shared(call);
	case HANDLE_IF_PRCTL:
		return is_telling_prctl(s);
	case HANDLE_IF_IOCTL:
		return is_telling_ioctl(call->args[1]);
	default:
		return true;
	}
}

__noinline int on_syscall(void)
{
	struct scratch *s = scratch();
	struct call_body *body;
	struct call *call;
	u64 file;
	u32 i;

	if (!s)
		return 0;
	call = &s->call;
	if (!is_telling(s) && !call->denied)
		return 0;
	if (is_told(s)) {
		count_suppressed(s->slot, call->class);
		return 0;
	}
	body = begin_call(s, RECORD_SYSCALL);
	if (!body)
		return 0;
	body->present = 0x3f;
#pragma unroll
	for (i = 0; i < 6; i++)
		body->values[i] = call->args[i];
	append_arguments(s);
	if (call->spec.string)
		append_user_string(s, FIELD_ARGUMENT, argument(call, call->spec.string));
	if (call->spec.fd) {
		file = file_of(argument(call, call->spec.fd));
		if (file)
			append_file(file);
	}
	if (submit(s) && call->few)
		remember(s);
	return 0;
}
