import { describe, expect, it } from "vitest";
import { parseCondition } from "./condition.ts";
import type { Expression } from "./expression.ts";
import { compilePredicate } from "./predicate.ts";
import { RuleError } from "./rule-error.ts";
import { eventMaker } from "./testing/make-event.ts";

/** A search that is true when the command line holds its letter. */
function letter(name: string): Expression {
  return {
    kind: "field",
    field: "CommandLine",
    every: false,
    tests: [{ literal: null, matches: (text) => text.includes(name) }],
  };
}

const searches = new Map(
  [
    ["a", "a"],
    ["b", "b"],
    ["c", "c"],
    ["sel_1", "x"],
    ["sel_2", "y"],
    ["_hidden", "h"],
  ].map(([name = "", sign = ""]) => [name, letter(sign)]),
);

function holds(condition: string, commandLine: string): boolean {
  const event = eventMaker()("process_creation", { CommandLine: commandLine });
  return compilePredicate(parseCondition(condition, searches))({ event, process: undefined, file: undefined });
}

describe("a condition", () => {
  it.each([
    ["a", "a", true],
    ["a", "b", false],
    ["a and b", "ab", true],
    ["a and b", "a", false],
    ["a or b", "b", true],
    ["not a", "b", true],
    ["not a", "a", false],
    ["not not a", "a", true],
    ["not a and b", "b", true],
    ["not a and b", "ab", false],
    ["a or b and c", "a", true],
    ["a or b and c", "b", false],
    ["(a or b) and c", "a", false],
    ["(a or b) and c", "bc", true],
    ["((a))and(b)", "ab", true],
    ["a AND NOT b", "a", true],
    ["a or not (b or c)", "c", false],
    ["1 of sel_*", "y", true],
    ["1 of sel_*", "a", false],
    ["any of sel_*", "x", true],
    ["all of sel_*", "xy", true],
    ["all of sel_*", "x", false],
    ["not 1 of sel_*", "a", true],
    ["a and not 1 of sel_*", "ax", false],
    ["1 of *_1", "x", true],
    ["1 of them", "h", false],
    ["1 of them", "c", true],
    ["1 of _hid*", "h", true],
    ["all of them", "abcxy", true],
    ["all of them", "abcx", false],
  ])("%s on %s is %s", (condition, text, expected) => {
    expect(holds(condition, text)).toBe(expected);
  });

  it.each([
    "",
    "a b",
    "a and",
    "and a",
    "(a",
    "a)",
    "()",
    "nobody",
    "1 of nobody*",
    "1 of",
    "a | count() > 5",
    "not",
    `${"(".repeat(100)}a${")".repeat(100)}`,
    Array.from({ length: 2000 }, () => "a").join(" or "),
  ])("refuses %s", (condition) => {
    expect(() => parseCondition(condition, searches)).toThrow(RuleError);
  });
});
