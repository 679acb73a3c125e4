import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";

export interface ReadContent {
  readonly sha256: string;
  readonly contentType: string;
}

const CHUNK = 256 * 1024;
const HEAD = 512;

/**
 * Hashes a regular file of at most `maxBytes`, and copies it into `keepIn` under its hash when that is given. Null for a file
 * that is larger or can't be read. Never follows a link in the last step; that the steps before are real folders is the caller's.
 */
export function readContent(path: Buffer, maxBytes: number, keepIn?: string): ReadContent | null {
  const source = open(path);
  if (source === null) return null;
  try {
    const hash = createHash("sha256");
    const chunks: Buffer[] = [];
    // Most files that a sample leaves are small, and there can be a great many.
    const chunkBytes = Math.min(CHUNK, fstatSync(source).size + 1);
    let head = Buffer.alloc(0);
    let total = 0;
    for (;;) {
      const chunk = Buffer.allocUnsafe(chunkBytes);
      const length = readSync(source, chunk, 0, chunkBytes, null);
      if (length === 0) break;
      total += length;
      if (total > maxBytes) return null;
      const part = chunk.subarray(0, length);
      if (head.length < HEAD) head = Buffer.concat([head, part.subarray(0, HEAD - head.length)]);
      hash.update(part);
      if (keepIn !== undefined) chunks.push(part);
    }
    const sha256 = hash.digest("hex");
    if (keepIn !== undefined) keep(join(keepIn, sha256), chunks);
    return { sha256, contentType: recogniseContent(head) };
  } finally {
    closeSync(source);
  }
}

/** Non-blocking, so that a fifo in a regular file's place can't hold us. */
function open(path: Buffer): number | null {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return null;
  }
}

/** Never executable, and once: the same content under many names is one copy. */
function keep(path: string, chunks: readonly Buffer[]): void {
  let target: number;
  try {
    target = openSync(path, "wx", 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return;
    throw error;
  }
  try {
    for (const chunk of chunks) {
      for (let at = 0; at < chunk.length; ) at += writeSync(target, chunk, at);
    }
  } finally {
    closeSync(target);
  }
}

const MAGIC: readonly (readonly [string, readonly number[]])[] = [
  ["elf", [0x7f, 0x45, 0x4c, 0x46]],
  ["script", [0x23, 0x21]],
  ["gzip", [0x1f, 0x8b]],
  ["zip", [0x50, 0x4b, 0x03, 0x04]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["bzip2", [0x42, 0x5a, 0x68]],
  ["pe", [0x4d, 0x5a]],
  ["wasm", [0x00, 0x61, 0x73, 0x6d]],
  ["png", [0x89, 0x50, 0x4e, 0x47]],
  ["jpeg", [0xff, 0xd8, 0xff]],
  ["pdf", [0x25, 0x50, 0x44, 0x46]],
  ["sqlite", [0x53, 0x51, 0x4c, 0x69, 0x74, 0x65]],
];

/** By first bytes; a name says nothing about what a sample wrote. */
function recogniseContent(head: Buffer): string {
  if (head.length === 0) return "empty";
  for (const [type, magic] of MAGIC) {
    if (magic.every((byte, index) => head[index] === byte)) return type;
  }
  const odd = head.filter((byte) => byte < 0x09 || (byte > 0x0d && byte < 0x20) || byte === 0x7f).length;
  return odd === 0 ? "text" : "data";
}
