import { Fault, toFault } from "@airlock/contracts";
import type { ByteStream } from "@airlock/registry";
import { type EngineImage, ImageArchive, runTag } from "@airlock/sandbox";
import { type AcquiredImage, type HoldDeps, releasable, usePresent } from "./acquired-image.ts";
import { lintConfig } from "./config-lint.ts";
import { linksOf, lintEngineImage, lintUnpacked } from "./engine-lint.ts";
import { checkLayers, ImageAccount, type ImageLimits } from "./image-limits.ts";
import { followLinks } from "./image-links.ts";
import type { IncomingImage } from "./incoming-image.ts";
import { emptyFindings, type LayerFindings, lintLayer } from "./layer-lint.ts";

export interface BringDeps extends HoldDeps {
  readonly limits: ImageLimits;
  readonly signal: AbortSignal;
  readonly onProgress?: (bytes: number, total: number) => void;
}

/**
 * Brings an image into the engine under the run's tag, each layer read once: its hash, its entries and the engine's copy are
 * all made from the same bytes as they pass. The engine keeps nothing until the last layer was found good.
 * An image that is there already is used as it is.
 */
export async function bringIn(incoming: IncomingImage, deps: BringDeps): Promise<AcquiredImage> {
  lintConfig(incoming.pinned.config);
  checkLayers(incoming.pinned.diffIds.length, incoming.packedBytes, deps.limits);
  const present = await takePresent(incoming, deps);
  if (present !== null) return present;
  await load(incoming, deps);
  try {
    return await confirm(incoming, deps);
  } catch (error) {
    await deps.images.release(deps.run);
    throw error;
  }
}

async function takePresent(incoming: IncomingImage, deps: BringDeps): Promise<AcquiredImage | null> {
  const found = await deps.images.inspect(incoming.pinned.configDigest);
  if (found === null) return null;
  await lintEngineImage(found, deps.images, deps.limits);
  return usePresent(found, { ...incoming.pinned, sizeBytes: found.image.sizeBytes }, deps);
}

async function load(incoming: IncomingImage, deps: BringDeps): Promise<void> {
  const archive = new ImageArchive();
  const loading = deps.images.load(archive.stream);
  loading.catch(() => {});
  const interrupt = () => archive.abort(new Fault("INTERRUPTED", "the image was not brought in to its end"));
  deps.signal.addEventListener("abort", interrupt, { once: true });
  try {
    const layers = await copyLayers(incoming, archive, deps);
    refuseOtherLayers(incoming, layers);
    const links = linksOf([...layers.values()]);
    lintConfig(incoming.pinned.config, (path) => followLinks(path, links));
    archive.finish(incoming.configBytes, runTag(deps.run), incoming.layerNames);
  } catch (error) {
    archive.abort(error as Error);
    // Until the engine has let go, and for its own reason when that is why we stopped.
    const engineFault: unknown = await loading.catch((reason: unknown) => reason);
    throw error instanceof Fault ? error : toFault(engineFault ?? error, "ENGINE_ERROR");
  } finally {
    deps.signal.removeEventListener("abort", interrupt);
  }
  await loading;
}

/** By the name that a layer has on its way in. */
type Layers = Map<string, LayerFindings>;

async function copyLayers(incoming: IncomingImage, archive: ImageArchive, deps: BringDeps): Promise<Layers> {
  const account = new ImageAccount(deps.limits);
  const layers: Layers = new Map();
  const progress = { bytes: 0 };
  for await (const { name, sizeBytes, bytes } of incoming.layers()) {
    refuseInterrupted(deps.signal);
    const findings = emptyFindings();
    layers.set(name, findings);
    const counted = count(bytes, (read) => {
      progress.bytes += read;
      deps.onProgress?.(progress.bytes, incoming.packedBytes);
    });
    await archive.addLayer(name, sizeBytes, lintLayer(counted, account, findings));
  }
  refuseInterrupted(deps.signal);
  return layers;
}

/** The config's hashes of unpacked layers are what the image's own digest vouches for. */
function refuseOtherLayers(incoming: IncomingImage, layers: Layers): void {
  const { diffIds } = incoming.pinned;
  if (incoming.layerNames.some((name, place) => layers.get(name)?.diffId !== diffIds[place])) throw otherLayers();
}

function otherLayers(): Fault {
  return new Fault("IMAGE_DIGEST_MISMATCH", "the image has other layers than its config names");
}

async function* count(bytes: ByteStream, onRead: (read: number) => void): ByteStream {
  for await (const chunk of bytes) {
    onRead(chunk.length);
    yield chunk;
  }
}

function refuseInterrupted(signal: AbortSignal): void {
  if (signal.aborted) throw new Fault("INTERRUPTED", "the image was not brought in to its end");
}

/** The engine must have exactly what was pinned, and have unpacked it to nothing that was hidden from our own reading. */
async function confirm(incoming: IncomingImage, deps: BringDeps): Promise<AcquiredImage> {
  refuseInterrupted(deps.signal);
  const found = await deps.images.inspect(runTag(deps.run));
  if (found === null) throw new Fault("ENGINE_ERROR", "the engine has not got the image that it loaded");
  refuseOther(found, incoming);
  lintUnpacked(found);
  return releasable({ ...incoming.pinned, sizeBytes: found.image.sizeBytes }, deps);
}

function refuseOther(found: EngineImage, incoming: IncomingImage): void {
  const { configDigest, diffIds } = incoming.pinned;
  if (found.image.diffIds.join() !== diffIds.join()) {
    throw otherLayers();
  }
  if (found.id !== configDigest) {
    throw new Fault("ENGINE_ERROR", "the engine knows the image by another id than its config's digest", {
      hint: 'Its containerd image store does that: set "features": {"containerd-snapshotter": false} in daemon.json.',
    });
  }
}
