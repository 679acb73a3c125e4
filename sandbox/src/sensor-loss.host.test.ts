import { readdirSync, readFileSync } from "node:fs";
import type { Recording } from "@airlock/contracts";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { placeCgroup } from "./cgroup.ts";
import { uidOf } from "./network/child-program.ts";
import { createRunName, type RunName } from "./run-name.ts";
import { TestRange, type TrialOptions } from "./test-range.ts";

/** What goes on without being seen can only mislead: a run that loses a sensor ends at once, and its record says so. */

let range: TestRange;

beforeAll(async () => {
  range = await TestRange.open();
});
afterEach(async () => {
  expect(await range.residue()).toEqual([]);
});
afterAll(() => range.close());

const CUT_SHORT = { outcome: { kind: "killed" }, stoppedEarly: true };

test("the tracer; the next run has another", async () => {
  const { sensors, trace, ...recording } = await loseWhileRunning((pid) => nameOf(pid) === "airlock-tracer");
  expect(recording).toMatchObject(CUT_SHORT);
  expect(deadOf(sensors)).toEqual(["tracer"]);
  expect(trace.started).toBe(true);

  const { recording: next } = await range.detonate("true");
  expect(deadOf(next.sensors)).toEqual([]);
  expect(next.trace.started).toBe(true);
});

test("the capture", async () => {
  const isCapture = (pid: string, run: RunName) => isOf(pid, run) && nameOf(pid) === "tcpdump";
  const { sensors, capture, ...recording } = await loseWhileRunning(isCapture);
  expect(recording).toMatchObject(CUT_SHORT);
  expect(deadOf(sensors)).toEqual(["capture"]);
  expect(capture.truncated).toBe(true);
});

test("the sinkhole", async () => {
  const isSink = (pid: string, run: RunName) => isOf(pid, run) && nameOf(pid) === "node";
  const { sensors, sink, ...recording } = await loseWhileRunning(isSink);
  expect(recording).toMatchObject(CUT_SHORT);
  expect(deadOf(sensors)).toEqual(["sinkhole"]);
  expect(sink.logTruncated).toBe(true);
});

test("the capture, when the sample has been seen and is to be stopped", async () => {
  const run = createRunName();
  const isCapture = (pid: string) => isDescendant(pid) && isOf(pid, run) && nameOf(pid) === "tcpdump";
  const killed = killOnce(isCapture, "stopping");
  const script = "trap 'sleep 60' TERM; while :; do sleep 0.05; done";
  const { recording } = await range.detonate(script, {
    run,
    onProgress: killed.onProgress,
    plan: { durationMs: 1000 },
  });
  expect(killed.count()).toBe(1);
  expect(recording).toMatchObject({ outcome: { kind: "timed-out" }, stoppedEarly: true });
  expect(deadOf(recording.sensors)).toEqual(["capture"]);
});

test("pause, without which volumes and shared memory can't be read", async () => {
  const run = createRunName();
  const killed = killOnce((pid) => nameOf(pid) === "pause" && isInGroupOf(pid, run));
  const { recording } = await range.detonate("sleep 0.5; echo x >/dev/shm/x", { run, onProgress: killed.onProgress });
  expect(killed.count()).toBe(1);
  expect(deadOf(recording.sensors)).toEqual(["layer"]);
  expect(recording.layer).toEqual([]);
});

function deadOf(sensors: Recording["sensors"]): string[] {
  return sensors.filter(({ aliveAtEnd }) => !aliveAtEnd).map(({ name }) => name);
}

async function loseWhileRunning(isMeant: (pid: string, run: RunName) => boolean): Promise<Recording> {
  const run = createRunName();
  const killed = killOnce((pid) => isDescendant(pid) && isMeant(pid, run));
  const { recording } = await range.detonate("while :; do sleep 0.05; done", { run, onProgress: killed.onProgress });
  expect(killed.count()).toBe(1);
  return recording;
}

/** Kills the one process that is meant, as soon as the sample's first events are there, or later. */
function killOnce(isMeant: (pid: string) => boolean, when = "running") {
  let count = 0;
  const onProgress: TrialOptions["onProgress"] = ({ phase, events }) => {
    if (phase !== when || (when === "running" && events === 0) || count > 0) return;
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name) && isMeant(name))) {
      process.kill(Number(pid), "SIGKILL");
      count++;
    }
  };
  return { onProgress, count: () => count };
}

/** Of this very process, however deep: somebody else's programs are not ours to kill. */
function isDescendant(pid: string): boolean {
  const parent = fieldOf(pid, "PPid");
  return parent === String(process.pid) || (parent !== undefined && Number(parent) > 1 && isDescendant(parent));
}

function isOf(pid: string, run: RunName): boolean {
  return fieldOf(pid, "Uid") === String(uidOf(run));
}

function fieldOf(pid: string, name: string): string | undefined {
  return new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(read(`/proc/${pid}/status`))?.[1];
}

function nameOf(pid: string): string {
  return read(`/proc/${pid}/comm`).trimEnd();
}

function isInGroupOf(pid: string, run: RunName): boolean {
  const text = read(`/proc/${pid}/cgroup`);
  return (["cgroupfs", "systemd"] as const).some((driver) => text.includes(placeCgroup(driver, run, "pause").path));
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
