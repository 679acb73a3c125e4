import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Line, lineWidth, padLine, renderLines, span, truncateLine, wrapLine } from "./styled-text.ts";
import { createTheme } from "./theme.ts";

const theme = createTheme(false);
const textOf = (line: Line) => line.map((piece) => piece.text).join("");
const words = fc.string({ unit: fc.constantFrom("a", "b", " ", "漢", "é", "👩‍💻", "~"), maxLength: 80 });

describe("lines of styled text", () => {
  it("measures wide, combining and joined characters as a terminal does", () => {
    expect(lineWidth([span("漢字")])).toBe(4);
    expect(lineWidth([span("e\u0301")])).toBe(1);
  });

  it("cuts to the width with an ellipsis, and never a character in half", () => {
    expect(textOf(truncateLine([span("abc"), span("def", "strong")], 5))).toBe("abcd…");
    expect(textOf(truncateLine([span("漢字漢字")], 4))).toBe("漢…");
    expect(textOf(truncateLine([span("abc")], 3))).toBe("abc");
  });

  it("wraps at blanks with a hanging indent, and inside a long word", () => {
    const lines = wrapLine([span("one two three")], 8, 2).map(textOf);
    expect(lines).toEqual(["one two", "  three"]);
    expect(wrapLine([span("a abcdefghij")], 8).map(textOf)).toEqual(["a abcdef", "ghij"]);
  });

  it("stops at the last line allowed and says so", () => {
    const lines = wrapLine([span("aa bb cc dd ee ff")], 6, 0, 2).map(textOf);
    expect(lines).toEqual(["aa bb", "cc dd…"]);
  });

  it("loses nothing but blanks when it wraps, and never exceeds the width", () => {
    fc.assert(
      fc.property(words, fc.integer({ min: 8, max: 40 }), (text, width) => {
        const lines = wrapLine([span(text)], width, 2, 500);
        expect(lines.map(textOf).join("").replaceAll(" ", "")).toBe(textOf([span(text)]).replaceAll(" ", ""));
        for (const line of lines) expect(lineWidth(line)).toBeLessThanOrEqual(width);
      }),
    );
  });

  it("pads to exactly the width, whatever stands there", () => {
    fc.assert(
      fc.property(words, fc.integer({ min: 2, max: 40 }), (text, width) => {
        expect(lineWidth(padLine([span(text)], width))).toBe(width);
      }),
    );
  });

  it("makes text safe even in a span that was not made by span()", () => {
    expect(renderLines([[{ text: "a\u001b[2J\nb", style: null }]], theme)).toBe("a\\x1b[2J\\nb\n");
  });
});
