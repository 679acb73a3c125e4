import * as fc from "fast-check";
import { expect, it } from "vitest";
import type { Literal } from "./expression.ts";
import { buildLiteralIndex } from "./literal-index.ts";

const word = fc.string({ unit: fc.constantFrom("a", "b", "c", "é"), minLength: 1, maxLength: 5 });
const literals = fc.array(
  fc.record({ kind: fc.constantFrom<Literal["kind"]>("equals", "starts", "ends", "contains"), text: word }),
  { minLength: 1, maxLength: 12 },
);
const texts = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "C", "É", "x"), maxLength: 20 }), { maxLength: 5 });

function holds({ kind, text }: Literal, value: string): boolean {
  const lowered = value.toLowerCase();
  if (kind === "equals") return lowered === text;
  if (kind === "starts") return lowered.startsWith(text);
  return kind === "ends" ? lowered.endsWith(text) : lowered.includes(text);
}

it("finds exactly the rules whose literal a text has, however often it is asked", () => {
  fc.assert(
    fc.property(literals, texts, (list, values) => {
      const index = buildLiteralIndex(list.map((literal, rule) => ({ literal, rule })));
      for (const value of [...values, ...values]) {
        const expected = list.flatMap((literal, rule) => (holds(literal, value) ? [rule] : []));
        expect(index.find(value)).toEqual(expected);
      }
    }),
    { numRuns: 1000 },
  );
});

it("finds in texts too long to be remembered", () => {
  const index = buildLiteralIndex([{ literal: { kind: "ends", text: "end" }, rule: 3 }]);
  expect(index.find(`${"x".repeat(100_000)}END`)).toEqual([3]);
  expect(index.find(`${"x".repeat(100_000)}END.`)).toEqual([]);
});
