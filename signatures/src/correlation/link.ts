import { EVENT_CATEGORIES } from "@airlock/contracts";
import type { AttackData } from "../attack.ts";
import { describeRule, doesNotApply, retiredReason } from "../detection-signature.ts";
import type { Correlation, CorrelationReference, Signature } from "../rule.ts";
import { RuleError } from "../rule-error.ts";
import { noteProblem, type RulePlace, type SignatureProblem, slugOf } from "../rule-files.ts";
import { type CorrelationTerms, readTerms, type SigmaCorrelation } from "./correlation-rule.ts";

/** A document that was read and may be referred to. */
export interface Named<T> {
  readonly place: RulePlace;
  readonly rule: { readonly id?: string | undefined; readonly name?: string | undefined };
  readonly value: T;
}

export interface CorrelationDocument {
  readonly place: RulePlace;
  readonly rule: SigmaCorrelation;
}

/**
 * Finds what a document calls a rule: by `name` in its own file, then by `id`, `name` or slug anywhere. Throws RuleError
 * when there is none, or more than one.
 */
export function findNamed<T>(name: string, from: RulePlace, all: readonly Named<T>[]): Named<T> {
  const isNamed = ({ rule }: Named<T>): boolean => rule.name === name;
  const own = all.filter((one) => isNamed(one) && one.place.file === from.file && one.place.folder === from.folder);
  const found =
    own.length > 0
      ? own
      : all.filter(
          (one) => isNamed(one) || one.rule.id?.toLowerCase() === name.toLowerCase() || slugOf(one.place) === name,
        );
  const [first, second] = found;
  if (first === undefined) throw new RuleError(`no rule is named "${name}"`);
  if (second !== undefined) {
    throw new RuleError(`"${name}" names two rules, ${first.place.file} and ${second.place.file}`);
  }
  return first;
}

/** Makes signatures of correlations, which refer to rules and to each other. What is wrong goes to `problems`. */
export function linkCorrelations(
  documents: readonly CorrelationDocument[],
  detections: readonly Named<Signature>[],
  attack: AttackData,
  problems: SignatureProblem[],
): Signature[] {
  const linked = new Map<CorrelationDocument, Signature | null>();
  const open = new Set<CorrelationDocument>();
  const all: readonly Named<Signature | CorrelationDocument>[] = [
    ...detections,
    ...documents.map((document) => ({ ...document, value: document })),
  ];

  const link = (document: CorrelationDocument): Signature | null => {
    const known = linked.get(document);
    if (known !== undefined) return known;
    open.add(document);
    const made = noteProblem(document.place, problems, () => makeCorrelation(document, attack, resolve(document)));
    open.delete(document);
    linked.set(document, made);
    return made;
  };
  const resolve = (document: CorrelationDocument) => (name: string) => {
    const { value } = findNamed(name, document.place, all);
    if (!("place" in value)) return value;
    if (open.has(value)) throw new RuleError(`it refers to itself by way of "${name}"`);
    return link(value);
  };
  return documents.flatMap((document) => link(document) ?? []);
}

type Resolve = (name: string) => Signature | null;

function makeCorrelation({ place, rule }: CorrelationDocument, attack: AttackData, resolve: Resolve): Signature | null {
  const head = { ...describeRule(place, rule, attack), filters: [], placeholders: {} };
  let terms: CorrelationTerms;
  try {
    terms = readTerms(rule);
  } catch (error) {
    if (!(error instanceof RuleError) || !error.unsupported) throw error;
    return { ...head, ...doesNotApply(error.message), correlation: null };
  }
  const signatures = at(["correlation", "rules"], () => terms.rules.map(resolve));
  const aliases = readAliases(rule, resolve);
  if (signatures.includes(null)) return null;
  const references = signatures.flatMap((signature) =>
    signature === null ? [] : [{ signature, aliases: aliases.get(signature.id) ?? new Map<string, string>() }],
  );
  if (new Set(references.map(({ signature }) => signature.id)).size < references.length) {
    throw new RuleError("a rule is named twice", { path: ["correlation", "rules"] });
  }
  const stray = [...aliases.keys()].find((id) => !references.some(({ signature }) => signature.id === id));
  if (stray !== undefined) {
    throw new RuleError(`an alias names ${stray}, which is none of its rules`, { path: ["correlation", "aliases"] });
  }
  const reason = retiredReason(rule) ?? missingReason(terms, references);
  if (reason !== null) return { ...head, ...doesNotApply(reason), correlation: null };
  const usable = references.filter(({ signature }) => signature.applies);
  const correlation: Correlation = { ...terms, references: usable };
  const seen = new Set(usable.flatMap(({ signature }) => signature.categories));
  const categories = EVENT_CATEGORIES.filter((category) => seen.has(category));
  return { ...head, applies: true, reason: null, categories, expression: null, views: null, correlation };
}

/** By id of a rule: what its events call the fields. */
function readAliases({ correlation }: SigmaCorrelation, resolve: Resolve): Map<string, Map<string, string>> {
  const aliases = new Map<string, Map<string, string>>();
  for (const [alias, fields] of Object.entries(correlation.aliases ?? {})) {
    for (const [name, field] of Object.entries(fields)) {
      const signature = at(["correlation", "aliases", alias, name], () => resolve(name));
      if (signature === null) continue;
      const known = aliases.get(signature.id) ?? new Map<string, string>();
      aliases.set(signature.id, known.set(alias, field));
    }
  }
  return aliases;
}

/** Without enough rules that apply the condition can't hold. */
function missingReason({ type, bounds }: CorrelationTerms, references: readonly CorrelationReference[]): string | null {
  const missing = references.find(({ signature }) => !signature.applies)?.signature;
  if (missing === undefined) return null;
  const usable = references.filter(({ signature }) => signature.applies).length;
  const temporal = type === "temporal" || type === "temporal_ordered";
  const possible = temporal ? countTo(usable).some((count) => bounds.holds(count)) : usable > 0;
  return possible ? null : `it needs ${missing.id}, which doesn't apply: ${missing.reason ?? ""}`;
}

function countTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

function at<T>(path: readonly string[], run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    throw new RuleError(error.message, { path });
  }
}
