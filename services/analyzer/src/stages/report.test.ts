import { rm } from "node:fs/promises";
import { type Judgement, type LayerEntry, Report } from "@airlock/contracts";
import { beforeAll, describe, expect, test } from "vitest";
import type { ExtractedFlow, Extraction } from "../extract/extraction.ts";
import { makeRunFolder, traceOf } from "../extract/testing/run-folders.ts";
import { by, file, ipv4, task } from "../extract/testing/trace-records.ts";
import { extract } from "./extract.ts";
import { buildReport, type ReportInput } from "./report.ts";

const entry = (path: string, changes: Partial<LayerEntry> = {}): LayerEntry => ({
  path,
  change: "added",
  where: "layer",
  type: "file",
  size: 10,
  mode: "0755",
  uid: 0,
  gid: 0,
  sha256: "ab".repeat(32),
  ...changes,
});

const layer = [
  entry("/tmp/x", { contentType: "elf", kept: "ab".repeat(32) }),
  entry("/etc/config", { change: "changed", imageSha256: "cd".repeat(32), contentType: "text" }),
  entry("/bin/tool", { change: "changed", imageSha256: "ab".repeat(32) }),
  entry("/gone", { change: "deleted" }),
];

const judgement: Judgement = {
  ruleSet: "abc",
  verdict: { level: "benign", score: 0, reasons: [] },
  findings: [],
};

const analysis: Report["analysis"] = {
  id: "a1",
  ruleSet: "abc",
  profile: "default",
  sensorBuild: "1",
  engineVersion: "docker",
  createdAt: "2023-11-14T22:13:20.000Z",
  timings: {},
};

const shell = task(1);
const forks = Array.from({ length: 5 }, (_, number) => task(10 + number));
const last = task(20);
const made = file("/tmp/x", { layer: "upper" });
let extraction: Extraction;

beforeAll(async () => {
  const records = [
    by(shell).exec(1, ["/bin/sh", "-c", "x"]),
    ...forks.map((fork) => by(shell).fork(2, fork)),
    by(shell).open(3, "/tmp/x", { flags: 0o101, created: true, file: made }),
    by(shell).wrote(4, made, "\x7fELF", 100),
    by(forks[0] ?? shell).fork(5, last),
    by(last).exec(6, ["/tmp/x"], { file: made }),
    by(last).open(7, "/etc/passwd"),
    by(last).open(7, "/etc/shadow", { result: -13 }),
    by(last).path(8, "unlink", "/tmp/x"),
    by(last).socket(8, "listen", { local: ipv4("0.0.0.0", 4444) }),
    by(last).exit(9, 0, 11),
  ];
  const folder = await makeRunFolder({ layer });
  extraction = await extract(folder, { readTrace: traceOf(records) });
  await rm(folder, { recursive: true });
});

function build(changes: Partial<ReportInput> = {}): Report {
  return buildReport({ analysis, extraction, judgement, artifacts: [], ...changes });
}

describe("the report document", () => {
  test("is valid, and the same every time", () => {
    const report = build();
    expect(Report.parse(report)).toEqual(report);
    expect(JSON.stringify(build())).toBe(JSON.stringify(report));
    expect(report.image).not.toHaveProperty("diffIds");
    expect(report.omitted).toEqual({});
  });

  test("does not exist without coverage", () => {
    const blind = { ...extraction, coverage: undefined } as unknown as Extraction;
    expect(() => build({ extraction: blind })).toThrow();
  });

  test("shows the process tree by what each ran last", () => {
    const processes = build().processes;
    expect(processes).toHaveLength(7);
    expect(processes[0]).toMatchObject({ key: shell.key, parent: null, commandLine: "/bin/sh -c x", startedAtMs: 0 });
    expect(processes.at(-1)).toMatchObject({
      parent: forks[0]?.key,
      image: "/tmp/x",
      origin: "upper",
      sha256: "ab".repeat(32),
      startedAtMs: 4,
      endedAtMs: 8,
      exitCode: null,
      signal: "SIGSEGV",
      events: 6,
    });
  });

  test("merges what became of each file, also what only the layer shows", () => {
    const files = new Map(build().files.map((found) => [found.path, found]));
    expect(files.get("/tmp/x")).toMatchObject({
      operations: ["created", "written", "executed", "deleted"],
      origin: "upper",
      bytesWritten: 100,
      processes: [shell.key, last.key],
    });
    expect(files.get("/etc/config")).toMatchObject({ operations: ["written"], origin: "copied-up", processes: [] });
    expect(files.get("/bin/tool")?.operations).toEqual(["metadata"]);
    expect(files.get("/gone")?.operations).toEqual(["deleted"]);
    expect(files.get("/etc/passwd")?.operations).toEqual(["read"]);
    expect(files.has("/etc/shadow")).toBe(false);
  });

  test("lists dropped files, programs first", () => {
    expect(build().droppedFiles.map(({ path, kept }) => [path, kept])).toEqual([
      ["/tmp/x", true],
      ["/bin/tool", false],
      ["/etc/config", false],
    ]);
  });

  test("cuts lists that are too long, keeps what says most, and tells what it left out", () => {
    const report = build({ bounds: { processes: 2, files: 3, droppedFiles: 1 } });
    expect(report.processes.map(({ key, parent }) => [key, parent])).toEqual([
      [shell.key, null],
      [last.key, shell.key],
    ]);
    expect(report.files.map(({ path }) => path)).not.toContain("/etc/passwd");
    expect(report.omitted).toEqual({ processes: 5, files: 3, droppedFiles: 2 });
  });
});

describe("the network in the report", () => {
  const flow = (changes: Partial<ExtractedFlow["flow"]>, process: string | null = shell.key): ExtractedFlow => ({
    process,
    hostname: null,
    flow: {
      id: 0,
      protocol: "tcp",
      sourceIp: "10.66.0.2",
      sourcePort: 40_000,
      destinationIp: "203.0.113.5",
      destinationPort: 80,
      initiatedBySample: true,
      startTime: 0n,
      endTime: 0n,
      packets: 5,
      bytesSent: 1,
      bytesReceived: 2,
      established: true,
      reset: false,
      application: "http",
      firstSent: new Uint8Array(),
      firstReceived: new Uint8Array(),
      gapBytes: 0,
      ...changes,
    },
  });

  test("adds flows of one process to one end together, and leaves out what the sample did not begin", () => {
    const flows = [flow({}), flow({ sourcePort: 2 }), flow({}, null), flow({ initiatedBySample: false })];
    expect(build({ extraction: { ...extraction, flows } }).network.flows).toMatchObject([
      { packets: 10, bytesSent: 2, bytesReceived: 4, process: shell.key },
      { packets: 5, process: null },
    ]);
  });

  test("counts queries for one name", () => {
    const query = (id: string, QueryResults: string) => ({
      id,
      time: "1",
      category: "dns_query" as const,
      process: null,
      fields: { QueryName: "c2.example", QueryType: "A", QueryResults },
    });
    const events = [...extraction.events, query("e98", "1.2.3.4"), query("e99", "1.2.3.4;5.6.7.8")];
    expect(build({ extraction: { ...extraction, events } }).network.dns).toEqual([
      { name: "c2.example", type: "A", answers: ["1.2.3.4", "5.6.7.8"], process: null, count: 2 },
    ]);
  });

  test("lists who listens", () => {
    expect(build().network.listeners).toEqual([
      { protocol: "tcp", address: "0.0.0.0", port: 4444, exposed: false, process: last.key },
    ]);
  });
});
