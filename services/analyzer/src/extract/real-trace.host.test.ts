import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BehaviourEvent, type EventCategory, RUN_FILES } from "@airlock/contracts";
import { createRunName, Recorder, readTrace } from "@airlock/sandbox";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { extract } from "../stages/extract.ts";
import { assessCompleteness } from "./completeness.ts";
import type { Extraction } from "./extraction.ts";
import { recording } from "./testing/recordings.ts";
import { makeRunFolder } from "./testing/run-folders.ts";

/** What the real tracer says about a real program, down to the events: no records made by hand. */
const SCRIPT = `
printf 'echo ran' > piped.sh
/bin/busybox cat piped.sh | /bin/busybox sh
printf '#!/bin/sh\\nexit 3\\n' > tool
chmod 4755 tool
./tool
mv tool moved
ln -s ../elsewhere link
rm moved
/bin/busybox wget -q -O - http://127.0.0.1:1/
/bin/busybox sleep 60 &
kill -9 $!
wait
/bin/busybox cat /etc/no-such-file
`;

let folder = "";
let extraction: Extraction;

beforeAll(async () => {
  folder = await makeRunFolder();
  await writeFile(join(folder, "script.sh"), SCRIPT);
  const trace = await record(folder);
  await writeFile(join(folder, RUN_FILES.recording), JSON.stringify(recording({ trace })));
  extraction = await extract(folder, { readTrace });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function record(runFolder: string) {
  const cgroupPath = join(findCgroup2(), createRunName());
  mkdirSync(cgroupPath);
  const recorder = await Recorder.start({ onDeath: () => {} });
  try {
    const outputPath = join(runFolder, RUN_FILES.trace);
    const bounds = { ringBytes: 8 << 20, traceBytes: 64 << 20 };
    const session = await recorder.track({ cgroupPath, outputPath, ...bounds, begin: "any" });
    const enter = `echo $$ > ${cgroupPath}/cgroup.procs; exec /bin/busybox sh script.sh`;
    await once(spawn("/bin/sh", ["-c", enter], { cwd: runFolder, stdio: "ignore" }), "exit");
    return await session.seal();
  } finally {
    await recorder.close();
    rmdirSync(cgroupPath);
  }
}

function findCgroup2(): string {
  const line = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .find((mount) => mount.includes(" - cgroup2 "));
  return line?.split(" ")[4] ?? "/sys/fs/cgroup";
}

function find(category: EventCategory, fields: object): BehaviourEvent[] {
  const wanted = expect.objectContaining(fields);
  return extraction.events.filter((event) => event.category === category && wanted.asymmetricMatch(event.fields));
}

describe("a recorded program", () => {
  test("is told completely, in order, by the contract", () => {
    expect(assessCompleteness(extraction.recording, extraction.coverage, extraction)).toEqual([]);
    const times = extraction.events.map(({ time }) => BigInt(time));
    expect(times).toEqual(times.toSorted((a, b) => (a < b ? -1 : Number(a > b))));
    for (const event of extraction.events) expect(BehaviourEvent.parse(event)).toEqual(event);
  });

  test.each<[EventCategory, () => object]>([
    ["process_creation", () => ({ IsEntrypoint: true, Script: join(folder, "script.sh") })],
    [
      "process_creation",
      () => ({ CommandLine: "/bin/busybox sh", StdinKind: "pipe", StdinFromImage: expect.any(String) }),
    ],
    ["process_creation", () => ({ CommandLine: "/bin/busybox cat piped.sh", StdoutToImage: expect.any(String) })],
    ["process_creation", () => ({ Script: join(folder, "tool"), CommandLine: "/bin/sh ./tool" })],
    ["process_termination", () => ({ ExitCode: 3 })],
    ["process_termination", () => ({ Signal: "SIGKILL" })],
    ["process_access", () => ({ CallName: "kill", Request: "SIGKILL", TargetIsChild: true })],
    ["file_event", () => ({ TargetFilename: join(folder, "tool"), Operation: "create", ContentType: "script" })],
    [
      "file_event",
      () => ({ TargetFilename: join(folder, "link"), Operation: "symlink", SourceFilename: "../elsewhere" }),
    ],
    ["file_change", () => ({ TargetFilename: join(folder, "tool"), Change: "mode", Mode: "4755" })],
    ["file_rename", () => ({ SourceFilename: join(folder, "tool"), TargetFilename: join(folder, "moved") })],
    ["file_delete", () => ({ TargetFilename: join(folder, "moved"), Result: "ok" })],
    ["file_access", () => ({ TargetFilename: "/etc/no-such-file", Result: "ENOENT" })],
    ["network_connection", () => ({ DestinationIp: "127.0.0.1", DestinationPort: 1, Result: "ECONNREFUSED" })],
  ])("%s %#", (category, fields) => {
    expect(find(category, fields())).toHaveLength(1);
  });

  test("has one root, from which every process descends", () => {
    const [root, ...others] = extraction.processes;
    expect(root?.parent).toBeNull();
    expect(others.length).toBeGreaterThan(5);
    expect(others.filter(({ parent }) => parent === null)).toEqual([]);
  });
});
