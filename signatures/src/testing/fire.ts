import type { BehaviourEvent } from "@airlock/contracts";
import { compileRuleSet } from "../compile.ts";
import { type Match, type MatchBounds, openMatcher } from "../match.ts";
import type { Signature } from "../rule.ts";
import { signaturesFrom } from "./make-signature.ts";

type Files = Readonly<Record<string, string>>;

/** All matches of rules, given as texts by file name, on the events of a run. */
export async function matchesOf(
  files: Files,
  events: readonly BehaviourEvent[],
  bounds?: MatchBounds,
): Promise<{ matches: readonly Match[]; forgotten: number }> {
  return matchesWith(await signaturesFrom(files), events, bounds);
}

/** The same as `<signature> <event>`; beside the shipped signatures if they are asked for. */
export async function firedOn(files: Files, events: readonly BehaviourEvent[], withShipped = false): Promise<string[]> {
  const { matches } = matchesWith(await signaturesFrom(files, withShipped), events);
  return matches.map(({ signature, event }) => `${signature.id} ${event.id}`);
}

function matchesWith(
  signatures: readonly Signature[],
  events: readonly BehaviourEvent[],
  bounds?: MatchBounds,
): { matches: readonly Match[]; forgotten: number } {
  const matcher = openMatcher(compileRuleSet(signatures), bounds);
  const matches = events.flatMap((event) => matcher.push(event));
  return { matches: [...matches, ...matcher.finish()], forgotten: matcher.forgotten() };
}

export interface CorrelationText {
  readonly type: string;
  readonly rules: readonly string[];
  readonly groupBy?: readonly string[];
  readonly timespan?: string;
  readonly condition?: object;
  readonly aliases?: object;
  readonly generate?: boolean;
  readonly name?: string;
  readonly level?: string;
}

/** A correlation rule. */
export function correlationText(correlation: CorrelationText): string {
  const { type, rules, groupBy = ["User"], timespan = "60s", condition, aliases, generate, name, level } = correlation;
  const section = { type, rules, "group-by": groupBy, timespan, condition, aliases };
  return JSON.stringify({ title: "Correlation", name, level, correlation: section, generate });
}

/** A rule with this name on command lines that hold the word. */
export function wordText(name: string, word = name): string {
  const detection = { words: { "CommandLine|contains": word }, condition: "words" };
  return JSON.stringify({
    title: name,
    name,
    logsource: { category: "process_creation", product: "linux" },
    detection,
  });
}
