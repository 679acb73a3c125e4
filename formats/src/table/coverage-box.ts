import type { Coverage, Report } from "@airlock/contracts";
import { explainAccount, explainLimit, explainOutcome, listUnseen } from "../explanation.ts";
import { formatCount, formatDuration } from "../quantity.ts";
import { type Line, lineWidth, type Span, span, wrapLine } from "../styled-text.ts";
import { drawBox } from "./frame.ts";

const LABEL_WIDTH = 11;

/** What was watched, for how long, and what is missing: a verdict is worth as much as its record is complete (I2). */
export function drawCoverageBox(report: Report, width: number): Line[] {
  const { coverage, verdict } = report;
  const complete = verdict.reasons.length === 0;
  const title: Line = [
    span("Coverage ", "heading"),
    complete ? span("✔ complete", "good") : span("✖ incomplete", "bad"),
  ];
  const inner = width - 4;
  const lines = [
    ...drawField("Sensors", drawSensors(coverage), inner),
    ...drawField("Events", drawAccount(coverage), inner),
    ...drawField("Window", drawWindow(report), inner),
    ...drawField("Ran", drawEntrypoints(coverage), inner),
    ...drawField("Limits", drawLimits(coverage), inner),
    ...drawField("Truncated", drawTruncated(coverage), inner),
    ...drawField(
      "Not seen",
      [span(listUnseen(report).join(", ") || "every kind of behaviour occurred", "muted")],
      inner,
    ),
    ...verdict.reasons.flatMap((reason) =>
      drawField("Doubt", [span(`✖ ${reason.code}`, "bad"), span(`  ${reason.detail}`)], inner),
    ),
  ];
  return drawBox(title, lines, width, complete ? "muted" : "warn");
}

function drawField(label: string, value: Line, width: number): Line[] {
  return wrapLine([span(label.padEnd(LABEL_WIDTH), "muted"), ...value], width, LABEL_WIDTH, 4);
}

function drawSensors(coverage: Coverage): Line {
  if (coverage.sensors.length === 0) return [span("✖ none", "bad")];
  return coverage.sensors.flatMap((sensor): Span[] => {
    const sound = sensor.confirmed && sensor.aliveAtEnd;
    const trouble = sensor.confirmed ? "died" : "never confirmed";
    return [
      sound ? span(`✔\u00a0${sensor.name}`, "good") : span(`✖\u00a0${sensor.name} ${trouble}: ${sensor.detail}`, "bad"),
      span("  "),
    ];
  });
}

function drawAccount(coverage: Coverage): Line {
  const account: Span = span(explainAccount(coverage), coverage.dropped > 0 ? "bad" : null);
  const lossy = Object.entries(coverage.classes).filter(([, books]) => books.dropped > 0);
  const where = lossy.map(([name, books]) => `${name} ${formatCount(books.dropped)}`).join(", ");
  return where === "" ? [account] : [account, span(` (lost: ${where})`, "bad")];
}

function drawWindow(report: Report): Line {
  const { kind } = report.run.outcome;
  const frozen = report.coverage.frozenMs > 0 ? `; frozen ${formatDuration(report.coverage.frozenMs)}` : "";
  return [
    span(`${formatDuration(report.run.windowMs)} of ${formatDuration(report.plan.durationMs)}; `),
    span(explainOutcome(report), kind === "never-started" || kind === "crashed" ? "warn" : null),
    span(frozen, "warn"),
  ];
}

function drawEntrypoints(coverage: Coverage): Line {
  const pieces = coverage.entrypoints.flatMap((entry): Line => {
    const argv = span(entry.argv.join(" "), "code", 400);
    return entry.exercised
      ? [span("✔ ", "good"), argv, span("  ")]
      : [span("✖ not exercised: ", "bad"), argv, span("  ")];
  });
  return lineWidth(pieces) === 0 ? [span("✖ no entry point", "bad")] : pieces;
}

function drawLimits(coverage: Coverage): Line {
  if (coverage.limits.length === 0) return [span("none hit")];
  return coverage.limits.flatMap((hit, index): Line => {
    return [span(`${index > 0 ? ", " : ""}▲ ${explainLimit(hit)}`, "warn"), span(` ${hit.detail}`, "muted")];
  });
}

function drawTruncated(coverage: Coverage): Line {
  return coverage.truncated.length === 0
    ? [span("nothing")]
    : [span(`▲ ${coverage.truncated.join(", ")} ends before the run did`, "warn")];
}
