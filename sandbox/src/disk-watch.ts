import { type BigIntStats, lstatSync, readdirSync, statfsSync } from "node:fs";
import { Fault, type LimitHit } from "@airlock/contracts";

/** Below this much free space on the engine's disk no run starts, and a running one ends: the database shares it. */
const FREE_FLOOR_BYTES = 512 * 1024 * 1024;
/** A full count costs a walk; it is made when the free space says that it may be worth it, or every so many looks. */
const LOOKS_PER_COUNT = 10;

/** Throws DISK_LOW when the engine's disk has no room for a run. */
export function requireFreeSpace(folder: string, wantedBytes: number): void {
  const free = freeBytes(folder);
  if (free < FREE_FLOOR_BYTES + wantedBytes) {
    throw new Fault("DISK_LOW", `only ${Math.floor(free / 2 ** 20)} MiB are free in ${folder}`, {
      hint: `A run may need ${Math.ceil((FREE_FLOOR_BYTES + wantedBytes) / 2 ** 20)} MiB.`,
    });
  }
}

/**
 * Watches what a sample writes to the engine's disk. Neither ext4 nor overlay gives a quota, so this is a look a few times a
 * second: the bound can be overshot by what a disk takes in between, and `detail` says by how much it was.
 */
export class DiskWatch {
  readonly #upper: string;
  readonly #bound: number;
  readonly #freeAtStart: number;
  #looks = 0;

  constructor(upper: string, boundBytes: number) {
    this.#upper = upper;
    this.#bound = boundBytes;
    this.#freeAtStart = freeBytes(upper);
  }

  /** Null while all is well. */
  look(): LimitHit | null {
    const free = freeBytes(this.#upper);
    const grown = this.#freeAtStart - free;
    if (free < FREE_FLOOR_BYTES) return this.#hit(`only ${free} bytes were left on the engine's disk`);
    // A file that is open but unlinked is in no folder: what it takes shows in the free space alone.
    if (grown > this.#bound * 2) return this.#hit(`${grown} bytes of the disk were taken during the run`);
    if (grown < this.#bound / 2 && this.#looks++ % LOOKS_PER_COUNT !== 0) return null;
    const bytes = countBytes(this.#upper, this.#bound);
    return bytes > this.#bound ? this.#hit(`at least ${bytes} bytes in the writable layer`) : null;
  }

  #hit(detail: string): LimitHit {
    return { limit: "disk", bound: this.#bound, affectedSample: true, detail };
  }
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** Bytes on disk below a folder; stops counting once beyond the bound. Links are not followed. */
function countBytes(folder: string, bound: number): number {
  let bytes = 0;
  const folders: Buffer[] = [Buffer.from(folder)];
  for (let next = folders.pop(); next !== undefined && bytes <= bound; next = folders.pop()) {
    for (const name of listNames(next)) {
      const path = Buffer.concat([next, SLASH, name]);
      const stats = lookAt(path);
      if (stats === null) continue;
      bytes += Number(stats.blocks) * 512;
      if (stats.isDirectory()) folders.push(path);
    }
  }
  return bytes;
}

const SLASH = Buffer.from("/");

/** Names as bytes: a sample may write ones that are no text. A folder that is removed meanwhile is empty. */
function listNames(folder: Buffer): Buffer[] {
  try {
    return readdirSync(folder, { encoding: "buffer" });
  } catch {
    return [];
  }
}

function lookAt(path: Buffer): BigIntStats | null {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false }) ?? null;
}
