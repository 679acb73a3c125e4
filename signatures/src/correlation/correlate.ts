import { createHash } from "node:crypto";
import type { BehaviourEvent } from "@airlock/contracts";
import type { Signature } from "../rule.ts";
import type { Subject } from "../subject.ts";
import { GroupStore } from "./group-store.ts";
import type { Occurrence } from "./occurrence.ts";
import type { CorrelationNode, CorrelationPlan, Feed } from "./plan.ts";

/** Longer texts are known by their hash: a sample writes them, and they are kept by the thousand. */
const MAX_KEPT_TEXT = 256;
const MAX_SHOWN_TEXT = 64;

export interface CorrelationBounds {
  /** Groups of all correlations. */
  readonly groups: number;
  /** Entries of all their windows. */
  readonly entries: number;
}

/** Enough for any honest image. */
export const DEFAULT_CORRELATION_BOUNDS: CorrelationBounds = { groups: 32_768, entries: 262_144 };

/** A correlation whose condition holds at an event. */
export interface CorrelationMatch {
  readonly signature: Signature;
  readonly event: BehaviourEvent;
  /** The latest of the events that were counted, bounded, the one above last. */
  readonly sources: readonly BehaviourEvent[];
  /** What was counted, and in which group. */
  readonly count: string;
  readonly group: string;
}

export interface Correlator {
  /** Takes in an event that these signatures matched; `subject` is what they matched on, `proof` what shows it. */
  readonly observe: (
    subject: Subject,
    matched: readonly Signature[],
    proof: readonly BehaviourEvent[],
  ) => readonly CorrelationMatch[];
  readonly forgotten: () => number;
}

/** A match of one of a correlation's rules: which, what it grouped by if it is a correlation itself, and what proves it. */
interface Hit {
  readonly reference: number;
  readonly told: ReadonlyMap<string, string> | null;
  readonly events: readonly BehaviourEvent[];
}

interface Fired {
  readonly match: CorrelationMatch;
  readonly told: ReadonlyMap<string, string>;
}

/**
 * Starts correlating one run. Conditions are asked at every event that counts, over the time up to it: so what was found
 * stays found whatever comes later, and a part of a run never looks worse than the whole.
 */
export function openCorrelator({ nodes, feeds }: CorrelationPlan, bounds = DEFAULT_CORRELATION_BOUNDS): Correlator {
  const clock = openClock();
  const store = new GroupStore(
    nodes.map(({ correlation }) => correlation),
    bounds,
  );

  const observeNode = (node: CorrelationNode, index: number, hits: readonly Hit[], subject: Subject): Fired[] => {
    const at = clock(subject.event);
    const fired: Fired[] = [];
    for (const [key, { texts, occurrences }] of groupHits(node, hits, subject)) {
      const window = store.touch(index, key, at);
      const count = window.add(at, occurrences);
      store.settle();
      if (count === null || !node.correlation.bounds.holds(count)) continue;
      fired.push(describeFired(node, subject.event, { texts, count, sources: window.events() }));
    }
    return fired;
  };

  return {
    forgotten: () => store.forgotten,
    observe: (subject, matched, proof) => {
      const waiting = new Map<number, Hit[]>();
      const feed = (list: readonly Feed[], told: Hit["told"], events: readonly BehaviourEvent[]): void => {
        for (const { node, reference } of list) {
          waiting.set(node, [...(waiting.get(node) ?? []), { reference, told, events }]);
        }
      };
      for (const { id } of matched) feed(feeds.get(id) ?? [], null, proof);
      const matches: CorrelationMatch[] = [];
      // A correlation feeds only those behind it.
      for (let index = 0; index < nodes.length && waiting.size > 0; index++) {
        const [node, hits] = [nodes[index], waiting.get(index)];
        if (node === undefined || hits === undefined) continue;
        waiting.delete(index);
        for (const { match, told } of observeNode(node, index, hits, subject)) {
          if (node.fires) matches.push(match);
          feed(node.feeds, told, match.sources);
        }
      }
      return matches;
    },
  };
}

/** Nanoseconds since the first event, never backwards: an event that is told late counts when it is told. */
function openClock(): (event: BehaviourEvent) => number {
  let base: bigint | undefined;
  let now = 0;
  return ({ time }) => {
    const at = BigInt(time);
    base ??= at;
    now = Math.max(now, Number(at - base));
    return now;
  };
}

/** What the event is to each group. Without one of the fields to group by, or of those to count, it is nothing. */
function groupHits(
  { readers }: CorrelationNode,
  hits: readonly Hit[],
  subject: Subject,
): Map<string, { texts: readonly string[]; occurrences: Occurrence[] }> {
  const groups = new Map<string, { texts: readonly string[]; occurrences: Occurrence[] }>();
  for (const { reference, told, events } of hits) {
    const reader = readers[reference];
    if (reader === undefined) continue;
    const texts = reader.group.map((read) => read(subject, told));
    const values = reader.values.map((read) => read(subject, told));
    if (!isComplete(texts) || !isComplete(values)) continue;
    const key = keyOf(texts);
    const group = groups.get(key) ?? { texts, occurrences: [] };
    group.occurrences.push({ reference, value: keyOf(values), events });
    groups.set(key, group);
  }
  return groups;
}

function isComplete(texts: readonly (string | null)[]): texts is readonly string[] {
  return !texts.includes(null);
}

/** A single text is its own key, so that numbers stay numbers. */
function keyOf(texts: readonly string[]): string {
  const [only = ""] = texts;
  const key = texts.length < 2 ? only : JSON.stringify(texts);
  return key.length <= MAX_KEPT_TEXT ? key : `sha256:${createHash("sha256").update(key).digest("hex")}`;
}

function describeFired(
  { signature, correlation }: CorrelationNode,
  event: BehaviourEvent,
  found: { texts: readonly string[]; count: number; sources: readonly BehaviourEvent[] },
): Fired {
  const { groupBy, type, timespan } = correlation;
  const group = groupBy.map((name, index) => `${name} ${(found.texts[index] ?? "").slice(0, MAX_SHOWN_TEXT)}`);
  return {
    match: {
      signature,
      event,
      sources: found.sources,
      count: `${type} ${found.count} within ${timespan}`,
      group: group.join(", "),
    },
    told: new Map(groupBy.map((name, index) => [name, found.texts[index] ?? ""])),
  };
}
