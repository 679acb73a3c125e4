import type { EventCategory } from "@airlock/contracts";
import { type GateAtom, gateOf } from "./gate.ts";
import { buildLiteralIndex, type LiteralIndex } from "./literal-index.ts";
import { hashRuleSet } from "./load.ts";
import { compilePredicate, type Predicate } from "./predicate.ts";
import type { Signature } from "./rule.ts";
import { type Accessor, accessorOf } from "./subject.ts";

export interface CompiledRule {
  readonly signature: Signature;
  readonly matches: Predicate;
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
}

/** Makes signatures ready to judge with. Done once; the result holds nothing of any run but remembered values. */
export function compileRuleSet(signatures: readonly Signature[]): RuleSet {
  const byCategory = new Map<EventCategory, { rule: CompiledRule; gate: readonly GateAtom[] | null }[]>();
  for (const signature of signatures) {
    if (signature.expression === null) continue;
    const rule = { signature, matches: compilePredicate(signature.expression) };
    const gate = gateOf(signature.expression);
    for (const category of signature.categories) {
      const list = byCategory.get(category) ?? [];
      list.push({ rule, gate });
      byCategory.set(category, list);
    }
  }
  return {
    hash: hashRuleSet(signatures),
    signatures,
    categories: new Map([...byCategory].map(([category, list]) => [category, indexCategory(list)])),
  };
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
