import type { Coverage, Recording, Survivor } from "@airlock/contracts";
import { describe, expect, test } from "vitest";
import { openAccount } from "../packets/observation.ts";
import { assessCompleteness } from "./completeness.ts";
import { buildCoverage, type ReadingAccount } from "./coverage.ts";
import { recording } from "./testing/recordings.ts";

const UNREMARKABLE = { cut: 0, raced: 0, full: new Map<string, number>() };

const WHOLE: ReadingAccount = {
  trace: { records: 1, ...UNREMARKABLE, malformed: 0, truncated: false },
  capture: openAccount(),
  sink: { records: 1, malformed: 0, incomplete: false },
  events: { bound: 10, lost: 0 },
  uncopiedPrograms: 0,
};

const SERVER: Survivor = {
  pid: 1,
  comm: "httpd",
  waitingIn: "accept",
  waitsOnTimerOnly: true,
  listening: true,
  connected: false,
  attends: true,
};
const NOTHING = { events: [], processes: [] };

function codes(
  changes: Partial<Recording> = {},
  reading: Partial<ReadingAccount> = {},
  covered: Partial<Coverage> = {},
): string[] {
  const run = recording(changes);
  const coverage = { ...buildCoverage(run, { ...WHOLE, ...reading }), ...covered };
  return assessCompleteness(run, coverage, NOTHING).map((reason) => reason.code);
}

function trace(changes: Partial<Recording["trace"]>): Partial<Recording> {
  return { trace: { ...recording().trace, ...changes } };
}

function capture(changes: Partial<Recording["capture"]>): Partial<Recording> {
  return { capture: { ...recording().capture, ...changes } };
}

test("a whole record has no reasons", () => {
  expect(codes()).toEqual([]);
});

describe("events-dropped", () => {
  const account = (counted: number, dropped: number) => ({ counted, delivered: 1, suppressed: 0, dropped });
  test.each([
    ["dropped by the tracer", trace({ classes: { bulk: account(3, 2) } })],
    ["books that do not add up", trace({ classes: { bulk: account(5, 2) } })],
  ])("%s", (_, changes) => {
    expect(codes(changes)).toEqual(["events-dropped"]);
  });

  test.each([
    ["undecodable records", { trace: { records: 0, ...UNREMARKABLE, malformed: 1, truncated: false } }],
    ["records missing from the file", { trace: { records: 0, ...UNREMARKABLE, malformed: 0, truncated: false } }],
    ["names that were changed during their calls", { trace: { ...WHOLE.trace, raced: 1 } }],
    ["a trace that was cut", { trace: { ...WHOLE.trace, truncated: true } }],
    ["undecodable lines of the sinkhole", { sink: { ...WHOLE.sink, malformed: 1 } }],
    ["malformed packets", { capture: { ...openAccount(), packets: 2, malformed: 1 } }],
  ])("%s", (_, reading) => {
    expect(codes({}, reading)).toEqual(["events-dropped"]);
  });

  test("suppressed repeats are harmless", () => {
    expect(codes(trace({ classes: { bulk: { counted: 3, delivered: 1, suppressed: 2, dropped: 0 } } }))).toEqual([]);
  });
});

describe("capture-truncated", () => {
  test.each([
    ["cut by its bound", capture({ truncated: true }), {}],
    ["a tail that is no packet", {}, { capture: { ...openAccount(), truncatedTail: true } }],
    ["payload that is missing", {}, { capture: { ...openAccount(), gapBytes: 1 } }],
    ["flows beyond the bound", {}, { capture: { ...openAccount(), streamsDropped: 1 } }],
    ["a sinkhole log that is not whole", {}, { sink: { ...WHOLE.sink, incomplete: true } }],
  ])("%s", (_, changes, reading) => {
    expect(codes(changes, reading)).toEqual(["capture-truncated"]);
  });

  test("packets lost by the kernel are lost events as well", () => {
    expect(codes(capture({ droppedByKernel: 1 }))).toEqual(["events-dropped", "capture-truncated"]);
  });

  test("a long download is counted in full, and none", () => {
    expect(codes({}, { capture: { ...openAccount(), bytesDropped: 1_000_000 } })).toEqual([]);
  });
});

describe("sensor-died", () => {
  const sensors = recording().sensors;
  const change = (changes: object): Partial<Recording> => ({
    sensors: sensors.map((sensor) => (sensor.name === "capture" ? { ...sensor, ...changes } : sensor)),
  });
  test.each([
    ["not confirmed", change({ confirmed: false })],
    ["not alive at the end", change({ aliveAtEnd: false })],
    ["absent", { sensors: sensors.filter(({ name }) => name !== "tracer") }],
    ["no heartbeat", trace({ longestGapMs: 5_001 })],
  ])("%s", (_, changes) => {
    expect(codes(changes)).toEqual(["sensor-died"]);
  });
});

test("never-started: without a first exec the entry point is not exercised either", () => {
  expect(codes(trace({ started: false }))).toEqual(["never-started", "entrypoint-unexercised"]);
  expect(codes({ outcome: { kind: "never-started", code: 127, signal: null } })).toContain("never-started");
});

test("stopped-early is ours; the planned end of the window is not", () => {
  expect(codes({ stoppedEarly: true })).toEqual(["stopped-early"]);
  expect(codes({ outcome: { kind: "timed-out", code: null, signal: null }, survivors: [SERVER] })).toEqual([]);
});

test("dormant: whoever only waits, or was not looked at; see dormancy.ts", () => {
  const outcome = { kind: "timed-out", code: null, signal: null } as const;
  expect(codes({ outcome, survivors: [{ ...SERVER, attends: false }] })).toEqual(["dormant"]);
  expect(codes({ outcome })).toEqual(["dormant"]);
});

describe("limit-hit", () => {
  test("is there when the sample met a bound of space", () => {
    const full = new Map([
      ["/dev/shm/x", 2],
      ["/var/log/x", 1],
    ]);
    expect(codes({}, { trace: { ...WHOLE.trace, full } })).toEqual(["limit-hit"]);
  });

  test("is there when records hold only the ends of what they tell", () => {
    expect(codes({}, { trace: { ...WHOLE.trace, cut: 1 } })).toEqual(["limit-hit"]);
  });

  test.each([true, false])("whether it changed the sample (%s) or cut the record", (affectedSample) => {
    expect(codes({ limits: [{ limit: "memory", bound: 1, affectedSample, detail: "" }] })).toEqual(["limit-hit"]);
  });

  test("more events than the bound are a limit and lost evidence", () => {
    expect(codes({}, { events: { bound: 10, lost: 1 } })).toEqual(["events-dropped", "limit-hit"]);
  });
});

test.each([
  [["CMD", "/check", "-q"], [{ id: "healthcheck", argv: ["/check", "-q"], exercised: false }]],
  [["CMD-SHELL", "/check -q"], [{ id: "healthcheck", argv: ["/bin/sh", "-c", "/check -q"], exercised: false }]],
  [["NONE"], []],
  [[], []],
])("a health check is an entry point that was not run: %j", (healthcheck, expected) => {
  const { image } = recording();
  const run = recording({ image: { ...image, config: { ...image.config, healthcheck } } });
  expect(buildCoverage(run, WHOLE).entrypoints.slice(1)).toEqual(expected);
  expect(codes({ image: run.image })).toEqual(expected.length === 0 ? [] : ["entrypoint-unexercised"]);
});

test("entrypoint-unexercised", () => {
  const entrypoints = [{ id: "cron", argv: ["/x"], exercised: false }];
  expect(codes({}, {}, { entrypoints })).toEqual(["entrypoint-unexercised"]);
});
