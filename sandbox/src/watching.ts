import { setTimeout as sleep } from "node:timers/promises";
import type { DetonationPlan, LimitHit, Outcome, Survivor } from "@airlock/contracts";
import { DiskWatch } from "./disk-watch.ts";
import type { Setting } from "./setting.ts";

/** Why the observation ended. */
export type WatchEnd =
  | { readonly kind: "never-started"; readonly reason: string }
  | { readonly kind: "exited" }
  | { readonly kind: "window" }
  | { readonly kind: "limit"; readonly hit: LimitHit }
  | { readonly kind: "sensor" }
  | { readonly kind: "aborted" };

/** What is known of the sample once it is dead. */
export interface RunEnd {
  readonly outcome: Outcome;
  readonly survivors: readonly Survivor[];
  readonly limits: readonly LimitHit[];
  readonly stoppedEarly: boolean;
}

const LOOK_EVERY_MS = 100;

/**
 * Waits for the sample's end or ours: its window, a bound, a dead sensor, an abort. A dead sensor ends the run: what goes on
 * without being seen can only mislead.
 */
export async function watchSample(
  setting: Setting,
  plan: DetonationPlan,
  signal: AbortSignal,
  tell: () => void,
): Promise<WatchEnd> {
  const start = performance.now();
  const disk = new DiskWatch(setting.layers.upper, plan.limits.diskBytes);
  let exited = false;
  const noteEnd = async () => {
    await setting.sample.ended;
    exited = true;
  };
  const ended = noteEnd();
  for (;;) {
    if (exited) return { kind: "exited" };
    if (signal.aborted) return { kind: "aborted" };
    const left = plan.durationMs - (performance.now() - start);
    if (left <= 0) return { kind: "window" };
    const hit = disk.look();
    if (hit !== null) return { kind: "limit", hit };
    if (!setting.trace.alive || !setting.capture.alive || !setting.sinkhole.alive) return { kind: "sensor" };
    tell();
    await Promise.race([ended, pause(Math.min(LOOK_EVERY_MS, left), signal)]);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
