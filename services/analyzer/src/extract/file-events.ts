import type { EventOf, FileOrigin, TraceRecord } from "@airlock/contracts";
import { identifyContent, printableBytes } from "./content-type.ts";
import { describeResult, isDenied } from "./decode-tables/errno.ts";
import { fileTypeOf, OPEN, octalMode } from "./decode-tables/file-modes.ts";
import type { EventDraft, EventLog } from "./event-log.ts";
import type { FileOrigins } from "./file-origin.ts";
import { type Actor, describeActor } from "./process-events.ts";
import type { ProcessTable } from "./process-table.ts";
import { bestPath, requestedPath } from "./sample-path.ts";

type OpenRecord = Extract<TraceRecord, { kind: "open" }>;
type WriteTotal = Extract<TraceRecord, { kind: "write-total" }>;

export interface FileEvents {
  open(record: OpenRecord): void;
  writeTotal(record: WriteTotal): void;
  /** Fills in what files turned out to be; call once, after the last record. */
  complete(): void;
  /** Reads that said nothing new and were folded into an earlier event. */
  collapsed(): number;
}

export interface EventContext {
  readonly log: EventLog;
  readonly table: ProcessTable;
  readonly origins: FileOrigins;
}

/** Turns opens and write totals into file activity. Opens of one file by one process meet their totals here. */
export function createFileEvents({ log, table, origins }: EventContext): FileEvents {
  /** By process and path: the last open for writing, which the next total belongs to. */
  const writes = new Map<string, EventDraft<"file_event">>();
  const written: EventDraft<"file_event">[] = [];
  const reads = new Set<string>();
  let collapsed = 0;

  return { open, writeTotal, complete, collapsed: () => collapsed };

  function open(record: OpenRecord): void {
    const path = bestPath(record.path, record.file);
    if (record.file !== undefined) noteOrigin(record, path, origins.ofFile(record.file));
    if ((record.flags & OPEN.path) !== 0) return;
    if (isWriting(record.flags)) openForWriting(record, path);
    // Opening for both hides a read behind a write, so it is both. What the open itself made holds nothing to read.
    if ((record.flags & OPEN.accessMode) !== OPEN.writeOnly && !record.created) openForReading(record, path);
  }

  /** Also by the name that was asked for: a script is known by the name of the link that it was started by. */
  function noteOrigin(record: OpenRecord, path: string, origin: FileOrigin): void {
    origins.note(path, origin);
    const requested = requestedPath(record.path, path);
    if (requested !== undefined) origins.note(requested, origin);
  }

  function openForWriting(record: OpenRecord, path: string): void {
    const failedCreate = record.file === undefined && (record.flags & OPEN.create) !== 0;
    const isCreate = record.created || failedCreate || (record.flags & OPEN.temporary) !== 0;
    const base = describeFile(record, path);
    const draft = log.add<"file_event">({
      time: record.time,
      category: "file_event",
      process: record.task.key,
      fields: {
        ...base,
        Operation: isCreate ? "create" : "write",
        Mode: isCreate ? octalMode(record.file?.mode ?? record.mode) : undefined,
        ContentType: deviceType(record.file?.mode),
      },
    });
    if (draft !== undefined && record.result >= 0) remember(record, path, draft);
    const isFile = record.file !== undefined && fileTypeOf(record.file.mode) === "file";
    if ((record.flags & OPEN.truncate) !== 0 && isFile && !record.created) {
      log.add<"file_change">({
        time: record.time,
        category: "file_change",
        process: record.task.key,
        fields: { ...base, Change: "truncate", Length: 0 },
      });
    }
  }

  function openForReading(record: OpenRecord, path: string): void {
    // A new image in the same process reads on its own account.
    const since = table.imageAt(record.task.key, record.time)?.since ?? 0n;
    const fields = describeFile(record, path);
    const key = `${record.task.key} ${since} ${Math.min(record.result, 0)} ${path} ${fields.RequestedFilename ?? ""}`;
    if (reads.has(key)) {
      collapsed += 1;
      return;
    }
    const added = log.add<"file_access">({
      time: record.time,
      category: "file_access",
      process: record.task.key,
      fields,
    });
    if (added !== undefined) reads.add(key);
  }

  function writeTotal(record: WriteTotal): void {
    const path = bestPath(undefined, record.file);
    const bytes = Number(record.bytes);
    const known = writes.get(fileKey(record.task.key, path));
    if (known !== undefined) {
      known.fields.BytesWritten = (known.fields.BytesWritten ?? 0) + bytes;
      known.fields.Content ??= contentOf(record.head);
      known.fields.ContentType ??= identifyContent(record.head);
      return;
    }
    // Written through a descriptor that another process opened, such as a shell's redirection.
    const type = fileTypeOf(record.file.mode);
    if (type === "fifo" || type === "socket") return;
    const draft = log.add<"file_event">({
      time: record.time,
      category: "file_event",
      process: record.task.key,
      fields: {
        ...actorOf(record),
        Result: "ok",
        TargetFilename: path,
        FileOrigin: origins.ofFile(record.file),
        Operation: "write",
        BytesWritten: bytes,
        Content: contentOf(record.head),
        ContentType: deviceType(record.file.mode) ?? identifyContent(record.head),
      },
    });
    if (draft !== undefined) remember(record, path, draft);
  }

  function remember(record: OpenRecord | WriteTotal, path: string, draft: EventDraft<"file_event">): void {
    writes.set(fileKey(record.task.key, path), draft);
    if (draft.fields.ContentType === undefined) written.push(draft);
  }

  /** Bytes that came by sendfile or a mapping were never seen, but what is left at the end was looked at. */
  function complete(): void {
    for (const { fields } of written) {
      const type = origins.contentType(fields.TargetFilename);
      if (type !== undefined) fields.ContentType ??= type;
    }
  }

  function describeFile(record: OpenRecord, path: string): EventOf<"file_access">["fields"] {
    return {
      ...actorOf(record),
      Result: describeResult(record.result),
      Denied: isDenied(record.result, record.blocked) ? true : undefined,
      NamesChanged: record.raced,
      TargetFilename: path,
      RequestedFilename: requestedPath(record.path, path),
      FileOrigin: record.file === undefined ? origins.ofPath(path) : origins.ofFile(record.file),
    };
  }

  function actorOf(record: OpenRecord | WriteTotal): Actor {
    return describeActor(table, record.task, record.time);
  }
}

/** O_CREAT alone makes a file even when it is opened for reading. */
function isWriting(flags: number): boolean {
  return (flags & OPEN.accessMode) !== 0 || (flags & (OPEN.create | OPEN.truncate | OPEN.temporary)) !== 0;
}

function deviceType(mode: number | undefined): string | undefined {
  const type = mode === undefined ? undefined : fileTypeOf(mode);
  return type === "block-device" || type === "char-device" || type === "fifo" ? type : undefined;
}

function contentOf(head: Uint8Array): string | undefined {
  return head.length === 0 ? undefined : printableBytes(head);
}

function fileKey(process: string, path: string): string {
  return `${process} ${path}`;
}
