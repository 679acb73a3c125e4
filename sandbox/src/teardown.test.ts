import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { Teardown } from "./teardown.ts";

function setUp() {
  const log: string[] = [];
  const teardown = new Teardown();
  const note =
    (text: string, ms = 0) =>
    async (thing: string | undefined) => {
      await sleep(ms);
      log.push(thing === undefined ? text : `${text} ${thing}`);
    };
  return { log, teardown, note };
}

test("sensors, containers and what they lived in go in this order, all of one kind together", async () => {
  const { log, teardown, note } = setUp();
  void teardown.begun("network", "surroundings", Promise.resolve("n"), note("network"));
  void teardown.begun("slow container", "containers", Promise.resolve("c"), note("slow container", 20));
  void teardown.begun("container", "containers", Promise.resolve("d"), note("container"));
  void teardown.begun("sensor", "sensors", Promise.resolve("s"), note("sensor"));
  await teardown.run();
  expect(log).toEqual(["sensor s", "container d", "slow container c", "network n"]);
});

test("what is still coming up is waited for, and what failed to is undone as well", async () => {
  const { log, teardown, note } = setUp();
  const late = sleep(20, "late");
  void teardown.begun("late", "containers", late, note("late"));
  const failing = teardown.begun("failed", "containers", Promise.reject<string>(new Error("no")), note("failed"));
  await expect(failing).rejects.toThrow("no");
  await teardown.run();
  expect(log.toSorted()).toEqual(["failed", "late late"]);
});

test("a step that fails keeps no other from running, and all failures are told", async () => {
  const { log, teardown, note } = setUp();
  const fail = (why: string) => () => Promise.reject(new Error(why));
  void teardown.begun("containers", "containers", Promise.resolve(), fail("busy"));
  void teardown.begun("sensor", "containers", Promise.resolve("s"), note("sensor"));
  void teardown.begun("volumes", "surroundings", Promise.resolve(), fail("held"));
  void teardown.begun("network", "surroundings", Promise.resolve("n"), note("network"));
  await expect(teardown.run()).rejects.toMatchObject({
    code: "TEARDOWN_FAILED",
    message: "left behind: containers: busy; volumes: held",
  });
  expect(log).toEqual(["sensor s", "network n"]);
});

test("it happens once, whoever asks", async () => {
  const { log, teardown, note } = setUp();
  void teardown.begun("network", "surroundings", Promise.resolve("n"), note("network"));
  await Promise.all([teardown.run(), teardown.run()]);
  await teardown.run();
  expect(log).toEqual(["network n"]);
});

test("a part can go ahead of its turn, is undone only once, and its failure is told in the end", async () => {
  const { log, teardown, note } = setUp();
  void teardown.begun("network", "surroundings", Promise.resolve("n"), note("network"));
  void teardown.begun("pause", "containers", Promise.resolve("p"), () => Promise.reject(new Error("busy")));
  void teardown.begun("sample", "containers", Promise.resolve("s"), note("sample"));
  teardown.ahead("network", "pause");
  await expect.poll(() => log).toEqual(["network n"]);
  await expect(teardown.run()).rejects.toMatchObject({ message: "left behind: pause: busy" });
  expect(log).toEqual(["network n", "sample s"]);
});
