import type { BehaviourEvent } from "@airlock/contracts";
import type { Occurrence, Window } from "./occurrence.ts";
import { distinct, share } from "./timed.ts";

/** How many of the rules matched: each one's latest match says it all. */
export class TemporalWindow implements Window {
  readonly lost = 0;
  readonly #latest = new Map<number, { readonly at: number; readonly events: readonly BehaviourEvent[] }>();

  get size(): number {
    return this.#latest.size;
  }

  expire(oldest: number): void {
    for (const [reference, { at }] of this.#latest) {
      if (at >= oldest) break;
      this.#latest.delete(reference);
    }
  }

  add(at: number, occurrences: readonly Occurrence[]): number | null {
    for (const { reference, events } of occurrences) {
      this.#latest.delete(reference);
      this.#latest.set(reference, { at, events });
    }
    return occurrences.length === 0 ? null : this.#latest.size;
  }

  events(): BehaviourEvent[] {
    return distinct(share([...this.#latest.values()].map(({ events }) => events)));
  }
}

/** A row of matches in the order of the rules, told from its end. */
interface Chain {
  readonly start: number;
  readonly events: readonly BehaviourEvent[];
  readonly before: Chain | undefined;
}

/**
 * The longest row of matches by different events in the order of the rules. Of all rows that end with one rule and have
 * one length only the one that began last is kept: whatever could go on from another can go on from it.
 */
export class OrderedWindow implements Window {
  readonly lost = 0;
  /** By the rule that a row ends with, then by its length: the longer, the earlier it began. */
  readonly #rows: Chain[][];
  #latest: Chain | undefined;

  constructor(rules: number) {
    this.#rows = Array.from({ length: rules }, () => []);
  }

  get size(): number {
    return this.#rows.reduce((sum, rows) => sum + rows.length, 0);
  }

  expire(oldest: number): void {
    for (const rows of this.#rows) {
      while ((rows.at(-1)?.start ?? oldest) < oldest) rows.pop();
    }
  }

  add(at: number, occurrences: readonly Occurrence[]): number | null {
    // All from what was before, then put in: one event is no two steps.
    const grown = occurrences.map(({ reference, events }) => ({ reference, rows: this.#grow(at, reference, events) }));
    let longest = 0;
    for (const { reference, rows } of grown) {
      this.#rows[reference] = rows;
      if (rows.length <= longest) continue;
      longest = rows.length;
      this.#latest = rows.at(-1);
    }
    return longest === 0 ? null : longest;
  }

  /** Rows of each length that end with this match. */
  #grow(at: number, reference: number, events: readonly BehaviourEvent[]): Chain[] {
    const grown: Chain[] = [{ start: at, events, before: undefined }];
    for (let length = 1; length <= reference; length++) {
      let before: Chain | undefined;
      for (const rows of this.#rows.slice(0, reference)) {
        const row = rows[length - 1];
        if (row !== undefined && (before === undefined || row.start > before.start)) before = row;
      }
      if (before === undefined) break;
      grown.push({ start: before.start, events, before });
    }
    return grown;
  }

  events(): BehaviourEvent[] {
    const steps: (readonly BehaviourEvent[])[] = [];
    for (let step = this.#latest; step !== undefined; step = step.before) steps.unshift(step.events);
    return distinct(share(steps));
  }
}
