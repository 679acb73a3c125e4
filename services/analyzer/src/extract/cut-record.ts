import type { TraceFile, TracePath, TraceRecord } from "@airlock/contracts";
import { isCutPath } from "./sample-path.ts";

/** Strings and folders longer than any that an ordinary program has: told by their ends only, so something may hide in them. */
export function isCutRecord(record: TraceRecord): boolean {
  switch (record.kind) {
    case "exec":
      return record.argvTruncated || record.envTruncated || isCutPath(record.cwd) || record.file.truncated;
    case "open":
      return isCut([record.path], record.file);
    case "path":
      return isCut(record.other === undefined ? [record.path] : [record.path, record.other], record.file);
    case "syscall":
      return isCut(record.paths, record.file);
    // A sum of writes keeps few names of its file; the open before it has them all.
    case "write-total":
    case "fork":
    case "exit":
    case "socket-call":
      return false;
    default:
      return record satisfies never;
  }
}

function isCut(paths: readonly TracePath[], file: TraceFile | undefined): boolean {
  return file?.truncated === true || paths.some(({ base }) => isCutPath(base));
}
