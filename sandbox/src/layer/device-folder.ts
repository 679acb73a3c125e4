import { closeSync, constants, openSync } from "node:fs";
import type { LayerEntry } from "@airlock/contracts";
import type { SampleCgroup } from "../cgroup.ts";

/** What the runtime puts into /dev, with a console or without; anything else there is the sample's. */
export const RUNTIME_DEVICES: ReadonlyMap<string, LayerEntry["type"]> = new Map([
  ...["null", "zero", "full", "random", "urandom", "tty", "console"].map((name) => [name, "other"] as const),
  ...["fd", "stdin", "stdout", "stderr", "ptmx", "core"].map((name) => [name, "symlink"] as const),
  ...["pts", "shm", "mqueue"].map((name) => [name, "directory"] as const),
]);

/**
 * The sample's /dev, held open beyond its death. It is a file system in memory that goes with the container, is no part of
 * the writable layer, and so a place to hide what was dropped (ATT&CK T1564).
 */
export class DeviceFolder {
  /** As long as it is open. */
  readonly path: string;
  readonly #file: number;

  private constructor(file: number) {
    this.#file = file;
    this.path = `/proc/self/fd/${file}`;
  }

  /** Null when the sample is over already; what one did in no time is in the trace alone. */
  static open(cgroup: SampleCgroup): DeviceFolder | null {
    for (const pid of cgroup.processes(MAX_TRIES)) {
      const file = openFolder(`/proc/${pid}/root/dev`);
      if (file === null) continue;
      // Still one of the sample's: else the number was another's meanwhile, and the folder could be the host's.
      if (cgroup.processes().includes(pid)) return new DeviceFolder(file);
      closeSync(file);
    }
    return null;
  }

  close(): void {
    closeSync(this.#file);
  }
}

const MAX_TRIES = 10;

function openFolder(path: string): number | null {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch {
    return null;
  }
}
