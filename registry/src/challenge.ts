/** One way in that a registry offers in `WWW-Authenticate`. */
export interface Challenge {
  /** Lower case. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const SPACE = /[ \t,]*/y;
const VALUE = /[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([!#$%&'*+./:^_`|~0-9A-Za-z-]+))/y;

/** Parses the header as RFC 9110 11.6.1 writes it, several challenges included. What doesn't fit ends the parse. */
export function parseChallenges(header: string): Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(header);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  while (at < header.length) {
    take(SPACE);
    const word = take(TOKEN)?.[0];
    if (word === undefined) break;
    const value = take(VALUE);
    if (value === null) challenges.push({ scheme: word.toLowerCase(), parameters: new Map() });
    else challenges.at(-1)?.parameters.set(word.toLowerCase(), (value[1] ?? value[2] ?? "").replaceAll(/\\(.)/g, "$1"));
  }
  return challenges;
}
