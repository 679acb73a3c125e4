import type { CapturedPacket } from "./capture-file.ts";
import type { FragmentTable } from "./fragments.ts";
import { decodeIpv4, decodeIpv6, type InternetPacket, skipIpv6Extensions } from "./internet.ts";
import { decodeLink, ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from "./link-layer.ts";
import { decodeIcmp, decodeTcp, decodeUdp, decodeUdpLite, type Segment } from "./transport.ts";

/** A packet taken apart down to its transport payload. Buffers are views into the captured record. */
export interface DecodedPacket extends Segment {
  readonly time: number;
  readonly source: Buffer;
  readonly destination: Buffer;
}

/**
 * Takes one record apart. `ignored` is traffic that no program asks for (ARP, neighbour discovery, other link protocols) and
 * a fragment whose datagram is not whole yet; `malformed` is a header that contradicts itself.
 */
export function decodePacket(
  record: CapturedPacket,
  fragments: FragmentTable,
): DecodedPacket | "ignored" | "malformed" {
  const link = decodeLink(record.linkType, record.data);
  if (link === null) return "malformed";
  const cut = record.originalLength > record.data.length;
  let packet: InternetPacket | null;
  if (link.etherType === ETHERTYPE_IPV4) packet = decodeIpv4(link.payload);
  else if (link.etherType === ETHERTYPE_IPV6) packet = decodeIpv6(link.payload);
  else return "ignored";
  if (packet === null) return "malformed";
  // Without a cut by the snap length, a header that promises more than there is lies.
  if (!cut && packet.payload.length < packet.payloadLength) return "malformed";

  let { protocol, payload, payloadLength } = packet;
  if (packet.fragment !== null) {
    const whole = fragments.add(packet);
    if (whole === null) return "ignored";
    const inner = packet.source.length === 16 ? skipIpv6Extensions(whole.protocol, whole.payload) : whole;
    if (inner === null) return "malformed";
    ({ protocol, payload } = inner);
    payloadLength = payload.length;
  }
  const segment = decodeTransport(protocol, payload, payloadLength);
  if (segment === null) return "malformed";
  if (segment === "housekeeping") return "ignored";
  return { time: record.time, source: packet.source, destination: packet.destination, ...segment };
}

function decodeTransport(protocol: number, payload: Buffer, length: number): Segment | "housekeeping" | null {
  switch (protocol) {
    case 6:
      return decodeTcp(payload, length);
    case 17:
      return decodeUdp(payload, length);
    case 136:
      return decodeUdpLite(payload, length);
    case 1:
      return decodeIcmp(payload, length);
    case 58: {
      const type = payload[0] ?? 0;
      // Multicast listener and neighbour discovery: the kernel's own, on every interface that comes up.
      return (type >= 130 && type <= 137) || type === 143 ? "housekeeping" : decodeIcmp(payload, length);
    }
    default:
      return { protocol: "other", number: protocol, sourcePort: 0, destinationPort: 0, payload, payloadLength: length };
  }
}
