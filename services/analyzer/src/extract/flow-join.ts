import type { FlowObservation } from "../packets/network-observations.ts";
import { canonicalIp } from "./ip-address.ts";
import type { SocketTie } from "./socket-events.ts";
import type { Protocol } from "./socket-facts.ts";

/** A flow of the capture with the process that owns it, where that can be told. */
export interface JoinedFlow {
  readonly flow: FlowObservation;
  /** Null when no call explains it or several processes might. */
  readonly process: string | null;
  /** The call whose event describes this very flow; each call explains one flow. */
  readonly tie: SocketTie | null;
}

/** A call and its first packet lie this close together; the sinkhole answers within it, so does a loaded machine. */
const NEAR_NS = 2_000_000_000n;

/**
 * Joins flows to calls by protocol, addresses and time. Certain by the local port; without one, only when every call that
 * could be meant is of one process. Anything else stays unknown: a guess here would put one program's traffic on another.
 */
export function joinFlows(
  flows: readonly FlowObservation[],
  ties: readonly SocketTie[],
  bootToUnixNs: bigint,
): JoinedFlow[] {
  const index = indexTies(ties);
  const used = new Set<SocketTie>();
  return flows.map((flow) => {
    const candidates = index.get(flowKey(flow)) ?? [];
    const started = flow.startTime - bootToUnixNs;
    const localPort = flow.initiatedBySample ? flow.sourcePort : flow.destinationPort;
    const tie = chooseTie(candidates, { started, localPort, used });
    if (tie !== null) {
      used.add(tie);
      return { flow, process: tie.process, tie };
    }
    return { flow, process: onlyProcess(candidates, started), tie: null };
  });
}

function indexTies(ties: readonly SocketTie[]): Map<string, SocketTie[]> {
  const index = new Map<string, SocketTie[]>();
  for (const tie of ties) {
    const key = endpointKey(tie.protocol, tie.remoteIp, tie.remotePort);
    const known = index.get(key);
    if (known === undefined) index.set(key, [tie]);
    else known.push(tie);
  }
  return index;
}

/** By the far end, whoever began. Ping and raw sockets name no port. */
function flowKey(flow: FlowObservation): string {
  const ip = flow.initiatedBySample ? flow.destinationIp : flow.sourceIp;
  const port = flow.initiatedBySample ? flow.destinationPort : flow.sourcePort;
  return endpointKey(flow.protocol, canonicalIp(ip), port);
}

function endpointKey(protocol: Protocol, ip: string, port: number): string {
  const portless = protocol === "icmp" || protocol === "raw";
  return `${portless ? "icmp" : protocol} ${ip} ${portless ? 0 : port}`;
}

function chooseTie(
  candidates: readonly SocketTie[],
  flow: { started: bigint; localPort: number; used: ReadonlySet<SocketTie> },
): SocketTie | null {
  const distance = (tie: SocketTie): bigint => absolute(tie.time - flow.started);
  const free = candidates.filter((tie) => !flow.used.has(tie));
  const byPort = free.filter((tie) => tie.localPort !== null && tie.localPort === flow.localPort);
  if (byPort.length > 0) return nearest(byPort, distance);
  const near = free.filter((tie) => tie.localPort === null && distance(tie) <= NEAR_NS);
  const processes = new Set(near.map((tie) => tie.process));
  return processes.size === 1 ? nearest(near, distance) : null;
}

/** A repeated connect may have no record of its own: whoever alone spoke to that end before is its owner. */
function onlyProcess(candidates: readonly SocketTie[], started: bigint): string | null {
  const before = candidates.filter((tie) => tie.time <= started + NEAR_NS);
  const processes = new Set(before.map((tie) => tie.process));
  return processes.size === 1 ? (before[0]?.process ?? null) : null;
}

function nearest(ties: readonly SocketTie[], distance: (tie: SocketTie) => bigint): SocketTie {
  return ties.reduce((best, tie) => (distance(tie) < distance(best) ? tie : best));
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}
