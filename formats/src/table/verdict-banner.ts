import type { Report } from "@airlock/contracts";
import { explainVerdict, VERDICT_ICONS } from "../explanation.ts";
import { formatScore } from "../quantity.ts";
import { type Line, span, truncateLine, wrapLine } from "../styled-text.ts";
import { drawBox } from "./frame.ts";

const GAUGE_CELLS = 20;

/** Verdict, score, what was judged and one sentence of why. */
export function drawVerdictBanner(report: Report, width: number): Line[] {
  const { level, score } = report.verdict;
  const { image } = report;
  const inner = width - 4;
  const title: Line = [span(`${VERDICT_ICONS[level]} ${level.toUpperCase()}`, level)];
  const lines: Line[] = [
    [span(`score ${formatScore(score)} of 100  `, "strong"), ...drawGauge(score, level)],
    truncateLine([span(image.reference, "strong")], inner),
    ...wrapLine([span(image.digest), span(`  ${image.digestKind} digest, ${image.platform}`, "muted")], inner, 2, 2),
    [],
    ...wrapLine([span("Why: ", "strong"), span(explainVerdict(report))], inner, 5, 6),
  ];
  return drawBox(title, lines, width, level);
}

function drawGauge(score: number, level: Report["verdict"]["level"]): Line {
  const filled = Math.round((score / 100) * GAUGE_CELLS);
  return [span("█".repeat(filled), level), span("░".repeat(GAUGE_CELLS - filled), "muted")];
}
