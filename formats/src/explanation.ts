import type { Coverage, Finding, Report, SignatureLevel, VerdictLevel } from "@airlock/contracts";
import { formatBytes, formatCount, formatDuration, formatPlural } from "./quantity.ts";

/** Worst first. */
export const LEVELS: readonly SignatureLevel[] = ["critical", "high", "medium", "low", "informational"];

/** A mark beside the word: colour alone is lost on paper, in logs and on many eyes. */
export const VERDICT_ICONS: Readonly<Record<VerdictLevel, string>> = {
  malicious: "✖",
  suspicious: "▲",
  benign: "✔",
  unknown: "?",
};

export const LEVEL_ICONS: Readonly<Record<SignatureLevel, string>> = {
  critical: "✖",
  high: "▲",
  medium: "◆",
  low: "●",
  informational: "○",
};

/** Worst level first; within one, by weight and then by id, so that the order never depends on the run. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  return findings.toSorted(
    (a, b) =>
      LEVELS.indexOf(a.signature.level) - LEVELS.indexOf(b.signature.level) ||
      b.weight - a.weight ||
      (a.signature.id < b.signature.id ? -1 : 1),
  );
}

/** One or two sentences that say why the verdict is what it is. Holds titles of signatures, which may be anyone's text. */
export function explainVerdict(report: Report): string {
  const { level, reasons } = report.verdict;
  const doubts = reasons.map((reason) => `${reason.code} (${reason.detail})`).join("; ");
  switch (level) {
    case "malicious":
    case "suspicious":
      return doubts === ""
        ? `${summariseFindings(report.findings)}.`
        : `${summariseFindings(report.findings)}. The record has holes too: ${doubts}.`;
    case "unknown":
      return report.findings.length === 0
        ? `Harmlessness can't be proved: ${doubts || "no reason given"}.`
        : `Harmlessness can't be proved: ${doubts || "no reason given"}. Seen all the same: ${summariseFindings(report.findings)}.`;
    case "benign":
      return `${report.findings.length === 0 ? "No signature matched" : `Only ${summariseFindings(report.findings)}`} in ${formatDuration(report.run.windowMs)} of observation, and the record is complete (${formatPlural(report.coverage.counted, "event")}, none lost).`;
    default:
      return level satisfies never;
  }
}

/** `2 critical and 1 high finding: "A", "B" and 1 more`. */
function summariseFindings(findings: readonly Finding[]): string {
  if (findings.length === 0) return "no finding";
  const counts = countByLevel(findings).map(([level, count]) => `${count} ${level}`);
  const titles = sortFindings(findings).map((finding) => `“${finding.signature.title}”`);
  const named = titles.length > 3 ? [...titles.slice(0, 3), `${titles.length - 3} more`] : titles;
  return `${joinWords(counts)} ${findings.length === 1 ? "finding" : "findings"}: ${joinWords(named)}`;
}

/** Levels that occur, worst first, with how many findings each has. */
export function countByLevel(findings: readonly Finding[]): [SignatureLevel, number][] {
  return LEVELS.map((level): [SignatureLevel, number] => [
    level,
    findings.filter((finding) => finding.signature.level === level).length,
  ]).filter(([, count]) => count > 0);
}

/** What became of the sample: `exited with code 0`, `still running when the window closed`. */
export function explainOutcome(report: Report): string {
  const { kind, code, signal } = report.run.outcome;
  const how = [code === null ? "" : `code ${code}`, signal === null ? "" : `signal ${signal}`]
    .filter(Boolean)
    .join(", ");
  const suffix = how === "" ? "" : ` (${how})`;
  switch (kind) {
    case "exited":
      return `exited by itself${suffix}`;
    case "crashed":
      return `crashed${suffix}`;
    case "timed-out":
      return "still running at the end of the window, then stopped as planned";
    case "killed":
      return `killed${suffix}`;
    case "never-started":
      return `never started${suffix}`;
    default:
      return kind satisfies never;
  }
}

/** `counted = delivered + suppressed + dropped`, in words. */
export function explainAccount(coverage: Coverage): string {
  const { counted, delivered, suppressed, dropped } = coverage;
  return `${formatCount(counted)} counted = ${formatCount(delivered)} delivered + ${formatCount(suppressed)} repeats suppressed + ${formatCount(dropped)} dropped`;
}

/** `memory (1.0 GiB, changed the sample)`. */
export function explainLimit(hit: Coverage["limits"][number]): string {
  const bound = IN_BYTES.has(hit.limit) ? formatBytes(hit.bound) : formatCount(hit.bound);
  return `${hit.limit} (${bound}, ${hit.affectedSample ? "changed the sample" : "cut our record"})`;
}

const IN_BYTES: ReadonlySet<string> = new Set(["memory", "disk", "volume", "output", "capture", "trace"]);

/** Kinds of behaviour of which the run holds none: what wasn't seen has to be visible too. */
export function listUnseen(report: Report): string[] {
  const { dns, http, tls, flows, listeners } = report.network;
  const seen: [string, number][] = [
    ["child processes", Math.max(0, report.processes.length - 1)],
    ["listening sockets", listeners.length],
    ["DNS queries", dns.length],
    ["HTTP requests", http.length],
    ["TLS handshakes", tls.length],
    ["network flows", flows.length],
    ["new or changed files", report.droppedFiles.length],
    ["output", report.output.stdout.bytes + report.output.stderr.bytes],
  ];
  return seen.filter(([, count]) => count === 0).map(([name]) => name);
}

/** `a`, `a and b`, `a, b and c`. */
export function joinWords(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? "") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

/** ATT&CK's tactics by their ids; a name stays a name. */
export function nameTactic(tactic: string): string {
  return TACTICS[tactic] ?? tactic;
}

const TACTICS: Readonly<Record<string, string>> = {
  TA0043: "reconnaissance",
  TA0042: "resource development",
  TA0001: "initial access",
  TA0002: "execution",
  TA0003: "persistence",
  TA0004: "privilege escalation",
  TA0005: "defense evasion",
  TA0006: "credential access",
  TA0007: "discovery",
  TA0008: "lateral movement",
  TA0009: "collection",
  TA0011: "command and control",
  TA0010: "exfiltration",
  TA0040: "impact",
};
