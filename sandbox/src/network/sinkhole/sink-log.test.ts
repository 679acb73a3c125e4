import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SinkRecord, type SinkRecordOf } from "@airlock/contracts";
import { afterAll, expect, it } from "vitest";
import { SinkLog } from "./sink-log.ts";

const folder = mkdtempSync(join(tmpdir(), "airlock-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

function record(name: string): SinkRecordOf<"dns"> {
  return {
    time: "1",
    kind: "dns",
    protocol: "udp",
    connection: 0,
    sourceIp: "172.17.0.2",
    sourcePort: 1,
    destinationIp: "172.17.0.1",
    destinationPort: 53,
    name,
    type: "A",
    answers: [],
    transport: "datagram",
  };
}

it("stays within its bound, and its last line accounts for what is missing", () => {
  const path = join(folder, "log");
  const file = openSync(path, "w");
  const log = new SinkLog(file, 4096);
  for (let index = 0; index < 50; index++) log.write(record(`${index}.test\n"`));
  log.count("failures");
  expect(log.text("abcdef", 3)).toBe("abc");
  expect(log.truncated).toBe(true);
  log.close();
  closeSync(file);
  const text = readFileSync(path, "utf8");
  const lines = text
    .trimEnd()
    .split("\n")
    .map((line) => SinkRecord.parse(JSON.parse(line)));
  expect(text.length).toBeLessThanOrEqual(4096);
  expect(lines.at(-1)).toMatchObject({
    kind: "account",
    requests: 50,
    written: lines.length - 1,
    unwritten: 50 - (lines.length - 1),
    cutFields: 1,
    failures: 1,
  });
});

it("throws when it can't write", () => {
  const file = openSync("/dev/full", "w");
  expect(() => new SinkLog(file, 100_000).write(record("a"))).toThrow();
  closeSync(file);
});
