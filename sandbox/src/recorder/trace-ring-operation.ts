import type { TraceRecord, TraceTask } from "@airlock/contracts";
import { readFields } from "./trace-fields.ts";
import { URING_BODY_BYTES, URING_OF_SOCKET, URING_REGISTERED } from "./trace-format.ts";
import { MalformedRecord, type Span } from "./trace-span.ts";

type RingOperation = Extract<TraceRecord, { kind: "ring-operation" }>;

/** IORING_OP_* by number (`linux/io_uring.h`): a table of ours, for the same reason as that of calls. */
const OPERATIONS = `
  NOP READV WRITEV FSYNC READ_FIXED WRITE_FIXED POLL_ADD POLL_REMOVE SYNC_FILE_RANGE SENDMSG RECVMSG TIMEOUT
  TIMEOUT_REMOVE ACCEPT ASYNC_CANCEL LINK_TIMEOUT CONNECT FALLOCATE OPENAT CLOSE FILES_UPDATE STATX READ WRITE FADVISE
  MADVISE SEND RECV OPENAT2 EPOLL_CTL SPLICE PROVIDE_BUFFERS REMOVE_BUFFERS TEE SHUTDOWN RENAMEAT UNLINKAT MKDIRAT
  SYMLINKAT LINKAT MSG_RING FSETXATTR SETXATTR FGETXATTR GETXATTR SOCKET URING_CMD SEND_ZC SENDMSG_ZC READ_MULTISHOT
  WAITID FUTEX_WAIT FUTEX_WAKE FUTEX_WAITV FIXED_FD_INSTALL FTRUNCATE BIND LISTEN RECV_ZC EPOLL_WAIT READV_FIXED
  WRITEV_FIXED PIPE
`
  .trim()
  .split(/\s+/);

const OPENING = new Set(["OPENAT", "OPENAT2"]);
const MEASURED = new Set(["WRITE", "SEND", "SEND_ZC"]);

/** Reads what stands behind a record's header. Throws MalformedRecord. */
export function readRingOperation(
  span: Span,
  base: { readonly time: bigint; readonly task: TraceTask },
): RingOperation {
  const { bytes, from, to } = span;
  if (from + URING_BODY_BYTES > to) throw new MalformedRecord("body is cut off");
  const { paths, file, local, remote, head } = readFields(bytes, from + URING_BODY_BYTES, to);
  const number = bytes.readUInt8(from);
  const operation = OPERATIONS[number] ?? `OP_${number}`;
  const flags = bytes.readUInt8(from + 1);
  const fd = bytes.readInt32LE(from + 4);
  const numberAt = (place: number): number => bytes.readUInt32LE(from + 8 + place * 8);
  const isSocket = operation === "SOCKET" || (flags & URING_OF_SOCKET) !== 0;
  const isOpen = OPENING.has(operation);
  return {
    kind: "ring-operation",
    time: base.time,
    task: base.task,
    operation,
    registered: (flags & URING_REGISTERED) !== 0,
    ...(fd < 0 ? {} : { fd }),
    ...(paths[0] === undefined ? {} : { path: paths[0] }),
    ...(paths[1] === undefined ? {} : { other: paths[1] }),
    ...(file === undefined ? {} : { file }),
    ...(isSocket ? { socket: { family: numberAt(0), type: numberAt(1), protocol: numberAt(2) } } : {}),
    ...(local === undefined ? {} : { local }),
    ...(remote === undefined ? {} : { remote }),
    ...(isOpen ? { flags: numberAt(0) } : {}),
    ...(isOpen || operation === "MKDIRAT" ? { mode: numberAt(1) } : {}),
    ...(MEASURED.has(operation) ? { bytes: numberAt(3) } : {}),
    ...(head === undefined ? {} : { head }),
  };
}
