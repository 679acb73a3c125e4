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
  if (base === "") return argument.slice(0, LONGEST_PATH);
  const joined = normalise(`${base}/${argument}`);
  // Steps upwards must not lose the mark: what is left would look like a path of its own.
  return isCutPath(base) && !isCutPath(joined) ? `${CUT}${joined}` : joined;
}

const CUT = "…/";

/** Its beginning is not known: too deep to be recorded whole. */
export function isCutPath(path: string): boolean {
  return path.startsWith(CUT);
}

export function resolvePath(path: TracePath): string {
  return joinPath(path.base, path.argument);
}

/** Files of this file system, namespaces, are in no folder: the kernel's walk gives `//` for each. */
const NAMESPACE_MAGIC = 0x6e736673;

/** The kernel's path of the opened file if it is whole, else what the argument names. */
export function bestPath(path: TracePath | undefined, file: TraceFile | undefined): string {
  if (file !== undefined && file.path !== "" && !file.truncated && !isPlaceless(path, file))
    return file.path.slice(0, LONGEST_PATH);
  const joined = path === undefined ? "" : resolvePath(path);
  return joined === "" ? (file?.path ?? "") : joined;
}

/** What was asked for, where the kernel found the file at another path. */
export function requestedPath(path: TracePath, found: string): string | undefined {
  if (!path.readable || path.argument === "") return undefined;
  const requested = resolvePath(path);
  return requested === found ? undefined : requested;
}

function isPlaceless(path: TracePath | undefined, file: TraceFile): boolean {
  return file.magic === NAMESPACE_MAGIC && path !== undefined && path.argument !== "";
}

function normalise(path: string): string {
  const resolved = posix.normalize(path.slice(0, LONGEST_PATH));
  return resolved.length > 1 && resolved.endsWith("/") ? resolved.slice(0, -1) : resolved;
}
