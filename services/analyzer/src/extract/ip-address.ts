import { SocketAddress } from "node:net";

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/;

/** One spelling per address: IPv6 in its short form (RFC 5952), IPv4-mapped IPv6 as the IPv4 that is on the wire. */
export function canonicalIp(address: string): string {
  if (!address.includes(":")) return address;
  let short = address.toLowerCase();
  try {
    short = new SocketAddress({ address, family: "ipv6" }).address;
  } catch {
    // A scope or something that is no address: stays as it was told.
  }
  return MAPPED.exec(short)?.[1] ?? short;
}

export function isIpAddress(text: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(text) || /^[0-9a-f:.]*:[0-9a-f:.]*$/i.test(text);
}
