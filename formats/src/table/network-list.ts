import type { Report } from "@airlock/contracts";
import { formatEndpoint } from "../endpoint.ts";
import { type NetworkSummary, summariseNetwork } from "../network-summary.ts";
import { formatBytes, formatCount } from "../quantity.ts";
import { type Line, span } from "../styled-text.ts";
import { type Column, drawColumns, drawHeading } from "./frame.ts";

const SHOWN = 15;

/** Whom the sample looked up, talked to and listened for. Everything was answered by the sink, nothing left the host. */
export function drawNetworkList(report: Report, width: number): Line[] {
  const network = summariseNetwork(report);
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

type Names = (keys: readonly string[]) => string;

/** `wget 17`: what the process called itself and the pid that the sample itself would see. Of several, the first. */
function nameProcesses(report: Report): Names {
  const byKey = new Map(
    report.processes.map(({ key, commandLine, image, pid }) => {
      const program = commandLine.split(" ", 1)[0] || image;
      return [key, `${program.split("/").at(-1)} ${pid}`];
    }),
  );
  return (keys) => {
    const named = keys.flatMap((key) => byKey.get(key) ?? []);
    return named.length > 1 ? `${named[0]} +${named.length - 1}` : (named[0] ?? "");
  };
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

const TIMES: Column = { align: "right" };
const PROCESS: Column = { style: "muted", max: 20 };

const DNS_COLUMNS: readonly Column[] = [{ grow: true }, { max: 12, style: "muted" }, { grow: true }, TIMES, PROCESS];

function listDns(network: NetworkSummary, names: Names): string[][] {
  return network.dns.map(({ item, times, processes }) => [
    item.name,
    item.types.join("/"),
    item.answers.length === 0 ? "no answer" : `→ ${item.answers.join(", ")}`,
    formatTimes(times),
    names(processes),
  ]);
}

const HTTP_COLUMNS: readonly Column[] = [
  { max: 8 },
  { grow: true },
  { align: "right" },
  { style: "muted", max: 24 },
  TIMES,
  PROCESS,
];

function listHttp(network: NetworkSummary, names: Names): string[][] {
  return network.http.map(({ item, times, processes }) => [
    item.method,
    item.url,
    item.status === null ? "—" : String(item.status),
    item.userAgent,
    formatTimes(times),
    names(processes),
  ]);
}

const TLS_COLUMNS: readonly Column[] = [{ grow: true }, { max: 46 }, { style: "muted", max: 32 }, TIMES, PROCESS];

function listTls(network: NetworkSummary, names: Names): string[][] {
  return network.tls.map(({ item, times, processes }) => [
    item.serverName || "(no server name)",
    formatEndpoint(item.address, item.port),
    item.ja3 === "" ? "" : `ja3 ${item.ja3}`,
    formatTimes(times),
    names(processes),
  ]);
}

const FLOW_COLUMNS: readonly Column[] = [
  { max: 5 },
  { grow: true },
  { max: 12 },
  { align: "right" },
  { align: "right" },
  TIMES,
  PROCESS,
];

function listFlows(network: NetworkSummary, names: Names): string[][] {
  return network.flows.map(({ item, times, processes }) => [
    item.protocol,
    `${formatEndpoint(item.address, item.port)}${item.hostname === null ? "" : ` ${item.hostname}`}`,
    item.application,
    `↑ ${formatBytes(item.bytesSent)}`,
    `↓ ${formatBytes(item.bytesReceived)}`,
    formatTimes(times),
    names(processes),
  ]);
}

const LISTENER_COLUMNS: readonly Column[] = [{ max: 5 }, { grow: true }, {}, TIMES, PROCESS];

function listListeners(network: NetworkSummary, names: Names): string[][] {
  return network.listeners.map(({ item, times, processes }) => [
    item.protocol,
    formatEndpoint(item.address, item.port),
    item.exposed ? "✔ declared by the image" : "▲ not declared",
    formatTimes(times),
    names(processes),
  ]);
}

function formatTimes(times: number): string {
  return times > 1 ? `×${formatCount(times)}` : "";
}
