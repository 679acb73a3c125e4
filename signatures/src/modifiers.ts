import { compileCidr } from "./cidr.ts";
import { base64Offsets, encodeText, isTextEncoding, windashForms } from "./encodings.ts";
import { anyOf, type Expression, type TextTest } from "./expression.ts";
import { ANY, compilePattern, ONE, type PatternPart, parsePattern } from "./pattern.ts";
import { expandPlaceholders, type Placeholders } from "./placeholders.ts";
import { compileRegex } from "./regex.ts";
import { RuleError } from "./rule-error.ts";

export type RuleScalar = string | number | boolean | null;

const PLACES = ["contains", "startswith", "endswith"] as const;
const REGEX_FLAGS = ["i", "m", "s"] as const;
const NUMERIC = ["lt", "lte", "gt", "gte"] as const;
/** Each says by itself how a value is compared. */
const COMPARED_BY = ["re", "cidr", "exists", "fieldref", ...NUMERIC] as const;
const ENCODED_BY = ["windash", "base64", "base64offset", "utf16", "utf16le", "utf16be", "wide"] as const;
const KNOWN: ReadonlySet<string> = new Set([
  ...PLACES,
  ...REGEX_FLAGS,
  ...COMPARED_BY,
  ...ENCODED_BY,
  "all",
  "cased",
  "neq",
  "expand",
]);
/** In the specification, but without use for recorded behaviour: the rule loads and doesn't apply. */
const UNSUPPORTED = new Set(["minute", "hour", "day", "week", "month", "year"]);

const NO_PLACEHOLDERS: Placeholders = new Map();

/**
 * Turns `Field|modifier|modifier: values` into an expression. `field` is empty for keyword searches; `placeholders` are
 * what `expand` puts in.
 */
export function compileField(
  key: string,
  values: readonly RuleScalar[],
  placeholders: Placeholders = NO_PLACEHOLDERS,
): Expression {
  const [field = "", ...names] = key.split("|");
  const modifiers = new Set(names);
  checkModifiers(names, modifiers);
  if (values.length === 0) throw new RuleError(`"${key}" has no value`);
  if (field === "" && (modifiers.has("exists") || modifiers.has("fieldref"))) {
    throw new RuleError("exists and fieldref need a field");
  }
  if (modifiers.has("exists")) return compileExists(field, values);
  if (modifiers.has("fieldref")) return compileReference(field, values, modifiers);
  const expanded = modifiers.has("expand")
    ? values.map((value) => (typeof value === "string" ? expandPlaceholders(value, placeholders) : [value]))
    : values.map((value) => [value]);
  const expression = compileValues(field, expanded, modifiers);
  return modifiers.has("neq") ? { kind: "not", part: expression } : expression;
}

function checkModifiers(names: readonly string[], modifiers: ReadonlySet<string>): void {
  for (const name of names) {
    if (UNSUPPORTED.has(name)) throw new RuleError(`modifier "${name}" is not supported`, { unsupported: true });
    if (!KNOWN.has(name)) throw new RuleError(`"${name}" is no modifier of Sigma`);
  }
  const given = (list: readonly string[]): string[] => list.filter((name) => modifiers.has(name));
  const refuse = (one: string, other: string | undefined): void => {
    if (other !== undefined) throw new RuleError(`modifiers "${one}" and "${other}" don't go together`);
  };
  const [compared, second] = given(COMPARED_BY);
  if (compared !== undefined) {
    refuse(compared, second);
    refuse(compared, given(ENCODED_BY)[0]);
    if (compared !== "fieldref") refuse(compared, given([...PLACES, "cased"])[0]);
    if (compared === "fieldref" || compared === "exists") refuse(compared, given(["expand"])[0]);
    if (compared === "exists") refuse(compared, given(["all", "neq"])[0]);
  }
  const [place, otherPlace] = given(PLACES);
  if (place !== undefined) refuse(place, otherPlace);
  const [flag] = given(REGEX_FLAGS);
  if (flag !== undefined && compared !== "re") throw new RuleError(`modifier "${flag}" belongs to "re"`);
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

/** Each value is a list of what its placeholders stand for. */
function compileValues(
  field: string,
  values: readonly (readonly RuleScalar[])[],
  modifiers: ReadonlySet<string>,
): Expression {
  const every = modifiers.has("all");
  // A value can have several forms (base64 offsets, dashes, placeholders): any form will do, even under `all`.
  const groups: TextTest[][] = [];
  let absent = false;
  for (const forms of values) {
    const group: TextTest[] = [];
    for (const value of forms) {
      if (value !== null) group.push(...compileValue(value, modifiers, field === ""));
      else if (field === "") throw new RuleError("a keyword can't be null");
      else absent = true;
    }
    if (group.length > 0) groups.push(group);
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
  if (forms === null) throw new RuleError(`"${value}" has more switches than windash may vary`);
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
