import type { PinnedImage } from "@airlock/contracts";
import type { ByteStream } from "@airlock/registry";

/** One layer on its way in, under the name it will have in the archive that the engine loads. */
export interface IncomingLayer {
  readonly name: string;
  readonly sizeBytes: number;
  /** Plain or compressed tar. Verified where the source names a hash: then the last read throws if it is another. */
  readonly bytes: ByteStream;
}

/** An image from outside the engine, pinned, of which no layer has been read yet. */
export interface IncomingImage {
  /** `sizeBytes` is not known before the layers were unpacked. */
  readonly pinned: Omit<PinnedImage, "sizeBytes">;
  /** Their hash is the config digest, and so the engine's id. */
  readonly configBytes: Uint8Array;
  /** Names of the layers, lowest first; one that occurs twice in the image occurs twice here. */
  readonly layerNames: readonly string[];
  /** What all layers take as they are stored, where that is known beforehand. */
  readonly packedBytes: number;
  /** Each named layer once, in whatever order they are stored; each must be read before the next is asked for. */
  layers(): AsyncIterable<IncomingLayer>;
}
