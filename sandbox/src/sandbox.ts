import type { DetonationPlan, PinnedImage } from "@airlock/contracts";
import type { RunName } from "./run-name.ts";

/** Live figures for people; never evidence. */
export interface DetonationProgress {
  readonly phase: "preparing" | "running" | "stopping" | "collecting" | "done";
  readonly elapsedMs: number;
  readonly events: number;
  readonly lost: number;
}

export interface DetonateOptions {
  /** Names everything that this run makes on the host; the same that the image was brought in under. */
  readonly runName: RunName;
  /** Empty folder that is ours; filled with the files of RUN_FILES. */
  readonly runFolder: string;
  /** Aborting tears everything down and rejects with the fault INTERRUPTED. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: DetonationProgress) => void;
}

/**
 * The isolation port. Resolves once the run is recorded in `runFolder` (recording.json last, so that its presence means
 * complete) and nothing of the run is left on the host. Rejects only with a Fault, which is always a failure of ours;
 * whatever the sample does is data in the recording.
 */
export interface Sandbox {
  detonate(plan: DetonationPlan, image: PinnedImage, options: DetonateOptions): Promise<void>;
  /** For reports: engine name, version and isolation, such as `docker 20.10.24 runc`. */
  describe(): Promise<{ engineVersion: string; sensorBuild: string }>;
}
