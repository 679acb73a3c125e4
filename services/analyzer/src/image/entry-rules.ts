import { posix } from "node:path";
import { Fault } from "@airlock/contracts";
import { normalizeImagePath } from "./config-lint.ts";

export type EntryType = "file" | "folder" | "symlink" | "hardlink" | "character" | "block" | "fifo" | "other";

/** One entry of a layer, from a tar header or a folder on disk. */
export interface LayerEntry {
  readonly path: string;
  readonly type: EntryType;
  readonly sizeBytes: number;
  /** Of links. */
  readonly target: string | null;
}

/** Names of links that every distribution's bootstrap makes in /dev, and where they must lead. */
const STANDARD_LINKS = new Map([
  ["/dev/fd", "/proc/self/fd"],
  ["/dev/stdin", "/proc/self/fd/0"],
  ["/dev/stdout", "/proc/self/fd/1"],
  ["/dev/stderr", "/proc/self/fd/2"],
  ["/dev/core", "/proc/kcore"],
  ["/dev/ptmx", "/dev/pts/ptmx"],
]);

/**
 * Throws IMAGE_LAYER_REFUSED for an entry at the kernel's own places that a runtime could be led astray by: /proc, /sys or
 * /dev being a link (CVE-2023-27561), or a link at a device that the runtime masks or mounts over (CVE-2025-31133,
 * CVE-2025-52565, CVE-2025-52881). Empty folders, and the devices that ordinary images carry in /dev, are fine:
 * the runtime covers all three with mounts of its own.
 */
export function refuseEntry(entry: LayerEntry): void {
  if (entry.path.split("/").includes("..")) throw refused("climbs out of the image");
  const path = normalizeImagePath(entry.path);
  const [, root = ""] = path.split("/");
  if (entry.type === "hardlink" && isKernelPlace(normalizeImagePath(entry.target ?? ""))) {
    throw refused("is a hard link into /proc, /sys or /dev");
  }
  if (!isKernelPlace(path) || isWhiteout(entry, path)) return;
  if (path === `/${root}`) {
    if (entry.type !== "folder") throw refused(`makes /${root} something else than a folder`);
  } else if (root !== "dev") {
    throw refused(`lies in /${root}`);
  } else if (!isHarmlessDevice(entry, path)) {
    throw refused("lies in /dev and is none of the usual devices");
  }
}

export function isKernelPlace(path: string): boolean {
  return /^\/(proc|sys|dev)(\/|$)/.test(path);
}

/** A name that only deletes: in archives by prefix, in overlay folders a character device without a number. */
function isWhiteout(entry: LayerEntry, path: string): boolean {
  return entry.type === "file" && entry.sizeBytes === 0 && posix.basename(path).startsWith(".wh.");
}

function isHarmlessDevice(entry: LayerEntry, path: string): boolean {
  switch (entry.type) {
    case "folder":
    case "character":
      return true;
    case "file":
      // What the engine leaves where it mounts a console.
      return entry.sizeBytes === 0;
    case "block":
      return /^\/dev\/(ram|loop)\d*$/.test(path);
    case "fifo":
      return path === "/dev/initctl" || path === "/dev/xconsole";
    case "symlink":
      return STANDARD_LINKS.get(path) === posix.resolve("/dev", entry.target ?? "");
    case "hardlink":
    case "other":
      return false;
    default:
      return entry.type satisfies never;
  }
}

function refused(why: string): Fault {
  return new Fault("IMAGE_LAYER_REFUSED", `a layer has an entry that ${why}`, {
    hint: "Such entries are used to break out of containers; the image was not run.",
  });
}
