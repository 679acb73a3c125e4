import { afterAll, beforeAll, expect, it } from "vitest";
import { Recorder } from "./recorder.ts";
import { findWorkload, recordWorkload } from "./workload-run.ts";

/** Processes and programs. Each workload's events, all of them and in order: one too many is as wrong as one too few. */

let recorder: Recorder;

beforeAll(async () => {
  recorder = await Recorder.start({ onDeath: () => undefined });
});

afterAll(() => recorder.close());

const NOTHING_LOST = { decisive: { dropped: 0 }, bulk: { dropped: 0 } };

it("processes: threads are none, and what runs is named by what it is", async () => {
  const program = findWorkload("processes");
  const run = await recordWorkload(recorder, (cage) => [program, cage.folder]);
  expect(run.ended).toBe(0);
  const preload = "LD_PRELOAD=/nowhere/lib.so";
  // Of the child and the grandchild of the double fork either may end first.
  expect(run.lines.filter((line) => line !== "exit 5")).toEqual([
    `exec ${program} [${program} ~]`,
    "chdir ~ ok",
    "fork",
    "fork",
    "exit 3",
    "fork",
    `exec ${program} [kworker/0:1 exit 11] ${preload}`,
    "exit 11",
    "fork",
    "exit by signal 9",
    "memfd_create nothing to see ok",
    `open /proc/self/exe = ${program} ok`,
    "fork",
    `exec /memfd:nothing to see memfd [memory exit 13] ${preload}`,
    "exit 13",
    // The sum is handed over when the file is closed, which was after its run.
    expect.stringMatching(/^wrote \/memfd:nothing to see memfd \d+ in \d+ "\x7fELF/),
    "open new ~/gone = ~/gone ok",
    // It reads itself once more: an exact repeat, suppressed.
    expect.stringMatching(/^wrote ~\/gone \d+ in \d+ "\x7fELF/),
    "open ~/gone = ~/gone ok",
    "unlink ~/gone ok",
    "fork",
    `exec ~/gone deleted [gone exit 17] ${preload}`,
    "exit 17",
    "open new ~/script = ~/script ok",
    'wrote ~/script 22 in 1 "#!/proc/self/exe exit\\n"',
    "fork",
    `exec ${program} by /proc/self/exe for ./script [/proc/self/exe exit ./script 19] ${preload}`,
    "exit 19",
    "unlink ~/script ok",
    "fork",
    "execve /nowhere/at/all ENOENT",
    "exit 23",
    "exit 0",
  ]);
  expect(run.lines.filter((line) => line === "exit 5")).toHaveLength(1);
});

it("oversized: what is too large says so, and shows both its ends", async () => {
  const program = findWorkload("oversized");
  const run = await recordWorkload(recorder, (cage) => [program, cage.folder]);
  expect(run.ended).toBe(5);
  const execs = run.records.filter((record) => record.kind === "exec");
  expect(execs.map(({ argv, argvTruncated }) => [argv[0], argv.at(-1), argvTruncated])).toEqual([
    [program, expect.any(String), false],
    ["before", "x", false],
    ["between", "x", false],
    ["arguments", "command", true],
  ]);
  expect(execs.map(({ env, envTruncated }) => [env, envTruncated])).toEqual([
    [[], false],
    [["LD_PRELOAD=/nowhere/lib.so"], true],
    [[], true],
    [[], false],
  ]);
  const deep = "/d".repeat(128);
  expect(run.lines.filter((line) => /absent|deep/.test(line))).toEqual([
    `open new …${deep}/deep = …${deep.slice(2)}/deep ok`,
    `unlink …${deep}/deep ok`,
    `open …${deep}/absent ENOENT`,
  ]);
  expect(run.account.classes).toMatchObject(NOTHING_LOST);
});
