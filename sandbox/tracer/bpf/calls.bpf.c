// SPDX-License-Identifier: GPL-2.0
/* sys_enter and sys_exit: counting, and the way to each family's handler. */

/*
 * The number of a system call that seccomp refuses is never seen by sys_enter, only by sys_exit. So
 * entering leaves a mark in the thread and a failed exit without one was blocked. Arguments are
 * taken at the exit: registers hold them still, and the strings' pages are in memory then.
 */
SEC("tp_btf/sys_enter")
int BPF_PROG(on_sys_enter, struct pt_regs *regs, long nr)
{
	struct analysis *analysis = current_analysis();
	struct task_struct *task;
	struct call_counts *counts;
	const struct call_spec *spec;
	struct thread *thread;
	u32 compat, fd;

	if (!analysis)
		return 0;
	task = bpf_get_current_task_btf();
	thread = current_thread(task);
	if (thread)
		thread->entered = (u32)nr + 1;
	if (!analysis->started)
		return 0;
	if (!thread)
		count_lost(analysis->slot, CLASS_DECISIVE);
	compat = task->thread_info.status & TS_COMPAT;
	counts = call_counter(analysis->slot, compat, nr);
	if (counts)
		counts->calls++;

	spec = spec_of(compat, nr);
	if (thread)
		keep_names(thread, regs, compat, spec);
	/* A descriptor that is closed or replaced: the file behind it must be looked up before. */
	if (spec->handler != HANDLE_CLOSE)
		return 0;
	if (compat)
		fd = spec->fd == 1 ? regs->bx : regs->cx;
	else
		fd = spec->fd == 1 ? regs->di : regs->si;
	close_written(analysis->slot, fd);
	return 0;
}

static __always_inline void fill_arguments(struct call *call, struct pt_regs *regs)
{
	if (call->compat) {
		call->args[0] = (u32)regs->bx;
		call->args[1] = (u32)regs->cx;
		call->args[2] = (u32)regs->dx;
		call->args[3] = (u32)regs->si;
		call->args[4] = (u32)regs->di;
		call->args[5] = (u32)regs->bp;
	} else {
		call->args[0] = regs->di;
		call->args[1] = regs->si;
		call->args[2] = regs->dx;
		call->args[3] = regs->r10;
		call->args[4] = regs->r8;
		call->args[5] = regs->r9;
	}
}

static __always_inline u32 class_of(struct call *call)
{
	/* ENOSYS by seccomp is how a C library is told to use an older call: routine. */
	if (call->blocked)
		return call->result == -ENOSYS ? CLASS_BULK : CLASS_DECISIVE;
	return call->denied ? CLASS_DECISIVE : call->spec.class;
}

static __always_inline int handle(u8 handler)
{
	switch (handler) {
	case HANDLE_OPEN:
	case HANDLE_OPENAT2:
		return on_open();
	case HANDLE_PATH:
		return on_path();
	case HANDLE_LOOK:
		return on_look();
	case HANDLE_SOCKET:
	case HANDLE_SOCKETCALL:
	case HANDLE_SEND_MESSAGE:
	case HANDLE_SEND_MESSAGES:
		return on_socket();
	case HANDLE_WRITE:
	case HANDLE_WRITE_VECTOR:
	case HANDLE_COPY:
		return on_write();
	default:
		return on_syscall();
	}
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_sys_exit, struct pt_regs *regs, long result)
{
	struct analysis *analysis = current_analysis();
	struct task_struct *task;
	struct call_counts *counts;
	struct thread *thread;
	struct scratch *s;
	struct call *call;
	bool entered, failed, denied;
	u32 compat, nr;

	if (!analysis)
		return 0;
	task = bpf_get_current_task_btf();
	nr = regs->orig_ax;
	thread = current_thread(task);
	entered = !thread || thread->entered;
	if (thread)
		thread->entered = 0;
	/* sigreturn leaves -1 as its number; a new child comes out of a clone it never entered. */
	if (!analysis->started || (s32)nr < 0 || (!entered && result >= 0))
		return 0;

	compat = task->thread_info.status & TS_COMPAT;
	failed = result < 0 && result >= -4095;
	denied = result == -EPERM || result == -EACCES || !entered;
	counts = call_counter(analysis->slot, compat, nr);
	if (counts && failed) {
		counts->failed++;
		counts->calls += !entered;
		counts->denied += denied;
	}

	s = scratch();
	if (!s)
		return 0;
	call = &s->call;
	call->spec = *spec_of(compat, nr);
	if (call->spec.handler == HANDLE_CLOSE)
		return 0;
	if (call->spec.handler == HANDLE_NONE && entered && result != -EPERM)
		return 0;

	call->nr = nr;
	call->compat = !!compat;
	call->blocked = !entered;
	call->denied = denied;
	/* Codes of the kernel's own, for a call that is taken up again or ends as interrupted. */
	call->result = result <= -512 && result >= -516 ? -EINTR : result;
	call->class = class_of(call);
	call->few = 0;
	fill_arguments(call, regs);
	s->slot = analysis->slot;
	return handle(call->spec.handler);
}
