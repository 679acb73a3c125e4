import { RE2JS, RE2JSSyntaxException } from "re2js";
import { RuleError } from "./rule-error.ts";

/** Longer texts, which extract never leaves in one field, are searched in their first part only; literals see all of it. */
const MAX_REGEX_INPUT = 65_536;
const MAX_REGEX_SOURCE = 4_096;
/** Look-around and back references can't be had in linear time. */
const NON_LINEAR = /\(\?(?:[=!]|<[=!])|\\[1-9]|\(\?>|\\k</;

/**
 * Compiles with the one linear-time engine, so that neither a rule nor a sample can make matching explode.
 * `flags` are Sigma's: i, m, s.
 */
export function compileRegex(source: string, flags: ReadonlySet<string>): (text: string) => boolean {
  if (source.length > MAX_REGEX_SOURCE) throw new RuleError(`the expression is longer than ${MAX_REGEX_SOURCE}`);
  const bits =
    (flags.has("i") ? RE2JS.CASE_INSENSITIVE : 0) |
    (flags.has("m") ? RE2JS.MULTILINE : 0) |
    (flags.has("s") ? RE2JS.DOTALL : 0);
  const compiled = compile(source, bits);
  return (text) => compiled.test(text.length > MAX_REGEX_INPUT ? text.slice(0, MAX_REGEX_INPUT) : text);
}

function compile(source: string, bits: number): RE2JS {
  try {
    return RE2JS.compile(source, bits);
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error;
    if (NON_LINEAR.test(source)) {
      const message = "the expression uses look-around or back references, which no linear-time engine has";
      throw new RuleError(message, { unsupported: true });
    }
    throw new RuleError(`the expression is malformed: ${error.message}`);
  }
}
