import { posix } from "node:path";
import { Fault, formatImageReference, type Platform, parseImageReference } from "@airlock/contracts";
import { digestOf, MAX_DOCUMENT_BYTES, readConfigDocument, requirePlatform } from "@airlock/registry";
import { z } from "zod";
import type { ArchiveFiles } from "./file-set.ts";
import type { IncomingImage, IncomingLayer } from "./incoming-image.ts";
import { ambiguous, type StoredChoice } from "./oci-layout.ts";

const Manifest = z.array(
  z.object({ Config: z.string(), RepoTags: z.array(z.string()).nullish(), Layers: z.array(z.string()).nullish() }),
);
type Entry = z.infer<typeof Manifest>[number];

/** An archive may list thousands of images; links are as many as layers that occur twice. */
const MAX_LINKS = 10_000;

/**
 * Opens what `docker save` writes. It has no manifest digest: the image is known by its config's.
 * Throws IMAGE_MALFORMED, IMAGE_PLATFORM_UNSUPPORTED, IMAGE_REFERENCE_INVALID when it holds several images and none was
 * chosen, IMAGE_NOT_FOUND when the chosen one isn't there.
 */
export async function openDockerArchive(
  files: ArchiveFiles,
  stored: StoredChoice,
  platforms: readonly Platform[],
): Promise<IncomingImage> {
  const entry = chooseEntry(await readManifest(files), stored.choice);
  const configBytes = await files.read(posix.normalize(entry.Config), MAX_DOCUMENT_BYTES);
  if (configBytes === null) throw malformed("lacks the config that it names");
  const { config, platform, diffIds } = readConfigDocument(configBytes);
  requirePlatform(platform, platforms);
  const layers = await resolveLinks(files, entry.Layers ?? []);
  if (layers.length !== diffIds.length) throw malformed("has another number of layers than its config says");
  const configDigest = digestOf(configBytes);
  const identity = { digest: configDigest, digestKind: "config", configDigest } as const;
  return {
    pinned: { reference: entry.RepoTags?.[0] ?? stored.name, ...identity, platform, config, diffIds: [...diffIds] },
    configBytes,
    layerNames: layers.map((layer) => nameOf(layers, layer)),
    packedBytes: 0,
    layers: () => readLayers(files, layers),
  };
}

async function readManifest(files: ArchiveFiles): Promise<Entry[]> {
  const bytes = await files.read("manifest.json", MAX_DOCUMENT_BYTES);
  if (bytes === null) throw malformed("has no manifest.json");
  try {
    return Manifest.parse(JSON.parse(Buffer.from(bytes).toString("utf8")));
  } catch {
    throw malformed("has a manifest.json that can't be read");
  }
}

/** By tag in any spelling, or by place: `@0`. */
function chooseEntry(entries: readonly Entry[], choice: string | null): Entry {
  const chosen = choice === null ? entries : entries.filter((entry, place) => isChosen(entry, place, choice));
  const [only] = chosen;
  if (only !== undefined && chosen.length === 1) return only;
  if (chosen.length === 0) throw new Fault("IMAGE_NOT_FOUND", "the archive has no such image");
  throw ambiguous(entries.map((entry, place) => entry.RepoTags?.[0] ?? `@${place}`));
}

function isChosen(entry: Entry, place: number, choice: string): boolean {
  if (choice === `@${place}`) return true;
  const wanted = canonical(choice);
  return (entry.RepoTags ?? []).some((tag) => canonical(tag) === wanted);
}

function canonical(reference: string): string {
  try {
    return formatImageReference(parseImageReference(reference));
  } catch {
    return reference;
  }
}

/** Older engines store a layer that occurs twice as a link to its first place. */
async function resolveLinks(files: ArchiveFiles, layers: readonly string[]): Promise<string[]> {
  const links = await files.readLinks(MAX_LINKS);
  return layers.map((layer) => {
    let name = posix.normalize(layer);
    for (let hop = 0; hop < layers.length && links.has(name); hop++) name = links.get(name) ?? name;
    return name;
  });
}

/** Names in the archive are the image's; the engine gets ours, by place. */
function nameOf(layers: readonly string[], layer: string): string {
  return `${layers.indexOf(layer)}.tar`;
}

async function* readLayers(files: ArchiveFiles, layers: readonly string[]): AsyncIterable<IncomingLayer> {
  const wanted = new Set(layers);
  let left = wanted.size;
  for await (const { name, sizeBytes, bytes } of files.stream(wanted)) {
    left--;
    yield { name: nameOf(layers, name), sizeBytes, bytes };
  }
  if (left > 0) throw malformed("lacks a layer that it names");
}

function malformed(what: string): Fault {
  return new Fault("IMAGE_MALFORMED", `the image archive ${what}`);
}
