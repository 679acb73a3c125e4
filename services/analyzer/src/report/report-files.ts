import type { BehaviourEvent, DroppedFile, FileOrigin, LayerEntry, ReportFile } from "@airlock/contracts";
import type { ExecutedProgram } from "../extract/executed-programs.ts";
import { cutList, type Omitted } from "./cut-list.ts";

type Operation = ReportFile["operations"][number];

/** Processes named per file; the events have them all. */
const MOST_PROCESSES = 20;

interface FileHistory {
  readonly operations: Set<Operation>;
  readonly processes: Set<string>;
  origin: FileOrigin | undefined;
  bytesWritten: number;
}

/**
 * What became of each path, by the calls that succeeded and by the writable layer as it was left: a write through a mapping
 * or io_uring makes no call that names the file, but it is in the layer.
 */
export function listFiles(
  events: readonly BehaviourEvent[],
  layer: readonly LayerEntry[],
  bound: number,
  omitted: Omitted,
): ReportFile[] {
  const histories = new Map<string, FileHistory>();
  for (const event of events) noteEvent(histories, event);
  for (const entry of layer) noteEntry(histories, entry);
  const files = [...histories].map(([path, history]) => describeFile(path, history));
  return cutList(files.toSorted(byWeight), bound, "files", omitted).toSorted(byPath);
}

/**
 * Regular files of the writable layer, volumes and shared memory whose content is known by hash, and what ran and was gone, or
 * another, at the end.
 */
export function listDroppedFiles(
  layer: readonly LayerEntry[],
  programs: readonly ExecutedProgram[],
  bound: number,
  omitted: Omitted,
): DroppedFile[] {
  const dropped = layer.flatMap((entry): DroppedFile[] => {
    const { path, change, type, sha256, size, mode, kept, contentType } = entry;
    if (change === "deleted" || type !== "file" || sha256 === undefined) return [];
    return [{ path, change, sha256, size, type: contentType ?? "data", mode, kept: kept !== undefined }];
  });
  const left = new Set(dropped.map(({ path, sha256 }) => `${sha256}:${path}`));
  for (const program of programs) {
    if (!left.has(`${program.sha256}:${program.path}`)) dropped.push(program);
  }
  // Programs and scripts first: they are what an analyst takes away.
  const weight = ({ type }: DroppedFile) => (type === "elf" || type === "script" ? 0 : 1);
  const ordered = dropped.toSorted((a, b) => weight(a) - weight(b) || comparePaths(a.path, b.path));
  return cutList(ordered, bound, "droppedFiles", omitted);
}

function noteEvent(histories: Map<string, FileHistory>, event: BehaviourEvent): void {
  const note = (path: string | undefined, operation: Operation, origin?: FileOrigin) =>
    noteOperation(histories, path, { operation, origin, process: event.process });

  if (event.category === "process_creation") {
    note(event.fields.Image, "executed", event.fields.ImageOrigin);
    note(event.fields.Script, "executed", event.fields.ScriptOrigin);
    return;
  }
  const operation = operationOf(event);
  if (operation === null || !("TargetFilename" in event.fields) || !succeeded(event)) return;
  const origin = "FileOrigin" in event.fields ? (event.fields.FileOrigin as FileOrigin | undefined) : undefined;
  const history = note(event.fields.TargetFilename as string, operation, origin);
  if (event.category === "file_event" && history !== undefined) {
    history.bytesWritten += event.fields.BytesWritten ?? 0;
    if (operation === "created" && (event.fields.BytesWritten ?? 0) > 0) history.operations.add("written");
  }
  if (event.category === "file_rename") note(event.fields.SourceFilename, "renamed", origin);
}

function operationOf(event: BehaviourEvent): Operation | null {
  if (event.category === "file_access") return "read";
  if (event.category === "file_event") return event.fields.Operation === "write" ? "written" : "created";
  if (event.category === "file_change") return event.fields.Change === "truncate" ? "written" : "metadata";
  if (event.category === "file_rename") return "renamed";
  return event.category === "file_delete" ? "deleted" : null;
}

function succeeded(event: BehaviourEvent): boolean {
  return !("Result" in event.fields) || event.fields.Result === undefined || event.fields.Result === "ok";
}

function noteEntry(histories: Map<string, FileHistory>, entry: LayerEntry): void {
  const untouched = entry.change === "changed" && entry.sha256 !== undefined && entry.sha256 === entry.imageSha256;
  const changed: Operation = untouched || entry.type !== "file" ? "metadata" : "written";
  const operation = { added: "created", changed, deleted: "deleted" } as const;
  const origin = entry.where === "volume" ? "volume" : entry.change === "added" ? "upper" : "copied-up";
  noteOperation(histories, entry.path, { operation: operation[entry.change], origin, process: null });
}

function noteOperation(
  histories: Map<string, FileHistory>,
  path: string | undefined,
  act: { operation: Operation; origin: FileOrigin | undefined; process: string | null },
): FileHistory | undefined {
  if (path === undefined || path === "") return undefined;
  const known = histories.get(path) ?? {
    operations: new Set(),
    processes: new Set(),
    origin: undefined,
    bytesWritten: 0,
  };
  histories.set(path, known);
  known.operations.add(act.operation);
  if (act.origin !== undefined && act.origin !== "unknown") known.origin = act.origin;
  if (act.process !== null && known.processes.size < MOST_PROCESSES) known.processes.add(act.process);
  return known;
}

function describeFile(path: string, history: FileHistory): ReportFile {
  return {
    path,
    operations: [...history.operations],
    origin: history.origin ?? "unknown",
    bytesWritten: history.bytesWritten,
    processes: [...history.processes],
  };
}

/** What was only read is cut first: a program that starts reads hundreds of files. */
function byWeight(a: ReportFile, b: ReportFile): number {
  return weigh(a) - weigh(b) || byPath(a, b);
}

function weigh({ operations }: ReportFile): number {
  return operations.every((operation) => operation === "read") ? 1 : 0;
}

function byPath(a: ReportFile, b: ReportFile): number {
  return comparePaths(a.path, b.path);
}

/** By code unit, since a locale's order would differ between hosts. */
function comparePaths(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
