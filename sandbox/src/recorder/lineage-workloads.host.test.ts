import { afterAll, beforeAll, expect, it } from "vitest";
import { Recorder } from "./recorder.ts";
import { describeRecord } from "./trace-line.ts";
import { findWorkload, makeCage, readAll, recordWorkload, runInside } from "./workload-run.ts";

/** Who made whom, under which name, and for how short a time: all events and in order. */

let recorder: Recorder;

beforeAll(async () => {
  recorder = await Recorder.start({ onDeath: () => undefined });
});

afterAll(() => recorder.close());

it("lineage: every way to make a process, and to get away from the one that made it", async () => {
  const program = findWorkload("lineage");
  const run = await recordWorkload(recorder, [program]);
  expect(run.ended).toBe(0);
  expect(run.lines).toEqual([
    `exec ${program} [${program}]`,
    "fork",
    `exec ${program} [clone3 3]`,
    "exit 3",
    "fork",
    `exec ${program} [vfork vfork]`,
    "fork",
    `exec ${program} [vforked 21]`,
    "exit 21",
    "exit 5",
    "prctl ok",
    // A daemon, through two sessions.
    "fork",
    "fork",
    "exit 7",
    "fork",
    "exit 7",
    `exec ${program} [daemon 9]`,
    "exit 9",
    "fork",
    "fork",
    `exec ${program} [sibling 13]`,
    "exit 13",
    "exit 11",
    "fork",
    `exec ${program} [thread 17]`,
    "exit 17",
    "fork",
    "mkdir / mode 700 EEXIST",
    "exit 19",
    "exit 0",
  ]);
  const makers = new Map(
    run.records.flatMap((record) => (record.kind === "fork" ? [[record.child.key, record.task.key]] : [])),
  );
  const execs = run.records.filter((record) => record.kind === "exec");
  const find = (name: string) => execs.find(({ argv }) => argv[0] === name);
  const main = execs[0]?.task.key ?? "";
  const makersOf = (key: string | undefined): string[] =>
    key === undefined || key === main ? [] : [key, ...makersOf(makers.get(key))];
  // Whom a process belongs to is one thing, who made it another: both are told.
  expect(find("daemon")?.parentKey).toBe(main);
  expect(makersOf(find("daemon")?.task.key)).toHaveLength(3);
  expect(find("sibling")?.parentKey).toBe(main);
  expect(makersOf(find("sibling")?.task.key)).toHaveLength(2);
  expect(makersOf(find("vforked")?.task.key)).toHaveLength(2);
  // A thread that runs a program takes its process over, and with it the process's number.
  const thread = find("thread");
  expect(thread?.task).toMatchObject({ tid: thread?.task.pid });
  expect(makers.get(thread?.task.key ?? "")).toBe(main);
});

it("programs: what runs is named by what it is, not by how it was called", async () => {
  const program = findWorkload("programs");
  const run = await recordWorkload(recorder, (cage) => [program, cage.folder]);
  expect(run.ended).toBe(0);
  expect(run.lines).toEqual([
    `exec ${program} [${program} ~]`,
    "chdir ~ ok",
    `open /proc/self/exe = ${program} ok`,
    "open new ~/tool = ~/tool ok",
    expect.stringMatching(/^wrote ~\/tool \d+ in \d+ "\x7fELF/),
    "open ~ = ~ ok",
    "fork",
    "exec ~/tool [relative 3]",
    "exit 3",
    "rename ~/tool (~/renamed) ok",
    "fork",
    "exec ~/renamed [[kworker/0:0] 5]",
    "exit 5",
    "link ~/second (~/renamed) ok",
    "fork",
    "exec ~/second [hard link 7]",
    "exit 7",
    "symlink ~/pointer (renamed) ok",
    "fork",
    "exec ~/renamed [link 9]",
    "exit 9",
    "unlink ~/second ok",
    "unlink ~/pointer ok",
    "open new ~/innocent = ~/innocent ok",
    "unshare ok",
    'mount none / "" ok',
    'mount renamed innocent "" ok',
    "fork",
    "exec ~/innocent [mounted 11]",
    "exit 11",
    "umount2 innocent ok",
    "unlink ~/innocent ok",
    "open new ~/inner = ~/inner ok",
    'wrote ~/inner 15 in 1 "#!./renamed 13\\n"',
    "open new ~/outer = ~/outer ok",
    'wrote ~/outer 10 in 1 "#!./inner\\n"',
    "fork",
    "exec ~/renamed by ./renamed for ./inner [./renamed 13 ./inner]",
    "exit 13",
    "fork",
    "exec ~/renamed by ./renamed for ./outer [./renamed 13 ./inner ./outer]",
    "exit 13",
    "open ~/inner = ~/inner ok",
    "fork",
    "exec ~/renamed by ./renamed for /dev/fd/4 [./renamed 13 /dev/fd/4]",
    "exit 13",
    "unlink ~/inner ok",
    "unlink ~/outer ok",
    "open new ~/plain = ~/plain ok",
    'wrote ~/plain 5 in 1 "text\\n"',
    "fork",
    "execve ./plain EACCES",
    "exit 13",
    "chmod ~/plain mode 700 ok",
    "fork",
    "execve ./plain ENOEXEC",
    "exit 8",
    "unlink ~/plain ok",
    "unlink ~/renamed ok",
    "exit 0",
  ]);
  // Whatever lies over a name, the file's own numbers tell what ran.
  const inodes = run.records.flatMap((record) => (record.kind === "exec" ? [record.file.inode] : [])).slice(1);
  expect(new Set(inodes).size).toBe(1);
  expect(run.account.classes).toMatchObject({ decisive: { dropped: 0 }, bulk: { dropped: 0 } });
});

it("binfmt: a file that is run by the program registered for its name", async () => {
  const program = findWorkload("binfmt");
  const run = await recordWorkload(recorder, (cage) => [program, cage.folder]);
  expect([0, 77]).toContain(run.ended);
  const setup = [
    `exec ${program} [${program} ~]`,
    "chdir ~ ok",
    "unshare ok",
    ...["setgroups 4", "uid_map 5", "gid_map 5"].flatMap((file) => [
      expect.stringMatching(`^open /proc/self/${file.split(" ")[0]} = /proc/\\d+/${file.split(" ")[0]} ok$`),
      expect.stringMatching(`^wrote /proc/\\d+/${file} in 1 "(deny|0 0 1)"$`),
    ]),
    'mount none / "" ok',
  ];
  // Before Linux 6.7 there is one register, the host's, and that is not ours to write to.
  if (run.ended === 77) {
    expect(run.lines).toEqual([...setup, expect.stringMatching(/^mount binfmt_misc \/mnt binfmt_misc E/), "exit 77"]);
    return;
  }
  expect(run.lines).toEqual([
    ...setup,
    "mount binfmt_misc /mnt binfmt_misc ok",
    "open /mnt/register = /mnt/register ok",
    expect.stringMatching(/^wrote \/mnt\/register \d+ in 1 ":airlock:E::airlock::/),
    "open new ~/sample.airlock = ~/sample.airlock ok",
    'wrote ~/sample.airlock 8 in 1 "neither\\n"',
    "fork",
    `exec ${program} by ${program} for ./sample.airlock [${program} ./sample.airlock given]`,
    "exit 5",
    "unlink ~/sample.airlock ok",
    "exit 0",
  ]);
});

const AT_ONCE = 8;
const BRIEF = 200;

it("brief: 200 of 200 programs that live a millisecond, each with its exec and its exit", async () => {
  const program = findWorkload("brief");
  const cage = makeCage();
  const bounds = { ringBytes: 1 << 20, traceBytes: 16 << 20 };
  const session = await recorder.track({ cgroupPath: cage.cgroup, outputPath: cage.trace, ...bounds, begin: "any" });
  const statuses = Array.from({ length: BRIEF }, (_, index) => index);
  for (let from = 0; from < BRIEF; from += AT_ONCE) {
    const some = statuses.slice(from, from + AT_ONCE);
    const ends = await Promise.all(some.map((status) => runInside(cage, [program, `${status}`])));
    expect(ends.map(({ ended }) => ended)).toEqual(some);
  }
  const account = await session.seal();
  const { records, damage } = await readAll(cage.trace);
  await cage.remove();
  const lives = new Map<string, string[]>();
  for (const record of records) {
    if (record.kind !== "exec" && record.kind !== "exit") continue;
    lives.set(record.task.key, [...(lives.get(record.task.key) ?? []), describeRecord(record)]);
  }
  expect([...lives.values()].toSorted(byStatus)).toEqual(
    statuses.map((status) => [`exec ${program} [${program} ${status}]`, `exit ${status}`]),
  );
  expect(account.classes).toMatchObject({ decisive: { dropped: 0 }, bulk: { dropped: 0 } });
  expect(damage).toEqual({ malformed: 0, truncated: false });
});

it("brief: as the whole sample, in a cgroup of its own", async () => {
  const program = findWorkload("brief");
  const statuses = Array.from({ length: 21 }, (_, index) => index);
  const options = { ringBytes: 1 << 20, traceBytes: 16 << 20 };
  for (let from = 0; from < statuses.length; from += AT_ONCE) {
    const some = statuses.slice(from, from + AT_ONCE);
    const runs = await Promise.all(some.map((status) => recordWorkload(recorder, [program, `${status}`], options)));
    expect(runs.map(({ lines }) => lines)).toEqual(
      some.map((status) => [`exec ${program} [${program} ${status}]`, `exit ${status}`]),
    );
  }
});

function byStatus(a: readonly string[], b: readonly string[]): number {
  const statusOf = (life: readonly string[]) => Number(/\d+$/.exec(life.at(-1) ?? "")?.[0] ?? -1);
  return statusOf(a) - statusOf(b);
}
