import { readdir } from "node:fs/promises";
import { basename, dirname, extname, join, relative } from "node:path";
import { Fault } from "@airlock/contracts";
import type { z } from "zod";
import type { Signature } from "./rule.ts";
import { RuleError } from "./rule-error.ts";
import { parseYaml, type YamlDocument, YamlError } from "./yaml-file.ts";

const MAX_FILES = 20_000;
const MAX_DEPTH = 16;

/** A file that rules may be in. */
export interface RuleFile {
  readonly folder: string;
  /** Relative to the folder. */
  readonly file: string;
  readonly source: Signature["source"];
}

/** Where a document came from. */
export interface RulePlace extends RuleFile {
  /** Place of the document in its file. */
  readonly index: number;
  readonly lineOf: YamlDocument["lineOf"];
}

export interface SignatureProblem {
  readonly file: string;
  readonly line: number;
  readonly reason: string;
}

/** Relative paths of all `*.yml` below, sorted. Links are not followed: a rule folder may come from a stranger. */
export async function findRuleFiles(folder: string): Promise<string[]> {
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

/** The documents of a file, without those between two lines of dashes that are empty. */
export function readDocuments(
  file: RuleFile,
  text: string,
  problems: SignatureProblem[],
): { value: unknown; place: RulePlace }[] {
  try {
    const documents = parseYaml(text).map(({ value, lineOf }, index) => ({ value, place: { ...file, index, lineOf } }));
    return documents.length === 1 ? documents : documents.filter(({ value }) => value !== null);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    problems.push({ file: join(file.folder, file.file), line: error.line, reason: error.message });
    return [];
  }
}

/** Runs what may find a document wrong, and notes file, line and reason if it does. */
export function noteProblem<T>(place: RulePlace, problems: SignatureProblem[], run: () => T): T | null {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    const file = join(place.folder, place.file);
    problems.push({ file, line: place.lineOf(error.path), reason: error.message });
    return null;
  }
}

/** Checks a document's form. Throws RuleError. */
export function parseDocument<T extends z.ZodType>(schema: T, value: unknown): z.infer<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = (issue?.path ?? []).filter((step) => typeof step !== "symbol");
  throw new RuleError(`${path.join(".") || "the rule"}: ${issue?.message ?? "malformed"}`, { path });
}

/** The slug of a document: the folder's name of a `rule.yml`, else the file's; further documents are numbered. */
export function slugOf({ file, index }: Pick<RulePlace, "file" | "index">): string {
  const name = basename(file, extname(file));
  const slug = name === "rule" ? basename(dirname(file)) : name;
  return index === 0 ? slug : `${slug}.${index + 1}`;
}
