import { lstatSync } from "node:fs";
import type { LayerEntry } from "@airlock/contracts";
import { describeContent, keepContent, readContent } from "./file-content.ts";
import { describeStats } from "./layer-walk.ts";

/** One of the engine's own files that the sample sees in /etc: on the host, hence no part of the writable layer. */
export interface EtcFile {
  /** Name in the sample's /etc. */
  readonly name: string;
  readonly hostPath: string;
  /** Before the sample started. */
  readonly sha256: string;
  readonly mode: string;
}

/** More than any of them has a reason to hold before a sample had its hands on it. */
const MAX_BYTES = 1024 * 1024;

/** Reads them before the start. `paths` are host paths by name in /etc. */
export function readEtcFiles(paths: Readonly<Record<string, string>>): EtcFile[] {
  return Object.entries(paths).map(([name, hostPath]) => ({
    name,
    hostPath,
    sha256: readContent(Buffer.from(hostPath), MAX_BYTES)?.sha256 ?? "",
    mode: describeStats(lstatSync(hostPath, { bigint: true })).mode,
  }));
}

/** Those that the sample changed, with a copy of what they hold now when it is no longer than `maxBytes`. */
export function compareEtcFiles(before: readonly EtcFile[], maxBytes: number, keepIn: string): LayerEntry[] {
  return before.flatMap(({ hostPath, mode, name, sha256 }) => {
    const now = describeStats(lstatSync(hostPath, { bigint: true }));
    const content = readContent(Buffer.from(hostPath), maxBytes);
    if (content?.sha256 === sha256 && now.mode === mode) return [];
    if (content !== null) keepContent(keepIn, content);
    return [
      {
        path: `/etc/${name}`,
        change: "changed" as const,
        where: "engine-etc" as const,
        ...now,
        ...(content === null ? {} : { ...describeContent(content), kept: content.sha256 }),
        imageSha256: sha256,
      },
    ];
  });
}
