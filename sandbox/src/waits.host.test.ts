import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PinnedImage } from "@airlock/contracts";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { TestRange } from "./test-range.ts";

/** Ways to sit out an observation, and what the record tells of those who do. */

let range: TestRange;
let image: PinnedImage;

beforeAll(async () => {
  range = await TestRange.open();
  const folder = mkdtempSync(join(tmpdir(), "airlock-test-"));
  try {
    const source = fileURLToPath(new URL("../native/try-waits.c", import.meta.url));
    const flags = ["-O1", "-static", "-pthread", "-Wall", "-Werror", "-Wno-unused-result"];
    execFileSync("gcc", [...flags, "-o", join(folder, "waits"), source]);
    image = await range.build([[{ path: "bin/waits", content: readFileSync(join(folder, "waits")) }]]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
afterEach(async () => {
  expect(await range.residue()).toEqual([]);
});
afterAll(() => range.close());

async function waitBy(way: string) {
  const { recording } = await range.detonate(["/bin/waits", way], { image, plan: { durationMs: 1500 } });
  expect(recording).toMatchObject({ outcome: { kind: "timed-out" }, survivorsUnexamined: 0 });
  return recording.survivors;
}

const HOUR_MS = 3_600_000;

test.each([
  ["vfork", 2],
  ["fifo", 2],
  ["stop", 2],
  ["narrow", 1],
  ["decoy-unix", 1],
  ["decoy-listener", 1],
])("by %s: %i processes, all asleep", async (way, count) => {
  const survivors = await waitBy(way);
  expect(survivors).toHaveLength(count);
  for (const survivor of survivors) expect(survivor).toMatchObject({ waitsOnTimerOnly: true, attends: false });
  if (way !== "decoy-unix") expect(survivors).toContainEqual(expect.objectContaining({ sleepMs: HOUR_MS }));
});

test("by running in a circle: it runs, and has no excuse", async () => {
  const [survivor] = await waitBy("busy");
  expect(survivor).toMatchObject({ waitsOnTimerOnly: false, listening: false, attends: false, samplePid: 1 });
});

test("beside a server: the two are told apart", async () => {
  const survivors = await waitBy("sidecar");
  expect(survivors).toContainEqual(expect.objectContaining({ samplePid: 1, attends: true, sleepMs: null }));
  const sleeper = { listening: false, attends: false, waitsOnTimerOnly: true, sleepMs: HOUR_MS };
  expect(survivors).toContainEqual(expect.objectContaining(sleeper));
});

test("while being asked to stop: whoever outlives the grace is looked at again", async () => {
  const script = "trap 'sleep 600' TERM; while :; do sleep 0.1; done";
  const { recording } = await range.detonate(script, { plan: { durationMs: 1000, stopGraceMs: 1000 } });
  expect(recording.stopSurvivors).toContainEqual(expect.objectContaining({ comm: "sleep", sleepMs: 600_000 }));
});
