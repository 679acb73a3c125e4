import type { BehaviourEvent } from "@airlock/contracts";
import { MAX_WINDOW } from "./correlation-rule.ts";
import type { Occurrence, Window } from "./occurrence.ts";
import { Sample, Timed } from "./timed.ts";

/** How many events there were. */
export class CountWindow implements Window {
  lost = 0;
  readonly #seen = new Timed<null>();
  readonly #sample = new Sample();
  readonly #least: number | null;

  /** With nothing but a lower bound, the latest so many tell whether it is met. */
  constructor(least: number | null) {
    this.#least = least;
  }

  get size(): number {
    return this.#seen.size;
  }

  expire(oldest: number): void {
    this.#seen.expire(oldest);
    this.#sample.expire(oldest);
  }

  add(at: number, [occurrence]: readonly Occurrence[]): number | null {
    if (occurrence === undefined) return null;
    this.#seen.push(at, null);
    this.#sample.add(at, occurrence.events);
    if (this.#seen.size > (this.#least ?? MAX_WINDOW)) {
      this.#seen.shift();
      if (this.#least === null) this.lost++;
    }
    return this.#seen.size;
  }

  events(): BehaviourEvent[] {
    return this.#sample.events();
  }
}

/** How many different values there were. */
export class DistinctWindow implements Window {
  lost = 0;
  /** When each value was last seen; that one comes last. */
  readonly #seen = new Map<string, number>();
  readonly #sample = new Sample();
  readonly #least: number | null;

  constructor(least: number | null) {
    this.#least = least;
  }

  get size(): number {
    return this.#seen.size;
  }

  expire(oldest: number): void {
    for (const [value, at] of this.#seen) {
      if (at >= oldest) break;
      this.#seen.delete(value);
    }
    this.#sample.expire(oldest);
  }

  add(at: number, occurrences: readonly Occurrence[]): number | null {
    for (const { value, events } of occurrences) {
      if (!this.#seen.delete(value)) this.#sample.add(at, events);
      this.#seen.set(value, at);
      this.#trim();
    }
    return occurrences.length === 0 ? null : this.#seen.size;
  }

  #trim(): void {
    if (this.#seen.size <= (this.#least ?? MAX_WINDOW)) return;
    for (const oldest of this.#seen.keys()) {
      this.#seen.delete(oldest);
      if (this.#least === null) this.lost++;
      return;
    }
  }

  events(): BehaviourEvent[] {
    return this.#sample.events();
  }
}
