import type { Report, ReportNetwork } from "@airlock/contracts";

/** Entries of the report's network lists that are alike, put together: a beacon is one line that says how often. */
export interface Alike<T> {
  readonly item: T;
  readonly times: number;
  /** Keys of the processes behind it, each once. */
  readonly processes: readonly string[];
}

type Flow = ReportNetwork["flows"][number];

export interface NetworkSummary {
  /** One a name; `answers` of every type asked for. */
  readonly dns: readonly Alike<{ name: string; types: readonly string[]; answers: readonly string[] }>[];
  readonly http: readonly Alike<ReportNetwork["http"][number]>[];
  readonly tls: readonly Alike<ReportNetwork["tls"][number]>[];
  /** Bytes and packets are sums. */
  readonly flows: readonly Alike<Flow>[];
  readonly listeners: readonly Alike<ReportNetwork["listeners"][number]>[];
}

export function summariseNetwork(report: Pick<Report, "network">): NetworkSummary {
  const { dns, http, tls, flows, listeners } = report.network;
  return {
    dns: summariseDns(dns),
    http: merge(http, ({ process: _process, ...request }) => request).map((alike) => count(alike)),
    tls: merge(tls, ({ process: _process, ...hello }) => hello).map((alike) => count(alike)),
    flows: merge(flows, ({ protocol, address, port, hostname, application }) => [
      protocol,
      address,
      port,
      hostname,
      application,
    ]).map((alike) => ({ ...count(alike), item: addFlows(alike) })),
    listeners: merge(listeners, ({ process: _process, ...listener }) => listener).map((alike) => count(alike)),
  };
}

function summariseDns(queries: ReportNetwork["dns"]): NetworkSummary["dns"] {
  return merge(queries, ({ name }) => name).map((alike) => ({
    item: {
      name: alike[0].name,
      types: [...new Set(alike.map(({ type }) => type))],
      answers: [...new Set(alike.flatMap(({ answers }) => answers))],
    },
    times: alike.reduce((sum, query) => sum + query.count, 0),
    processes: listProcesses(alike),
  }));
}

function addFlows(flows: readonly [Flow, ...Flow[]]): Flow {
  const sum = (read: (flow: Flow) => number) => flows.reduce((total, flow) => total + read(flow), 0);
  return {
    ...flows[0],
    packets: sum((flow) => flow.packets),
    bytesSent: sum((flow) => flow.bytesSent),
    bytesReceived: sum((flow) => flow.bytesReceived),
  };
}

/** Groups by what `describe` gives, in the order of each group's first entry. */
function merge<T>(items: readonly T[], describe: (item: T) => unknown): [T, ...T[]][] {
  const groups = new Map<string, [T, ...T[]]>();
  for (const item of items) {
    const key = JSON.stringify(describe(item));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

function count<T extends { readonly process: string | null }>(alike: readonly [T, ...T[]]): Alike<T> {
  return { item: alike[0], times: alike.length, processes: listProcesses(alike) };
}

function listProcesses(alike: readonly { readonly process: string | null }[]): string[] {
  return [...new Set(alike.flatMap(({ process }) => (process === null ? [] : [process])))];
}
