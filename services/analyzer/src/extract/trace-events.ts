import type { TraceRecord } from "@airlock/contracts";
import { createCallEvents } from "./call-events.ts";
import type { EventDraft } from "./event-log.ts";
import type { ExecRecord } from "./exec-record.ts";
import { createExecutedPrograms, type ExecutedProgram } from "./executed-programs.ts";
import { createFileEvents, type EventContext } from "./file-events.ts";
import { createForkEvents } from "./fork-events.ts";
import { addPathEvent } from "./path-events.ts";
import { completeCreation, describeCreation, describeTermination } from "./process-events.ts";
import type { GrowingProcessTable } from "./process-table.ts";
import { addRingEvent } from "./ring-events.ts";
import { createSocketEvents, type ExposedPort, type SocketTie } from "./socket-events.ts";
import { joinPipes } from "./stream-partners.ts";

export interface TraceEvents {
  add(record: TraceRecord): void;
  /** Fills what only later records told. Call once, after the last record. */
  complete(): void;
  ties(): readonly SocketTie[];
  collapsed(): number;
  /** What ran and is not in the image, and how many of these nobody has a copy of. Call when complete. */
  programs(): { readonly list: readonly ExecutedProgram[]; readonly uncopied: number };
}

/** Turns records, one at a time and in order of time, into events. */
export function createTraceEvents(
  context: EventContext & { readonly table: GrowingProcessTable },
  exposedPorts: readonly ExposedPort[],
): TraceEvents {
  const { log, table, origins } = context;
  const files = createFileEvents(context);
  const sockets = createSocketEvents(context, exposedPorts);
  const calls = createCallEvents(context);
  const forks = createForkEvents(context);
  const programs = createExecutedPrograms(origins);
  const creations: { draft: EventDraft<"process_creation">; record: ExecRecord }[] = [];

  return {
    add,
    complete() {
      files.complete();
      const partners = joinPipes(table);
      for (const { draft, record } of creations) completeCreation(draft, record, { origins, partners, programs });
    },
    programs: () => ({ list: programs.list(), uncopied: programs.uncopied() }),
    ties: () => sockets.ties(),
    collapsed: () => files.collapsed() + sockets.collapsed() + calls.collapsed(),
  };

  function add(record: TraceRecord): void {
    // It comes when the recorder got round to it, and says nothing of what its process did.
    if (record.kind === "program") {
      programs.note(record);
      return;
    }
    table.note(record);
    forks.note(record);
    switch (record.kind) {
      case "fork":
        return;
      case "exec": {
        programs.note(record);
        const draft = log.add<"process_creation">(describeCreation(record, { table, origins }));
        if (draft !== undefined) creations.push({ draft, record });
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
      case "ring-operation":
        addRingEvent(record, context);
        return;
      default:
        record satisfies never;
    }
  }
}
