/** TCP, UDP and ICMP headers. Pure views; null for what contradicts itself. Checksums are not looked at: offload leaves them wrong. */

interface TcpFields {
  readonly sequence: number;
  readonly syn: boolean;
  readonly ack: boolean;
  readonly fin: boolean;
  readonly rst: boolean;
}

export interface Segment {
  readonly protocol: "tcp" | "udp" | "icmp" | "other";
  /** IP protocol number for `other` and UDP-Lite, ICMP type for `icmp` (an echo reply counts as its request), else 0. */
  readonly number: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Buffer;
  /** By the headers; more than `payload.length` when the snap length cut the packet. */
  readonly payloadLength: number;
  readonly tcp?: TcpFields;
}

export function decodeTcp(bytes: Buffer, length: number): Segment | null {
  if (bytes.length < 20) return null;
  const headerLength = ((bytes[12] as number) >> 4) * 4;
  if (headerLength < 20 || headerLength > length) return null;
  const flags = bytes[13] as number;
  return {
    protocol: "tcp",
    number: 0,
    sourcePort: bytes.readUInt16BE(0),
    destinationPort: bytes.readUInt16BE(2),
    payload: bytes.subarray(Math.min(headerLength, bytes.length)),
    payloadLength: length - headerLength,
    tcp: {
      sequence: bytes.readUInt32BE(4),
      fin: (flags & 0x01) !== 0,
      syn: (flags & 0x02) !== 0,
      rst: (flags & 0x04) !== 0,
      ack: (flags & 0x10) !== 0,
    },
  };
}

export function decodeUdp(bytes: Buffer, length: number): Segment | null {
  if (bytes.length < 8) return null;
  // Zero is a jumbogram, or a length left to the device.
  const declared = bytes.readUInt16BE(4) || length;
  if (declared < 8 || declared > length) return null;
  return {
    protocol: "udp",
    number: 0,
    sourcePort: bytes.readUInt16BE(0),
    destinationPort: bytes.readUInt16BE(2),
    payload: bytes.subarray(8, Math.min(declared, bytes.length)),
    payloadLength: declared - 8,
  };
}

/** UDP-Lite (RFC 3828): the length's place tells how much is checked, and all of the packet is payload. */
export function decodeUdpLite(bytes: Buffer, length: number): Segment | null {
  if (bytes.length < 8 || length < 8) return null;
  return {
    protocol: "udp",
    number: 136,
    sourcePort: bytes.readUInt16BE(0),
    destinationPort: bytes.readUInt16BE(2),
    payload: bytes.subarray(8),
    payloadLength: length - 8,
  };
}

/** By their replies: type 0 is ICMP's, 129 is ICMPv6's, and neither means anything in the other protocol. */
const ECHO_REQUESTS = { 0: 8, 129: 128 } as const;

/** ICMP and ICMPv6 alike: type, code, checksum and four bytes by type, then data (of an echo: what it carries). */
export function decodeIcmp(bytes: Buffer, length: number): Segment | null {
  if (bytes.length < 4 || length < 4) return null;
  const type = bytes[0] as number;
  return {
    protocol: "icmp",
    number: type === 0 || type === 129 ? ECHO_REQUESTS[type] : type,
    sourcePort: 0,
    destinationPort: 0,
    payload: bytes.subarray(Math.min(8, bytes.length)),
    payloadLength: Math.max(0, length - 8),
  };
}
