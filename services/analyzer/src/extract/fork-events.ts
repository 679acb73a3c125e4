import type { TraceRecord } from "@airlock/contracts";
import type { EventContext } from "./file-events.ts";
import { describeFork } from "./process-events.ts";

type ForkRecord = Extract<TraceRecord, { kind: "fork" }>;

export interface ForkEvents {
  /** Takes every record, in order of time, before it becomes an event. */
  note(record: TraceRecord): void;
}

interface Birth {
  readonly fork: ForkRecord;
  /** Birth of the one that forked it, as long as that one had started no program either. */
  readonly parent: Birth | undefined;
  told: boolean;
}

/**
 * Says of a process that acts before its first exec, or never has one, whom it was forked from. Most forks are followed by an
 * exec at once; those say nothing and are no events.
 */
export function createForkEvents({ log, table }: EventContext): ForkEvents {
  /** Of processes that have started no program. Kept when they end: sums of what they wrote may come later. */
  const births = new Map<string, Birth>();

  return {
    note(record) {
      if (record.kind === "fork") noteFork(record);
      else if (record.kind === "exec") births.delete(record.task.key);
      else if (record.kind !== "exit") {
        const birth = births.get(record.task.key);
        if (birth !== undefined) tell(birth);
      }
    },
  };

  function noteFork(fork: ForkRecord): void {
    // A thread shares its leader's key.
    if (fork.child.key === fork.task.key) return;
    births.set(fork.child.key, { fork, parent: births.get(fork.task.key), told: false });
  }

  /** With those that it comes from: a daemon forks twice, and only the second one acts. No recursion: a chain of forks is cheap. */
  function tell(birth: Birth): void {
    for (let one: Birth | undefined = birth; one !== undefined && !one.told; one = one.parent) {
      one.told = true;
      log.add<"process_fork">(describeFork(one.fork, table));
    }
  }
}
