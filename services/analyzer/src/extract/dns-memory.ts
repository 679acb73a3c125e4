import type { DnsObservation } from "../packets/network-observations.ts";
import { canonicalIp, isIpAddress } from "./ip-address.ts";

export interface DnsMemory {
  /**
   * The name whose answer gave this address before that moment (unix ns). The process's own question is preferred over
   * another's, since one address may have been given for several names.
   */
  hostnameOf(ip: string, time: bigint, process: string | null): string | undefined;
}

interface Answer {
  readonly time: bigint;
  readonly name: string;
  readonly process: string | null;
}

/** An answer's packet may carry a time a little after the call that used it: clocks of tracer and capture differ by microseconds. */
const SLACK_NS = 1_000_000n;

/** `processOf` gives the process behind a DNS flow. Observations come in order of time. */
export function rememberAnswers(
  observations: readonly DnsObservation[],
  processOf: (flow: number) => string | null,
): DnsMemory {
  const byAddress = new Map<string, Answer[]>();
  for (const { time, name, flow, answers } of observations) {
    for (const text of answers) {
      if (!isIpAddress(text)) continue;
      const ip = canonicalIp(text);
      const known = byAddress.get(ip);
      const answer = { time, name, process: processOf(flow) };
      if (known === undefined) byAddress.set(ip, [answer]);
      else known.push(answer);
    }
  }

  return {
    hostnameOf(ip, time, process) {
      const answers = (byAddress.get(ip) ?? []).filter((answer) => answer.time <= time + SLACK_NS);
      const own = process === null ? undefined : answers.findLast((answer) => answer.process === process);
      return (own ?? answers.at(-1))?.name;
    },
  };
}
