/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whether another thread has changed a name while the kernel worked with it: then nobody knows
 * which one the kernel has read. Names are hashed when a call begins and compared with what is
 * recorded at its end.
 */
#ifndef AIRLOCK_NAMES_H
#define AIRLOCK_NAMES_H

#define NAME_WORDS 8

static __always_inline u64 mix(u64 hash, u64 word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 29;
}

/* Never 0, which is an unknown name. */
static __always_inline u64 hash_name(const u64 *words)
{
	u64 hash = 1;
	u32 i;

#pragma unroll
	for (i = 0; i < NAME_WORDS; i++)
		hash = mix(hash, words[i]);
	return hash | 1;
}

/* 0 when its page is not in memory yet, as that of a constant used for the first time. */
static __always_inline u64 hash_user_name(u64 from)
{
	u64 words[NAME_WORDS] = {};

	if (!from || bpf_probe_read_user_str(words, sizeof(words), (void *)from) <= 0)
		return 0;
	return hash_name(words);
}

static __always_inline u64 hash_recorded_name(const void *from)
{
	u64 words[NAME_WORDS] = {};

	bpf_probe_read_kernel_str(words, sizeof(words), from);
	return hash_name(words);
}

/* An argument as a call begins, by its place. */
static __always_inline u64 entering_argument(struct pt_regs *regs, u32 compat, u32 place)
{
	switch (place) {
	case 1:
		return compat ? (u32)regs->bx : regs->di;
	case 2:
		return compat ? (u32)regs->cx : regs->si;
	case 3:
		return compat ? (u32)regs->dx : regs->dx;
	case 4:
		return compat ? (u32)regs->si : regs->r10;
	case 5:
		return compat ? (u32)regs->di : regs->r8;
	case 6:
		return compat ? (u32)regs->bp : regs->r9;
	default:
		return 0;
	}
}

/* Looking at a name changes nothing, and readlink(2) may write over the name itself. */
static __always_inline void keep_names(struct thread *thread, struct pt_regs *regs, u32 compat,
				       const struct call_spec *spec)
{
	if (!spec->path1 || spec->handler == HANDLE_LOOK)
		return;
	thread->names[0] = hash_user_name(entering_argument(regs, compat, spec->path1));
	thread->names[1] = spec->path2 ? hash_user_name(entering_argument(regs, compat, spec->path2))
				       : 0;
}

#endif
