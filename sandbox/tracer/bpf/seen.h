/* SPDX-License-Identifier: GPL-2.0 */
/* What has been delivered before: exact repeats of it are suppressed and counted. */
#ifndef AIRLOCK_SEEN_H
#define AIRLOCK_SEEN_H

/* Begins the key, with all but whom and which call left at 0. */
static __always_inline bool begin_seen(struct scratch *s)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread *thread = current_thread(task);

	if (!thread)
		return false;
	__builtin_memset(&s->seen, 0, sizeof(s->seen));
	s->seen.start = thread->start;
	s->seen.pid = task->tgid;
	s->seen.nr = s->call.nr | (s->call.compat ? 1U << 31 : 0);
	return true;
}

static __always_inline bool is_seen(struct scratch *s, u64 most)
{
	void *seen = bpf_map_lookup_elem(&seen_opens, &s->slot);
	u64 *count;

	if (!seen)
		return false;
	count = bpf_map_lookup_elem(seen, &s->seen);
	return count && *count >= most;
}

/* It is in its ring. */
static __always_inline void remember(struct scratch *s)
{
	void *seen = bpf_map_lookup_elem(&seen_opens, &s->slot);
	u64 once = 1, *count;

	if (!seen)
		return;
	count = bpf_map_lookup_elem(seen, &s->seen);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(seen, &s->seen, &once, BPF_ANY);
}

#endif
