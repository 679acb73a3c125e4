import { z } from "zod";
import { RuleError } from "./rule-error.ts";

/** Name of the file in a folder of rules that says what `%name%` stands for in them (modifier `expand`). */
export const PLACEHOLDER_FILE = /^placeholders\.ya?ml$/;
const MAX_FORMS = 10_000;
/** A percent sign behind a backslash is plain, as the specification says. */
const PLACEHOLDER = /(?<!\\)%(\w+)%/;

const Scalar = z.union([z.string(), z.number(), z.boolean()]);
const PlaceholderFile = z.record(z.string().regex(/^\w+$/), z.union([Scalar, z.array(Scalar).min(1)]));

/** What placeholders stand for: any of the values. */
export type Placeholders = ReadonlyMap<string, readonly string[]>;

/** Reads `name: value` or `name: [value, ...]` for each placeholder. Throws RuleError with the path of what is wrong. */
export function parsePlaceholders(value: unknown): Placeholders {
  const parsed = PlaceholderFile.safeParse(value);
  if (parsed.success) {
    return new Map(Object.entries(parsed.data).map(([name, values]) => [name, [values].flat().map(String)]));
  }
  const path = (parsed.error.issues[0]?.path ?? []).filter((step) => typeof step !== "symbol");
  throw new RuleError("a placeholder file gives each name a text or a list of texts", { path });
}

/** Values of a name that several files give are all of them. */
export function joinPlaceholders(one: Placeholders, other: Placeholders): Placeholders {
  const joined = new Map(one);
  for (const [name, values] of other) joined.set(name, [...new Set([...(joined.get(name) ?? []), ...values])]);
  return joined;
}

/** All texts that a value with placeholders stands for. Without a value for one of them the rule can't apply. */
export function expandPlaceholders(value: string, placeholders: Placeholders): string[] {
  let forms = [""];
  let rest = value;
  for (let found = PLACEHOLDER.exec(rest); found !== null; found = PLACEHOLDER.exec(rest)) {
    const [whole, name = ""] = found;
    const before = rest.slice(0, found.index);
    const values = placeholders.get(name);
    if (values === undefined) {
      throw new RuleError(`the placeholder %${name}% has no values: give them in placeholders.yml`, {
        unsupported: true,
      });
    }
    if (forms.length * values.length > MAX_FORMS) throw new RuleError(`"${value}" stands for too many values`);
    forms = forms.flatMap((form) => values.map((one) => form + plain(before) + one));
    rest = rest.slice(found.index + whole.length);
  }
  return forms.map((form) => form + plain(rest));
}

/** Names of the placeholders in a text. */
export function placeholdersIn(value: string): string[] {
  return [...value.matchAll(new RegExp(PLACEHOLDER, "g"))].map(([, name = ""]) => name);
}

function plain(text: string): string {
  return text.replaceAll("\\%", "%");
}
