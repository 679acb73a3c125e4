import type { EventCategory, SignatureLevel } from "@airlock/contracts";
import { z } from "zod";
import type { CorrelationTerms, SigmaCorrelation } from "./correlation/correlation-rule.ts";
import type { Expression } from "./expression.ts";
import { Logsource, RULE_HEAD } from "./rule-head.ts";

const text = z.string();

/**
 * A detection rule of Sigma 2.1. Keys that the specification doesn't know are let through, since public rules carry
 * their authors' own; the linter refuses them in ours. Search identifiers are checked by `detection.ts`.
 */
export const SigmaRule = z.looseObject({
  ...RULE_HEAD,
  logsource: Logsource,
  detection: z.looseObject({ condition: z.union([text, z.array(text).min(1)]) }),
});
export type SigmaRule = z.infer<typeof SigmaRule>;

/** Keys that the specification and this project know, for the linter. */
export const KNOWN_RULE_KEYS: readonly string[] = [
  ...Object.keys(SigmaRule.shape),
  "related",
  "license",
  "fields",
  "scope",
  "taxonomy",
  "correlation",
  "generate",
];

/** A filter of Sigma 2.1: one more condition for rules that it names. */
export const SigmaFilter = z.looseObject({
  title: text.min(1).max(256),
  id: z.guid().optional(),
  description: text.max(65_535).default(""),
  logsource: Logsource,
  filter: z.looseObject({ rules: z.union([text.min(1), z.array(text.min(1)).min(1)]), condition: text }),
});
export type SigmaFilter = z.infer<typeof SigmaFilter>;

/** A rule that a correlation counts matches of. */
export interface CorrelationReference {
  readonly signature: Signature;
  /** For an alias the name of the field in this rule's events. */
  readonly aliases: ReadonlyMap<string, string>;
}

/** A correlation with the rules it refers to. */
export interface Correlation extends CorrelationTerms {
  /** In the order in which the rule names them; those that don't apply are left out. */
  readonly references: readonly CorrelationReference[];
}

/** A rule that was read: what reports, lists and the compiler need to know of it. */
export interface Signature {
  /** Slug, never reused: the folder's name for ours, the file's name for others. */
  readonly id: string;
  /** Sigma's `id`; empty where a user's rule has none. */
  readonly uuid: string;
  readonly title: string;
  /** A rule without a level counts as `medium`. */
  readonly level: SignatureLevel;
  readonly description: string;
  /** ATT&CK ids in upper case, sorted. */
  readonly techniques: readonly string[];
  /** ATT&CK tactic ids derived from the techniques by the pinned data, sorted. */
  readonly tactics: readonly string[];
  readonly source: "shipped" | "user";
  /** File, relative to the folder it was loaded from. */
  readonly file: string;
  /** False when nothing that is recorded can be what the rule looks at; `reason` says why. */
  readonly applies: boolean;
  readonly reason: string | null;
  /** The parsed document, for the linter and for the hash of the rule set. */
  readonly rule: SigmaRule | SigmaCorrelation;
  /** What it looks at; of a correlation what its rules look at. Empty when it doesn't apply. */
  readonly categories: readonly EventCategory[];
  /** The rule's condition with its search identifiers put in. Null for a correlation, and when the rule doesn't apply. */
  readonly expression: Expression | null;
  /** For a rule on audit records: the condition as each category's events can meet it. */
  readonly views: ReadonlyMap<EventCategory, Expression> | null;
  /** What a correlation counts. Null for any other rule, and when it doesn't apply. */
  readonly correlation: Correlation | null;
  /** Other documents' filters that are part of the condition, and values that placeholders in it were given. */
  readonly filters: readonly SigmaFilter[];
  readonly placeholders: Readonly<Record<string, readonly string[]>>;
}
