import type { Finding, Report, SignatureLevel } from "@airlock/contracts";
import { countByLevel, LEVEL_ICONS, nameTactic, sortFindings } from "../explanation.ts";
import { formatCount } from "../quantity.ts";
import { type Line, lineWidth, span, truncateLine, wrapLine } from "../styled-text.ts";
import type { StyleName } from "../theme.ts";
import { drawHeading } from "./frame.ts";

const SHOWN_EVIDENCE = 4;
const INDENT = "  ";

/** Every finding, worst first, each with the events that prove it. */
export function drawFindingList(report: Report, width: number): Line[] {
  const counts = countByLevel(report.findings).map(([level, count]) => `${count} ${level}`);
  const title = counts.length === 0 ? "Findings: none" : `Findings: ${counts.join(", ")}`;
  return [
    drawHeading(title, width),
    ...sortFindings(report.findings).flatMap((finding) => [...drawFinding(finding, width), []]),
  ];
}

function drawFinding(finding: Finding, width: number): Line[] {
  const { signature } = finding;
  const shown = finding.evidence.slice(0, SHOWN_EVIDENCE);
  const eventWidth = Math.max(0, ...shown.map((evidence) => evidence.event.length));
  const hidden = finding.matches - shown.length;
  return [
    drawTitle(finding, width),
    truncateLine(
      [
        span(INDENT),
        span(
          [signature.id, finding.tactics.map(nameTactic).join(", "), `weight ${finding.weight}`]
            .filter(Boolean)
            .join(" · "),
          "muted",
        ),
      ],
      width,
    ),
    ...shown.flatMap((evidence) =>
      wrapLine(
        [span(`${INDENT}${evidence.event.padEnd(eventWidth)}  `, "muted"), span(evidence.excerpt)],
        width,
        INDENT.length + eventWidth + 2,
        2,
      ),
    ),
    ...(hidden > 0 ? [[span(`${INDENT}… and ${formatCount(hidden)} more like these`, "muted")]] : []),
  ];
}

/** Level and title on the left, techniques on the right when they fit beside it, else below. */
function drawTitle(finding: Finding, width: number): Line {
  const { level, title } = finding.signature;
  const left: Line = [
    span(`${LEVEL_ICONS[level]} ${level.toUpperCase()}`, LEVEL_STYLES[level]),
    span("  "),
    span(title, "strong"),
  ];
  const techniques: Line = [span(finding.techniques.join(" "), "code")];
  const room = width - lineWidth(techniques) - 2;
  if (room < 30) return truncateLine([...left, span("  "), ...techniques], width);
  const cut = truncateLine(left, room);
  return [...cut, span(" ".repeat(Math.max(2, width - lineWidth(cut) - lineWidth(techniques)))), ...techniques];
}

const LEVEL_STYLES: Readonly<Record<SignatureLevel, StyleName>> = {
  critical: "malicious",
  high: "bad",
  medium: "warn",
  low: "code",
  informational: "muted",
};
