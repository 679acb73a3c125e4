import type { EventOf } from "@airlock/contracts";
import type { FlowObservation, NetworkObservations } from "../packets/network-observations.ts";
import { printableBytes } from "./content-type.ts";
import { type DnsMemory, rememberAnswers } from "./dns-memory.ts";
import type { EventLog } from "./event-log.ts";
import { type JoinedFlow, joinFlows } from "./flow-join.ts";
import { canonicalIp } from "./ip-address.ts";
import { isKernelChatter } from "./kernel-chatter.ts";
import { type Actor, describeProcess } from "./process-events.ts";
import type { ProcessTable } from "./process-table.ts";
import type { SocketTie } from "./socket-events.ts";

export interface Traffic {
  readonly flows: readonly JoinedFlow[];
  readonly memory: DnsMemory;
}

export interface TrafficContext {
  readonly log: EventLog;
  readonly table: ProcessTable;
  readonly bootToUnixNs: bigint;
}

/** Completes the connections that calls told of with what the wire saw, and adds what only the wire knows. */
export function addTrafficEvents(
  network: NetworkObservations,
  ties: readonly SocketTie[],
  context: TrafficContext,
): Traffic {
  const flows = joinFlows(network.flows, ties, context.bootToUnixNs);
  const memory = rememberAnswers(network.dns, (flow) => flows[flow]?.process ?? null);
  for (const joined of flows) addFlow(joined, memory, context);
  addFurtherPayloads(network, { flows, memory }, context);
  nameDestinations(ties, memory, context.bootToUnixNs);
  addDns(network, flows, context);
  addHttp(network, flows, context);
  addTls(network, flows, context);
  return { flows, memory };
}

/** What a process looks like in an event about traffic; nothing when it is not known. */
export function actorAt(context: TrafficContext, process: string | null, unixTime: bigint): Partial<Actor> {
  return process === null ? {} : describeProcess(context.table, process, unixTime - context.bootToUnixNs);
}

function addFlow(joined: JoinedFlow, memory: DnsMemory, context: TrafficContext): void {
  const { flow, tie } = joined;
  if (tie?.draft !== undefined) completeDraft(tie.draft.fields, flow);
  else if (!isKernelChatter(flow)) addWireConnection(joined, memory, context);
  // What the sample answers to our own probes may be our own bytes, echoed: it is no behaviour of the sample.
  if (!flow.initiatedBySample || flow.firstSent.length === 0) return;
  if (flow.application !== "dns" && !isKernelChatter(flow)) addPayload(joined, memory, context);
}

function completeDraft(fields: EventOf<"network_connection">["fields"], flow: FlowObservation): void {
  fields.SourceIp = canonicalIp(flow.sourceIp);
  fields.DestinationIp = canonicalIp(flow.destinationIp);
  fields.DestinationIsIpv6 = fields.DestinationIp.includes(":");
  if (flow.protocol === "tcp" || flow.protocol === "udp") {
    fields.SourcePort = flow.sourcePort;
    fields.DestinationPort = flow.destinationPort;
  }
  // A server that answers a probe by sendto did not begin this.
  fields.Initiated = flow.initiatedBySample;
  // A non-blocking connect says EINPROGRESS; the wire knows how it went on.
  if (fields.Result === "EINPROGRESS" && flow.established) fields.Result = "ok";
  Object.assign(fields, wireFields(flow));
}

function wireFields(flow: FlowObservation): { Application?: string; BytesSent: number; BytesReceived: number } {
  return {
    ...(flow.application === "none" ? {} : { Application: flow.application }),
    BytesSent: flow.bytesSent,
    BytesReceived: flow.bytesReceived,
  };
}

/** A flow without a call: io_uring, a lost record, or traffic that our own sinkhole began. */
function addWireConnection(joined: JoinedFlow, memory: DnsMemory, context: TrafficContext): void {
  const { flow, process } = joined;
  const hasPorts = flow.protocol === "tcp" || flow.protocol === "udp";
  const destination = canonicalIp(flow.destinationIp);
  context.log.add<"network_connection">({
    time: flow.startTime - context.bootToUnixNs,
    category: "network_connection",
    process,
    fields: {
      ...actorAt(context, process, flow.startTime),
      Result: flow.established ? "ok" : undefined,
      Protocol: flow.protocol,
      Initiated: flow.initiatedBySample,
      SourceIp: canonicalIp(flow.sourceIp),
      SourcePort: hasPorts ? flow.sourcePort : undefined,
      DestinationIp: destination,
      DestinationPort: hasPorts ? flow.destinationPort : undefined,
      DestinationHostname: flow.initiatedBySample ? memory.hostnameOf(destination, flow.startTime, process) : undefined,
      DestinationIsIpv6: destination.includes(":"),
      ...wireFields(flow),
    },
  });
}

/** The beginning of what a flow sent; it alone says what the flow is. */
function addPayload(joined: JoinedFlow, memory: DnsMemory, context: TrafficContext): void {
  const { flow } = joined;
  context.log.add<"payload">({
    time: flow.startTime - context.bootToUnixNs,
    category: "payload",
    process: joined.process,
    fields: {
      ...payloadFields(joined, memory, context),
      Application: flow.application,
      Data: printableBytes(flow.firstSent),
    },
  });
}

/** The rest, piece by piece: what is sent late in a flow is sent as well. */
function addFurtherPayloads(network: NetworkObservations, { flows, memory }: Traffic, context: TrafficContext): void {
  for (const piece of network.sent) {
    const joined = flows[piece.flow];
    if (joined === undefined || !joined.flow.initiatedBySample || isKernelChatter(joined.flow)) continue;
    context.log.add<"payload">({
      time: piece.time - context.bootToUnixNs,
      category: "payload",
      process: joined.process,
      fields: {
        ...payloadFields(joined, memory, context),
        Data: printableBytes(piece.data),
        Offset: piece.offset,
      },
    });
  }
}

function payloadFields({ flow, process }: JoinedFlow, memory: DnsMemory, context: TrafficContext) {
  const destination = canonicalIp(flow.destinationIp);
  const hasPorts = flow.protocol === "tcp" || flow.protocol === "udp";
  return {
    ...actorAt(context, process, flow.startTime),
    Protocol: flow.protocol,
    DestinationIp: destination,
    DestinationPort: hasPorts ? flow.destinationPort : undefined,
    DestinationHostname: memory.hostnameOf(destination, flow.startTime, process),
    Length: flow.bytesSent,
  };
}

/** Also for connections that never reached the wire, such as refused ones. */
function nameDestinations(ties: readonly SocketTie[], memory: DnsMemory, bootToUnixNs: bigint): void {
  for (const { draft, process } of ties) {
    if (draft === undefined || !draft.fields.Initiated || draft.fields.DestinationIp === undefined) continue;
    const name = memory.hostnameOf(draft.fields.DestinationIp, draft.time + bootToUnixNs, process);
    if (name !== undefined) draft.fields.DestinationHostname = name;
  }
}

function addDns(network: NetworkObservations, flows: readonly JoinedFlow[], context: TrafficContext): void {
  for (const observation of network.dns) {
    const joined = flows[observation.flow];
    if (joined === undefined || !joined.flow.initiatedBySample) continue;
    context.log.add<"dns_query">({
      time: observation.time - context.bootToUnixNs,
      category: "dns_query",
      process: joined.process,
      fields: {
        ...actorAt(context, joined.process, observation.time),
        QueryName: observation.name,
        QueryType: observation.type,
        QueryStatus: observation.status ?? undefined,
        QueryResults: observation.answers.length === 0 ? undefined : observation.answers.join(";"),
        DestinationIp: canonicalIp(joined.flow.destinationIp),
      },
    });
  }
}

function addHttp(network: NetworkObservations, flows: readonly JoinedFlow[], context: TrafficContext): void {
  for (const request of network.http) {
    const joined = flows[request.flow];
    if (joined === undefined || !joined.flow.initiatedBySample) continue;
    const { destinationIp, destinationPort } = joined.flow;
    context.log.add<"proxy">({
      time: request.time - context.bootToUnixNs,
      category: "proxy",
      process: joined.process,
      fields: {
        ...actorAt(context, joined.process, request.time),
        "c-uri": fullUri("http", request.uri, request.host || hostText(destinationIp, destinationPort, 80)),
        "c-uri-query": request.query || undefined,
        "cs-method": request.method,
        "cs-host": request.host || undefined,
        "c-useragent": request.userAgent || undefined,
        "cs-referrer": request.referrer || undefined,
        "cs-cookie": request.cookie || undefined,
        "cs-bytes": request.bytes,
        "sc-status": request.status ?? undefined,
        dst_ip: canonicalIp(destinationIp),
        dst_port: destinationPort,
        RequestBody: request.requestBodyHead || undefined,
      },
    });
  }
}

/** Sigma's `c-uri` is the whole address; a target that is one already, or is no path (CONNECT), stays. */
export function fullUri(scheme: "http" | "https", target: string, host: string): string {
  return target.startsWith("/") ? `${scheme}://${host}${target}` : target;
}

export function hostText(ip: string, port: number, usual: number): string {
  const host = ip.includes(":") ? `[${ip}]` : ip;
  return port === usual ? host : `${host}:${port}`;
}

function addTls(network: NetworkObservations, flows: readonly JoinedFlow[], context: TrafficContext): void {
  for (const hello of network.tls) {
    const joined = flows[hello.flow];
    if (joined === undefined || !joined.flow.initiatedBySample) continue;
    context.log.add<"tls">({
      time: hello.time - context.bootToUnixNs,
      category: "tls",
      process: joined.process,
      fields: {
        ...actorAt(context, joined.process, hello.time),
        ServerName: hello.serverName || undefined,
        Alpn: hello.alpn.length === 0 ? undefined : [...hello.alpn],
        Version: hello.version || undefined,
        Ja3: hello.ja3 || undefined,
        DestinationIp: canonicalIp(joined.flow.destinationIp),
        DestinationPort: joined.flow.destinationPort,
      },
    });
  }
}
