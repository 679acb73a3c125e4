import { join } from "node:path";
import { type DetonationPlan, Fault, type PinnedImage, RUN_FILES, toFault } from "@airlock/contracts";
import { placeCgroup, SampleCgroup } from "./cgroup.ts";
import { planVolumes, type SampleVolume } from "./docker/hardening.ts";
import { ensurePauseImage, type PauseContainer, startPause } from "./docker/pause-container.ts";
import { removeRunContainers } from "./docker/run-containers.ts";
import { findEngineImage, SampleContainer } from "./docker/sample-container.ts";
import type { SandboxParts } from "./docker/sandbox-parts.ts";
import { createVolumes, removeVolume } from "./docker/volumes.ts";
import { RESOLVER_ADDRESS } from "./network/addresses.ts";
import { type Capture, startCapture } from "./network/capture.ts";
import { createSampleNetwork, type SampleNetwork } from "./network/sample-network.ts";
import { type Sinkhole, startSinkhole } from "./network/sinkhole.ts";
import type { TraceSession } from "./recorder/trace-session.ts";
import type { DetonateOptions } from "./sandbox.ts";

/** Of the sinkhole's log; the capture has the same traffic in full. */
const SINK_LOG_BYTES = 32 * 1024 * 1024;

/** Everything around one sample, each sensor confirmed, the sample itself created and not yet started. */
export interface Setting {
  readonly cgroup: SampleCgroup;
  readonly trace: TraceSession;
  readonly volumes: readonly SampleVolume[];
  readonly pause: PauseContainer;
  readonly network: SampleNetwork;
  readonly sinkhole: Sinkhole;
  readonly capture: Capture;
  readonly sample: SampleContainer;
  readonly layers: { readonly upper: string; readonly lowers: readonly string[] };
  /** Removes all of it. Tries every part even when one fails, and then throws TEARDOWN_FAILED. */
  takeDown(): Promise<void>;
}

/** Builds the setting, what can be at the same time; on any failure what was built is gone again. */
export async function prepareSetting(
  plan: DetonationPlan,
  image: PinnedImage,
  options: DetonateOptions,
  parts: SandboxParts,
): Promise<Setting> {
  const { docker, facts } = parts.engine;
  const { runName, runFolder, signal } = options;
  const volumes = planVolumes(plan, image.config.volumes, runName);
  const cgroup = SampleCgroup.create(facts.cgroupDriver, runName);
  const undo = new Undo();
  undo.add("control groups", () => cgroup.remove());

  try {
    const tracing = undo.started("trace", startTrace(parts, cgroup, runFolder, plan), (trace) => trace.seal());
    undo.add("volumes", () => Promise.all(volumes.map(({ name }) => removeVolume(docker, name))));
    undo.add("containers", () => removeRunContainers(docker, runName));
    const [pauseImage, imageReference] = await Promise.all([
      ensurePauseImage(parts.images),
      findEngineImage(docker, image),
      createVolumes(docker, plan, volumes, runName),
    ]);
    const pause = await startPause(docker, plan, {
      runName,
      image: pauseImage,
      cgroupParent: placeCgroup(facts.cgroupDriver, runName, "pause").engineParent,
      volumes,
      resolverAddress: RESOLVER_ADDRESS,
    });
    refuseAborted(signal);
    const sensing = undo.started("network", startNetwork(plan, options, pause.pid, undo), () => undefined);
    const creating = createSample(parts, plan, {
      runName,
      image: imageReference,
      cgroupParent: cgroup.place.engineParent,
      volumes,
      hostCpus: facts.cpus,
      openFilesBound: pause.openFiles,
    });
    // All are waited for even when one fails: what is still being built can't be taken down.
    const [traced, sensed, created] = await Promise.allSettled([tracing, sensing, creating]);
    return {
      cgroup,
      volumes,
      pause,
      trace: unwrap(traced),
      ...unwrap(sensed),
      ...unwrap(created),
      takeDown: () => undo.run(),
    };
  } catch (error) {
    // The cause says more than what could not be undone; the reaper takes care of that.
    await undo.run().catch(() => undefined);
    throw error;
  }
}

async function startTrace(
  { recorder }: SandboxParts,
  cgroup: SampleCgroup,
  runFolder: string,
  plan: DetonationPlan,
): Promise<TraceSession> {
  const { ringBytes, traceBytes } = plan.limits;
  const outputPath = join(runFolder, RUN_FILES.trace);
  return (await recorder()).track({ cgroupPath: cgroup.path, outputPath, ringBytes, traceBytes });
}

type Sensors = Pick<Setting, "network" | "sinkhole" | "capture">;

/** The sinkhole before the capture: its own proof of reach must not be in there. */
async function startNetwork(
  plan: DetonationPlan,
  { runName, runFolder }: DetonateOptions,
  pausePid: number,
  undo: Undo,
): Promise<Sensors> {
  const network = await createSampleNetwork({ runName, pausePid });
  undo.add("network", () => network.dispose());
  const sinkhole = await startSinkhole({
    network,
    logPath: join(runFolder, RUN_FILES.sink),
    logBytes: SINK_LOG_BYTES,
    exposedPorts: plan.exposedPorts,
  });
  undo.add("sinkhole", () => sinkhole.stop());
  const { captureBytes, captureSnaplen } = plan.limits;
  const capture = await startCapture({
    network,
    path: join(runFolder, RUN_FILES.capture),
    maxBytes: captureBytes,
    snaplen: captureSnaplen,
  });
  undo.add("capture", () => capture.stop());
  return { network, sinkhole, capture };
}

async function createSample(
  { engine }: SandboxParts,
  plan: DetonationPlan,
  placement: Parameters<typeof SampleContainer.create>[2],
): Promise<Pick<Setting, "sample" | "layers">> {
  const sample = await SampleContainer.create(engine.docker, plan, placement);
  const layers = await sample.layerFolders();
  if (layers === null) {
    throw new Fault("ENGINE_ERROR", "the engine's storage shows no writable layer", {
      hint: "Set the engine's storage driver to overlay2.",
    });
  }
  return { sample, layers };
}

function refuseAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new Fault("INTERRUPTED", "interrupted; everything was torn down");
}

function unwrap<T>(settled: PromiseSettledResult<T>): T {
  if (settled.status === "rejected") throw settled.reason;
  return settled.value;
}

/** What has to be undone, the latest first; each step runs whatever became of the others. */
class Undo {
  readonly #steps: { readonly what: string; readonly step: () => unknown }[] = [];
  #running: Promise<void> | null = null;

  add(what: string, step: () => unknown): void {
    this.#steps.push({ what, step });
  }

  /** For something that is still coming up: undone once it is there, and not at all if it never is. */
  started<T>(what: string, coming: Promise<T>, step: (thing: T) => unknown): Promise<T> {
    coming.catch(() => undefined);
    this.add(what, () => coming.then(step, () => undefined));
    return coming;
  }

  run(): Promise<void> {
    this.#running ??= this.#undo();
    return this.#running;
  }

  async #undo(): Promise<void> {
    const failures: string[] = [];
    for (let last = this.#steps.pop(); last !== undefined; last = this.#steps.pop()) {
      const { what, step } = last;
      await Promise.resolve()
        .then(step)
        .catch((error: unknown) => failures.push(`${what}: ${toFault(error).message}`));
    }
    if (failures.length > 0) throw new Fault("TEARDOWN_FAILED", `left behind: ${failures.join("; ")}`);
  }
}
