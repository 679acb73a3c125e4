import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { ownerOfCgroup, placeCgroup } from "./cgroup.ts";
import { findCgroupTrees, readFlag } from "./cgroup-tree.ts";
import { createRunName, parseRunName } from "./run-name.ts";

const run = createRunName();

describe("where a run's control groups lie", () => {
  test("cgroupfs: a folder of the run directly below the root", () => {
    expect(placeCgroup("cgroupfs", run, "sample")).toEqual({
      engineParent: `/${run}/sample`,
      path: `/${run}/sample`,
      top: `/${run}`,
    });
  });

  test("systemd: a slice's name tells its place, and dashes in it mean depth", () => {
    const stem = run.replaceAll("-", "_");
    expect(placeCgroup("systemd", run, "sample")).toEqual({
      engineParent: `${stem}-sample.slice`,
      path: `/${stem}.slice/${stem}-sample.slice`,
      top: `/${stem}.slice`,
    });
  });

  test.each(["cgroupfs", "systemd"] as const)("%s: the owner is read back from the topmost folder's name", (driver) => {
    expect(ownerOfCgroup(placeCgroup(driver, run, "pause").top.slice(1))).toBe(run);
  });

  test.each(["docker", "system.slice", "airlock", "airlock.slice", `${run}x`, `x${run}`])(
    "%s is nobody's",
    (folder) => {
      expect(ownerOfCgroup(folder)).toBeNull();
    },
  );
});

describe("the hierarchies of a host", () => {
  const line = (mountPoint: string, type: string) => `31 23 0:27 / ${mountPoint} rw,nosuid shared:9 - ${type} none rw`;

  test("unified", () => {
    const text = [line("/", "ext4"), line("/sys/fs/cgroup", "cgroup2")].join("\n");
    expect(findCgroupTrees(text)).toEqual({ unified: "/sys/fs/cgroup", legacy: [] });
  });

  test("hybrid", () => {
    const text = [
      line("/sys/fs/cgroup", "tmpfs"),
      line("/sys/fs/cgroup/pids", "cgroup"),
      line("/sys/fs/cgroup/memory", "cgroup"),
      line("/sys/fs/cgroup/unified", "cgroup2"),
    ].join("\n");
    expect(findCgroupTrees(text)).toEqual({
      unified: "/sys/fs/cgroup/unified",
      legacy: ["/sys/fs/cgroup/pids", "/sys/fs/cgroup/memory"],
    });
  });

  test("none at all", () => {
    expect(findCgroupTrees("")).toEqual({ unified: null, legacy: [] });
  });
});

test("a run's name is known again, and nothing else is one", () => {
  expect(parseRunName(run)).toBe(run);
  for (const other of ["", "airlock", `${run}-sample`, `${run}\n`, run.toUpperCase(), "airlock-0-1-2-3"]) {
    expect(parseRunName(other)).toBeNull();
  }
});

describe("a group's state", () => {
  const folder = mkdtempSync(join(tmpdir(), "airlock-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const state = (name: string, text: string) => {
    mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, name, "cgroup.events"), text);
    return join(folder, name);
  };

  test("is read, and a group that has gone is empty", () => {
    expect(readFlag(state("full", "populated 1\nfrozen 0\n"), "populated")).toBe(true);
    expect(readFlag(state("full", "populated 1\nfrozen 0\n"), "frozen")).toBe(false);
    expect(readFlag(join(folder, "gone"), "populated")).toBe(false);
  });

  test("that can't be read is no empty one", () => {
    mkdirSync(join(folder, "broken", "cgroup.events"), { recursive: true });
    const failed = expect.objectContaining({ code: "CGROUP_FAILED" });
    expect(() => readFlag(join(folder, "broken"), "populated")).toThrow(failed);
    expect(() => readFlag(state("silent", ""), "populated")).toThrow(failed);
  });
});
