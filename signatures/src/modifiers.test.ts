import { describe, expect, it } from "vitest";
import { fieldsOf } from "./expression.ts";
import { compileField, type RuleScalar } from "./modifiers.ts";
import { compilePredicate } from "./predicate.ts";
import { RuleError } from "./rule-error.ts";
import { eventMaker } from "./testing/make-event.ts";

type Fields = Record<string, string | number | boolean | string[]>;

/** Any field name will do on a derived event. */
function holds(key: string, values: RuleScalar | readonly RuleScalar[], fields: Fields): boolean {
  const event = eventMaker()("derived", { Fact: "x", Sources: [], ...fields });
  const list = Array.isArray(values) ? values : [values];
  return compilePredicate(compileField(key, list as RuleScalar[]))({ event, process: undefined, file: undefined });
}

const B64 = Buffer.from("xx curl http://x").toString("base64");
const WIDE_B64 = Buffer.from("IEX whoami", "utf16le").toString("base64");

describe("a field's values", () => {
  it.each<[string, RuleScalar | RuleScalar[], Fields, boolean]>([
    // Whole value, without regard to case.
    ["F", "abc", { F: "abc" }, true],
    ["F", "ABC", { F: "aBc" }, true],
    ["F", "abc", { F: "abcd" }, false],
    ["F", "abc", {}, false],
    ["F", ["x", "abc"], { F: "abc" }, true],
    ["F|all", ["abc", "a*"], { F: "abc" }, true],
    ["F|all", ["abc", "b*"], { F: "abc" }, false],
    // Wildcards.
    ["F", "a*c", { F: "abbbc" }, true],
    ["F", "a*c", { F: "ac" }, true],
    ["F", "a*c", { F: "acb" }, false],
    ["F", "*b*", { F: "abc" }, true],
    ["F", "a?c", { F: "abc" }, true],
    ["F", "a?c", { F: "ac" }, false],
    ["F", "??", { F: "ab" }, true],
    ["F", "??", { F: "abc" }, false],
    ["F", "*", { F: "" }, true],
    ["F", "*", {}, false],
    ["F", "a*b*c", { F: "a-b-b-c" }, true],
    ["F", "*ab?d*", { F: "xxabab-dyy" }, true],
    ["F", "a*a", { F: "a" }, false],
    ["F", "?*", { F: "" }, false],
    // Escapes.
    ["F", "a\\*c", { F: "a*c" }, true],
    ["F", "a\\*c", { F: "abc" }, false],
    ["F", "a\\?c", { F: "a?c" }, true],
    ["F", "a\\\\c", { F: "a\\c" }, true],
    ["F", "a\\c", { F: "a\\c" }, true],
    ["F", "a\\\\*", { F: "a\\bc" }, true],
    ["F", "a\\\\\\*", { F: "a\\*" }, true],
    ["F", "end\\", { F: "end\\" }, true],
    // Empty and absent.
    ["F", "", { F: "" }, true],
    ["F", "", { F: "x" }, false],
    ["F", "", {}, false],
    ["F", null, {}, true],
    ["F", null, { F: "" }, false],
    ["F", [null, "x"], {}, true],
    ["F", [null, "x"], { F: "x" }, true],
    ["F|exists", true, { F: "" }, true],
    ["F|exists", true, {}, false],
    ["F|exists", false, {}, true],
    ["F|exists", "yes", { F: "x" }, true],
    // Numbers, booleans, lists.
    ["F", 443, { F: 443 }, true],
    ["F", "443", { F: 443 }, true],
    ["F", 443, { F: "443" }, true],
    ["F", 44, { F: 443 }, false],
    ["F", true, { F: true }, true],
    ["F", "true", { F: true }, true],
    ["F", "false", { F: true }, false],
    ["F", "b", { F: ["a", "b"] }, true],
    ["F", "c", { F: ["a", "b"] }, false],
    ["F|all", ["a", "b"], { F: ["a", "b"] }, true],
    ["F|all", ["a", "c"], { F: ["a", "b"] }, false],
    ["F|endswith", "/dpkg", { F: ["/bin/sh", "/usr/bin/dpkg"] }, true],
    ["F", "b", { F: [] }, false],
    // Places.
    ["F|contains", "B", { F: "abc" }, true],
    ["F|contains", "x", { F: "abc" }, false],
    ["F|contains", "", { F: "abc" }, true],
    ["F|contains", "a*c", { F: "xabcx" }, true],
    ["F|contains|all", ["a", "c"], { F: "abc" }, true],
    ["F|contains|all", ["a", "z"], { F: "abc" }, false],
    ["F|startswith", "ab", { F: "abc" }, true],
    ["F|startswith", "b", { F: "abc" }, false],
    ["F|endswith", "bc", { F: "abc" }, true],
    ["F|endswith", "b", { F: "abc" }, false],
    ["F|cased", "abc", { F: "Abc" }, false],
    ["F|contains|cased", "Ab", { F: "xAbc" }, true],
    ["F|neq", "abc", { F: "abc" }, false],
    ["F|neq", "abc", { F: "x" }, true],
    ["F|neq", ["a", "b"], { F: "b" }, false],
    ["F|neq", "abc", {}, true],
    // Regular expressions: anywhere, with case.
    ["F|re", "b.d", { F: "abcd" }, true],
    ["F|re", "^b", { F: "abcd" }, false],
    ["F|re", "B", { F: "abc" }, false],
    ["F|re|i", "B", { F: "abc" }, true],
    ["F|re", "^b$", { F: "a\nb\nc" }, false],
    ["F|re|m", "^b$", { F: "a\nb\nc" }, true],
    ["F|re", "a.b", { F: "a\nb" }, false],
    ["F|re|s", "a.b", { F: "a\nb" }, true],
    ["F|re", ["x", "c$"], { F: "abc" }, true],
    ["F|re", "(?i)B", { F: "abc" }, true],
    // Networks.
    ["F|cidr", "10.0.0.0/8", { F: "10.1.2.3" }, true],
    ["F|cidr", "10.0.0.0/8", { F: "11.1.2.3" }, false],
    ["F|cidr", ["192.168.0.0/16", "fe80::/10"], { F: "fe80::1" }, true],
    ["F|cidr", "10.0.0.0/8", { F: "no address" }, false],
    ["F|cidr", "::/0", { F: "2001:db8::1" }, true],
    // Comparisons.
    ["F|gt", 5, { F: 6 }, true],
    ["F|gt", 5, { F: 5 }, false],
    ["F|gte", 5, { F: 5 }, true],
    ["F|lt", 5, { F: "4.5" }, true],
    ["F|lte", "5", { F: 5 }, true],
    ["F|gt", 5, { F: "ten" }, false],
    ["F|gt", -1, { F: "" }, false],
    ["F|lt", 5, {}, false],
    // Encodings.
    ["F|base64", "curl", { F: "Y3VybA==" }, true],
    ["F|base64", "curl", { F: "y3vybA==" }, false],
    ["F|base64offset|contains", "curl http://x", { F: `echo ${B64}` }, true],
    ["F|base64offset|contains", "wget http://x", { F: `echo ${B64}` }, false],
    ["F|wide|base64offset|contains", "whoami", { F: WIDE_B64 }, true],
    ["F|utf16le|base64", "IEX whoami", { F: WIDE_B64 }, true],
    ["F|utf16be|base64", "A", { F: "AEE=" }, true],
    ["F|utf16|base64", "A", { F: "//5BAA==" }, true],
    ["F|wide|contains", "ab", { F: "xa\u0000b\u0000" }, true],
    ["F|windash|contains", " -f ", { F: "cmd /f x" }, true],
    ["F|windash|contains", " -f ", { F: "cmd \u2013f x" }, true],
    ["F|windash|contains", " -f ", { F: "cmd f x" }, false],
    ["F|windash|contains|all", [" -a ", " -b "], { F: "x /a -b y" }, true],
    ["F|windash|contains|all", [" -a ", " -b "], { F: "x /a y" }, false],
    // Fields beside each other.
    ["F|fieldref", "G", { F: "a", G: "A" }, true],
    ["F|fieldref", "G", { F: "a", G: "b" }, false],
    ["F|fieldref", "G", { F: "a" }, false],
    ["F|fieldref|endswith", "G", { F: "/tmp/a", G: "/a" }, true],
    ["F|fieldref|neq", "G", { F: "a", G: "b" }, true],
    // Names that JavaScript's objects have.
    ["constructor", "*", {}, false],
    ["toString|exists", true, {}, false],
  ])("%s: %j on %j is %s", (key, values, fields, expected) => {
    expect(holds(key, values, fields)).toBe(expected);
  });

  it.each<[string, RuleScalar[]]>([
    ["F|nonsense", ["x"]],
    ["F|re", ["("]],
    ["F|cidr", ["10.0.0.0"]],
    ["F|cidr", ["10.0.0.0/33"]],
    ["F|cidr", ["host/8"]],
    ["F|gt", ["many"]],
    ["F|gt", [true]],
    ["F|exists", ["maybe"]],
    ["F|exists", [true, false]],
    ["F|base64", ["a*"]],
    ["F|fieldref", [1]],
    ["F", []],
    ["", [null]],
  ])("refuses %s: %j", (key, values) => {
    expect(() => compileField(key, values)).toThrow(RuleError);
  });

  it.each([
    ["F|re", "(?=x)y"],
    ["F|re", "(?<!x)y"],
    ["F|re", "(a)\\1"],
    ["F|expand", "%admins%"],
    ["F|hour", "3"],
  ])("says that %s: %s is beyond it", (key, value) => {
    expect(() => compileField(key, [value])).toThrow(expect.objectContaining({ unsupported: true }));
  });

  it("names the fields that it reads", () => {
    expect(fieldsOf(compileField("F|fieldref", ["G"]))).toEqual(["F", "G"]);
  });

  it("stays quick where a backtracking engine would not", () => {
    const text = `${"a".repeat(20_000)}!`;
    expect(holds("F|re", "^(a+)+$", { F: text })).toBe(false);
    expect(holds("F", `${"*a".repeat(200)}*b`, { F: text })).toBe(false);
  });
});
