import type { EventCategory } from "@airlock/contracts";
import { fieldsOf } from "../expression.ts";
import { FACTS } from "../facts/index.ts";
import { CONTEXT_FIELDS, ownFields } from "../taxonomy/fields.ts";
import type { LintCheck } from "./lint-check.ts";

export const KNOWN_FIELDS: LintCheck = {
  name: "known-fields",
  recommendation:
    "Use fields of the category (contracts/src/behaviour-event.ts), context fields, or those of the fact.",
  check: ({ signature: { expression, categories, rule, applies, reason } }) => {
    if (!applies || expression === null) return [`the rule doesn't apply: ${reason ?? "no reason given"}`];
    const known = new Set(categories.flatMap((category) => fieldsIn(category, JSON.stringify(rule.detection))));
    return fieldsOf(expression)
      .filter((field) => !known.has(field))
      .map((field) => `no event of ${categories.join(", ")} has a field ${field}`);
  },
};

/** Of derived events only the fields of facts that the detection names. */
function fieldsIn(category: EventCategory, detection: string): string[] {
  const facts = category === "derived" ? FACTS.filter(({ name }) => detection.includes(`"${name}"`)) : [];
  return [...ownFields(category), ...CONTEXT_FIELDS, ...facts.flatMap(({ fields }) => Object.keys(fields))];
}
