import type { EventOf, TraceAddress, TraceSocket } from "@airlock/contracts";
import { FAMILY, ICMP_PROTOCOLS, SOCKET_TYPE, TCP_PROTOCOLS } from "./decode-tables/socket-names.ts";
import { canonicalIp } from "./ip-address.ts";

type Connection = EventOf<"network_connection">["fields"];
export type Protocol = Connection["Protocol"];

export function protocolOf(socket: TraceSocket): Protocol {
  const type = socket.type & SOCKET_TYPE.mask;
  if (socket.family === FAMILY.unix) return "unix";
  if (socket.family !== FAMILY.ipv4 && socket.family !== FAMILY.ipv6) return "other";
  if (ICMP_PROTOCOLS.has(socket.protocol)) return "icmp";
  if (type === SOCKET_TYPE.stream) return TCP_PROTOCOLS.has(socket.protocol) ? "tcp" : "other";
  if (type === SOCKET_TYPE.datagram) return "udp";
  return type === SOCKET_TYPE.raw ? "raw" : "other";
}

export function sourceFields(address: TraceAddress | undefined): { SourceIp?: string; SourcePort?: number } {
  if (address === undefined || !("address" in address)) return {};
  return { SourceIp: canonicalIp(address.address), SourcePort: address.port };
}

export function destinationFields(
  address: TraceAddress,
): Pick<Connection, "DestinationIp" | "DestinationPort" | "DestinationIsIpv6" | "DestinationPath"> {
  if (address.family === "unix") return { DestinationPath: address.path };
  if (address.family === "other") return {};
  const ip = canonicalIp(address.address);
  return { DestinationIp: ip, DestinationPort: address.port, DestinationIsIpv6: ip.includes(":") };
}

/** One text per address, for comparing. */
export function addressKey(address: TraceAddress | undefined): string {
  if (address === undefined) return "-";
  if (address.family === "unix") return address.path;
  return address.family === "other" ? String(address.number) : `${address.address} ${address.port}`;
}
