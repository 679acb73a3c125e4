import type { AnalyzeImage } from "./commands/analyze.ts";

/** The analyzer on this host: loaded and opened when it is used, closed after, so that no tracer outlives its analysis. */
export function openAnalysis(): AnalyzeImage {
  return async (request) => {
    const { openLocalAnalyzer } = await import("@airlock/analyzer");
    const analyzer = await openLocalAnalyzer();
    try {
      return await analyzer.analyze(request);
    } finally {
      await analyzer.close();
    }
  };
}
