import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Judgement, type Recording, RUN_FILES, type TraceRecord } from "@airlock/contracts";
import { afterEach, expect, test } from "vitest";
import { makeRunFolder, traceOf } from "../extract/testing/run-folders.ts";
import { by, file, ipv4, task } from "../extract/testing/trace-records.ts";
import { extract } from "./extract.ts";
import { judge, loadRuleSet } from "./judge.ts";

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function judgeRun(records: readonly TraceRecord[], changes: Partial<Recording> = {}) {
  const folder = await makeRunFolder(changes);
  folders.push(folder);
  const extraction = await extract(folder, { readTrace: traceOf(records) });
  const judgement = await judge(extraction, folder, { ruleSet: await loadRuleSet([]) });
  return { judgement, extraction, written: await readFile(join(folder, RUN_FILES.judgement), "utf8") };
}

const shell = task(1);
const wget = task(2);
const stage = task(3);
const downloaded = file("/tmp/x", { layer: "upper" });
const server: TraceRecord[] = [by(shell).exec(1, ["/bin/sh"]), by(shell).open(8, "/etc/passwd")];
const dropper: TraceRecord[] = [
  by(shell).exec(1, ["/bin/sh"]),
  by(shell).fork(2, wget),
  by(wget).exec(3, ["/bin/wget"]),
  by(wget).socket(4, "connect", { remote: ipv4("203.0.113.5", 80) }),
  by(wget).open(5, "/tmp/x", { flags: 0o101, created: true, file: downloaded }),
  by(wget).wrote(6, downloaded, "#!/bin/sh\n"),
  by(wget).exit(7),
  by(shell).fork(8, stage),
  by(stage).exec(9, ["/tmp/x"], { file: downloaded }),
  by(stage).open(10, "/etc/shadow"),
];

test("calls a quiet run with whole evidence benign", async () => {
  const { judgement } = await judgeRun(server);
  expect(judgement.verdict).toEqual({ level: "benign", score: 0, reasons: [] });
});

test("calls a quiet run with holes in its evidence unknown", async () => {
  const { judgement } = await judgeRun(server, { stoppedEarly: true });
  expect(judgement.verdict.level).toBe("unknown");
  expect(judgement.verdict.reasons.map(({ code }) => code)).toEqual(["stopped-early"]);
});

test("proves a dropper from recorded calls, whatever was lost", async () => {
  const { judgement, extraction } = await judgeRun(dropper, { stoppedEarly: true });
  expect(judgement.findings.map(({ signature }) => signature.id)).toEqual(
    expect.arrayContaining(["downloads-and-executes", "reads-password-hashes"]),
  );
  expect(judgement.verdict.level).toBe("malicious");
  expect(judgement.verdict.reasons.map(({ code }) => code)).toEqual(["stopped-early"]);
  const ids = new Set(extraction.events.map(({ id }) => id));
  for (const { evidence } of judgement.findings) expect(evidence.some(({ event }) => ids.has(event))).toBe(true);
});

test("writes the same bytes for the same run", async () => {
  const [first, second] = [await judgeRun(dropper), await judgeRun(dropper)];
  expect(first.written).toBe(second.written);
  expect(Judgement.parse(JSON.parse(first.written))).toEqual(first.judgement);
});

test("adds users' rules to the shipped ones, and refuses what is no rule", async () => {
  const folder = await makeRunFolder();
  folders.push(folder);
  const rules = join(folder, "rules");
  await mkdir(rules);
  const rule = "title: T\nlogsource: {category: output}\ndetection: {a: [word], condition: a}\n";
  await writeFile(join(rules, "mine.yml"), rule);
  const [shipped, both] = [await loadRuleSet([]), await loadRuleSet([rules])];
  expect(both.signatures.length).toBe(shipped.signatures.length + 1);
  expect(both.hash).not.toBe(shipped.hash);
  await writeFile(join(rules, "broken.yml"), "title: [");
  await expect(loadRuleSet([rules])).rejects.toMatchObject({ code: "SIGNATURE_INVALID" });
});
