import type { Recorder } from "../recorder/recorder.ts";
import type { RunName } from "../run-name.ts";
import type { Engine } from "./engine.ts";
import type { EngineImages } from "./images.ts";

/** What a detonation is made with; one set for a process. */
export interface SandboxParts {
  readonly engine: Engine;
  readonly images: EngineImages;
  /** The running tracer, started anew if the last one has died. */
  readonly recorder: () => Promise<Recorder>;
  /** Notes a run of which something could not be removed, so that it is tried again before the next one. */
  readonly abandon: (run: RunName) => void;
}
