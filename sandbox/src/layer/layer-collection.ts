import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type DetonationPlan, type LayerEntry, type LimitHit, RUN_FILES } from "@airlock/contracts";
import type { SampleVolume } from "../docker/hardening.ts";
import { type DeviceFolder, RUNTIME_DEVICES } from "./device-folder.ts";
import { compareEtcFiles, type EtcFile } from "./etc-files.ts";
import { ImageLayers } from "./image-layers.ts";
import { LayerWalk, MAX_ENTRIES } from "./layer-walk.ts";
import { findOpaqueFolders } from "./opaque-folders.ts";

export interface CollectOptions {
  readonly plan: DetonationPlan;
  readonly runFolder: string;
  /** Host folders of the writable layer and the image's layers; null when no container was made of the image. */
  readonly layers: { readonly upper: string; readonly lowers: readonly string[] } | null;
  readonly volumes: readonly SampleVolume[];
  /** Held open since the sample's start; null when it was over before. */
  readonly devices: DeviceFolder | null;
  /** Through its root the volumes and /dev/shm are read; null when it has died, and they with it. */
  readonly pausePid: number | null;
  /** The engine's own /etc files as they were before the start. */
  readonly etcBefore: readonly EtcFile[];
}

/** Everything that the sample left in files, compared with its image. The sample must be dead. */
export async function collectLayer(options: CollectOptions): Promise<{ entries: LayerEntry[]; limits: LimitHit[] }> {
  const { devices, etcBefore, layers, pausePid, plan, runFolder, volumes } = options;
  const keepIn = join(runFolder, RUN_FILES.dropped);
  await mkdir(keepIn, { recursive: true, mode: 0o700 });
  if (layers === null) return { entries: [], limits: [] };
  const engineMade = [plan.workdir, ...volumes.map(({ path }) => path)];
  const opaque = await findOpaqueFolders(layers.upper, MAX_ENTRIES);
  const image = new ImageLayers(layers.lowers);
  const walk = new LayerWalk({ image, limits: plan.limits, opaque, engineMade, keepIn });
  await walk.walk({ where: "layer", folder: layers.upper, path: "/" });
  if (pausePid !== null) await walkHeld(walk, pausePid, volumes);
  if (devices !== null) {
    await walk.walk({ where: "shm", folder: devices.path, path: "/dev", known: RUNTIME_DEVICES });
  }
  const etc = compareEtcFiles(etcBefore, plan.limits.droppedFileBytes, keepIn);
  return { entries: [...walk.entries, ...etc], limits: walk.limits() };
}

async function walkHeld(walk: LayerWalk, pausePid: number, volumes: readonly SampleVolume[]): Promise<void> {
  const root = `/proc/${pausePid}/root`;
  for (const volume of volumes) {
    await walk.walk({ where: "volume", folder: `${root}${volume.heldAt}`, path: volume.path });
  }
  await walk.walk({ where: "shm", folder: `${root}/dev/shm`, path: "/dev/shm" });
}
