import type { AnalysisRequest, LocalAnalyzer } from "@airlock/analyzer";
import type { Report } from "@airlock/contracts";
import { printable } from "@airlock/contracts/printable";

export type AnalyzeImage = (request: AnalysisRequest) => Promise<Report>;

/**
 * Gives the analyzer of this host to one piece of work and closes it whatever comes. It is loaded and opened when first asked
 * for something: a slip in the command line is answered before.
 */
export async function withAnalysis<T>(work: (analyze: AnalyzeImage) => Promise<T>): Promise<T> {
  let opening: Promise<LocalAnalyzer> | null = null;
  const open = async (): Promise<LocalAnalyzer> => {
    const { openLocalAnalyzer } = await import("@airlock/analyzer");
    return openLocalAnalyzer(warn);
  };
  try {
    return await work(async (request) => {
      opening ??= open();
      const analyzer = await opening;
      return analyzer.analyze(request);
    });
  } finally {
    // What failed to open was told by the work's own fault, and has nothing to close.
    const analyzer = await (opening as Promise<LocalAnalyzer> | null)?.catch(() => null);
    await analyzer?.close();
  }
}

/** Leftovers of dead runs that could not be removed: no reason not to analyse, but somebody should know. */
function warn(message: string): void {
  process.stderr.write(`airlock: warning: ${printable(message, 500)}\n`);
}
