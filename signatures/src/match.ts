import type { BehaviourEvent } from "@airlock/contracts";
import type { CategoryRules, CompiledRule, RuleSet } from "./compile.ts";
import { type CorrelationBounds, openCorrelator } from "./correlation/correlate.ts";
import { openFacts } from "./facts/index.ts";
import { asTexts } from "./predicate.ts";
import type { Signature } from "./rule.ts";
import { type Subject, textsOf } from "./subject.ts";
import { World, type WorldBounds, type WrittenFile } from "./world.ts";

export interface Match {
  readonly signature: Signature;
  readonly event: BehaviourEvent;
  /** For a derived event the events it was taken from, for a correlation those it counted; else empty. */
  readonly sources: readonly BehaviourEvent[];
  /** For a correlation what was counted, and in which group. */
  readonly correlated: { readonly count: string; readonly group: string } | null;
}

export interface Matcher {
  /** Takes the next event of the run, in order; returns what matched it and what was derived from it. */
  readonly push: (event: BehaviourEvent) => readonly Match[];
  /** What matches only once the run is over. */
  readonly finish: () => readonly Match[];
  /** Entries of bounded memory that had to be forgotten: above zero the evidence was too large to be judged whole. */
  readonly forgotten: () => number;
}

/** Events kept beside a derived one that a correlation counts. */
const MAX_PROOF = 3;
const NO_SOURCES: readonly BehaviourEvent[] = [];
const NO_MATCHES: readonly Match[] = [];

export interface MatchBounds {
  readonly world?: WorldBounds;
  readonly correlations?: CorrelationBounds;
}

/** Starts matching one run. `derived` events in the input are ignored: facts are measured here and nowhere else. */
export function openMatcher(ruleSet: RuleSet, bounds: MatchBounds = {}): Matcher {
  const world = new World(bounds.world);
  const correlator = openCorrelator(ruleSet.correlations, bounds.correlations);
  const facts = openFacts();
  const subject: Subject = { event: NO_EVENT, process: undefined, file: undefined };

  /** What is known only at the end took no part in the run: a later end would have taken it back. */
  let ended = false;
  const reportMatches = (matched: readonly CompiledRule[], sources: readonly BehaviourEvent[]): readonly Match[] => {
    const { event } = subject;
    const found = matched.flatMap(({ signature, fires }): Match[] =>
      fires ? [{ signature, event, sources, correlated: null }] : [],
    );
    const counted = ended ? [] : matched.filter((rule) => rule.counted).map(({ signature }) => signature);
    if (counted.length === 0) return found;
    const proof = [...sources.slice(0, MAX_PROOF), event];
    for (const { count, group, ...match } of correlator.observe(subject, counted, proof)) {
      found.push({ ...match, correlated: { count, group } });
    }
    return found;
  };

  const matchOne = (event: BehaviourEvent, sources: readonly BehaviourEvent[]): readonly Match[] => {
    const rules = ruleSet.categories.get(event.category);
    if (rules === undefined) return NO_MATCHES;
    subject.event = event;
    subject.process = world.process(event.process);
    subject.file = "TargetFilename" in event.fields ? fileOf(world, event.fields.TargetFilename) : undefined;
    const candidates = findCandidates(rules, subject);
    if (candidates.length === 0) return NO_MATCHES;
    const matched = candidates.flatMap((number) => {
      const rule = rules.rules[number];
      return rule?.matches(subject) ? [rule] : [];
    });
    return matched.length === 0 ? NO_MATCHES : reportMatches(matched, sources);
  };

  return {
    push: (event) => {
      if (event.category === "derived") return NO_MATCHES;
      world.observe(event);
      const matches = matchOne(event, NO_SOURCES);
      const derived = facts.observe(event, world);
      return derived.length === 0
        ? matches
        : [...matches, ...derived.flatMap((one) => matchOne(one.event, one.sources))];
    },
    finish: () => {
      ended = true;
      return facts.finish().flatMap((one) => matchOne(one.event, one.sources));
    },
    forgotten: () => world.forgotten + facts.forgotten() + correlator.forgotten(),
  };
}

/** All matches of a whole run, in order. */
export async function* matchEvents(
  ruleSet: RuleSet,
  events: Iterable<BehaviourEvent> | AsyncIterable<BehaviourEvent>,
): AsyncGenerator<Match> {
  const matcher = openMatcher(ruleSet);
  for await (const event of events) yield* matcher.push(event);
  yield* matcher.finish();
}

const NO_EVENT: BehaviourEvent = {
  id: "",
  time: "0",
  category: "output",
  process: null,
  fields: { Stream: "stdout", Message: "" },
};

function fileOf(world: World, path: unknown): WrittenFile | undefined {
  const file = typeof path === "string" ? world.file(path) : undefined;
  return file?.deleted === true ? undefined : file;
}

/** Numbers of rules that may match, rising and distinct, so that judging is deterministic. Mostly there are none. */
function findCandidates(rules: CategoryRules, subject: Subject): readonly number[] {
  let found = rules.always;
  for (const { read, index } of rules.fields) {
    const value = read(subject);
    if (typeof value === "string") found = merge(found, index.find(value));
    else if (value !== undefined) for (const text of asTexts(value)) found = merge(found, index.find(text));
  }
  if (rules.keywords !== null) {
    for (const text of textsOf(subject.event)) found = merge(found, rules.keywords.find(text));
  }
  return found;
}

function merge(one: readonly number[], other: readonly number[]): readonly number[] {
  if (other.length === 0) return one;
  if (one.length === 0) return other;
  return [...new Set([...one, ...other])].toSorted((a, b) => a - b);
}
