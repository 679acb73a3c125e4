import { isIP } from "node:net";

/** Four or sixteen bytes of an address; null when the text is none. A zone is passed over. */
export function addressBytes(text: string): Buffer | null {
  const address = text.replace(/%.*$/, "");
  const version = isIP(address);
  if (version === 4) return Buffer.from(address.split(".").map(Number));
  return version === 6 ? ipv6Bytes(shortened(address)) : null;
}

/** Canonical text of four or sixteen bytes (RFC 5952). */
export function addressText(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join(".");
  return shortened(Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16)).join(":"));
}

/** The URL parser knows every form, dotted tails too. */
function shortened(address: string): string {
  return new URL(`http://[${address}]/`).hostname.slice(1, -1);
}

function ipv6Bytes(address: string): Buffer {
  const [head = "", tail = ""] = address.split("::");
  const groups = (text: string) => (text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16)));
  const before = groups(head);
  const after = groups(tail);
  const gap = Array.from({ length: 8 - before.length - after.length }, () => 0);
  return Buffer.from([...before, ...gap, ...after].flatMap((group) => [group >> 8, group & 0xff]));
}
