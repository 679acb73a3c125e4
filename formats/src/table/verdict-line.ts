import type { Report } from "@airlock/contracts";
import { countByLevel, VERDICT_ICONS } from "../explanation.ts";
import { formatCount, formatScore } from "../quantity.ts";
import { type Line, renderLines, span, wrapLine } from "../styled-text.ts";
import { createTheme } from "../theme.ts";
import { drawFindingList } from "./finding-list.ts";

export interface BriefOptions {
  readonly width: number;
  readonly colour: boolean;
  /** What to call the image; its reference when absent. */
  readonly name?: string;
}

/** An image's verdict in one line, its findings with their evidence below: for showing several images together. */
export function renderBrief(report: Report, options: BriefOptions): string {
  const width = Math.min(160, Math.max(60, Math.trunc(options.width) || 80));
  const lines = [
    ...drawVerdictLine(report, options.name ?? report.image.reference, width),
    ...drawFindingList(report, width),
  ];
  return renderLines(lines, createTheme(options.colour));
}

function drawVerdictLine(report: Report, name: string, width: number): Line[] {
  const { level, score, reasons } = report.verdict;
  const counts = countByLevel(report.findings).map(([word, count]) => `${count} ${word}`);
  const line: Line = [
    span(`${VERDICT_ICONS[level]}\u00a0${level}`, level),
    span(`  score ${formatScore(score)}  `),
    span(name, "strong"),
    span(`  ${counts.join(", ") || "no findings"}`),
    span(`  coverage.dropped ${formatCount(report.coverage.dropped)}`, report.coverage.dropped > 0 ? "bad" : "muted"),
    ...reasons.map((reason) => span(`  ✖\u00a0${reason.code}: ${reason.detail}`, "bad")),
  ];
  return wrapLine(line, width, 2);
}
