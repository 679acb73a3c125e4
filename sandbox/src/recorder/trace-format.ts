/** The wire contract of `sandbox/tracer/include/event.h`, as far as the decoder needs it. Change both together. */

export const TRACE_MAGIC = "AIRTRACE";
export const TRACE_VERSION = 2;
export const TRACE_HEADER_BYTES = 16;

export const CHUNK_HEADER_BYTES = 8;
export const CHUNK = { records: 1, tick: 2, end: 3 } as const;

/** In front of each record: its length with two flag bits, and a page offset that is of no use outside of the kernel. */
export const RING_HEADER_BYTES = 8;
export const RING_BUSY = 0x8000_0000;
export const RING_DISCARD = 0x4000_0000;

/** The kernel side builds no larger record. */
export const RECORD_MAX_BYTES = 131_072;
export const RECORD_HEADER_BYTES = 64;
export const TASK_BYTES = 48;
export const CALL_BODY_BYTES = 64;

export const KIND = {
  fork: 1,
  exec: 2,
  exit: 3,
  write: 4,
  program: 5,
  uring: 6,
  open: 16,
  path: 17,
  socket: 18,
  syscall: 19,
} as const;

export const CALL_COMPAT = 1;
export const CALL_BLOCKED = 2;
export const CALL_RACED = 4;
export const URING_BODY_BYTES = 40;
export const URING_REGISTERED = 1;
export const URING_OF_SOCKET = 2;
export const EXEC_ARGV_TRUNCATED = 1;
export const EXEC_ENV_TRUNCATED = 2;
export const EXEC_HELD = 4;
export const EXEC_UNHELD = 8;

export const PATH_OPERATIONS = [
  "rename",
  "unlink",
  "rmdir",
  "link",
  "symlink",
  "mkdir",
  "mknod",
  "chmod",
  "chown",
  "truncate",
  "utimes",
  "setxattr",
  "chdir",
  "access",
  "stat",
  "readlink",
  "removexattr",
  "erase",
] as const;

export const SOCKET_OPERATIONS = ["socket", "connect", "bind", "listen", "accept", "send"] as const;

export const STREAM_KINDS = ["closed", "null", "file", "pipe", "socket", "unix", "tty", "other"] as const;

export const LAYERS = ["none", "lower", "upper"] as const;

export const FIELD = {
  argument: 1,
  unreadable: 2,
  base: 3,
  file: 4,
  argv: 5,
  env: 6,
  filename: 7,
  interpreter: 8,
  cwd: 9,
  stream: 10,
  local: 11,
  remote: 12,
  head: 13,
  task: 14,
  name: 15,
  argvTail: 16,
  envTail: 17,
  program: 18,
  script: 19,
} as const;

/** The first says that a file is the image's own, and is in no record. */
export const PROGRAM_STATES = [undefined, "copied", "hashed", "too-large", "gone"] as const;

export const FIELD_HEADER_BYTES = 4;
export const FILE_FIELD_BYTES = 32;
export const STREAM_FIELD_BYTES = 16;
export const PROGRAM_FIELD_BYTES = 64;
export const FILE_TRUNCATED = 1;
export const FILE_DELETED = 2;
export const FILE_MEMFD = 4;
