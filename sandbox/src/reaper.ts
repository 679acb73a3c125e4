import { listRunCgroups } from "./cgroup.ts";
import { findCgroupTrees, removeTree } from "./cgroup-tree.ts";
import type { Engine } from "./docker/engine.ts";
import type { EngineImages } from "./docker/images.ts";
import { listEngineRuns, removeRunContainers } from "./docker/run-containers.ts";
import { removeVolume } from "./docker/volumes.ts";
import { reapNetworks } from "./network/sample-network.ts";
import { reapRunFolders } from "./run-folder.ts";
import { isOwnerAlive } from "./run-name.ts";

/**
 * Removes what dead owners left on this host: containers first, since they hold all the rest. What belongs to a live process,
 * or carries no run's name, is never touched. Returns how many things were removed.
 */
export async function reap(engine: Engine, images: EngineImages): Promise<number> {
  const containers = await reapContainers(engine);
  const networks = await reapNetworks((name) => !isOwnerAlive(name));
  const cgroups = await reapCgroups();
  const tags = await images.reap();
  const folders = await reapRunFolders();
  return containers + networks.length + cgroups + tags + folders;
}

async function reapContainers({ docker }: Engine): Promise<number> {
  const dead = (await listEngineRuns(docker)).filter(({ run }) => !isOwnerAlive(run));
  for (const { run, volumes } of dead) {
    await removeRunContainers(docker, run);
    for (const volume of volumes) await removeVolume(docker, volume);
  }
  return dead.length;
}

async function reapCgroups(): Promise<number> {
  const trees = findCgroupTrees();
  const dead = [...listRunCgroups(trees)].filter(([run]) => !isOwnerAlive(run));
  for (const [, top] of dead) await removeTree(trees, top);
  return dead.length;
}
