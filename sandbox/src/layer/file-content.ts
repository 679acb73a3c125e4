import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface FileContent {
  readonly sha256: string;
  readonly contentType: string;
  readonly bytes: Buffer;
}

const HEAD = 512;

/**
 * Reads a regular file of at most `maxBytes`. Null for one that is larger, can't be read or is no regular file. Never follows a
 * link in the last step; that the steps before are real folders is the caller's. Nobody may be writing to it.
 */
export function readContent(path: Buffer, maxBytes: number): FileContent | null {
  const source = open(path);
  if (source === null) return null;
  try {
    const stats = fstatSync(source);
    if (!stats.isFile() || stats.size > maxBytes) return null;
    const bytes = readWhole(source, stats.size);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    return { sha256, contentType: recogniseContent(bytes.subarray(0, HEAD)), bytes };
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

function readWhole(source: number, size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  let total = 0;
  for (let length = -1; length !== 0 && total < size; total += length) {
    length = readSync(source, bytes, total, size - total, null);
  }
  return bytes.subarray(0, total);
}

export function describeContent({ sha256, contentType }: FileContent): Omit<FileContent, "bytes"> {
  return { sha256, contentType };
}

/** Copies it into `folder` under its hash. Never executable, and once: the same content under many names is one copy. */
export function keepContent(folder: string, { sha256, bytes }: FileContent): void {
  try {
    writeFileSync(join(folder, sha256), bytes, { flag: "wx", mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
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
