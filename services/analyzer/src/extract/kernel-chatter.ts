import type { FlowObservation } from "../packets/network-observations.ts";

/** Neighbour discovery, listener reports, unreachables: sent by the sample's kernel on its own. Of ICMP only echoes are asked for. */
export function isKernelChatter(flow: FlowObservation): boolean {
  if (flow.protocol === "tcp" || flow.protocol === "udp") return false;
  if (!flow.initiatedBySample || flow.application === "ip-2") return true;
  return flow.protocol === "icmp" && flow.application !== "icmp-echo";
}
