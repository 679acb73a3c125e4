import { BOUNDS } from "./bounds.ts";
import { type Datagram, encodeReply } from "./datagram.ts";
import type { DnsService } from "./dns-service.ts";
import { type Flow, unixTime } from "./flow.ts";
import type { SinkLog } from "./sink-log.ts";

interface UdpFlow {
  readonly flow: Flow;
  readonly time: string;
  readonly application: string;
  readonly first: string;
  datagrams: number;
  bytesIn: number;
  bytesOut: number;
  seenAt: number;
}

/** Answers DNS and time; every other flow is logged once it has been quiet, with its first datagram. */
export class UdpService {
  readonly #log: SinkLog;
  readonly #dns: DnsService;
  readonly #probe: string;
  readonly #send: (frame: Buffer) => void;
  readonly #flows = new Map<string, UdpFlow>();
  readonly #dropped = { 4: 0, 6: 0 };

  constructor(parts: { log: SinkLog; dns: DnsService; probe: string; send: (frame: Buffer) => void }) {
    this.#log = parts.log;
    this.#dns = parts.dns;
    this.#probe = parts.probe;
    this.#send = parts.send;
  }

  receive(datagram: Datagram): void {
    this.#log.count("droppedDatagrams", Math.max(0, datagram.dropped - this.#dropped[datagram.family]));
    this.#dropped[datagram.family] = datagram.dropped;
    const { payload } = datagram;
    const isProbe = payload.toString("latin1") === this.#probe;
    const answer = isProbe ? payload : this.#dns.answer(payload, flowOf(datagram), "datagram");
    if (answer) {
      this.#send(encodeReply(datagram, answer));
      return;
    }
    const reply = isTimeRequest(payload) ? timeReply(payload, Date.now()) : null;
    if (reply) this.#send(encodeReply(datagram, reply));
    this.#note(datagram, reply?.length ?? 0);
  }

  /** Writes what has been quiet for a while. */
  sweep(): void {
    const before = performance.now() - BOUNDS.udpIdleMs;
    for (const [key, flow] of this.#flows) if (flow.seenAt < before) this.#settle(key, flow);
  }

  /** Writes the rest. */
  stop(): void {
    for (const [key, flow] of this.#flows) this.#settle(key, flow);
  }

  #note(datagram: Datagram, bytesOut: number): void {
    const flow = flowOf(datagram);
    const key = `${flow.sourceIp} ${flow.sourcePort} ${flow.destinationIp} ${flow.destinationPort}`;
    const known = this.#flows.get(key) ?? this.#open(key, flow, datagram.payload);
    known.datagrams++;
    known.bytesIn += datagram.payload.length;
    known.bytesOut += bytesOut;
    known.seenAt = performance.now();
  }

  #open(key: string, flow: Flow, payload: Buffer): UdpFlow {
    const oldest = this.#flows.size >= BOUNDS.udpFlows ? this.#flows.entries().next().value : undefined;
    if (oldest) this.#settle(...oldest);
    const opened: UdpFlow = {
      flow,
      time: unixTime(),
      application: applicationOf(payload),
      first: payload.subarray(0, BOUNDS.firstBytes).toString("base64"),
      datagrams: 0,
      bytesIn: 0,
      bytesOut: 0,
      seenAt: 0,
    };
    this.#flows.set(key, opened);
    return opened;
  }

  #settle(key: string, { flow, time, application, first, datagrams, bytesIn, bytesOut }: UdpFlow): void {
    this.#flows.delete(key);
    this.#log.write({ time, kind: "udp", ...flow, application, first, datagrams, bytesIn, bytesOut });
  }
}

function flowOf(datagram: Datagram): Flow {
  const { sourceIp, sourcePort, destinationIp, destinationPort } = datagram;
  return { protocol: "udp", connection: 0, sourceIp, sourcePort, destinationIp, destinationPort };
}

function applicationOf(payload: Buffer): string {
  if (isTimeRequest(payload)) return "ntp";
  if (payload.length >= 1200 && ((payload[0] ?? 0) & 0xc0) === 0xc0) return "quic";
  if (payload.toString("latin1", 0, 3) === "d1:") return "bittorrent";
  if (payload.toString("latin1", 0, 9) === "M-SEARCH ") return "ssdp";
  return "unknown";
}

/** Client mode of NTP versions 1 to 4 (RFC 5905, 7.3), plain or with an authenticator behind it. */
function isTimeRequest(payload: Buffer): boolean {
  const head = payload[0] ?? 0;
  const version = (head >> 3) & 7;
  return payload.length >= 48 && payload.length <= 68 && (head & 7) === 3 && version >= 1 && version <= 4;
}

/** The true time: a sample that compares clocks finds nothing odd. */
function timeReply(request: Buffer, nowMs: number): Buffer {
  const reply = Buffer.alloc(48);
  reply[0] = ((request[0] ?? 0) & 0x38) | 4;
  reply[1] = 2;
  reply[2] = 6;
  reply[3] = 0xec;
  reply.write("GPS\0", 12, "latin1");
  const seconds = Math.floor(nowMs / 1000) + 2_208_988_800;
  const fraction = Math.floor(((nowMs % 1000) / 1000) * 2 ** 32);
  for (const at of [16, 32, 40]) {
    reply.writeUInt32BE(seconds % 2 ** 32, at);
    reply.writeUInt32BE(fraction, at + 4);
  }
  request.copy(reply, 24, 40, 48);
  return reply;
}
