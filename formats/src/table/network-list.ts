import type { Report, ReportNetwork } from "@airlock/contracts";
import { formatEndpoint } from "../endpoint.ts";
import { formatBytes, formatCount } from "../quantity.ts";
import { type Line, span } from "../styled-text.ts";
import { type Column, drawColumns, drawHeading } from "./frame.ts";

const SHOWN = 15;

/** Whom the sample looked up, talked to and listened for. Everything was answered by the sink, nothing left the host. */
export function drawNetworkList(report: Report, width: number): Line[] {
  const { network } = report;
  const names = nameProcesses(report);
  const left = (list: string) => report.omitted[`network.${list}`] ?? 0;
  const parts = [
    drawPart({ title: "DNS", left: left("dns") }, listDns(network, names), DNS_COLUMNS, width),
    drawPart({ title: "HTTP", left: left("http") }, listHttp(network, names), HTTP_COLUMNS, width),
    drawPart({ title: "TLS", left: left("tls") }, listTls(network, names), TLS_COLUMNS, width),
    drawPart({ title: "Flows", left: left("flows") }, listFlows(network, names), FLOW_COLUMNS, width),
    drawPart({ title: "Listening", left: left("listeners") }, listListeners(network, names), LISTENER_COLUMNS, width),
  ].flat();
  return [
    drawHeading(parts.length === 0 ? "Network: no traffic and no listener" : "Network (answered by the sink)", width),
    ...parts,
  ];
}

type Names = (key: string | null) => string;

/** `wget (17)`: the program's base name and the pid that the sample itself would see. */
function nameProcesses(report: Report): Names {
  const byKey = new Map(
    report.processes.map((process) => [process.key, `${process.image.split("/").at(-1) ?? ""} (${process.pid})`]),
  );
  return (key) => (key === null ? "" : (byKey.get(key) ?? ""));
}

/** `left`: entries of the list that the report itself left out. */
interface PartHead {
  readonly title: string;
  readonly left: number;
}

function drawPart(head: PartHead, rows: readonly string[][], columns: readonly Column[], width: number): Line[] {
  if (rows.length === 0) return [];
  const shown = drawColumns(rows.slice(0, SHOWN), columns, width - 2);
  const hidden = rows.length + head.left - shown.length;
  return [
    [span(`${head.title} (${formatCount(rows.length + head.left)})`, "strong")],
    ...shown.map((line): Line => [span("  "), ...line]),
    ...(hidden > 0 ? [[span(`  … ${formatCount(hidden)} more`, "muted")]] : []),
  ];
}

const DNS_COLUMNS: readonly Column[] = [
  { max: 5 },
  { grow: true },
  { grow: true, style: "muted" },
  { align: "right" },
  { style: "muted", max: 20 },
];
function listDns(network: ReportNetwork, names: Names): string[][] {
  return network.dns.map((query) => [
    query.type,
    query.name,
    query.answers.length === 0 ? "no answer" : `→ ${query.answers.join(", ")}`,
    query.count > 1 ? `×${query.count}` : "",
    names(query.process),
  ]);
}

const HTTP_COLUMNS: readonly Column[] = [
  { max: 8 },
  { grow: true },
  { align: "right" },
  { style: "muted", max: 24 },
  { style: "muted", max: 20 },
];
function listHttp(network: ReportNetwork, names: Names): string[][] {
  return network.http.map((request) => [
    request.method,
    request.url,
    request.status === null ? "—" : String(request.status),
    request.userAgent,
    names(request.process),
  ]);
}

const TLS_COLUMNS: readonly Column[] = [
  { grow: true },
  { max: 46 },
  { style: "muted", max: 32 },
  { style: "muted", max: 20 },
];
function listTls(network: ReportNetwork, names: Names): string[][] {
  return network.tls.map((hello) => [
    hello.serverName || "(no server name)",
    formatEndpoint(hello.address, hello.port),
    hello.ja3 === "" ? "" : `ja3 ${hello.ja3}`,
    names(hello.process),
  ]);
}

const FLOW_COLUMNS: readonly Column[] = [
  { max: 5 },
  { grow: true },
  { max: 12 },
  { align: "right" },
  { align: "right" },
  { style: "muted", max: 20 },
];
function listFlows(network: ReportNetwork, names: Names): string[][] {
  return network.flows.map((flow) => [
    flow.protocol,
    `${formatEndpoint(flow.address, flow.port)}${flow.hostname === null ? "" : ` ${flow.hostname}`}`,
    flow.application,
    `↑ ${formatBytes(flow.bytesSent)}`,
    `↓ ${formatBytes(flow.bytesReceived)}`,
    names(flow.process),
  ]);
}

const LISTENER_COLUMNS: readonly Column[] = [{ max: 5 }, { grow: true }, {}, { style: "muted", max: 20 }];
function listListeners(network: ReportNetwork, names: Names): string[][] {
  return network.listeners.map((listener) => [
    listener.protocol,
    formatEndpoint(listener.address, listener.port),
    listener.exposed ? "✔ declared by the image" : "▲ not declared",
    names(listener.process),
  ]);
}
