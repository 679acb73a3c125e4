import { type BigIntStats, lstatSync, readdirSync, readlinkSync } from "node:fs";

export interface ImageEntry {
  readonly host: Buffer;
  readonly stats: BigIntStats;
}

/** The image's own layers, topmost first: host folders of an overlay file system. */
export class ImageLayers {
  readonly #lowers: readonly Buffer[];

  constructor(lowers: readonly string[]) {
    this.#lowers = lowers.map((lower) => Buffer.from(lower));
  }

  /**
   * What the image has at a path of the sample's, links not followed; null when it has nothing there. Every folder on the way
   * is looked at, for a layer may have a link where another has a folder.
   */
  find(path: Buffer): ImageEntry | null {
    for (const lower of this.#lowers) {
      const found = lookIn(lower, path);
      if (found === "hidden") return null;
      if (found !== null) return found;
    }
    return null;
  }

  /** The same with links followed, those on the way too. Only the image's own: what a sample made of them is not seen. */
  resolve(path: Buffer): ImageEntry | null {
    let [done, rest] = [Buffer.alloc(0), splitPath(path)];
    for (let links = 0; links <= MAX_LINKS; ) {
      const [name, ...others] = rest;
      if (name === undefined) return this.find(done);
      rest = others;
      if (name.equals(UP)) {
        done = done.subarray(0, Math.max(0, done.lastIndexOf(SLASH)));
        continue;
      }
      const at: Buffer<ArrayBuffer> = Buffer.concat([done, Buffer.from("/"), name]);
      const found = this.find(at);
      if (found === null) return null;
      if (!found.stats.isSymbolicLink()) {
        done = at;
        continue;
      }
      links++;
      const target = readlinkSync(found.host, { encoding: "buffer" });
      rest = [...splitPath(target), ...rest];
      if (target[0] === SLASH) done = Buffer.alloc(0);
    }
    return null;
  }

  /** Names in a folder of the image, sorted. */
  list(path: Buffer): Buffer[] {
    const names = new Map<string, Buffer>();
    for (const lower of this.#lowers) {
      const found = lookIn(lower, path);
      if (found === "hidden" || (found !== null && !found.stats.isDirectory())) break;
      if (found === null) continue;
      for (const name of readdirSync(found.host, { encoding: "buffer" })) names.set(name.toString("latin1"), name);
    }
    return [...names.values()].toSorted((a, b) => a.compare(b));
  }
}

const SLASH = 0x2f;
const UP = Buffer.from("..");
/** As many as the kernel follows. */
const MAX_LINKS = 40;

function splitPath(path: Buffer): Buffer[] {
  const names = path.toString("latin1").split("/");
  return names.filter((name) => name !== "" && name !== ".").map((name) => Buffer.from(name, "latin1"));
}

function lookIn(lower: Buffer, path: Buffer): ImageEntry | "hidden" | null {
  for (let at = path.indexOf(SLASH, 1); at !== -1; at = path.indexOf(SLASH, at + 1)) {
    const stats = lookAt(Buffer.concat([lower, path.subarray(0, at)]));
    if (stats === null) return null;
    if (!stats.isDirectory()) return "hidden";
  }
  const host = Buffer.concat([lower, path]);
  const stats = lookAt(host);
  if (stats === null) return null;
  return isWhiteout(stats) ? "hidden" : { host, stats };
}

/** Null also for a path too long to be asked for: the kernel could not have unpacked it under that name either. */
function lookAt(path: Buffer): BigIntStats | null {
  try {
    return lstatSync(path, { bigint: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ENAMETOOLONG") return null;
    throw error;
  }
}

/** How overlay marks what an upper layer has deleted: a character device 0/0. */
export function isWhiteout(stats: BigIntStats): boolean {
  return stats.isCharacterDevice() && stats.rdev === 0n;
}
