import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type DetonationPlan, type LayerEntry, type LimitHit, RUN_FILES } from "@airlock/contracts";
import type { SampleVolume } from "../docker/hardening.ts";
import { ImageLayers } from "./image-layers.ts";
import { LayerWalk } from "./layer-walk.ts";

export interface CollectOptions {
  readonly plan: DetonationPlan;
  readonly runFolder: string;
  /** Host folders of the writable layer and the image's layers. */
  readonly layers: { readonly upper: string; readonly lowers: readonly string[] };
  readonly volumes: readonly SampleVolume[];
  /** Still running: through its root the volumes and /dev/shm are read. */
  readonly pausePid: number;
  /** What the engine's own /etc files held before the start, by name. */
  readonly etcBefore: Readonly<Record<string, Buffer>>;
  readonly etcFiles: Readonly<Record<string, string>>;
}

/** Everything that the sample left in files, compared with its image. The sample must be dead. */
export function collectLayer(options: CollectOptions): { entries: LayerEntry[]; limits: LimitHit[] } {
  const { plan, runFolder, layers, volumes, pausePid } = options;
  const walk = new LayerWalk(new ImageLayers(layers.lowers), plan.limits, join(runFolder, RUN_FILES.dropped));
  walk.walk({ where: "layer", folder: layers.upper, path: "/" });
  const root = `/proc/${pausePid}/root`;
  for (const volume of volumes) walk.walk({ where: "volume", folder: `${root}${volume.heldAt}`, path: volume.path });
  walk.walk({ where: "shm", folder: `${root}/dev/shm`, path: "/dev/shm" });
  return { entries: [...walk.entries, ...compareEtc(options)], limits: walk.limits() };
}

/** More than any of them has a reason to hold; beyond it the file is said to have changed and nothing more. */
const MAX_ETC_BYTES = 1024 * 1024;

/** The three files lie on the host, so they are no part of the writable layer. */
export function readEtcFiles(files: Readonly<Record<string, string>>): Record<string, Buffer> {
  return Object.fromEntries(
    Object.entries(files).map(([name, path]) => [name, readFileSync(path).subarray(0, MAX_ETC_BYTES)]),
  );
}

function compareEtc({ etcBefore, etcFiles }: CollectOptions): LayerEntry[] {
  const now = readEtcFiles(etcFiles);
  return Object.entries(now).flatMap(([name, content]) => {
    if (etcBefore[name]?.equals(content)) return [];
    return [
      {
        path: `/etc/${name}`,
        change: "changed" as const,
        where: "engine-etc" as const,
        type: "file" as const,
        size: content.length,
        mode: "0644",
        uid: 0,
        gid: 0,
        contentType: "text",
      },
    ];
  });
}
