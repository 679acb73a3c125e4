import { setTimeout as sleep } from "node:timers/promises";
import { Fault, toFault } from "@airlock/contracts";
import { listRunCgroups } from "./cgroup.ts";
import { findCgroupTrees, killTree, removeTree } from "./cgroup-tree.ts";
import { type Engine, statusOf } from "./docker/engine.ts";
import type { EngineImages } from "./docker/images.ts";
import { listEngineRuns, removeRunContainers } from "./docker/run-containers.ts";
import { removeVolume } from "./docker/volumes.ts";
import { reapNetworks } from "./network/sample-network.ts";
import { reapRunFolders } from "./run-folder.ts";
import { isOwnerAlive, type RunName } from "./run-name.ts";

/**
 * Removes what dead owners left on this host: processes and containers first, since they hold all the rest. What belongs to
 * a live process, or carries no run's name, is never touched. Returns how many things were removed. Every part is tried,
 * then TEARDOWN_FAILED says what could not be removed. `isLeft` says more: runs of live owners that are over all the same.
 */
export async function reap(
  engine: Engine,
  images: EngineImages,
  isLeft: (run: RunName) => boolean = () => false,
): Promise<number> {
  const isDead = (run: RunName) => !isOwnerAlive(run) || isLeft(run);
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
  reaped += await attempt("containers", () => reapContainers(engine, isDead));
  reaped += await attempt("networks", async () => (await reapNetworks(isDead)).length);
  reaped += await attempt("control groups", () => reapCgroups(isDead));
  reaped += await attempt("images", () => images.reap());
  reaped += await attempt("folders", reapRunFolders);
  if (failures.length > 0) throw new Fault("TEARDOWN_FAILED", `leftovers of dead runs: ${failures.join("; ")}`);
  return reaped;
}

/** The engine can't end what is frozen, as a sample is whose owner died while the recorder was catching up. */
async function reapContainers({ docker }: Engine, isDead: (run: RunName) => boolean): Promise<number> {
  const trees = findCgroupTrees();
  for (const [run, top] of listRunCgroups(trees)) {
    if (isDead(run)) killTree(trees, top);
  }
  const dead = (await listEngineRuns(docker)).filter(({ run }) => isDead(run));
  await Promise.all(dead.map(({ run, volumes }) => removeRun(docker, run, volumes)));
  return dead.length;
}

const REMOVAL_MS = 5_000;
const RETRY_MS = 100;

/**
 * A volume can be in use by a container that can't be found yet: when the owner was killed, the engine went on with the
 * creation that it had been asked for, and shows the container when it is done.
 */
async function removeRun(docker: Engine["docker"], run: RunName, volumes: readonly string[]): Promise<void> {
  for (const until = performance.now() + REMOVAL_MS; ; await sleep(RETRY_MS)) {
    try {
      await removeRunContainers(docker, run);
      for (const volume of volumes) await removeVolume(docker, volume);
      return;
    } catch (error) {
      if (statusOf(error) !== 409 || performance.now() > until) throw error;
    }
  }
}

async function reapCgroups(isDead: (run: RunName) => boolean): Promise<number> {
  const trees = findCgroupTrees();
  const dead = [...listRunCgroups(trees)].filter(([run]) => isDead(run));
  for (const [, top] of dead) await removeTree(trees, top);
  return dead.length;
}
