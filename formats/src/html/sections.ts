import type { Report } from "@airlock/contracts";
import {
  countByLevel,
  explainAccount,
  explainLimit,
  explainOutcome,
  LEVEL_ICONS,
  listUnseen,
  nameTactic,
  sortFindings,
} from "../explanation.ts";
import { layOutProcesses, type ProcessRow } from "../process-tree.ts";
import { formatBytes, formatCount, formatDuration, formatPlural } from "../quantity.ts";
import { html, type Markup } from "./markup.ts";

/** Rows a list shows; everything is in the JSON document. */
const SHOWN = 500;

export function writeCoverage(report: Report): Markup {
  const { coverage, verdict } = report;
  const complete = verdict.reasons.length === 0;
  return html`<section><h2>Coverage: <span class="${complete ? "good" : "bad"}">${complete ? "✔ complete" : "✖ incomplete"}</span></h2><dl>
<dt>Sensors</dt><dd>${coverage.sensors.map(writeSensor)}</dd>
<dt>Events</dt><dd class="${coverage.dropped > 0 ? "bad" : ""}">${explainAccount(coverage)}</dd>
<dt>Window</dt><dd>${formatDuration(report.run.windowMs)} of ${formatDuration(report.plan.durationMs)}; ${explainOutcome(report)}; frozen ${formatDuration(coverage.frozenMs)}</dd>
<dt>Ran</dt><dd>${coverage.entrypoints.map((entry) => html`${entry.exercised ? "✔ " : "✖ not exercised: "}<code>${entry.argv.join(" ")}</code> `)}</dd>
<dt>Limits hit</dt><dd>${coverage.limits.length === 0 ? "none" : coverage.limits.map((hit) => html`<div class="warn">▲ ${explainLimit(hit)} ${hit.detail}</div>`)}</dd>
<dt>Truncated</dt><dd>${coverage.truncated.join(", ") || "nothing"}</dd>
<dt>Not seen</dt><dd>${listUnseen(report).join(", ") || "every kind of behaviour occurred"}</dd>
${verdict.reasons.map((reason) => html`<dt>Doubt</dt><dd><strong class="bad">✖ ${reason.code}</strong> ${reason.detail}</dd>`)}</dl></section>`;
}

function writeSensor(sensor: Report["coverage"]["sensors"][number]): Markup {
  return sensor.confirmed && sensor.aliveAtEnd
    ? html`<span class="good">✔ ${sensor.name}</span> `
    : html`<span class="bad">✖ ${sensor.name} ${sensor.confirmed ? "died" : "never confirmed"}: ${sensor.detail}</span> `;
}

export function writeFindings(report: Report): Markup {
  const counts = countByLevel(report.findings).map(([level, count]) => `${count} ${level}`);
  return html`<section><h2>Findings: ${counts.join(", ") || "none"}</h2>
${sortFindings(report.findings).map(writeFinding)}</section>`;
}

function writeFinding(finding: Report["findings"][number]): Markup {
  const { signature, techniques, tactics, weight, matches, evidence } = finding;
  return html`<details open><summary><span class="level ${signature.level}">${LEVEL_ICONS[signature.level]} ${signature.level}</span> <strong>${signature.title}</strong> ${techniques.map((id) => html`<span class="chip">${id}</span> `)}</summary>
<p>${signature.description}</p><p class="muted">${[signature.id, ...tactics.map(nameTactic), `weight ${weight}`, formatPlural(matches, "match", "matches")].join(" · ")}</p>
<ol>${evidence.map(({ event, excerpt }) => html`<li><code class="muted">${event}</code><code>${excerpt}</code></li>`)}</ol></details>`;
}

export function writeProcesses(report: Report): Markup {
  const { rows, omitted } = layOutProcesses(report, SHOWN);
  const hidden = omitted + (report.omitted["processes"] ?? 0);
  return html`<section><h2>Processes (${formatCount(report.processes.length)})</h2><pre>${rows.map(writeProcess)}</pre>${writeHidden(hidden)}</section>`;
}

function writeProcess(row: ProcessRow): Markup {
  const { process, continues, repeats } = row;
  const shown = continues.slice(-30);
  const bars = shown.slice(0, -1).map((more) => (more ? "│  " : "   "));
  const branch = shown.length === 0 ? "" : `${bars.join("")}${shown.at(-1) === true ? "├─ " : "└─ "}`;
  const end = process.signal ?? (process.exitCode === null ? "running" : `exit ${process.exitCode}`);
  const origin = process.origin === "image" ? html`` : html`<span class="warn">▲ ${process.origin}</span> `;
  return html`<span class="muted">${branch}</span>${origin}${process.commandLine || process.image}${repeats > 1 ? html` <strong>×${repeats}</strong>` : html``} <span class="muted">pid ${process.pid}, ${end}</span>
`;
}

export function writeNetwork(report: Report): Markup {
  const { dns, http, tls, flows, listeners } = report.network;
  return html`<section><h2>Network <span class="muted">(answered by the sink, nothing left the host)</span></h2>
${writeTable(
  "DNS",
  ["type", "name", "answers", "times"],
  dns.map((query) => [query.type, query.name, query.answers.join(", ") || "no answer", query.count]),
)}
${writeTable(
  "HTTP",
  ["method", "URL", "status", "user agent"],
  http.map((request) => [request.method, request.url, request.status ?? "—", request.userAgent]),
)}
${writeTable(
  "TLS",
  ["server name", "address", "port", "JA3"],
  tls.map((hello) => [hello.serverName, hello.address, hello.port, hello.ja3]),
)}
${writeTable(
  "Flows",
  ["protocol", "address", "port", "name", "application", "sent", "received"],
  flows.map((flow) => [
    flow.protocol,
    flow.address,
    flow.port,
    flow.hostname ?? "",
    flow.application,
    formatBytes(flow.bytesSent),
    formatBytes(flow.bytesReceived),
  ]),
)}
${writeTable(
  "Listening",
  ["protocol", "address", "port", ""],
  listeners.map((listener) => [
    listener.protocol,
    listener.address,
    listener.port,
    listener.exposed ? "✔ declared by the image" : "▲ not declared",
  ]),
)}</section>`;
}

export function writeFiles(report: Report): Markup {
  const touched = report.files.filter((file) => file.operations.some((operation) => operation !== "read"));
  return html`<section><h2>Files</h2>
${writeTable(
  "New or changed at the end",
  ["", "path", "type", "size", "mode", "SHA-256"],
  report.droppedFiles.map((file) => [
    file.change === "added" ? "+ added" : "~ changed",
    file.path,
    file.type,
    formatBytes(file.size),
    file.mode,
    file.sha256,
  ]),
)}
${writeTable(
  "Touched",
  ["operations", "path", "origin", "written"],
  touched.map((file) => [file.operations.join(", "), file.path, file.origin, formatBytes(file.bytesWritten)]),
)}</section>`;
}

export function writeOutput(report: Report): Markup {
  const { stdout, stderr } = report.output;
  return html`<section><h2>Output</h2>${writeStream("Standard output", stdout)}${writeStream("Standard error", stderr)}</section>`;
}

function writeStream(name: string, output: Report["output"]["stdout"]): Markup {
  if (output.bytes === 0) return html`<p class="muted">${name}: nothing</p>`;
  const lines = output.text.split("\n");
  return html`<details><summary>${name}, ${formatBytes(output.bytes)}${output.truncated ? ", the rest was not kept" : ""}</summary><pre>${lines
    .slice(0, SHOWN)
    .map(
      (line) => html`${line}
`,
    )}</pre>${writeHidden(lines.length - SHOWN)}</details>`;
}

function writeTable(title: string, heads: readonly string[], rows: readonly (readonly (string | number)[])[]): Markup {
  if (rows.length === 0) return html`<p class="muted">${title}: none</p>`;
  return html`<details open><summary>${title} (${formatCount(rows.length)})</summary><table><thead><tr>${heads.map((head) => html`<th>${head}</th>`)}</tr></thead><tbody>
${rows.slice(0, SHOWN).map(
  (row) => html`<tr>${row.map((cell) => html`<td class="mono">${cell}</td>`)}</tr>
`,
)}</tbody></table>${writeHidden(rows.length - SHOWN)}</details>`;
}

function writeHidden(hidden: number): Markup {
  return hidden > 0 ? html`<p class="muted">… ${formatCount(hidden)} more in the JSON report</p>` : html``;
}
