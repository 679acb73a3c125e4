import { Digest, Fault, type ImageConfig, type Platform } from "@airlock/contracts";
import {
  type ContentSource,
  collectBounded,
  digestOf,
  MAX_DOCUMENT_BYTES,
  mismatch,
  verifyContent,
} from "./content.ts";
import { type LayerDescriptor, type ManifestDocument, readConfigDocument, readManifestDocument } from "./documents.ts";
import { choosePlatform, requirePlatform } from "./platform.ts";

/** An image resolved to bytes that can't change: everything in it is named by its hash. */
export interface ResolvedImage {
  readonly indexDigest: Digest | null;
  readonly manifestDigest: Digest;
  readonly configDigest: Digest;
  /** As the source gave them: their hash is the config digest. */
  readonly configBytes: Uint8Array;
  readonly config: ImageConfig;
  readonly platform: Platform;
  /** Lowest first; one for each of `diffIds`. */
  readonly layers: readonly LayerDescriptor[];
  readonly diffIds: readonly Digest[];
}

/** An index may lead to an index; real images need one level. */
const MAX_INDEX_DEPTH = 3;

/**
 * Walks from a tag or digest through indexes to one platform's manifest and config, each verified against its digest.
 * Throws IMAGE_MALFORMED, IMAGE_DIGEST_MISMATCH, IMAGE_PLATFORM_UNSUPPORTED, IMAGE_LAYER_REFUSED, and what the source throws.
 */
export async function resolveContent(
  source: ContentSource,
  tagOrDigest: string,
  platforms: readonly Platform[],
): Promise<ResolvedImage> {
  const { manifest, manifestDigest, indexDigest } = await findManifest(source, tagOrDigest, platforms);
  const configBytes = await readConfigBytes(source, manifest);
  const { config, platform, diffIds } = readConfigDocument(configBytes);
  requirePlatform(platform, platforms);
  if (diffIds.length !== manifest.layers.length) {
    throw new Fault("IMAGE_MALFORMED", "the image's config and manifest name different numbers of layers");
  }
  const configDigest = manifest.config.digest;
  return { indexDigest, manifestDigest, configDigest, configBytes, config, platform, layers: manifest.layers, diffIds };
}

type Manifest = Extract<ManifestDocument, { kind: "manifest" }>;

async function findManifest(source: ContentSource, tagOrDigest: string, platforms: readonly Platform[]) {
  let indexDigest: Digest | null = null;
  let name = tagOrDigest;
  for (let depth = 0; depth <= MAX_INDEX_DEPTH; depth++) {
    const { bytes, mediaType } = await source.readManifest(name);
    const digest = digestOf(bytes);
    if (name.startsWith("sha256:") && name !== digest) throw mismatch(`the manifest sent as ${name} has another hash`);
    const document: ManifestDocument = readManifestDocument(bytes, mediaType);
    if (document.kind === "manifest") return { manifest: document, manifestDigest: digest, indexDigest };
    indexDigest ??= digest;
    name = checkDigest(choosePlatform(document.entries, platforms).digest);
  }
  throw new Fault("IMAGE_MALFORMED", "the image's index leads to an index again and again");
}

function checkDigest(text: string): Digest {
  const digest = Digest.safeParse(text);
  if (!digest.success) throw new Fault("IMAGE_MALFORMED", "the image's index names a manifest by no sha256 digest");
  return digest.data;
}

async function readConfigBytes(source: ContentSource, manifest: Manifest): Promise<Uint8Array> {
  if (manifest.config.sizeBytes > MAX_DOCUMENT_BYTES) {
    throw new Fault("IMAGE_TOO_LARGE", `the image's config is longer than ${MAX_DOCUMENT_BYTES} bytes`);
  }
  const blob = await source.openBlob(manifest.config);
  return collectBounded(verifyContent(blob, manifest.config), MAX_DOCUMENT_BYTES, "the image's config");
}
