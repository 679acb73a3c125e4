import { Fault } from "@airlock/contracts";
import { detonate } from "../detonation.ts";
import { reap } from "../reaper.ts";
import { Recorder } from "../recorder/recorder.ts";
import type { RunName } from "../run-name.ts";
import type { Sandbox } from "../sandbox.ts";
import { connectEngine, type Engine } from "./engine.ts";
import { type EngineImages, openEngineImages } from "./images.ts";
import type { SandboxParts } from "./sandbox-parts.ts";

/** The sandbox on the local engine: hardened containers, recorded from outside by the host's own kernel. */
export interface DockerSandbox extends Sandbox {
  readonly images: EngineImages;
  readonly engine: Engine;
  /** Ends the tracer. */
  close(): Promise<void>;
}

/**
 * Opens it: connects to the engine and starts the tracer, which goes on loading while an image is being got. Throws
 * ENGINE_UNREACHABLE or ENGINE_FOREIGN_KERNEL; faults of the tracer show at the first detonation.
 */
export async function openDockerSandbox(): Promise<DockerSandbox> {
  let recording = startRecorder();
  const engine = await connectEngine().catch(async (error: unknown) => {
    await closeRecorder(recording);
    throw error;
  });
  const images = openEngineImages(engine.docker);
  const recorder = async () => {
    const current = await recording.catch(() => null);
    if (current?.alive !== true) recording = startRecorder();
    return recording;
  };
  const abandoned = new Set<RunName>();
  const parts: SandboxParts = { engine, images, recorder, abandon: (run) => abandoned.add(run) };
  return {
    images,
    engine,
    async detonate(plan, image, options) {
      await reapAbandoned(engine, images, abandoned);
      return detonate(plan, image, options, parts);
    },
    describe: async () => ({
      engineVersion: `docker ${engine.facts.version} ${engine.facts.runtime}`,
      sensorBuild: (await recorder()).build,
    }),
    close: () => closeRecorder(recording),
  };
}

/** An engine that was away when a run ended has kept its containers. If it still can't be done, the next run tries again. */
async function reapAbandoned(engine: Engine, images: EngineImages, abandoned: Set<RunName>): Promise<void> {
  if (abandoned.size === 0) return;
  const runs = new Set(abandoned);
  await reap(engine, images, (run) => runs.has(run));
  for (const run of runs) abandoned.delete(run);
}

function startRecorder(): Promise<Recorder> {
  // Its death is seen by whoever records: a session that is no longer alive.
  const starting = Recorder.start({ onDeath: () => undefined });
  starting.catch((error: unknown) => {
    if (!(error instanceof Fault)) throw error;
  });
  return starting;
}

async function closeRecorder(recording: Promise<Recorder>): Promise<void> {
  const recorder = await recording.catch(() => null);
  await recorder?.close();
}
