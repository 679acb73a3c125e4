import type { BehaviourEvent } from "@airlock/contracts";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { compileRuleSet, type RuleSet } from "../compile.ts";
import { judge } from "../judge.ts";
import { openMatcher } from "../match.ts";
import { correlationText, wordText } from "../testing/fire.ts";
import { eventMaker } from "../testing/make-event.ts";
import { signaturesFrom } from "../testing/make-signature.ts";

const SPAN = 10;
const WORDS = ["a", "b", "c"];

/** An event as the reference sees it: when, which rules match it, its group, its value. */
interface Step {
  readonly at: number;
  readonly words: readonly string[];
  readonly group: string;
  readonly value: number;
}

const someStep = fc.record({
  wait: fc.constantFrom(0, 0, 1, 2, 5, 11),
  words: fc.subarray(WORDS),
  group: fc.constantFrom("0", "1"),
  value: fc.integer({ min: -3, max: 4 }),
});

const run = fc.array(someStep, { maxLength: 24 }).map((steps): Step[] => {
  let at = 0;
  return steps.map(({ wait, ...rest }) => {
    at += wait;
    return { at, ...rest };
  });
});

const bounds = fc.record({
  operator: fc.constantFrom("gt", "gte", "lt", "lte", "eq", "neq"),
  bound: fc.integer({ min: 1, max: 3 }),
});
const PERCENTILES = [0, 25, 50, 90, 100];
const percentile = fc.constantFrom(...PERCENTILES);

type Count = (window: readonly Step[], percentile: number) => number;

/** The specification once more, over the whole window at each event. */
const COUNTS: Readonly<Record<string, Count>> = {
  event_count: (window) => window.length,
  value_count: (window) => new Set(window.map(({ value }) => value)).size,
  value_sum: (window) => sumOf(window),
  value_avg: (window) => sumOf(window) / window.length,
  value_percentile: (window, percent) => {
    const sorted = window.map(({ value }) => value).toSorted((a, b) => a - b);
    return sorted.find((_, index) => (index + 1) * 100 >= percent * sorted.length) ?? Number.NaN;
  },
  temporal: (window) => WORDS.filter((word) => window.some(({ words }) => words.includes(word))).length,
  temporal_ordered: (window) => longestRow(window.slice(0, -1), window.at(-1)?.words ?? []),
};

function sumOf(window: readonly Step[]): number {
  return window.reduce((sum, { value }) => sum + value, 0);
}

/** The longest row of rules in order that ends with one of these, each matching another event. */
function longestRow(before: readonly Step[], last: readonly string[]): number {
  const ends = last.map((word) => WORDS.indexOf(word));
  return Math.max(
    ...ends.map((end) => {
      const earlier = before.map(({ words }, index) => {
        const fitting = words.filter((word) => WORDS.indexOf(word) < end);
        return fitting.length === 0 ? 0 : longestRow(before.slice(0, index), fitting);
      });
      return 1 + Math.max(0, ...earlier);
    }),
  );
}

const HOLDS: Readonly<Record<string, (count: number, bound: number) => boolean>> = {
  gt: (count, bound) => count > bound,
  gte: (count, bound) => count >= bound,
  lt: (count, bound) => count < bound,
  lte: (count, bound) => count <= bound,
  eq: (count, bound) => count === bound,
  neq: (count, bound) => count !== bound,
};

function eventsOf(steps: readonly Step[]): BehaviourEvent[] {
  const make = eventMaker();
  return steps.map(({ at, words, group, value }) =>
    make("process_creation", { CommandLine: words.join(" "), User: group, ParentProcessId: value + 3 }, { at }),
  );
}

/** One rule for each condition that the property may draw, in one set: each is a part of none, so each fires by itself. */
async function compileAll(type: string): Promise<RuleSet> {
  const field = type.startsWith("value_") ? { field: "ParentProcessId" } : {};
  const conditions = Object.keys(HOLDS).flatMap((operator) => [1, 2, 3].map((bound) => ({ operator, bound })));
  const rules = conditions.flatMap(({ operator, bound }) =>
    (type === "value_percentile" ? PERCENTILES : [0]).map((percent) => {
      const ranked = type === "value_percentile" ? { percentile: percent } : {};
      const condition = { ...field, ...ranked, [operator]: bound };
      const text = correlationText({ type, rules: WORDS, timespan: `${SPAN}s`, condition });
      return [`${operator}-${bound}-${percent}.yml`, text] as const;
    }),
  );
  const parts = WORDS.map((word) => [`${word}.yml`, wordText(word)] as const);
  return compileRuleSet(await signaturesFrom(Object.fromEntries([...rules, ...parts])));
}

it.each(Object.keys(COUNTS))("%s counts what a look over the whole window counts", async (type) => {
  const ruleSet = await compileAll(type);
  fc.assert(
    fc.property(run, bounds, percentile, (steps, { operator, bound }, percent) => {
      const id = `${operator}-${bound}-${type === "value_percentile" ? percent : 0}`;
      const matcher = openMatcher(ruleSet);
      const fired = eventsOf(steps)
        .flatMap((event) => matcher.push(event))
        .filter(({ signature }) => signature.id === id)
        .map((match) => match.event.id);
      const expected = steps.flatMap((step, index) => {
        if (step.words.length === 0) return [];
        const window = steps
          .slice(0, index + 1)
          .filter(({ at, group, words }) => group === step.group && words.length > 0 && at >= step.at - SPAN)
          .map((one) => ({ ...one, value: one.value + 3 }));
        const count = COUNTS[type]?.(window, percent) ?? 0;
        return HOLDS[operator]?.(count, bound) === true ? [`e${index + 1}`] : [];
      });
      expect(fired).toEqual(expected);
      expect(matcher.forgotten()).toBe(0);
    }),
    { numRuns: 150 },
  );
});

it("never makes a verdict milder for what comes later, whatever the condition", async () => {
  const parts = WORDS.map((word) => wordText(word));
  const conditions = [{ gte: 3 }, { lt: 2 }, { eq: 4 }, { gt: 1, lte: 2 }];
  const counting = conditions.map((condition) =>
    correlationText({ type: "event_count", rules: ["a", "b"], timespan: `${SPAN}s`, condition, level: "high" }),
  );
  const row = correlationText({ type: "temporal_ordered", rules: WORDS, timespan: `${SPAN}s`, level: "high" });
  const files = { "all.yml": [...counting, row, ...parts].join("\n---\n") };
  const ruleSet = compileRuleSet(await signaturesFrom(files));
  fc.assert(
    fc.property(run, fc.nat(), (steps, cut) => {
      const events = eventsOf(steps);
      const part = judge(events.slice(0, cut % (events.length + 1)), ruleSet, []);
      const whole = judge(events, ruleSet, []);
      expect(whole.verdict.score).toBeGreaterThanOrEqual(part.verdict.score);
      expect(judge(events, ruleSet, [])).toEqual(whole);
    }),
    { numRuns: 100 },
  );
});
