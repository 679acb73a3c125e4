import { type DetonationPlan, Fault } from "@airlock/contracts";
import { DiskWatch } from "./disk-watch.ts";
import { type Refusal, SampleContainer } from "./docker/sample-container.ts";
import { DeviceFolder } from "./layer/device-folder.ts";
import { OutputCollector } from "./output-collector.ts";
import { ResourceWatch } from "./resource-watch.ts";
import type { DetonationProgress } from "./sandbox.ts";
import type { LiveSetting, Setting } from "./setting.ts";
import { concludeRun, describeRefusal, stopSample } from "./stopping.ts";
import { type RunEnd, watchSample } from "./watching.ts";

/** For what is still in the engine's pipes when the container has ended. */
const OUTPUT_DRAIN_MS = 10_000;

export interface SampleLife {
  readonly startedAt: Date;
  /** No process of the sample was left. */
  readonly endedAt: Date;
  readonly windowMs: number;
  readonly output: OutputCollector;
  /** To be closed by who gets it. */
  readonly devices: DeviceFolder | null;
  /** Waits until the engine has noticed the death, too. `outputWhole`: it has closed the output, and nothing of it is missing. */
  conclude(): Promise<{ readonly end: RunEnd; readonly outputWhole: boolean }>;
}

export type TellProgress = (phase: DetonationProgress["phase"]) => void;

/** From the sample's start to its last process. Throws INTERRUPTED. */
export async function liveOut(
  setting: Setting,
  plan: DetonationPlan,
  signal: AbortSignal,
  tell: TellProgress,
): Promise<SampleLife> {
  const { sample } = setting;
  const output = new OutputCollector(plan.limits.outputBytes);
  if (!(sample instanceof SampleContainer)) return neverLived(sample, plan, setting, output);
  await sample.attach(output);
  refuseAborted(signal);
  const startedAt = new Date();
  const start = performance.now();
  const refusal = await sample.start();
  if (refusal !== null) {
    sample.detach();
    return neverLived(refusal, plan, setting, output);
  }
  setting.sinkhole.stimulate();
  const devices = DeviceFolder.open(setting.cgroup);
  try {
    const life = await watchToItsEnd({ ...setting, sample }, plan, { output, signal, start }, tell);
    return { startedAt, output, devices, ...life };
  } catch (error) {
    devices?.close();
    throw error;
  }
}

/** Its window, its grace and its death. */
async function watchToItsEnd(
  live: LiveSetting,
  plan: DetonationPlan,
  { output, signal, start }: { output: OutputCollector; signal: AbortSignal; start: number },
  tell: TellProgress,
): Promise<Pick<SampleLife, "endedAt" | "windowMs" | "conclude">> {
  const watched = watch(live, plan, output, signal);
  const watchEnd = await watchSample(live, plan.durationMs, watched, () => tell("running"));
  const windowMs = performance.now() - start;
  refuseAborted(signal);

  tell("stopping");
  const death = await stopSample(live, plan, watched, watchEnd);
  refuseAborted(signal);
  return {
    endedAt: new Date(),
    windowMs,
    async conclude() {
      const [end, outputWhole] = await Promise.all([
        concludeRun(live, watched.resources, death),
        output.closes(OUTPUT_DRAIN_MS),
      ]);
      live.sample.detach();
      return { end, outputWhole };
    },
  };
}

function watch(setting: LiveSetting, plan: DetonationPlan, output: OutputCollector, signal: AbortSignal) {
  const { cgroup, pause, sample, volumes } = setting;
  const disk = new DiskWatch({
    upper: sample.layers.upper,
    files: Object.values(pause.etcFiles),
    boundBytes: plan.limits.diskBytes,
    listProcesses: () => cgroup.processes(),
  });
  return { disk, output, resources: new ResourceWatch(cgroup, plan.limits, pause.pid, volumes), signal };
}

/** The engine closes the output of what never started in its own time, so nobody waits for that. */
function neverLived(refusal: Refusal, plan: DetonationPlan, { volumes }: Setting, output: OutputCollector): SampleLife {
  const now = new Date();
  const end = describeRefusal(refusal, plan, volumes);
  const conclude = async () => ({ end, outputWhole: true });
  return { startedAt: now, endedAt: now, windowMs: 0, output, devices: null, conclude };
}

export function refuseAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new Fault("INTERRUPTED", "interrupted; everything was torn down");
}
