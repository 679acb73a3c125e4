export { type DockerSandbox, openDockerSandbox } from "./docker/docker-sandbox.ts";
export { connectEngine, type Engine } from "./docker/engine.ts";
export {
  buildImage,
  ImageArchive,
  type LayerFile,
  packImage,
  packLayer,
  type ScratchImage,
} from "./docker/image-archive.ts";
export {
  type EngineImage,
  type EngineImages,
  isRunReference,
  openEngineImages,
  ownerOfReference,
  runTag,
} from "./docker/images.ts";
export type { CheckResult } from "./doctor/check.ts";
export { examineHost } from "./doctor/examination.ts";
export { reap } from "./reaper.ts";
export { type CanaryResult, runCanary } from "./recorder/canary.ts";
export { createTraceDamage, readTrace, type TraceDamage } from "./recorder/decode.ts";
export { Recorder, type RecorderOptions, type TrackOptions } from "./recorder/recorder.ts";
export type { TraceSession } from "./recorder/trace-session.ts";
export { createReplaySandbox } from "./replay/replay-sandbox.ts";
export { createRunFolder } from "./run-folder.ts";
export { createRunName, isOwnerAlive, parseRunName, type RunName } from "./run-name.ts";
export type { DetonateOptions, DetonationProgress, Sandbox } from "./sandbox.ts";
