import {
  buildImage,
  connectEngine,
  createRunName,
  openEngineImages,
  runTag,
  type ScratchImage,
} from "@airlock/sandbox";

/** An image of the demo in the local engine. */
export interface BuiltImage {
  /** By which the engine knows it. */
  readonly reference: string;
  remove(): Promise<void>;
}

export interface DemoEngine {
  build(image: ScratchImage): Promise<BuiltImage>;
}

/**
 * Builds into the local engine. Unless the images are to be kept they carry a run's tag instead of their own name, so that the
 * next start finds and removes them even after a `kill -9`. Throws ENGINE_UNREACHABLE, ENGINE_FOREIGN_KERNEL.
 */
export async function openDemoEngine(options: { readonly keep: boolean }): Promise<DemoEngine> {
  const { docker } = await connectEngine();
  const images = openEngineImages(docker);
  return {
    build: async (image) => {
      if (options.keep) {
        await buildImage(images, image);
        return { reference: image.reference, remove: async () => {} };
      }
      const run = createRunName();
      await buildImage(images, { ...image, reference: runTag(run) });
      return { reference: runTag(run), remove: () => images.release(run) };
    },
  };
}
