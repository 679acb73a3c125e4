import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { loadSignatures, readSignatures } from "../load.ts";
import type { Signature } from "../rule.ts";
import type { SignatureProblem } from "../rule-files.ts";

type Files = Readonly<Record<string, string>>;

/** Loads rules from texts, by file name, the way users' folders are loaded; beside the shipped ones if they are asked for. */
export async function signaturesFrom(files: Files, withShipped = false): Promise<Signature[]> {
  return inFolder(files, (folder) => loadSignatures({ folders: [folder], ...(withShipped ? {} : { packs: null }) }));
}

/** Everything that is wrong with such rules, by file name. */
export async function problemsOf(files: Files): Promise<SignatureProblem[]> {
  return inFolder(files, async (folder) => {
    const { problems } = await readSignatures({ packs: null, folders: [folder] });
    return problems.map((problem) => ({ ...problem, file: basename(problem.file) }));
  });
}

async function inFolder<T>(files: Files, use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "airlock-rules-"));
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A rule with this detection, written in YAML's flow style or indented by two. */
export function ruleText(
  detection: string,
  changes: { category?: string; level?: string; title?: string } = {},
): string {
  const { category = "process_creation", level = "medium", title = "Rule" } = changes;
  const body = detection.trimStart().startsWith("{") ? ` ${detection}` : `\n${detection}`;
  return `title: ${title}\nlogsource: {category: ${category}, product: linux}\nlevel: ${level}\ndetection:${body}\n`;
}
