import { pipeline } from "node:stream";
import { Fault, toFault } from "@airlock/contracts";
import { type ByteStream, collectBounded, MAX_DOCUMENT_BYTES } from "@airlock/registry";
import type { EngineImage, EngineImages } from "@airlock/sandbox";
import { extract } from "tar-stream";
import { lintConfig } from "./config-lint.ts";
import { checkLayers, ImageAccount, type ImageLimits } from "./image-limits.ts";
import { followLinks, type LinksAt } from "./image-links.ts";
import { canReadFolders, linksInFolders, lintFolders } from "./layer-folders.ts";
import { emptyFindings, type LayerFindings, lintLayer } from "./layer-lint.ts";

/**
 * Looks through an image that the engine has: its unpacked layers where they can be read on this host, and else what the
 * engine saves of it. Throws the IMAGE_* faults of a refused image.
 */
export async function lintEngineImage(found: EngineImage, images: EngineImages, limits: ImageLimits): Promise<void> {
  checkLayers(found.image.diffIds.length, found.image.sizeBytes, { ...limits, packedBytes: limits.unpackedBytes });
  lintConfig(found.image.config);
  if (lintUnpacked(found)) return;
  const links = await lintSaved(found, images, new ImageAccount(limits));
  lintConfig(found.image.config, (path) => followLinks(path, links));
}

/** Looks through the layers as the engine unpacked them; false where it keeps them in a way that we can't read. */
export function lintUnpacked(found: EngineImage): boolean {
  const { layerFolders } = found;
  if (layerFolders === null || !canReadFolders(layerFolders)) return false;
  lintFolders(layerFolders);
  const links = linksInFolders(layerFolders);
  lintConfig(found.image.config, (path) => followLinks(path, links));
  return true;
}

async function lintSaved(found: EngineImage, images: EngineImages, account: ImageAccount): Promise<LinksAt> {
  const layers: LayerFindings[] = [];
  const source = await images.save(found.id);
  const archive = extract();
  pipeline(source, archive as unknown as NodeJS.WritableStream, () => {
    // An error reaches whoever iterates.
  });
  try {
    for await (const entry of archive) {
      if (entry.header.type === "file")
        await lintSavedFile(entry as ByteStream, entry.header.size, { account, layers });
      entry.resume();
    }
  } catch (error) {
    throw toFault(error, "ENGINE_ERROR", "the engine's copy of the image can't be read");
  } finally {
    source.destroy();
  }
  return linksOf(layers);
}

interface SavedLint {
  readonly account: ImageAccount;
  readonly layers: LayerFindings[];
}

/** Whatever is no JSON is taken for a layer: names differ between engines, and a tar archive is never JSON. */
async function lintSavedFile(bytes: ByteStream, size: number, lint: SavedLint): Promise<void> {
  let source = bytes;
  if (size <= MAX_DOCUMENT_BYTES) {
    const document = await collectBounded(bytes, MAX_DOCUMENT_BYTES, "a document");
    if (isJson(document)) return;
    source = (async function* () {
      yield document;
    })();
  }
  const findings = emptyFindings();
  lint.layers.push(findings);
  for await (const chunk of lintLayer(source, lint.account, findings)) {
    if (chunk.length === 0) throw new Fault("INTERNAL", "an empty piece of a layer");
  }
}

function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(Buffer.from(bytes).toString("utf8"));
    return true;
  } catch {
    return false;
  }
}

/** Targets that any of these layers has for a path. */
export function linksOf(layers: readonly LayerFindings[]): LinksAt {
  return (path) => layers.flatMap(({ links }) => links.get(path) ?? []);
}
