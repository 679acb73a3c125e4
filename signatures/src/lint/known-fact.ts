import { type Expression, fieldsOf } from "../expression.ts";
import { FACTS } from "../facts/index.ts";
import type { Signature } from "../rule.ts";
import type { LintCheck } from "./lint-check.ts";

export const KNOWN_FACT: LintCheck = {
  name: "known-fact",
  recommendation: "A fact is a measurement: name one of facts/index.ts and say in the rule how much of it is too much.",
  check: ({ signature, parts }) => [signature, ...parts].flatMap(factProblems),
};

function factProblems({ expression, categories }: Signature): string[] {
  if (expression === null || !categories.includes("derived")) return [];
  const problems: string[] = [];
  if (!namesFact(expression)) problems.push("the rule names no fact of the closed list");
  if (fieldsOf(expression).every((field) => field === "Fact")) problems.push("the fact's name is the only condition");
  return problems;
}

function namesFact(expression: Expression): boolean {
  switch (expression.kind) {
    case "all":
    case "any":
      return expression.parts.some(namesFact);
    case "field":
      return (
        expression.field === "Fact" &&
        expression.tests.every((test) =>
          FACTS.some(({ name }) => test.literal?.kind === "equals" && test.matches(name, name)),
        )
      );
    case "not":
    case "keyword":
    case "absent":
    case "reference":
      return false;
    default:
      return expression satisfies never;
  }
}
