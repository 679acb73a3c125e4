import type { EventCategory } from "@airlock/contracts";
import { type AttackData, tacticsOf, techniquesOf } from "./attack.ts";
import type { SigmaCorrelation } from "./correlation/correlation-rule.ts";
import { compileDetection } from "./detection.ts";
import { allOf, type Expression, fieldsOf } from "./expression.ts";
import { compileField } from "./modifiers.ts";
import { type Placeholders, placeholdersIn } from "./placeholders.ts";
import type { SigmaFilter, SigmaRule, Signature } from "./rule.ts";
import { RuleError } from "./rule-error.ts";
import { type RulePlace, slugOf } from "./rule-files.ts";
import { readAuditKeys } from "./taxonomy/audit-keys.ts";
import { viewAudit } from "./taxonomy/audit-view.ts";
import { mapLogsource } from "./taxonomy/logsource.ts";

/** What rules are read with. */
export interface RuleContext {
  readonly attack: AttackData;
  readonly placeholders: Placeholders;
}

/** A filter and what it asks. */
export interface CompiledFilter {
  readonly document: SigmaFilter;
  readonly expression: Expression;
}

type Head = Pick<
  Signature,
  "id" | "uuid" | "title" | "level" | "description" | "techniques" | "tactics" | "source" | "file" | "rule"
>;

/** What every signature has, whatever it looks at. */
export function describeRule(place: RulePlace, rule: SigmaRule | SigmaCorrelation, attack: AttackData): Head {
  const techniques = techniquesOf(rule.tags, attack);
  return {
    id: slugOf(place),
    uuid: rule.id?.toLowerCase() ?? "",
    title: rule.title,
    level: rule.level ?? "medium",
    description: rule.description.trim(),
    techniques,
    tactics: tacticsOf(techniques, attack),
    source: place.source,
    file: place.file,
    rule,
  };
}

/** Makes a signature of a rule that looks at events. Throws RuleError. */
export function makeDetection(
  place: RulePlace,
  rule: SigmaRule,
  filters: readonly CompiledFilter[],
  { attack, placeholders }: RuleContext,
): Signature {
  return {
    ...describeRule(place, rule, attack),
    ...compileRule(rule, filters, placeholders),
    correlation: null,
    filters: filters.map(({ document }) => document),
    placeholders: usedPlaceholders(rule, filters, placeholders),
  };
}

type Compiled = Pick<Signature, "applies" | "reason" | "categories" | "expression" | "views">;

function compileRule(rule: SigmaRule, filters: readonly CompiledFilter[], placeholders: Placeholders): Compiled {
  const mapping = mapLogsource(rule.logsource);
  let expression: Expression;
  try {
    const own = compileDetection(rule.detection, placeholders);
    expression = filters.length === 0 ? own : allOf([own, ...filters.map((filter) => filter.expression)]);
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    if (error.unsupported) return doesNotApply(error.message);
    throw new RuleError(error.message, { path: ["detection", ...error.path] });
  }
  const retired = retiredReason(rule);
  if (retired !== null) return doesNotApply(retired);
  if (!mapping.applies) return doesNotApply(mapping.reason);
  if (mapping.form === "audit-records") {
    const { views, reason } = viewAudit(expression, readAuditKeys(rule.logsource.definition ?? ""));
    if (views === null) return doesNotApply(reason);
    return { applies: true, reason: null, categories: [...views.keys()], expression, views };
  }
  const fields = fieldsOf(expression);
  if (mapping.form === "log-lines" && fields[0] !== undefined) {
    return doesNotApply(`log lines have no field ${fields[0]}, only text for keywords`);
  }
  const { categories } = mapping;
  const meant = isAboutNetwork(categories, fields) ? allOf([expression, NOT_LOCAL]) : expression;
  return { applies: true, reason: null, categories, expression: meant, views: null };
}

/**
 * Sysmon, which Sigma's category is made after, tells of no unix sockets: a rule that doesn't ask for them doesn't mean
 * every look of the C library at its name cache.
 */
const NOT_LOCAL: Expression = { kind: "not", part: compileField("Protocol", ["unix"]) };

function isAboutNetwork(categories: readonly EventCategory[], fields: readonly string[]): boolean {
  return (
    categories.includes("network_connection") && !fields.some((field) => /^(?:Protocol|DestinationPath)$/.test(field))
  );
}

/** Why a rule is no longer in use, if it isn't. */
export function retiredReason({ status }: SigmaRule | SigmaCorrelation): string | null {
  return status === "deprecated" || status === "unsupported" ? `its status is ${status}` : null;
}

export function doesNotApply(reason: string): Compiled {
  return { applies: false, reason, categories: [], expression: null, views: null };
}

/** Values are part of what a rule says, so they are part of the hash of its set. */
function usedPlaceholders(
  { detection }: SigmaRule,
  filters: readonly CompiledFilter[],
  placeholders: Placeholders,
): Signature["placeholders"] {
  const text = JSON.stringify([detection, ...filters.map(({ document }) => document.filter)]);
  if (!text.includes("|expand")) return {};
  const used = placeholdersIn(text).flatMap((name) => {
    const values = placeholders.get(name);
    return values === undefined ? [] : [[name, values] as const];
  });
  return Object.fromEntries(used);
}
