import type { EventOf, TraceRecord } from "@airlock/contracts";
import { describeResult, isDenied } from "./decode-tables/errno.ts";
import { fileTypeOf, octalMode } from "./decode-tables/file-modes.ts";
import type { EventContext } from "./file-events.ts";
import { describeActor } from "./process-events.ts";
import { bestPath, resolvePath } from "./sample-path.ts";

type PathRecord = Extract<TraceRecord, { kind: "path" }>;
type FileFields = EventOf<"file_access">["fields"];

/** Turns one call on a path into its event. */
export function addPathEvent(record: PathRecord, context: EventContext): void {
  const { log, table, origins } = context;
  const base = { time: record.time, process: record.task.key };
  const path = bestPath(record.path, record.file);
  const other = record.other === undefined ? "" : resolvePath(record.other);
  const on = (target: string): FileFields => ({
    ...describeActor(table, record.task, record.time),
    Result: describeResult(record.result),
    Denied: isDenied(record.result, record.blocked) ? true : undefined,
    NamesChanged: record.raced,
    TargetFilename: target,
    FileOrigin: record.file === undefined || target !== path ? origins.ofPath(target) : origins.ofFile(record.file),
  });

  const addMaking = (fields: EventOf<"file_event">["fields"]) =>
    log.add<"file_event">({ ...base, category: "file_event", fields });
  const addChange = (fields: EventOf<"file_change">["fields"]) =>
    log.add<"file_change">({ ...base, category: "file_change", fields });

  switch (record.operation) {
    case "rename":
      moveOrigin(record, path, other, context);
      log.add<"file_rename">({ ...base, category: "file_rename", fields: { ...on(other), SourceFilename: path } });
      return;
    case "unlink":
    case "rmdir":
      log.add<"file_delete">({ ...base, category: "file_delete", fields: on(path) });
      return;
    case "link":
      addMaking({ ...on(path), Operation: "link", SourceFilename: other });
      return;
    case "symlink":
      // The target of a link is text, relative to the link and never resolved by us.
      addMaking({ ...on(path), Operation: "symlink", SourceFilename: record.other?.argument });
      return;
    case "mkdir":
      addMaking({ ...on(path), Operation: "mkdir", Mode: modeOf(record) });
      return;
    case "mknod":
      addMaking({ ...on(path), Operation: "mknod", Mode: modeOf(record), ContentType: fileTypeOf(record.mode ?? 0) });
      return;
    case "chmod":
      addChange({ ...on(path), Change: "mode", Mode: modeOf(record) });
      return;
    case "chown":
      addChange({ ...on(path), Change: "owner", Owner: `${ownerText(record.uid)}:${ownerText(record.gid)}` });
      return;
    case "truncate":
      addChange({ ...on(path), Change: "truncate", Length: lengthOf(record) });
      return;
    case "utimes":
      addChange({ ...on(path), Change: "times" });
      return;
    case "setxattr":
      addChange({ ...on(path), Change: "attributes", Attribute: record.name });
      return;
    case "removexattr":
      addChange({ ...on(path), Change: "attributes", Attribute: record.name });
      return;
    case "erase":
      addChange({ ...on(path), Change: "truncate" });
      return;
    // No `file_access`, which is an open: to look whether a secret is there is not to read it.
    case "access":
    case "stat":
    case "readlink":
    case "chdir":
      // A folder such as /proc/self/fd/7 is a way out of a container (CVE-2024-21626), so it is not silent.
      log.add<"syscall">({ ...base, category: "syscall", fields: describeCall(record, path, on(path)) });
      return;
    default:
      record.operation satisfies never;
  }
}

/** A file keeps its origin under its new name, so that a script which is run later is known for what it is. */
function moveOrigin(record: PathRecord, from: string, to: string, { origins }: EventContext): void {
  const origin = origins.ofPath(from);
  if (record.result >= 0 && origin !== undefined) origins.note(to, origin);
}

function modeOf(record: PathRecord): string | undefined {
  return record.mode === undefined ? undefined : octalMode(record.mode);
}

/** -1 leaves an owner as it is (chown(2)). */
function ownerText(id: number | undefined): string {
  return id === undefined || id === -1 || id === 0xffffffff ? "" : String(id);
}

function lengthOf(record: PathRecord): number | undefined {
  const { length } = record;
  return length === undefined || length < 0n || length > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : Number(length);
}

function describeCall(record: PathRecord, path: string, base: FileFields): EventOf<"syscall">["fields"] {
  const { FileOrigin: _origin, ...rest } = base;
  return {
    ...rest,
    SyscallName: record.syscall,
    Arguments: [record.path.argument],
    TargetFilename: path,
    Compat: record.compat ? true : undefined,
    ReturnValue: record.result,
  };
}
