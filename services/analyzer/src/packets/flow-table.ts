import { type ByteBudget, ByteStream, type StreamLimits } from "./byte-stream.ts";
import { formatAddress } from "./internet.ts";
import type { FlowProtocol } from "./observation.ts";
import type { DecodedPacket } from "./packet.ts";

/** One flow while it is being read. `source` is who began it. */
export interface Flow {
  readonly id: number;
  readonly protocol: FlowProtocol;
  /** IP protocol for `other` and UDP-Lite, ICMP type for `icmp`. */
  readonly number: number;
  readonly sourceIp: string;
  readonly sourcePort: number;
  readonly destinationIp: string;
  readonly destinationPort: number;
  readonly initiatedBySample: boolean;
  readonly startTime: number;
  endTime: number;
  packets: number;
  established: boolean;
  reset: boolean;
  /** Datagram flows are named while their datagrams pass; the others at the end. */
  application: string | null;
  /** Bytes of `forward` that need not be shown as they are: records of TLS, messages of DNS. */
  explained: { readonly start: number; readonly end: number } | null;
  /** Up to where a reader knows what `forward` holds, kept or not: the declared end of a body, all of an encrypted stream. */
  readTo: number;
  /** A datagram of `forward` is no DNS: one query on a port must not hide what else is sent there. */
  hasOther: boolean;
  /** Something in it that should have been looked at was not. */
  isUnread: boolean;
  readonly forward: ByteStream;
  readonly backward: ByteStream;
}

interface Entry {
  readonly flow: Flow;
  /** Endpoint of the source, to tell the directions apart. */
  readonly source: string;
  /** Of the first SYN, to tell its repeats from a new connection on the same ports. */
  readonly synSequence: number | null;
  answered: boolean;
}

export interface FlowTableLimits extends StreamLimits {
  readonly flows: number;
}

/** Sorts packets into flows. Beyond the bound on flows, packets of new ones are counted in `dropped` and forgotten. */
export class FlowTable {
  readonly flows: Flow[] = [];
  /** Flows not followed; one that goes on is counted once. */
  dropped = 0;
  readonly #limits: FlowTableLimits;
  readonly #sampleAddresses: ReadonlySet<string>;
  readonly #budget: ByteBudget;
  readonly #entries = new Map<string, Entry>();

  constructor(limits: FlowTableLimits, sampleAddresses: ReadonlySet<string>, budget: ByteBudget) {
    this.#limits = limits;
    this.#sampleAddresses = sampleAddresses;
    this.#budget = budget;
  }

  /** The flow this packet belongs to and its direction; null when it is not followed. */
  add(packet: DecodedPacket): { flow: Flow; forward: boolean } | null {
    const source = endpoint(packet.source, packet.sourcePort);
    const destination = endpoint(packet.destination, packet.destinationPort);
    const key = flowKey(packet, source, destination);
    let entry = this.#entries.get(key);
    if (entry === undefined || isNewConnection(entry, packet, source)) {
      if (this.flows.length >= this.#limits.flows) {
        this.#countDropped(packet);
        return null;
      }
      entry = this.#open(packet, source, destination);
      this.#entries.set(key, entry);
    }
    const forward = entry.source === source;
    advance(entry, packet, forward);
    return { flow: entry.flow, forward };
  }

  /** At the end of the capture. */
  close(): void {
    for (const flow of this.flows) {
      flow.forward.close(flow.endTime);
      flow.backward.close(flow.endTime);
    }
    this.#entries.clear();
  }

  #open(packet: DecodedPacket, source: string, destination: string): Entry {
    const { tcp } = packet;
    // An answer seen first means that the capture began in between: the other side is who asked.
    const swapped = tcp?.syn === true && tcp.ack;
    const near = { ip: formatAddress(packet.source), port: packet.sourcePort };
    const far = { ip: formatAddress(packet.destination), port: packet.destinationPort };
    const [from, to] = swapped ? [far, near] : [near, far];
    const flow: Flow = {
      id: this.flows.length,
      protocol: packet.protocol,
      number: packet.number,
      sourceIp: from.ip,
      sourcePort: from.port,
      destinationIp: to.ip,
      destinationPort: to.port,
      // Where neither address is known the sample is who sends: link-local, no address yet, or a forged one. The sink itself
      // begins nothing but probes of the sample's addresses.
      initiatedBySample: this.#sampleAddresses.has(from.ip) || !this.#sampleAddresses.has(to.ip),
      startTime: packet.time,
      endTime: packet.time,
      packets: 0,
      established: false,
      reset: false,
      application: null,
      explained: null,
      readTo: 0,
      hasOther: false,
      isUnread: false,
      forward: new ByteStream(this.#budget, this.#limits),
      backward: new ByteStream(this.#budget, this.#limits),
    };
    this.flows.push(flow);
    const synSequence = tcp?.syn === true && !tcp.ack ? tcp.sequence : null;
    return { flow, source: swapped ? destination : source, synSequence, answered: false };
  }

  /** A set of the forgotten would grow without bound: so a TCP connection counts by its SYN, other traffic by packet. */
  #countDropped(packet: DecodedPacket): void {
    if (packet.tcp === undefined || (packet.tcp.syn && !packet.tcp.ack)) this.dropped++;
  }
}

/** Raw bytes as text: compares and hashes fast, and the formatted form is only needed once a flow. */
function endpoint(address: Buffer, port: number): string {
  return `${address.toString("latin1")}${String.fromCharCode(port)}`;
}

function flowKey(packet: DecodedPacket, source: string, destination: string): string {
  const kind = `${packet.protocol}${packet.number}`;
  return source < destination ? `${kind}${source}${destination}` : `${kind}${destination}${source}`;
}

/** A SYN that is no repeat of the first: the ports were used again, even if no end of the old connection was seen. */
function isNewConnection(entry: Entry, packet: DecodedPacket, source: string): boolean {
  const { tcp } = packet;
  if (tcp === undefined || !tcp.syn || tcp.ack || tcp.rst) return false;
  if (source !== entry.source) return !isSimultaneousOpen(entry);
  return tcp.sequence !== entry.synSequence;
}

/** Both sides may send a SYN (RFC 9293, 3.5): still one connection. */
function isSimultaneousOpen(entry: Entry): boolean {
  return entry.synSequence !== null && !entry.answered;
}

function advance(entry: Entry, packet: DecodedPacket, forward: boolean): void {
  const { flow } = entry;
  const { tcp, payload, payloadLength, time } = packet;
  const stream = forward ? flow.forward : flow.backward;
  flow.packets++;
  if (time > flow.endTime) flow.endTime = time;
  if (tcp === undefined) {
    stream.append(payload, payloadLength, time);
    entry.answered ||= !forward;
    flow.established = entry.answered;
    return;
  }
  if (tcp.rst) {
    // The data of a reset is a text for people (RFC 1122, 4.2.2.12), not part of the stream.
    flow.reset = true;
    return;
  }
  if (tcp.syn) {
    stream.begin(tcp.sequence + 1);
    if (!forward) entry.answered = true;
  } else if ((forward && entry.answered) || payloadLength > 0) {
    flow.established = true;
  }
  stream.push(tcp.syn ? (tcp.sequence + 1) >>> 0 : tcp.sequence, payload, payloadLength, time);
}
