import { type Digest, formatImageReference, type ImageReference, type Platform } from "@airlock/contracts";
import { type BlobDescriptor, type ByteStream, verifyContent } from "./content.ts";
import { type Credentials, findCredentials } from "./credentials.ts";
import type { Fetch } from "./http.ts";
import { runnablePlatforms } from "./platform.ts";
import { RegistrySource } from "./registry-source.ts";
import { type ResolvedImage, resolveContent } from "./resolve-content.ts";

export interface ResolveOptions {
  /** Best first; default what this host runs natively. */
  readonly platforms?: readonly Platform[];
  /** Default: looked up where `docker login` stores them. Null: none. */
  readonly credentials?: Credentials | null;
  readonly fetch?: Fetch;
  readonly signal?: AbortSignal;
  readonly headTimeoutMs?: number;
  readonly stallTimeoutMs?: number;
}

export interface RemoteImage {
  /** Canonical, with the digest of what the reference named (the index, where there is one). */
  readonly reference: string;
  readonly resolved: ResolvedImage;
  /** One layer's bytes as the registry has them, verified: the last read throws if the hash is another. */
  openLayer(layer: BlobDescriptor): Promise<ByteStream>;
}

/**
 * Resolves a reference at its registry, once: what is returned names everything by digest, and layers are read by digest.
 * Throws IMAGE_NOT_FOUND, IMAGE_MALFORMED, IMAGE_TOO_LARGE, IMAGE_DIGEST_MISMATCH, IMAGE_LAYER_REFUSED,
 * IMAGE_PLATFORM_UNSUPPORTED, REGISTRY_UNAUTHORIZED, REGISTRY_UNREACHABLE, REGISTRY_ERROR, INTERRUPTED.
 */
export async function resolveImage(reference: ImageReference, options: ResolveOptions = {}): Promise<RemoteImage> {
  const client = {
    fetch: options.fetch ?? fetch,
    signal: options.signal ?? new AbortController().signal,
    headTimeoutMs: options.headTimeoutMs ?? 30_000,
    stallTimeoutMs: options.stallTimeoutMs ?? 60_000,
  };
  const { credentials } = options;
  const source = new RegistrySource(client, reference, async () =>
    credentials === undefined ? findCredentials(reference.registry) : { credentials, problem: null },
  );
  const name = reference.digest ?? reference.tag ?? "latest";
  const resolved = await resolveContent(source, name, options.platforms ?? runnablePlatforms());
  const digest: Digest = resolved.indexDigest ?? resolved.manifestDigest;
  return {
    reference: formatImageReference({ ...reference, digest }),
    resolved,
    openLayer: async (layer) => verifyContent(await source.openBlob(layer), layer),
  };
}
