import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { examineSurvivors, readWait } from "./survivors.ts";

test.each([
  ["running", false, "running"],
  ["-1 0x7ffd 0x7f00", false, "running"],
  ["230 0x0 0x0 0x7ffe 0x7ffe 0x0 0x0 0x7ffe 0x7f4d", false, "clock_nanosleep"],
  ["162 0xff 0x0 0x0 0x0 0x0 0x0 0xff 0xf7", true, "nanosleep"],
  // By `int 0x80` from a 64-bit program; its own 162 is sync.
  ["162 0xff 0x0 0x0 0x0 0x0 0x0 0xff 0xf7", false, "nanosleep"],
  ["1 0x1 0x7ffe 0x2 0x0 0x0 0x0 0xff 0xf7", false, "write"],
])("%s (32-bit: %s) is %s", (text, compat, name) => {
  expect(readWait(text, compat)).toBe(name);
});

const children: ReturnType<typeof spawn>[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
});

/** Looks at a real process once it is where it should be. */
async function look(command: string, args: readonly string[], isThere: (waitingIn: string) => boolean) {
  const child = spawn(command, args, { stdio: ["pipe", "ignore", "ignore"] });
  children.push(child);
  for (let tries = 0; tries < 500; tries++) {
    const [found] = examineSurvivors([child.pid ?? 0]);
    if (found !== undefined && isThere(found.waitingIn)) return found;
    await sleep(10);
  }
  throw new Error("never got there");
}

const isPolling = (waitingIn: string) => waitingIn.startsWith("epoll");

test("a sleeper only waits for time", async () => {
  const found = await look("/bin/sleep", ["60"], (name) => name === "clock_nanosleep");
  expect(found).toMatchObject({ comm: "sleep", waitsOnTimerOnly: true, listening: false, connected: false });
});

test("a program that waits for another's output only waits too, for that other one is looked at as well", async () => {
  const found = await look("/bin/cat", [], (name) => name === "read");
  expect(found).toMatchObject({ waitsOnTimerOnly: true });
});

test("a busy program waits for nothing", async () => {
  const found = await look("/bin/sh", ["-c", "while :; do :; done"], (name) => name === "running");
  expect(found).toMatchObject({ waitsOnTimerOnly: false });
});

test("a runtime with a timer an hour away only waits, for all its threads and descriptors", async () => {
  const { pid } = await look(process.execPath, ["-e", "setTimeout(() => {}, 3600e3)"], isPolling);
  const asleep = { waitsOnTimerOnly: true, listening: false, connected: false };
  await expect.poll(() => examineSurvivors([pid])).toMatchObject([asleep]);
});

test("a server listens", async () => {
  const script = "require('net').createServer().listen(0, '127.0.0.1')";
  const { pid } = await look(process.execPath, ["-e", script], isPolling);
  await expect.poll(() => examineSurvivors([pid])).toMatchObject([{ listening: true, connected: false }]);
});

test("a process that has gone is left out", async () => {
  const child = spawn("/bin/true");
  await once(child, "exit");
  expect(examineSurvivors([child.pid ?? 0])).toEqual([]);
});
