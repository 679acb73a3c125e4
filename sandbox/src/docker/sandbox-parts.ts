import type { Recorder } from "../recorder/recorder.ts";
import type { Engine } from "./engine.ts";
import type { EngineImages } from "./images.ts";

/** What a detonation is made with; one set for a process. */
export interface SandboxParts {
  readonly engine: Engine;
  readonly images: EngineImages;
  /** The running tracer, started anew if the last one has died. */
  readonly recorder: () => Promise<Recorder>;
}
