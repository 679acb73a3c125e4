import { type BigIntStats, lstatSync, mkdirSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { DetonationLimits, LayerEntry, LimitHit } from "@airlock/contracts";
import { describeContent, type FileContent, keepContent, readContent } from "./file-content.ts";
import { type ImageLayers, isWhiteout } from "./image-layers.ts";

/** Entries looked at, all places together. */
export const MAX_ENTRIES = 100_000;
const MAX_DEPTH = 200;
/** The kernel takes no longer path (PATH_MAX) with a name of 255 bytes at its end; a sample can nest folders deeper. */
const MAX_PATH_BYTES = 4096 - 257;

/** Of paths and links together, in characters: a hundred thousand of the longest would fill our memory. */
const MAX_TEXT = 32 * 1024 * 1024;

/** Longest turn at a stretch. */
const TURN_MS = 10;

export interface Place {
  readonly where: LayerEntry["where"];
  /** Host folder; nothing writes to it any more. */
  readonly folder: string;
  /** Where the sample sees it: `/` or `/data`. */
  readonly path: string;
  /** What is in it without the sample's doing, as long as it is of that type: neither reported nor looked into. */
  readonly known?: ReadonlyMap<string, LayerEntry["type"]>;
}

/**
 * Compares folders that a sample wrote to with its image, and keeps bounded copies of new files. Names are bytes until they
 * are reported: a sample may use ones that are no text.
 */
export class LayerWalk {
  readonly entries: LayerEntry[] = [];
  readonly #image: ImageLayers;
  readonly #limits: DetonationLimits;
  readonly #keepIn: string;
  readonly #opaque: ReadonlySet<string>;
  readonly #engineMade: readonly string[];
  #lastPause = 0;
  #seen = 0;
  readonly #kept = new Set<string>();
  #keptBytes = 0;
  #unkept = 0;
  #uncounted = false;
  #mayRead: number;
  #mayTell = MAX_TEXT;

  /**
   * `opaque` are folders that hide the image's (see `findOpaqueFolders`), `engineMade` folders that it makes when an image has them not
   * (working directory, mount points), `keepIn` is the folder for copies.
   */
  constructor(options: {
    image: ImageLayers;
    limits: DetonationLimits;
    opaque: ReadonlySet<string>;
    engineMade: readonly string[];
    keepIn: string;
  }) {
    const { opaque, engineMade, image, keepIn, limits } = options;
    this.#image = image;
    this.#limits = limits;
    // What the sample wrote at most, and the same of the image to compare it with.
    this.#mayRead = 2 * limits.diskBytes;
    this.#keepIn = keepIn;
    this.#opaque = opaque;
    this.#engineMade = engineMade.map((path) => `${path}/`);
    mkdirSync(keepIn, { recursive: true, mode: 0o700 });
    // Of programs, made when they were run; the bounds are for all.
    for (const name of readdirSync(keepIn)) {
      const stats = lstatSync(join(keepIn, name), { throwIfNoEntry: false });
      if (stats !== undefined) this.#count(name, stats.size);
    }
  }

  /** Adds everything in a place that differs from the image. */
  async walk(place: Place): Promise<void> {
    const prefix = Buffer.from(place.path === "/" ? "" : place.path);
    await this.#visit({ place, host: Buffer.from(place.folder), path: prefix, depth: 0 });
  }

  limits(): LimitHit[] {
    const hits: LimitHit[] = [];
    if (this.#unkept > 0) {
      const detail = `${this.#unkept} files were too large or too many to be copied or hashed`;
      hits.push({ limit: "dropped-files", bound: this.#limits.droppedFilesBytes, affectedSample: false, detail });
    }
    if (this.#uncounted) {
      const detail = "the writable layer holds more entries than were looked at";
      hits.push({ limit: "dropped-files", bound: MAX_ENTRIES, affectedSample: false, detail });
    }
    return hits;
  }

  async #visit(at: { place: Place; host: Buffer; path: Buffer; depth: number }): Promise<void> {
    if (at.depth > MAX_DEPTH || at.host.length > MAX_PATH_BYTES) {
      this.#uncounted = true;
      return;
    }
    const { where } = at.place;
    // A volume begins as a copy of what the image has there: what is missing from it is gone.
    if (where === "volume" || (where === "layer" && this.#opaque.has(at.path.toString("latin1")))) this.#reportGone(at);
    for (const name of readdirSync(at.host, { encoding: "buffer" }).toSorted((a, b) => a.compare(b))) {
      if (this.#seen++ >= MAX_ENTRIES) {
        this.#uncounted = true;
        return;
      }
      await this.#letOthersRun();
      const host = joinBytes(at.host, name);
      const path = joinBytes(at.path, name);
      const stats = lstatSync(host, { bigint: true, throwIfNoEntry: false });
      if (stats === undefined) continue;
      if (at.depth === 0 && at.place.known?.get(name.toString("latin1")) === typeOf(stats)) continue;
      const entry = this.#compare(at.place, host, path, stats);
      if (entry !== null) this.#tell(entry);
      if (!stats.isDirectory()) continue;
      await this.#visit({ place: at.place, host, path, depth: at.depth + 1 });
    }
  }

  /** Other samples of this process are watched meanwhile, and theirs is a matter of milliseconds. */
  async #letOthersRun(): Promise<void> {
    if (performance.now() - this.#lastPause < TURN_MS) return;
    await setImmediate();
    this.#lastPause = performance.now();
  }

  /** What the image has in a folder that hides it, and that folder has not. */
  #reportGone({ place, host, path }: { place: Place; host: Buffer; path: Buffer }): void {
    const present = new Set(readdirSync(host, { encoding: "latin1" }));
    for (const name of this.#image.list(path)) {
      if (present.has(name.toString("latin1")) || this.#seen++ >= MAX_ENTRIES) continue;
      const gone = joinBytes(path, name);
      const before = this.#image.find(gone);
      if (before !== null) this.#tell(describeDeleted(place, gone, before.stats));
    }
  }

  #tell(entry: LayerEntry): void {
    this.#mayTell -= entry.path.length + (entry.linkTarget?.length ?? 0);
    if (this.#mayTell < 0) this.#uncounted = true;
    else this.entries.push(entry);
  }

  /** Null when it is as in the image: a volume starts as a copy, and overlay makes folders on the way to a file. */
  #compare(place: Place, host: Buffer, path: Buffer, stats: BigIntStats): LayerEntry | null {
    const { where } = place;
    const before = this.#image.find(path);
    if (where === "layer" && isWhiteout(stats)) return describeDeleted(place, path, before?.stats);
    const base = {
      path: path.toString("utf8"),
      change: before === null ? ("added" as const) : ("changed" as const),
      where,
      ...describeStats(stats),
      ...(stats.isSymbolicLink() ? { linkTarget: readlinkSync(host, { encoding: "buffer" }).toString("utf8") } : {}),
    };
    if (before === null && where !== "shm" && this.#isEngineMade(base)) return null;
    if (!stats.isFile()) return before !== null && sameMetadata(stats, before.stats) ? null : base;
    const imageSha256 = before === null ? undefined : this.#readBounded(before.host, before.stats)?.sha256;
    const content = this.#read(host, stats, imageSha256);
    if (content?.sha256 === imageSha256 && imageSha256 !== undefined && before !== null) {
      if (sameMetadata(stats, before.stats)) return null;
    }
    return { ...base, ...content, ...(imageSha256 === undefined ? {} : { imageSha256 }) };
  }

  #isEngineMade({ mode, path, type, uid }: Pick<LayerEntry, "mode" | "path" | "type" | "uid">): boolean {
    const untouched = type === "directory" && mode === "0755" && uid === 0;
    return untouched && this.#engineMade.some((made) => made.startsWith(`${path}/`));
  }

  #read(host: Buffer, stats: BigIntStats, imageSha256: string | undefined): Partial<LayerEntry> | null {
    const { droppedFiles, droppedFilesBytes } = this.#limits;
    const content = this.#readBounded(host, stats);
    if (content === null) {
      this.#unkept++;
      return null;
    }
    const size = content.bytes.length;
    const described = describeContent(content);
    // Content that the image has at this path anyway is not evidence of anything.
    if (content.sha256 === imageSha256 || size === 0) return described;
    if (this.#kept.has(content.sha256)) return { ...described, kept: content.sha256 };
    if (this.#kept.size >= droppedFiles || this.#keptBytes + size > droppedFilesBytes) {
      this.#unkept++;
      return described;
    }
    keepContent(this.#keepIn, content);
    this.#count(content.sha256, size);
    return { ...described, kept: content.sha256 };
  }

  #count(name: string, size: number): void {
    this.#kept.add(name);
    this.#keptBytes += size;
  }

  /** All reads together are bounded: files with holes, or of one inode with many names, can be larger than any disk. */
  #readBounded(host: Buffer, stats: BigIntStats): FileContent | null {
    if (!stats.isFile() || stats.size > this.#limits.droppedFileBytes || stats.size > this.#mayRead) return null;
    this.#mayRead -= Number(stats.size);
    return readContent(host, this.#limits.droppedFileBytes);
  }
}

function describeDeleted({ where }: Place, path: Buffer, before: BigIntStats | undefined): LayerEntry {
  const was = before === undefined ? UNKNOWN : describeStats(before);
  return { path: path.toString("utf8"), change: "deleted", where, ...was };
}

const UNKNOWN = { type: "other" as const, size: 0, mode: "0", uid: 0, gid: 0 };

export function describeStats(stats: BigIntStats): Pick<LayerEntry, "type" | "size" | "mode" | "uid" | "gid"> {
  return {
    type: typeOf(stats),
    size: stats.isFile() ? Number(stats.size) : 0,
    mode: (Number(stats.mode) & 0o7777).toString(8).padStart(4, "0"),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
  };
}

function typeOf(stats: BigIntStats): LayerEntry["type"] {
  return stats.isFile() ? "file" : stats.isDirectory() ? "directory" : stats.isSymbolicLink() ? "symlink" : "other";
}

function sameMetadata(a: BigIntStats, b: BigIntStats): boolean {
  return a.mode === b.mode && a.uid === b.uid && a.gid === b.gid;
}

function joinBytes(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat([folder, Buffer.from("/"), name]);
}
