import { printable } from "@airlock/contracts";

const MAGIC: readonly (readonly [type: string, prefix: readonly number[]])[] = [
  ["elf", [0x7f, 0x45, 0x4c, 0x46]],
  ["script", [0x23, 0x21]],
  ["gzip", [0x1f, 0x8b]],
  ["zip", [0x50, 0x4b, 0x03, 0x04]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ["bzip2", [0x42, 0x5a, 0x68]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["deb", [0x21, 0x3c, 0x61, 0x72, 0x63, 0x68, 0x3e]],
  ["pdf", [0x25, 0x50, 0x44, 0x46]],
  ["wasm", [0x00, 0x61, 0x73, 0x6d]],
  ["class", [0xca, 0xfe, 0xba, 0xbe]],
  ["sqlite", [0x53, 0x51, 0x4c, 0x69, 0x74, 0x65]],
];

/** Kind of content by its first bytes; undefined for none. Never by the name, which a sample chooses. */
export function identifyContent(head: Uint8Array): string | undefined {
  if (head.length === 0) return undefined;
  for (const [type, prefix] of MAGIC) {
    if (prefix.every((byte, index) => head[index] === byte)) return type;
  }
  return decodeText(head) === null ? "data" : "text";
}

/** First bytes in printable form: UTF-8 where they are that, else one character per byte, all control characters escaped. */
export function printableBytes(bytes: Uint8Array, maxLength = 4096): string {
  return printable(decodeText(bytes) ?? Buffer.from(bytes).toString("latin1"), maxLength);
}

/** Null when the bytes are no text. A sequence cut at the end is no error: heads are cut anywhere. */
function decodeText(bytes: Uint8Array): string | null {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes, { stream: true });
    return text.includes("\0") ? null : text;
  } catch {
    return null;
  }
}
