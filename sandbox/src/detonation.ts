import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type DetonationPlan,
  Fault,
  type Outcome,
  type PinnedImage,
  Recording,
  RUN_FILES,
  toFault,
} from "@airlock/contracts";
import { measureBootToUnixNs } from "./clock.ts";
import { DiskWatch, requireFreeSpace } from "./disk-watch.ts";
import { type Refusal, SampleContainer } from "./docker/sample-container.ts";
import type { SandboxParts } from "./docker/sandbox-parts.ts";
import { type EtcFile, readEtcFiles } from "./layer/etc-files.ts";
import { collectLayer } from "./layer/layer-collection.ts";
import { OutputCollector } from "./output-collector.ts";
import { ResourceWatch } from "./resource-watch.ts";
import type { DetonateOptions, DetonationProgress } from "./sandbox.ts";
import { type LiveSetting, prepareSetting, type Setting } from "./setting.ts";
import { describeRefusal, stopSample } from "./stopping.ts";
import { type RunEnd, watchSample } from "./watching.ts";

/**
 * Runs one image under observation: the setting is built, every sensor is confirmed, the sample runs, is stopped and looked
 * at, the books are closed, and all is taken down whatever happened. The recording is written last.
 */
export async function detonate(
  plan: DetonationPlan,
  image: PinnedImage,
  options: DetonateOptions,
  parts: SandboxParts,
): Promise<void> {
  const begun = performance.now();
  const tell: Tell = (phase, figures = { events: 0, lost: 0 }) =>
    options.onProgress({ phase, elapsedMs: performance.now() - begun, ...figures });

  tell("preparing");
  requireFreeSpace(parts.engine.facts.rootFolder, plan.limits.diskBytes);
  const setting = await prepareSetting(plan, image, options, parts);
  const [recorded] = await Promise.allSettled([record(setting, plan, image, options, tell)]);
  const [down] = await Promise.allSettled([setting.takeDown()]);
  if (down.status === "rejected") parts.abandon(options.runName);
  // What went wrong first says more than what could not be removed because of it; the reaper takes care of that.
  if (options.signal.aborted && recorded.status === "rejected") throw interrupted();
  if (recorded.status === "rejected") throw toFault(recorded.reason, "INTERNAL", "the run failed");
  if (down.status === "rejected") throw toFault(down.reason, "TEARDOWN_FAILED");
  tell("done");
}

/** For what is still in the engine's pipes when the container has ended. */
const OUTPUT_DRAIN_MS = 10_000;

type Tell = (phase: DetonationProgress["phase"], figures?: { events: number; lost: number }) => void;

async function record(
  setting: Setting,
  plan: DetonationPlan,
  image: PinnedImage,
  options: DetonateOptions,
  tell: Tell,
): Promise<void> {
  const run = await runSample(setting, plan, options, tell);
  tell("collecting", setting.trace.progress());
  const recording = await closeBooks(setting, plan, image, options, run);
  if (options.signal.aborted) throw interrupted();
  await writeRecording(options.runFolder, recording);
}

interface SampleRun extends SampleLife {
  readonly output: OutputCollector;
  readonly endedAt: Date;
  readonly bootToUnixNs: bigint;
  readonly etcBefore: readonly EtcFile[];
}

async function runSample(
  setting: Setting,
  plan: DetonationPlan,
  { signal }: DetonateOptions,
  tell: Tell,
): Promise<SampleRun> {
  const output = new OutputCollector(plan.limits.outputBytes);
  const etcBefore = readEtcFiles(setting.pause.etcFiles);
  const bootToUnixNs = measureBootToUnixNs();
  const { sample } = setting;
  const life =
    sample instanceof SampleContainer
      ? await liveOut({ ...setting, sample }, plan, { output, signal }, tell)
      : neverLived(sample, plan, setting);
  return { ...life, output, endedAt: new Date(), bootToUnixNs, etcBefore };
}

interface SampleLife {
  readonly startedAt: Date;
  readonly windowMs: number;
  readonly end: RunEnd;
  /** The engine has closed the stream, so nothing of the output is missing. */
  readonly outputWhole: boolean;
}

async function liveOut(
  setting: LiveSetting,
  plan: DetonationPlan,
  { output, signal }: { output: OutputCollector; signal: AbortSignal },
  tell: Tell,
): Promise<SampleLife> {
  const { sample } = setting;
  await sample.attach(output);
  if (signal.aborted) throw interrupted();
  const startedAt = new Date();
  const start = performance.now();
  const refusal = await sample.start();
  if (refusal !== null) {
    sample.detach();
    return neverLived(refusal, plan, setting);
  }
  setting.sinkhole.stimulate();
  const resources = new ResourceWatch(setting.cgroup, plan.limits, setting.pause.pid, setting.volumes);
  const disk = new DiskWatch({
    upper: sample.layers.upper,
    files: Object.values(setting.pause.etcFiles),
    boundBytes: plan.limits.diskBytes,
    listProcesses: () => setting.cgroup.processes(),
  });
  const watched = { disk, output, resources, signal };
  const tellRunning = () => tell("running", setting.trace.progress());
  const watchEnd = await watchSample(setting, plan.durationMs, watched, tellRunning);
  const windowMs = performance.now() - start;
  if (signal.aborted) throw interrupted();

  tell("stopping", setting.trace.progress());
  const end = await stopSample(setting, plan, watched, watchEnd);
  if (signal.aborted) throw interrupted();
  const outputWhole = await output.closes(OUTPUT_DRAIN_MS);
  sample.detach();
  return { startedAt, windowMs, end, outputWhole };
}

function neverLived(refusal: Refusal, plan: DetonationPlan, { volumes }: Setting): SampleLife {
  return { startedAt: new Date(), windowMs: 0, end: describeRefusal(refusal, plan, volumes), outputWhole: true };
}

/** Sensors first: what is collected afterwards must not look like the sample's doing. */
async function closeBooks(
  setting: Setting,
  plan: DetonationPlan,
  image: PinnedImage,
  options: DetonateOptions,
  run: SampleRun,
): Promise<Recording> {
  const alive = {
    tracer: setting.trace.alive,
    capture: setting.capture.alive,
    sinkhole: setting.sinkhole.alive,
  };
  const [trace, capture, sink] = await Promise.all([
    setting.trace.seal(),
    setting.capture.stop(),
    setting.sinkhole.stop(),
  ]);
  const layer = await collectLayer({
    plan,
    runFolder: options.runFolder,
    layers: setting.sample instanceof SampleContainer ? setting.sample.layers : null,
    volumes: setting.volumes,
    pausePid: setting.pause.isAlive() ? setting.pause.pid : null,
    etcBefore: run.etcBefore,
  });
  // Volumes and shared memory are read through pause: without it they were not.
  const layerWhole = setting.pause.isAlive();
  const { end, output } = run;
  return Recording.parse({
    schemaVersion: 1,
    plan,
    image,
    outcome: trace.started || !alive.tracer ? end.outcome : neverExecuted(end.outcome),
    startedAt: run.startedAt.toISOString(),
    endedAt: run.endedAt.toISOString(),
    windowMs: run.windowMs,
    bootToUnixNs: run.bootToUnixNs.toString(),
    sampleAddresses: [...setting.network.sampleAddresses],
    sinkAddresses: [...setting.network.sinkAddresses],
    trace,
    capture,
    sink,
    output: output.result(),
    layer: layer.entries,
    survivors: [...end.survivors],
    sensors: [
      { name: "tracer", confirmed: true, aliveAtEnd: alive.tracer && setting.trace.alive, detail: "" },
      { name: "capture", confirmed: true, aliveAtEnd: alive.capture, detail: "" },
      { name: "sinkhole", confirmed: true, aliveAtEnd: alive.sinkhole, detail: "" },
      { name: "output", confirmed: true, aliveAtEnd: run.outputWhole, detail: "" },
      { name: "layer", confirmed: true, aliveAtEnd: layerWhole, detail: "" },
      { name: "resources", confirmed: true, aliveAtEnd: true, detail: "" },
    ],
    limits: [...end.limits, ...output.limits(), ...layer.limits],
    stoppedEarly: end.stoppedEarly,
  } satisfies Recording);
}

/** The runtime got as far as its own last step, and there the kernel refused the image's program: no code of it ran. */
function neverExecuted(outcome: Outcome): Outcome {
  return { ...outcome, kind: "never-started", code: null, signal: null };
}

/** Under its name only when whole: its presence says that the run is complete. */
async function writeRecording(folder: string, recording: Recording): Promise<void> {
  const path = join(folder, RUN_FILES.recording);
  await writeFile(`${path}.part`, JSON.stringify(recording), { mode: 0o600 });
  await rename(`${path}.part`, path);
}

function interrupted(): Fault {
  return new Fault("INTERRUPTED", "interrupted; everything was torn down");
}
