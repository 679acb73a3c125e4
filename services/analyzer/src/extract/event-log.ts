import type { BehaviourEvent, EventCategory, EventOf } from "@airlock/contracts";

/** An event that has no id yet; its fields may still be completed by a later record. */
export type EventDraft<C extends EventCategory = EventCategory> = C extends EventCategory
  ? { time: bigint; readonly category: C; readonly process: string | null; readonly fields: EventOf<C>["fields"] }
  : never;

export interface EventLog {
  /** Returns the draft for later completion, or undefined when the bound was hit and the event is lost. */
  add<C extends EventCategory>(draft: EventDraft<C>): EventDraft<C> | undefined;
  /** Sorts by time, then by order of arrival, and numbers. The log must not be used afterwards. */
  finish(bootToUnixNs: bigint): BehaviourEvent[];
  /** Events refused because of the bound. */
  lost(): number;
}

/** Categories that a sample can flood with cheap calls: they may fill three quarters, so that decisive events still fit. */
const BULK: ReadonlySet<EventCategory> = new Set([
  "file_access",
  "file_event",
  "file_change",
  "file_rename",
  "file_delete",
  "output",
]);

/** `maxEvents` bounds memory; what is refused is counted, and the caller must report it as lost evidence. */
export function createEventLog(maxEvents: number): EventLog {
  const drafts: EventDraft[] = [];
  const maxBulk = Math.ceil(maxEvents * 0.75);
  let bulk = 0;
  let lost = 0;

  return {
    add<C extends EventCategory>(draft: EventDraft<C>): EventDraft<C> | undefined {
      const isBulk = BULK.has(draft.category);
      if (drafts.length >= maxEvents || (isBulk && bulk >= maxBulk)) {
        lost += 1;
        return undefined;
      }
      if (isBulk) bulk += 1;
      drafts.push(draft as EventDraft);
      return draft;
    },
    finish(bootToUnixNs) {
      // Array.prototype.sort is stable, so equal times keep the order of arrival, which is the order of the record.
      drafts.sort((a, b) => (a.time < b.time ? -1 : Number(a.time > b.time)));
      return drafts.map((draft, index) => number(draft, index, bootToUnixNs));
    },
    lost: () => lost,
  };
}

function number(draft: EventDraft, index: number, bootToUnixNs: bigint): BehaviourEvent {
  const { category, process, fields } = draft;
  const time = draft.time + bootToUnixNs;
  return {
    id: `e${index + 1}`,
    time: (time < 0n ? 0n : time).toString(),
    category,
    process,
    fields: known(fields),
  } as BehaviourEvent;
}

/** Absent means "not known" (contract): a key that holds undefined would say so twice, so it goes. */
function known<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}
