import type { AnalyzeImage } from "./commands/analyze.ts";

/** The analyzer on this host, loaded when it is first used. */
export function openAnalysis(): AnalyzeImage {
  return async (request) => {
    const { analyze } = await import("@airlock/analyzer");
    return analyze(request);
  };
}
