import type { EventCategory } from "@airlock/contracts";
import { accessorOf } from "./accessor.ts";
import { type CorrelationPlan, planCorrelations, withParts } from "./correlation/plan.ts";
import type { Expression } from "./expression.ts";
import { type GateAtom, gateOf } from "./gate.ts";
import { buildLiteralIndex, type LiteralIndex } from "./literal-index.ts";
import { compilePredicate, type Predicate } from "./predicate.ts";
import type { Signature } from "./rule.ts";
import { hashRuleSet } from "./rule-set-hash.ts";
import type { Accessor } from "./subject.ts";

export interface CompiledRule {
  readonly signature: Signature;
  readonly matches: Predicate;
  /** Its matches are findings: it is no mere part of a correlation. */
  readonly fires: boolean;
  /** Some correlation counts its matches. */
  readonly counted: boolean;
}

/** Rules on one category, found by the texts that they need. */
export interface CategoryRules {
  readonly rules: readonly CompiledRule[];
  /** Numbers of rules that no literal announces. */
  readonly always: readonly number[];
  readonly fields: readonly { readonly read: Accessor; readonly index: LiteralIndex }[];
  /** Literals that may stand in any text of the event. */
  readonly keywords: LiteralIndex | null;
}

export interface RuleSet {
  readonly hash: string;
  readonly signatures: readonly Signature[];
  readonly categories: ReadonlyMap<EventCategory, CategoryRules>;
  readonly correlations: CorrelationPlan;
}

/** Makes signatures ready to judge with. Done once; the result holds nothing of any run but remembered values. */
export function compileRuleSet(signatures: readonly Signature[]): RuleSet {
  const byCategory = new Map<EventCategory, { rule: CompiledRule; gate: readonly GateAtom[] | null }[]>();
  const all = withParts(signatures);
  const correlations = planCorrelations(all);
  for (const signature of all) {
    const fires = !correlations.silent.has(signature.id);
    const counted = correlations.feeds.has(signature.id);
    for (const [expression, categories] of expressionsOf(signature)) {
      const rule = { signature, matches: compilePredicate(expression), fires, counted };
      const gate = gateOf(expression);
      for (const category of categories) {
        const list = byCategory.get(category) ?? [];
        list.push({ rule, gate });
        byCategory.set(category, list);
      }
    }
  }
  return {
    hash: hashRuleSet(signatures),
    signatures,
    categories: new Map([...byCategory].map(([category, list]) => [category, indexCategory(list)])),
    correlations,
  };
}

function expressionsOf({ expression, views, categories }: Signature): [Expression, readonly EventCategory[]][] {
  if (views !== null) return [...views].map(([category, view]) => [view, [category]]);
  return expression === null ? [] : [[expression, categories]];
}

function indexCategory(list: readonly { rule: CompiledRule; gate: readonly GateAtom[] | null }[]): CategoryRules {
  const always: number[] = [];
  const byField = new Map<string, { literal: GateAtom["literal"]; rule: number }[]>();
  for (const [rule, { gate }] of list.entries()) {
    if (gate === null) always.push(rule);
    for (const { field, literal } of gate ?? []) {
      const entries = byField.get(field) ?? [];
      entries.push({ literal, rule });
      byField.set(field, entries);
    }
  }
  const keywords = byField.get("");
  byField.delete("");
  return {
    rules: list.map(({ rule }) => rule),
    always,
    fields: [...byField].map(([field, entries]) => ({ read: accessorOf(field), index: buildLiteralIndex(entries) })),
    keywords: keywords === undefined ? null : buildLiteralIndex(keywords),
  };
}
