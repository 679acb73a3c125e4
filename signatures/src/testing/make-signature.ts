import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadSignatures } from "../load.ts";
import type { Signature } from "../rule.ts";

/** Loads rules from texts, by file name, the way users' folders are loaded. */
export async function signaturesFrom(files: Readonly<Record<string, string>>): Promise<Signature[]> {
  const folder = await mkdtemp(join(tmpdir(), "airlock-rules-"));
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    return await loadSignatures({ packs: null, folders: [folder] });
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
