import type { FileOrigin, TraceRecord, TraceTask } from "@airlock/contracts";
import { findScript } from "./command-script.ts";
import type { ExecRecord } from "./exec-record.ts";
import { bestPath } from "./sample-path.ts";

/** What a process ran from one moment on. */
export interface ProcessImage {
  /** Tracer time. */
  readonly since: bigint;
  readonly path: string;
  readonly origin: FileOrigin;
  readonly commandLine: string;
  /** What an interpreter was started with. */
  readonly script: string | undefined;
  /** Null for the image that a fork inherited. */
  readonly exec: ExecRecord | null;
}

export interface SampleProcess {
  readonly key: string;
  /** As the sample sees it: the host's own numbers are nobody's business. */
  readonly pid: number;
  user: string;
  comm: string;
  /** Who forked it, which is what lineage means; the kernel's parent changes when that one dies. */
  parent: string | null;
  readonly startedAt: bigint;
  endedAt: bigint | null;
  exit: { readonly code: number; readonly signal: number } | null;
  /** In order of time; the first may be inherited. */
  readonly images: ProcessImage[];
}

export interface ProcessTable {
  get(key: string): SampleProcess | undefined;
  /** In order of their start. */
  list(): readonly SampleProcess[];
  imageAt(key: string, time: bigint): ProcessImage | undefined;
  /** Images of the creators at the moment of each creation, nearest first. */
  ancestors(key: string): readonly ProcessImage[];
  /** The process that had this number, in the sample's own counting, at that time; undefined when none or several had. */
  findByPid(pid: number, time: bigint): SampleProcess | undefined;
  isDescendant(key: string, of: string): boolean;
  /** The first exec of the run: what the engine itself started. */
  entrypoint(): ExecRecord | undefined;
}

/** A table that is being filled. At any moment it holds what was true up to the last record. */
export interface GrowingProcessTable extends ProcessTable {
  /** Takes one record, in order of time. Memory grows with processes, not with records. */
  note(record: TraceRecord): void;
}

/** Deeper lineages are cut: a chain of forks costs a sample nothing. */
const DEEPEST_LINEAGE = 64;

/** An empty table. `originOf` says where an executed file came from. */
export function createProcessTable(originOf: (exec: ExecRecord) => FileOrigin): GrowingProcessTable {
  const processes = new Map<string, SampleProcess>();
  const byPid = new Map<number, SampleProcess[]>();
  let first: ExecRecord | undefined;

  return {
    get: (key) => processes.get(key),
    list: () => [...processes.values()].toSorted(byStart),
    imageAt,
    ancestors: (key) => lineage(key).flatMap((process) => creatorOf(process) ?? []),
    findByPid(pid, time) {
      const alive = (byPid.get(pid) ?? []).filter(
        (process) => process.startedAt <= time && (process.endedAt === null || process.endedAt >= time),
      );
      return alive.length === 1 ? alive[0] : undefined;
    },
    isDescendant: (key, of) => key !== of && lineage(key).some((process) => process.key === of),
    entrypoint: () => first,
    note,
  };

  function note(record: TraceRecord): void {
    // Whoever acts without a recorded birth (its record was lost, or it was born before the first exec) still is a process.
    const process = ensureProcess(record.task, record.time);
    if (record.kind === "fork") addChild(process, record);
    else if (record.kind === "exec") addImage(process, record);
    else if (record.kind === "exit") {
      process.endedAt = record.time;
      process.exit = { code: record.code, signal: record.signal };
    }
  }

  function ensureProcess(task: TraceTask, seenAt: bigint): SampleProcess {
    const known = processes.get(task.key);
    if (known !== undefined) return known;
    const process: SampleProcess = {
      key: task.key,
      pid: task.nsPid,
      user: String(task.euid),
      comm: task.comm,
      parent: null,
      startedAt: seenAt,
      endedAt: null,
      exit: null,
      images: [],
    };
    processes.set(task.key, process);
    const sharers = byPid.get(process.pid);
    if (sharers === undefined) byPid.set(process.pid, [process]);
    else sharers.push(process);
    return process;
  }

  function addChild(parent: SampleProcess, record: Extract<TraceRecord, { kind: "fork" }>): void {
    // A thread is no process: it shares its leader's key.
    if (record.child.key === record.task.key) return;
    const child = ensureProcess(record.child, record.time);
    child.parent ??= parent.key;
    const inherited = parent.images.at(-1);
    if (child.images.length === 0 && inherited !== undefined) {
      child.images.push({ ...inherited, since: record.time, exec: null });
    }
  }

  function addImage(process: SampleProcess, record: ExecRecord): void {
    first ??= record;
    if (process.parent === null && processes.has(record.parentKey)) process.parent = record.parentKey;
    process.user = String(record.task.euid);
    process.comm = record.task.comm;
    const commandLine = record.argv.join(" ");
    const origin = originOf(record);
    const script = findScript(record);
    process.images.push({ since: record.time, path: imagePath(record), origin, commandLine, script, exec: record });
  }

  function imageAt(key: string, time: bigint): ProcessImage | undefined {
    const images = processes.get(key)?.images ?? [];
    return images.findLast((image) => image.since <= time) ?? images[0];
  }

  function creatorOf(process: SampleProcess): ProcessImage | undefined {
    return process.parent === null ? undefined : imageAt(process.parent, process.startedAt);
  }

  function lineage(key: string): SampleProcess[] {
    const found: SampleProcess[] = [];
    let current = processes.get(key);
    while (current !== undefined && found.length <= DEEPEST_LINEAGE && !found.includes(current)) {
      found.push(current);
      current = current.parent === null ? undefined : processes.get(current.parent);
    }
    return found;
  }
}

/** The executed file by the kernel's own walk. A script's file is its interpreter's, and so is then the image. */
function imagePath(record: ExecRecord): string {
  const given = { argument: record.interpreter ?? record.filename, base: record.cwd, readable: true };
  return bestPath(given, record.file);
}

function byStart(a: SampleProcess, b: SampleProcess): number {
  if (a.startedAt !== b.startedAt) return a.startedAt < b.startedAt ? -1 : 1;
  return a.key < b.key ? -1 : Number(a.key > b.key);
}
