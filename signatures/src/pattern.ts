import type { Literal, TextTest } from "./expression.ts";

/** `*` and `?` of a Sigma value. Texts between them are literal. */
export const ANY = Symbol("any text");
export const ONE = Symbol("one character");
export type PatternPart = string | typeof ANY | typeof ONE;

/**
 * Reads a Sigma value: `*` and `?` are wildcards unless a backslash stands before them; a backslash before a
 * backslash is one backslash; before anything else it is itself.
 */
export function parsePattern(value: string): PatternPart[] {
  const parts: PatternPart[] = [];
  let literal = "";
  const flush = (): void => {
    if (literal !== "") parts.push(literal);
    literal = "";
  };
  for (let i = 0; i < value.length; i++) {
    const character = value.charAt(i);
    const next = value.charAt(i + 1);
    if (character === "\\" && (next === "*" || next === "?" || next === "\\")) {
      literal += next;
      i++;
    } else if (character === "*" || character === "?") {
      flush();
      if (character === "?") parts.push(ONE);
      else if (parts.at(-1) !== ANY) parts.push(ANY);
    } else {
      literal += character;
    }
  }
  flush();
  return parts;
}

/** A test for the pattern, in the cheapest form it allows. Runs in at most text length times pattern length. */
export function compilePattern(parts: readonly PatternPart[], cased: boolean): TextTest {
  const wanted = parts.map((part) => (typeof part === "string" && !cased ? part.toLowerCase() : part));
  const test = plainTest(wanted) ?? wildcardTest(wanted);
  return {
    literal: bestLiteral(wanted),
    matches: cased ? (text) => test(text) : (_text, lowered) => test(lowered),
  };
}

type Test = (text: string) => boolean;

function plainTest(parts: readonly PatternPart[]): Test | null {
  const [first, second, third] = parts;
  if (parts.length === 0) return (text) => text === "";
  if (parts.length === 1) {
    if (typeof first === "string") return (text) => text === first;
    return first === ANY ? () => true : null;
  }
  if (parts.length === 2 && typeof first === "string" && second === ANY) return (text) => text.startsWith(first);
  if (parts.length === 2 && first === ANY && typeof second === "string") return (text) => text.endsWith(second);
  if (parts.length === 3 && first === ANY && typeof second === "string" && third === ANY) {
    return (text) => text.includes(second);
  }
  return null;
}

/** Between two `*` the leftmost place is always the best one, so no backtracking: a hostile text can't make it slow. */
function wildcardTest(parts: readonly PatternPart[]): Test {
  const runs = splitAtAny(parts);
  const anchoredStart = parts[0] !== ANY;
  const anchoredEnd = parts.at(-1) !== ANY;
  return (text) => {
    let from = 0;
    for (const [index, run] of runs.entries()) {
      const isFirst = index === 0 && anchoredStart;
      const isLast = index === runs.length - 1 && anchoredEnd;
      if (isFirst && isLast) return text.length === run.length && run.matchesAt(text, 0);
      const at = isLast ? text.length - run.length : isFirst ? 0 : run.find(text, from);
      if (at < from || !run.matchesAt(text, at)) return false;
      from = at + run.length;
    }
    return true;
  };
}

/** Literals and `?` in a row, without `*`. */
interface Run {
  readonly length: number;
  readonly matchesAt: (text: string, at: number) => boolean;
  /** Leftmost place at or after `from`, or -1. */
  readonly find: (text: string, from: number) => number;
}

function splitAtAny(parts: readonly PatternPart[]): Run[] {
  const runs: (string | typeof ONE)[][] = [];
  let current: (string | typeof ONE)[] = [];
  for (const part of parts) {
    if (part !== ANY) current.push(part);
    else if (current.length > 0) {
      runs.push(current);
      current = [];
    }
  }
  if (current.length > 0) runs.push(current);
  return runs.map(makeRun);
}

function makeRun(parts: readonly (string | typeof ONE)[]): Run {
  const length = parts.reduce((sum, part) => sum + (typeof part === "string" ? part.length : 1), 0);
  const matchesAt = (text: string, at: number): boolean => {
    if (at < 0 || at + length > text.length) return false;
    let position = at;
    for (const part of parts) {
      if (typeof part === "string" && !text.startsWith(part, position)) return false;
      position += typeof part === "string" ? part.length : 1;
    }
    return true;
  };
  const [only] = parts;
  const find =
    parts.length === 1 && typeof only === "string"
      ? (text: string, from: number) => text.indexOf(only, from)
      : (text: string, from: number) => {
          for (let at = from; at + length <= text.length; at++) if (matchesAt(text, at)) return at;
          return -1;
        };
  return { length, matchesAt, find };
}

/** The longest literal of the pattern, with the strongest anchoring that is true of it. */
function bestLiteral(parts: readonly PatternPart[]): Literal | null {
  let best: Literal | null = null;
  for (const [index, part] of parts.entries()) {
    if (typeof part !== "string" || (best !== null && best.text.length >= part.length)) continue;
    const starts = index === 0;
    const ends = index === parts.length - 1;
    const kind = starts && ends ? "equals" : starts ? "starts" : ends ? "ends" : "contains";
    best = { kind, text: part.toLowerCase() };
  }
  return best;
}
