import { posix } from "node:path";
import type { BehaviourEvent, FileOrigin } from "@airlock/contracts";
import { BoundedMap } from "../bounded-map.ts";
import { isSuccess, secondsBetween } from "../outcome.ts";
import type { World } from "../world.ts";
import { type FactDefinition, NO_MEASUREMENTS } from "./fact.ts";
import { Peaks } from "./peaks.ts";

const MAX_IMAGES = 1_024;
const MAX_FILES = 4_096;
const MAX_SUFFIXES = 256;

/** Files that were there before the run. */
const EXISTING: ReadonlySet<FileOrigin> = new Set(["image", "copied-up", "volume"]);

interface Toll {
  readonly files: Set<string>;
  readonly folders: Set<string>;
  readonly suffixes: Map<string, number>;
  readonly first: BehaviourEvent;
  /** A file that is written and then renamed is in both, but one file. */
  readonly changed: Readonly<Record<Change, Set<string>>>;
}

type Change = "written" | "renamed" | "deleted";

export const FILES_REWRITTEN: FactDefinition = {
  name: "files-rewritten",
  meaning: "How many files that had been there before the run one image wrote to, renamed or deleted.",
  fields: {
    Files: "Distinct files.",
    Written: "Opened for writing.",
    Renamed: "Renamed.",
    Deleted: "Deleted.",
    Folders: "Distinct folders.",
    NewSuffix: "The ending that renamed files were given most often, where they were given a new one.",
    NewSuffixFiles: "How many were given it.",
    Seconds: "From the first to the last.",
  },
  categories: ["file_event", "file_rename", "file_delete"],
  open: () => {
    const tolls = new BoundedMap<string, Toll>(MAX_IMAGES);
    const peaks = new Peaks();
    return {
      forgotten: () => tolls.evicted + peaks.forgotten,
      finish: () => peaks.finish(),
      observe: (event, world) => {
        const path = existingFile(event, world);
        if (path === null || event.category === "output") return NO_MEASUREMENTS;
        const key = event.fields.Image ?? event.process ?? "";
        const toll = tolls.ensure(key, () => openToll(event));
        const change = changeOf(event);
        if (toll.changed[change].has(path) || toll.files.size >= MAX_FILES) return NO_MEASUREMENTS;
        addFile(toll, event, { path, change });
        const { written, renamed, deleted } = toll.changed;
        return peaks.note(key, written.size + renamed.size + deleted.size, () => ({
          trigger: event,
          sources: toll.first === event ? [event] : [toll.first, event],
          fields: describe(toll, event),
        }));
      },
    };
  },
};

/** Path of a file from before the run that this event changes, or null. */
function existingFile(event: BehaviourEvent, world: World): string | null {
  const isChange =
    event.category === "file_rename" || event.category === "file_delete" || event.category === "file_event";
  if (!isChange || !isSuccess(event.fields.Result)) return null;
  if (event.category === "file_event" && event.fields.Operation !== "write") return null;
  // The world knows a renamed file by its new name. Where nothing had made or written it in this run, it was there before;
  // the kernel can't tell, for moving a file of the image makes it one of the upper layer.
  const { TargetFilename: path, FileOrigin: origin } = event.fields;
  if (event.category === "file_rename" && world.file(path)?.written === event) return event.fields.SourceFilename;
  if (!isExisting(world.file(path)?.origin ?? origin)) return null;
  return event.category === "file_rename" ? event.fields.SourceFilename : path;
}

function isExisting(origin: FileOrigin | undefined): boolean {
  return origin !== undefined && EXISTING.has(origin);
}

function openToll(first: BehaviourEvent): Toll {
  const changed = { written: new Set<string>(), renamed: new Set<string>(), deleted: new Set<string>() };
  return { files: new Set(), folders: new Set(), suffixes: new Map(), first, changed };
}

function changeOf({ category }: BehaviourEvent): Change {
  if (category === "file_delete") return "deleted";
  return category === "file_rename" ? "renamed" : "written";
}

function addFile(toll: Toll, event: BehaviourEvent, { path, change }: { path: string; change: Change }): void {
  toll.files.add(path);
  toll.folders.add(posix.dirname(path));
  toll.changed[change].add(path);
  if (event.category !== "file_rename") return;
  const suffix = posix.extname(event.fields.TargetFilename);
  const isNew = suffix !== "" && suffix !== posix.extname(path);
  if (isNew && (toll.suffixes.has(suffix) || toll.suffixes.size < MAX_SUFFIXES)) {
    toll.suffixes.set(suffix, (toll.suffixes.get(suffix) ?? 0) + 1);
  }
}

function describe(toll: Toll, event: BehaviourEvent): Record<string, string | number | undefined> {
  const [suffix, times] = [...toll.suffixes].toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0] ?? [];
  return {
    Files: toll.files.size,
    Written: toll.changed.written.size,
    Renamed: toll.changed.renamed.size,
    Deleted: toll.changed.deleted.size,
    Folders: toll.folders.size,
    NewSuffix: suffix,
    NewSuffixFiles: times,
    Seconds: secondsBetween(toll.first, event),
  };
}
