import { statfsSync } from "node:fs";
import type { DetonationLimits, LimitHit } from "@airlock/contracts";
import type { SampleCgroup } from "./cgroup.ts";
import { boundVolume, type SampleVolume } from "./docker/hardening.ts";

/**
 * Watches the bounds that the kernel itself enforces, for what it refused: processes, memory, space in volumes. The
 * controllers' counters go away with the container, hence a look now and then and one right before the kill.
 */
export class ResourceWatch {
  readonly #cgroup: SampleCgroup;
  readonly #limits: DetonationLimits;
  readonly #folders: ReadonlyMap<string, string>;
  readonly #full = new Set<string>();
  #pidsRefused = 0;
  #oomKills = 0;

  /** Volumes and /dev/shm are looked at through the root of `pausePid`, which holds them. */
  constructor(cgroup: SampleCgroup, limits: DetonationLimits, pausePid: number, volumes: readonly SampleVolume[]) {
    this.#cgroup = cgroup;
    this.#limits = limits;
    const root = `/proc/${pausePid}/root`;
    this.#folders = new Map([
      ...volumes.map(({ path, heldAt }) => [path, `${root}${heldAt}`] as const),
      ["/dev/shm", `${root}/dev/shm`],
    ]);
  }

  look(): void {
    const { pidsRefused, oomKills } = this.#cgroup.counters();
    this.#pidsRefused = Math.max(this.#pidsRefused, pidsRefused);
    this.#oomKills = Math.max(this.#oomKills, oomKills);
    for (const [path, folder] of this.#folders) if (isFull(folder)) this.#full.add(path);
  }

  /** What was hit. `oomKilled` is the engine's own word on the container, which outlives the counters. */
  limits(oomKilled: boolean): LimitHit[] {
    const { memoryBytes, pids, shmBytes } = this.#limits;
    const hits: LimitHit[] = [];
    if (oomKilled || this.#oomKills > 0) {
      const detail = `the kernel killed ${Math.max(1, this.#oomKills)} processes for their memory`;
      hits.push({ limit: "memory", bound: memoryBytes, affectedSample: true, detail });
    }
    // The parent's peak stays when the container's own counter is gone: at the bound, the next process was refused.
    if (this.#pidsRefused > 0 || (this.#cgroup.peakPids() ?? 0) >= pids) {
      const detail = `${Math.max(1, this.#pidsRefused)} new processes were refused`;
      hits.push({ limit: "pids", bound: pids, affectedSample: true, detail });
    }
    for (const path of this.#full) {
      const bound = path === "/dev/shm" ? shmBytes : boundVolume(this.#limits, this.#folders.size - 1);
      hits.push({ limit: "volume", bound, affectedSample: true, detail: `${path} was full` });
    }
    return hits;
  }
}

function isFull(folder: string): boolean {
  try {
    const { bavail, ffree, files } = statfsSync(folder);
    return bavail === 0 || (files > 0 && ffree === 0);
  } catch {
    // Pause has gone: the run is ending.
    return false;
  }
}
