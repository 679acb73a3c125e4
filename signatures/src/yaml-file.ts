import { isNode, LineCounter, parseAllDocuments } from "yaml";
import { RuleError } from "./rule-error.ts";

const MAX_FILE_CHARACTERS = 512 * 1024;
const MAX_DOCUMENTS = 100;
/** Rules have no use for aliases; a few nested ones expand to gigabytes. */
const MAX_ALIASES = 16;

export interface YamlDocument {
  readonly value: unknown;
  /** Line of the node at a path, or of its nearest parent that is there. */
  readonly lineOf: (path: readonly (string | number)[]) => number;
}

/** A syntax error with its line. */
export class YamlError extends RuleError {
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

/** Parses one file, which may hold several documents. Throws YamlError. */
export function parseYaml(text: string): YamlDocument[] {
  if (text.length > MAX_FILE_CHARACTERS) throw new YamlError(`longer than ${MAX_FILE_CHARACTERS} characters`, 1);
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter: lines, uniqueKeys: true, merge: false });
  if (!Array.isArray(parsed) || parsed.length === 0) throw new YamlError("the file is empty", 1);
  if (parsed.length > MAX_DOCUMENTS) throw new YamlError(`more than ${MAX_DOCUMENTS} documents`, 1);
  return parsed.map((document) => {
    const [problem] = [...document.errors, ...document.warnings];
    if (problem !== undefined) {
      throw new YamlError(problem.message.split("\n")[0] ?? problem.code, lines.linePos(problem.pos[0]).line);
    }
    const lineOf = (path: readonly (string | number)[]): number => {
      for (let length = path.length; length >= 0; length--) {
        const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
        if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
      }
      return 1;
    };
    try {
      return { value: document.toJS({ maxAliasCount: MAX_ALIASES }), lineOf };
    } catch (error) {
      throw new YamlError(error instanceof Error ? error.message : String(error), 1);
    }
  });
}
