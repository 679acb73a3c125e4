import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Survivor } from "@airlock/contracts";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { examineSurvivors } from "./survivors.ts";
import { readWait } from "./thread-wait.ts";

test.each([
  ["running", false, "running", false],
  ["-1 0x7ffd 0x7f00", false, "running", false],
  ["230 0x0 0x0 0x7ffe 0x7ffe 0x0 0x0 0x7ffe 0x7f4d", false, "clock_nanosleep", false],
  ["162 0xff 0x0 0x0 0x0 0x0 0x0 0xff 0xf7", true, "nanosleep", true],
  // By `int 0x80` from a 64-bit program; its own 162 is sync.
  ["162 0xff 0x0 0x0 0x0 0x0 0x0 0xff 0xf7", false, "nanosleep", true],
  ["1 0x1 0x7ffe 0x2 0x0 0x0 0x0 0xff 0xf7", false, "write", false],
])("%s (32-bit: %s) is %s", (text, compat, name, narrow) => {
  expect(readWait(text, compat)).toMatchObject({ name, narrow });
});

const children: ReturnType<typeof spawn>[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
});

/** Looks at a real process until it is as it should be; what it is in the end is what the test is told. */
async function look(command: string, args: readonly string[], isThere: (found: Survivor) => boolean) {
  const child = spawn(command, args, { stdio: ["pipe", "ignore", "ignore"] });
  children.push(child);
  let last: Survivor | undefined;
  for (let tries = 0; tries < 50; tries++) {
    [last] = (await examineSurvivors([child.pid ?? 0])).survivors;
    if (last !== undefined && isThere(last)) break;
  }
  return last;
}

const folder = mkdtempSync(join(tmpdir(), "airlock-"));
beforeAll(() => {
  const source = fileURLToPath(new URL("../native/try-waits.c", import.meta.url));
  const flags = ["-O1", "-static", "-pthread", "-Wall", "-Werror", "-Wno-unused-result"];
  execFileSync("gcc", [...flags, "-o", join(folder, "waits"), source]);
});
afterAll(() => rmSync(folder, { recursive: true }));

const wait = (way: string, isThere: (found: Survivor) => boolean) => look(join(folder, "waits"), [way], isThere);
const QUIET = { waitsOnTimerOnly: true, listening: false, connected: false, attends: false };

describe("asleep is", () => {
  test("a sleeper, and how long it asked for is known", async () => {
    const found = await look("/bin/sleep", ["60"], ({ waitingIn }) => waitingIn === "clock_nanosleep");
    expect(found).toMatchObject({ ...QUIET, comm: "sleep", sleepMs: 60_000 });
  });

  test("a program that waits for another's output", async () => {
    const found = await look("/bin/cat", [], ({ waitingIn }) => waitingIn === "read");
    expect(found).toMatchObject({ ...QUIET, sleepMs: null });
  });

  test("one that opens a pipe which nobody writes to", async () => {
    execFileSync("mkfifo", [join(folder, "pipe")]);
    const found = await look("/bin/cat", [join(folder, "pipe")], ({ waitingIn }) => waitingIn.startsWith("open"));
    expect(found).toMatchObject({ ...QUIET, waitingIn: expect.stringMatching(/^open/) });
  });

  test("one that was stopped", async () => {
    const found = await look("/bin/sh", ["-c", "kill -STOP $$"], ({ waitsOnTimerOnly }) => waitsOnTimerOnly);
    expect(found).toMatchObject(QUIET);
  });

  test("a runtime with a timer an hour away, for all its threads and descriptors", async () => {
    const script = "setTimeout(() => {}, 3600e3)";
    const found = await look(process.execPath, ["-e", script], ({ waitsOnTimerOnly }) => waitsOnTimerOnly);
    expect(found).toMatchObject(QUIET);
  });
});

test("a busy program is not asleep", async () => {
  const found = await look("/bin/sh", ["-c", "while :; do :; done"], ({ waitsOnTimerOnly }) => !waitsOnTimerOnly);
  expect(found).toMatchObject({ waitsOnTimerOnly: false, attends: false });
});

test("a sleep by the 32-bit entry is one, and its time is read", async () => {
  const found = await wait("narrow", ({ waitingIn }) => waitingIn === "nanosleep");
  expect(found).toMatchObject({ ...QUIET, sleepMs: 3_600_000 });
});

describe("a socket", () => {
  test.each(["accept", "poll", "select", "epoll", "thread"])("that is waited for by %s is attended", async (way) => {
    const found = await wait(way, ({ attends }) => attends === true);
    expect(found).toMatchObject({ listening: true, connected: false, attends: true });
  });

  test("of a runtime's server is attended", async () => {
    const script = "require('net').createServer().listen(0)";
    const found = await look(process.execPath, ["-e", script], ({ attends }) => attends === true);
    expect(found).toMatchObject({ listening: true, attends: true });
  });

  test.each([
    ["decoy-listener", /nanosleep$/, true],
    ["decoy-queue", /^epoll/, true],
    ["decoy-unix", /^accept/, false],
    ["decoy-self", /^recv/, false],
    ["decoy-datagram", /^recv/, false],
  ])("as in %s is no excuse", async (way, call, listening) => {
    const found = await wait(way, ({ waitingIn, waitsOnTimerOnly }) => waitsOnTimerOnly && call.test(waitingIn));
    expect(found).toMatchObject({ ...QUIET, waitingIn: expect.stringMatching(call), listening });
  });
});

test("a process that has gone is left out, and none the less examined", async () => {
  const child = spawn("/bin/true");
  await once(child, "exit");
  expect(await examineSurvivors([child.pid ?? 0])).toEqual({ survivors: [], unexamined: 0 });
});

test("those beyond the bound are told to be unexamined", async () => {
  const pids = [...Array.from({ length: 1000 }, () => 4_194_999), process.pid, process.pid];
  expect(await examineSurvivors(pids)).toEqual({ survivors: [], unexamined: 2 });
});
