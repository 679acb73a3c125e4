import { createHash } from "node:crypto";
import { type Digest, Fault } from "@airlock/contracts";

/** What a manifest says of one piece of content. */
export interface BlobDescriptor {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

export type ByteStream = AsyncIterable<Uint8Array>;

/**
 * Where the pieces of an image are read from: a registry, or an OCI layout on disk. Nothing that comes out of one is
 * trusted before its hash was compared.
 */
export interface ContentSource {
  /** A manifest or index by tag or digest, at most MAX_DOCUMENT_BYTES. `mediaType` null where the source doesn't say. */
  readManifest(tagOrDigest: string): Promise<{ bytes: Uint8Array; mediaType: string | null }>;
  /** Bytes of a blob, unverified; wrap in `verifyContent`. */
  openBlob(blob: BlobDescriptor): Promise<ByteStream>;
}

/** Docker and containerd have the same bound for manifests; configs stay far below it. */
export const MAX_DOCUMENT_BYTES = 4 * 1024 * 1024;

export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** Passes bytes through and throws IMAGE_DIGEST_MISMATCH when there are more or fewer than said, or their hash is another. */
export async function* verifyContent(source: ByteStream, blob: BlobDescriptor): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  let seen = 0;
  for await (const chunk of source) {
    seen += chunk.length;
    if (seen > blob.sizeBytes) throw mismatch(`${blob.digest} is longer than its ${blob.sizeBytes} bytes`);
    hash.update(chunk);
    yield chunk;
  }
  if (seen !== blob.sizeBytes) throw mismatch(`${blob.digest} has ${seen} bytes instead of ${blob.sizeBytes}`);
  if (`sha256:${hash.digest("hex")}` !== blob.digest)
    throw mismatch(`what was sent as ${blob.digest} has another hash`);
}

/** Collects a stream that may not be longer than `limit` bytes; throws IMAGE_TOO_LARGE. */
export async function collectBounded(source: ByteStream, limit: number, what: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let seen = 0;
  for await (const part of source) {
    seen += part.length;
    if (seen > limit) throw new Fault("IMAGE_TOO_LARGE", `${what} is longer than ${limit} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

export function mismatch(message: string): Fault {
  return new Fault("IMAGE_DIGEST_MISMATCH", message, {
    hint: "The image was damaged or changed on its way; nothing of it was used.",
  });
}
