/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The wire contract: what the kernel side writes, the user side passes on untouched, and
 * sandbox/src/recorder/decode.ts reads. Little endian, no implicit padding. Change VERSION with it.
 *
 * A trace file is a header, then chunks. A RECORDS chunk is a piece of a BPF ring buffer as it is
 * in memory: per record 8 bytes of ring header (length, page offset), the record, padding to 8.
 * A TICK says that all records of before its time are in the file; END that the file is whole.
 */
#ifndef AIRLOCK_EVENT_H
#define AIRLOCK_EVENT_H

#include <linux/types.h>

#define TRACE_MAGIC   "AIRTRACE"
#define TRACE_VERSION 2

struct trace_header {
	char magic[8];
	__u32 version;
	__u32 reserved;
};

enum chunk_type {
	CHUNK_RECORDS = 1,
	CHUNK_TICK = 2, /* u64 time */
	CHUNK_END = 3,
};

struct trace_chunk {
	__u32 type;
	__u32 bytes;
};

/* Decisive records have a ring of their own, so that a flood of bulk ones can't push them out. */
enum record_class {
	CLASS_DECISIVE = 0,
	CLASS_BULK = 1,
	CLASSES = 2,
};

enum record_kind {
	RECORD_FORK = 1,
	RECORD_EXEC = 2,
	RECORD_EXIT = 3,
	RECORD_WRITE = 4,
	RECORD_PROGRAM = 5, /* of the user side: what it found of a program that was held */
	RECORD_URING = 6,
	/* These begin with a call_body. */
	RECORD_OPEN = 16,
	RECORD_PATH = 17,
	RECORD_SOCKET = 18,
	RECORD_SYSCALL = 19,
};

struct record_task {
	__u64 start; /* of the thread group leader, ns since boot */
	__u32 pid;
	__u32 tid;
	__u32 ns_pid;
	__u32 uid;
	__u32 gid;
	__u32 euid;
	char comm[16];
};

struct record {
	__u16 kind;
	__u8 class;
	__u8 reserved[5];
	__u64 time; /* CLOCK_BOOTTIME */
	struct record_task task;
};

struct exec_body {
	__u64 parent_start;
	__u32 parent_pid;
	__u32 truncated; /* EXEC_* */
};

#define EXEC_ARGV_TRUNCATED 1
#define EXEC_ENV_TRUNCATED  2
/* Held before its first instruction, until a RECORD_PROGRAM was made of it. */
#define EXEC_HELD	    4
/* Should have been held and could not be. */
#define EXEC_UNHELD	    8

struct program_body {
	__u64 exec_time; /* of the RECORD_EXEC that it belongs to; the task is the same */
};

struct exit_body {
	__u32 status; /* as wait(2) gives it */
	__u32 reserved;
};

struct write_body {
	__u64 bytes;
	__u64 calls;
};

/*
 * An operation of io_uring's, as it was submitted. values: open and mkdir {flags, mode}; socket
 * {family, type, protocol, bytes}; write {.., .., .., bytes}. Names, file, addresses and first bytes
 * are in the fields of the calls that it stands for.
 */
struct uring_body {
	__u8 opcode; /* IORING_OP_* */
	__u8 flags;  /* URING_* */
	__u16 reserved;
	__s32 fd; /* -1: none */
	__u64 values[4];
};

/* fd is a place in the ring's own table of files. */
#define URING_REGISTERED 1
/* The first three values are those of the socket behind fd. */
#define URING_OF_SOCKET	 2

/*
 * values: open {flags, mode, created}; path {mode, uid, gid, length}; socket {family, type,
 * protocol, bytes}; syscall: the six arguments.
 */
struct call_body {
	__s64 result;
	__u32 nr;
	__u8 flags; /* CALL_* */
	__u8 operation;
	__u16 present; /* bit n: values[n] means something */
	__u64 values[6];
};

#define CALL_COMPAT  1
#define CALL_BLOCKED 2
/* A name was another when the call began than it was when the call had ended. */
#define CALL_RACED   4

enum path_operation {
	PATH_RENAME,
	PATH_UNLINK,
	PATH_RMDIR,
	PATH_LINK,
	PATH_SYMLINK,
	PATH_MKDIR,
	PATH_MKNOD,
	PATH_CHMOD,
	PATH_CHOWN,
	PATH_TRUNCATE,
	PATH_UTIMES,
	PATH_SETXATTR,
	PATH_CHDIR,
	PATH_ACCESS,
	PATH_STAT,
	PATH_READLINK,
	PATH_REMOVEXATTR,
	PATH_ERASE, /* fallocate(2) that takes contents away */
};

enum socket_operation {
	SOCKET_SOCKET,
	SOCKET_CONNECT,
	SOCKET_BIND,
	SOCKET_LISTEN,
	SOCKET_ACCEPT,
	SOCKET_SEND,
};

/* Behind the fixed part: any number of fields {tag, bytes} + content, not aligned. */
struct record_field {
	__u16 tag;
	__u16 bytes;
};

enum field_tag {
	FIELD_ARGUMENT = 1,   /* path or string as given, no NUL */
	FIELD_UNREADABLE = 2, /* in place of ARGUMENT: the pointer could not be read */
	FIELD_BASE = 3,	      /* struct path_field: what the ARGUMENT before it is relative to */
	FIELD_FILE = 4,	      /* struct file_field */
	FIELD_ARGV = 5,	      /* NUL-separated */
	FIELD_ENV = 6,
	FIELD_FILENAME = 7,
	FIELD_INTERPRETER = 8,
	FIELD_CWD = 9,	   /* struct path_field */
	FIELD_STREAM = 10, /* struct stream_field, an address behind it */
	FIELD_LOCAL = 11,  /* struct address_field */
	FIELD_REMOTE = 12,
	FIELD_HEAD = 13,
	FIELD_TASK = 14, /* struct record_task: a fork's child */
	FIELD_NAME = 15,      /* of an extended attribute */
	FIELD_ARGV_TAIL = 16, /* the last bytes of what ARGV and ENV are cut of */
	FIELD_ENV_TAIL = 17,
	FIELD_PROGRAM = 18, /* struct program_field: of the executed file */
	FIELD_SCRIPT = 19,  /* the same of the script that led to it */
};

/* Behind it names from the leaf up to the root, each NUL-terminated. */
struct path_field {
	__u8 flags; /* FILE_TRUNCATED */
};

enum file_layer {
	LAYER_NONE,
	LAYER_LOWER,
	LAYER_UPPER,
};

#define FILE_TRUNCATED 1
#define FILE_DELETED   2
#define FILE_MEMFD     4

/* Behind it names as for path_field. */
struct file_field {
	__u64 inode;
	__u64 size;
	__u32 device; /* kernel's own form: major << 20 | minor */
	__u32 magic;
	__u16 mode;
	__u8 layer;
	__u8 flags;
	__u32 reserved;
};

enum program_state {
	PROGRAM_OF_IMAGE, /* in the image as it is, hence not looked at */
	PROGRAM_COPIED,
	PROGRAM_HASHED,	   /* its copy would be beyond a bound, or could not be written */
	PROGRAM_TOO_LARGE, /* not even hashed */
	PROGRAM_GONE,	   /* could not be read, or was changed again and again meanwhile */
};

struct program_field {
	__u64 size;
	__u8 state;
	__u8 head_bytes;
	__u8 reserved[6];
	__u8 sha256[32];
	__u8 head[16];
};

enum stream_kind {
	STREAM_CLOSED,
	STREAM_NULL,
	STREAM_FILE,
	STREAM_PIPE,
	STREAM_SOCKET,
	STREAM_UNIX,
	STREAM_TTY,
	STREAM_OTHER,
};

struct stream_field {
	__u8 index;
	__u8 kind;
	__u8 reserved[6];
	__u64 inode;
};

/* Behind it 4 or 16 bytes of address, or a unix path, whose first byte is 0 when it is abstract. */
struct address_field {
	__u16 family;
	__u16 port;
};

/* Largest record. */
#define RECORD_BYTES_MAX 131072

/* Of arguments and of the environment each; no command line that people write is as long. */
#define MEMORY_MAX	32767
#define MEMORY_TAIL_MAX 4095
#define ARGUMENT_MAX	4096
#define HEAD_MAX	128
#define WRITE_NAMES_MAX 256
#define UNIX_PATH_MAX	108

/* Numbers above go into the last place; so does anything new that we don't know. */
#define SYSCALLS 512

struct call_counts {
	__u64 calls;
	__u64 failed;
	__u64 denied;
};

/*
 * counted = delivered + suppressed + dropped; delivered is what the user side puts into the file.
 */
struct class_counts {
	__u64 counted;
	__u64 suppressed;
	__u64 dropped;
};

struct account {
	struct class_counts classes[CLASSES];
};

/* One tracked cgroup, by the id of its folder in the v2 tree. */
struct analysis {
	__u32 slot;
	__u32 started;
	/*
	 * Not 0: the sample begins at its first exec outside of this mount namespace (the host's).
	 */
	__u32 begin_outside;
	__u32 reserved;
	__u64 started_at;
};

#define MAX_ANALYSES 64
#define MAX_LEVELS   4

struct filter {
	__u32 levels[MAX_LEVELS]; /* depths of tracked folders, 0 ends */
};

/* Open sums of writes: one per process and file. */
struct write_key {
	__u64 start;
	__u64 inode;
	__u32 pid;
	__u32 device;
};

struct write_total {
	struct record record;
	struct write_body body;
	struct file_field file;
	__u16 names_bytes;
	__u16 head_bytes;
	__u32 reserved;
	char names[WRITE_NAMES_MAX];
	char head[HEAD_MAX];
};

#define WRITE_TOTALS 8192

/*
 * What is already delivered: by whom, of what, under which name, how. Exactly that again is
 * suppressed and counted.
 */
struct seen_key {
	__u64 start;
	__u64 inode;
	__u64 dentry;
	__u32 pid;
	__u32 device;
	__u32 nr; /* with CALL_COMPAT's bit on top */
	__u32 flags;
	__u32 mode;
	__u32 reserved;
	char argument[64]; /* how the sample called it; of longer ones the beginning */
};

#define SEEN_OPENS 16384

/* A file's content, as far as the kernel says that it is the same. */
struct program_key {
	__u64 inode;
	__u64 size;
	__s64 changed; /* ctime, s */
	__u32 changed_ns;
	__u32 device;
};

#define KNOWN_PROGRAMS 8192
/* Between a script's opening and the exec that it leads to. */
#define PENDING_SCRIPTS 1024

/* What the kernel side says of a descriptor of the user side. */
struct program_answer {
	struct program_key key;
	__u32 layer;
	__u32 reserved;
};

#define HOLD_PROGRAM 1 /* it is to be copied */
#define HOLD_BEGIN   2 /* the sample begins */

/* A process that waits, stopped, before its first instruction. */
struct hold {
	struct record_task task;
	struct program_key key;
	__u64 exec_time;
	__u32 reasons;
	__u32 stopped;
};

#define HOLD_RING_BYTES 65536

#endif
