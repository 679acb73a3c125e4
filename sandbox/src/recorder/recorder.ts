import { Fault } from "@airlock/contracts";
import { type Deferred, defer, openSession, type SessionFeed, type TraceSession } from "./trace-session.ts";
import type { TracerMessage } from "./tracer-message.ts";
import { findTracer, spawnTracer, type TracerProcess } from "./tracer-process.ts";

export interface RecorderOptions {
  /** Default: the one built in this repository, or what AIRLOCK_TRACER names. */
  readonly tracerPath?: string;
  /** The tracer is gone without having been asked to: what it was recording is incomplete, and a new recorder is needed. */
  readonly onDeath: (fault: Fault) => void;
}

export interface TrackOptions {
  /** Absolute path of a folder in the cgroup v2 tree, not its root. All in it and below is recorded. */
  readonly cgroupPath: string;
  /** File that must not exist yet. */
  readonly outputPath: string;
  /** Size of the ring of bulk records; the decisive ones' is a quarter. Rounded down to a power of two. */
  readonly ringBytes: number;
  /** Bound of the file. Records beyond it count as dropped; the last eighth is kept for decisive ones. */
  readonly traceBytes: number;
  /**
   * Where the sample begins: `container` (default) at the first exec in the cgroup that is in another mount namespace than
   * ours, so that no program of the container runtime is taken for it; `any` at the first exec of all.
   */
  readonly begin?: "container" | "any";
  /**
   * Folder of the v2 tree that is frozen while a ring about to overflow is drained: one above the sample's own, so that
   * whoever freezes the sample for other reasons is not undone. Absent: a flood loses records, which are counted.
   */
  readonly freezeFolder?: string;
  /** Bound of all such stops together; default 10 s. */
  readonly freezeLimitMs?: number;
  /** Where copies of programs that did not come with the image go, made before they run. Absent: none are made. */
  readonly programs?: ProgramCopies;
}

export interface ProgramCopies {
  /** Absolute path. Each copy is named by its SHA-256, and never executable. */
  readonly folder: string;
  /** Bounds of one copy, of all, and of their number; beyond them programs are hashed only. */
  readonly fileBytes: number;
  readonly allBytes: number;
  readonly files: number;
}

/** Longer than loading takes on a slow, busy machine. */
const ANSWER_MS = 60_000;
const FREEZE_LIMIT_MS = 10_000;
const NO_COPIES: ProgramCopies = { folder: "", fileBytes: 0, allBytes: 0, files: 0 };

/** The running tracer: one process for a worker host, attached once, recording many samples at a time. */
export class Recorder {
  /** Names the tracer's build: a hash over its sources. */
  readonly build: string;
  /** The tracer's program, which can sing the canary's song too. */
  readonly tracerPath: string;
  readonly #tracer: TracerProcess;
  readonly #link: TracerLink;
  #nextId = 1;

  private constructor(tracer: TracerProcess, link: TracerLink, names: { build: string; tracerPath: string }) {
    this.#tracer = tracer;
    this.#link = link;
    this.build = names.build;
    this.tracerPath = names.tracerPath;
  }

  /**
   * Loads and attaches the kernel side. Rejects with TRACER_MISSING, NOT_ROOT, KERNEL_UNSUPPORTED (no type information,
   * no raw tracepoints, too old) or TRACER_FAILED.
   */
  static async start(options: RecorderOptions): Promise<Recorder> {
    const link = openLink(options.onDeath);
    const tracerPath = options.tracerPath ?? findTracer();
    const tracer = await spawnTracer(tracerPath, link);
    const build = await answered(link.ready.promise, tracer);
    return new Recorder(tracer, link, { build, tracerPath });
  }

  /** The tracer's process, for who watches over resources. */
  get pid(): number {
    return this.#tracer.pid;
  }

  get alive(): boolean {
    return this.#link.death === null;
  }

  /** Once resolved, nothing that begins in the cgroup is missed. Rejects with TRACER_FAILED. */
  async track(options: TrackOptions): Promise<TraceSession> {
    if (this.#link.death !== null) throw this.#link.death;
    refuseControl(options.cgroupPath);
    refuseControl(options.outputPath);
    refuseControl(options.freezeFolder ?? "");
    refuseControl(options.programs?.folder ?? "");
    const id = this.#nextId++;
    const feed = openSession(() => {
      this.#tracer.send(["seal", id]);
      void answered(feed.sealed, this.#tracer).catch(() => undefined);
    });
    this.#link.feeds.set(id, feed);
    const { begin = "container", ringBytes, traceBytes, cgroupPath, outputPath, freezeFolder = "" } = options;
    const freezeMs = options.freezeLimitMs ?? FREEZE_LIMIT_MS;
    const { allBytes, fileBytes, files, folder } = options.programs ?? NO_COPIES;
    const bounds = [ringBytes, traceBytes, cgroupPath, outputPath, freezeMs, freezeFolder];
    this.#tracer.send(["track", id, begin, ...bounds, fileBytes, allBytes, files, folder]);
    try {
      await answered(feed.tracked, this.#tracer);
    } catch (error) {
      this.#link.feeds.delete(id);
      throw error;
    }
    return feed.session;
  }

  /** Ends the tracer; running recordings end unsealed. */
  async close(): Promise<void> {
    this.#link.closing = true;
    await this.#tracer.end();
  }
}

/** Paths come in a line of fields. None of ours holds such a character. */
function refuseControl(path: string): void {
  if (/[\t\n\r\0]/.test(path)) throw new Fault("INTERNAL", "a path with a control character can't be recorded to");
}

interface TracerLink {
  readonly ready: Deferred<string>;
  readonly feeds: Map<number, SessionFeed>;
  readonly onMessage: (message: TracerMessage) => void;
  readonly onExit: (fault: Fault) => void;
  death: Fault | null;
  closing: boolean;
}

/** Spreads what the tracer says to whom it concerns. */
function openLink(onDeath: (fault: Fault) => void): TracerLink {
  const ready = defer<string>();
  let wasReady = false;
  const link: TracerLink = {
    ready,
    feeds: new Map(),
    death: null,
    closing: false,
    onMessage(message) {
      if (message.event === "ready") {
        wasReady = true;
        ready.resolve(message.build);
      } else if (message.event === "fault") {
        ready.reject(new Fault(message.code, message.message));
      } else {
        link.feeds.get(message.id)?.hear(message);
        if (message.event === "sealed") link.feeds.delete(message.id);
      }
    },
    onExit(fault) {
      link.death = fault;
      ready.reject(fault);
      for (const feed of link.feeds.values()) feed.die(fault);
      if (wasReady && !link.closing) onDeath(fault);
    },
  };
  return link;
}

/** A tracer that doesn't answer is as good as dead, and has to be so for all. */
async function answered<T>(answer: Promise<T>, tracer: TracerProcess): Promise<T> {
  const timer = setTimeout(() => tracer.kill(), ANSWER_MS);
  try {
    return await answer;
  } finally {
    clearTimeout(timer);
  }
}
