import type { EventCategory } from "@airlock/contracts";
import { fieldsOf } from "../expression.ts";
import { FACTS } from "../facts/index.ts";
import type { Correlation, Signature } from "../rule.ts";
import { CONTEXT_FIELDS, ownFields } from "../taxonomy/fields.ts";
import type { LintCheck } from "./lint-check.ts";

export const KNOWN_FIELDS: LintCheck = {
  name: "known-fields",
  recommendation:
    "Use fields of the category (contracts/src/behaviour-event.ts), context fields, or those of the fact.",
  check: ({ signature, parts }) => [signature, ...parts].flatMap(unknownFields),
};

function unknownFields({ expression, categories, rule, applies, reason, correlation }: Signature): string[] {
  if (!applies) return [`the rule doesn't apply: ${reason ?? "no reason given"}`];
  if (correlation !== null) return unknownGroups(correlation);
  if (expression === null) return [];
  const known = new Set(categories.flatMap((category) => fieldsIn(category, JSON.stringify(rule["detection"]))));
  return fieldsOf(expression)
    .filter((field) => !known.has(field))
    .map((field) => `no event of ${categories.join(", ")} has a field ${field}`);
}

/** Fields that a correlation groups by or counts, by what its rules' events call them. */
function unknownGroups({ groupBy, fields, references }: Correlation): string[] {
  return references.flatMap(({ signature, aliases }) => {
    const inner = signature.correlation?.groupBy ?? [];
    const detection = JSON.stringify(signature.rule["detection"] ?? {});
    const known = new Set([...inner, ...signature.categories.flatMap((category) => fieldsIn(category, detection))]);
    return [...groupBy, ...fields]
      .map((field) => aliases.get(field) ?? field)
      .filter((field) => !known.has(field))
      .map((field) => `no event of ${signature.id} has a field ${field}`);
  });
}

/** Of derived events only the fields of facts that the detection names. */
function fieldsIn(category: EventCategory, detection: string): string[] {
  const facts = category === "derived" ? FACTS.filter(({ name }) => detection.includes(`"${name}"`)) : [];
  return [...ownFields(category), ...CONTEXT_FIELDS, ...facts.flatMap(({ fields }) => Object.keys(fields))];
}
