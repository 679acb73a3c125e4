import type { LinkType } from "./record-guard.ts";

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_IPV6 = 0x86dd;

/** What a frame carries: the EtherType and the bytes behind it. */
export interface LinkPayload {
  readonly etherType: number;
  readonly payload: Buffer;
}

/** Takes the link header off a frame. Null when the frame is too short for its own header. */
export function decodeLink(linkType: LinkType, frame: Buffer): LinkPayload | null {
  switch (linkType) {
    case "ethernet":
      return decodeEthernet(frame);
    case "sll":
      return frame.length < 16 ? null : { etherType: frame.readUInt16BE(14), payload: frame.subarray(16) };
    case "sll2":
      return frame.length < 20 ? null : { etherType: frame.readUInt16BE(0), payload: frame.subarray(20) };
    case "loopback":
      return frame.length < 4 ? null : decodeRaw(frame.subarray(4));
    case "raw":
      return decodeRaw(frame);
    default:
      return linkType satisfies never;
  }
}

function decodeEthernet(frame: Buffer): LinkPayload | null {
  if (frame.length < 14) return null;
  let offset = 12;
  let etherType = frame.readUInt16BE(offset);
  // 802.1Q, 802.1ad and the old QinQ value; Linux itself stacks two, a few more are let through.
  for (let tags = 0; tags < 4 && (etherType === 0x8100 || etherType === 0x88a8 || etherType === 0x9100); tags++) {
    offset += 4;
    if (frame.length < offset + 2) return null;
    etherType = frame.readUInt16BE(offset);
  }
  return { etherType, payload: frame.subarray(offset + 2) };
}

/** Raw IP says its version in the first four bits, so a loopback header's host-order family number is not needed. */
function decodeRaw(packet: Buffer): LinkPayload | null {
  const version = (packet[0] ?? 0) >> 4;
  if (version === 4) return { etherType: ETHERTYPE_IPV4, payload: packet };
  if (version === 6) return { etherType: ETHERTYPE_IPV6, payload: packet };
  return null;
}
