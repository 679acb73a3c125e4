import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Fault, toFault } from "@airlock/contracts";
import {
  allRoots,
  type CgroupTrees,
  findCgroupTrees,
  killTree,
  listFolders,
  listProcesses,
  readCount,
  readFlag,
  readSmall,
  removeTree,
} from "./cgroup-tree.ts";
import { parseRunName, type RunName } from "./run-name.ts";

/**
 * Control groups of our own, one parent per analysis and role, made before the container is: so the recorder knows the
 * sample from its first instruction. The v2 tree does the freezing, the killing and the identity, also on hosts whose
 * controllers sit in v1 hierarchies beside it (hybrid); the engine makes the same path in every hierarchy.
 */

export type CgroupDriver = "cgroupfs" | "systemd";

export interface CgroupPlace {
  /** What the engine is told as the container's parent. */
  readonly engineParent: string;
  /** Path below the root of each hierarchy, with a leading slash. */
  readonly path: string;
  /** The topmost folder that belongs to this run alone. */
  readonly top: string;
}

/**
 * Directly below the root, without a common folder: a neighbour that removes an empty common folder could otherwise break
 * our creation. In slice names a dash means depth (`a-b.slice` lies in `a.slice`), hence the underscores.
 */
export function placeCgroup(driver: CgroupDriver, runName: RunName, role: "sample" | "pause"): CgroupPlace {
  if (driver === "cgroupfs") {
    const path = `/${runName}/${role}`;
    return { engineParent: path, path, top: `/${runName}` };
  }
  const stem = runName.replaceAll("-", "_");
  const slice = `${stem}-${role}.slice`;
  return { engineParent: slice, path: `/${stem}.slice/${slice}`, top: `/${stem}.slice` };
}

/** The run that a folder at the root of a hierarchy belongs to, or null: then it isn't ours to touch. */
export function ownerOfCgroup(folder: string): RunName | null {
  const stem = folder.endsWith(".slice") ? folder.slice(0, -".slice".length).replaceAll("_", "-") : folder;
  return parseRunName(stem);
}

export interface CgroupCounters {
  readonly pidsRefused: number;
  readonly oomKills: number;
}

/** The control group of one sample, from before its container exists until after it is gone. */
export class SampleCgroup {
  /** Absolute path in the v2 tree: its inode number is the id that the recorder looks for. */
  readonly path: string;
  readonly place: CgroupPlace;
  readonly #trees: CgroupTrees;

  private constructor(trees: CgroupTrees, unified: string, place: CgroupPlace) {
    this.#trees = trees;
    this.place = place;
    this.path = join(unified, place.path);
  }

  /** Throws KERNEL_UNSUPPORTED without a v2 tree, CGROUP_FAILED when the folder can't be made. */
  static create(driver: CgroupDriver, runName: RunName, trees = findCgroupTrees()): SampleCgroup {
    if (trees.unified === null) {
      throw new Fault("KERNEL_UNSUPPORTED", "no cgroup v2 tree is mounted", {
        hint: "Mount one beside the v1 hierarchies: mount -t cgroup2 none /sys/fs/cgroup/unified",
      });
    }
    const cgroup = new SampleCgroup(trees, trees.unified, placeCgroup(driver, runName, "sample"));
    try {
      mkdirSync(cgroup.path, { recursive: true });
    } catch (error) {
      throw toFault(error, "CGROUP_FAILED", "the sample's control group can't be made");
    }
    return cgroup;
  }

  /** False when no process is in it or below. */
  isPopulated(): boolean {
    return readFlag(this.path, "populated");
  }

  /** Host ids of all processes, at most `limit`. */
  processes(limit = 10_000): number[] {
    return listProcesses(this.path, limit);
  }

  /** Kills every process, thawed first: the recorder may have stopped them to catch up, and in a v1 freezer none can die. */
  kill(): void {
    killTree(this.#trees, this.place.path);
  }

  /** What the controllers refused so far, of groups that still exist: the container's own goes with its last process. */
  counters(): CgroupCounters {
    let pidsRefused = 0;
    let oomKills = 0;
    for (const root of allRoots(this.#trees)) {
      for (const child of listFolders(join(root, this.place.path))) {
        const folder = join(root, this.place.path, child);
        pidsRefused = Math.max(pidsRefused, readCount(join(folder, "pids.events"), "max"));
        oomKills = Math.max(oomKills, readCount(join(folder, "memory.events"), "oom_kill"));
        oomKills = Math.max(oomKills, readCount(join(folder, "memory.oom_control"), "oom_kill"));
      }
    }
    return { pidsRefused, oomKills };
  }

  /** Most processes at once, from the parent group, which outlives the container; null where the kernel doesn't tell. */
  peakPids(): number | null {
    for (const root of allRoots(this.#trees)) {
      const text = readSmall(join(root, this.place.path, "pids.peak"));
      if (text !== null) return Number(text);
    }
    return null;
  }

  /** Kills what is left and removes the run's groups, pause's too, from every hierarchy. Throws TEARDOWN_FAILED. */
  async remove(): Promise<void> {
    await removeTree(this.#trees, this.place.top);
  }
}

/** The runs that have a control group on this host, whoever owns them. */
export function listRunCgroups(trees = findCgroupTrees()): Map<RunName, string> {
  const found = new Map<RunName, string>();
  for (const root of allRoots(trees)) {
    for (const folder of listFolders(root)) {
      const owner = ownerOfCgroup(folder);
      if (owner !== null) found.set(owner, `/${folder}`);
    }
  }
  return found;
}
