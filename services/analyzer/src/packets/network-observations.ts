import { setImmediate as nextTurn } from "node:timers/promises";
import { recogniseApplication } from "./application.ts";
import { type CapturedPacket, readCapture } from "./capture-file.ts";
import { DEFAULT_DECODE_LIMITS, type DecodeLimits } from "./decode-limits.ts";
import { looksLikeDns, splitDnsStream } from "./dns.ts";
import { DnsLog } from "./dns-log.ts";
import { describeFlow, nameMessage, toNanoseconds } from "./flow-description.ts";
import { type Flow, FlowTable } from "./flow-table.ts";
import { FragmentTable } from "./fragments.ts";
import { type HttpRequest, readHttpRequests, readHttpStatuses } from "./http.ts";
import {
  type DecodeAccount,
  type DnsObservation,
  type HttpObservation,
  type NetworkObservations,
  openAccount,
  type SentObservation,
  type TlsObservation,
} from "./observation.ts";
import { type ObservationRoom, openRoom } from "./observation-room.ts";
import { type DecodedPacket, decodePacket } from "./packet.ts";
import { cutSent } from "./sent-pieces.ts";
import { looksLikeTls, readClientHello, readServerVersion, tlsRecordsEnd } from "./tls.ts";

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
  const sent = await showSent(decoding);
  return {
    flows: decoding.table.flows.map((flow) => describeFlow(flow, decoding.limits.headBytes)),
    dns: decoding.dns.exchanges.map(describeExchange).toSorted(byTime),
    http: decoding.http.toSorted(byTime),
    tls: decoding.tls.toSorted(byTime),
    sent,
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
  if (forward && !looksLikeDns(payload)) flow.hasOther = true;
  decoding.dns.add(flow.id, time, payload);
}

async function readStreams(decoding: Decoding): Promise<void> {
  for (const flow of decoding.table.flows) {
    // Other work of the process goes on in between.
    if (flow.id % 256 === 255) await nextTurn();
    if (flow.protocol !== "tcp") {
      flow.application ??= flow.protocol === "udp" ? "none" : nameMessage(flow);
      if (flow.application === "dns" && !flow.hasOther) explain(flow, 0, Number.POSITIVE_INFINITY);
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

/** From here to there the bytes are known for what they are, and need not be shown. */
function explain(flow: Flow, start: number, end: number): void {
  flow.explained = { start, end };
  flow.readTo = end;
}

function readHttp({ room, http }: Decoding, flow: Flow): void {
  const { content } = flow.forward;
  const requests: HttpRequest[] = [];
  for (const request of readHttpRequests(content)) {
    const { uri, query, cookie, userAgent, referrer, bodyHead } = request;
    // Once there is no room the rest is not even read: thousands of tiny requests cost more time than they are worth.
    if (!room.take(http.length + requests.length, [uri, query, cookie, userAgent, referrer, bodyHead])) {
      flow.isUnread = true;
      break;
    }
    requests.push(request);
  }
  const methods = requests.map((request) => request.method);
  const statuses = readHttpStatuses(flow.backward.content, methods);
  const end = requests.at(-1)?.end ?? 0;
  flow.readTo = end;
  const tunnel = content.subarray(end);
  if (methods.at(-1) === "CONNECT" && looksLikeTls(tunnel)) explain(flow, end, end + tlsRecordsEnd(tunnel));
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
  if (hello === null) return;
  explain(flow, 0, tlsRecordsEnd(flow.forward.content));
  if (!decoding.room.take(decoding.tls.length, [hello.serverName, ...hello.alpn])) {
    flow.isUnread = true;
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
    if (stream === flow.forward) explain(flow, 0, end);
    else if (goesOnUnread(stream, end)) flow.isUnread = true;
  }
}

/** What the sample said beyond the heads, in pieces; last, so that it takes no room from what has a reader of its own. */
async function showSent({ table, limits, account }: Decoding): Promise<SentObservation[]> {
  const sent: SentObservation[] = [];
  for (const flow of table.flows) {
    if (flow.id % 256 === 255) await nextTurn();
    if (flow.initiatedBySample) {
      for (const piece of cutSent(flow, limits)) {
        if (sent.length >= limits.pieces) {
          flow.isUnread = true;
          break;
        }
        sent.push({ time: toNanoseconds(flow.forward.timeAt(piece.offset)), flow: flow.id, ...piece });
      }
      // A sample could hide what it says behind enough harmless bytes: what was not looked at must show.
      flow.isUnread ||= goesOnUnread(flow.forward, flow.readTo);
    }
    if (flow.isUnread) account.observationsDropped++;
  }
  return sent;
}

/** Whether bytes behind `end` came that were not kept, so that nobody read what they say. */
function goesOnUnread(stream: Flow["forward"], end: number): boolean {
  return stream.content.length < stream.received && end < stream.received;
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

function byTime(left: { readonly time: bigint }, right: { readonly time: bigint }): number {
  if (left.time === right.time) return 0;
  return left.time < right.time ? -1 : 1;
}
