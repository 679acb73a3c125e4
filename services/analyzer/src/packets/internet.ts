/** IPv4 and IPv6 headers. All functions are pure views over the bytes given and return null for what contradicts itself. */

interface Fragment {
  readonly identification: number;
  /** Bytes. */
  readonly offset: number;
  readonly more: boolean;
}

export interface InternetPacket {
  /** Addresses as raw bytes: 4 or 16. */
  readonly source: Buffer;
  readonly destination: Buffer;
  /** Of what follows: 6 TCP, 17 UDP, 1 ICMP, 58 ICMPv6, ... */
  readonly protocol: number;
  /** Captured part of the payload. */
  readonly payload: Buffer;
  /** Length of the payload by the header; more than `payload.length` when the snap length cut it. */
  readonly payloadLength: number;
  /** Set when this is one fragment of a datagram. */
  readonly fragment: Fragment | null;
}

export function decodeIpv4(bytes: Buffer): InternetPacket | null {
  if (bytes.length < 20 || (bytes[0] as number) >> 4 !== 4) return null;
  const headerLength = ((bytes[0] as number) & 0x0f) * 4;
  // Zero where segmentation offload left the length to the device: then all that was captured belongs to it.
  const totalLength = bytes.readUInt16BE(2) || bytes.length;
  if (headerLength < 20 || headerLength > bytes.length || totalLength < headerLength) return null;
  const flags = bytes.readUInt16BE(6);
  const offset = (flags & 0x1fff) * 8;
  const more = (flags & 0x2000) !== 0;
  return {
    source: bytes.subarray(12, 16),
    destination: bytes.subarray(16, 20),
    protocol: bytes[9] as number,
    payload: bytes.subarray(headerLength, Math.min(totalLength, bytes.length)),
    payloadLength: totalLength - headerLength,
    fragment: offset > 0 || more ? { identification: bytes.readUInt16BE(4), offset, more } : null,
  };
}

/** Linux itself takes no more; a packet of nothing but extension headers is a way to stall a reader. */
const MAX_EXTENSION_HEADERS = 8;

export function decodeIpv6(bytes: Buffer): InternetPacket | null {
  if (bytes.length < 40 || (bytes[0] as number) >> 4 !== 6) return null;
  const declared = bytes.readUInt16BE(4) || bytes.length - 40;
  const end = Math.min(40 + declared, bytes.length);
  let protocol = bytes[6] as number;
  let offset = 40;
  let fragment: Fragment | null = null;
  for (let count = 0; isExtensionHeader(protocol); count++) {
    if (count === MAX_EXTENSION_HEADERS || offset + 8 > end) return null;
    const next = bytes[offset] as number;
    if (protocol === 44) {
      const field = bytes.readUInt16BE(offset + 2);
      const more = (field & 1) !== 0;
      const start = field & 0xfff8;
      // An "atomic" fragment is a whole packet.
      if (start > 0 || more) fragment = { identification: bytes.readUInt32BE(offset + 4), offset: start, more };
      offset += 8;
      protocol = next;
      // Whatever follows, headers included, belongs to the datagram that is put together.
      if (fragment !== null) break;
      continue;
    }
    const length = bytes[offset + 1] as number;
    offset += protocol === 51 ? (length + 2) * 4 : (length + 1) * 8;
    if (offset > end) return null;
    protocol = next;
  }
  return {
    source: bytes.subarray(8, 24),
    destination: bytes.subarray(24, 40),
    protocol,
    payload: bytes.subarray(offset, end),
    payloadLength: 40 + declared - offset,
    fragment,
  };
}

/** Extension headers left at the start of a reassembled IPv6 payload. */
export function skipIpv6Extensions(protocol: number, payload: Buffer): { protocol: number; payload: Buffer } | null {
  let next = protocol;
  let rest = payload;
  for (let count = 0; next === 0 || next === 43 || next === 51 || next === 60; count++) {
    if (count === MAX_EXTENSION_HEADERS || rest.length < 8) return null;
    const length = next === 51 ? ((rest[1] as number) + 2) * 4 : ((rest[1] as number) + 1) * 8;
    if (length > rest.length) return null;
    next = rest[0] as number;
    rest = rest.subarray(length);
  }
  return { protocol: next, payload: rest };
}

/** Hop-by-hop, routing, fragment, authentication, destination options. ESP (50) ends the readable part. */
function isExtensionHeader(protocol: number): boolean {
  return protocol === 0 || protocol === 43 || protocol === 44 || protocol === 51 || protocol === 60;
}

/** Text of a raw address: dotted, or RFC 5952 for IPv6 (lower case, the longest run of zeros cut, no dotted tail). */
export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, index) => ((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0));
  const run = longestZeroRun(groups);
  const text = (part: readonly number[]) => part.map((group) => group.toString(16)).join(":");
  if (run.length < 2) return text(groups);
  return `${text(groups.slice(0, run.start))}::${text(groups.slice(run.start + run.length))}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}
