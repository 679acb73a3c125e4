import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { type DetonationPlan, Fault, type LimitHit, type Outcome } from "@airlock/contracts";
import { boundVolume, type SampleVolume } from "./docker/hardening.ts";
import type { Refusal } from "./docker/sample-container.ts";
import type { ResourceWatch } from "./resource-watch.ts";
import type { LiveSetting } from "./setting.ts";
import { type Examination, examineSurvivors, LOOK_MS } from "./survivors.ts";
import { type RunEnd, type WatchEnd, type Watched, watchSample } from "./watching.ts";

const DEATH_MS = 10_000;
const POLL_MS = 5;

/** What is known when the sample's last process has gone. */
export interface Death {
  readonly window: Examination;
  /** Of those who did not end within their grace. */
  readonly grace: Examination;
  /** Why it was watched no longer. */
  readonly end: WatchEnd;
  /** The same, or what became of it while it was given its grace. */
  readonly last: WatchEnd;
}

/**
 * Ends the sample: first as an orchestrator would, for what a program does when asked to stop is behaviour too, then for
 * good. Recorders stay on until its control group is empty.
 */
export async function stopSample(
  setting: LiveSetting,
  plan: DetonationPlan,
  watched: Watched,
  end: WatchEnd,
): Promise<Death> {
  const { window, grace, last } =
    end.kind === "window" ? await stopSurvivors(setting, plan, watched) : { window: NOBODY, grace: NOBODY, last: end };
  watched.resources.look();
  await killSample(setting);
  return { window, grace, end, last };
}

const NOBODY: Examination = { survivors: [], unexamined: 0 };

async function stopSurvivors(
  setting: LiveSetting,
  plan: DetonationPlan,
  watched: Watched,
): Promise<Pick<Death, "window" | "grace" | "last">> {
  const window = await examineAll(setting, watched);
  const asked = window.last.kind === "window" ? await askToStop(setting, plan, watched) : null;
  if (asked === null) return { window, grace: NOBODY, last: window.last };
  if (!asked.signalled || asked.last.kind !== "window") return { window, grace: NOBODY, last: asked.last };
  const grace = await examineAll(setting, watched);
  return { window, grace, last: grace.last };
}

/** All bounds are watched meanwhile. */
async function examineAll(setting: LiveSetting, watched: Watched): Promise<Examination & Pick<Death, "last">> {
  const [examination, last] = await Promise.all([
    examineSurvivors(setting.cgroup.processes()),
    watchSample(setting, LOOK_MS, watched, () => undefined),
  ]);
  return { ...examination, last };
}

/** How the run ended, once the engine has noticed the death too. */
export async function concludeRun(
  { sample }: LiveSetting,
  resources: ResourceWatch,
  { window, grace, end, last }: Death,
): Promise<RunEnd> {
  const { exitCode, oomKilled } = await sample.readEnd(DEATH_MS);
  const limits = resources.limits(oomKilled);
  const starved = limits.some(({ limit }) => limit === "memory");
  return {
    outcome: readOutcome(end, exitCode, starved),
    survivors: window.survivors,
    stopSurvivors: grace.survivors,
    survivorsUnexamined: window.unexamined + grace.unexamined,
    limits: [...(last.kind === "limit" ? [last.hit] : []), ...limits],
    // What a handler does after a sensor has died is not seen either.
    stoppedEarly: end.kind === "sensor" || end.kind === "limit" || last.kind === "sensor",
  };
}

/**
 * A process 1 without a handler never sees the signal (pid_namespaces(7)): waiting for it would show nothing. All bounds are
 * watched meanwhile, for a handler can do whatever the program can.
 */
async function askToStop(
  setting: LiveSetting,
  plan: DetonationPlan,
  watched: Watched,
): Promise<{ readonly signalled: boolean; readonly last: WatchEnd }> {
  const pid = await setting.sample.pid();
  if (pid === 0 || !handlesSignal(pid, plan.stopSignal)) return { signalled: false, last: { kind: "window" } };
  await setting.sample.signal(plan.stopSignal);
  return { signalled: true, last: await watchSample(setting, plan.stopGraceMs, watched, () => undefined) };
}

/** From the masks in /proc/PID/status; unknown signals count as handled. Blocked ones may be waited for by sigwait. */
function handlesSignal(pid: number, name: string): boolean {
  const number = numberOfSignal(name);
  if (number === undefined) return true;
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const masks = [...status.matchAll(/^Sig(?:Cgt|Blk):\s*([0-9a-f]+)$/gm)].map(([, hex]) => BigInt(`0x${hex}`));
    return masks.some((mask) => ((mask >> BigInt(number - 1)) & 1n) === 1n);
  } catch {
    return false;
  }
}

/** Those of real time as the engine counts them. */
const SIGRTMIN = 34;
const SIGRTMAX = 64;

function numberOfSignal(name: string): number | undefined {
  if (/^\d+$/.test(name)) return Number(name);
  const [, base, distance = "0"] = /^SIGRT(MIN|MAX)([+-]\d+)?$/.exec(name) ?? [];
  if (base !== undefined) return (base === "MIN" ? SIGRTMIN : SIGRTMAX) + Number(distance);
  return constants.signals[name as NodeJS.Signals];
}

async function killSample(setting: LiveSetting): Promise<void> {
  setting.cgroup.kill();
  if (!(await emptied(setting, DEATH_MS))) {
    throw new Fault("TEARDOWN_FAILED", "processes of the sample can't be killed");
  }
}

/** True once no process is left, false when there still is one after `timeoutMs`. */
async function emptied({ cgroup }: LiveSetting, timeoutMs: number): Promise<boolean> {
  const until = performance.now() + timeoutMs;
  while (cgroup.isPopulated()) {
    if (performance.now() > until) return false;
    await sleep(POLL_MS);
  }
  return true;
}

/** The end of a sample that never began. */
export function describeRefusal(
  { refused, volumeFull }: Refusal,
  { limits }: DetonationPlan,
  volumes: readonly SampleVolume[],
): RunEnd {
  const detail = "the image has more in its volumes than these may hold";
  const full: LimitHit = { limit: "volume", bound: boundVolume(limits, volumes.length), affectedSample: true, detail };
  return {
    outcome: { kind: "never-started", code: null, signal: null, detail: refused },
    survivors: [],
    stopSurvivors: [],
    survivorsUnexamined: 0,
    limits: volumeFull ? [full] : [],
    stoppedEarly: false,
  };
}

/** The engine shows death by a signal as 128 and its number. */
function readOutcome(end: WatchEnd, exitCode: number, starved: boolean): Outcome {
  if (end.kind === "window") return { kind: "timed-out", code: null, signal: null };
  if (end.kind !== "exited") return { kind: "killed", code: null, signal: "SIGKILL" };
  if (starved && exitCode === 137) return { kind: "killed", code: null, signal: "SIGKILL" };
  const signal = Object.entries(constants.signals).find(([, number]) => number === exitCode - 128)?.[0] ?? null;
  if (signal === null) return { kind: "exited", code: exitCode, signal: null };
  return { kind: "crashed", code: exitCode, signal };
}
