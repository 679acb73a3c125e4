import { createHash } from "node:crypto";
import type { Report } from "@airlock/contracts";
import { explainVerdict, VERDICT_ICONS } from "../explanation.ts";
import { formatScore } from "../quantity.ts";
import { html, type Markup, trust } from "./markup.ts";
import { writeCoverage, writeFiles, writeFindings, writeNetwork, writeOutput, writeProcesses } from "./sections.ts";
import { STYLE } from "./style.ts";

/**
 * One file that can be opened, mailed and printed: no script, no link, no request. Its own content policy forbids all three,
 * in case a sample's text should ever get past the escaping.
 */
export function renderHtml(report: Report): string {
  const policy = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'; base-uri 'none'; form-action 'none'`;
  const { level } = report.verdict;
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${trust(policy)}">
<meta name="referrer" content="no-referrer"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Airlock: ${level}: ${report.image.reference}</title><style>${trust(STYLE)}</style></head><body>
${writeHeader(report)}
${writeCoverage(report)}
${writeFindings(report)}
${writeProcesses(report)}
${writeNetwork(report)}
${writeFiles(report)}
${writeOutput(report)}
${writeFooter(report)}
</body></html>
`.markup;
}

function writeHeader(report: Report): Markup {
  const { image, verdict } = report;
  const score = formatScore(verdict.score);
  return html`<header class="${verdict.level}"><h1>${VERDICT_ICONS[verdict.level]} ${verdict.level}</h1>
<p><meter min="0" max="100" low="30" high="70" optimum="0" value="${score}">${score} of 100</meter> score ${score} of 100</p>
<p>${explainVerdict(report)}</p>
<dl><dt>Image</dt><dd><code>${image.reference}</code></dd><dt>Digest</dt><dd><code>${image.digest}</code> (${image.digestKind})</dd>
<dt>Platform</dt><dd>${image.platform}</dd></dl></header>`;
}

function writeFooter(report: Report): Markup {
  const { analysis, run } = report;
  return html`<footer>analysis ${analysis.id} · ${run.startedAt} · rules <code>${analysis.ruleSet}</code> · profile ${analysis.profile} · sensor ${analysis.sensorBuild} · ${analysis.engineVersion}</footer>`;
}
