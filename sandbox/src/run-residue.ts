import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ownerOfCgroup, placeCgroup } from "./cgroup.ts";
import { allRoots, findCgroupTrees, listFolders } from "./cgroup-tree.ts";
import type { Engine } from "./docker/engine.ts";
import { uidOf } from "./network/child-program.ts";
import type { RunName } from "./run-name.ts";

/** For tests: everything on this host that still carries a run's name, but for its folder. Empty is how it has to be. */
export async function findResidue({ docker }: Engine, run: RunName): Promise<string[]> {
  const [containers, volumes, images] = await Promise.all([
    docker.listContainers({ all: true }),
    docker.listVolumes(),
    docker.listImages(),
  ]);
  return [
    ...containers.flatMap(({ Names }) => Names).map((name) => `container ${name}`),
    ...volumes.Volumes.map(({ Name }) => `volume ${Name}`),
    ...images.flatMap(({ RepoTags }) => RepoTags ?? []).map((tag) => `image ${tag}`),
    ...listNames("/run/netns").map((name) => `network namespace ${name}`),
    ...readFileSync("/proc/self/mountinfo", "utf8").split("\n"),
  ]
    .filter((text) => text.includes(run))
    .concat(findCgroups(run), findProcesses(run));
}

function findCgroups(run: RunName): string[] {
  return allRoots(findCgroupTrees()).flatMap((root) =>
    listFolders(root)
      .filter((folder) => ownerOfCgroup(folder) === run)
      .map((folder) => `control group ${join(root, folder)}`),
  );
}

/** By what they were told, by the user that only this run's programs have, and by their control group. */
function findProcesses(run: RunName): string[] {
  const uid = String(uidOf(run));
  const tops = (["cgroupfs", "systemd"] as const).map((driver) => placeCgroup(driver, run, "sample").top);
  return listNames("/proc").flatMap((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      // Dead already, and holding nothing but its number until its parent has taken note.
      if (/^State:\s+Z/m.test(status)) return [];
      const owner = /^Uid:\s+(\d+)/m.exec(status)?.[1];
      const group = readFileSync(`/proc/${pid}/cgroup`, "utf8");
      const isOfRun = command.includes(run) || owner === uid || tops.some((top) => group.includes(top));
      return isOfRun ? [`process ${pid} ${command}`] : [];
    } catch {
      // No process, or gone meanwhile.
      return [];
    }
  });
}

function listNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
