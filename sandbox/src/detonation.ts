import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type DetonationPlan, type Outcome, type PinnedImage, Recording, RUN_FILES, toFault } from "@airlock/contracts";
import { measureBootToUnixNs } from "./clock.ts";
import { requireFreeSpace } from "./disk-watch.ts";
import { SampleContainer } from "./docker/sample-container.ts";
import type { SandboxParts } from "./docker/sandbox-parts.ts";
import { type EtcFile, readEtcFiles } from "./layer/etc-files.ts";
import { hashImagePrograms } from "./layer/image-programs.ts";
import { collectLayer } from "./layer/layer-collection.ts";
import { requireWholeCopies } from "./layer/whole-copies.ts";
import { liveOut, refuseAborted, type SampleLife } from "./sample-life.ts";
import type { DetonateOptions, DetonationProgress } from "./sandbox.ts";
import { prepareSetting, type Setting } from "./setting.ts";

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
  requireWholeCopies();
  const setting = await prepareSetting(plan, image, options, parts);
  const [recorded] = await Promise.allSettled([record(setting, plan, image, options, tell)]);
  const [down] = await Promise.allSettled([setting.takeDown()]);
  if (down.status === "rejected") parts.abandon(options.runName);
  // What went wrong first says more than what could not be removed because of it; the reaper takes care of that.
  if (recorded.status === "rejected") refuseAborted(options.signal);
  if (recorded.status === "rejected") throw toFault(recorded.reason, "INTERNAL", "the run failed");
  if (down.status === "rejected") throw toFault(down.reason, "TEARDOWN_FAILED");
  tell("done");
}

type Tell = (phase: DetonationProgress["phase"], figures?: { events: number; lost: number }) => void;

async function record(
  setting: Setting,
  plan: DetonationPlan,
  image: PinnedImage,
  options: DetonateOptions,
  tell: Tell,
): Promise<void> {
  const etcBefore = readEtcFiles(setting.pause.etcFiles);
  const bootToUnixNs = measureBootToUnixNs();
  const tellFigures = (phase: DetonationProgress["phase"]) => tell(phase, setting.trace.progress());
  const life = await liveOut(setting, plan, options.signal, tellFigures);
  tellFigures("collecting");
  try {
    const recording = await closeBooks(setting, { plan, image, bootToUnixNs, etcBefore, life }, options);
    refuseAborted(options.signal);
    await writeRecording(options.runFolder, recording);
  } finally {
    life.devices?.close();
  }
}

interface Run {
  readonly plan: DetonationPlan;
  readonly image: PinnedImage;
  readonly bootToUnixNs: bigint;
  readonly etcBefore: readonly EtcFile[];
  readonly life: SampleLife;
}

/** All at once: the sample is dead, and nothing that happens now is within sight of a sensor. */
async function closeBooks(setting: Setting, run: Run, options: DetonateOptions): Promise<Recording> {
  const { bootToUnixNs, etcBefore, image, life, plan } = run;
  const alive = {
    tracer: setting.trace.alive,
    capture: setting.capture.alive,
    sinkhole: setting.sinkhole.alive,
    // Volumes and shared memory are read through it.
    pause: setting.pause.isAlive(),
  };
  const concluding = life.conclude();
  concluding.catch(() => undefined);
  const layers = setting.sample instanceof SampleContainer ? setting.sample.layers : null;
  const sealing = setting.trace.seal();
  const [trace, imagePrograms, capture, sink, layer] = await Promise.all([
    sealing,
    sealing.then(() => hashImagePrograms(join(options.runFolder, RUN_FILES.trace), layers?.lowers ?? [])),
    setting.capture.stop(),
    setting.sinkhole.stop(),
    collectLayer({
      plan,
      runFolder: options.runFolder,
      layers,
      volumes: setting.volumes,
      pausePid: alive.pause ? setting.pause.pid : null,
      devices: life.devices,
      etcBefore,
    }),
  ]);
  // A copy of a program that the recorder died over.
  await rm(join(options.runFolder, RUN_FILES.dropped, ".part"), { force: true });
  const layerWhole = alive.pause && setting.pause.isAlive();
  // The engine takes its time to note a death, and to remove a container: it can do both at once.
  setting.beginTakeDown();
  const { end, outputWhole } = await concluding;
  return Recording.parse({
    schemaVersion: 1,
    plan,
    image,
    outcome: trace.started || !alive.tracer ? end.outcome : neverExecuted(end.outcome),
    startedAt: life.startedAt.toISOString(),
    endedAt: life.endedAt.toISOString(),
    windowMs: life.windowMs,
    bootToUnixNs: bootToUnixNs.toString(),
    sampleAddresses: [...setting.network.sampleAddresses],
    sinkAddresses: [...setting.network.sinkAddresses],
    trace,
    capture,
    sink,
    output: life.output.result(),
    layer: layer.entries,
    imagePrograms,
    survivors: [...end.survivors],
    stopSurvivors: [...end.stopSurvivors],
    survivorsUnexamined: end.survivorsUnexamined,
    sensors: [
      { name: "tracer", confirmed: true, aliveAtEnd: alive.tracer && setting.trace.alive, detail: "" },
      { name: "capture", confirmed: true, aliveAtEnd: alive.capture, detail: "" },
      { name: "sinkhole", confirmed: true, aliveAtEnd: alive.sinkhole, detail: "" },
      { name: "output", confirmed: true, aliveAtEnd: outputWhole, detail: "" },
      { name: "layer", confirmed: true, aliveAtEnd: layerWhole, detail: "" },
      { name: "resources", confirmed: true, aliveAtEnd: true, detail: "" },
    ],
    limits: [...end.limits, ...life.output.limits(), ...layer.limits],
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
