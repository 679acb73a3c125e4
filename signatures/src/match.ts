import type { BehaviourEvent } from "@airlock/contracts";
import type { CategoryRules, RuleSet } from "./compile.ts";
import { openFacts } from "./facts/index.ts";
import { asTexts } from "./predicate.ts";
import type { Signature } from "./rule.ts";
import { type Subject, textsOf } from "./subject.ts";
import { World } from "./world.ts";

export interface Match {
  readonly signature: Signature;
  readonly event: BehaviourEvent;
  /** For a derived event the events it was taken from; else empty. */
  readonly sources: readonly BehaviourEvent[];
}

export interface Matcher {
  /** Takes the next event of the run, in order; returns what matched it and what was derived from it. */
  readonly push: (event: BehaviourEvent) => readonly Match[];
  /** What matches only once the run is over. */
  readonly finish: () => readonly Match[];
  /** Entries of bounded memory that had to be forgotten: above zero the evidence was too large to be judged whole. */
  readonly forgotten: () => number;
}

const NO_SOURCES: readonly BehaviourEvent[] = [];
const NO_MATCHES: readonly Match[] = [];

/** Starts matching one run. `derived` events in the input are ignored: facts are measured here and nowhere else. */
export function openMatcher(ruleSet: RuleSet): Matcher {
  const world = new World();
  const facts = openFacts();
  const subject: Subject = { event: NO_EVENT, context: undefined };

  const matchOne = (event: BehaviourEvent, sources: readonly BehaviourEvent[], into: Match[]): void => {
    const rules = ruleSet.categories.get(event.category);
    if (rules === undefined) return;
    subject.event = event;
    subject.context = event.process === null ? undefined : world.process(event.process)?.start?.fields;
    for (const number of findCandidates(rules, subject)) {
      const rule = rules.rules[number];
      if (rule?.matches(subject)) into.push({ signature: rule.signature, event, sources });
    }
  };

  return {
    push: (event) => {
      if (event.category === "derived") return NO_MATCHES;
      world.observe(event);
      const matches: Match[] = [];
      matchOne(event, NO_SOURCES, matches);
      for (const derived of facts.observe(event, world)) matchOne(derived.event, derived.sources, matches);
      return matches;
    },
    finish: () => {
      const matches: Match[] = [];
      for (const derived of facts.finish()) matchOne(derived.event, derived.sources, matches);
      return matches;
    },
    forgotten: () => world.forgotten + facts.forgotten(),
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

/** Numbers of rules that may match, each once, in the rule set's order so that judging is deterministic. */
function findCandidates(rules: CategoryRules, subject: Subject): readonly number[] {
  let found: number[] | undefined;
  const add = (numbers: readonly number[]): void => {
    if (numbers.length > 0) found = found === undefined ? [...numbers] : [...found, ...numbers];
  };
  for (const { read, index } of rules.fields) {
    const value = read(subject);
    if (typeof value === "string") add(index.find(value));
    else if (value !== undefined) for (const text of asTexts(value)) add(index.find(text));
  }
  if (rules.keywords !== null) for (const text of textsOf(subject.event)) add(rules.keywords.find(text));
  if (found === undefined) return rules.always;
  return [...new Set([...rules.always, ...found])].toSorted((a, b) => a - b);
}
