import { type BigIntStats, lstatSync, readdirSync, readlinkSync, statfsSync, statSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { Fault, type LimitHit } from "@airlock/contracts";
import { listThreads } from "./threads.ts";

/** Below this much free space on the engine's disk no run starts, and a running one ends: the database shares it. */
const FREE_FLOOR_BYTES = 512 * 1024 * 1024;
/** A full count costs a walk; it is made when the free space says that it may be worth it, or every so many looks. */
const LOOKS_PER_COUNT = 50;
/** Each entry is charged a block, like all but the smallest: endless empty files must not make us walk for ever. */
const BYTES_PER_ENTRY = 4096;
/** Longest turn at a stretch: other samples of this process are watched meanwhile. */
const TURN_MS = 10;

/** Throws DISK_LOW when the engine's disk has no room for a run. */
export function requireFreeSpace(folder: string, wantedBytes: number): void {
  const free = freeBytes(folder);
  if (free < FREE_FLOOR_BYTES + wantedBytes) {
    throw new Fault("DISK_LOW", `only ${Math.floor(free / 2 ** 20)} MiB are free in ${folder}`, {
      hint: `A run may need ${Math.ceil((FREE_FLOOR_BYTES + wantedBytes) / 2 ** 20)} MiB.`,
    });
  }
}

export interface DiskWatchOptions {
  /** Host folder of the writable layer. */
  readonly upper: string;
  /** Single files that the sample can grow besides: the engine's own /etc files. */
  readonly files: readonly string[];
  readonly boundBytes: number;
  /** The sample's processes on this host: one may hold a file that has no name any more. */
  readonly listProcesses: () => readonly number[];
}

/**
 * Watches what a sample writes to the engine's disk. Neither ext4 nor overlay gives a quota, so this is a look many times a
 * second: the bound can be overshot by what a disk takes in between, and `detail` says by how much it was.
 */
export class DiskWatch {
  readonly #options: DiskWatchOptions;
  readonly #freeAtStart: number;
  #freeAtCount: number;
  #bytesAtCount = 0;
  #looks = 0;

  constructor(options: DiskWatchOptions) {
    this.#options = options;
    this.#freeAtStart = freeBytes(options.upper);
    this.#freeAtCount = this.#freeAtStart;
  }

  /** Null while all is well. Free space is cheap to ask for, but others write to the disk too: a count decides. */
  async look(): Promise<LimitHit | null> {
    const { boundBytes, upper } = this.#options;
    const free = freeBytes(upper);
    if (free < FREE_FLOOR_BYTES) return this.#hit(`only ${free} bytes were left on the engine's disk`);
    // No count finds files that are mapped or on their way through a socket and nothing else.
    if (free < this.#freeAtStart / 2 && this.#freeAtStart - free > boundBytes) {
      return this.#hit(`${this.#freeAtStart - free} bytes, half of what was free, were taken during the run`);
    }
    const mayHold = this.#bytesAtCount + (this.#freeAtCount - free);
    if (mayHold <= boundBytes && this.#looks++ % LOOKS_PER_COUNT !== 0) return null;
    const bytes = await this.#count();
    this.#bytesAtCount = bytes;
    this.#freeAtCount = free;
    if (bytes === UNCOUNTABLE) return this.#hit("folders too deep, or open files too many, to count what was written");
    return bytes > boundBytes ? this.#hit(`at least ${bytes} bytes were written`) : null;
  }

  async #count(): Promise<number> {
    const { boundBytes, files, listProcesses, upper } = this.#options;
    let bytes = await countBytes(upper, boundBytes);
    for (const file of files) bytes += blocksOf(lookAt(Buffer.from(file)));
    return bytes > boundBytes ? bytes : bytes + (await countUnnamed(listProcesses()));
  }

  #hit(detail: string): LimitHit {
    return { limit: "disk", bound: this.#options.boundBytes, affectedSample: true, detail };
  }
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** What can't be counted is beyond every bound: else hiding bytes from the count would be the way around it. */
const UNCOUNTABLE = Number.POSITIVE_INFINITY;

/** Bytes on disk below a folder; stops counting once beyond the bound. Links are not followed. */
async function countBytes(folder: string, bound: number): Promise<number> {
  let bytes = 0;
  let turn = performance.now();
  const folders: Buffer[] = [Buffer.from(folder)];
  for (let next = folders.pop(); next !== undefined && bytes <= bound; next = folders.pop()) {
    const names = listNames(next);
    if (names === null) return UNCOUNTABLE;
    for (const name of names) {
      const path = Buffer.concat([next, SLASH, name]);
      const stats = lookAt(path);
      bytes += Math.max(blocksOf(stats), BYTES_PER_ENTRY);
      if (stats?.isDirectory() === true) folders.push(path);
      if (performance.now() - turn < TURN_MS) continue;
      await setImmediate();
      turn = performance.now();
    }
  }
  return bytes;
}

const SLASH = Buffer.from("/");

/**
 * Names as bytes: a sample may write ones that are no text. A folder that is gone is empty; null for one too deep to be
 * named, in which anything could be.
 */
function listNames(folder: Buffer): Buffer[] | null {
  try {
    return readdirSync(folder, { encoding: "buffer" });
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENAMETOOLONG" ? null : [];
  }
}

function lookAt(path: Buffer): BigIntStats | null {
  try {
    return lstatSync(path, { bigint: true });
  } catch {
    return null;
  }
}

function blocksOf(stats: BigIntStats | null): number {
  return stats === null ? 0 : Number(stats.blocks) * 512;
}

/**
 * Descriptors looked at in one count. A table shared by hundreds of threads (CLONE_FILES) shows in each of them: without a
 * budget a sample could keep the watch busy for minutes, and with it its own window.
 */
const MAX_DESCRIPTORS = 100_000;

/** Bytes of files in the sample's root file system that are open and have no name: no walk finds them. */
async function countUnnamed(pids: readonly number[]): Promise<number> {
  const seen = new Map<bigint, number>();
  let descriptors = 0;
  let turn = performance.now();
  // Threads may each have descriptors of their own (clone without CLONE_FILES).
  for (const thread of pids.flatMap(listThreads)) {
    try {
      const { dev } = statSync(`${thread}/root`, { bigint: true });
      for (const fd of readdirSync(`${thread}/fd`)) {
        if (++descriptors > MAX_DESCRIPTORS) return UNCOUNTABLE;
        if (performance.now() - turn >= TURN_MS) {
          await setImmediate();
          turn = performance.now();
        }
        const stats = readUnnamed(`${thread}/fd/${fd}`);
        // Of another device: in memory, and bounded as that.
        if (stats !== null && stats.dev === dev) seen.set(stats.ino, blocksOf(stats));
      }
    } catch {
      // The thread has gone, and its files with it.
    }
  }
  return [...seen.values()].reduce((sum, bytes) => sum + bytes, 0);
}

/** The link's text first: looking behind it costs more, and nearly all descriptors have a name. */
function readUnnamed(descriptor: string): BigIntStats | null {
  try {
    if (!readlinkSync(descriptor).endsWith(" (deleted)")) return null;
    const stats = statSync(descriptor, { bigint: true });
    return stats.isFile() && stats.nlink === 0n ? stats : null;
  } catch {
    return null;
  }
}
