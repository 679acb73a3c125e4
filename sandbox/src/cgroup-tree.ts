import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { Fault, toFault } from "@airlock/contracts";

/**
 * The control group file systems as they are mounted on this host, and what is done alike in each of them:
 * thaw, kill, remove. Paths are below the root of a hierarchy, with a leading slash.
 */

export interface CgroupTrees {
  /** Mount point of the v2 tree; null where there is none. */
  readonly unified: string | null;
  /** Mount points of the v1 hierarchies. */
  readonly legacy: readonly string[];
}

/** Reads the mounted hierarchies from the text of /proc/self/mountinfo. */
export function findCgroupTrees(mountinfo = readFileSync("/proc/self/mountinfo", "utf8")): CgroupTrees {
  let unified: string | null = null;
  const legacy: string[] = [];
  for (const line of mountinfo.split("\n")) {
    const [before, after] = line.split(" - ");
    const mountPoint = before?.split(" ")[4];
    const type = after?.split(" ")[0];
    if (mountPoint === undefined) continue;
    if (type === "cgroup2") unified ??= mountPoint;
    if (type === "cgroup") legacy.push(mountPoint);
  }
  return { unified, legacy };
}

/** Every hierarchy, v2 first. */
export function allRoots(trees: CgroupTrees): string[] {
  return trees.unified === null ? [...trees.legacy] : [trees.unified, ...trees.legacy];
}

/**
 * Thaws and kills everything below `path` in the v2 tree. All at once where the kernel can (since 5.14), which no fork
 * outruns; then one by one, since it passes over a process whose first thread has ended while others go on (tried on 6.18).
 */
export function killTree(trees: CgroupTrees, path: string): void {
  thawTree(trees, path);
  if (trees.unified === null) return;
  const folder = join(trees.unified, path);
  const rounds = tryWrite(join(folder, "cgroup.kill"), "1") ? 1 : MAX_KILL_ROUNDS;
  for (let round = 0; round < rounds; round++) {
    const pids = listProcesses(folder, 100_000);
    if (pids.length === 0) return;
    for (const pid of pids) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // Gone by itself.
      }
    }
  }
}

/** Without `cgroup.kill`: again and again, while new ones appear. */
const MAX_KILL_ROUNDS = 50;

/** Removes a run's folder from every hierarchy, deepest first; waits for dying processes. Throws TEARDOWN_FAILED. */
export async function removeTree(trees: CgroupTrees, top: string): Promise<void> {
  killTree(trees, top);
  if (top.endsWith(".slice")) await stopSlice(top.slice(1));
  const roots = allRoots(trees);
  for (let waited = 0; ; waited += REMOVE_POLL_MS) {
    const left = roots.filter((root) => !removeFolders(join(root, top)));
    if (left.length === 0) return;
    if (waited >= REMOVE_TIMEOUT_MS) {
      throw new Fault("TEARDOWN_FAILED", `the control group ${top} can't be removed from ${left.join(", ")}`);
    }
    await sleep(REMOVE_POLL_MS);
  }
}

/** systemd made a unit of it when the engine asked for a container in it, and keeps that for ever unless told. */
async function stopSlice(name: string): Promise<void> {
  if (!existsSync("/run/systemd/system")) return;
  // It may have forgotten the slice already; what matters is whether the folders can be removed, and that shows below.
  await promisify(execFile)("systemctl", ["stop", name], { timeout: 10_000 }).catch(() => undefined);
}

const REMOVE_POLL_MS = 10;
const REMOVE_TIMEOUT_MS = 5_000;

function thawTree(trees: CgroupTrees, path: string): void {
  for (const root of allRoots(trees)) {
    for (const folder of [join(root, path), ...listBelow(join(root, path))]) {
      tryWrite(join(folder, "cgroup.freeze"), "0");
      tryWrite(join(folder, "freezer.state"), "THAWED");
    }
  }
}

/** True when nothing is left of `folder`. Only group folders can be removed; their files go with them. */
function removeFolders(folder: string): boolean {
  for (const below of listBelow(folder).toReversed()) tryRemove(below);
  return tryRemove(folder);
}

function tryRemove(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT";
  }
}

/** All folders below, parents before children. */
function listBelow(folder: string): string[] {
  return listFolders(folder).flatMap((name) => [join(folder, name), ...listBelow(join(folder, name))]);
}

export function listFolders(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return [];
  }
}

export function listProcesses(folder: string, limit: number): number[] {
  const found: number[] = [];
  for (const path of [folder, ...listBelow(folder)]) {
    for (const line of (readSmall(join(path, "cgroup.procs")) ?? "").split("\n")) {
      if (line !== "" && found.length < limit) found.push(Number(line));
    }
  }
  return found;
}

/**
 * A flag of `cgroup.events`; false once the folder is gone. Throws CGROUP_FAILED when it can't be read for another reason: out
 * of descriptors or memory, a living sample must not look like one that has ended.
 */
export function readFlag(folder: string, name: string): boolean {
  const text = readEvents(join(folder, "cgroup.events"));
  if (text === null) return false;
  const value = new RegExp(`^${name} ([01])$`, "m").exec(text)?.[1];
  if (value === undefined) throw new Fault("CGROUP_FAILED", `a control group doesn't say whether it is ${name}`);
  return value === "1";
}

function readEvents(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (GONE.has((error as NodeJS.ErrnoException).code ?? "")) return null;
    throw toFault(error, "CGROUP_FAILED", "a control group's state can't be read");
  }
}

/** The second when the folder goes between opening and reading. */
const GONE: ReadonlySet<string> = new Set(["ENOENT", "ENODEV"]);

/** A line `name value` of a flat keyed file; 0 when absent. */
export function readCount(path: string, name: string): number {
  const line = (readSmall(path) ?? "").split("\n").find((text) => text.startsWith(`${name} `));
  return line === undefined ? 0 : Number(line.slice(name.length + 1));
}

export function readSmall(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

function tryWrite(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: "r+" });
    return true;
  } catch {
    return false;
  }
}
