import { lstatSync, readdirSync, readlinkSync, type Stats } from "node:fs";
import { join } from "node:path";
import { Fault } from "@airlock/contracts";
import { type EntryType, refuseEntry } from "./entry-rules.ts";
import type { LinksAt } from "./image-links.ts";

/** /dev of a bootstrapped system has some hundred entries. */
const MAX_ENTRIES = 10_000;

/** True if all folders of an image's layers can be looked into from here. */
export function canReadFolders(folders: readonly string[]): boolean {
  return folders.length > 0 && folders.every((folder) => lstatOrNull(folder)?.isDirectory() === true);
}

/**
 * Checks what the engine unpacked, layer by layer: /dev, /proc and /sys as a runtime will find them, whatever an archive
 * pretended to be. Only names are read, and no link is followed. Throws IMAGE_LAYER_REFUSED.
 */
export function lintFolders(folders: readonly string[]): void {
  for (const folder of folders) {
    const budget = { entries: MAX_ENTRIES };
    for (const name of ["dev", "proc", "sys"]) {
      if (lstatOrNull(join(folder, name)) !== null) lintPath(folder, name, budget);
    }
  }
}

function lintPath(folder: string, path: string, budget: { entries: number }): void {
  const stats = lstatOrNull(join(folder, path));
  budget.entries--;
  // Null: listed a moment ago but not found by its name, which then is no text.
  if (stats === null || budget.entries < 0) {
    throw new Fault("IMAGE_LAYER_REFUSED", "a layer has too many entries in /dev, or one without a readable name");
  }
  if (isOverlayWhiteout(stats)) return;
  const target = stats.isSymbolicLink() ? readlinkSync(join(folder, path)) : null;
  refuseEntry({ path: `/${path}`, type: typeOf(stats), sizeBytes: stats.isFile() ? stats.size : 0, target });
  if (!stats.isDirectory()) return;
  for (const name of readdirSync(join(folder, path))) lintPath(folder, `${path}/${name}`, budget);
}

/** A name that an upper layer deletes: a character device with the number 0:0. */
function isOverlayWhiteout(stats: Stats): boolean {
  return stats.isCharacterDevice() && stats.rdev === 0;
}

function typeOf(stats: Stats): EntryType {
  if (stats.isDirectory()) return "folder";
  if (stats.isFile()) return "file";
  if (stats.isSymbolicLink()) return "symlink";
  if (stats.isCharacterDevice()) return "character";
  if (stats.isBlockDevice()) return "block";
  return stats.isFIFO() ? "fifo" : "other";
}

/** Looks links up in layer folders, never through another link: on the host that would lead out of the image. */
export function linksInFolders(folders: readonly string[]): LinksAt {
  return (path) =>
    folders.flatMap((folder) => {
      let at = folder;
      const parts = path.split("/").filter((part) => part !== "");
      for (const [index, part] of parts.entries()) {
        at = join(at, part);
        const stats = lstatOrNull(at);
        if (index === parts.length - 1) return stats?.isSymbolicLink() ? [readlinkSync(at)] : [];
        if (!stats?.isDirectory()) return [];
      }
      return [];
    });
}

function lstatOrNull(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EACCES" || code === "ENAMETOOLONG") return null;
    throw error;
  }
}
