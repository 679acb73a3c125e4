import type { FileOrigin, TraceRecord, TraceTask } from "@airlock/contracts";
import { bestPath } from "./sample-path.ts";

export type ExecRecord = Extract<TraceRecord, { kind: "exec" }>;

/** What a process ran from one moment on. */
export interface ProcessImage {
  /** Tracer time. */
  readonly since: bigint;
  readonly path: string;
  readonly origin: FileOrigin;
  readonly commandLine: string;
  /** Null for the image that a fork inherited. */
  readonly exec: ExecRecord | null;
}

export interface SampleProcess {
  readonly key: string;
  /** As the sample sees it: the host's own numbers are nobody's business. */
  pid: number;
  user: string;
  comm: string;
  /** Who forked it, which is what lineage means; the kernel's parent changes when that one dies. */
  parent: string | null;
  startedAt: bigint;
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

/** Deeper lineages are cut: a chain of forks costs a sample nothing. */
const DEEPEST_LINEAGE = 64;

type LifeRecord = Extract<TraceRecord, { kind: "fork" | "exec" | "exit" }>;

/** Everything the records say about processes, in order of time. Memory grows with processes, not with records. */
export interface LifeLog {
  readonly lives: LifeRecord[];
  readonly tasks: Map<string, { task: TraceTask; seenAt: bigint }>;
}

export function openLifeLog(): LifeLog {
  return { lives: [], tasks: new Map() };
}

export function noteLife(log: LifeLog, record: TraceRecord): void {
  if (!log.tasks.has(record.task.key)) log.tasks.set(record.task.key, { task: record.task, seenAt: record.time });
  if (record.kind === "fork" || record.kind === "exec" || record.kind === "exit") log.lives.push(record);
}

/** Builds the tree. `originOf` says where an executed file came from. */
export function buildProcessTable(log: LifeLog, originOf: (exec: ExecRecord) => FileOrigin): ProcessTable {
  const processes = new Map<string, SampleProcess>();
  const lives = log.lives.toSorted((a, b) => (a.time < b.time ? -1 : Number(a.time > b.time)));

  for (const record of lives) {
    if (record.kind === "fork") applyFork(processes, record);
    else if (record.kind === "exec") applyExec(processes, record, originOf(record));
    else applyExit(processes, record);
  }
  // Whoever acted without a recorded birth (its record was lost, or it was born before the first exec) still is a process.
  for (const { task, seenAt } of log.tasks.values()) ensureProcess(processes, task, seenAt);

  return openTable(
    processes,
    lives.find((record) => record.kind === "exec"),
  );
}

function ensureProcess(processes: Map<string, SampleProcess>, task: TraceTask, seenAt: bigint): SampleProcess {
  const known = processes.get(task.key);
  if (known !== undefined) {
    if (known.pid === 0) known.pid = task.nsPid;
    return known;
  }
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
  return process;
}

function applyFork(processes: Map<string, SampleProcess>, record: Extract<TraceRecord, { kind: "fork" }>): void {
  // A thread is no process: it shares its leader's key.
  if (record.child.key === record.task.key) return;
  const parent = ensureProcess(processes, record.task, record.time);
  const isLate = processes.has(record.child.key);
  const child = ensureProcess(processes, record.child, record.time);
  child.parent ??= parent.key;
  if (record.time < child.startedAt) child.startedAt = record.time;
  const inherited = parent.images.at(-1);
  if (!isLate && inherited !== undefined) child.images.push({ ...inherited, since: record.time, exec: null });
}

function applyExec(processes: Map<string, SampleProcess>, record: ExecRecord, origin: FileOrigin): void {
  const process = ensureProcess(processes, record.task, record.time);
  if (process.parent === null && processes.has(record.parentKey)) process.parent = record.parentKey;
  process.user = String(record.task.euid);
  process.comm = record.task.comm;
  process.images.push({
    since: record.time,
    path: imagePath(record),
    origin,
    commandLine: record.argv.join(" "),
    exec: record,
  });
}

/** The executed file by the kernel's own walk. A script's file is its interpreter's, and so is then the image. */
function imagePath(record: ExecRecord): string {
  const given = { argument: record.interpreter ?? record.filename, base: record.cwd, readable: true };
  return bestPath(given, record.file);
}

function applyExit(processes: Map<string, SampleProcess>, record: Extract<TraceRecord, { kind: "exit" }>): void {
  const process = ensureProcess(processes, record.task, record.time);
  process.endedAt = record.time;
  process.exit = { code: record.code, signal: record.signal };
}

function openTable(processes: Map<string, SampleProcess>, first: LifeRecord | undefined): ProcessTable {
  const ordered = [...processes.values()].toSorted(byStart);
  const byPid = new Map<number, SampleProcess[]>();
  for (const process of ordered) {
    const sharers = byPid.get(process.pid);
    if (sharers === undefined) byPid.set(process.pid, [process]);
    else sharers.push(process);
  }

  const imageAt = (key: string, time: bigint): ProcessImage | undefined => {
    const images = processes.get(key)?.images ?? [];
    return images.findLast((image) => image.since <= time) ?? images[0];
  };
  const lineage = (key: string): SampleProcess[] => {
    const found: SampleProcess[] = [];
    let current = processes.get(key);
    while (current !== undefined && found.length <= DEEPEST_LINEAGE && !found.includes(current)) {
      found.push(current);
      current = current.parent === null ? undefined : processes.get(current.parent);
    }
    return found;
  };

  return {
    get: (key) => processes.get(key),
    list: () => ordered,
    imageAt,
    ancestors: (key) =>
      lineage(key).flatMap((process) => {
        const image = process.parent === null ? undefined : imageAt(process.parent, process.startedAt);
        return image === undefined ? [] : [image];
      }),
    findByPid(pid, time) {
      const alive = (byPid.get(pid) ?? []).filter(
        (process) => process.startedAt <= time && (process.endedAt === null || process.endedAt >= time),
      );
      return alive.length === 1 ? alive[0] : undefined;
    },
    isDescendant: (key, of) => lineage(key).some((process) => process.key === of && process.key !== key),
    entrypoint: () => (first?.kind === "exec" ? first : undefined),
  };
}

function byStart(a: SampleProcess, b: SampleProcess): number {
  if (a.startedAt !== b.startedAt) return a.startedAt < b.startedAt ? -1 : 1;
  return a.key < b.key ? -1 : Number(a.key > b.key);
}
