import { z } from "zod";
import { RuleError } from "../rule-error.ts";
import { RULE_HEAD } from "../rule-head.ts";

/** Occurrences that one group of one correlation remembers. A rule can't ask for more, so none is lost on the way. */
export const MAX_WINDOW = 16_384;
const MAX_REFERENCES = 32;
const MAX_FIELDS = 16;

const name = z.string().min(1).max(256);

export const CorrelationType = z.enum([
  "event_count",
  "value_count",
  "temporal",
  "temporal_ordered",
  "value_sum",
  "value_avg",
  "value_percentile",
]);
export type CorrelationType = z.infer<typeof CorrelationType>;

const Condition = z.strictObject({
  gt: z.number().optional(),
  gte: z.number().optional(),
  lt: z.number().optional(),
  lte: z.number().optional(),
  eq: z.number().optional(),
  neq: z.number().optional(),
  field: z.union([name, z.array(name).min(1).max(MAX_FIELDS)]).optional(),
  /** Which percentile of the values is compared; the specification leaves open how to say it. */
  percentile: z.number().min(0).max(100).optional(),
});

/** A correlation rule of Sigma 2.1: counts what other rules match. */
export const SigmaCorrelation = z.looseObject({
  ...RULE_HEAD,
  correlation: z.strictObject({
    type: CorrelationType,
    rules: z.union([name, z.array(name).min(1).max(MAX_REFERENCES)]),
    aliases: z.record(name, z.record(name, name)).optional(),
    "group-by": z.union([name, z.array(name).max(MAX_FIELDS)]).optional(),
    timespan: z.string().max(10),
    condition: z.union([Condition, z.string()]).optional(),
    generate: z.boolean().optional(),
  }),
  generate: z.boolean().optional(),
});
export type SigmaCorrelation = z.infer<typeof SigmaCorrelation>;

/** What a count, sum, mean or percentile must be. */
export interface Bounds {
  readonly holds: (value: number) => boolean;
  /** The smallest whole number that holds, when all above it hold too: no more than so many need be remembered. */
  readonly least: number | null;
}

/** The parts of a correlation that stand in its own document, checked and made ready. */
export interface CorrelationTerms {
  readonly type: CorrelationType;
  readonly rules: readonly string[];
  readonly groupBy: readonly string[];
  readonly timespan: string;
  /** The same in nanoseconds. */
  readonly span: number;
  readonly bounds: Bounds;
  /** Fields whose values are counted or reckoned with; empty where events are. */
  readonly fields: readonly string[];
  readonly percentile: number;
  readonly generate: boolean;
}

/** Checks what a schema can't. Throws RuleError with the path of what is wrong. */
export function readTerms({ correlation, generate }: SigmaCorrelation): CorrelationTerms {
  const { type, condition = {} } = correlation;
  const rules = [correlation.rules].flat();
  const groupBy = [correlation["group-by"] ?? []].flat();
  if (new Set(rules).size < rules.length) throw wrong("a rule is named twice", "rules");
  if (new Set(groupBy).size < groupBy.length) throw wrong("a field is named twice", "group-by");
  if (typeof condition === "string") {
    throw new RuleError("a condition in words is no part of Sigma 2.1", { unsupported: true });
  }
  const fields = [condition.field ?? []].flat();
  const counted = type.startsWith("value_");
  if (counted && fields.length === 0) throw wrong(`${type} needs a field`, "condition");
  if (!counted && fields.length > 0) throw wrong(`${type} takes no field`, "condition", "field");
  if (counted && type !== "value_count" && fields.length > 1)
    throw wrong(`${type} takes one field`, "condition", "field");
  if (type !== "value_percentile" && condition.percentile !== undefined) {
    throw wrong(`${type} takes no percentile`, "condition", "percentile");
  }
  return {
    type,
    rules,
    groupBy,
    timespan: correlation.timespan,
    span: readTimespan(correlation.timespan),
    bounds: readBounds(condition, type, rules.length),
    fields,
    percentile: condition.percentile ?? 50,
    generate: correlation.generate ?? generate ?? false,
  };
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };

function readTimespan(timespan: string): number {
  const [, count = "", unit = ""] = /^(\d{1,9})([smhdw])$/.exec(timespan) ?? [];
  const seconds = Number(count) * (SECONDS[unit] ?? 0);
  if (seconds === 0) throw wrong(`"${timespan}" is no time such as 90s, 5m, 1h or 1d`, "timespan");
  return seconds * 1e9;
}

const COMPARISONS = {
  gt: (value: number, bound: number) => value > bound,
  gte: (value: number, bound: number) => value >= bound,
  lt: (value: number, bound: number) => value < bound,
  lte: (value: number, bound: number) => value <= bound,
  eq: (value: number, bound: number) => value === bound,
  neq: (value: number, bound: number) => value !== bound,
} as const;
const OPERATORS = ["gt", "gte", "lt", "lte", "eq", "neq"] as const;

function readBounds(condition: z.infer<typeof Condition>, type: CorrelationType, rules: number): Bounds {
  const temporal = type === "temporal" || type === "temporal_ordered";
  const given = OPERATORS.flatMap((operator) => {
    const bound = condition[operator];
    return bound === undefined ? [] : [{ operator, bound }];
  });
  // All of them: that is what proximity means when nothing else is said.
  if (given.length === 0 && temporal) given.push({ operator: "gte", bound: rules });
  if (given.length === 0) throw wrong(`${type} needs a condition`, "condition");
  const most = temporal ? rules : MAX_WINDOW;
  const counts = temporal || type === "event_count" || type === "value_count";
  const beyond = given.find(({ bound }) => counts && Math.abs(bound) > most);
  if (beyond !== undefined) throw wrong(`no more than ${most} are counted`, "condition", beyond.operator);
  const lower = given.every(({ operator }) => operator === "gt" || operator === "gte");
  const least = given.map(({ operator, bound }) => (operator === "gt" ? Math.floor(bound) + 1 : Math.ceil(bound)));
  return {
    holds: (value) => given.every(({ operator, bound }) => COMPARISONS[operator](value, bound)),
    least: lower ? Math.max(1, ...least) : null,
  };
}

function wrong(message: string, ...path: string[]): RuleError {
  return new RuleError(message, { path: ["correlation", ...path] });
}
