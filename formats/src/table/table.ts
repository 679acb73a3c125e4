import type { Report } from "@airlock/contracts";
import { formatDuration, shortenDigest } from "../quantity.ts";
import { type Line, renderLines, span, wrapLine } from "../styled-text.ts";
import { createTheme } from "../theme.ts";
import { drawCoverageBox } from "./coverage-box.ts";
import { drawFileList } from "./file-list.ts";
import { drawFindingList } from "./finding-list.ts";
import { drawNetworkList } from "./network-list.ts";
import { drawOutputHead } from "./output-head.ts";
import { drawProcessList } from "./process-list.ts";
import { drawVerdictBanner } from "./verdict-banner.ts";

export interface TableOptions {
  /** Columns of the terminal; kept between 60 and 160, since longer lines are hard to read. */
  readonly width: number;
  readonly colour: boolean;
}

/**
 * The report for a person at a terminal, the decisive part first. Ends in a newline. Holds no control character but
 * newlines, and with `colour` our own colour sequences, whatever the sample wrote.
 */
export function renderTable(report: Report, options: TableOptions): string {
  const width = Math.min(160, Math.max(60, Math.trunc(options.width) || 80));
  const sections: Line[][] = [
    drawVerdictBanner(report, width),
    drawCoverageBox(report, width),
    drawFindingList(report, width),
    drawProcessList(report, width),
    drawNetworkList(report, width),
    drawFileList(report, width),
    drawOutputHead(report, width),
    drawProvenance(report, width),
  ];
  return renderLines(joinSections(sections), createTheme(options.colour));
}

/** Which rules, sensors and profile the verdict rests on (I1). */
function drawProvenance(report: Report, width: number): Line[] {
  const { id, ruleSet, profile, sensorBuild, engineVersion, timings } = report.analysis;
  const total = Object.values(timings).reduce((sum, ms) => sum + ms, 0);
  const text = `analysis ${id} · rules ${shortenDigest(ruleSet)} · profile ${profile} · sensor ${sensorBuild} · ${engineVersion} · took ${formatDuration(total)}`;
  return wrapLine([span(text, "muted")], width, 0, 3);
}

/** One blank line between sections, never two. */
function joinSections(sections: readonly Line[][]): Line[] {
  return sections
    .flatMap((section) => [...section, []])
    .filter((line, index, all) => line.length > 0 || (index > 0 && (all[index - 1]?.length ?? 0) > 0))
    .slice(0, -1);
}
