import { addressText } from "./address-bytes.ts";

/** The stream between the relay (`native/udp-relay.h`) and the sinkhole: datagrams with a fixed header in front. */

const HEADER = 48;
/** More than UDP can carry; the relay never sends it. */
const MAX_PAYLOAD = 65_536;

export interface Datagram {
  readonly family: 4 | 6;
  /** Raw, as in the header, to go back the same way. */
  readonly header: Buffer;
  readonly sourceIp: string;
  readonly sourcePort: number;
  readonly destinationIp: string;
  readonly destinationPort: number;
  /** What the kernel has dropped so far on this family's socket. */
  readonly dropped: number;
  readonly payload: Buffer;
}

/** Cuts a stream of bytes into datagrams; null when it is broken, which our own relay's never is. */
export class DatagramReader {
  #left: Buffer = Buffer.alloc(0);

  read(chunk: Buffer): Datagram[] | null {
    let bytes = this.#left.length === 0 ? chunk : Buffer.concat([this.#left, chunk]);
    const datagrams: Datagram[] = [];
    while (bytes.length >= HEADER) {
      const length = bytes.readUInt32BE(0);
      if (length > MAX_PAYLOAD) return null;
      if (bytes.length < HEADER + length) break;
      datagrams.push(parse(bytes.subarray(0, HEADER), bytes.subarray(HEADER, HEADER + length)));
      bytes = bytes.subarray(HEADER + length);
    }
    this.#left = bytes.length === 0 ? Buffer.alloc(0) : Buffer.from(bytes);
    return datagrams;
  }
}

/** Frame that sends `payload` back to where a datagram came from, from the address it was sent to. */
export function encodeReply(to: Datagram, payload: Buffer): Buffer {
  const frame = Buffer.concat([to.header, payload]);
  frame.writeUInt32BE(payload.length, 0);
  return frame;
}

function parse(header: Buffer, payload: Buffer): Datagram {
  const family = header[8] === 4 ? 4 : 6;
  const address = (at: number) => addressText(header.subarray(at, at + (family === 4 ? 4 : 16)));
  return {
    family,
    header,
    sourceIp: address(16),
    sourcePort: header.readUInt16BE(12),
    destinationIp: address(32),
    destinationPort: header.readUInt16BE(14),
    dropped: header.readUInt32BE(4),
    payload,
  };
}
