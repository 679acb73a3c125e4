import type { Literal } from "./expression.ts";

/** Beyond it the memory of values starts anew; it only saves time. */
const MAX_REMEMBERED = 4_096;
const MAX_REMEMBERED_LENGTH = 512;
const NOTHING: readonly number[] = [];

/** Class of characters that no literal has. */
const OTHER = 0;
const START = 1;
const END = 2;

/**
 * Finds the rules whose literal a text has, for all rules at once: one walk over the text whatever the number of
 * literals (Aho and Corasick's automaton, with marks for start and end so that anchored literals need no second look).
 */
export interface LiteralIndex {
  /** Rule numbers, rising and distinct, for a text in any case. */
  readonly find: (text: string) => readonly number[];
}

export function buildLiteralIndex(entries: readonly { literal: Literal; rule: number }[]): LiteralIndex {
  const automaton = buildAutomaton(entries);
  let remembered = new Map<string, readonly number[]>();
  return {
    find: (text) => {
      if (text.length > MAX_REMEMBERED_LENGTH) return walk(automaton, text.toLowerCase());
      const known = remembered.get(text);
      if (known !== undefined) return known;
      const found = walk(automaton, text.toLowerCase());
      if (remembered.size >= MAX_REMEMBERED) remembered = new Map();
      remembered.set(text, found);
      return found;
    },
  };
}

interface Automaton {
  /** Class of each UTF-16 code unit. */
  readonly classes: Uint16Array;
  readonly width: number;
  /** Next state, by state times width plus class. */
  readonly next: Int32Array;
  readonly outputs: readonly (readonly number[] | undefined)[];
}

function walk({ classes, width, next, outputs }: Automaton, text: string): readonly number[] {
  let found: Set<number> | undefined;
  const collect = (state: number): void => {
    const output = outputs[state];
    if (output === undefined) return;
    found ??= new Set();
    for (const rule of output) found.add(rule);
  };
  let state = next[START] ?? 0;
  collect(state);
  for (let i = 0; i < text.length; i++) {
    state = next[state * width + (classes[text.charCodeAt(i)] ?? OTHER)] ?? 0;
    if (outputs[state] !== undefined) collect(state);
  }
  collect(next[state * width + END] ?? 0);
  return found === undefined ? NOTHING : [...found].toSorted((a, b) => a - b);
}

function buildAutomaton(entries: readonly { literal: Literal; rule: number }[]): Automaton {
  const classes = new Uint16Array(65_536);
  let width = END + 1;
  const symbols = entries.map(({ literal }) => {
    const middle = Array.from({ length: literal.text.length }, (_, i) => {
      const code = literal.text.charCodeAt(i);
      if (classes[code] === OTHER) classes[code] = width++;
      return classes[code] ?? OTHER;
    });
    const starts = literal.kind === "equals" || literal.kind === "starts";
    const ends = literal.kind === "equals" || literal.kind === "ends";
    return [...(starts ? [START] : []), ...middle, ...(ends ? [END] : [])];
  });
  const size = 1 + symbols.reduce((sum, list) => sum + list.length, 0);
  const next = new Int32Array(size * width);
  const outputs: (number[] | undefined)[] = Array.from({ length: size });
  const states = insertWords(symbols, entries, { next, outputs, width });
  linkFailures(states, { next, outputs, width });
  return { classes, width, next: next.slice(0, states * width), outputs: outputs.slice(0, states) };
}

interface Tables {
  readonly next: Int32Array;
  readonly outputs: (number[] | undefined)[];
  readonly width: number;
}

function insertWords(
  symbols: readonly (readonly number[])[],
  entries: readonly { rule: number }[],
  { next, outputs, width }: Tables,
): number {
  let states = 1;
  for (const [index, list] of symbols.entries()) {
    let state = 0;
    for (const symbol of list) {
      const at = state * width + symbol;
      const known = next[at] ?? 0;
      state = known === 0 ? states++ : known;
      next[at] = state;
    }
    const rule = entries[index]?.rule ?? 0;
    outputs[state] = [...new Set([...(outputs[state] ?? []), rule])];
  }
  return states;
}

/** Breadth first: a missing edge is the edge of the longest proper suffix, whose words end here too. */
function linkFailures(states: number, { next, outputs, width }: Tables): void {
  const failure = new Int32Array(states);
  const queue: number[] = [];
  for (let symbol = 0; symbol < width; symbol++) {
    const child = next[symbol] ?? 0;
    if (child !== 0) queue.push(child);
  }
  for (let head = 0; head < queue.length; head++) {
    const state = queue[head] ?? 0;
    const fallback = failure[state] ?? 0;
    const inherited = outputs[fallback];
    if (inherited !== undefined) outputs[state] = [...new Set([...(outputs[state] ?? []), ...inherited])];
    for (let symbol = 0; symbol < width; symbol++) {
      const at = state * width + symbol;
      const beside = next[fallback * width + symbol] ?? 0;
      const child = next[at] ?? 0;
      if (child === 0) next[at] = beside;
      else {
        failure[child] = beside;
        queue.push(child);
      }
    }
  }
}
