import { posix } from "node:path";
import type { TraceFile, TracePath } from "@airlock/contracts";

/** Longest path the kernel takes (PATH_MAX); anything longer in a record is cut before it is stored in an event. */
const LONGEST_PATH = 4096;

/**
 * Joins what the sample gave to the folder it was relative to and resolves `.` and `..` lexically. Links are not followed, so
 * this is a name for attempts that never reached a file; where the kernel has one, its own path is better.
 */
export function joinPath(base: string, argument: string): string {
  if (argument === "") return base === "" ? "" : normalise(base);
  if (argument.startsWith("/")) return normalise(argument);
  return base === "" ? argument.slice(0, LONGEST_PATH) : normalise(`${base}/${argument}`);
}

export function resolvePath(path: TracePath): string {
  return joinPath(path.base, path.argument);
}

/** The kernel's path of the opened file if it is whole, else what the argument names. */
export function bestPath(path: TracePath | undefined, file: TraceFile | undefined): string {
  if (file !== undefined && file.path !== "" && !file.truncated) return file.path.slice(0, LONGEST_PATH);
  const joined = path === undefined ? "" : resolvePath(path);
  return joined === "" ? (file?.path ?? "") : joined;
}

function normalise(path: string): string {
  const resolved = posix.normalize(path.slice(0, LONGEST_PATH));
  return resolved.length > 1 && resolved.endsWith("/") ? resolved.slice(0, -1) : resolved;
}
