import { Fault, type Platform } from "@airlock/contracts";
import {
  type BlobDescriptor,
  type ContentSource,
  type LayerDescriptor,
  MAX_DOCUMENT_BYTES,
  readManifestDocument,
  resolveContent,
  verifyContent,
} from "@airlock/registry";
import type { FileSet } from "./file-set.ts";
import type { IncomingImage, IncomingLayer } from "./incoming-image.ts";
import { describeResolved, distinctLayers } from "./registry-image.ts";

export interface StoredChoice {
  /** Name of the file or folder, for people. */
  readonly name: string;
  /** Which of several images: the layout's own name for it, or `@` and its place, as skopeo writes it. */
  readonly choice: string | null;
}

/**
 * Opens an OCI image layout, in a folder or an archive. Throws IMAGE_REFERENCE_INVALID when it holds several images and none
 * was chosen, IMAGE_NOT_FOUND when the chosen one isn't there, and what `resolveContent` throws.
 */
export async function openOciLayout(
  files: FileSet,
  stored: StoredChoice,
  platforms: readonly Platform[],
): Promise<IncomingImage> {
  const index = await readIndex(files);
  const { entry, name } = chooseEntry(index, stored, platforms);
  const resolved = await resolveContent(new LayoutSource(files), entry, platforms);
  return describeResolved(name ?? stored.name, resolved, () => readLayers(files, distinctLayers(resolved)));
}

type Entries = Extract<ReturnType<typeof readManifestDocument>, { kind: "index" }>["entries"];

async function readIndex(files: FileSet): Promise<Entries> {
  const bytes = await files.read("index.json", MAX_DOCUMENT_BYTES);
  if (bytes === null) throw new Fault("IMAGE_MALFORMED", "this is no OCI layout: it has no index.json");
  const document = readManifestDocument(bytes, "application/vnd.oci.image.index.v1+json");
  if (document.kind !== "index" || document.entries.length === 0) {
    throw new Fault("IMAGE_MALFORMED", "the OCI layout lists no image");
  }
  return document.entries;
}

/** One entry, or among several of one name the platform's. Returns a digest. */
function chooseEntry(entries: Entries, stored: StoredChoice, platforms: readonly Platform[]) {
  const candidates = filterChosen(entries, stored.choice);
  const names = new Set(candidates.map((entry) => entry.refName));
  const byPlatform = platforms.flatMap((platform) => candidates.filter((entry) => entry.platform === platform));
  const entry = candidates.length === 1 ? candidates[0] : names.size === 1 ? byPlatform[0] : undefined;
  if (entry !== undefined) return { entry: entry.digest, name: entry.refName };
  throw ambiguous(entries.map(({ refName }, place) => refName ?? `@${place}`));
}

function filterChosen(entries: Entries, choice: string | null): Entries {
  if (choice === null) return entries;
  const chosen = entries.filter(({ refName }, place) => refName === choice || choice === `@${place}`);
  if (chosen.length === 0) throw new Fault("IMAGE_NOT_FOUND", "the OCI layout has no image of that name");
  return chosen;
}

/** For a file that holds several images, with the names that could have been asked for. */
export function ambiguous(choices: readonly string[]): Fault {
  return new Fault("IMAGE_REFERENCE_INVALID", `there are ${choices.length} images in it`, {
    hint: `Write one of these behind a colon: ${choices.slice(0, 20).join(", ")}`,
  });
}

class LayoutSource implements ContentSource {
  readonly #files: FileSet;

  constructor(files: FileSet) {
    this.#files = files;
  }

  async readManifest(digest: string): Promise<{ bytes: Uint8Array; mediaType: null }> {
    return { bytes: await this.#readBlob(digest), mediaType: null };
  }

  async openBlob(blob: BlobDescriptor) {
    const bytes = await this.#readBlob(blob.digest);
    return (async function* () {
      yield bytes;
    })();
  }

  async #readBlob(digest: string): Promise<Uint8Array> {
    const bytes = await this.#files.read(blobName(digest), MAX_DOCUMENT_BYTES);
    if (bytes === null) throw missing();
    return bytes;
  }
}

async function* readLayers(files: FileSet, layers: ReadonlyMap<string, LayerDescriptor>): AsyncIterable<IncomingLayer> {
  const names = new Map([...layers].map(([name, layer]) => [blobName(layer.digest), { name, layer }]));
  let left = names.size;
  for await (const file of files.stream(new Set(names.keys()))) {
    const found = names.get(file.name);
    if (found === undefined) continue;
    left--;
    yield { name: found.name, sizeBytes: found.layer.sizeBytes, bytes: verifyContent(file.bytes, found.layer) };
  }
  if (left > 0) throw missing();
}

/** Only ever made from a digest of 64 hex digits: no part of it can climb. */
function blobName(digest: string): string {
  if (!/^sha256:[0-9a-f]{64}$/.test(digest))
    throw new Fault("IMAGE_MALFORMED", "the OCI layout names no sha256 digest");
  return `blobs/sha256/${digest.slice("sha256:".length)}`;
}

function missing(): Fault {
  return new Fault("IMAGE_MALFORMED", "the OCI layout lacks content that it names");
}
