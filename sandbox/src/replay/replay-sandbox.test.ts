import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DetonationPlan, type PinnedImage, Recording, RUN_FILES } from "@airlock/contracts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createRunName } from "../run-name.ts";
import { createReplaySandbox } from "./replay-sandbox.ts";

let stored: string;
let runFolder: string;
beforeEach(() => {
  stored = mkdtempSync(join(tmpdir(), "airlock-test-"));
  runFolder = mkdtempSync(join(tmpdir(), "airlock-test-"));
});
afterEach(() => {
  for (const folder of [stored, runFolder]) rmSync(folder, { recursive: true });
});

const digest = `sha256:${"0".repeat(64)}`;
const limits = Object.fromEntries(
  "memoryBytes pids nanoCpus openFiles diskBytes volumeBytes volumeInodes shmBytes outputBytes captureBytes captureSnaplen traceBytes ringBytes droppedFileBytes droppedFilesBytes droppedFiles"
    .split(" ")
    .map((name) => [name, 1]),
);
const plan = {
  profile: "standard",
  entrypoint: { id: "main", argv: ["/app"], origin: "image" },
  env: [],
  user: "",
  workdir: "/",
  hostname: "web",
  exposedPorts: [],
  volumes: [],
  durationMs: 1,
  stopSignal: "SIGTERM",
  stopGraceMs: 1,
  limits,
} as unknown as DetonationPlan;
const image: PinnedImage = {
  reference: "docker:x",
  digest,
  digestKind: "config",
  configDigest: digest,
  platform: "linux/amd64",
  config: {
    entrypoint: [],
    command: ["/app"],
    env: [],
    user: "",
    workdir: "",
    exposedPorts: [],
    volumes: [],
    stopSignal: "",
    labels: {},
    healthcheck: [],
  },
  diffIds: [],
  sizeBytes: 0,
};
const recording = Recording.parse({
  schemaVersion: 1,
  plan,
  image,
  outcome: { kind: "exited", code: 0, signal: null },
  startedAt: "2026-01-01T00:00:00.000Z",
  endedAt: "2026-01-01T00:00:01.000Z",
  windowMs: 1000,
  bootToUnixNs: "0",
  sampleAddresses: [],
  sinkAddresses: [],
  trace: { classes: {}, syscalls: {}, heartbeats: 1, longestGapMs: 1, started: true, ringPeakBytes: 0, frozenMs: 0 },
  capture: { bytes: 0, packets: 0, droppedByKernel: 0, truncated: false },
  sink: { requests: 0, logTruncated: false },
  output: { stdout: { text: "", bytes: 0, truncated: false }, stderr: { text: "", bytes: 0, truncated: false } },
  layer: [],
  survivors: [],
  sensors: [],
  limits: [],
  stoppedEarly: false,
});

function store(content = JSON.stringify(recording)): void {
  writeFileSync(join(stored, RUN_FILES.recording), content);
  for (const name of [RUN_FILES.trace, RUN_FILES.capture, RUN_FILES.sink]) writeFileSync(join(stored, name), name);
  mkdirSync(join(stored, RUN_FILES.dropped));
  writeFileSync(join(stored, RUN_FILES.dropped, "0".repeat(64)), "dropped");
  // What later stages make of a run is not part of its record.
  writeFileSync(join(stored, RUN_FILES.report), "{}");
}

const replay = () =>
  createReplaySandbox(stored).detonate(plan, image, {
    runName: createRunName(),
    runFolder,
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });

test("a stored run is given again, file for file, and nothing that was made of it later", async () => {
  store();
  await replay();
  expect(readdirSync(runFolder).toSorted()).toEqual(
    [RUN_FILES.capture, RUN_FILES.dropped, RUN_FILES.recording, RUN_FILES.sink, RUN_FILES.trace].toSorted(),
  );
  for (const name of [RUN_FILES.recording, RUN_FILES.trace, join(RUN_FILES.dropped, "0".repeat(64))]) {
    expect(readFileSync(join(runFolder, name))).toEqual(readFileSync(join(stored, name)));
  }
});

test.each([
  ["no JSON", "{"],
  ["another schema", JSON.stringify({ ...recording, schemaVersion: 2 })],
  ["a part missing", JSON.stringify({ ...recording, outcome: undefined })],
])("a record with %s is refused, and nothing is written", async (_, content) => {
  store(content);
  await expect(replay()).rejects.toMatchObject({ code: "RUN_INVALID" });
  expect(readdirSync(runFolder)).toEqual([]);
});

test("a folder without a record is refused", async () => {
  await expect(replay()).rejects.toMatchObject({ code: "RUN_INVALID" });
});

test("a record without its files is refused", async () => {
  store();
  rmSync(join(stored, RUN_FILES.trace));
  await expect(replay()).rejects.toMatchObject({ code: "RUN_INVALID" });
});
