import { BoundedMap } from "../bounded-map.ts";
import type { Measurement } from "./fact.ts";

const MAX_KEYS = 8_192;

/**
 * Passes on measurements of counts that grow: all up to 32, then four for each doubling, and at the end the highest of
 * each key. So a rule may ask for any number without a flood of derived events, and finds it if it was ever reached.
 */
export class Peaks {
  readonly #keys = new BoundedMap<string, { highest: number; pending: Measurement | null }>(MAX_KEYS);

  get forgotten(): number {
    return this.#keys.evicted;
  }

  note(key: string, count: number, measure: () => Measurement): readonly Measurement[] {
    const state = this.#keys.ensure(key, () => ({ highest: 0, pending: null }));
    if (count <= state.highest) return [];
    state.highest = count;
    const measurement = measure();
    state.pending = isStep(count) ? null : measurement;
    return isStep(count) ? [measurement] : [];
  }

  finish(): readonly Measurement[] {
    return [...this.#keys.values()].flatMap(({ pending }) => (pending === null ? [] : [pending]));
  }
}

function isStep(count: number): boolean {
  if (count <= 32) return true;
  const quarter = 2 ** (Math.floor(Math.log2(count)) - 2);
  return count % quarter === 0;
}
