import type { BehaviourEvent } from "@airlock/contracts";

const MAX_VALUES = 4_096;

/** Distinct values seen within a sliding time, each with the last event that showed it. Bounded; counts up to the bound. */
export class RecentValues {
  readonly #events = new Map<string, BehaviourEvent>();
  readonly #windowNs: bigint;

  constructor(seconds: number) {
    this.#windowNs = BigInt(seconds) * 1_000_000_000n;
  }

  /** Takes a value in; returns how many distinct ones the window now holds. */
  add(value: string, event: BehaviourEvent): number {
    this.#events.delete(value);
    this.#events.set(value, event);
    const oldest = BigInt(event.time) - this.#windowNs;
    for (const [known, { time }] of this.#events) {
      if (BigInt(time) >= oldest && this.#events.size <= MAX_VALUES) break;
      this.#events.delete(known);
    }
    return this.#events.size;
  }

  get first(): BehaviourEvent | undefined {
    const [event] = this.#events.values();
    return event;
  }

  /** A few of the events, oldest first, and always the last. */
  sample(count: number): BehaviourEvent[] {
    const all = [...this.#events.values()];
    return all.length <= count ? all : [...all.slice(0, count - 1), ...all.slice(-1)];
  }
}
