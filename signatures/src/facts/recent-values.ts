import type { BehaviourEvent } from "@airlock/contracts";
import { millisecondsOf } from "../outcome.ts";

const MAX_VALUES = 4_096;

/** Distinct values seen within a sliding time, each with the last event that showed it. Bounded; counts up to the bound. */
export class RecentValues {
  readonly #events = new Map<string, BehaviourEvent>();
  readonly #windowMs: number;

  constructor(seconds: number) {
    this.#windowMs = seconds * 1000;
  }

  /** Takes a value in; returns how many distinct ones the window now holds. */
  add(value: string, event: BehaviourEvent): number {
    this.#events.delete(value);
    this.#events.set(value, event);
    const oldest = millisecondsOf(event) - this.#windowMs;
    for (const [known, seen] of this.#events) {
      if (millisecondsOf(seen) >= oldest && this.#events.size <= MAX_VALUES) break;
      this.#events.delete(known);
    }
    return this.#events.size;
  }

  get first(): BehaviourEvent | undefined {
    for (const event of this.#events.values()) return event;
    return undefined;
  }

  /** The distinct values, last seen last. */
  values(): string[] {
    return [...this.#events.keys()];
  }

  /** A few of the events, oldest first, and always the last. */
  sample(count: number): BehaviourEvent[] {
    const all = [...this.#events.values()];
    return all.length <= count ? all : [...all.slice(0, count - 1), ...all.slice(-1)];
  }
}
