import type { BehaviourEvent } from "@airlock/contracts";
import { MAX_WINDOW } from "./correlation-rule.ts";
import type { Occurrence, Window } from "./occurrence.ts";
import { Sample, Timed } from "./timed.ts";

/** Millionths as whole numbers: what is added and taken away again leaves nothing behind, on any machine. */
const UNIT = 1e6;

/** The sum of values or their mean. */
export class SumWindow implements Window {
  lost = 0;
  #sum = 0n;
  readonly #seen = new Timed<bigint>();
  readonly #sample = new Sample();
  readonly #mean: boolean;

  constructor(mean: boolean) {
    this.#mean = mean;
  }

  get size(): number {
    return this.#seen.size;
  }

  expire(oldest: number): void {
    this.#seen.expire(oldest, (value) => {
      this.#sum -= value;
    });
    this.#sample.expire(oldest);
  }

  add(at: number, [occurrence]: readonly Occurrence[]): number | null {
    const value = occurrence === undefined ? null : numberOf(occurrence.value);
    if (occurrence === undefined || value === null) return null;
    const exact = BigInt(Math.round(value * UNIT));
    this.#seen.push(at, exact);
    this.#sum += exact;
    this.#sample.add(at, occurrence.events);
    if (this.#seen.size > MAX_WINDOW) {
      this.#sum -= this.#seen.shift() ?? 0n;
      this.lost++;
    }
    const sum = Number(this.#sum) / UNIT;
    return this.#mean ? sum / this.#seen.size : sum;
  }

  events(): BehaviourEvent[] {
    return this.#sample.events();
  }
}

/** The value that so many percent of all values are at or below. */
export class PercentileWindow implements Window {
  lost = 0;
  readonly #seen = new Timed<number>();
  readonly #sorted: number[] = [];
  readonly #sample = new Sample();
  readonly #percentile: number;

  constructor(percentile: number) {
    this.#percentile = percentile;
  }

  get size(): number {
    return this.#seen.size;
  }

  expire(oldest: number): void {
    this.#seen.expire(oldest, (value) => this.#remove(value));
    this.#sample.expire(oldest);
  }

  /** The nearest rank: the smallest value that so many percent of all don't exceed. */
  add(at: number, [occurrence]: readonly Occurrence[]): number | null {
    const value = occurrence === undefined ? null : numberOf(occurrence.value);
    if (occurrence === undefined || value === null) return null;
    this.#seen.push(at, value);
    this.#sorted.splice(placeOf(this.#sorted, value), 0, value);
    this.#sample.add(at, occurrence.events);
    if (this.#seen.size > MAX_WINDOW) {
      const first = this.#seen.shift();
      if (first !== undefined) this.#remove(first);
      this.lost++;
    }
    const rank = Math.max(1, Math.ceil((this.#percentile / 100) * this.#sorted.length));
    return this.#sorted[rank - 1] ?? value;
  }

  #remove(value: number): void {
    this.#sorted.splice(placeOf(this.#sorted, value), 1);
  }

  events(): BehaviourEvent[] {
    return this.#sample.events();
  }
}

/** Place of the first that is no smaller. */
function placeOf(sorted: readonly number[], value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A finite number of ordinary size: one beyond it would be no sum's part any more. */
function numberOf(text: string): number | null {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  return Math.abs(value) <= Number.MAX_SAFE_INTEGER ? value : null;
}
