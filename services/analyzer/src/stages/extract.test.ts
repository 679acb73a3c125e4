import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BehaviourEvent, RUN_FILES, type SinkRecord, type TraceRecord } from "@airlock/contracts";
import * as fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { assessCompleteness } from "../extract/completeness.ts";
import { BOOT_TO_UNIX_NS } from "../extract/testing/recordings.ts";
import { makeRunFolder, traceOf } from "../extract/testing/run-folders.ts";
import { by, file, ipv4, stream, task } from "../extract/testing/trace-records.ts";
import { extract } from "./extract.ts";

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function folderOf(...given: Parameters<typeof makeRunFolder>): Promise<string> {
  const folder = await makeRunFolder(...given);
  folders.push(folder);
  return folder;
}

const shell = task(1);
const child = task(2);
const made = file("/tmp/x", { layer: "upper" });
const records: TraceRecord[] = [
  by(shell).exec(1, ["/bin/sh"], { streams: [stream(), stream("pipe", 5n), stream()] }),
  by(shell).fork(2, child),
  by(child).exec(3, ["/bin/wget"], { streams: [stream("pipe", 5n), stream(), stream()] }),
  by(child).open(4, "/tmp/x", { flags: 0o101, created: true, file: made }),
  by(child).wrote(5, made, "#!/bin/sh\n"),
  by(child).socket(6, "connect", { remote: ipv4("203.0.113.5", 80), result: -111 }),
  by(child).exit(7),
  by(shell).open(8, "/etc/passwd"),
];

describe("extract", () => {
  test("gives one ordered and numbered stream in wall time, all of the contract", async () => {
    const output = {
      stdout: { text: "one\n\ntwo", bytes: 8, truncated: false },
      stderr: { text: "", bytes: 0, truncated: false },
    };
    const { events, processes, coverage, recording } = await extract(await folderOf({ output }), {
      readTrace: traceOf(records),
    });
    expect(events.map(({ id, category }) => [id, category])).toEqual([
      ["e1", "process_creation"],
      ["e2", "process_creation"],
      ["e3", "file_event"],
      ["e4", "network_connection"],
      ["e5", "process_termination"],
      ["e6", "file_access"],
      ["e7", "output"],
      ["e8", "output"],
    ]);
    expect(events[0]?.time).toBe(String(BOOT_TO_UNIX_NS + 1_000_000n));
    for (const event of events) expect(BehaviourEvent.parse(event)).toEqual(event);
    expect(processes.map(({ key }) => key)).toEqual([shell.key, child.key]);
    expect(assessCompleteness(recording, coverage, { events, processes })).toEqual([]);
  });

  test("is the same whatever the order in which neighbouring records arrive, and however they are batched", async () => {
    const folder = await folderOf();
    const expected = JSON.stringify((await extract(folder, { readTrace: traceOf(records) })).events);
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(records, { minLength: records.length }),
        fc.integer({ min: 1, max: 9 }),
        async (shuffled, size) => {
          const { events } = await extract(folder, { readTrace: traceOf(shuffled, size) });
          expect(JSON.stringify(events)).toBe(expected);
        },
      ),
      { numRuns: 40 },
    );
  });

  test("keeps no more events than its bound, and says that some are missing", async () => {
    const flood = Array.from({ length: 50 }, (_, number) => by(shell).open(10 + number, `/f${number}`));
    const { events, coverage } = await extract(await folderOf(), {
      readTrace: traceOf([...records, ...flood, by(shell).exec(90, ["/bin/last"])]),
      limits: { events: 20 },
    });
    expect(events).toHaveLength(20);
    expect(events.at(-1)).toMatchObject({ category: "process_creation", fields: { Image: "/bin/last" } });
    expect(coverage.truncated).toContain("events");
    expect(coverage.limits).toMatchObject([{ limit: "events", bound: 20, affectedSample: false }]);
  });

  test("adds what was said inside TLS from the sinkhole's log, and counts lines that are no records", async () => {
    const request: SinkRecord = {
      kind: "http",
      time: String(BOOT_TO_UNIX_NS + 9_000_000n),
      protocol: "tcp",
      connection: 1,
      sourceIp: "10.66.0.2",
      sourcePort: 40_000,
      destinationIp: "203.0.113.5",
      destinationPort: 443,
      encrypted: true,
      method: "GET",
      target: "/stage2?x=1",
      host: "c2.example",
      userAgent: "curl",
      headers: [["Cookie", "a=b"]],
      bodyBytes: 0,
      body: "",
      complete: true,
      status: 200,
      answer: "script",
    };
    const folder = await folderOf({}, [request, "nonsense" as unknown as SinkRecord]);
    const { events, coverage } = await extract(folder, { readTrace: traceOf(records) });
    expect(events.at(-1)).toMatchObject({
      category: "proxy",
      process: null,
      fields: { "c-uri": "https://c2.example/stage2?x=1", "c-uri-query": "x=1", "cs-cookie": "a=b", dst_port: 443 },
    });
    expect(coverage.classes["sink-undecodable"]?.dropped).toBe(1);
  });

  test("counts what the decoder could not read", async () => {
    const { coverage } = await extract(await folderOf(), {
      async *readTrace(_, damage) {
        yield records;
        damage.malformed = 2;
        damage.truncated = true;
      },
    });
    expect(coverage.dropped).toBe(2);
    expect(coverage.truncated).toContain("trace");
  });
});

describe("a folder that is no run", () => {
  test.each([
    ["without a recording", (folder: string) => rm(join(folder, RUN_FILES.recording)), "RUN_INVALID"],
    ["with another recording", (folder: string) => writeFile(join(folder, RUN_FILES.recording), "{}"), "RUN_INVALID"],
    ["without a capture", (folder: string) => rm(join(folder, RUN_FILES.capture)), "CAPTURE_FAILED"],
  ])("%s", async (_, damage, code) => {
    const folder = await folderOf();
    await damage(folder);
    await expect(extract(folder, { readTrace: traceOf(records) })).rejects.toMatchObject({ code });
  });

  test("with a trace that can't be read", async () => {
    const readTrace = async function* () {
      yield records;
      throw new Error("disk");
    };
    await expect(extract(await folderOf(), { readTrace })).rejects.toMatchObject({ code: "RUN_INVALID" });
  });

  test("without the sinkhole's log is read, but not whole", async () => {
    const folder = await folderOf();
    await rm(join(folder, RUN_FILES.sink));
    expect((await extract(folder, { readTrace: traceOf(records) })).coverage.truncated).toEqual(["sink"]);
  });
});
