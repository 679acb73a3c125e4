import type { CorrelationTerms } from "./correlation-rule.ts";
import type { Window } from "./occurrence.ts";
import { openWindow } from "./window.ts";

interface Group {
  readonly window: Window;
  touched: number;
}

/**
 * The windows of all groups of all correlations. Bounded in groups and in entries (I6); what is over goes by the group
 * that was touched longest ago, and counts as forgotten only when its time was not over anyway.
 */
export class GroupStore {
  /** By correlation; within one the group touched longest ago comes first. */
  readonly #groups: readonly Map<string, Group>[];
  readonly #terms: readonly CorrelationTerms[];
  readonly #bounds: { readonly groups: number; readonly entries: number };
  #groupCount = 0;
  #entries = 0;
  #forgotten = 0;
  #now = 0;
  #current: { group: Group; size: number; lost: number } | undefined;

  constructor(terms: readonly CorrelationTerms[], bounds: { readonly groups: number; readonly entries: number }) {
    this.#terms = terms;
    this.#groups = terms.map(() => new Map());
    this.#bounds = bounds;
  }

  /** Entries that had to go before their time. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** The window of a group with nothing in it that is too old. Call `settle` once something was added. */
  touch(correlation: number, key: string, now: number): Window {
    const [groups, terms] = [this.#groups[correlation], this.#terms[correlation]];
    if (groups === undefined || terms === undefined) throw new RangeError(`no correlation ${correlation}`);
    this.#now = now;
    this.#dropEnded(groups, now - terms.span);
    let group = groups.get(key);
    if (group === undefined) {
      group = { window: openWindow(terms), touched: now };
      this.#groupCount++;
    } else groups.delete(key);
    groups.set(key, group);
    group.touched = now;
    this.#current = { group, size: group.window.size, lost: group.window.lost };
    group.window.expire(now - terms.span);
    return group.window;
  }

  /** Takes account of what the window of the last `touch` holds now, and makes room if that is too much. */
  settle(): void {
    if (this.#current === undefined) return;
    const { group, size, lost } = this.#current;
    this.#entries += group.window.size - size;
    this.#forgotten += group.window.lost - lost;
    while (this.#groupCount > this.#bounds.groups || this.#entries > this.#bounds.entries) {
      if (!this.#dropStalest(group)) return;
    }
  }

  #dropEnded(groups: Map<string, Group>, oldest: number): void {
    for (const [key, group] of groups) {
      if (group.touched >= oldest) return;
      this.#drop(groups, key, group);
    }
  }

  /** Drops the group that was touched longest ago but this one; false when there is no other. */
  #dropStalest(kept: Group): boolean {
    let stalest: { groups: Map<string, Group>; key: string; group: Group; oldest: number } | undefined;
    for (const [index, groups] of this.#groups.entries()) {
      for (const [key, group] of groups) {
        if (group === kept) break;
        const oldest = this.#now - (this.#terms[index]?.span ?? 0);
        if (stalest === undefined || group.touched < stalest.group.touched) stalest = { groups, key, group, oldest };
        break;
      }
    }
    if (stalest === undefined) return false;
    this.#drop(stalest.groups, stalest.key, stalest.group);
    stalest.group.window.expire(stalest.oldest);
    this.#forgotten += stalest.group.window.size;
    return true;
  }

  #drop(groups: Map<string, Group>, key: string, group: Group): void {
    groups.delete(key);
    this.#groupCount--;
    this.#entries -= group.window.size;
  }
}
