import { connectEngine, type EngineImages, openEngineImages } from "@airlock/sandbox";

/** The local engine's images, for tests that build and remove their own. */
export async function openTestEngine(): Promise<EngineImages> {
  const { docker } = await connectEngine();
  return openEngineImages(docker);
}
