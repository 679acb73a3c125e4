import type { EventOf } from "@airlock/contracts";

/** A call that did what it was asked to; no result means that the event itself is the proof. */
export function isSuccess(result: string | undefined): boolean {
  return result === undefined || result === "ok";
}

/**
 * A connection that may carry data out of the container or into it. Not: loopback, unix sockets, questions to a
 * resolver, and datagram sockets that were only given an address (resolvers sort addresses by such connects).
 */
export function isOutward({ fields }: EventOf<"network_connection">): boolean {
  const { Protocol, Initiated, DestinationIp = "", DestinationPort = 0, Result, BytesSent = 0 } = fields;
  if (!Initiated || isLoopback(DestinationIp)) return false;
  if (Protocol === "udp") return DestinationPort !== 53 && DestinationPort !== 0 && BytesSent > 0;
  if (Protocol !== "tcp" || DestinationPort === 0) return false;
  return isSuccess(Result) || Result === "EINPROGRESS" || Result === "EISCONN";
}

/** The unspecified address means this host too. */
export function isLoopback(ip: string): boolean {
  return ip.startsWith("127.") || ip === "0.0.0.0" || ip === "::1" || ip === "::" || ip.startsWith("::ffff:127.");
}

/** Unix time of an event in milliseconds, cut: what facts reckon with. */
export function millisecondsOf({ time }: { time: string }): number {
  return Number(time.slice(0, -6));
}

/** Seconds between two events' times, to the millisecond, never negative. */
export function secondsBetween(earlier: { time: string }, later: { time: string }): number {
  return Math.max(0, millisecondsOf(later) - millisecondsOf(earlier)) / 1000;
}
