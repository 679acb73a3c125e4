import { type Report, toFault } from "@airlock/contracts";
import { createRunFolder, createRunName, openDockerSandbox, reap } from "@airlock/sandbox";
import type { RuleSet } from "@airlock/signatures";
import { uuidv7 } from "uuidv7";
import type { AnalysisRequest } from "./analysis-request.ts";
import { analyze } from "./analyze.ts";
import type { AnalyzerDeps } from "./analyzer-deps.ts";
import { loadRuleSet } from "./stages/judge.ts";

/** An analyzer of this process: the local engine, this host's kernel, the shipped signatures. */
export interface LocalAnalyzer {
  /** Rejects with Faults only. */
  analyze(request: AnalysisRequest): Promise<Report>;
  close(): Promise<void>;
}

/**
 * The composition root: here, and nowhere else, concrete parts are chosen. Removes first what dead processes left on the host,
 * and tells `onWarning` what could not be removed. Rejects with ENGINE_UNREACHABLE or ENGINE_FOREIGN_KERNEL.
 */
export async function openLocalAnalyzer(onWarning: (message: string) => void): Promise<LocalAnalyzer> {
  let shippedRules: Promise<RuleSet> | undefined;
  const loadShippedRules = () => {
    shippedRules ??= loadRuleSet([]);
    return shippedRules;
  };
  const sandbox = await openDockerSandbox();
  // What one dead run left must not refuse all runs after it: the next start tries again.
  await reap(sandbox.engine, sandbox.images).catch((error: unknown) => onWarning(toFault(error).message));
  const deps: AnalyzerDeps = {
    sandbox,
    images: sandbox.images,
    loadRuleSet: (folders) => (folders.length === 0 ? loadShippedRules() : loadRuleSet(folders)),
    createRunName,
    createRunFolder,
    createId: uuidv7,
    now: () => performance.now(),
    today: () => new Date(),
  };
  return {
    analyze: (request) =>
      analyze(request, deps).catch((error: unknown) => {
        throw toFault(error);
      }),
    close: () => sandbox.close(),
  };
}
