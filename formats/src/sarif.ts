import { createHash } from "node:crypto";
import { printable, type Report, type SignatureLevel } from "@airlock/contracts";
import type { Log, ReportingDescriptor, Result, Run } from "sarif";
import { explainAccount, explainOutcome, explainVerdict, nameTactic, sortFindings } from "./explanation.ts";
import { escapeUnsafe } from "./json.ts";

type Finding = Report["findings"][number];

/** GitHub refuses a longer text and reads only so many tags. */
const MAX_TEXT = 1000;
const MAX_TAGS = 10;

/**
 * SARIF 2.1.0 as GitHub code scanning wants it: no text empty, every result with a place and a stable fingerprint, and one
 * category an image and platform, so that several images of one repository don't overwrite each other.
 */
export function renderSarif(report: Report): string {
  const findings = sortFindings(report.findings);
  const log: Log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [describeRun(report, findings)],
  };
  return `${escapeUnsafe(JSON.stringify(log, null, 2))}\n`;
}

function describeRun(report: Report, findings: readonly Finding[]): Run {
  const { analysis, image, verdict } = report;
  return {
    tool: {
      driver: {
        name: "Airlock",
        version: clean(analysis.sensorBuild),
        rules: findings.map(describeRule),
      },
    },
    automationDetails: { id: `airlock/${slugImage(image.reference)}/${image.platform}/` },
    invocations: [
      {
        executionSuccessful: true,
        startTimeUtc: report.run.startedAt,
        endTimeUtc: report.run.endedAt,
        toolExecutionNotifications: verdict.reasons.map((reason) => ({
          level: "warning",
          descriptor: { id: reason.code },
          message: { text: clean(`The record is incomplete: ${reason.code}: ${reason.detail}`) },
        })),
      },
    ],
    results: findings.map((finding, index) => describeResult(finding, index, report)),
    properties: {
      imageName: printable(image.reference),
      imageDigest: image.digest,
      digestKind: image.digestKind,
      platform: image.platform,
      verdict: verdict.level,
      score: verdict.score,
      why: clean(explainVerdict(report)),
      outcome: explainOutcome(report),
      coverage: explainAccount(report.coverage),
      ruleSet: analysis.ruleSet,
      profile: analysis.profile,
      sensorBuild: analysis.sensorBuild,
    },
  };
}

function describeRule(finding: Finding): ReportingDescriptor {
  const { signature, techniques, tactics } = finding;
  const tags = [
    "security",
    ...techniques.map((id) => `attack.${id.toLowerCase()}`),
    ...tactics.map((tactic) => `attack.${nameTactic(tactic).replaceAll(" ", "-")}`),
  ];
  return {
    id: clean(signature.id),
    name: clean(signature.id),
    shortDescription: { text: clean(signature.title) },
    fullDescription: { text: clean(signature.description || signature.title) },
    help: {
      text: clean(`${signature.description || signature.title} Seen in the sandbox; the message lists the evidence.`),
    },
    defaultConfiguration: { level: SARIF_LEVELS[signature.level] },
    properties: {
      tags: tags.slice(0, MAX_TAGS).map((tag) => clean(tag)),
      precision: "high",
      "security-severity": SECURITY_SEVERITIES[signature.level],
    },
  };
}

function describeResult(finding: Finding, ruleIndex: number, report: Report): Result {
  const { signature, evidence, matches } = finding;
  const hidden = matches - Math.min(matches, SHOWN_EVIDENCE);
  const lines = evidence.slice(0, SHOWN_EVIDENCE).map(({ event, excerpt }) => `${event}: ${printable(excerpt, 300)}`);
  const more = hidden > 0 ? [`… and ${hidden} more`] : [];
  return {
    ruleId: clean(signature.id),
    ruleIndex,
    level: SARIF_LEVELS[signature.level],
    message: { text: [printable(signature.title, MAX_TEXT), ...lines, ...more].join("\n") || signature.level },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: slugImage(report.image.reference) },
          // There is no source line: the place is the image, and a region is required all the same.
          region: { startLine: 1, startColumn: 1, endLine: 1, endColumn: 1 },
        },
      },
    ],
    partialFingerprints: { primaryLocationLineHash: fingerprint(finding) },
    properties: { weight: finding.weight, matches, events: evidence.map(({ event }) => clean(event)) },
  };
}

const SHOWN_EVIDENCE = 10;

const SARIF_LEVELS: Readonly<Record<SignatureLevel, "error" | "warning" | "note">> = {
  critical: "error",
  high: "error",
  medium: "warning",
  low: "note",
  informational: "note",
};

/** GitHub's bands: above 9.0 critical, from 7.0 high, from 4.0 medium, from 0.1 low. */
const SECURITY_SEVERITIES: Readonly<Record<SignatureLevel, string>> = {
  critical: "9.5",
  high: "8.0",
  medium: "5.0",
  low: "2.0",
  informational: "0.1",
};

/** The same finding in the next run of the next build: numbers (pids, ports, times) are left out of the hash. */
function fingerprint(finding: Finding): string {
  const evidence = finding.evidence.map(({ excerpt }) => excerpt.replace(/\d+/g, "0")).toSorted();
  return createHash("sha256")
    .update(JSON.stringify([finding.signature.id, evidence[0] ?? ""]))
    .digest("hex");
}

/** A relative URI of safe characters only; a tag or digest is no part of the place, or every build would look new. */
function slugImage(reference: string): string {
  const name = reference.replace(/@sha256:.*$/, "").replace(/:[^:/]*$/, "");
  const slug = name
    .replace(/[^A-Za-z0-9._/-]+/g, "-")
    .replace(/\.{2,}|\/{2,}/g, "-")
    .replace(/^[/.-]+|[/.-]+$/g, "");
  return slug.slice(0, 200) || "image";
}

/** Bounded, safe and never empty. */
function clean(text: string): string {
  return printable(text, MAX_TEXT) || "-";
}
