import type { EventOf, SinkRecord, SinkRecordOf } from "@airlock/contracts";
import { printableBytes } from "./content-type.ts";
import { canonicalIp } from "./ip-address.ts";
import { actorAt, fullUri, hostText, type Traffic, type TrafficContext } from "./traffic-events.ts";

type SinkFlow = Exclude<SinkRecord, { kind: "account" }>;

/**
 * Adds what was said inside TLS, which only the sinkhole could read. Everything else it logs is on the wire too, and comes
 * from there: the sinkhole shares no clock and no bounds with the capture.
 */
export function addSinkEvents(records: readonly SinkRecord[], traffic: Traffic, context: TrafficContext): void {
  const processes = indexProcesses(traffic);
  for (const record of records) {
    if (record.kind === "account") continue;
    const process = processes.get(flowKey(record)) ?? null;
    if (record.kind === "http" && record.encrypted) addRequest(record, process, context);
    else if (record.kind === "dns" && record.transport === "https") addQuery(record, process, context);
    else if (record.kind === "tcp" && isInnerPayload(record)) addInnerPayload(record, process, traffic, context);
  }
}

function indexProcesses(traffic: Traffic): Map<string, string | null> {
  return new Map(traffic.flows.map(({ flow, process }) => [flowKey(flow), process]));
}

function flowKey(
  flow:
    | Pick<SinkFlow, "protocol" | "sourceIp" | "sourcePort" | "destinationIp" | "destinationPort">
    | Traffic["flows"][number]["flow"],
): string {
  return [
    flow.protocol,
    canonicalIp(flow.sourceIp),
    flow.sourcePort,
    canonicalIp(flow.destinationIp),
    flow.destinationPort,
  ].join(" ");
}

function addRequest(record: SinkRecordOf<"http">, process: string | null, context: TrafficContext): void {
  const { target, destinationIp, destinationPort } = record;
  const header = (name: string) => record.headers.find(([given]) => given.toLowerCase() === name)?.[1];
  const body = printableBytes(Buffer.from(record.body, "base64"));
  const fields: EventOf<"proxy">["fields"] = {
    ...actorAt(context, process, BigInt(record.time)),
    "c-uri": fullUri("https", target, record.host || hostText(destinationIp, destinationPort, 443)),
    "c-uri-query": target.includes("?") ? target.slice(target.indexOf("?") + 1) : undefined,
    "cs-method": record.method,
    "cs-host": record.host || undefined,
    "c-useragent": record.userAgent || undefined,
    "cs-referrer": header("referer"),
    "cs-cookie": header("cookie"),
    "cs-bytes": record.bodyBytes,
    "sc-status": record.status,
    dst_ip: canonicalIp(destinationIp),
    dst_port: destinationPort,
    RequestBody: body || undefined,
  };
  context.log.add<"proxy">({ time: boottime(record, context), category: "proxy", process, fields });
}

function addQuery(record: SinkRecordOf<"dns">, process: string | null, context: TrafficContext): void {
  context.log.add<"dns_query">({
    time: boottime(record, context),
    category: "dns_query",
    process,
    fields: {
      ...actorAt(context, process, BigInt(record.time)),
      QueryName: record.name,
      QueryType: record.type,
      QueryResults: record.answers.length === 0 ? undefined : record.answers.join(";"),
      DestinationIp: canonicalIp(record.destinationIp),
    },
  });
}

/** Requests of HTTP have events of their own. */
function isInnerPayload(record: SinkRecordOf<"tcp">): boolean {
  return record.innerApplication !== "" && record.innerApplication !== "http" && record.first !== "";
}

function addInnerPayload(
  record: SinkRecordOf<"tcp">,
  process: string | null,
  traffic: Traffic,
  context: TrafficContext,
): void {
  const DestinationIp = canonicalIp(record.destinationIp);
  context.log.add<"payload">({
    time: boottime(record, context),
    category: "payload",
    process,
    fields: {
      ...actorAt(context, process, BigInt(record.time)),
      Protocol: "tcp",
      Application: record.innerApplication,
      DestinationIp,
      DestinationPort: record.destinationPort,
      DestinationHostname: traffic.memory.hostnameOf(DestinationIp, BigInt(record.time), process),
      Data: printableBytes(Buffer.from(record.first, "base64")),
      Length: record.bytesIn,
    },
  });
}

function boottime(record: SinkFlow, context: TrafficContext): bigint {
  return BigInt(record.time) - context.bootToUnixNs;
}
