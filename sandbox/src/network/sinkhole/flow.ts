import type { SinkRecordOf } from "@airlock/contracts";

/** Who spoke to whom, as every record of the sinkhole begins. */
export type Flow = Pick<
  SinkRecordOf<"tcp">,
  "protocol" | "connection" | "sourceIp" | "sourcePort" | "destinationIp" | "destinationPort"
>;

/** Unix time in nanoseconds, microsecond steps. */
export function unixTime(): string {
  return `${Math.round((performance.timeOrigin + performance.now()) * 1000)}000`;
}

/** `::ffff:1.2.3.4` as `1.2.3.4`, and no zone. */
export function plainAddress(address: string | undefined): string {
  return (address ?? "").replace(/^::ffff:(?=\d+\.)/, "").replace(/%.*$/, "");
}
