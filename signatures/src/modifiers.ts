import { compileCidr } from "./cidr.ts";
import { base64Offsets, encodeText, isTextEncoding, windashForms } from "./encodings.ts";
import { anyOf, type Expression, type TextTest } from "./expression.ts";
import { ANY, compilePattern, ONE, type PatternPart, parsePattern } from "./pattern.ts";
import { compileRegex } from "./regex.ts";
import { RuleError } from "./rule.ts";

export type RuleScalar = string | number | boolean | null;

const KNOWN = new Set(
  (
    "contains startswith endswith all re i m s cidr exists cased neq fieldref lt lte gt gte windash " +
    "base64 base64offset utf16 utf16le utf16be wide"
  ).split(" "),
);
/** In the specification, but without use for recorded behaviour: the rule loads and doesn't apply. */
const UNSUPPORTED = new Set(["expand", "minute", "hour", "day", "week", "month", "year"]);

/** Turns `Field|modifier|modifier: values` into an expression. `field` is empty for keyword searches. */
export function compileField(key: string, values: readonly RuleScalar[]): Expression {
  const [field = "", ...names] = key.split("|");
  const modifiers = new Set(names);
  for (const name of names) {
    if (UNSUPPORTED.has(name)) throw new RuleError(`modifier "${name}" is not supported`, { unsupported: true });
    if (!KNOWN.has(name)) throw new RuleError(`"${name}" is no modifier of Sigma`);
  }
  if (values.length === 0) throw new RuleError(`"${key}" has no value`);
  if (modifiers.has("exists")) return compileExists(field, values);
  if (modifiers.has("fieldref")) return compileReference(field, values, modifiers);
  const expression = compileValues(field, values, modifiers);
  return modifiers.has("neq") ? { kind: "not", part: expression } : expression;
}

function compileExists(field: string, values: readonly RuleScalar[]): Expression {
  const wanted = String(values[0]).toLowerCase();
  if (values.length !== 1 || !/^(?:true|false|yes|no)$/.test(wanted)) {
    throw new RuleError("exists takes one value, true or false");
  }
  const absent: Expression = { kind: "absent", field };
  return wanted === "true" || wanted === "yes" ? { kind: "not", part: absent } : absent;
}

function compileReference(field: string, values: readonly RuleScalar[], modifiers: ReadonlySet<string>): Expression {
  const compare = (value: string, other: string): boolean => {
    if (modifiers.has("contains")) return value.includes(other);
    if (modifiers.has("startswith")) return value.startsWith(other);
    if (modifiers.has("endswith")) return value.endsWith(other);
    return value === other;
  };
  const cased = modifiers.has("cased");
  const parts = values.map((other): Expression => {
    if (typeof other !== "string" || other === "") throw new RuleError("fieldref takes names of fields");
    return {
      kind: "reference",
      field,
      other,
      compare: cased ? compare : (a, b) => compare(a.toLowerCase(), b.toLowerCase()),
    };
  });
  const joined: Expression = modifiers.has("all") ? { kind: "all", parts } : anyOf(parts);
  return modifiers.has("neq") ? { kind: "not", part: joined } : joined;
}

function compileValues(field: string, values: readonly RuleScalar[], modifiers: ReadonlySet<string>): Expression {
  const every = modifiers.has("all");
  // A value can have several forms (base64 offsets, dashes): any form will do, even under `all`.
  const groups: TextTest[][] = [];
  let absent = false;
  for (const value of values) {
    if (value === null) {
      if (field === "") throw new RuleError("a keyword can't be null");
      absent = true;
    } else groups.push(compileValue(value, modifiers, field === ""));
  }
  const node = (tests: readonly TextTest[], all: boolean): Expression =>
    field === "" ? { kind: "keyword", tests, every: all } : { kind: "field", field, tests, every: all };
  const parts: Expression[] = [];
  if (groups.length > 0) {
    if (every && groups.some((group) => group.length > 1)) {
      parts.push({ kind: "all", parts: groups.map((group) => node(group, false)) });
    } else parts.push(node(groups.flat(), every));
  }
  if (absent) parts.push({ kind: "absent", field });
  return every && parts.length > 1 ? { kind: "all", parts } : anyOf(parts);
}

function compileValue(value: string | number | boolean, modifiers: ReadonlySet<string>, keyword: boolean): TextTest[] {
  if (modifiers.has("re")) return [{ matches: compileRegex(String(value), modifiers), literal: null }];
  if (modifiers.has("cidr")) return [compileNetwork(String(value))];
  const comparison = compileComparison(value, modifiers);
  if (comparison !== null) return [comparison];
  const cased = modifiers.has("cased") || modifiers.has("base64") || modifiers.has("base64offset");
  return valueForms(value, modifiers).map((parts) => compilePattern(anchor(parts, modifiers, keyword), cased));
}

function compileNetwork(network: string): TextTest {
  const inside = compileCidr(network);
  if (inside === null) throw new RuleError(`"${network}" is no network such as 10.0.0.0/8`);
  return { matches: (text) => inside(text), literal: null };
}

function compileComparison(value: string | number | boolean, modifiers: ReadonlySet<string>): TextTest | null {
  const compare = COMPARISONS.find(([name]) => modifiers.has(name))?.[1];
  if (compare === undefined) return null;
  const bound = typeof value === "boolean" || value === "" ? Number.NaN : Number(value);
  if (Number.isNaN(bound)) throw new RuleError(`"${value}" is no number`);
  return { matches: (text) => text !== "" && compare(Number(text), bound), literal: null };
}

const COMPARISONS: readonly (readonly [string, (value: number, bound: number) => boolean])[] = [
  ["lt", (value, bound) => value < bound],
  ["lte", (value, bound) => value <= bound],
  ["gt", (value, bound) => value > bound],
  ["gte", (value, bound) => value >= bound],
];

/** The patterns that one value stands for once encodings are applied. */
function valueForms(value: string | number | boolean, modifiers: ReadonlySet<string>): PatternPart[][] {
  const forms = modifiers.has("windash") ? windashForms(String(value)) : [String(value)];
  const encoding = [...modifiers].find(isTextEncoding);
  if (encoding === undefined && !modifiers.has("base64") && !modifiers.has("base64offset")) {
    return forms.map(parsePattern);
  }
  return forms.flatMap((form) => {
    const parts = parsePattern(form);
    if (parts.some((part) => part === ANY || part === ONE))
      throw new RuleError("an encoded value can't hold wildcards");
    const bytes = encodeText(parts.join(""), encoding);
    if (modifiers.has("base64offset")) return base64Offsets(bytes).map((text) => [text]);
    if (modifiers.has("base64")) return [[bytes.toString("base64")]];
    // Recorded text shows bytes one character each where they are not UTF-8.
    return [[bytes.toString("latin1")]];
  });
}

/** Keywords are found anywhere in a text; a field's value is the whole field unless a modifier says otherwise. */
function anchor(parts: PatternPart[], modifiers: ReadonlySet<string>, keyword: boolean): PatternPart[] {
  const openStart = keyword || modifiers.has("contains") || modifiers.has("endswith");
  const openEnd = keyword || modifiers.has("contains") || modifiers.has("startswith");
  const anchored = [...parts];
  if (openStart && anchored[0] !== ANY) anchored.unshift(ANY);
  if (openEnd && anchored.at(-1) !== ANY) anchored.push(ANY);
  return anchored;
}
