import type { BehaviourEvent } from "@airlock/contracts";

/** One event that one of a correlation's rules matched, in one group. */
export interface Occurrence {
  /** Place of the rule among the correlation's references. */
  readonly reference: number;
  /** Text of the correlation's field; empty where events are counted. */
  readonly value: string;
  /** What proves it: the event, or the events that made a correlation of correlations. */
  readonly events: readonly BehaviourEvent[];
}

/** What one group of one correlation has seen within its time. Bounded, and what it had to let go is counted. */
export interface Window {
  /** Entries held. */
  readonly size: number;
  /** Entries let go that still counted. */
  readonly lost: number;
  /** Lets go what happened before this time. */
  expire(oldest: number): void;
  /** Takes in what one event is to this group; returns what the condition is about, or null when it counts nothing. */
  add(at: number, occurrences: readonly Occurrence[]): number | null;
  /** Events that made the latest count, oldest first. */
  events(): BehaviourEvent[];
}
