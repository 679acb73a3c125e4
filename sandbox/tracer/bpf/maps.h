/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AIRLOCK_MAPS_H
#define AIRLOCK_MAPS_H

#define RECORD_MAX RECORD_BYTES_MAX
/* Where nothing more is begun: behind it the largest single read (argv) still fits. */
#define RECORD_FULL (RECORD_MAX - 32768)

/* A call as seen at its exit. */
struct call {
	u64 args[8]; /* six, and room for a masked index */
	s64 result;
	u32 nr;
	u8 compat;
	u8 blocked;
	u8 denied;
	u8 class;
	u8 few;	    /* not 0: told so many times for one program and kind */
	u32 few_of; /* the kind */
	struct call_spec spec;
};

/* One per CPU, too large for a per-CPU map: the record under construction. */
struct scratch {
	u64 owner; /* task the record is of */
	u32 slot;
	u32 len;
	struct call call;
	u8 address[128]; /* a socket address of the sample's */
	struct write_key key;
	struct seen_key seen;
	struct write_total total;
	u8 data[RECORD_MAX];
};

/* Per thread; dies with it. */
struct thread {
	u64 start;
	u32 ns_pid;
	u32 entered;  /* number of the call it is in, plus 1 */
	u64 names[2]; /* hashes of the names that call was given, 0 where not known */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct filter);
} filters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_ANALYSES);
	__type(key, u64);
	__type(value, struct analysis);
} analyses SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread);
} threads SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* set to the number of CPUs at load */
	__type(key, u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, MAX_ANALYSES);
	__type(key, u32);
	__type(value, struct account);
} accounts SEC(".maps");

/*
 * What belongs to one analysis alone hangs in these by its slot, made and freed by the user side.
 */
struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, MAX_ANALYSES);
	__type(key, u32);
	__array(values, struct ring);
} decisive_rings SEC(".maps"), bulk_rings SEC(".maps");

struct call_count_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2 * SYSCALLS);
	__uint(key_size, sizeof(u32));
	__uint(value_size, sizeof(struct call_counts));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, MAX_ANALYSES);
	__type(key, u32);
	__array(values, struct call_count_map);
} call_counts SEC(".maps");

struct write_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, WRITE_TOTALS);
	__uint(key_size, sizeof(struct write_key));
	__uint(value_size, sizeof(struct write_total));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, MAX_ANALYSES);
	__type(key, u32);
	__array(values, struct write_map);
} write_totals SEC(".maps");

/*
 * The least recently used goes when it is full: then a repeat is delivered once more, which harms
 * nothing.
 */
struct seen_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SEEN_OPENS);
	__uint(key_size, sizeof(struct seen_key));
	__uint(value_size, sizeof(u64));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, MAX_ANALYSES);
	__type(key, u32);
	__array(values, struct seen_map);
} seen_opens SEC(".maps");

/* Requests to look at a held process. Only an analysis that keeps copies of programs has these. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, MAX_ANALYSES);
	__type(key, u32);
	__array(values, struct ring);
} hold_rings SEC(".maps");

/* Programs that the user side has read. One that was forgotten is read once more. */
struct known_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, KNOWN_PROGRAMS);
	__uint(key_size, sizeof(struct program_key));
	__uint(value_size, sizeof(struct program_field));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, MAX_ANALYSES);
	__type(key, u32);
	__array(values, struct known_map);
} known_programs SEC(".maps");

/* By process: the script that its exec, under way, was asked for. */
struct script_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PENDING_SCRIPTS);
	__uint(key_size, sizeof(u32));
	__uint(value_size, sizeof(struct program_field));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, MAX_ANALYSES);
	__type(key, u32);
	__array(values, struct script_map);
} pending_scripts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_ANALYSES);
	__type(key, u32);
	__type(value, struct program_answer);
} program_answers SEC(".maps");

#endif
