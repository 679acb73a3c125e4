import { type EventCategory, SignatureLevel } from "@airlock/contracts";
import { z } from "zod";
import type { Expression } from "./expression.ts";

const text = z.string();

/** Where the rule's events come from; `category` is ours or Sigma's, see `taxonomy/logsource.ts`. */
const Logsource = z.looseObject({
  category: text.optional(),
  product: text.optional(),
  service: text.optional(),
  definition: text.optional(),
});
export type Logsource = z.infer<typeof Logsource>;

/** What Sigma has no key for. `row` is the behaviour's number in the catalogue, such as `EX-04`. */
const AirlockFields = z.strictObject({ row: z.string().regex(/^[A-Z][A-Z0-9]-\d{2}$/) });

/**
 * A detection rule of Sigma 2.1. Keys that the specification doesn't know are let through, since public rules carry
 * their authors' own; the linter refuses them in ours. Search identifiers are checked by `detection.ts`.
 */
export const SigmaRule = z.looseObject({
  title: text.min(1).max(256),
  id: z.guid().optional(),
  name: text.max(256).optional(),
  status: z.enum(["stable", "test", "experimental", "deprecated", "unsupported"]).optional(),
  description: text.max(65_535).default(""),
  references: z.array(text).default([]),
  author: text.optional(),
  date: text.optional(),
  modified: text.optional(),
  tags: z.array(text).default([]),
  logsource: Logsource,
  detection: z.looseObject({ condition: z.union([text, z.array(text).min(1)]) }),
  falsepositives: z.union([text, z.array(text)]).optional(),
  level: SignatureLevel.optional(),
  airlock: AirlockFields.optional(),
});
export type SigmaRule = z.infer<typeof SigmaRule>;

/** Keys that the specification and this project know, for the linter. */
export const KNOWN_RULE_KEYS: readonly string[] = [...Object.keys(SigmaRule.shape), "related", "license", "fields"];

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
  /** The parsed file, for the linter and for the hash of the rule set. */
  readonly rule: SigmaRule;
  readonly categories: readonly EventCategory[];
  /** The rule's condition with its search identifiers put in. Null when the rule doesn't apply. */
  readonly expression: Expression | null;
}

/** What is wrong with a rule and where in the file; becomes a fault once file and line are known. */
export class RuleError extends Error {
  readonly path: readonly (string | number)[];
  /** The rule is well-formed but asks for something this engine doesn't do: it loads and doesn't apply. */
  readonly unsupported: boolean;

  constructor(message: string, options: { path?: readonly (string | number)[]; unsupported?: boolean } = {}) {
    super(message);
    this.name = "RuleError";
    this.path = options.path ?? [];
    this.unsupported = options.unsupported ?? false;
  }
}
