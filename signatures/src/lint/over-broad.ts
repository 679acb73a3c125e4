import { gateOf } from "../gate.ts";
import type { Signature } from "../rule.ts";
import type { LintCheck } from "./lint-check.ts";

const SHORTEST = 3;

export const OVER_BROAD: LintCheck = {
  name: "over-broad",
  recommendation:
    "Let each way to fire need a literal of three characters or more; numbers, expressions and `not` come on top.",
  check: ({ signature, parts }) => [signature, ...parts].flatMap(broadness),
};

function broadness({ expression, correlation }: Signature): string[] {
  // With an upper bound alone the first event will do, as nobody knows what else comes.
  if (correlation?.bounds.holds(0) === true) return ["the correlation holds before anything happened"];
  if (expression === null) return [];
  const gate = gateOf(expression);
  if (gate === null) return ["no literal text is needed for it to fire, so every event of its category is tried"];
  return gate
    .filter(({ literal }) => literal.kind === "contains" && literal.text.length < SHORTEST)
    .map(({ field, literal }) => `"${literal.text}" anywhere in ${field || "any text"} is enough to try it`);
}
