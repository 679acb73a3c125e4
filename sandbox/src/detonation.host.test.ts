import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { TestRange } from "./test-range.ts";

let range: TestRange;

beforeAll(async () => {
  range = await TestRange.open();
});
afterEach(async () => {
  expect(await range.residue()).toEqual([]);
});
afterAll(() => range.close());

const allAlive = expect.arrayContaining([
  expect.objectContaining({ name: "tracer", confirmed: true, aliveAtEnd: true }),
  expect.objectContaining({ name: "capture", confirmed: true, aliveAtEnd: true }),
  expect.objectContaining({ name: "sinkhole", confirmed: true, aliveAtEnd: true }),
]);

describe("how a sample ends", () => {
  test("one that is over within a millisecond is recorded from its exec to its exit", async () => {
    const { recording, lines, files } = await range.detonate(["/bin/busybox", "true"]);
    expect(lines).toEqual(["exec /bin/busybox lower [/bin/busybox true] PATH=/bin HOME=/", "exit 0"]);
    expect(recording).toMatchObject({
      outcome: { kind: "exited", code: 0, signal: null },
      sensors: allAlive,
      limits: [],
      stoppedEarly: false,
      survivors: [],
      layer: [],
      trace: { started: true },
    });
    expect(files.toSorted()).toEqual(["capture.pcap", "dropped", "recording.json", "sink.ndjson", "trace.bin"]);
  });

  test("a status and both outputs are kept", async () => {
    const { recording } = await range.detonate("echo out; echo err >&2; exit 3");
    expect(recording).toMatchObject({
      outcome: { kind: "exited", code: 3, signal: null },
      output: { stdout: { text: "out\n", bytes: 4, truncated: false }, stderr: { text: "err\n", bytes: 4 } },
    });
  });
});
