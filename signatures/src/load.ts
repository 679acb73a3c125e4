import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Fault } from "@airlock/contracts";
import { loadAttackData } from "./attack.ts";
import { SigmaCorrelation } from "./correlation/correlation-rule.ts";
import { type CorrelationDocument, findNamed, linkCorrelations, type Named } from "./correlation/link.ts";
import { type CompiledFilter, makeDetection, type RuleContext } from "./detection-signature.ts";
import { compileFilter, isForLogsource } from "./filter.ts";
import { joinPlaceholders, PLACEHOLDER_FILE, type Placeholders, parsePlaceholders } from "./placeholders.ts";
import { SigmaFilter, SigmaRule, type Signature } from "./rule.ts";
import { RuleError } from "./rule-error.ts";
import {
  findRuleFiles,
  noteProblem,
  parseDocument,
  type RuleFile,
  type RulePlace,
  readDocuments,
  type SignatureProblem,
} from "./rule-files.ts";

/** Folder of the packs that ship with Airlock. */
export const SHIPPED_PACKS = fileURLToPath(new URL("../packs/", import.meta.url));

export interface SignatureFolders {
  /** Folders of users' rules, added to the shipped packs. */
  readonly folders?: readonly string[];
  /** The shipped packs' folder; null leaves them out. */
  readonly packs?: string | null;
}

/** Reads every rule of the folders, sorted by id, and everything that is wrong with any of them. */
export async function readSignatures(
  options: SignatureFolders = {},
): Promise<{ signatures: Signature[]; problems: SignatureProblem[] }> {
  const problems: SignatureProblem[] = [];
  const files = await findFiles(options);
  const placeholders = await readPlaceholders(files, problems);
  const context: RuleContext = { attack: loadAttackData(), placeholders };
  const read: Read = { detections: [], correlations: [], filters: [] };
  for (const file of files) {
    if (isPlaceholderFile(file)) continue;
    // One by one: they are read while a sample runs, and whoever watches it must have a turn between any two.
    const text = await readFile(join(file.folder, file.file), "utf8");
    readRuleFile(file, text, context, { read, problems });
  }
  const detections = applyFilters(read, context, problems);
  const correlations = linkCorrelations(read.correlations, detections, context.attack, problems);
  const signatures = [...detections.map(({ value }) => value), ...correlations];
  problems.push(...findDuplicates(signatures));
  return { signatures: signatures.toSorted(byId), problems };
}

/**
 * Like readSignatures, but any problem is a SIGNATURE_INVALID fault: a rule that silently isn't there would be
 * evidence that silently isn't looked at.
 */
export async function loadSignatures(options: SignatureFolders = {}): Promise<Signature[]> {
  const { signatures, problems } = await readSignatures(options);
  const [first] = problems;
  if (first === undefined) return signatures;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : "";
  throw new Fault("SIGNATURE_INVALID", `${first.file}:${first.line}: ${first.reason}${more}`, {
    hint: "Correct the rule, or leave its folder out of --signatures.",
  });
}

function byId(a: { id: string }, b: { id: string }): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

async function findFiles({ folders = [], packs = SHIPPED_PACKS }: SignatureFolders): Promise<RuleFile[]> {
  const found: RuleFile[] = [];
  for (const folder of [...(packs === null ? [] : [packs]), ...folders]) {
    const source = folder === packs ? "shipped" : "user";
    for (const file of await findRuleFiles(folder)) found.push({ folder, file, source });
  }
  return found;
}

/** One for each folder of rules, at its top. */
function isPlaceholderFile({ file }: RuleFile): boolean {
  return PLACEHOLDER_FILE.test(file);
}

async function readPlaceholders(files: readonly RuleFile[], problems: SignatureProblem[]): Promise<Placeholders> {
  let all: Placeholders = new Map();
  for (const file of files.filter(isPlaceholderFile)) {
    for (const { value, place } of readDocuments(
      file,
      await readFile(join(file.folder, file.file), "utf8"),
      problems,
    )) {
      const values = noteProblem(place, problems, () => parsePlaceholders(value));
      if (values !== null) all = joinPlaceholders(all, values);
    }
  }
  return all;
}

/** Documents by what they are. */
interface Read {
  readonly detections: { readonly place: RulePlace; readonly rule: SigmaRule; readonly value: Signature }[];
  readonly correlations: CorrelationDocument[];
  readonly filters: { readonly place: RulePlace; readonly document: SigmaFilter }[];
}

function readRuleFile(
  file: RuleFile,
  text: string,
  context: RuleContext,
  { read, problems }: { read: Read; problems: SignatureProblem[] },
): void {
  for (const { value, place } of readDocuments(file, text, problems)) {
    noteProblem(place, problems, () => {
      switch (kindOf(value)) {
        case "correlation":
          read.correlations.push({ place, rule: parseDocument(SigmaCorrelation, value) });
          return;
        case "filter":
          read.filters.push({ place, document: parseDocument(SigmaFilter, value) });
          return;
        case "detection": {
          const rule = parseDocument(SigmaRule, value);
          read.detections.push({ place, rule, value: makeDetection(place, rule, [], context) });
        }
      }
    });
  }
}

function kindOf(value: unknown): "correlation" | "filter" | "detection" {
  if (typeof value !== "object" || value === null) return "detection";
  const kinds = (["correlation", "filter", "detection"] as const).filter((kind) => Object.hasOwn(value, kind));
  if (kinds.length > 1) throw new RuleError(`a document is one of ${kinds.join(" and ")}`, { path: kinds.slice(1, 2) });
  return kinds[0] ?? "detection";
}

/** The rules, those that filters name made anew with them. */
function applyFilters(read: Read, context: RuleContext, problems: SignatureProblem[]): Named<Signature>[] {
  const filters = new Map<Signature, CompiledFilter[]>();
  for (const { place, document } of read.filters) {
    noteProblem(place, problems, () => {
      const filter = { document, expression: compileFilter(document, context.placeholders) };
      for (const value of findFiltered(place, document, read))
        filters.set(value, [...(filters.get(value) ?? []), filter]);
    });
  }
  return read.detections.map(({ place, rule, value }) => {
    const own = filters.get(value);
    return { place, rule, value: own === undefined ? value : makeDetection(place, rule, own, context) };
  });
}

/** A filter that changes nothing is a mistake: whoever wrote it believes otherwise. */
function findFiltered(place: RulePlace, document: SigmaFilter, read: Read): Signature[] {
  const path = ["filter", "rules"];
  const named = [document.filter.rules].flat().map((name) => {
    const correlations = read.correlations.map((one) => ({ ...one, value: null }));
    try {
      return findNamed<Signature | null>(name, place, [...read.detections, ...correlations]);
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      throw new RuleError(error.message, { path });
    }
  });
  if (named.some(({ value }) => value === null))
    throw new RuleError("a correlation can't be filtered, its rules can", { path });
  const fitting = read.detections.filter(
    ({ rule, value }) => named.some((one) => one.value === value) && isForLogsource(document.logsource, rule.logsource),
  );
  if (fitting.length === 0)
    throw new RuleError("none of its rules has the filter's log source", { path: ["logsource"] });
  return fitting.map(({ value }) => value);
}

function findDuplicates(signatures: readonly Signature[]): SignatureProblem[] {
  const seen = new Map<string, Signature>();
  const problems: SignatureProblem[] = [];
  for (const signature of signatures) {
    for (const name of [signature.id, ...(signature.uuid === "" ? [] : [signature.uuid])]) {
      const other = seen.get(name);
      if (other === undefined) seen.set(name, signature);
      else problems.push({ file: signature.file, line: 1, reason: `${name} is taken by ${other.file} already` });
    }
  }
  return problems;
}
