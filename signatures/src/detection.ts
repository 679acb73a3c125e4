import { parseCondition } from "./condition.ts";
import { allOf, anyOf, type Expression } from "./expression.ts";
import { compileField, type RuleScalar } from "./modifiers.ts";
import type { Placeholders } from "./placeholders.ts";
import { RuleError } from "./rule-error.ts";

const MAX_VALUES = 10_000;

/** Searches by name, and the condition that joins them. */
export interface Detection {
  readonly condition: string | readonly string[];
  readonly [search: string]: unknown;
}

/**
 * A detection as one expression. A map is all of its fields, a list of maps any of them, a list of texts
 * keywords; several conditions are alternatives. Throws RuleError with the path of what is wrong.
 */
export function compileDetection(detection: Detection, placeholders: Placeholders = new Map()): Expression {
  const { condition, ...searches } = detection;
  const compiled = new Map<string, Expression>();
  for (const [name, search] of Object.entries(searches)) {
    if (name === "timeframe") continue;
    compiled.set(
      name,
      within([name], () => compileSearch(search, placeholders)),
    );
  }
  if (compiled.size === 0) throw new RuleError("the detection has no search");
  const conditions = typeof condition === "string" ? [condition] : condition;
  return within(["condition"], () => anyOf(conditions.map((text) => parseCondition(text, compiled))));
}

function compileSearch(search: unknown, placeholders: Placeholders): Expression {
  if (Array.isArray(search)) return compileList(search, placeholders);
  if (isMap(search)) return compileMap(search, placeholders);
  if (isScalar(search) && search !== null) return compileField("", [search]);
  throw new RuleError("a search is a map, a list of maps, or a list of texts");
}

function compileList(list: readonly unknown[], placeholders: Placeholders): Expression {
  if (list.length === 0) throw new RuleError("the search is empty");
  const keywords = list.filter((entry): entry is RuleScalar => isScalar(entry));
  const maps = list.map((entry, index) => ({ entry, index })).filter(({ entry }) => !isScalar(entry));
  const parts = maps.map(({ entry, index }) => within([index], () => compileSearch(entry, placeholders)));
  if (keywords.length > 0) parts.push(compileField("", keywords));
  return anyOf(parts);
}

function compileMap(map: Record<string, unknown>, placeholders: Placeholders): Expression {
  const entries = Object.entries(map);
  if (entries.length === 0) throw new RuleError("the search is empty");
  return allOf(entries.map(([key, value]) => within([key], () => compileField(key, scalars(value), placeholders))));
}

function scalars(value: unknown): RuleScalar[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length > MAX_VALUES) throw new RuleError(`more than ${MAX_VALUES} values`);
  return list.map((entry, index) => {
    if (!isScalar(entry)) throw new RuleError("a value is a text, a number, true, false or null", { path: [index] });
    return entry;
  });
}

function isScalar(value: unknown): value is RuleScalar {
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Puts where we are in front of the path of a rule error. */
function within<T>(path: readonly (string | number)[], run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    throw new RuleError(error.message, { path: [...path, ...error.path], unsupported: error.unsupported });
  }
}
