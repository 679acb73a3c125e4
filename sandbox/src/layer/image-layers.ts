import { type BigIntStats, lstatSync } from "node:fs";

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
  find(path: Buffer): { readonly host: Buffer; readonly stats: BigIntStats } | null {
    for (const lower of this.#lowers) {
      const found = lookIn(lower, path);
      if (found === "hidden") return null;
      if (found !== null) return found;
    }
    return null;
  }
}

const SLASH = 0x2f;

function lookIn(lower: Buffer, path: Buffer): { host: Buffer; stats: BigIntStats } | "hidden" | null {
  for (let at = path.indexOf(SLASH, 1); at !== -1; at = path.indexOf(SLASH, at + 1)) {
    const stats = lstatSync(Buffer.concat([lower, path.subarray(0, at)]), { bigint: true, throwIfNoEntry: false });
    if (stats === undefined) return null;
    if (!stats.isDirectory()) return "hidden";
  }
  const host = Buffer.concat([lower, path]);
  const stats = lstatSync(host, { bigint: true, throwIfNoEntry: false });
  if (stats === undefined) return null;
  return isWhiteout(stats) ? "hidden" : { host, stats };
}

/** How overlay marks what an upper layer has deleted: a character device 0/0. */
export function isWhiteout(stats: BigIntStats): boolean {
  return stats.isCharacterDevice() && stats.rdev === 0n;
}
