/* SPDX-License-Identifier: GPL-2.0 */
/* Who is recorded, and the books kept beside the records. */
#ifndef AIRLOCK_FILTER_H
#define AIRLOCK_FILTER_H

/*
 * The analysis the current task belongs to, or NULL. Runs on every system call of the whole host,
 * so what is not ours must leave after a few instructions. The ancestor at our folder's depth is
 * the key: whatever groups the sample or the engine makes below, the answer stays the same.
 */
static __always_inline struct analysis *current_analysis(void)
{
	struct analysis *analysis;
	struct filter *filter;
	u32 zero = 0;
	u64 id;
	int i;

	filter = bpf_map_lookup_elem(&filters, &zero);
	if (!filter)
		return NULL;
#pragma unroll
	for (i = 0; i < MAX_LEVELS; i++) {
		u32 level = filter->levels[i];

		if (!level)
			return NULL;
		id = bpf_get_current_ancestor_cgroup_id(level);
		if (!id)
			continue;
		analysis = bpf_map_lookup_elem(&analyses, &id);
		if (analysis)
			return analysis;
	}
	return NULL;
}

/* The process's number in its own pid namespace, the innermost one. */
static __always_inline u32 sample_pid(struct task_struct *leader)
{
	u64 pid = (u64)READ(leader, struct task_struct, thread_pid);
	struct upid upid = {};
	u32 level;

	if (!pid)
		return 0;
	level = READ(pid, struct pid, level);
	bpf_probe_read_kernel(&upid, sizeof(upid),
			      (void *)(pid + bpf_core_field_offset(struct pid, numbers) +
				       level * bpf_core_type_size(struct upid)));
	return upid.nr;
}

static __always_inline struct thread *current_thread(struct task_struct *task)
{
	struct thread *thread;

	thread = bpf_task_storage_get(&threads, task, NULL, 0);
	if (thread)
		return thread;
	thread = bpf_task_storage_get(&threads, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (thread) {
		thread->start = task->group_leader->start_boottime;
		thread->ns_pid = sample_pid(task->group_leader);
	}
	return thread;
}

static __always_inline struct class_counts *class_counts(u32 slot, u32 class)
{
	struct account *account = bpf_map_lookup_elem(&accounts, &slot);

	if (!account)
		return NULL;
	return &account->classes[class == CLASS_BULK ? CLASS_BULK : CLASS_DECISIVE];
}

/* Something that should have become a record and didn't. */
static __always_inline void count_lost(u32 slot, u32 class)
{
	struct class_counts *counts = class_counts(slot, class);

	if (counts) {
		counts->counted++;
		counts->dropped++;
	}
}

/* An exact repeat of what has been delivered. */
static __always_inline void count_suppressed(u32 slot, u32 class)
{
	struct class_counts *counts = class_counts(slot, class);

	if (counts) {
		counts->counted++;
		counts->suppressed++;
	}
}

static __always_inline struct call_counts *call_counter(u32 slot, u32 compat, u32 nr)
{
	void *counts = bpf_map_lookup_elem(&call_counts, &slot);
	u32 index = nr < SYSCALLS ? nr : SYSCALLS - 1;

	if (compat)
		index += SYSCALLS;
	return counts ? bpf_map_lookup_elem(counts, &index) : NULL;
}

#endif
