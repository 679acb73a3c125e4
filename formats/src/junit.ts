import { printable, type Report } from "@airlock/contracts";
import { explainAccount, explainOutcome, explainVerdict, nameTactic, sortFindings } from "./explanation.ts";

type Finding = Report["findings"][number];

/**
 * JUnit XML, the one form that every CI server shows: a case for the verdict, one for the completeness of the evidence, and
 * one a finding. A finding that weighs nothing is a passed case with its text as output.
 */
export function renderJunit(report: Report): string {
  const cases = [
    writeVerdictCase(report),
    writeEvidenceCase(report),
    ...sortFindings(report.findings).map((finding) => writeFindingCase(finding)),
  ];
  const failures = cases.filter((text) => text.includes("<failure ")).length;
  const errors = cases.filter((text) => text.includes("<error ")).length;
  const counts = `tests="${cases.length}" failures="${failures}" errors="${errors}"`;
  const seconds = (report.run.windowMs / 1000).toFixed(3);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="airlock" ${counts} time="${seconds}">`,
    `  <testsuite name="${escapeXml(`${report.image.reference} ${report.image.platform}`)}" ${counts} skipped="0" time="${seconds}" timestamp="${escapeXml(report.run.startedAt)}">`,
    "    <properties>",
    ...listProperties(report).map(([name, value]) => `      <property name="${name}" value="${escapeXml(value)}"/>`),
    "    </properties>",
    ...cases,
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

function listProperties(report: Report): [string, string][] {
  const { analysis, image, verdict } = report;
  return [
    ["image.reference", image.reference],
    ["image.digest", image.digest],
    ["image.platform", image.platform],
    ["verdict.level", verdict.level],
    ["verdict.score", String(verdict.score)],
    ["coverage", explainAccount(report.coverage)],
    ["outcome", explainOutcome(report)],
    ["analysis.id", analysis.id],
    ["analysis.ruleSet", analysis.ruleSet],
    ["analysis.profile", analysis.profile],
    ["analysis.sensorBuild", analysis.sensorBuild],
  ];
}

function writeVerdictCase(report: Report): string {
  const { level, score } = report.verdict;
  const why = explainVerdict(report);
  const bad = level === "malicious" || level === "suspicious";
  return writeCase(
    "airlock.verdict",
    `verdict is ${level}, score ${score}`,
    bad ? failure(level, why, why) : output(why),
  );
}

/** An error and no failure: the image may be fine, the proof isn't. */
function writeEvidenceCase(report: Report): string {
  const lines = report.verdict.reasons.map((reason) => `${reason.code}: ${printable(reason.detail)}`);
  const body =
    lines.length === 0
      ? output(explainAccount(report.coverage))
      : `<error message="${escapeXml(`the record is incomplete: ${report.verdict.reasons.map(({ code }) => code).join(", ")}`)}" type="incomplete">${escapeXml(lines.join("\n"), true)}</error>`;
  return writeCase("airlock.evidence", "evidence is complete", body);
}

function writeFindingCase(finding: Finding): string {
  const { signature, techniques, tactics, weight, evidence } = finding;
  const name = `[${signature.level.toUpperCase()}] ${signature.id}`;
  const lines = evidence.map(({ event, excerpt }) => `${event}: ${printable(excerpt, 1000)}`);
  const text = [printable(signature.description), `techniques: ${techniques.join(" ") || "none"}`, ...lines].join("\n");
  const className = `airlock.${nameTactic(tactics[0] ?? "behaviour").replaceAll(" ", "-")}`;
  return writeCase(className, name, weight > 0 ? failure(signature.level, signature.title, text) : output(text));
}

function writeCase(className: string, name: string, body: string): string {
  return `    <testcase classname="${escapeXml(className)}" name="${escapeXml(name)}" time="0">${body}</testcase>`;
}

function failure(type: string, message: string, text: string): string {
  return `<failure message="${escapeXml(message)}" type="${escapeXml(type)}">${escapeXml(text, true)}</failure>`;
}

function output(text: string): string {
  return `<system-out>${escapeXml(text, true)}</system-out>`;
}

/** For attributes and content alike. What XML 1.0 can't hold at all was made visible before; lines are kept on request. */
function escapeXml(text: string, keepLines = false): string {
  const safe = keepLines
    ? text
        .split("\n")
        .map((line) => printable(line))
        .join("\n")
    : printable(text);
  return safe.replace(/[\ufffe\uffff]/g, "\ufffd").replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
