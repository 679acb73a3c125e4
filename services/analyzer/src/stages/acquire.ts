import { Fault, type ImageSource, type PinnedImage } from "@airlock/contracts";
import type { EngineImages, RunName } from "@airlock/sandbox";
import { lintConfig } from "../image/config-lint.ts";

export interface AcquireDeps {
  readonly images: EngineImages;
  /** Names whatever is brought into the engine. */
  readonly run: RunName;
}

export interface AcquiredImage {
  readonly image: PinnedImage;
  /** Gives back what acquire brought or held. To be called once, after the containers are gone. */
  release(): Promise<void>;
}

/** Makes an image ready in the engine, resolved once, checked before any container exists. */
export async function acquire(source: ImageSource, deps: AcquireDeps): Promise<AcquiredImage> {
  switch (source.kind) {
    case "engine":
      return acquireFromEngine(source.name, deps);
    case "registry":
    case "docker-archive":
    case "oci-archive":
    case "oci-layout":
      throw new Fault("INTERNAL", `images from ${source.kind} can't be taken yet`);
    default:
      return source satisfies never;
  }
}

async function acquireFromEngine(name: string, deps: AcquireDeps): Promise<AcquiredImage> {
  const found = await deps.images.inspect(name);
  if (found === null) {
    throw new Fault("IMAGE_NOT_FOUND", "the local engine has no such image", { hint: "`docker images` lists them." });
  }
  lintConfig(found.image.config);
  return { image: found.image, release: async () => {} };
}
