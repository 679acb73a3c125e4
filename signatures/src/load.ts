import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { Fault } from "@airlock/contracts";
import type { z } from "zod";
import { type AttackData, loadAttackData, tacticsOf, techniquesOf } from "./attack.ts";
import { canonicalJson } from "./canonical-json.ts";
import { compileDetection } from "./detection.ts";
import { ENGINE_VERSION } from "./engine-version.ts";
import { type Expression, fieldsOf } from "./expression.ts";
import { RuleError, SigmaRule, type Signature } from "./rule.ts";
import { mapLogsource } from "./taxonomy/logsource.ts";
import { parseYaml, type YamlDocument, YamlError } from "./yaml-file.ts";

const MAX_FILES = 20_000;
const MAX_DEPTH = 16;

/** Folder of the packs that ship with Airlock. */
export const SHIPPED_PACKS = fileURLToPath(new URL("../packs/", import.meta.url));

export interface SignatureFolders {
  /** Folders of users' rules, added to the shipped packs. */
  readonly folders?: readonly string[];
  /** The shipped packs' folder; null leaves them out. */
  readonly packs?: string | null;
}

export interface SignatureProblem {
  readonly file: string;
  readonly line: number;
  readonly reason: string;
}

/** Reads every rule of the folders, sorted by id, and everything that is wrong with any of them. */
export async function readSignatures(
  options: SignatureFolders = {},
): Promise<{ signatures: Signature[]; problems: SignatureProblem[] }> {
  const { folders = [], packs = SHIPPED_PACKS } = options;
  const attack = loadAttackData();
  const signatures: Signature[] = [];
  const problems: SignatureProblem[] = [];
  for (const folder of [...(packs === null ? [] : [packs]), ...folders]) {
    const source = folder === packs ? "shipped" : "user";
    const files = await findRuleFiles(folder);
    for (const file of files) {
      // One by one: they are read while a sample runs, and whoever watches it must have a turn between any two.
      const text = await readFile(join(folder, file), "utf8");
      readRuleFile({ folder, file, source, text }, attack, { signatures, problems });
    }
  }
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

/** Names a set of rules: equal hashes judge equal events alike. Independent of where the rules were loaded from. */
export function hashRuleSet(signatures: readonly Signature[]): string {
  const rules = signatures
    .map(({ id, rule, techniques, tactics }) => ({ id, rule, techniques, tactics }))
    .toSorted(byId);
  return `sha256:${createHash("sha256")
    .update(canonicalJson({ engine: ENGINE_VERSION, rules }))
    .digest("hex")}`;
}

function byId(a: { id: string }, b: { id: string }): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/** Relative paths of all `*.yml` below, sorted. Links are not followed: a rule folder may come from a stranger. */
async function findRuleFiles(folder: string): Promise<string[]> {
  const found: string[] = [];
  const visit = async (path: string, depth: number): Promise<void> => {
    if (depth > MAX_DEPTH) throw new Fault("SIGNATURE_INVALID", `${path}: folders are nested deeper than ${MAX_DEPTH}`);
    for (const entry of await readdir(path, { withFileTypes: true })) {
      const inner = join(path, entry.name);
      if (entry.isDirectory()) await visit(inner, depth + 1);
      else if (entry.isFile() && /\.ya?ml$/.test(entry.name)) found.push(relative(folder, inner));
      if (found.length > MAX_FILES) throw new Fault("SIGNATURE_INVALID", `${folder}: more than ${MAX_FILES} rules`);
    }
  };
  try {
    await visit(folder, 0);
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault("SIGNATURE_INVALID", `${folder}: can't be read`, {
      hint: "--signatures takes a folder of Sigma rules.",
      cause: error,
    });
  }
  return found.toSorted();
}

interface RuleFile {
  readonly folder: string;
  readonly file: string;
  readonly source: Signature["source"];
  readonly text: string;
}

function readRuleFile(
  ruleFile: RuleFile,
  attack: AttackData,
  into: { signatures: Signature[]; problems: SignatureProblem[] },
): void {
  const file = join(ruleFile.folder, ruleFile.file);
  let documents: YamlDocument[];
  try {
    documents = parseYaml(ruleFile.text);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    into.problems.push({ file, line: error.line, reason: error.message });
    return;
  }
  for (const [index, document] of documents.entries()) {
    try {
      into.signatures.push(makeSignature(ruleFile, index, document.value, attack));
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      into.problems.push({ file, line: document.lineOf(error.path), reason: error.message });
    }
  }
}

function makeSignature(ruleFile: RuleFile, index: number, value: unknown, attack: AttackData): Signature {
  const rule = parseRule(value);
  const techniques = techniquesOf(rule.tags, attack);
  const compiled = compileRule(rule);
  return {
    id: index === 0 ? slugOf(ruleFile.file) : `${slugOf(ruleFile.file)}.${index + 1}`,
    uuid: rule.id?.toLowerCase() ?? "",
    title: rule.title,
    level: rule.level ?? "medium",
    description: rule.description.trim(),
    techniques,
    tactics: tacticsOf(techniques, attack),
    source: ruleFile.source,
    file: ruleFile.file,
    rule,
    ...compiled,
  };
}

function slugOf(file: string): string {
  const name = basename(file, extname(file));
  return name === "rule" ? basename(dirname(file)) : name;
}

function parseRule(value: unknown): SigmaRule {
  for (const kind of ["correlation", "filter"]) {
    if (typeof value === "object" && value !== null && Object.hasOwn(value, kind)) {
      throw new RuleError(`a ${kind} document can't be loaded, only detection rules`, { path: [kind] });
    }
  }
  const parsed = SigmaRule.safeParse(value);
  if (parsed.success) return parsed.data;
  throw describeIssue(parsed.error.issues[0]);
}

function describeIssue(issue: z.core.$ZodIssue | undefined): RuleError {
  const path = (issue?.path ?? []).filter((step) => typeof step !== "symbol");
  return new RuleError(`${path.join(".") || "the rule"}: ${issue?.message ?? "malformed"}`, { path });
}

type Compiled = Pick<Signature, "applies" | "reason" | "categories" | "expression">;

function compileRule(rule: SigmaRule): Compiled {
  const mapping = mapLogsource(rule.logsource);
  let expression: Expression;
  try {
    expression = compileDetection(rule.detection);
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    if (error.unsupported) return doesNotApply(error.message);
    throw new RuleError(error.message, { path: ["detection", ...error.path] });
  }
  if (rule.status === "deprecated" || rule.status === "unsupported")
    return doesNotApply(`its status is ${rule.status}`);
  if (!mapping.applies) return doesNotApply(mapping.reason);
  const [field] = fieldsOf(expression);
  if (mapping.keywordsOnly && field !== undefined) {
    return doesNotApply(`log lines have no field ${field}, only text for keywords`);
  }
  return { applies: true, reason: null, categories: mapping.categories, expression };
}

function doesNotApply(reason: string): Compiled {
  return { applies: false, reason, categories: [], expression: null };
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
