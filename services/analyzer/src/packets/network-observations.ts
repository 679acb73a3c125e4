import { setImmediate as nextTurn } from "node:timers/promises";
import { recogniseApplication } from "./application.ts";
import { type CapturedPacket, readCapture } from "./capture-file.ts";
import { DEFAULT_DECODE_LIMITS, type DecodeLimits } from "./decode-limits.ts";
import { splitDnsStream } from "./dns.ts";
import { DnsLog } from "./dns-log.ts";
import { type Flow, FlowTable } from "./flow-table.ts";
import { FragmentTable } from "./fragments.ts";
import { type HttpRequest, readHttpRequests, readHttpStatuses } from "./http.ts";
import {
  type DecodeAccount,
  type DnsObservation,
  type FlowObservation,
  type HttpObservation,
  type NetworkObservations,
  openAccount,
  type TlsObservation,
} from "./observation.ts";
import { type ObservationRoom, openRoom } from "./observation-room.ts";
import { type DecodedPacket, decodePacket } from "./packet.ts";
import { readClientHello, readServerVersion } from "./tls.ts";

export type { DecodeLimits } from "./decode-limits.ts";
export type { DecodeAccount, DnsObservation, FlowObservation, NetworkObservations } from "./observation.ts";

export interface DecodeOptions {
  /** Text forms as in the flows. What these send is the sample's. */
  readonly sampleAddresses: readonly string[];
  /** Those not given are DEFAULT_DECODE_LIMITS'. */
  readonly limits?: Partial<DecodeLimits>;
}

/**
 * Decodes a capture into what the sample did on the network. Memory is bounded by the limits whatever the file holds, and
 * what they cut is in `account`. Rejects with the fault CAPTURE_FAILED when the file can't be read or is no microsecond
 * capture of a known link type; anything inside it is data and never an error.
 */
export async function decodeCapture(path: string, options: DecodeOptions): Promise<NetworkObservations> {
  const decoding = openDecoding(options);
  const summary = await readCapture(path, decoding.limits, (record) => followPacket(decoding, record));
  decoding.fragments.close();
  decoding.table.close();
  await readStreams(decoding);
  return {
    flows: decoding.table.flows.map((flow) => describeFlow(flow, decoding.limits.headBytes)),
    dns: decoding.dns.exchanges.map(describeExchange).toSorted(byTime),
    http: decoding.http.toSorted(byTime),
    tls: decoding.tls.toSorted(byTime),
    account: { ...closeAccount(decoding), ...summary },
  };
}

interface Decoding {
  readonly limits: DecodeLimits;
  readonly budget: { left: number; dropped: number };
  readonly fragments: FragmentTable;
  readonly table: FlowTable;
  readonly room: ObservationRoom;
  readonly dns: DnsLog;
  readonly http: HttpObservation[];
  readonly tls: TlsObservation[];
  readonly account: DecodeAccount;
}

function openDecoding({ sampleAddresses, limits: given }: DecodeOptions): Decoding {
  const limits = { ...DEFAULT_DECODE_LIMITS, ...given };
  const room = openRoom(limits.observations, limits.observationText);
  const budget = { left: limits.totalStreamBytes, dropped: 0 };
  return {
    limits,
    budget,
    fragments: new FragmentTable(),
    table: new FlowTable(limits, new Set(sampleAddresses), budget),
    room,
    dns: new DnsLog(room, limits.dnsWork),
    http: [],
    tls: [],
    account: openAccount(),
  };
}

function followPacket(decoding: Decoding, record: CapturedPacket): void {
  if (record.originalLength > record.data.length) decoding.account.cutPackets++;
  const packet = decodePacket(record, decoding.fragments);
  if (packet === "ignored") return;
  if (packet === "malformed") {
    decoding.account.malformed++;
    return;
  }
  const place = decoding.table.add(packet);
  if (place !== null && packet.protocol === "udp") readDatagram(decoding, packet, place);
}

/** Datagrams are read as they pass, since their bounds are lost once they are joined. */
function readDatagram(
  decoding: Decoding,
  { payload, time }: DecodedPacket,
  { flow, forward }: { flow: Flow; forward: boolean },
): void {
  if (payload.length === 0) return;
  if (flow.application === null || flow.application === "unknown") {
    const nothing = payload.subarray(0, 0);
    const opening = forward ? { client: payload, server: nothing } : { client: nothing, server: payload };
    flow.application = recogniseApplication({ transport: "udp", ...opening });
  }
  decoding.dns.add(flow.id, time, payload);
}

async function readStreams(decoding: Decoding): Promise<void> {
  for (const flow of decoding.table.flows) {
    // Other work of the process goes on in between.
    if (flow.id % 256 === 255) await nextTurn();
    if (flow.protocol !== "tcp") {
      flow.application ??= flow.protocol === "udp" ? "none" : nameMessage(flow);
      continue;
    }
    const client = flow.forward.content;
    const server = flow.backward.content;
    flow.application = recogniseApplication({ transport: "tcp", client, server });
    if (flow.application === "http") readHttp(decoding, flow);
    if (flow.application === "tls") readTls(decoding, flow);
    if (flow.application === "dns") readDnsStreams(decoding, flow);
  }
}

function readHttp({ room, http, account }: Decoding, flow: Flow): void {
  const requests: HttpRequest[] = [];
  let isUnread = false;
  for (const request of readHttpRequests(flow.forward.content)) {
    const { uri, query, cookie, userAgent, referrer, bodyHead } = request;
    // Once there is no room the rest is not even read: thousands of tiny requests cost more time than they are worth.
    if (!room.take(http.length + requests.length, [uri, query, cookie, userAgent, referrer, bodyHead])) {
      isUnread = true;
      break;
    }
    requests.push(request);
  }
  const methods = requests.map((request) => request.method);
  const statuses = readHttpStatuses(flow.backward.content, methods);
  const isTunnel = methods.at(-1) === "CONNECT" || statuses.at(-1) === 101;
  // A sample could hide a request behind enough harmless bytes: what was not looked at must show.
  isUnread ||= !isTunnel && goesOnUnread(flow.forward, requests.at(-1)?.end ?? 0);
  if (isUnread) account.observationsDropped++;
  for (const [index, { offset, end: _end, bodyHead, ...request }] of requests.entries()) {
    http.push({
      time: toNanoseconds(flow.forward.timeAt(offset)),
      flow: flow.id,
      ...request,
      status: statuses[index] ?? null,
      requestBodyHead: bodyHead,
    });
  }
}

function readTls(decoding: Decoding, flow: Flow): void {
  const hello = readClientHello(flow.forward.content);
  if (hello === null) {
    if (goesOnUnread(flow.forward, 0)) decoding.account.observationsDropped++;
    return;
  }
  if (!decoding.room.take(decoding.tls.length, [hello.serverName, ...hello.alpn])) {
    decoding.account.observationsDropped++;
    return;
  }
  const version = readServerVersion(flow.backward.content) ?? hello.version;
  decoding.tls.push({ time: toNanoseconds(flow.forward.timeAt(0)), flow: flow.id, ...hello, version });
}

function readDnsStreams(decoding: Decoding, flow: Flow): void {
  for (const stream of [flow.forward, flow.backward]) {
    let end = 0;
    for (const { offset, message } of splitDnsStream(stream.content)) {
      decoding.dns.add(flow.id, stream.timeAt(offset), message);
      end = offset + 2 + message.length;
    }
    if (goesOnUnread(stream, end)) decoding.account.observationsDropped++;
  }
}

/** Whether bytes behind `end` came that were not kept, so that nobody read what they say. */
function goesOnUnread(stream: Flow["forward"], end: number): boolean {
  return stream.content.length < stream.received && end < stream.received;
}

/** ICMP by its type (8 and 128 echo, 3 and 1 unreachable), other protocols by number. */
function nameMessage(flow: Flow): string {
  if (flow.protocol === "other") return `ip-${flow.number}`;
  const isIpv6 = flow.sourceIp.includes(":");
  if (flow.number === (isIpv6 ? 128 : 8)) return "icmp-echo";
  return flow.number === (isIpv6 ? 1 : 3) ? "icmp-unreachable" : `icmp-${flow.number}`;
}

function describeFlow(flow: Flow, headBytes: number): FlowObservation {
  const [sent, received] = flow.sampleIsSource ? [flow.forward, flow.backward] : [flow.backward, flow.forward];
  return {
    id: flow.id,
    protocol: flow.protocol,
    sourceIp: flow.sourceIp,
    sourcePort: flow.sourcePort,
    destinationIp: flow.destinationIp,
    destinationPort: flow.destinationPort,
    initiatedBySample: flow.initiatedBySample,
    startTime: toNanoseconds(flow.startTime),
    endTime: toNanoseconds(flow.endTime),
    packets: flow.packets,
    bytesSent: sent.received,
    bytesReceived: received.received,
    established: flow.established,
    reset: flow.reset,
    application: flow.application ?? "none",
    firstSent: Uint8Array.from(sent.content.subarray(0, headBytes)),
    firstReceived: Uint8Array.from(received.content.subarray(0, headBytes)),
    gapBytes: sent.gapBytes + received.gapBytes,
  };
}

function describeExchange({ time, ...exchange }: DnsLog["exchanges"][number]): DnsObservation {
  return { time: toNanoseconds(time), ...exchange };
}

function closeAccount({ account, budget, table, fragments, dns }: Decoding): DecodeAccount {
  account.bytesDropped = budget.dropped;
  account.streamsDropped = table.dropped;
  account.fragmentsDropped = fragments.dropped;
  account.observationsDropped += dns.dropped;
  for (const flow of table.flows) account.gapBytes += flow.forward.gapBytes + flow.backward.gapBytes;
  return account;
}

function toNanoseconds(microseconds: number): bigint {
  return BigInt(microseconds) * 1000n;
}

function byTime(left: { readonly time: bigint }, right: { readonly time: bigint }): number {
  if (left.time === right.time) return 0;
  return left.time < right.time ? -1 : 1;
}
