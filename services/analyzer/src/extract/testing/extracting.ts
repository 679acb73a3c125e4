import type { EventCategory, EventOf, Recording, TraceRecord } from "@airlock/contracts";
import type { NetworkObservations } from "../../packets/network-observations.ts";
import { openAccount } from "../../packets/observation.ts";
import { createEventLog } from "../event-log.ts";
import { createFileOrigins } from "../file-origin.ts";
import { createProcessTable } from "../process-table.ts";
import { createTraceEvents } from "../trace-events.ts";
import { addTrafficEvents } from "../traffic-events.ts";
import { BOOT_TO_UNIX_NS, recording } from "./recordings.ts";

/** What `extract` does between reading and writing, over records in memory. */
export function extractRecords(
  records: readonly TraceRecord[],
  given: { readonly recording?: Partial<Recording>; readonly network?: Partial<NetworkObservations> } = {},
) {
  const run = recording(given.recording);
  const origins = createFileOrigins(run);
  const table = createProcessTable((exec) => origins.ofFile(exec.file));
  const log = createEventLog(100_000);
  const calls = createTraceEvents({ log, table, origins }, run.plan.exposedPorts);
  for (const record of records) calls.add(record);
  calls.complete();
  const network = { flows: [], dns: [], http: [], tls: [], sent: [], account: openAccount(), ...given.network };
  const traffic = addTrafficEvents(network, calls.ties(), { log, table, bootToUnixNs: BOOT_TO_UNIX_NS });
  const events = log.finish(BOOT_TO_UNIX_NS);

  return {
    events,
    table,
    traffic,
    collapsed: calls.collapsed(),
    /** Fields of the events of one category, in order. */
    fields: <C extends EventCategory>(category: C): EventOf<C>["fields"][] =>
      events.filter((event) => event.category === category).map((event) => event.fields as EventOf<C>["fields"]),
  };
}
