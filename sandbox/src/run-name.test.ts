import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { createRunName, isOwnerAlive, type RunName } from "./run-name.ts";

const changed = (run: RunName, index: number, part: string) => run.split("-").with(index, part).join("-") as RunName;

test("every name is another", () => {
  expect(new Set(Array.from({ length: 100 }, createRunName)).size).toBe(100);
});

test("a name of this process is alive", () => {
  expect(isOwnerAlive(createRunName())).toBe(true);
});

test("a name is dead when its process is", () => {
  const { pid } = spawnSync("/bin/true");
  expect(isOwnerAlive(changed(createRunName(), 2, String(pid)))).toBe(false);
});

test("a name is dead when its process id was given to another since", () => {
  expect(isOwnerAlive(changed(createRunName(), 3, "0"))).toBe(false);
});

test("a name is dead when it is from before the last boot", () => {
  expect(isOwnerAlive(changed(createRunName(), 1, "00000000"))).toBe(false);
});

test("an owner in another pid namespace can't be seen from here and counts as alive", () => {
  const { pid } = spawnSync("/bin/true");
  const dead = changed(createRunName(), 2, String(pid));
  expect(isOwnerAlive(changed(dead, 4, "1"))).toBe(true);
});
