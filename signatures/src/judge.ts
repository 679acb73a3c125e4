import type { BehaviourEvent, Evidence, Finding, Judgement, Verdict } from "@airlock/contracts";
import type { RuleSet } from "./compile.ts";
import { excerptOf } from "./excerpt.ts";
import { type Match, type MatchBounds, openMatcher } from "./match.ts";
import type { Signature } from "./rule.ts";
import { verdictOf, WEIGHTS } from "./score.ts";

/** Matches of one signature whose events are shown; all are counted. */
const MAX_SHOWN_MATCHES = 5;
/** Source events shown of one derived event, and of one correlation. */
const MAX_SHOWN_SOURCES = 6;
const MAX_SHOWN_COUNTED = 12;

/** A judgement in the making, fed with the events of one run in order. */
export interface Hearing {
  readonly hear: (event: BehaviourEvent) => void;
  /** `reasons` is everything that keeps the evidence from being complete. Call once, at the end. */
  readonly conclude: (reasons: Verdict["reasons"]) => Judgement;
}

/**
 * Judges a whole run. Pure: the same events, rules and reasons give the same judgement on every machine, whatever the
 * clock says (I9). Write it with `canonicalJson` where bytes matter.
 */
export function judge(events: Iterable<BehaviourEvent>, ruleSet: RuleSet, reasons: Verdict["reasons"]): Judgement {
  const hearing = openHearing(ruleSet);
  for (const event of events) hearing.hear(event);
  return hearing.conclude(reasons);
}

/** The same for events that come bit by bit. */
export function openHearing(ruleSet: RuleSet, bounds?: MatchBounds): Hearing {
  const matcher = openMatcher(ruleSet, bounds);
  const cases = new Map<string, Case>();
  const take = (matches: readonly Match[]): void => {
    for (const match of matches) addMatch(cases, match);
  };
  return {
    hear: (event) => take(matcher.push(event)),
    conclude: (reasons) => {
      take(matcher.finish());
      return conclude(ruleSet, [...cases.values()], [...reasons, ...describeForgotten(matcher.forgotten())]);
    },
  };
}

interface Case {
  readonly signature: Signature;
  matches: number;
  shown: number;
  readonly evidence: Map<string, Evidence>;
  readonly excerpts: Set<string>;
}

/**
 * Shows matches that look different first of all: a thousand equal lines prove no more than one. Of a correlation it is
 * the first match of each group: the rest are the same count going on.
 */
function addMatch(cases: Map<string, Case>, { signature, event, sources, correlated }: Match): void {
  let entry = cases.get(signature.id);
  if (entry === undefined) {
    entry = { signature, matches: 0, shown: 0, evidence: new Map(), excerpts: new Set() };
    cases.set(signature.id, entry);
  }
  entry.matches++;
  if (entry.shown >= MAX_SHOWN_MATCHES) return;
  const excerpt = excerptOf(event, correlated === null ? "" : `${describeGroup(correlated)}: `);
  const look = correlated?.group ?? excerpt;
  if (entry.excerpts.has(look)) return;
  entry.excerpts.add(look);
  entry.shown++;
  entry.evidence.set(event.id, { event: event.id, excerpt });
  for (const source of sources.slice(0, correlated === null ? MAX_SHOWN_SOURCES : MAX_SHOWN_COUNTED)) {
    if (!entry.evidence.has(source.id)) {
      entry.evidence.set(source.id, { event: source.id, excerpt: excerptOf(source) });
    }
  }
}

function describeGroup({ count, group }: NonNullable<Match["correlated"]>): string {
  return group === "" ? count : `${count}, ${group}`;
}

function conclude(ruleSet: RuleSet, cases: readonly Case[], reasons: Verdict["reasons"]): Judgement {
  const findings = cases.map(makeFinding).toSorted(byWeightThenId);
  const levels = findings.map((finding) => finding.signature.level);
  return { ruleSet: ruleSet.hash, verdict: verdictOf(levels, reasons), findings };
}

function makeFinding({ signature, matches, evidence }: Case): Finding {
  const { id, uuid, title, level, description } = signature;
  return {
    signature: { id, uuid, title, level, description },
    techniques: [...signature.techniques],
    tactics: [...signature.tactics],
    weight: WEIGHTS[level],
    matches,
    evidence: [...evidence.values()],
  };
}

function byWeightThenId(a: Finding, b: Finding): number {
  if (a.weight !== b.weight) return b.weight - a.weight;
  return a.signature.id < b.signature.id ? -1 : 1;
}

/** Our own memory is a limit that the sample can hit. */
function describeForgotten(forgotten: number): Verdict["reasons"] {
  if (forgotten === 0) return [];
  return [
    {
      code: "limit-hit",
      detail: `judge: memory of processes, files and counts was full, ${forgotten} entries forgotten`,
    },
  ];
}
