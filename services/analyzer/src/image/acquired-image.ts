import type { PinnedImage } from "@airlock/contracts";
import { type EngineImage, type EngineImages, isRunReference, type RunName } from "@airlock/sandbox";

export interface AcquiredImage {
  readonly image: PinnedImage;
  /** Gives back what acquire brought or held, once the containers are gone. A second call does nothing. */
  readonly release: () => Promise<void>;
}

export interface HoldDeps {
  readonly images: EngineImages;
  readonly run: RunName;
}

/**
 * Uses an image that the engine has already. One of the user's is left exactly as it is. One that only other runs refer to
 * is held by a tag of this run, so that their end doesn't take it away; null when it went before that was done.
 */
export async function usePresent(
  found: EngineImage,
  image: PinnedImage,
  deps: HoldDeps,
): Promise<AcquiredImage | null> {
  const isBroughtByRuns = found.references.length > 0 && found.references.every(isRunReference);
  if (!isBroughtByRuns) return { image, release: async () => {} };
  return (await deps.images.hold(found.id, deps.run)) ? releasable(image, deps) : null;
}

/** An image that carries the run's tag. */
export function releasable(image: PinnedImage, { images, run }: HoldDeps): AcquiredImage {
  let releasing: Promise<void> | null = null;
  return {
    image,
    release: () => {
      releasing ??= images.release(run);
      return releasing;
    },
  };
}
