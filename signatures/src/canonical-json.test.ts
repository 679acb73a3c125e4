import * as fc from "fast-check";
import { expect, it } from "vitest";
import { canonicalJson } from "./canonical-json.ts";

it("sorts keys, leaves out what is undefined, and needs no blanks", () => {
  expect(canonicalJson({ b: [1, undefined, { d: 1, c: "é\n" }], a: null, u: undefined })).toBe(
    '{"a":null,"b":[1,null,{"c":"é\\n","d":1}]}',
  );
});

it("has one spelling for equal data, and says the same as JSON", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonicalJson(value);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(canonicalJson(JSON.parse(text))).toBe(text);
    }),
  );
});

it.each([Number.NaN, Number.POSITIVE_INFINITY, Symbol("x"), () => 1])("refuses %s", (value) => {
  expect(() => canonicalJson({ value })).toThrow(TypeError);
});
