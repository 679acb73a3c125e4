import type { TraceRecord } from "@airlock/contracts";
import { createCallEvents } from "./call-events.ts";
import type { EventDraft } from "./event-log.ts";
import { createFileEvents, type EventContext } from "./file-events.ts";
import { addPathEvent } from "./path-events.ts";
import { describeCreation, describeTermination } from "./process-events.ts";
import { createSocketEvents, type ExposedPort, type SocketTie } from "./socket-events.ts";
import { joinPipes } from "./stream-partners.ts";

export interface TraceEvents {
  add(record: TraceRecord): void;
  /** Fills what only later records told. Call once, after the last record. */
  complete(): void;
  ties(): readonly SocketTie[];
  collapsed(): number;
}

/** Turns records, one at a time and in order of time, into events. */
export function createTraceEvents(context: EventContext, exposedPorts: readonly ExposedPort[]): TraceEvents {
  const { log, table, origins } = context;
  const partners = joinPipes(table);
  const files = createFileEvents(context);
  const sockets = createSocketEvents(context, exposedPorts);
  const calls = createCallEvents(context);
  const scripted: EventDraft<"process_creation">[] = [];

  return {
    add,
    complete() {
      files.complete();
      // The interpreter opens its script after the exec, and only then does the kernel say where it came from.
      for (const { fields } of scripted) fields.ScriptOrigin ??= origins.ofPath(fields.Script ?? "");
    },
    ties: () => sockets.ties(),
    collapsed: () => files.collapsed() + sockets.collapsed() + calls.collapsed(),
  };

  function add(record: TraceRecord): void {
    switch (record.kind) {
      case "fork":
        // Forks are no events of their own: lineage is in the events of whoever was forked.
        return;
      case "exec": {
        const draft = log.add<"process_creation">(describeCreation(record, { table, origins, partners }));
        if (draft?.fields.Script !== undefined && draft.fields.ScriptOrigin === undefined) scripted.push(draft);
        return;
      }
      case "exit":
        log.add<"process_termination">(describeTermination(record, table));
        return;
      case "open":
        files.open(record);
        calls.addMemoryOpen(record);
        return;
      case "write-total":
        files.writeTotal(record);
        return;
      case "path":
        addPathEvent(record, context);
        return;
      case "socket-call":
        sockets.add(record);
        return;
      case "syscall":
        calls.add(record);
        return;
      default:
        record satisfies never;
    }
  }
}
