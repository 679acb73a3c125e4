/** The engine's own numbers. */
const STREAMS = { 1: "stdout", 2: "stderr" } as const;
export type OutputName = (typeof STREAMS)[keyof typeof STREAMS];

const HEADER_BYTES = 8;

/**
 * Takes the engine's stream of both outputs apart: frames with a header of one byte for the stream, three zeros and the length
 * in four. In one pass over each chunk and with nothing held back, because the sample decides how small the frames are: the
 * engine client's own reader copies the rest of a chunk for every frame in it, and calls itself as often.
 */
export class OutputFrames {
  readonly #take: (name: OutputName, part: Buffer) => void;
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerBytes = 0;
  #left = 0;
  #name: OutputName = "stdout";
  #broken = false;

  /** `take` gets parts of frames as they come; it must not keep them, for they are parts of the chunk. */
  constructor(take: (name: OutputName, part: Buffer) => void) {
    this.#take = take;
  }

  /** Nothing but whole frames so far. */
  get whole(): boolean {
    return !this.#broken && this.#left === 0 && this.#headerBytes === 0;
  }

  read(chunk: Buffer): void {
    for (let at = 0; at < chunk.length && !this.#broken; ) {
      at += this.#left > 0 ? this.#readContent(chunk, at) : this.#readHeader(chunk, at);
    }
  }

  #readContent(chunk: Buffer, at: number): number {
    const part = chunk.subarray(at, at + this.#left);
    this.#left -= part.length;
    this.#take(this.#name, part);
    return part.length;
  }

  #readHeader(chunk: Buffer, at: number): number {
    const copied = chunk.copy(this.#header, this.#headerBytes, at, at + HEADER_BYTES - this.#headerBytes);
    this.#headerBytes += copied;
    if (this.#headerBytes < HEADER_BYTES) return copied;
    this.#headerBytes = 0;
    const name = STREAMS[this.#header.readUInt8(0) as keyof typeof STREAMS];
    if (name === undefined || this.#header.readUIntBE(1, 3) !== 0) this.#broken = true;
    else this.#name = name;
    this.#left = this.#header.readUInt32BE(4);
    return copied;
  }
}
