import { createHash } from "node:crypto";
import { canonicalJson } from "./canonical-json.ts";
import { withParts } from "./correlation/plan.ts";
import { ENGINE_VERSION } from "./engine-version.ts";
import type { Signature } from "./rule.ts";

/** Names a set of rules: equal hashes judge equal events alike. Independent of where the rules were loaded from. */
export function hashRuleSet(signatures: readonly Signature[]): string {
  const rules = withParts(signatures)
    .map(({ id, rule, techniques, tactics, filters, placeholders, correlation }) => {
      const references = correlation?.references.map(({ signature }) => signature.id);
      return { id, rule, techniques, tactics, filters, placeholders, references };
    })
    .toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  return `sha256:${createHash("sha256")
    .update(canonicalJson({ engine: ENGINE_VERSION, rules }))
    .digest("hex")}`;
}
