import type { BehaviourEvent, EventCategory, EventOf, ReportNetwork } from "@airlock/contracts";
import type { ExtractedFlow, Extraction } from "../extract/extraction.ts";
import { canonicalIp } from "../extract/ip-address.ts";
import { isKernelChatter } from "../extract/kernel-chatter.ts";
import { cutList, type Omitted } from "./cut-list.ts";

/** Answers shown per name. */
const MOST_ANSWERS = 20;

/** What the sample did on the network. Connections that our own sinkhole began are not its doing, so they are not here. */
export function listNetwork(extraction: Extraction, bound: number, omitted: Omitted): ReportNetwork {
  const { events, flows } = extraction;
  return {
    dns: cutList(listNames(eventsOf(events, "dns_query")), bound, "network.dns", omitted),
    http: cutList(eventsOf(events, "proxy").map(describeRequest), bound, "network.http", omitted),
    tls: cutList(eventsOf(events, "tls").map(describeHello), bound, "network.tls", omitted),
    flows: cutList(listFlows(flows), bound, "network.flows", omitted),
    listeners: cutList(listListeners(eventsOf(events, "network_listen")), bound, "network.listeners", omitted),
  };
}

function eventsOf<C extends EventCategory>(events: readonly BehaviourEvent[], category: C): EventOf<C>[] {
  return events.filter((event) => event.category === category) as EventOf<C>[];
}

function listNames(queries: readonly EventOf<"dns_query">[]): ReportNetwork["dns"] {
  return mergeBy(
    queries,
    ({ process, fields }) => JSON.stringify([fields.QueryName, fields.QueryType, process]),
    ({ process, fields }) => ({
      name: fields.QueryName,
      type: fields.QueryType,
      answers: [] as string[],
      process,
      count: 0,
    }),
    (entry, { fields }) => {
      entry.count += 1;
      for (const answer of fields.QueryResults?.split(";") ?? []) {
        if (entry.answers.length < MOST_ANSWERS && !entry.answers.includes(answer)) entry.answers.push(answer);
      }
    },
  );
}

function describeRequest({ process, fields }: EventOf<"proxy">): ReportNetwork["http"][number] {
  return {
    method: fields["cs-method"],
    url: fields["c-uri"],
    userAgent: fields["c-useragent"] ?? "",
    status: fields["sc-status"] ?? null,
    process,
  };
}

function describeHello({ process, fields }: EventOf<"tls">): ReportNetwork["tls"][number] {
  return {
    serverName: fields.ServerName ?? "",
    address: fields.DestinationIp ?? "",
    port: fields.DestinationPort ?? 0,
    ja3: fields.Ja3 ?? "",
    process,
  };
}

/** Flows to one end by one process are one line, their figures added up; the events have each. */
function listFlows(flows: readonly ExtractedFlow[]): ReportNetwork["flows"] {
  return mergeBy(
    flows.filter(({ flow }) => flow.initiatedBySample && !isKernelChatter(flow)),
    ({ flow, process, hostname }) =>
      JSON.stringify([flow.protocol, flow.destinationIp, flow.destinationPort, flow.application, process, hostname]),
    ({ flow, process, hostname }) => ({
      protocol: flow.protocol as string,
      address: canonicalIp(flow.destinationIp),
      port: flow.destinationPort,
      hostname,
      application: flow.application,
      packets: 0,
      bytesSent: 0,
      bytesReceived: 0,
      process,
    }),
    (entry, { flow }) => {
      entry.packets += flow.packets;
      entry.bytesSent += flow.bytesSent;
      entry.bytesReceived += flow.bytesReceived;
    },
  );
}

/** A datagram socket on a port that the kernel chose, as every resolver opens one a question: nobody can call it. */
function isPassing({ Protocol, Exposed }: EventOf<"network_listen">["fields"]): boolean {
  return Protocol === "udp" && Exposed === undefined;
}

function listListeners(listens: readonly EventOf<"network_listen">[]): ReportNetwork["listeners"] {
  return mergeBy(
    listens.filter(({ fields }) => (fields.Result === undefined || fields.Result === "ok") && !isPassing(fields)),
    ({ process, fields }) => JSON.stringify([fields.Protocol, addressOf(fields), fields.LocalPort, process]),
    ({ process, fields }) => ({
      protocol: fields.Protocol as string,
      address: addressOf(fields),
      port: fields.LocalPort ?? 0,
      exposed: fields.Exposed ?? false,
      process,
    }),
    () => {},
  );
}

function addressOf(fields: EventOf<"network_listen">["fields"]): string {
  return fields.LocalIp ?? fields.LocalPath ?? "";
}

/** One entry per key, in order of first appearance. */
function mergeBy<T, E>(
  list: readonly T[],
  keyOf: (item: T) => string,
  open: (item: T) => E,
  add: (entry: E, item: T) => void,
): E[] {
  const entries = new Map<string, E>();
  for (const item of list) {
    const key = keyOf(item);
    const entry = entries.get(key) ?? open(item);
    entries.set(key, entry);
    add(entry, item);
  }
  return [...entries.values()];
}
