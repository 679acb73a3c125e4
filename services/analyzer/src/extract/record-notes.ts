import type { TraceFile, TracePath, TraceRecord } from "@airlock/contracts";
import { bestPath, isCutPath } from "./sample-path.ts";

/** What single records say about the record as a whole. */
export interface RecordNotes {
  /** Records that hold only the ends of their strings or paths. */
  readonly cut: number;
  /** Calls whose names were changed while the kernel worked with them. */
  readonly raced: number;
  /** Calls that found no space, by path of what they were for. */
  readonly full: ReadonlyMap<string, number>;
}

export interface RecordNotebook {
  note(record: TraceRecord): void;
  notes(): RecordNotes;
}

const ENOSPC = -28;
const EDQUOT = -122;
const FULL_PATHS_MAX = 1000;

export function openRecordNotebook(): RecordNotebook {
  let cut = 0;
  let raced = 0;
  const full = new Map<string, number>();
  return {
    notes: () => ({ cut, raced, full }),
    note(record) {
      if (isCutRecord(record)) cut += 1;
      if ("raced" in record && record.raced) raced += 1;
      const path = findFull(record);
      if (path !== undefined && (full.has(path) || full.size < FULL_PATHS_MAX))
        full.set(path, (full.get(path) ?? 0) + 1);
    },
  };
}

/** Strings and folders longer than any that an ordinary program has: told by their ends only, so something may hide in them. */
function isCutRecord(record: TraceRecord): boolean {
  switch (record.kind) {
    case "exec":
      return record.argvTruncated || record.envTruncated || isCutPath(record.cwd) || record.file.truncated;
    case "open":
      return isCut([record.path], record.file);
    case "path":
      return isCut(record.other === undefined ? [record.path] : [record.path, record.other], record.file);
    case "syscall":
      return isCut(record.paths, record.file);
    case "ring-operation":
      return isCut([record.path ?? [], record.other ?? []].flat(), record.file);
    // A sum of writes keeps few names of its file; the open before it has them all.
    case "write-total":
    case "fork":
    case "exit":
    case "program":
    case "socket-call":
      return false;
    default:
      return record satisfies never;
  }
}

function isCut(paths: readonly TracePath[], file: TraceFile | undefined): boolean {
  return file?.truncated === true || paths.some(({ base }) => isCutPath(base));
}

/** Writes that failed are recorded for nothing else; other calls may say the same of something that is no disk. */
const WRITING_CALLS: ReadonlySet<string> = new Set([
  "write",
  "writev",
  "pwrite64",
  "pwritev",
  "pwritev2",
  "sendfile",
  "sendfile64",
  "splice",
  "copy_file_range",
]);

function findFull(record: TraceRecord): string | undefined {
  if (!("result" in record) || (record.result !== ENOSPC && record.result !== EDQUOT)) return undefined;
  if (record.kind === "open" || record.kind === "path") return bestPath(record.path, record.file);
  if (record.kind === "syscall" && WRITING_CALLS.has(record.syscall)) return bestPath(undefined, record.file);
  return undefined;
}
