import type { BehaviourEvent, Evidence, Finding, Judgement, Verdict } from "@airlock/contracts";
import type { RuleSet } from "./compile.ts";
import { excerptOf } from "./excerpt.ts";
import { type Match, openMatcher } from "./match.ts";
import type { Signature } from "./rule.ts";
import { verdictOf, WEIGHTS } from "./score.ts";
import type { WorldBounds } from "./world.ts";

/** Matches of one signature whose events are shown; all are counted. */
const MAX_SHOWN_MATCHES = 5;
/** Source events shown of one derived event. */
const MAX_SHOWN_SOURCES = 6;

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
export function openHearing(ruleSet: RuleSet, bounds?: WorldBounds): Hearing {
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

/** Shows matches that look different first of all: a thousand equal lines prove no more than one. */
function addMatch(cases: Map<string, Case>, { signature, event, sources }: Match): void {
  let entry = cases.get(signature.id);
  if (entry === undefined) {
    entry = { signature, matches: 0, shown: 0, evidence: new Map(), excerpts: new Set() };
    cases.set(signature.id, entry);
  }
  entry.matches++;
  if (entry.shown >= MAX_SHOWN_MATCHES) return;
  const excerpt = excerptOf(event);
  if (entry.excerpts.has(excerpt)) return;
  entry.excerpts.add(excerpt);
  entry.shown++;
  entry.evidence.set(event.id, { event: event.id, excerpt });
  for (const source of sources.slice(0, MAX_SHOWN_SOURCES)) {
    if (!entry.evidence.has(source.id)) {
      entry.evidence.set(source.id, { event: source.id, excerpt: excerptOf(source) });
    }
  }
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
    { code: "limit-hit", detail: `judge: memory of processes and files was full, ${forgotten} entries forgotten` },
  ];
}
