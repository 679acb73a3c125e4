// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "recording.h"

/* One go at a ring: others must have their turn, whatever this one's sample does. */
#define PIECE_MAX (16UL << 20)
/* A record is stamped before it is complete: a tick leaves this much time behind. */
#define TICK_LAG_NS 1000000ULL
/*
 * From the decision to freeze until the last thread stands still, with plenty to spare on a busy
 * host.
 */
#define FREEZE_LATENCY_NS 20000000ULL

__u64 boot_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static size_t power_of_two(size_t bytes)
{
	size_t power = 1UL << 16;

	while (power * 2 <= bytes)
		power *= 2;
	return power;
}

static int make_maps(struct recording *r, size_t ring_bytes)
{
	int err;

	err = ring_open(&r->rings[CLASS_BULK], "bulk", power_of_two(ring_bytes));
	if (err)
		return err;
	err = ring_open(&r->rings[CLASS_DECISIVE], "decisive", power_of_two(ring_bytes / 4));
	if (err)
		return err;
	r->call_counts = bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "calls", sizeof(__u32),
					sizeof(struct call_counts), 2 * SYSCALLS, NULL);
	if (r->call_counts < 0)
		return -errno;
	r->write_totals = bpf_map_create(BPF_MAP_TYPE_HASH, "writes", sizeof(struct write_key),
					 sizeof(struct write_total), WRITE_TOTALS, NULL);
	if (r->write_totals < 0)
		return -errno;
	r->seen_opens = bpf_map_create(BPF_MAP_TYPE_LRU_HASH, "seen", sizeof(struct seen_key),
				       sizeof(__u64), SEEN_OPENS, NULL);
	return r->seen_opens < 0 ? -errno : 0;
}

static int clear_account(struct recording *r, struct kernel_side *kernel)
{
	struct account *zeros = calloc(kernel->cpus, sizeof(*zeros));
	int err;

	if (!zeros)
		return -ENOMEM;
	err = bpf_map_update_elem(kernel->accounts, &r->slot, zeros, BPF_ANY);
	free(zeros);
	return err ? -errno : 0;
}

static int hang_in(struct recording *r, struct kernel_side *kernel)
{
	if (bpf_map_update_elem(kernel->decisive_rings, &r->slot, &r->rings[CLASS_DECISIVE].fd,
				BPF_ANY) ||
	    bpf_map_update_elem(kernel->bulk_rings, &r->slot, &r->rings[CLASS_BULK].fd, BPF_ANY) ||
	    bpf_map_update_elem(kernel->call_counts, &r->slot, &r->call_counts, BPF_ANY) ||
	    bpf_map_update_elem(kernel->write_totals, &r->slot, &r->write_totals, BPF_ANY) ||
	    bpf_map_update_elem(kernel->seen_opens, &r->slot, &r->seen_opens, BPF_ANY))
		return -errno;
	return clear_account(r, kernel);
}

/*
 * Adds the depth of our folder to those that are looked at. A depth once used stays: it costs
 * little and frees none.
 */
static int watch_level(struct kernel_side *kernel, __u32 level)
{
	struct filter filter;
	__u32 zero = 0;
	int i;

	if (bpf_map_lookup_elem(kernel->filters, &zero, &filter))
		return -errno;
	for (i = 0; i < MAX_LEVELS; i++) {
		if (filter.levels[i] == level)
			return 0;
		if (!filter.levels[i]) {
			filter.levels[i] = level;
			return bpf_map_update_elem(kernel->filters, &zero, &filter, BPF_ANY)
				       ? -errno
				       : 0;
		}
	}
	return -E2BIG;
}

/* From here on the kernel side sees the cgroup. */
static int track(struct recording *r, struct kernel_side *kernel, bool begin_in_container)
{
	struct analysis analysis = {.slot = r->slot};
	int err = 0;

	if (begin_in_container)
		err = host_mount_namespace(&analysis.begin_outside);
	if (!err)
		err = watch_level(kernel, r->cgroup.level);
	if (err)
		return err;
	return bpf_map_update_elem(kernel->analyses, &r->cgroup.id, &analysis, BPF_NOEXIST) ? -errno
											    : 0;
}

int recording_begin(struct recording *r, struct kernel_side *kernel,
		    const struct recording_request *request)
{
	__u32 slot = r->slot;
	int err;

	memset(r, 0, sizeof(*r));
	r->slot = slot;
	r->id = request->id;
	r->file.fd = r->call_counts = r->write_totals = r->seen_opens = r->freezer.fd = -1;
	r->cgroup.kill_fd = -1;
	r->used = true;
	err = freezer_open(&r->freezer, request->freeze_path, request->freeze_limit);
	if (!err)
		err = cgroup_folder_find(&r->cgroup, request->cgroup_path);
	if (!err)
		err = trace_file_open(&r->file, request->output_path, request->trace_bytes);
	if (!err)
		err = make_maps(r, request->ring_bytes);
	if (!err)
		err = hang_in(r, kernel);
	r->missed = kernel_side_missed(kernel);
	r->last_drain = boot_time();
	if (!err && *request->programs.folder)
		err = holder_start(&r->holder, kernel, r->slot, &request->programs);
	if (!err)
		err = track(r, kernel, request->begin_in_container);
	if (err)
		recording_free(r, kernel);
	return err;
}

/* Returns false when records are left that have to come before the next tick. */
static bool drain_ring(struct recording *r, int class, size_t *moved)
{
	struct ring *ring = &r->rings[class];
	size_t room = trace_file_room(&r->file, class == CLASS_BULK);
	struct ring_piece piece = ring_peek(ring, room < PIECE_MAX ? room : PIECE_MAX);
	bool complete = piece.complete;

	if (piece.bytes) {
		if (trace_file_add(&r->file, CHUNK_RECORDS, piece.data, piece.bytes))
			r->cut[class] += piece.records;
		else
			r->delivered[class] += piece.records;
		ring_release(ring, &piece);
	} else if (!complete) {
		/*
		 * Either a record under construction, or the file is full: then all there is gets
		 * lost.
		 */
		piece = ring_peek(ring, PIECE_MAX);
		if (!piece.bytes ||
		    trace_file_room(&r->file, class == CLASS_BULK) > RECORD_BYTES_MAX)
			return false;
		r->cut[class] += piece.records;
		ring_release(ring, &piece);
		complete = true;
	}
	*moved += piece.bytes;
	return complete;
}

/*
 * Freezes when a ring would be full before we could hold its writers, going by how it has filled
 * since the last go; thaws once both are nearly empty.
 */
static void relieve(struct recording *r, __u64 now, __u64 elapsed)
{
	bool pressed = false, relaxed = true;
	int class;

	for (class = 0; class < CLASSES; class ++) {
		const struct ring *ring = &r->rings[class];
		size_t used = ring_used(ring);
		__u64 grown = used > r->left[class] ? used - r->left[class] : 0;
		__u64 coming = elapsed ? grown * FREEZE_LATENCY_NS / elapsed : 0;

		pressed |= used + coming > ring->bytes / 8 * 7;
		relaxed &= used < ring->bytes / 16;
	}
	if (pressed)
		freezer_freeze(&r->freezer, now);
	else if (relaxed)
		freezer_thaw(&r->freezer, now);
}

size_t recording_drain(struct recording *r, struct kernel_side *kernel)
{
	__u64 now = boot_time(), tick = now - TICK_LAG_NS;
	struct analysis analysis;
	size_t moved = 0;
	bool complete;
	int class;

	relieve(r, now, now - r->last_drain);

	if (now - r->last_drain > r->longest_gap)
		r->longest_gap = now - r->last_drain;
	r->last_drain = now;
	complete = drain_ring(r, CLASS_DECISIVE, &moved);
	complete &= drain_ring(r, CLASS_BULK, &moved);
	for (class = 0; class < CLASSES; class ++)
		r->left[class] = ring_used(&r->rings[class]);
	recording_add_program_notes(r);
	if (complete && r->file.bytes != r->tick_bytes) {
		trace_file_add(&r->file, CHUNK_TICK, &tick, sizeof(tick));
		r->tick_bytes = r->file.bytes;
	}
	if (!r->started && bpf_map_lookup_elem(kernel->analyses, &r->cgroup.id, &analysis) == 0)
		r->started = analysis.started;
	return moved;
}

int recording_end(struct recording *r, struct kernel_side *kernel)
{
	size_t moved;

	recording_drain(r, kernel);
	freezer_thaw(&r->freezer, boot_time());
	bpf_map_delete_elem(kernel->analyses, &r->cgroup.id);
	/* Taking a map out of its holder waits until no program that found it before is running. */
	bpf_map_delete_elem(kernel->write_totals, &r->slot);
	do {
		moved = 0;
		drain_ring(r, CLASS_DECISIVE, &moved);
		drain_ring(r, CLASS_BULK, &moved);
	} while (moved);
	if (r->holder)
		holder_stop(r->holder);
	recording_add_program_notes(r);
	r->open_totals = recording_add_open_totals(r);
	r->missed = kernel_side_missed(kernel) - r->missed;
	trace_file_add(&r->file, CHUNK_END, NULL, 0);
	return trace_file_close(&r->file);
}

void recording_orphan(struct recording *r)
{
	freezer_thaw(&r->freezer, boot_time());
	cgroup_folder_kill(&r->cgroup);
}

void recording_free(struct recording *r, struct kernel_side *kernel)
{
	if (r->cgroup.id)
		bpf_map_delete_elem(kernel->analyses, &r->cgroup.id);
	bpf_map_delete_elem(kernel->decisive_rings, &r->slot);
	bpf_map_delete_elem(kernel->bulk_rings, &r->slot);
	bpf_map_delete_elem(kernel->call_counts, &r->slot);
	bpf_map_delete_elem(kernel->write_totals, &r->slot);
	bpf_map_delete_elem(kernel->seen_opens, &r->slot);
	holder_free(r->holder);
	freezer_close(&r->freezer, boot_time());
	ring_close(&r->rings[CLASS_DECISIVE]);
	ring_close(&r->rings[CLASS_BULK]);
	cgroup_folder_close(&r->cgroup);
	if (r->file.fd >= 0)
		close(r->file.fd);
	if (r->call_counts >= 0)
		close(r->call_counts);
	if (r->write_totals >= 0)
		close(r->write_totals);
	if (r->seen_opens >= 0)
		close(r->seen_opens);
	r->used = false;
}
