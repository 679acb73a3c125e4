import type { Expression } from "../expression.ts";
import type { LintCheck } from "./lint-check.ts";

/** Texts with nothing in common but that both are texts. */
const UNLIKELY = ["", "\ue000", "q7\u00a0\ue001 ~ zz"];

export const ALWAYS_TRUE: LintCheck = {
  name: "always-true",
  recommendation: "A value that every text has says nothing; use `exists` to ask whether a field is there.",
  check: ({ signature, parts }) =>
    [signature, ...parts].flatMap(({ expression }) => (expression === null ? [] : idleFields(expression))),
};

function idleFields(expression: Expression): string[] {
  switch (expression.kind) {
    case "all":
    case "any":
      return expression.parts.flatMap(idleFields);
    case "not":
      return idleFields(expression.part);
    case "field":
    case "keyword": {
      const idle = expression.tests.some((test) => UNLIKELY.every((text) => test.matches(text, text)));
      return idle
        ? [`a value of ${expression.kind === "field" ? expression.field : "a keyword"} is true of any text`]
        : [];
    }
    case "absent":
    case "reference":
      return [];
    default:
      return expression satisfies never;
  }
}
