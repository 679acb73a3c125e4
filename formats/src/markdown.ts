import { printable, type Report } from "@airlock/contracts";
import { formatEndpoint } from "./endpoint.ts";
import {
  countByLevel,
  explainAccount,
  explainLimit,
  explainOutcome,
  explainVerdict,
  LEVEL_ICONS,
  listUnseen,
  sortFindings,
  VERDICT_ICONS,
} from "./explanation.ts";
import { summariseNetwork } from "./network-summary.ts";
import { layOutProcesses, type ProcessRow } from "./process-tree.ts";
import { formatBytes, formatDuration, formatScore, shortenDigest } from "./quantity.ts";

type Finding = Report["findings"][number];

/** A job summary on GitHub may hold 1 MiB and a comment 64 KiB; this stays below the smaller bound. */
const MAX_LENGTH = 60_000;
const SHOWN = 20;

/**
 * Markdown for job summaries and pull-request comments. Everything a sample wrote stands in code spans, where no renderer
 * makes links, mentions, pictures or HTML of it.
 */
export function renderMarkdown(report: Report): string {
  const sections = [
    writeHead(report),
    writeCoverage(report),
    writeFindings(report),
    writeProcesses(report),
    writeNetwork(report),
    writeFiles(report),
    writeProvenance(report),
  ].filter((section) => section !== "");
  const kept: string[] = [];
  let length = 0;
  for (const section of sections) {
    length += section.length + 1;
    if (length > MAX_LENGTH) return `${kept.join("\n")}\n_The rest is too long for here; see the JSON report._\n`;
    kept.push(section);
  }
  return kept.join("\n");
}

function writeHead(report: Report): string {
  const { image, verdict } = report;
  return [
    `## ${VERDICT_ICONS[verdict.level]} Airlock: ${verdict.level}, score ${formatScore(verdict.score)} of 100`,
    "",
    `${code(image.reference)}, ${image.digestKind} digest ${code(image.digest)}, ${code(image.platform)}`,
    "",
    escapeMarkdown(explainVerdict(report)),
    "",
  ].join("\n");
}

function writeCoverage(report: Report): string {
  const { coverage, verdict } = report;
  const sensors = coverage.sensors.map(
    (sensor) => `${sensor.confirmed && sensor.aliveAtEnd ? "✔" : "✖"} ${sensor.name}`,
  );
  const limits = coverage.limits.map((hit) => `${explainLimit(hit)} ${escapeMarkdown(hit.detail)}`);
  return [
    `### Coverage: ${verdict.reasons.length === 0 ? "✔ complete" : "✖ incomplete"}`,
    "",
    `- Sensors: ${sensors.join(", ") || "✖ none"}`,
    `- Events: ${explainAccount(coverage)}`,
    `- Window: ${formatDuration(report.run.windowMs)} of ${formatDuration(report.plan.durationMs)}; ${escapeMarkdown(explainOutcome(report))}`,
    `- Limits hit: ${limits.join(", ") || "none"}`,
    `- Truncated: ${coverage.truncated.map((name) => escapeMarkdown(name)).join(", ") || "nothing"}`,
    `- Not seen: ${listUnseen(report).join(", ") || "every kind of behaviour occurred"}`,
    ...verdict.reasons.map((reason) => `- ✖ **${reason.code}**: ${escapeMarkdown(reason.detail)}`),
    "",
  ].join("\n");
}

function writeFindings(report: Report): string {
  const counts = countByLevel(report.findings).map(([level, count]) => `${count} ${level}`);
  return [
    `### Findings: ${counts.join(", ") || "none"}`,
    "",
    ...sortFindings(report.findings).flatMap(writeFinding),
    ...(counts.length === 0 ? [] : [""]),
  ].join("\n");
}

function writeFinding(finding: Finding): string[] {
  const { signature, techniques, evidence, matches } = finding;
  const shown = evidence.slice(0, 5);
  const tags = techniques.length === 0 ? "" : ` (${techniques.map((id) => code(id)).join(", ")})`;
  const title = `${LEVEL_ICONS[signature.level]} **${signature.level}** ${escapeMarkdown(signature.title)}`;
  return [
    `- ${title}${tags} ${code(signature.id)}`,
    ...shown.map(({ event, excerpt }) => `  - ${code(event)} ${code(excerpt, 300)}`),
    ...(matches > shown.length ? [`  - … and ${matches - shown.length} more`] : []),
  ];
}

function writeProcesses(report: Report): string {
  const { rows, omitted } = layOutProcesses(report, 40);
  if (rows.length === 0) return "";
  const hidden = omitted + (report.omitted["processes"] ?? 0);
  return [
    `<details><summary>Processes (${report.processes.length})</summary>`,
    "",
    ...rows.map(writeProcess),
    ...(hidden > 0 ? [`- … and ${hidden} more`] : []),
    "",
    "</details>",
    "",
  ].join("\n");
}

function writeProcess(row: ProcessRow): string {
  const { process } = row;
  const end = process.signal ?? (process.exitCode === null ? "" : `exit ${process.exitCode}`);
  const origin = process.origin === "image" ? "" : `▲ ${escapeMarkdown(process.origin)} `;
  const repeats = row.repeats > 1 ? ` ×${row.repeats}` : "";
  // Past some depth a list item would become a code block in many renderers.
  const indent = "  ".repeat(Math.min(row.depth, 10));
  return `${indent}- ${origin}${code(process.commandLine || process.image, 300)}${repeats} ${escapeMarkdown(end)}`.trimEnd();
}

function writeNetwork(report: Report): string {
  const { dns, http, tls, flows, listeners } = summariseNetwork(report);
  const lines = [
    ...dns.map(
      ({ item, times }) =>
        `- DNS ${code(item.name)} → ${item.answers.map((answer) => code(answer)).join(", ") || "no answer"}${writeTimes(times)}`,
    ),
    ...http.map(
      ({ item, times }) =>
        `- HTTP ${code(item.method)} ${code(item.url, 300)} ${item.status ?? ""}`.trimEnd() + writeTimes(times),
    ),
    ...tls.map(
      ({ item, times }) =>
        `- TLS ${code(item.serverName || "(no server name)")} ${code(formatEndpoint(item.address, item.port))}${writeTimes(times)}`,
    ),
    ...flows.map(
      ({ item, times }) =>
        `- ${code(item.protocol)} ${code(formatEndpoint(item.hostname ?? item.address, item.port))} ${code(item.application)} ↑ ${formatBytes(item.bytesSent)} ↓ ${formatBytes(item.bytesReceived)}${writeTimes(times)}`,
    ),
    ...listeners.map(
      ({ item }) =>
        `- listens on ${code(`${formatEndpoint(item.address, item.port)}/${item.protocol}`)}${item.exposed ? "" : " ▲ not declared"}`,
    ),
  ];
  return writeDetails("Network", lines);
}

function writeTimes(times: number): string {
  return times > 1 ? ` ×${times}` : "";
}

function writeFiles(report: Report): string {
  const lines = report.droppedFiles.map(
    (file) =>
      `- ${file.change} ${code(file.path, 300)} ${code(file.type)}, ${formatBytes(file.size)}, ${code(`sha256:${file.sha256}`)}`,
  );
  return writeDetails("Files new or changed", lines);
}

function writeDetails(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return "";
  const rest = lines.length > SHOWN ? [`- … and ${lines.length - SHOWN} more`] : [];
  return [
    `<details><summary>${title} (${lines.length})</summary>`,
    "",
    ...lines.slice(0, SHOWN),
    ...rest,
    "",
    "</details>",
    "",
  ].join("\n");
}

function writeProvenance(report: Report): string {
  const { id, ruleSet, profile, sensorBuild, engineVersion } = report.analysis;
  return `<sub>analysis ${code(id)}, rules ${code(shortenDigest(ruleSet))}, profile ${code(profile)}, sensor ${code(sensorBuild)}, ${code(engineVersion)}</sub>\n`;
}

/** A code span whose fence is longer than any run of backticks inside, so that nothing inside can end it. */
function code(text: string, maxLength = 200): string {
  const safe = printable(text, maxLength);
  if (safe.trim() === "") return "` `";
  const longest = Math.max(0, ...Array.from(safe.matchAll(/`+/g), ([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const pad = safe.startsWith("`") || safe.endsWith("`") || (safe.startsWith(" ") && safe.endsWith(" ")) ? " " : "";
  return `${fence}${pad}${safe}${pad}${fence}`;
}

/**
 * For our own sentences that may hold somebody's words: every character that means something becomes an entity. Mentions
 * and issue numbers are looked for after entities were resolved, so `@` and `#` become look-alikes.
 */
function escapeMarkdown(text: string): string {
  return printable(text)
    .replaceAll("@", "\uff20")
    .replaceAll("#", "\uff03")
    .replace(/[&<>"'`*_{}[\]+!|~\\]/g, (character) => `&#${character.charCodeAt(0)};`)
    .replace(/:\/\//g, ":&#47;&#47;")
    .replace(/www\./gi, (match) => `${match.slice(0, 3)}&#46;`);
}
