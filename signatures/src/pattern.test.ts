import * as fc from "fast-check";
import { expect, it } from "vitest";
import { compilePattern, parsePattern } from "./pattern.ts";

/** Small alphabets make wildcards, escapes and near matches likely. */
const patternText = fc.string({ unit: fc.constantFrom("a", "b", "*", "?", "\\"), maxLength: 10 });
const text = fc.string({ unit: fc.constantFrom("a", "b", "A", "*", "?", "\\"), maxLength: 12 });

/** The specification once more, by JavaScript's own engine: fine for short texts. */
function reference(pattern: string): RegExp {
  const source = pattern.replace(/\\[*?\\]|[\s\S]/g, (sign) => {
    if (sign === "*") return "[\\s\\S]*";
    if (sign === "?") return "[\\s\\S]";
    const literal = sign.length === 2 ? sign.slice(1) : sign;
    return literal.replace(/[\\*?]/, "\\$&");
  });
  return new RegExp(`^${source}$`, "i");
}

it("matches what the specification says", () => {
  fc.assert(
    fc.property(patternText, text, (pattern, value) => {
      const { matches } = compilePattern(parsePattern(pattern), false);
      expect(matches(value, value.toLowerCase())).toBe(reference(pattern).test(value));
    }),
    { numRuns: 3000 },
  );
});

it("names a literal that every match has", () => {
  fc.assert(
    fc.property(patternText, text, (pattern, value) => {
      const { matches, literal } = compilePattern(parsePattern(pattern), false);
      const lowered = value.toLowerCase();
      fc.pre(literal !== null && matches(value, lowered));
      const holds = {
        equals: () => lowered === literal?.text,
        starts: () => lowered.startsWith(literal?.text ?? ""),
        ends: () => lowered.endsWith(literal?.text ?? ""),
        contains: () => lowered.includes(literal?.text ?? ""),
      };
      expect(holds[literal?.kind ?? "equals"]()).toBe(true);
    }),
    { numRuns: 500 },
  );
});
