import type { BehaviourEvent } from "@airlock/contracts";

/** Events kept of a window to be shown; all are counted. */
const MAX_SAMPLE = 12;

/** A queue of what happened, with its time. Taking from the front is a step forward, and the array is cut now and then. */
export class Timed<T> {
  #entries: { readonly at: number; readonly value: T }[] = [];
  #first = 0;

  get size(): number {
    return this.#entries.length - this.#first;
  }

  push(at: number, value: T): void {
    this.#entries.push({ at, value });
  }

  shift(): T | undefined {
    const entry = this.#entries[this.#first];
    if (entry === undefined) return undefined;
    this.#first++;
    if (this.#first > 64 && this.#first * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
    return entry.value;
  }

  /** Takes off what is older, and hands each to `drop`. */
  expire(oldest: number, drop: (value: T) => void = () => undefined): void {
    for (let entry = this.#entries[this.#first]; entry !== undefined; entry = this.#entries[this.#first]) {
      if (entry.at >= oldest) return;
      drop(entry.value);
      this.shift();
    }
  }
}

/** The latest events of a window. A plain short list: what it lets go must not be held any longer. */
export class Sample {
  readonly #latest: { readonly at: number; readonly events: readonly BehaviourEvent[] }[] = [];

  add(at: number, events: readonly BehaviourEvent[]): void {
    this.#latest.push({ at, events });
    if (this.#latest.length > MAX_SAMPLE) this.#latest.shift();
  }

  expire(oldest: number): void {
    while ((this.#latest[0]?.at ?? oldest) < oldest) this.#latest.shift();
  }

  events(): BehaviourEvent[] {
    return distinct(this.#latest.map(({ events }) => events)).slice(-MAX_SAMPLE);
  }
}

export function distinct(lists: readonly (readonly BehaviourEvent[])[]): BehaviourEvent[] {
  return [...new Set(lists.flat())];
}

/** As many events of each list as fit when all get the same: a correlation of correlations shows something of each. */
export function share(lists: readonly (readonly BehaviourEvent[])[]): (readonly BehaviourEvent[])[] {
  const each = Math.max(1, Math.floor(MAX_SAMPLE / Math.max(1, lists.length)));
  return lists.map((events) => events.slice(-each));
}
