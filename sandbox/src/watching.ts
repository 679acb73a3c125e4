import { setTimeout as sleep } from "node:timers/promises";
import { Fault, type LimitHit, type Outcome, type Survivor } from "@airlock/contracts";
import type { DiskWatch } from "./disk-watch.ts";
import type { OutputCollector } from "./output-collector.ts";
import type { ResourceWatch } from "./resource-watch.ts";
import type { LiveSetting } from "./setting.ts";

/** Why the observation ended. */
export type WatchEnd =
  | { readonly kind: "exited" }
  | { readonly kind: "window" }
  | { readonly kind: "limit"; readonly hit: LimitHit }
  | { readonly kind: "sensor" }
  | { readonly kind: "aborted" };

/** What is known of the sample once it is dead. */
export interface RunEnd {
  readonly outcome: Outcome;
  readonly survivors: readonly Survivor[];
  /** Those of them that outlived their grace too. */
  readonly stopSurvivors: readonly Survivor[];
  readonly survivorsUnexamined: number;
  readonly limits: readonly LimitHit[];
  readonly stoppedEarly: boolean;
}

/** What is looked at while the sample runs. */
export interface Watched {
  readonly output: OutputCollector;
  readonly resources: ResourceWatch;
  readonly disk: DiskWatch;
  readonly signal: AbortSignal;
}

/** A look is a small read and a statfs; how short it is bounds how much a sample can write beyond its limit. */
const LOOK_EVERY_MS = 20;
/** Counters and figures for people change slowly or cost more. */
const LOOKS_PER_RESOURCES = 12;

/**
 * Waits for the sample's end or ours: its window, a bound, a dead sensor, an abort. A dead sensor ends the run: what goes on
 * without being seen can only mislead. Throws ENGINE_UNREACHABLE when the engine goes away meanwhile.
 */
export async function watchSample(
  setting: LiveSetting,
  windowMs: number,
  watched: Watched,
  tell: () => void,
): Promise<WatchEnd> {
  const { disk, output, resources, signal } = watched;
  const start = performance.now();
  for (let looks = 0; ; looks++) {
    // The control group and not the engine's word: it is there at once, and an engine that died can't say it.
    if (!setting.cgroup.isPopulated()) return { kind: "exited" };
    if (signal.aborted) return { kind: "aborted" };
    const left = windowMs - (performance.now() - start);
    if (left <= 0) return { kind: "window" };
    const hit = await disk.look();
    if (hit !== null) return { kind: "limit", hit };
    if (!sensorsLive(setting) || (await hasOutputDied(setting, output))) return { kind: "sensor" };
    if (looks % LOOKS_PER_RESOURCES === 0) {
      resources.look();
      tell();
    }
    await pause(Math.min(LOOK_EVERY_MS, left), signal);
  }
}

function sensorsLive({ capture, sinkhole, trace }: LiveSetting): boolean {
  return trace.alive && capture.alive && sinkhole.alive;
}

/** The stream ends with the container. If it ends before, the engine has gone (a fault) or has dropped us. */
async function hasOutputDied(setting: LiveSetting, output: OutputCollector): Promise<boolean> {
  if (!output.hasClosed) return false;
  const running = await setting.sample.isRunning();
  if (running && !setting.cgroup.isPopulated()) {
    throw new Fault("CGROUP_FAILED", "the engine did not put the sample into the control group made for it");
  }
  return running;
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
