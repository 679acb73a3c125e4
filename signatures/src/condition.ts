import { allOf, anyOf, type Expression } from "./expression.ts";
import { RuleError } from "./rule-error.ts";

const MAX_TOKENS = 2_000;
const MAX_DEPTH = 64;

/**
 * Reads a condition: identifiers, `and`, `or`, `not`, parentheses, `1 of`, `any of`, `all of` with a name pattern or
 * `them`. `not` binds closest, then `and`. `them` leaves out names that begin with an underscore, as Sigma says.
 */
export function parseCondition(condition: string, searches: ReadonlyMap<string, Expression>): Expression {
  if (/[|]/.test(condition)) throw new RuleError("aggregations after `|` are no longer Sigma: write a correlation");
  const tokens = condition.match(/[()]|[^\s()]+/g) ?? [];
  if (tokens.length === 0) throw new RuleError("the condition is empty");
  if (tokens.length > MAX_TOKENS) throw new RuleError(`the condition has more than ${MAX_TOKENS} words`);
  const reader = new Reader(tokens);
  const expression = readOr(reader, searches);
  if (reader.peek() !== null) throw new RuleError(`unexpected "${reader.peek()}" in the condition`);
  return expression;
}

class Reader {
  #position = 0;
  #depth = 0;
  readonly #tokens: readonly string[];

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  peek(): string | null {
    return this.#tokens[this.#position] ?? null;
  }

  /** Takes the next word if it is this keyword, in any case. */
  take(keyword: string): boolean {
    if (this.peek()?.toLowerCase() !== keyword) return false;
    this.#position++;
    return true;
  }

  next(): string {
    const token = this.peek();
    if (token === null) throw new RuleError("the condition ends too early");
    this.#position++;
    return token;
  }

  /** Bounds recursion: a rule is a file from a stranger. */
  nested<T>(read: () => T): T {
    if (++this.#depth > MAX_DEPTH) throw new RuleError(`the condition is nested deeper than ${MAX_DEPTH}`);
    const result = read();
    this.#depth--;
    return result;
  }
}

type Searches = ReadonlyMap<string, Expression>;

function readOr(reader: Reader, searches: Searches): Expression {
  const parts = [readAnd(reader, searches)];
  while (reader.take("or")) parts.push(readAnd(reader, searches));
  return anyOf(parts);
}

function readAnd(reader: Reader, searches: Searches): Expression {
  const parts = [readNot(reader, searches)];
  while (reader.take("and")) parts.push(readNot(reader, searches));
  return allOf(parts);
}

function readNot(reader: Reader, searches: Searches): Expression {
  if (reader.take("not")) return { kind: "not", part: reader.nested(() => readNot(reader, searches)) };
  if (reader.take("(")) {
    const inner = reader.nested(() => readOr(reader, searches));
    if (!reader.take(")")) throw new RuleError('a ")" is missing in the condition');
    return inner;
  }
  return readSearch(reader, searches);
}

function readSearch(reader: Reader, searches: Searches): Expression {
  const word = reader.next();
  if (/^(?:1|any|all)$/i.test(word) && reader.take("of")) {
    const found = namesOf(reader.next(), searches);
    return word.toLowerCase() === "all" ? allOf(found) : anyOf(found);
  }
  if (/^(?:and|or|of|\))$/i.test(word)) throw new RuleError(`unexpected "${word}" in the condition`);
  const search = searches.get(word);
  if (search === undefined) throw new RuleError(`the condition names "${word}", which is no search of this rule`);
  return search;
}

function namesOf(pattern: string, searches: Searches): Expression[] {
  const them = pattern.toLowerCase() === "them";
  const shape = new RegExp(`^${pattern.replace(/[.*+?^${}()|[\]\\]/g, (c) => (c === "*" ? ".*" : `\\${c}`))}$`);
  const found = [...searches].filter(([name]) => (them ? !name.startsWith("_") : shape.test(name)));
  if (found.length === 0) throw new RuleError(`no search of this rule is named like "${pattern}"`);
  return found.map(([, expression]) => expression);
}
