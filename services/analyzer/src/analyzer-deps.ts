import type { EngineImages, RunName, Sandbox } from "@airlock/sandbox";
import type { RuleSet } from "@airlock/signatures";

/** What an analysis is done with. Chosen in one place, `local-analyzer.ts`. */
export interface AnalyzerDeps {
  readonly sandbox: Sandbox;
  readonly images: EngineImages;
  readonly loadRuleSet: (folders: readonly string[]) => Promise<RuleSet>;
  readonly createRunName: () => RunName;
  readonly createRunFolder: (runName: RunName) => Promise<string>;
  /** Identifier of an analysis, for people and databases. */
  readonly createId: () => string;
  /** Monotonic, in milliseconds. */
  readonly now: () => number;
  readonly today: () => Date;
}
