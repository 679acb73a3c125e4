import { Transform, type TransformCallback } from "node:stream";
import { Fault } from "@airlock/contracts";

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;

/** Link types we can take apart, by their LINKTYPE_ numbers. */
const LINK_TYPES = {
  0: "loopback",
  1: "ethernet",
  12: "raw",
  14: "raw",
  101: "raw",
  108: "loopback",
  113: "sll",
  276: "sll2",
} as const;
export type LinkType = (typeof LINK_TYPES)[keyof typeof LINK_TYPES];

/**
 * Stands in front of pcap-parser and lets only whole, plausible records through. That parser buffers without bound for a
 * record that claims a huge length, drops a cut tail silently and checks versions wrongly; behind this guard it can't.
 * Errors with the fault CAPTURE_FAILED when the file does not begin as a capture we can read. A record that can't be one
 * ends the reading: the rest is counted in `tailBytes`.
 */
export class RecordGuard extends Transform {
  linkType: LinkType | null = null;
  tailBytes = 0;
  readonly #maxPacketBytes: number;
  #bound = 0;
  #littleEndian = true;
  #carry: Buffer = Buffer.alloc(0);
  #stopped = false;

  constructor(maxPacketBytes: number) {
    super();
    this.#maxPacketBytes = maxPacketBytes;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    if (this.#stopped) {
      this.tailBytes += chunk.length;
      done();
      return;
    }
    const bytes = this.#carry.length === 0 ? chunk : Buffer.concat([this.#carry, chunk]);
    let offset = 0;
    if (this.linkType === null) {
      if (bytes.length < FILE_HEADER_BYTES) {
        this.#carry = bytes;
        done();
        return;
      }
      const fault = this.#readFileHeader(bytes);
      if (fault !== null) {
        done(fault);
        return;
      }
      offset = FILE_HEADER_BYTES;
    }
    offset = this.#endOfWholeRecords(bytes, offset);
    this.#carry = bytes.subarray(offset);
    if (this.#stopped) {
      this.tailBytes += this.#carry.length;
      this.#carry = Buffer.alloc(0);
    }
    if (offset > 0) this.push(bytes.subarray(0, offset));
    done();
  }

  override _flush(done: TransformCallback): void {
    this.tailBytes += this.#carry.length;
    done(this.linkType === null ? new Fault("CAPTURE_FAILED", "the capture has no whole file header") : null);
  }

  #readFileHeader(bytes: Buffer): Fault | null {
    const magic = bytes.readUInt32BE(0);
    // Nanosecond captures (a1b23c4d) and pcapng (0a0d0d0a) are refused: pcap-parser reads neither.
    if (magic !== 0xa1b2c3d4 && magic !== 0xd4c3b2a1) {
      return new Fault("CAPTURE_FAILED", `the capture begins with ${magic.toString(16)}, not a microsecond pcap magic`);
    }
    this.#littleEndian = magic === 0xd4c3b2a1;
    const major = this.#littleEndian ? bytes.readUInt16LE(4) : bytes.readUInt16BE(4);
    const minor = this.#littleEndian ? bytes.readUInt16LE(6) : bytes.readUInt16BE(6);
    if (major !== 2 || minor !== 4) {
      return new Fault("CAPTURE_FAILED", `the capture is of version ${major}.${minor}, not 2.4`);
    }
    const snapLength = this.#readUInt32(bytes, 16);
    this.#bound = Math.min(this.#maxPacketBytes, snapLength === 0 ? this.#maxPacketBytes : snapLength);
    // The upper half holds frame check sequence flags.
    const number = this.#readUInt32(bytes, 20) & 0xffff;
    const linkType = (LINK_TYPES as Record<number, LinkType | undefined>)[number];
    if (linkType === undefined) return new Fault("CAPTURE_FAILED", `the capture has the unknown link type ${number}`);
    this.linkType = linkType;
    return null;
  }

  #endOfWholeRecords(bytes: Buffer, start: number): number {
    let offset = start;
    while (offset + RECORD_HEADER_BYTES <= bytes.length) {
      const captured = this.#readUInt32(bytes, offset + 8);
      if (captured > this.#bound) {
        this.#stopped = true;
        break;
      }
      const end = offset + RECORD_HEADER_BYTES + captured;
      if (end > bytes.length) break;
      offset = end;
    }
    return offset;
  }

  #readUInt32(bytes: Buffer, offset: number): number {
    return this.#littleEndian ? bytes.readUInt32LE(offset) : bytes.readUInt32BE(offset);
  }
}
