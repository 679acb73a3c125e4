import type { Flow } from "./flow-table.ts";
import type { FlowObservation } from "./observation.ts";
import { headOf } from "./sent-pieces.ts";

/** ICMP by its type (8 and 128 echo, 3 and 1 unreachable), other protocols by number. */
export function nameMessage(flow: Flow): string {
  if (flow.protocol === "other") return `ip-${flow.number}`;
  const isIpv6 = flow.sourceIp.includes(":");
  if (flow.number === (isIpv6 ? 128 : 8)) return "icmp-echo";
  return flow.number === (isIpv6 ? 1 : 3) ? "icmp-unreachable" : `icmp-${flow.number}`;
}

/** In the sample's terms, with copies of the first `headBytes` each way. */
export function describeFlow(flow: Flow, headBytes: number): FlowObservation {
  const [sent, received] = flow.initiatedBySample ? [flow.forward, flow.backward] : [flow.backward, flow.forward];
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
    firstSent: new Uint8Array(headOf(sent.content, headBytes)),
    firstReceived: new Uint8Array(headOf(received.content, headBytes)),
    gapBytes: sent.gapBytes + received.gapBytes,
  };
}

export function toNanoseconds(microseconds: number): bigint {
  return BigInt(microseconds) * 1000n;
}
