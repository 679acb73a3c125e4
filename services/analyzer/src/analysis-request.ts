import type { ImageSource } from "@airlock/contracts";
import type { ArrangeOptions } from "./stages/arrange.ts";

/** The stages in the order in which they run; progress names them. */
export type Stage = "acquire" | "arrange" | "detonate" | "extract" | "judge" | "report";

/** Live figures for people; never evidence. */
export interface AnalysisProgress {
  readonly stage: Stage;
  /** Since the stage began. */
  readonly elapsedMs: number;
  readonly events: number;
  readonly lost: number;
  readonly detail?: string;
}

export interface AnalysisRequest {
  readonly source: ImageSource;
  readonly options: ArrangeOptions & { readonly platform?: string };
  /** Folders of signatures beside the shipped ones. */
  readonly signatures: readonly string[];
  /** Where the run is to be kept; nothing is kept without it. Must not exist, or be empty. */
  readonly artifactsFolder?: string;
  /** Aborting tears everything down; the analysis then rejects with INTERRUPTED. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: AnalysisProgress) => void;
}
