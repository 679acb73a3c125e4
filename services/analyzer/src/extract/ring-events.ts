import type { TraceRecord } from "@airlock/contracts";
import { identifyContent, printableBytes } from "./content-type.ts";
import { ACCESS_FLAGS, nameFlags } from "./decode-tables/call-flags.ts";
import { fileTypeOf, OPEN, octalMode } from "./decode-tables/file-modes.ts";
import { familyName, socketTypeName } from "./decode-tables/socket-names.ts";
import type { EventContext } from "./file-events.ts";
import { describeActor } from "./process-events.ts";
import { bestPath, resolvePath } from "./sample-path.ts";
import { destinationFields, protocolOf, sourceFields } from "./socket-facts.ts";
import { formatAddress } from "./trace-address.ts";

type RingRecord = Extract<TraceRecord, { kind: "ring-operation" }>;

/**
 * Turns what was submitted to an io_uring into a `syscall` event named `io_uring`, and into the event that the call which it
 * stands for would have given, so that a signature sees the deed whichever way it was done. Without a result: it is not known.
 */
export function addRingEvent(record: RingRecord, context: EventContext): void {
  const { log, table } = context;
  log.add<"syscall">({
    time: record.time,
    category: "syscall",
    process: record.task.key,
    fields: {
      ...describeActor(table, record.task, record.time),
      SyscallName: "io_uring",
      Arguments: describeOperation(record),
      TargetFilename: targetOf(record),
    },
  });
  addFileEvent(record, context);
  addConnection(record, context);
}

/** O_LARGEFILE, which the kernel adds by itself. */
const LARGE_FILE = 0o100000;

/** The operation first, then what it was given. */
function describeOperation(record: RingRecord): string[] {
  const { socket, remote, local, path, other, flags, mode, fd, bytes } = record;
  const given = [
    socket && `${familyName(socket.family)}/${socketTypeName(socket.type)}/${socket.protocol}`,
    path && resolvePath(path),
    other && otherOf(record),
    remote && formatAddress(remote),
    remote === undefined && local && formatAddress(local),
    flags !== undefined && nameFlags(BigInt(flags & ~LARGE_FILE), ACCESS_FLAGS),
    mode !== undefined && octalMode(mode),
    fd !== undefined && `${record.registered ? "registered file" : "fd"} ${fd}`,
    bytes !== undefined && `${bytes} bytes`,
  ];
  return [record.operation, ...given.filter((text) => text !== undefined && text !== false)];
}

function targetOf({ path, file }: RingRecord): string | undefined {
  return path === undefined && file === undefined ? undefined : bestPath(path, file);
}

/** A symbolic link's target is text and never resolved by us. */
function otherOf({ operation, other }: RingRecord): string {
  if (other === undefined) return "";
  return operation === "SYMLINKAT" ? other.argument : resolvePath(other);
}

function addFileEvent(record: RingRecord, { log, table, origins }: EventContext): void {
  const base = { time: record.time, process: record.task.key };
  const target = targetOf(record);
  if (target === undefined) return;
  const actor = describeActor(table, record.task, record.time);
  const on = { ...actor, TargetFilename: target, FileOrigin: origins.ofPath(target) };
  switch (record.operation) {
    case "OPENAT":
    case "OPENAT2":
      if (isReading(record.flags ?? 0)) {
        log.add<"file_access">({ ...base, category: "file_access", fields: on });
        return;
      }
      addMaking((record.flags ?? 0) & OPEN.create ? "create" : "write");
      return;
    case "UNLINKAT":
      log.add<"file_delete">({ ...base, category: "file_delete", fields: on });
      return;
    case "RENAMEAT": {
      const fields = { ...actor, TargetFilename: otherOf(record), SourceFilename: target };
      log.add<"file_rename">({ ...base, category: "file_rename", fields });
      return;
    }
    case "WRITE":
      if (fileTypeOf(record.file?.mode ?? 0) === "file") addMaking("write", undefined, record.head);
      return;
    case "MKDIRAT":
      addMaking("mkdir");
      return;
    case "LINKAT":
      addMaking("link", otherOf(record));
      return;
    case "SYMLINKAT":
      addMaking("symlink", otherOf(record));
      return;
    default:
      return;
  }

  function addMaking(
    Operation: "create" | "write" | "mkdir" | "link" | "symlink",
    SourceFilename?: string,
    head: Uint8Array = NOTHING,
  ): void {
    const Content = head.length === 0 ? undefined : printableBytes(head);
    const fields = { ...on, Operation, SourceFilename, Content, ContentType: identifyContent(head) };
    log.add<"file_event">({ ...base, category: "file_event", fields });
  }
}

const NOTHING = new Uint8Array();

function isReading(flags: number): boolean {
  return (flags & OPEN.accessMode) === 0 && (flags & (OPEN.create | OPEN.truncate | OPEN.temporary)) === 0;
}

const CONNECTING = new Set(["CONNECT", "SEND", "SENDMSG", "SEND_ZC", "SENDMSG_ZC"]);

function addConnection(record: RingRecord, { log, table }: EventContext): void {
  const { socket, remote, local } = record;
  if (!CONNECTING.has(record.operation) || socket === undefined || remote === undefined) return;
  log.add<"network_connection">({
    time: record.time,
    category: "network_connection",
    process: record.task.key,
    fields: {
      ...describeActor(table, record.task, record.time),
      Protocol: protocolOf(socket),
      Initiated: true,
      ...sourceFields(local),
      ...destinationFields(remote),
      BytesSent: record.operation === "CONNECT" ? undefined : record.bytes,
    },
  });
}
