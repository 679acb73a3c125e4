import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Judgement, RUN_FILES } from "@airlock/contracts";
import type { RuleSet } from "@airlock/signatures";
import { assessCompleteness } from "../extract/completeness.ts";
import type { Extraction } from "../extract/extraction.ts";

export interface JudgeDeps {
  readonly ruleSet: RuleSet;
}

/**
 * Reads the shipped signatures and those of the given folders. Rejects with SIGNATURE_INVALID, which is best learnt
 * before anything is run. The engine itself is loaded here too: it is wanted as late as they are.
 */
export async function loadRuleSet(folders: readonly string[]): Promise<RuleSet> {
  const { compileRuleSet, loadSignatures } = await import("@airlock/signatures");
  return compileRuleSet(await loadSignatures({ folders }));
}

/** Judges an extracted run and leaves `judgement.json` in its folder: equal runs and rules give equal bytes (I9). */
export async function judge(extraction: Extraction, runFolder: string, { ruleSet }: JudgeDeps): Promise<Judgement> {
  const { canonicalJson, judge: judgeEvents } = await import("@airlock/signatures");
  const reasons = assessCompleteness(extraction.recording, extraction.coverage, extraction);
  const judgement = judgeEvents(extraction.events, ruleSet, reasons);
  await writeFile(join(runFolder, RUN_FILES.judgement), `${canonicalJson(judgement)}\n`);
  return judgement;
}
