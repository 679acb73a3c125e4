import { type Platform, parseImageReference } from "@airlock/contracts";
import { type RemoteImage, type ResolvedImage, type ResolveOptions, resolveImage } from "@airlock/registry";
import type { IncomingImage } from "./incoming-image.ts";

/** Resolves a reference at its registry; layers are fetched by digest as they are read. Throws what `resolveImage` throws. */
export async function openRegistryImage(
  reference: string,
  platforms: readonly Platform[],
  options: ResolveOptions,
): Promise<IncomingImage> {
  const remote = await resolveImage(parseImageReference(reference), { ...options, platforms });
  return describeResolved(remote.reference, remote.resolved, () => fetchLayers(remote));
}

async function* fetchLayers(remote: RemoteImage) {
  for (const [name, layer] of distinctLayers(remote.resolved)) {
    yield { name, sizeBytes: layer.sizeBytes, bytes: await remote.openLayer(layer) };
  }
}

/** An image that is known by its manifest, whatever its layers are read from. */
export function describeResolved(
  reference: string,
  resolved: ResolvedImage,
  layers: IncomingImage["layers"],
): IncomingImage {
  const { manifestDigest, configDigest, indexDigest, platform, config, diffIds } = resolved;
  const index = indexDigest === null ? {} : { indexDigest };
  return {
    pinned: {
      reference,
      digest: manifestDigest,
      digestKind: "manifest",
      configDigest,
      manifestDigest,
      ...index,
      platform,
      config,
      diffIds: [...diffIds],
    },
    configBytes: resolved.configBytes,
    layerNames: resolved.layers.map(({ digest }) => layerName(digest)),
    packedBytes: resolved.layers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    layers,
  };
}

/** A layer may occur twice in an image, above all the empty one. */
export function distinctLayers(resolved: ResolvedImage) {
  return new Map(resolved.layers.map((layer) => [layerName(layer.digest), layer]));
}

function layerName(digest: string): string {
  return `${digest.slice("sha256:".length)}.tar`;
}
