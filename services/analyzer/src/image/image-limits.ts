import { Fault } from "@airlock/contracts";

/** Bounds on what an image may cost before anything of it runs. */
export interface ImageLimits {
  /** All layers as they are stored or sent. */
  readonly packedBytes: number;
  /** All layers unpacked, as tar streams. */
  readonly unpackedBytes: number;
  readonly layers: number;
  /** Entries of all layers together: inodes can run out before bytes do. */
  readonly entries: number;
  readonly pathBytes: number;
  /** How many times its packed size one layer may unpack to, once it is larger than EXPANSION_FLOOR. */
  readonly expansion: number;
  /** Names and targets of symbolic links that are remembered. */
  readonly linkBytes: number;
}

const GiB = 1024 ** 3;

/** 127 layers is the engine's own bound; the kernel's for a path is 4096. */
export const DEFAULT_IMAGE_LIMITS: ImageLimits = {
  packedBytes: 10 * GiB,
  unpackedBytes: 10 * GiB,
  layers: 127,
  entries: 1_000_000,
  pathBytes: 4096,
  expansion: 200,
  linkBytes: 64 * 1024 ** 2,
};

/** Small layers of zeros are harmless and common in tests of all kinds. */
const EXPANSION_FLOOR = 256 * 1024 ** 2;

/** Adds up what an image's layers take; each method throws IMAGE_TOO_LARGE when its bound is passed. */
export class ImageAccount {
  readonly limits: ImageLimits;
  #unpacked = 0;
  #entries = 0;
  #linkBytes = 0;

  constructor(limits: ImageLimits) {
    this.limits = limits;
  }

  addUnpacked(bytes: number): void {
    this.#unpacked += bytes;
    if (this.#unpacked > this.limits.unpackedBytes) throw tooLarge("unpacks to more bytes", this.limits.unpackedBytes);
  }

  addEntry(path: string): void {
    this.#entries++;
    if (this.#entries > this.limits.entries) throw tooLarge("has more entries", this.limits.entries);
    if (Buffer.byteLength(path) > this.limits.pathBytes) throw tooLarge("has a longer path", this.limits.pathBytes);
  }

  addLink(path: string, target: string): void {
    this.#linkBytes += path.length + target.length;
    if (this.#linkBytes > this.limits.linkBytes) throw tooLarge("has more text in links", this.limits.linkBytes);
  }

  checkExpansion(packed: number, unpacked: number): void {
    if (unpacked > EXPANSION_FLOOR && unpacked > packed * this.limits.expansion) {
      throw tooLarge("has a layer that expands more times", this.limits.expansion);
    }
  }
}

/** Checks what is known before a byte of a layer is read. Throws IMAGE_TOO_MANY_LAYERS, IMAGE_TOO_LARGE. */
export function checkLayers(layers: number, bytes: number, limits: ImageLimits): void {
  if (layers > limits.layers) {
    throw new Fault("IMAGE_TOO_MANY_LAYERS", `the image has ${layers} layers; ${limits.layers} are allowed`);
  }
  if (bytes > limits.packedBytes) throw tooLarge("has more bytes", limits.packedBytes);
}

function tooLarge(what: string, bound: number): Fault {
  return new Fault("IMAGE_TOO_LARGE", `the image ${what} than is allowed (${bound})`);
}
