import type { TraceAddress } from "@airlock/contracts";
import { MalformedRecord, type Span, textUntilNul } from "./trace-span.ts";

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;

export function readAddress({ bytes, from, to }: Span): TraceAddress {
  if (to - from < 4) throw new MalformedRecord("address is cut off");
  const family = bytes.readUInt16LE(from);
  const port = bytes.readUInt16LE(from + 2);
  const data = bytes.subarray(from + 4, to);
  if (family === AF_UNIX) return { family: "unix", path: readUnixPath(data) };
  if (family === AF_INET && data.length === 4) return { family: "ipv4", address: data.join("."), port };
  if (family === AF_INET6 && data.length === 16) return readIpv6(data, port);
  return { family: "other", number: family };
}

/** Abstract names begin with a NUL and may hold more; others end at the first. */
function readUnixPath(bytes: Buffer): string {
  if (bytes.length > 1 && bytes[0] === 0) return `@${bytes.toString("utf8", 1).replace(/\0+$/, "")}`;
  return textUntilNul({ bytes, from: 0, to: bytes.length });
}

/** An IPv4 address on an IPv6 socket is told as what it is on the wire. */
function readIpv6(bytes: Buffer, port: number): TraceAddress {
  const mapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes.readUInt16BE(10) === 0xffff;
  if (mapped) return { family: "ipv4", address: bytes.subarray(12).join("."), port };
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  return { family: "ipv6", address: compress(groups), port };
}

/** RFC 5952: the longest run of two or more zero groups, the first of equals, becomes `::`. */
function compress(groups: readonly string[]): string {
  let best = { at: 0, length: 1 };
  for (let at = 0; at < groups.length; at++) {
    let length = 0;
    while (groups[at + length] === "0") length++;
    if (length > best.length) best = { at, length };
  }
  if (best.length === 1) return groups.join(":");
  return `${groups.slice(0, best.at).join(":")}::${groups.slice(best.at + best.length).join(":")}`;
}
