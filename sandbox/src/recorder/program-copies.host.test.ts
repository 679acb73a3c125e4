import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { TraceRecord } from "@airlock/contracts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Recorder } from "./recorder.ts";
import { findWorkload, recordWorkload, type WorkloadRun } from "./workload-run.ts";

/** Programs that are gone before anybody could look at them; their copies are not. */

let recorder: Recorder;
beforeAll(async () => {
  recorder = await Recorder.start({ onDeath: () => undefined });
});
afterAll(() => recorder.close());

const MiB = 1024 * 1024;
const PLENTY = { fileBytes: 16 * MiB, allBytes: 256 * MiB, files: 1000 };
const program = findWorkload("dropped");

/** In mounts of its own, as in a container: there the gate stands. */
const inOwnMounts = (...args: string[]) => ["/bin/unshare", "--mount", program, ...args];

const hashOf = (content: Buffer | string) => createHash("sha256").update(content).digest("hex");

/** The workload, as it writes it again with something behind it. */
const written = (tail: string) => hashOf(Buffer.concat([readFileSync(program), Buffer.from(tail)]));

const isExec = (record: TraceRecord) => record.kind === "exec";

/** When a program held by a signal is told of depends on who gets a processor first. */
const withoutNotes = ({ lines }: WorkloadRun) => lines.filter((line) => !line.startsWith("program "));

function expectWhole({ account, copies, damage }: WorkloadRun): void {
  expect(account.classes).toMatchObject({ decisive: { dropped: 0 }, bulk: { dropped: 0 } });
  expect(damage).toEqual({ malformed: 0, truncated: false });
  for (const [name, content] of copies) expect(hashOf(content)).toBe(name);
}

it("copies what is gone at once, is only memory, or is a script, and each once", async () => {
  const run = await recordWorkload(recorder, ({ folder }) => inOwnMounts(folder), {
    begin: "container",
    programs: PLENTY,
  });
  expect(run.ended).toBe(0);
  expectWhole(run);
  expect(withoutNotes(run)).toEqual([
    // Its mounts are watched only from here on.
    `exec ${program} held [${program} ~]`,
    "chdir ~ ok",
    "open new ~/program = ~/program ok",
    `open /proc/self/exe = ${program} ok`,
    expect.stringMatching(/^wrote ~\/program /),
    "fork",
    "exec ~/program copied [./program vanish ./program 3]",
    "unlink ~/program ok",
    "exit 3",
    "memfd_create nothing to see ok",
    "fork",
    // On no mount, so nothing stands before it but the signal.
    "exec /memfd:nothing to see memfd held [memory end - 7]",
    "exit 7",
    expect.stringMatching(/^wrote \/memfd:nothing to see memfd /),
    "open new ~/script = ~/script ok",
    expect.stringMatching(/^wrote ~\/script /),
    "fork",
    `exec ${program} copied by ${program} for ./script copied [${program} vanish ./script vanish ./script 5]`,
    "unlink ~/script ok",
    "exit 5",
    "open new ~/kept = ~/kept ok",
    expect.stringMatching(/^wrote ~\/kept /),
    "fork",
    "exec ~/kept copied [./kept end ./kept 9]",
    "exit 9",
    "fork",
    "exec ~/kept copied [./kept end ./kept 9]",
    "exit 9",
    "fork",
    "exec ~/kept copied [./kept end ./kept 9]",
    "exit 9",
    "exit 0",
  ]);
  const script = hashOf(`#!${program} vanish\n`);
  const all = [written(""), written("once"), written("memory"), script, written("thrice")];
  expect([...run.copies.keys()].toSorted()).toEqual(all.toSorted());
  expect(run.records.filter(({ kind }) => kind === "program")).toMatchObject([
    { program: { state: "copied", sha256: written("") } },
    { program: { state: "copied", sha256: written("memory") }, task: { comm: "memfd:nothing t" } },
  ]);
  expect(run.records.filter(isExec).map((exec) => exec.script?.sha256)).toContain(script);
});

it("tells a held program by its exec", async () => {
  const { records } = await recordWorkload(recorder, ({ folder }) => [program, folder, "1"], { programs: PLENTY });
  const execs = records.filter(isExec).filter(({ held }) => held);
  const notes = records.filter(({ kind }) => kind === "program");
  expect(notes.map((note) => note.kind === "program" && [note.task.key, note.execTime])).toEqual(
    execs.map(({ task, time }) => [task.key, time]),
  );
});

it.each(["gate", "signal"] as const)("copies 50 of 50 that live for no time (%s)", async (by) => {
  const run = await recordWorkload(
    recorder,
    ({ folder }) => (by === "gate" ? inOwnMounts(folder, "50") : [program, folder, "50"]),
    { begin: by === "gate" ? "container" : "any", programs: PLENTY },
  );
  expect(run.ended).toBe(0);
  expectWhole(run);
  const wanted = Array.from({ length: 50 }, (_, number) => written(String(number)));
  expect([...run.copies.keys()]).toEqual(expect.arrayContaining(wanted));
  expect(run.copies.size).toBe(51);
  const state = by === "gate" ? "copied" : "held";
  expect(run.lines.filter((line) => line.startsWith(`exec ~/program ${state}`))).toHaveLength(50);
});

it("only hashes what is beyond a bound", async () => {
  const run = await recordWorkload(recorder, ({ folder }) => inOwnMounts(folder, "3"), {
    begin: "container",
    programs: { ...PLENTY, files: 2 },
  });
  expectWhole(run);
  expect([...run.copies.keys()].toSorted()).toEqual([written(""), written("0")].toSorted());
  expect(run.records.filter(isExec).map((exec) => exec.program)).toMatchObject([
    undefined,
    { state: "copied", sha256: written("0") },
    { state: "hashed", sha256: written("1") },
    { state: "hashed", sha256: written("2") },
  ]);
});

it("hashes files of any length rightly", async () => {
  const script = 'cd $0; for i in $(seq 130); do printf "#!/bin/true\\n%*s" $i x >$i; chmod 700 $i; ./$i; done';
  const run = await recordWorkload(recorder, ({ folder }) => ["/bin/unshare", "-m", "/bin/sh", "-c", script, folder], {
    begin: "container",
    programs: PLENTY,
  });
  expectWhole(run);
  const wanted = Array.from({ length: 130 }, (_, index) => hashOf(`#!/bin/true\n${"x".padStart(index + 1)}`));
  expect([...run.copies.keys()]).toEqual(expect.arrayContaining(wanted));
});

it("does not read what is larger than a program can be", async () => {
  const script = "cp $0 $1/large; truncate -s 4T $1/large; exec $1/large end - 7";
  const run = await recordWorkload(recorder, ({ folder }) => ["/bin/sh", "-c", script, program, folder], {
    programs: PLENTY,
  });
  expect(run.ended).toBe(7);
  const notes = run.records.flatMap((record) => (record.kind === "program" ? [record.program] : []));
  expect(notes.at(-1)).toMatchObject({ state: "too-large", size: 4n << 40n });
});
