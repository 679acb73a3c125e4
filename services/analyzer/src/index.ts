export type { AnalysisProgress, AnalysisRequest, Stage } from "./analysis-request.ts";
export { type LocalAnalyzer, openLocalAnalyzer } from "./local-analyzer.ts";
