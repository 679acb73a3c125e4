import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type DetonationPlan, Fault, type PinnedImage, RUN_FILES } from "@airlock/contracts";
import { placeCgroup, SampleCgroup } from "./cgroup.ts";
import { planVolumes, type SampleVolume } from "./docker/hardening.ts";
import { ensurePauseImage, type PauseContainer, startPause } from "./docker/pause-container.ts";
import { removeRunContainer } from "./docker/run-containers.ts";
import { type Refusal, SampleContainer } from "./docker/sample-container.ts";
import type { SandboxParts } from "./docker/sandbox-parts.ts";
import { createVolumes, removeVolumes } from "./docker/volumes.ts";
import { RESOLVER_ADDRESS, SAMPLE_IPV4 } from "./network/addresses.ts";
import { type Capture, startCapture } from "./network/capture.ts";
import { createSampleNetwork, type SampleNetwork } from "./network/sample-network.ts";
import { type Sinkhole, startSinkhole } from "./network/sinkhole.ts";
import type { ProgramCopies } from "./recorder/recorder.ts";
import type { TraceSession } from "./recorder/trace-session.ts";
import type { DetonateOptions } from "./sandbox.ts";
import { Teardown } from "./teardown.ts";

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
  /** Or why there can be none of this image. */
  readonly sample: SampleContainer | Refusal;
  /** Begins to remove what is needed no more when the sensors are closed and the sample's files have been read. */
  beginTakeDown(): void;
  /** Removes all of it. Tries every part even when one fails, and then throws TEARDOWN_FAILED. */
  takeDown(): Promise<void>;
}

/** One whose sample can be started. */
export type LiveSetting = Setting & { readonly sample: SampleContainer };

/** Builds the setting; on any failure, and when it is interrupted meanwhile, what was built is gone again. */
export async function prepareSetting(
  plan: DetonationPlan,
  image: PinnedImage,
  options: DetonateOptions,
  parts: SandboxParts,
): Promise<Setting> {
  const teardown = new Teardown();
  const failed = new AbortController();
  const site: Site = { plan, image, options, parts, teardown, stop: AbortSignal.any([options.signal, failed.signal]) };
  try {
    return {
      ...(await build(site)),
      beginTakeDown: () => teardown.ahead("pause container", "network"),
      takeDown: () => teardown.run(),
    };
  } catch (error) {
    failed.abort();
    // The cause says more than what could not be undone; the reaper takes care of that.
    await teardown.run().catch(() => parts.abandon(options.runName));
    refuseStopped({ stop: options.signal });
    throw error;
  }
}

interface Site {
  readonly plan: DetonationPlan;
  readonly image: PinnedImage;
  readonly options: DetonateOptions;
  readonly parts: SandboxParts;
  readonly teardown: Teardown;
  /** Once aborted, nothing more is begun. */
  readonly stop: AbortSignal;
}

/**
 * Says of every part what it waits for, so that all else comes up at the same time. Each is known to the teardown before the
 * first has begun: one that comes up while another fails is undone too.
 */
async function build(site: Site): Promise<Omit<Setting, "beginTakeDown" | "takeDown">> {
  const { plan, image, options, parts, teardown } = site;
  const { docker, facts } = parts.engine;
  const { runName } = options;
  const volumes = planVolumes(plan, image.config.volumes, runName);
  const cgroup = SampleCgroup.create(facts.cgroupDriver, runName);
  void teardown.begun("control groups", "surroundings", Promise.resolve(), () => cgroup.remove());
  void teardown.begun("processes", "sensors", Promise.resolve(), async () => cgroup.kill());

  const volumed = teardown.begun("volumes", "surroundings", createVolumes(docker, plan, volumes, runName), () =>
    removeVolumes(docker, volumes),
  );
  const tracing = teardown.begun("trace", "sensors", startTrace(site, cgroup), (trace) => trace?.seal());
  const pausing = teardown.begun("pause container", "containers", startPauseOf(site, volumes, volumed), () =>
    removeRunContainer(docker, runName, "pause"),
  );
  const creating = teardown.begun("sample container", "containers", createSample(site, cgroup, volumes, pausing), () =>
    removeRunContainer(docker, runName, "sample"),
  );
  const networking = teardown.begun("network", "containers", startNetwork(site, pausing), (net) => net?.dispose());
  const sinking = teardown.begun("sinkhole", "sensors", startSink(site, networking), (sink) => sink?.stop());
  const capturing = teardown.begun("capture", "sensors", startPackets(site, networking, sinking), (it) => it?.stop());

  const [trace, pause, sample, network, sinkhole, capture] = await Promise.all([
    tracing,
    pausing,
    creating,
    networking,
    sinking,
    capturing,
  ]);
  refuseStopped(site);
  return { cgroup, trace, volumes, pause, network, sinkhole, capture, sample };
}

async function startTrace(site: Site, cgroup: SampleCgroup): Promise<TraceSession> {
  const { ringBytes, traceBytes } = site.plan.limits;
  const outputPath = join(site.options.runFolder, RUN_FILES.trace);
  const programs = await prepareCopies(site);
  const recorder = await site.parts.recorder();
  refuseStopped(site);
  return recorder.track({ cgroupPath: cgroup.path, outputPath, ringBytes, traceBytes, programs });
}

/** Copies of programs lie with those of files that were left. */
async function prepareCopies({ options, plan }: Site): Promise<ProgramCopies> {
  const { droppedFileBytes, droppedFiles, droppedFilesBytes } = plan.limits;
  const folder = join(options.runFolder, RUN_FILES.dropped);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return { folder, fileBytes: droppedFileBytes, allBytes: droppedFilesBytes, files: droppedFiles };
}

async function startPauseOf(
  site: Site,
  volumes: readonly SampleVolume[],
  volumed: Promise<void>,
): Promise<PauseContainer> {
  const { images, engine } = site.parts;
  const [image] = await Promise.all([ensurePauseImage(images), volumed]);
  refuseStopped(site);
  const { runName } = site.options;
  const cgroupParent = placeCgroup(engine.facts.cgroupDriver, runName, "pause").engineParent;
  return startPause(engine.docker, site.plan, {
    runName,
    image,
    cgroupParent,
    volumes,
    resolverAddress: RESOLVER_ADDRESS,
    sampleAddress: SAMPLE_IPV4,
  });
}

/** After pause runs: only then do its volumes hold what the engine copies into them now. */
async function createSample(
  site: Site,
  cgroup: SampleCgroup,
  volumes: readonly SampleVolume[],
  pausing: Promise<PauseContainer>,
): Promise<SampleContainer | Refusal> {
  const { openFiles } = await pausing;
  refuseStopped(site);
  const { docker, facts } = site.parts.engine;
  return SampleContainer.create(docker, site.plan, site.image, {
    runName: site.options.runName,
    cgroupParent: cgroup.place.engineParent,
    volumes,
    hostCpus: facts.cpus,
    openFilesBound: openFiles,
  });
}

async function startNetwork(site: Site, pausing: Promise<PauseContainer>): Promise<SampleNetwork> {
  const { pid } = await pausing;
  refuseStopped(site);
  return createSampleNetwork({ runName: site.options.runName, pausePid: pid });
}

async function startSink(site: Site, networking: Promise<SampleNetwork>): Promise<Sinkhole> {
  const network = await networking;
  refuseStopped(site);
  const logPath = join(site.options.runFolder, RUN_FILES.sink);
  return startSinkhole({ network, logPath, logBytes: SINK_LOG_BYTES, exposedPorts: site.plan.exposedPorts });
}

/** The sinkhole before the capture: its own proof of reach must not be in there. */
async function startPackets(
  site: Site,
  networking: Promise<SampleNetwork>,
  sinking: Promise<Sinkhole>,
): Promise<Capture> {
  const [network] = await Promise.all([networking, sinking]);
  refuseStopped(site);
  const { captureBytes, captureSnaplen } = site.plan.limits;
  const path = join(site.options.runFolder, RUN_FILES.capture);
  return startCapture({ network, path, maxBytes: captureBytes, snaplen: captureSnaplen });
}

function refuseStopped({ stop }: Pick<Site, "stop">): void {
  if (stop.aborted) throw new Fault("INTERRUPTED", "interrupted; everything was torn down");
}
