import { Fault, toFault } from "@airlock/contracts";
import { listRunCgroups } from "./cgroup.ts";
import { findCgroupTrees, killTree, removeTree } from "./cgroup-tree.ts";
import type { Engine } from "./docker/engine.ts";
import type { EngineImages } from "./docker/images.ts";
import { listEngineRuns, removeRunContainers } from "./docker/run-containers.ts";
import { removeVolume } from "./docker/volumes.ts";
import { reapNetworks } from "./network/sample-network.ts";
import { reapRunFolders } from "./run-folder.ts";
import { isOwnerAlive } from "./run-name.ts";

/**
 * Removes what dead owners left on this host: processes and containers first, since they hold all the rest. What belongs to
 * a live process, or carries no run's name, is never touched. Returns how many things were removed. Every part is tried,
 * then TEARDOWN_FAILED says what could not be removed.
 */
export async function reap(engine: Engine, images: EngineImages): Promise<number> {
  const failures: string[] = [];
  const attempt = async (what: string, part: () => Promise<number>) => {
    try {
      return await part();
    } catch (error) {
      failures.push(`${what}: ${toFault(error).message}`);
      return 0;
    }
  };
  let reaped = 0;
  reaped += await attempt("containers", () => reapContainers(engine));
  reaped += await attempt("networks", async () => (await reapNetworks((name) => !isOwnerAlive(name))).length);
  reaped += await attempt("control groups", reapCgroups);
  reaped += await attempt("images", () => images.reap());
  reaped += await attempt("folders", reapRunFolders);
  if (failures.length > 0) throw new Fault("TEARDOWN_FAILED", `leftovers of dead runs: ${failures.join("; ")}`);
  return reaped;
}

/** The engine can't end what is frozen, as a sample is whose owner died while the recorder was catching up. */
async function reapContainers({ docker }: Engine): Promise<number> {
  const trees = findCgroupTrees();
  for (const [run, top] of listRunCgroups(trees)) {
    if (!isOwnerAlive(run)) killTree(trees, top);
  }
  const dead = (await listEngineRuns(docker)).filter(({ run }) => !isOwnerAlive(run));
  await Promise.all(
    dead.map(async ({ run, volumes }) => {
      await removeRunContainers(docker, run);
      for (const volume of volumes) await removeVolume(docker, volume);
    }),
  );
  return dead.length;
}

async function reapCgroups(): Promise<number> {
  const trees = findCgroupTrees();
  const dead = [...listRunCgroups(trees)].filter(([run]) => !isOwnerAlive(run));
  for (const [, top] of dead) await removeTree(trees, top);
  return dead.length;
}
