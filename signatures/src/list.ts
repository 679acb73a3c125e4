import type { SignatureLevel } from "@airlock/contracts";
import type { Signature } from "./rule.ts";

/** A line of `airlock signatures list --format json`. */
export interface ListedSignature {
  readonly id: string;
  readonly uuid: string;
  readonly title: string;
  readonly level: SignatureLevel;
  readonly source: "shipped" | "user";
  /** What it looks at; empty when it doesn't apply. */
  readonly category: readonly string[];
  readonly techniques: readonly string[];
  readonly applies: boolean;
  readonly reason: string | null;
}

export function listSignatures(signatures: readonly Signature[]): ListedSignature[] {
  return signatures.map(({ id, uuid, title, level, source, categories, techniques, applies, reason }) => ({
    id,
    uuid,
    title,
    level,
    source,
    category: categories,
    techniques,
    applies,
    reason,
  }));
}
