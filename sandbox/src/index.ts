export { buildImage, ImageArchive, type LayerFile, packImage, type ScratchImage } from "./docker/image-archive.ts";
export {
  type EngineImage,
  type EngineImages,
  openEngineImages,
  ownerOfReference,
  runTag,
} from "./docker/images.ts";
export { createRunName, isOwnerAlive, parseRunName, type RunName } from "./run-name.ts";
export type { DetonateOptions, DetonationProgress, Sandbox } from "./sandbox.ts";
