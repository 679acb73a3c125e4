import { Digest, Fault, type ImageConfig, Platform, readImageConfig } from "@airlock/contracts";
import { z } from "zod";
import type { BlobDescriptor } from "./content.ts";

/** Media types of OCI and of Docker's second manifest version; the first has no verifiable layers and is refused. */
const INDEX_TYPES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
];
const MANIFEST_TYPES = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];
const CONFIG_TYPES = ["application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"];
const LAYER_TYPES = new Map<string, LayerCompression>([
  ["application/vnd.oci.image.layer.v1.tar", "none"],
  ["application/vnd.oci.image.layer.v1.tar+gzip", "gzip"],
  ["application/vnd.oci.image.layer.v1.tar+zstd", "zstd"],
  ["application/vnd.docker.image.rootfs.diff.tar", "none"],
  ["application/vnd.docker.image.rootfs.diff.tar.gzip", "gzip"],
  ["application/vnd.docker.image.rootfs.diff.tar.zstd", "zstd"],
]);

export const ACCEPTED_TYPES: readonly string[] = [...INDEX_TYPES, ...MANIFEST_TYPES];

export type LayerCompression = "none" | "gzip" | "zstd";

export interface LayerDescriptor extends BlobDescriptor {
  readonly compression: LayerCompression;
}

export interface IndexEntry {
  /** As written; another algorithm than ours is no error until such an entry is chosen. */
  readonly digest: string;
  readonly mediaType: string;
  /** Null for an entry that names none: an OCI layout's index often doesn't. */
  readonly platform: string | null;
  /** The name that an OCI layout gives it. */
  readonly refName: string | null;
}

export type ManifestDocument =
  | { readonly kind: "index"; readonly entries: readonly IndexEntry[] }
  | { readonly kind: "manifest"; readonly config: BlobDescriptor; readonly layers: readonly LayerDescriptor[] };

/** The part of an image's config that we use. */
export interface ConfigDocument {
  readonly platform: Platform;
  readonly config: ImageConfig;
  readonly diffIds: readonly Digest[];
}

// Only what is used is asked for: hostile or merely new fields beside it are neither read nor kept.
const Descriptor = z.object({
  mediaType: z.string(),
  digest: z.string(),
  size: z.number().int().nonnegative(),
  urls: z.array(z.string()).nullish(),
});
const Index = z.object({
  manifests: z.array(
    Descriptor.extend({
      platform: z
        .object({ os: z.string(), architecture: z.string(), variant: z.string().nullish() })
        .nullish()
        .catch(null),
      annotations: z.object({ "org.opencontainers.image.ref.name": z.string().optional() }).nullish().catch(null),
    }),
  ),
});
const Manifest = z.object({ config: Descriptor, layers: z.array(Descriptor) });
const Kind = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  manifests: z.unknown().optional(),
  layers: z.unknown().optional(),
});
const Config = z.object({
  os: z.string(),
  architecture: z.string(),
  variant: z.string().nullish(),
  config: z.unknown(),
  rootfs: z.object({ type: z.literal("layers"), diff_ids: z.array(Digest).nullish() }),
});

/**
 * Reads a manifest or an index. `contentType` is what the transport called it, null where it said nothing.
 * Throws IMAGE_MALFORMED, and IMAGE_LAYER_REFUSED for layers that are to be fetched from elsewhere.
 */
export function readManifestDocument(bytes: Uint8Array, contentType: string | null): ManifestDocument {
  const json = parseJson(bytes, "manifest");
  const kind = read(Kind, json, "manifest");
  const mediaType = kind.mediaType ?? contentType;
  // One document that two readers take for two things: CVE-2021-41190.
  if (kind.manifests !== undefined && kind.layers !== undefined) throw malformed("manifest is an index as well");
  if (kind.mediaType !== undefined && contentType !== null && kind.mediaType !== contentType) {
    throw malformed("manifest calls itself another type than the registry does");
  }
  if (mediaType !== null && !ACCEPTED_TYPES.includes(mediaType)) throw malformed("manifest has an unknown type");
  const isIndex = mediaType === null ? kind.manifests !== undefined : INDEX_TYPES.includes(mediaType);
  return isIndex ? readIndex(json) : readManifest(json);
}

function readIndex(json: unknown): ManifestDocument {
  const entries = read(Index, json, "index").manifests.map((entry) => ({
    digest: entry.digest,
    mediaType: entry.mediaType,
    platform: entry.platform ? formatPlatform(entry.platform) : null,
    refName: entry.annotations?.["org.opencontainers.image.ref.name"] ?? null,
  }));
  return { kind: "index", entries };
}

function readManifest(json: unknown): ManifestDocument {
  const { config, layers } = read(Manifest, json, "manifest");
  if (!CONFIG_TYPES.includes(config.mediaType)) {
    throw malformed("manifest is of an artifact that is no container image");
  }
  return { kind: "manifest", config: readDescriptor(config), layers: layers.map(readLayer) };
}

function readLayer(layer: z.infer<typeof Descriptor>): LayerDescriptor {
  if (layer.urls?.length || /nondistributable|foreign/.test(layer.mediaType)) {
    // Fetching from an address that the image chose would let it aim our requests.
    throw new Fault("IMAGE_LAYER_REFUSED", "a layer is to be fetched from an address that the image names");
  }
  const compression = LAYER_TYPES.get(layer.mediaType);
  if (compression === undefined) throw malformed("manifest has a layer of an unknown type");
  return { ...readDescriptor(layer), compression };
}

function readDescriptor(descriptor: z.infer<typeof Descriptor>): BlobDescriptor {
  const digest = Digest.safeParse(descriptor.digest);
  if (!digest.success) throw malformed("manifest names content by something else than a sha256 digest");
  return { digest: digest.data, sizeBytes: descriptor.size };
}

/** Reads an image's config file. Throws IMAGE_MALFORMED. */
export function readConfigDocument(bytes: Uint8Array): ConfigDocument {
  const config = read(Config, parseJson(bytes, "config"), "config");
  const platform = formatPlatform(config);
  if (platform === null) throw malformed("config names no platform");
  return { platform, config: readImageConfig(config.config), diffIds: config.rootfs.diff_ids ?? [] };
}

function formatPlatform(platform: { os: string; architecture: string; variant?: string | null | undefined }) {
  const parts = [platform.os, platform.architecture, platform.variant ?? ""].filter((part) => part !== "");
  const parsed = Platform.safeParse(parts.join("/").toLowerCase());
  return parsed.success ? parsed.data : null;
}

function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw malformed(`${what} is no JSON`);
  }
}

function read<T>(schema: z.ZodType<T>, json: unknown, what: string): T {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  // Only the first step of the path is ours for certain; keys below it may be the image's.
  throw malformed(`${what} is malformed at ${String(parsed.error.issues[0]?.path[0] ?? "its top")}`);
}

function malformed(what: string): Fault {
  return new Fault("IMAGE_MALFORMED", `the image's ${what}`);
}
