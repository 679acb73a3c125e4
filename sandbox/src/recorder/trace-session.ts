import { Fault, type TraceAccount, type TraceClassAccount } from "@airlock/contracts";
import { nameSyscall } from "./syscall-names.ts";
import type { TracerMessage, TracerMessageOf } from "./tracer-message.ts";

/** One sample's recording, from `Recorder.track` to `seal`. */
export interface TraceSession {
  /** False once the tracer is gone: from then on nothing is recorded, and what it held back is lost. */
  readonly alive: boolean;
  /** Resolves with the sample's first exec; never, when there is none. */
  readonly started: Promise<void>;
  /** True from the sample's first exec on, as far as the tracer has told. */
  readonly hasStarted: boolean;
  /** Live figures for people; never evidence. */
  progress(): { events: number; lost: number };
  /**
   * Ends the recording, once the cgroup is empty or its end is near enough: what the rings hold goes to the file, open sums
   * of writes too, and the books are closed. When the tracer has died, the books of its last heartbeat: see `alive`.
   * Rejects with TRACER_FAILED when the file could not be written or the books don't balance.
   */
  seal(): Promise<TraceAccount>;
}

type Books = Pick<
  TracerMessageOf<"beat">,
  "classes" | "started" | "heartbeats" | "longestGapMs" | "ringPeakBytes" | "frozenMs"
>;

const NO_RECORDS: TraceClassAccount = { counted: 0, delivered: 0, suppressed: 0, dropped: 0 };

const NO_BOOKS: Books = {
  classes: { decisive: NO_RECORDS, bulk: NO_RECORDS },
  started: false,
  heartbeats: 0,
  longestGapMs: 0,
  ringPeakBytes: 0,
  frozenMs: 0,
};

/** The session's other side: what the tracer says about it comes in here. */
export interface SessionFeed {
  readonly session: TraceSession;
  /** Resolves when the tracer has taken the sample on, rejects when it won't. */
  readonly tracked: Promise<void>;
  readonly sealed: Promise<TraceAccount>;
  hear(message: TracerMessage): void;
  die(fault: Fault): void;
}

/** `sendSeal` asks the tracer to end the recording; the answer comes back through `hear`. */
export function openSession(sendSeal: () => void): SessionFeed {
  let books = NO_BOOKS;
  let dead = false;
  const tracked = defer<void>();
  const started = defer<void>();
  const sealed = defer<TraceAccount>();
  let sealing = false;

  const noteBooks = (message: Books) => {
    books = message;
    if (message.started) started.resolve();
  };

  return {
    tracked: tracked.promise,
    sealed: sealed.promise,
    session: {
      get alive() {
        return !dead;
      },
      get hasStarted() {
        return books.started;
      },
      started: started.promise,
      progress: () => summarize(books),
      seal() {
        if (!sealing && !dead) sendSeal();
        sealing = true;
        return sealed.promise;
      },
    },
    hear(message) {
      switch (message.event) {
        case "tracked":
          return tracked.resolve();
        case "refused":
          tracked.reject(new Fault("TRACER_FAILED", `the recorder refused the sample: ${message.message}`));
          return sealed.reject(
            new Fault("TRACER_FAILED", `the recorder could not close its books: ${message.message}`),
          );
        case "started":
          return noteBooks({ ...books, started: true });
        case "beat":
          return noteBooks(message);
        case "sealed":
          noteBooks(message);
          return settle(sealed, message);
        case "ready":
        case "fault":
          return;
        default:
          return message satisfies never;
      }
    },
    die(fault) {
      dead = true;
      tracked.reject(fault);
      sealed.resolve(toAccount(books, []));
    },
  };
}

function summarize({ classes }: Books): { events: number; lost: number } {
  return {
    events: classes.decisive.delivered + classes.bulk.delivered,
    lost: classes.decisive.dropped + classes.bulk.dropped,
  };
}

function settle(sealed: Deferred<TraceAccount>, message: TracerMessageOf<"sealed">): void {
  const unbalanced = Object.values(message.classes).some(
    ({ counted, delivered, suppressed, dropped }) => counted !== delivered + suppressed + dropped,
  );
  if (message.error !== "") {
    sealed.reject(new Fault("TRACER_FAILED", `the trace could not be written: ${message.error}`));
  } else if (unbalanced) {
    sealed.reject(new Fault("TRACER_FAILED", `the recorder's books don't balance: ${JSON.stringify(message.classes)}`));
  } else {
    sealed.resolve(toAccount(message, message.syscalls));
  }
}

function toAccount(books: Books, syscalls: TracerMessageOf<"sealed">["syscalls"]): TraceAccount {
  const named = syscalls.map(([compat, number, calls, failed, denied]) => {
    const name = nameSyscall(number, compat === 1);
    return [compat === 1 ? `i386:${name}` : name, { calls, failed, denied }] as const;
  });
  return {
    classes: books.classes,
    syscalls: Object.fromEntries(named),
    heartbeats: books.heartbeats,
    longestGapMs: books.longestGapMs,
    started: books.started,
    ringPeakBytes: books.ringPeakBytes,
    frozenMs: books.frozenMs,
  };
}

export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(fault: Fault): void;
}

/** A promise settled from outside. A rejection that nobody waits for is no crash: its reason shows where it is asked for. */
export function defer<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => undefined;
  let reject: (fault: Fault) => void = () => undefined;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
