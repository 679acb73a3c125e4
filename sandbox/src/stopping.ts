import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { type DetonationPlan, Fault, type LimitHit, type Outcome } from "@airlock/contracts";
import type { Setting } from "./setting.ts";
import { examineSurvivors } from "./survivors.ts";
import type { RunEnd, WatchEnd } from "./watching.ts";

const DEATH_MS = 10_000;
const POLL_MS = 5;

/**
 * Ends the sample: first as an orchestrator would, for what a program does when asked to stop is behaviour too, then for
 * good. Recorders stay on until its control group is empty.
 */
export async function stopSample(setting: Setting, plan: DetonationPlan, watched: WatchEnd): Promise<RunEnd> {
  if (watched.kind === "never-started") return neverStarted(watched.reason);
  const pids = setting.cgroup.processes();
  const survivors = watched.kind === "window" ? examineSurvivors(pids) : [];
  if (watched.kind === "window") await askToStop(setting, plan);
  const counters = setting.cgroup.counters();
  await killSample(setting);
  const end = await setting.sample.readEnd();
  const oom = end.oomKilled || counters.oomKills > 0;
  return {
    outcome: readOutcome(watched, end.exitCode, oom),
    survivors,
    limits: [...limitsOf(watched), ...resourceLimits(plan, oom, counters.pidsRefused)],
    stoppedEarly: watched.kind === "sensor" || watched.kind === "limit",
  };
}

/** A process 1 without a handler never sees the signal (pid_namespaces(7)): waiting for it would show nothing. */
async function askToStop(setting: Setting, plan: DetonationPlan): Promise<void> {
  const pid = await setting.sample.pid();
  if (pid === 0 || !handlesSignal(pid, plan.stopSignal)) return;
  await setting.sample.signal(plan.stopSignal);
  await Promise.race([setting.sample.ended, sleep(plan.stopGraceMs)]);
}

/** From the mask of caught signals in /proc/PID/status; unknown signals count as handled. */
function handlesSignal(pid: number, name: string): boolean {
  const number = /^\d+$/.test(name) ? Number(name) : constants.signals[name as NodeJS.Signals];
  if (number === undefined) return true;
  try {
    const mask = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    const blocked = /^SigBlk:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    // Blocked ones may be waited for by sigwait or a signal descriptor.
    return [mask, blocked].some((hex) => hex !== undefined && ((BigInt(`0x${hex}`) >> BigInt(number - 1)) & 1n) === 1n);
  } catch {
    return false;
  }
}

async function killSample(setting: Setting): Promise<void> {
  setting.cgroup.thaw();
  setting.cgroup.kill();
  const until = performance.now() + DEATH_MS;
  while (setting.cgroup.isPopulated()) {
    if (performance.now() > until) throw new Fault("TEARDOWN_FAILED", "processes of the sample can't be killed");
    await sleep(POLL_MS);
  }
  await Promise.race([setting.sample.ended, sleep(DEATH_MS)]);
}

function neverStarted(reason: string): RunEnd {
  const outcome: Outcome = { kind: "never-started", code: null, signal: null };
  return { outcome: { ...outcome, detail: reason }, survivors: [], limits: [], stoppedEarly: false };
}

/** The engine shows death by a signal as 128 and its number. */
function readOutcome(watched: WatchEnd, exitCode: number, oom: boolean): Outcome {
  if (watched.kind === "window") return { kind: "timed-out", code: null, signal: null };
  if (watched.kind !== "exited") return { kind: "killed", code: null, signal: "SIGKILL" };
  if (oom && exitCode === 137) return { kind: "killed", code: null, signal: "SIGKILL" };
  const signal = Object.entries(constants.signals).find(([, number]) => number === exitCode - 128)?.[0] ?? null;
  if (signal === null) return { kind: "exited", code: exitCode, signal: null };
  return { kind: "crashed", code: exitCode, signal };
}

function limitsOf(watched: WatchEnd): LimitHit[] {
  return watched.kind === "limit" ? [watched.hit] : [];
}

function resourceLimits({ limits }: DetonationPlan, oom: boolean, pidsRefused: number): LimitHit[] {
  const hits: LimitHit[] = [];
  if (oom) {
    hits.push({ limit: "memory", bound: limits.memoryBytes, affectedSample: true, detail: "killed for its memory" });
  }
  if (pidsRefused > 0) {
    const detail = `${pidsRefused} new processes were refused`;
    hits.push({ limit: "pids", bound: limits.pids, affectedSample: true, detail });
  }
  return hits;
}
