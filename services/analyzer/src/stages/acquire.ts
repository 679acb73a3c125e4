import { Fault, type ImageSource, type Platform } from "@airlock/contracts";
import { type ResolveOptions, requirePlatform, runnablePlatforms } from "@airlock/registry";
import type { EngineImages, RunName } from "@airlock/sandbox";
import { type AcquiredImage, usePresent } from "../image/acquired-image.ts";
import { bringIn } from "../image/bring-in.ts";
import { openDockerArchive } from "../image/docker-archive.ts";
import { lintEngineImage } from "../image/engine-lint.ts";
import { ArchiveFiles, FolderFiles } from "../image/file-set.ts";
import { DEFAULT_IMAGE_LIMITS, type ImageLimits } from "../image/image-limits.ts";
import type { IncomingImage } from "../image/incoming-image.ts";
import { openOciLayout } from "../image/oci-layout.ts";
import { openRegistryImage } from "../image/registry-image.ts";
import { locateStored } from "../image/stored-image.ts";

export type { AcquiredImage } from "../image/acquired-image.ts";

export interface AcquireDeps {
  readonly images: EngineImages;
  /** Names whatever is brought into the engine. */
  readonly run: RunName;
  readonly signal?: AbortSignal;
  /** Wanted platform, such as `linux/386`; default the best of those that this host runs natively. */
  readonly platform?: string;
  readonly limits?: Partial<ImageLimits>;
  /** Credentials and such; default as `docker login` left them. */
  readonly registry?: Omit<ResolveOptions, "platforms" | "signal">;
  /** Bytes of layers read so far, of how many; of 0 where that is not known. */
  readonly onProgress?: (bytes: number, total: number) => void;
}

/**
 * Makes an image ready in the engine: resolved once, named by digest from then on, and looked through before any container
 * exists. When it throws, nothing was left behind. Throws the IMAGE_*, REGISTRY_* and ENGINE_* faults, and INTERRUPTED.
 */
export async function acquire(source: ImageSource, deps: AcquireDeps): Promise<AcquiredImage> {
  const settled = {
    ...deps,
    platforms: choosePlatforms(deps.platform),
    limits: { ...DEFAULT_IMAGE_LIMITS, ...deps.limits },
    signal: deps.signal ?? new AbortController().signal,
  };
  if (source.kind === "engine") return takeFromEngine(source.name, settled);
  return bringIn(await open(source, settled), settled);
}

type Settled = AcquireDeps & {
  readonly platforms: readonly Platform[];
  readonly limits: ImageLimits;
  readonly signal: AbortSignal;
};

function choosePlatforms(wanted: string | undefined): Platform[] {
  const runnable = runnablePlatforms();
  if (wanted === undefined) return runnable;
  const chosen = runnable.filter((platform) => platform === wanted || platform.startsWith(`${wanted}/`));
  if (chosen.length > 0) return chosen;
  throw new Fault("IMAGE_PLATFORM_UNSUPPORTED", `this host runs ${runnable.join(", ")}, not what was asked for`);
}

async function takeFromEngine(name: string, deps: Settled): Promise<AcquiredImage> {
  const found = await deps.images.inspect(name);
  if (found !== null) {
    requirePlatform(found.image.platform, deps.platforms);
    await lintEngineImage(found, deps.images, deps.limits);
    const acquired = await usePresent(found, found.image, deps);
    if (acquired !== null) return acquired;
  }
  throw new Fault("IMAGE_NOT_FOUND", "the local engine has no such image", { hint: "`docker images` lists them." });
}

async function open(source: Exclude<ImageSource, { kind: "engine" }>, deps: Settled): Promise<IncomingImage> {
  const { platforms, registry, signal } = deps;
  if (source.kind === "registry") return openRegistryImage(source.reference, platforms, { ...registry, signal });
  const stored = await locateStored(source.path);
  switch (source.kind) {
    case "docker-archive":
      return openDockerArchive(new ArchiveFiles(stored.path), stored, platforms);
    case "oci-archive":
      return openOciLayout(new ArchiveFiles(stored.path), stored, platforms);
    case "oci-layout":
      return openOciLayout(new FolderFiles(stored.path), stored, platforms);
    default:
      return source satisfies never;
  }
}
